//! How a dose enters the compartments.

use crate::kinetics::linear::{Fault, Integral, LaneMatrix, LinearSystem, SystemError, checked};

/// How a route brings in its part of the dose.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// All at once. Into a depot this is first-order absorption.
    Bolus,
    /// At a constant rate over a duration in hours, one number per subject; where it is zero, all at once.
    ZeroOrder {
        /// Hours.
        duration: Vec<f64>,
    },
}

/// One way of a dose into the system; each column has a number per subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The compartment it enters, from 0 on.
    pub compartment: usize,
    /// The part of the dose that comes this way (bioavailability included).
    pub fraction: Vec<f64>,
    /// Hours from the dose until it begins to enter.
    pub lag: Vec<f64>,
    /// How it enters.
    pub entry: Entry,
}

/// All routes of a formulation, checked against a system.
#[derive(Clone, Debug)]
pub struct Formulation {
    pub(super) inputs: Vec<Input>,
    faults: Vec<Fault>,
}

impl Formulation {
    /// Checks routes against a system.
    ///
    /// A subject with a fraction, lag or duration that is negative or not finite gets results that are not numbers,
    /// and a place in [`faults`](Self::faults).
    ///
    /// # Errors
    /// [`SystemError`] when a compartment does not exist or a column has not one number for each subject.
    pub fn new(system: &LinearSystem, routes: &[Route]) -> Result<Self, SystemError> {
        let mut faults = Vec::new();
        let mut inputs = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            if route.compartment >= system.states() {
                let (compartment, states) = (route.compartment, system.states());
                return Err(SystemError::Compartment { compartment, states });
            }
            let mut column = |name: &str, values: &[f64]| {
                if values.len() != system.subjects() {
                    let (expected, found) = (system.subjects(), values.len());
                    return Err(SystemError::Subjects { column: number, expected, found });
                }
                Ok(checked(values, false, || format!("{name} of route {}", number + 1), &mut faults))
            };
            let mut amount = column("fraction", &route.fraction)?;
            let start = column("lag", &route.lag)?;
            let compartment = route.compartment;
            let duration = match &route.entry {
                Entry::Bolus => None,
                Entry::ZeroOrder { duration } => {
                    let mut duration = column("duration", duration)?;
                    if duration.contains(&0.0) {
                        let mut at_once = amount.clone();
                        for ((all, slow), duration) in at_once.iter_mut().zip(&mut amount).zip(&mut duration)
                        {
                            if *duration == 0.0 {
                                (*slow, *duration) = (0.0, 1.0);
                            } else {
                                *all = 0.0;
                            }
                        }
                        inputs.push(Input {
                            compartment,
                            amount: at_once,
                            start: start.clone(),
                            duration: None,
                        });
                    }
                    Some(duration)
                }
            };
            inputs.push(Input { compartment, amount, start, duration });
        }
        Ok(Formulation { inputs, faults })
    }

    /// Subjects whose fraction, lag or duration cannot be.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

/// An amount that enters a compartment, seen from the beginning of an interval. All columns are padded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub compartment: usize,
    /// The whole amount, also of what has entered before the interval.
    pub amount: Vec<f64>,
    /// Hours from the beginning of the interval; negative if earlier.
    pub start: Vec<f64>,
    /// Hours that it takes; `None` if it enters at once.
    pub duration: Option<Vec<f64>>,
}

/// The part of an interval in which an input of constant rate flows.
pub(super) struct Flow {
    pub rate: Vec<f64>,
    pub begin: Vec<f64>,
    pub end: Vec<f64>,
}

fn within(x: f64, span: f64) -> f64 {
    let x = if x < 0.0 { 0.0 } else { x };
    if x > span { span } else { x }
}

impl Input {
    /// Whether a bolus at `start` falls into [0, span). Not a number counts, so that it is seen in the result.
    pub fn arrives(start: f64, span: f64) -> bool {
        !(start < 0.0 || start >= span)
    }

