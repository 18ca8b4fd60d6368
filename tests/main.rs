//! Tests of behaviour through the public interface: one file a promise.

mod models;
mod conformance;
mod ode;
mod ode_problems;
mod rooms;
