//! The ways in which a dose enters, as compiled programs.

use super::compile;
use crate::dosing::timeline::{Entry, ZeroOrder};
use crate::expr::{Program, Scratch};
use crate::model::{DoseAttributes, Input, Route};

/// How one part of a dose enters: a program of fraction and lag, then the duration and the rate if there are any.
#[derive(Clone, Debug)]
pub(super) struct Way {
    compartment: usize,
    program: Program,
    duration: bool,
    rate: bool,
    /// Whether the input is zero-order whatever the record says.
    always: bool,
}

impl Way {
    /// NONMEM's dose attributes of a compartment (from 0).
    pub(super) fn own(compartment: usize, dose: &DoseAttributes) -> Self {
        let values = [&dose.bioavailability, &dose.lag];
        let program = compile(values.into_iter().chain(&dose.duration).chain(&dose.rate));
        Way {
            compartment,
            program,
            duration: dose.duration.is_some(),
            rate: dose.rate.is_some(),
            always: false,
        }
    }

    /// The route of a formulation.
    pub(super) fn route(route: &Route) -> Self {
        let duration = match &route.input {
            Input::Bolus => None,
            Input::ZeroOrder(duration) => Some(duration),
        };
        let program = compile([&route.fraction, &route.lag].into_iter().chain(duration));
        let always = duration.is_some();
        Way { compartment: route.compartment, program, duration: always, rate: false, always }
    }

    /// The compartment that it leads to, from 0.
    pub(super) fn compartment(&self) -> usize {
        self.compartment
    }

    /// The entry that the inputs of a record give.
    pub(super) fn entry(&self, inputs: &[f64], scratch: &mut Scratch) -> Entry {
        let mut values = [0.0; 4];
        self.program.run(inputs, &mut values, scratch);
        let [bioavailability, lag, third, fourth] = values;
        let rate = if self.duration { fourth } else { third };
        let zero_order = if self.always {
            ZeroOrder::Always { duration: third }
        } else {
            ZeroOrder::OnRequest { duration: self.duration.then_some(third), rate: self.rate.then_some(rate) }
        };
        Entry { compartment: self.compartment, bioavailability, lag, zero_order }
    }
}
