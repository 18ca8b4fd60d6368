//! A period worked off step by step: boluses are put in, rates kept, and the spans of time handed out.

use std::ops::Range;

use super::{Reason, entry};
use crate::dosing::timeline::{Period, Step};

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

    /// Puts boluses into `state` until time is to pass: the span (h from the start) and the rates that hold over it.
    /// None at the end of the period.
    pub(super) fn next(&mut self, state: &mut [f64]) -> Result<Option<(Range<f64>, &[f64])>, Reason> {
        for step in self.steps.by_ref() {
            match step {
                Step::Bolus { compartment, amount } => *entry(state, compartment)? += amount,
                Step::Rate { compartment, rate } => *entry(&mut self.rates, compartment)? = rate,
                Step::Advance { from, to } => return Ok(Some((from..to, &self.rates))),
            }
        }
        Ok(None)
    }
}
