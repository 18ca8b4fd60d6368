//! Reported quantiles and rank sums as exact constraints on unknown exposures, and a label model over them.
//!
//! The exposures of all patients are unknowns. What was printed (quantiles with their rounding, rank sums behind the
//! p-values) is a hard constraint; a normal law of log2 C and a logistic model of the outcome give the density; all is
//! sampled jointly. Precedent: Luciano, Robert and Ryder 2024, Insufficient Gibbs sampling, arXiv 2307.14973.

mod anneal;
mod build;
mod chain;
mod fit;
mod label;
mod moves;
mod problem;
mod state;

pub use build::{ExposurePrior, RankSumReading, read_rank_sums};
pub use fit::{Convergence, LatentFit, LatentOptions, fit_latent, possible_conventions};
pub use label::{LabelModel, LabelPriors};

#[cfg(test)]
mod tests;
