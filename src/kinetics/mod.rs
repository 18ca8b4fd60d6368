//! A model solved along a timeline.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`linear`] | linear compartment systems of many subjects side by side, exactly: closed forms and propagators |
//! | [`block`] | regular dosing of a block of subjects |
//! | [`subject`] | one subject at a time: exact propagators for linear systems, integrators for the rest |

pub mod block;
pub mod linear;
pub mod subject;
