//! A period worked off step by step: boluses are put in, rates kept, and the spans of time handed out.

use super::{Reason, entry};
use crate::dosing::timeline::{Period, Step};

/// A span of time with constant input.
pub(super) struct Span<'a> {
    /// h from the start of the period.
    pub(super) from: f64,
    /// h from the start of the period.
    pub(super) to: f64,
    /// Amount per h, by compartment.
    pub(super) rates: &'a [f64],
}

/// Where one run through a period stands.
pub(super) struct Programme {
    steps: std::vec::IntoIter<Step>,
    rates: Vec<f64>,
}

impl Programme {
    /// The period for a system of `states` states, at its start and without input.
    pub(super) fn new(period: &Period, states: usize) -> Result<Self, Reason> {
        if !(period.interval() > 0.0 && period.interval().is_finite()) {
            return Err(Reason::NoSteadyState);
        }
        Ok(Programme { steps: period.steps().into_iter(), rates: vec![0.0; states] })
    }

    /// Puts boluses into `state` until time is to pass. None at the end of the period.
    pub(super) fn next(&mut self, state: &mut [f64]) -> Result<Option<Span<'_>>, Reason> {
        for step in self.steps.by_ref() {
            match step {
                Step::Bolus { compartment, amount } => *entry(state, compartment)? += amount,
                Step::Rate { compartment, rate } => *entry(&mut self.rates, compartment)? = rate,
                Step::Advance { from, to } => return Ok(Some(Span { from, to, rates: &self.rates })),
            }
        }
        Ok(None)
    }
}
