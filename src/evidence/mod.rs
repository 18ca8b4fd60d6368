//! Evidence: response models fitted from what was published.

mod arm_fit;
mod arm_likelihood;
mod arm_means;
mod arm_ml;
mod arm_posterior;
mod arms;
mod convention;
pub mod convergence;
mod density;
mod discriminant;
mod fit;
pub mod latent;
pub mod paper;
mod printed;
mod prior;
mod rank_sum;
mod ratios;
mod read;
mod summary;

pub use arm_fit::{ArmFit, ArmModel, fit_arms};
pub use arm_likelihood::Risk;
pub use arm_means::{ArmMean, MeanFit};
pub use arm_ml::MaximumLikelihood;
pub use arm_posterior::{ArmPriors, ShapeLaw};
pub use arms::{Arm, ArmCounts, ExposureLaw};
pub use convention::{Convention, OrderPair};
pub use discriminant::{Discriminant, Quartiles, moments_from_quartiles};
pub use fit::{Fit, Inputs, Named, Request, fit};
pub use paper::Evidence;
pub use printed::Printed;
pub use prior::Prior;
pub use rank_sum::{RankSum, Reading, Shortening, Test};
pub use ratios::LogRatio;
pub use summary::{Band, Figure, Summary};
