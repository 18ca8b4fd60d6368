//! exposim simulates what a dose does to a population: dose → exposure → response.
//!
//! | room | what lives there |
//! | --- | --- |
//! | [`units`] | quantities, dimensions, conversion |
//! | [`diagnostic`] | problems in files: place, remark, what mends them |
//! | [`document`] | TOML with places and units, unknown keys refused |
//! | [`math`] | elementary and special functions, the same bits everywhere |
//! | [`random`] | draws with addresses |
//! | `output` | result files and the folder that holds them |
//! | `report` | the page, charts, the table on the terminal |
//!
//! The rooms use one another in one direction only; `tests/rooms.rs` holds the table and fails on any other arrow.

#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod diagnostic;
pub mod document;
pub mod math;
#[cfg(feature = "cli")]
pub mod output;
pub mod random;
#[cfg(feature = "cli")]
pub mod report;
pub mod run;
pub mod units;
