//! Tests of behaviour through the public interface: one file a promise.

mod expressions;
mod rooms;
