//! Blocks against exact answers, and against themselves.
