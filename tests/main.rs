//! Tests of behaviour through the public interface: one file a promise.

mod conformance;
mod evidence_files;
mod models;
mod nca;
mod ode;
mod ode_problems;
mod report;
mod expressions;
mod rooms;
mod bad_input;
