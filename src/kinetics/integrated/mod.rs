//! Models that are not linear, integrated over blocks of subjects: each lane has its own time and its own steps, which
//! do not depend on its company.

mod caravan;
mod dosed;
mod doses;
mod field;
mod lead;
mod pace;
mod rest;
mod stretch;
mod table;
mod voyage;

pub use dosed::{DosedBlock, DosedExposure, DosedModel, DosedState};
pub(crate) use field::Field;
pub(crate) use voyage::Integration;

#[cfg(test)]
mod tests;
