//! Models that are not linear, integrated over blocks of subjects: each lane has its own time and its own steps, which
//! do not depend on its company.

mod field;
mod stretch;
mod voyage;

pub(crate) use field::Field;
pub(crate) use voyage::Integration;
