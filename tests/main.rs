//! Tests of behaviour through the public interface: one file a promise.

mod evidence_files;
mod reported_quantiles;
mod rooms;
