//! Tests of behaviour through the public interface: one file a promise.

mod conformance;
mod models;
mod ode;
mod ode_problems;
mod report;
mod rooms;
