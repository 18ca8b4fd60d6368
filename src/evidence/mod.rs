//! Evidence: response models fitted from what was published.

mod arm_fit;
mod arm_likelihood;
mod arm_ml;
mod arm_posterior;
mod arms;
mod density;
mod discriminant;
mod prior;

pub use arm_fit::{ArmFit, ArmModel, fit_arms};
pub use arm_likelihood::Risk;
pub use arm_ml::MaximumLikelihood;
pub use arm_posterior::{ArmPriors, ShapeLaw};
pub use arms::{Arm, ArmCounts, ExposureLaw};
pub use discriminant::{Discriminant, Quartiles, moments_from_quartiles};
pub use prior::Prior;
