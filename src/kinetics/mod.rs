//! A model solved along a timeline.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`subject`] | one subject at a time: exact propagators for linear systems, integrators for the rest |

pub mod subject;
