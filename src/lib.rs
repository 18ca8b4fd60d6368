//! exposim simulates what a dose does to a population: dose → exposure → response.
//!
//! | room | what lives there |
//! | --- | --- |
//! | [`units`] | quantities, dimensions, conversion |
//! | [`diagnostic`] | problems in files: place, remark, what mends them |
//! | [`document`] | TOML with places and units, unknown keys refused |
//! | [`math`] | elementary and special functions, the same bits everywhere |
//! | [`random`] | draws with addresses |
//! | [`kinetics`] | linear systems and regular dosing of blocks of subjects |
//!
//! The rooms use one another in one direction only; `tests/rooms.rs` holds the table and fails on any other arrow.

#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod diagnostic;
pub mod document;
pub mod kinetics;
pub mod math;
pub mod random;
pub mod units;
