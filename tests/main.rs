//! Tests of behaviour through the public interface: one file a promise.

mod conformance;
mod event_rules;
mod models;
mod ode;
mod ode_problems;
mod report;
mod rooms;
mod simulate;
mod witnesses;
