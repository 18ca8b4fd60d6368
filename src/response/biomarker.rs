use super::{Basis, Curve, Draw};
use crate::diagnostic::{Diagnostic, Problems};
use crate::units::Unit;

/// The mean change of a laboratory value as a function of an exposure metric, a + b g(C), and the spread of the change
/// between subjects.
#[derive(Clone, Debug, PartialEq)]
pub struct BiomarkerModel {
    basis: Basis,
    unit: Unit,
    time: f64,
    spread: f64,
    curve: Curve,
}

impl BiomarkerModel {
    /// A model of the change after a time (h), in a unit, with the standard deviation of the change between subjects
    /// who have the same exposure (same unit).
    ///
    /// # Errors
    /// E0703 where the range of exposures is none, E0705 where time or standard deviation are negative.
    pub fn new(basis: Basis, unit: Unit, time: f64, spread: f64, curve: Curve) -> Result<Self, Problems> {
        let fine = |value: f64| value >= 0.0 && value.is_finite();
        if !fine(time) || !fine(spread) {
            return Err(Diagnostic::error(
                "E0705",
                "time and standard deviation of a change are not negative",
            )
            .into());
        }
        Ok(BiomarkerModel { basis: basis.checked()?, unit, time, spread, curve })
    }

    /// What the model is about and what it rests on.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The unit of the change.
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// The time after the start of treatment (h) at which the change was measured.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// The standard deviation of the change between subjects with the same exposure ([`BiomarkerModel::unit`]).
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// The curve of the mean change and its draws.
    pub fn curve(&self) -> &Curve {
        &self.curve
    }

    /// The mean changes ([`BiomarkerModel::unit`]) of subjects with these exposures (coherent units), into `out` of the
    /// same length. Nothing is allocated.
    pub fn change_slice(&self, draw: Draw, exposures: &[f64], out: &mut [f64]) {
        self.curve.predictor_slice(draw, exposures, out);
    }
}
