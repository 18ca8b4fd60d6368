//! Runs a study: blocks of subjects over threads, summaries in a fixed order.

pub mod results;
