//! Solves models along timelines.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`linear`] | linear compartment systems, exactly: closed forms and propagators |
//! | [`block`] | regular dosing of a block of subjects side by side |
//! | [`subject`] | one subject at a time: exact propagators for linear systems, integrators for the rest |
//!
//! [`BlockModel`] brings a model file to the first two; [`DosedModel`] integrates a model that is not linear over a block,
//! and [`DrivenModel`] solves a biomarker that an exposure drives.
//! A model solved along a timeline.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`linear`] | linear compartment systems of many subjects side by side, exactly: closed forms and propagators |
//! | [`block`] | regular dosing of a block of subjects |
//! | [`subject`] | one subject at a time: exact propagators for linear systems, integrators for the rest |

pub mod block;
mod block_model;
mod driven;
mod integrated;
pub mod linear;
pub mod subject;

pub use block_model::{BlockKinetics, BlockModel, BlockModelError};
pub use driven::{Driven, DrivenError, DrivenModel};
pub use integrated::{DosedBlock, DosedExposure, DosedModel, DosedState};
