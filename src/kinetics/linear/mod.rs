//! Linear compartment systems dx/dt = A x + u for many subjects side by side, solved exactly.
//!
//! A [`LinearSystem`] holds the rate constants of a block of subjects. Its answers are [`LaneMatrix`] columns: the
//! state after a time span that one unit in a compartment leads to, and the integrals of it, which are the answers to
//! constant inputs and the areas under the curve. One subject is a block of one.
//!
//! Systems with the [`Shape`] of a mammillary model (depots into a central compartment with up to two peripheral ones)
//! have closed forms; all others go through scaling and squaring. The test is one of structure, not of values: the
//! closed forms here use divided differences of the exponential, which do not lose digits where rate constants meet,
//! so no values are badly conditioned for them.

// Loops over lanes and over rows and columns of lanes read like the formulas only with their indices.
#![allow(clippy::needless_range_loop)]

mod closed;
mod differences;
mod eigenvalues;
mod fault;
mod lanes;
mod motion;
mod propagator;
mod shape;
mod steady;
mod system;

pub(crate) use fault::checked;
pub use fault::{Fault, SystemError};
pub use lanes::{LANES, Lane, LaneMatrix};
pub(crate) use lanes::{load, padded, store};
pub(crate) use motion::Motion;
pub use shape::Shape;
pub use steady::NothingEliminated;
pub use system::{Integral, LinearSystem};

#[cfg(test)]
mod tests;
