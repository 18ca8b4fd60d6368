//! Solves models along timelines.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`linear`] | linear compartment systems, exactly: closed forms and propagators |
//! | [`block`] | regular dosing of a block of subjects side by side |

pub mod block;
pub mod linear;
