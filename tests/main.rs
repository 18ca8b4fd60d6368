//! Tests of behaviour through the public interface: one file a promise.

mod conformance;
mod fleet;
mod models;
mod nca;
mod ode;
mod ode_problems;
mod rooms;
