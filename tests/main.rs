//! Tests of behaviour through the public interface: one file a promise.

mod report;
mod rooms;
