use super::{Draws, Metric};
use crate::units::Unit;

/// The parameters of a biomarker's time course, whose equations stand in a model file of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseModel {
    /// The model file, as the file that speaks of it names it.
    pub model: String,
    /// The exposure metric that drives it.
    pub metric: Metric,
    /// The unit of the biomarker.
    pub unit: Unit,
    /// Joint draws of the parameters that were fitted; the model file has the others.
    pub draws: Draws,
}
