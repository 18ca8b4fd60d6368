//! exposim simulates what a dose does to a population: dose → exposure → response.
//!
//! | room | what lives there |
//! | --- | --- |
//! | [`units`] | quantities, dimensions, conversion |
//! | [`diagnostic`] | problems in files: place, remark, what mends them |
//! | [`document`] | TOML with places and units, unknown keys refused |
<<<<<<< HEAD
//! | [`dosing`] | records, data sets, regimens, timelines: all event rules |
=======
//! | [`evidence`] | fits response models to published figures and to data |
>>>>>>> 332ce0b494e94c56fec4e814771f017fa88057c9
//! | [`math`] | elementary and special functions, the same bits everywhere |
//! | [`ode`] | integrators for systems of ordinary differential equations |
//! | [`random`] | draws with addresses |
<<<<<<< HEAD
//! | [`expr`] | the language of equations: parse, check dimensions, differentiate, compile to a program over a block |
=======
//! | [`response`] | exposure to probability, rate or mean change, with joint draws |
>>>>>>> 332ce0b494e94c56fec4e814771f017fa88057c9
//!
//! The rooms use one another in one direction only; `tests/rooms.rs` holds the table and fails on any other arrow.

#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod diagnostic;
pub mod document;
<<<<<<< HEAD
pub mod dosing;
pub mod expr;
=======
pub mod evidence;
>>>>>>> 332ce0b494e94c56fec4e814771f017fa88057c9
pub mod math;
pub mod ode;
pub mod random;
<<<<<<< HEAD
pub mod run;
=======
pub mod response;
>>>>>>> 332ce0b494e94c56fec4e814771f017fa88057c9
pub mod units;
