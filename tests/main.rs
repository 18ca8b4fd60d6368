//! Tests of behaviour through the public interface: one file a promise.

mod absorption;
mod bad_input;
mod bad_papers;
mod batch;
mod command;
mod conformance;
mod diff;
mod event_rules;
mod evidence_files;
mod expressions;
mod fleet;
mod library;
mod logistic_reference;
mod models;
mod nca;
mod ode;
mod ode_problems;
mod protocol;
mod qualify;
mod report;
mod reported_quantiles;
mod rooms;
mod simulate;
mod statistics;
mod study;
mod witnesses;
