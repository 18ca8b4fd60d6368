//! Regular dosing of a block of subjects, side by side.
//!
//! A [`Formulation`] says how a unit dose enters a [`LinearSystem`](super::linear::LinearSystem). A
//! [`DosingInterval`] holds what a time span makes of the state and of a dose given at its beginning; exponentials are
//! computed there, once for all intervals of that length. A [`State`] then goes through interval after interval at
//! the cost of a few multiply-adds for each: [`DosingInterval::advance`] hands the amounts at the end of every interval to
//! a [`Sink`], [`DosingInterval::leap`] goes to the end of many at a constant cost, and
//! [`DosingInterval::steady_state`] solves for the state that dosing without end leads to.
//!
//! What a lane holds does not depend on the other lanes, on how many there are, or on the instructions in force.

// Loops over lanes and over rows and columns of lanes read like the formulas only with their indices.
#![allow(clippy::needless_range_loop)]

mod exposure;
mod formulation;
mod interval;
mod mixed;
mod recursion;
mod sink;

pub use exposure::Exposure;
pub use formulation::{Entry, Formulation, Route};
pub use interval::{Doses, DosingInterval, Output, Span, State};
pub use sink::{Each, Moments, Nothing, Sink, Store};

#[cfg(test)]
mod tests;
