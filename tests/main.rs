//! Tests of behaviour through the public interface: one file a promise.

mod bad_papers;
mod evidence_files;
mod logistic_reference;
mod reported_quantiles;
mod rooms;
