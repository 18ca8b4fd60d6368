//! exposim simulates what a dose does to a population: dose → exposure → response.
//!
//! | room | what lives there |
//! | --- | --- |
//! | [`diagnostic`] | problems in files: place, remark, what mends them |
//! | [`document`] | TOML with places and units, unknown keys refused |
//! | [`dosing`] | records, data sets, regimens, timelines: all event rules |
//! | [`evidence`] | fits response models to published figures and to data |
//! | [`exposure`] | metrics, non-compartmental analysis, summaries of many subjects |
//! | [`expr`] | the language of equations: parse, check dimensions, differentiate, compile to a program over a block |
//! | [`kinetics`] | a model solved along a timeline, one subject or a block of subjects side by side |
//! | [`math`] | elementary and special functions, the same bits everywhere |
//! | [`model`] | model files: read, check, resolve; linear or not |
//! | [`ode`] | integrators for systems of ordinary differential equations |
//! | [`population`] | covariates, random effects and uncertain parameters become individual parameters |
//! | [`qualify`] | the program checks itself |
//! | [`random`] | draws with addresses |
//! | [`response`] | exposure to probability, rate or mean change, with joint draws |
//! | [`run`] | a study over threads, blocks and shards; its results |
//! | [`statistics`] | analyses of trials: proportions, survival, means, several tests at once |
//! | [`trial`] | a study file; a block of subjects carried through a protocol |
//! | [`units`] | quantities, dimensions, conversion |
//! | `output` | result files and the folder that holds them |
//! | `report` | the page, charts, the table on the terminal |
//!
//! The rooms use one another in one direction only; `tests/rooms.rs` holds the table and fails on any other arrow.

#![deny(missing_docs)]
#![deny(unsafe_code)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod diagnostic;
pub mod document;
pub mod dosing;
pub mod evidence;
pub mod exposure;
pub mod expr;
pub mod kinetics;
pub mod math;
pub mod model;
pub mod ode;
#[cfg(feature = "cli")]
pub mod output;
pub mod population;
pub mod qualify;
pub mod random;
#[cfg(feature = "cli")]
pub mod report;
pub mod response;
pub mod run;
pub mod statistics;
pub mod trial;
pub mod units;
