//! Reported quantiles and rank sums as exact constraints on unknown exposures, and a label model over them.
//!
//! The exposures of all patients are unknowns. What was printed (quantiles with their rounding, rank sums behind the
//! p-values) is a hard constraint; a normal law of log2 C and a logistic model of the outcome give the density; all is
//! sampled jointly. Precedent: Luciano, Robert and Ryder 2024, Insufficient Gibbs sampling, arXiv 2307.14973.

mod anneal;
mod build;
mod chain;
mod consistency;
mod fit;
mod label;
mod moves;
mod problem;
mod readings;
mod state;

pub use build::ExposurePrior;
pub use consistency::possible_conventions;
pub use fit::{Convergence, LatentFit, LatentOptions, fit_latent};
pub use label::{LabelModel, LabelPriors};
pub use readings::RankSumReading;

#[cfg(test)]
mod tests;