    /// Rate and limits of an input of constant rate within an interval.
    pub fn flow(&self, span: &[f64]) -> Option<Flow> {
        let duration = self.duration.as_ref()?;
        let rate = self.amount.iter().zip(duration).map(|(amount, duration)| amount / duration).collect();
        let begin = self.start.iter().zip(span).map(|(start, span)| within(*start, *span)).collect();
        let ends = self.start.iter().zip(duration).zip(span);
        let end = ends.map(|((start, duration), span)| within(start + duration, *span)).collect();
        Some(Flow { rate, begin, end })
    }

    /// The same input seen from the end of an interval, its amount multiplied; `None` if nothing of it is left in any
    /// lane.
    pub fn after(&self, span: &[f64], factor: Option<&[f64]>) -> Option<Input> {
        let mut later = self.clone();
        for (start, span) in later.start.iter_mut().zip(span) {
            *start -= span;
        }
        if let Some(factor) = factor {
            for (amount, factor) in later.amount.iter_mut().zip(factor) {
                *amount *= factor;
            }
        }
        let left = match &later.duration {
            None => later.start.iter().any(|start| *start >= 0.0),
            Some(duration) => {
                later.start.iter().zip(duration).any(|(start, duration)| start + duration > 0.0)
            }
        };
        left.then_some(later)
    }
}

/// The inputs that go on after an interval.
pub(super) fn carried(inputs: &[Input], span: &[f64], factor: Option<&[f64]>) -> Vec<Input> {
    inputs.iter().filter_map(|input| input.after(span, factor)).collect()
}

/// Adds to `out` the state (or its area, with [`Integral::Once`]) at the end of a span that inputs during the span lead
/// to.
pub(super) fn add_inputs(
    system: &LinearSystem,
    inputs: &[Input],
    span: &[f64],
    integral: Integral,
    out: &mut LaneMatrix,
) {
    for input in inputs {
        match input.flow(span) {
            None => add_bolus(system, input, span, integral, out),
            Some(flow) => add_flow(system, input.compartment, &flow, span, integral, out),
        }
    }
}

fn add_bolus(system: &LinearSystem, input: &Input, span: &[f64], integral: Integral, out: &mut LaneMatrix) {
    let arrives = |l: usize| Input::arrives(input.start[l], span[l]);
    let left: Vec<f64> =
        (0..span.len()).map(|l| if arrives(l) { span[l] - input.start[l] } else { 0.0 }).collect();
    let response = system.response_to(input.compartment, integral, &left);
    for i in 0..system.states() {
        let response = response.entry(i, 0);
        for (l, out) in out.entry_mut(i, 0).iter_mut().enumerate() {
            *out += if arrives(l) { input.amount[l] * response[l] } else { 0.0 };
        }
    }
}

fn add_flow(
    system: &LinearSystem,
    compartment: usize,
    flow: &Flow,
    span: &[f64],
    integral: Integral,
    out: &mut LaneMatrix,
) {
    let (mut length, mut rest) = (vec![0.0; span.len()], vec![0.0; span.len()]);
    for l in 0..span.len() {
        length[l] = flow.end[l] - flow.begin[l];
        rest[l] = span[l] - flow.end[l];
    }
    // The amounts when the flow stops, and what becomes of them in the rest of the span.
    let at_stop = system.response_to(compartment, Integral::Once, &length);
    let onward = system.response(integral, &rest);
    for i in 0..system.states() {
        for j in 0..system.states() {
            let (onward, at_stop) = (onward.entry(i, j), at_stop.entry(j, 0));
            for (l, out) in out.entry_mut(i, 0).iter_mut().enumerate() {
                *out += flow.rate[l] * (onward[l] * at_stop[l]);
            }
        }
    }
    if integral != Integral::None {
        let during = system.response_to(compartment, Integral::Twice, &length);
        for i in 0..system.states() {
            let during = during.entry(i, 0);
            for (l, out) in out.entry_mut(i, 0).iter_mut().enumerate() {
                *out += flow.rate[l] * during[l];
            }
        }
    }
}
