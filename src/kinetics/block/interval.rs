//! Intervals between doses, and the state that goes through them.

use super::formulation::{Formulation, Input, add_inputs, carried};
use super::recursion::{Recursion, recur, times};
use super::sink::{Nothing, Sink};
use crate::kinetics::linear::{Integral, LaneMatrix, LinearSystem, NothingEliminated, SystemError, padded};

/// A time span in hours.
#[derive(Clone, Copy, Debug)]
pub enum Span<'a> {
    /// The same for all subjects.
    Same(f64),
    /// A number for each subject.
    Each(&'a [f64]),
}

impl From<f64> for Span<'_> {
    fn from(hours: f64) -> Self {
        Span::Same(hours)
    }
}

impl Span<'_> {
    /// A column for a system; subjects without a number get NaN.
    pub(super) fn column(self, system: &LinearSystem) -> Vec<f64> {
        match self {
            Span::Same(hours) => vec![hours; system.padded()],
            Span::Each(hours) => {
                let mut column = padded(hours);
                column.resize(system.padded(), f64::NAN);
                column
            }
        }
    }
}

/// The doses at the beginning of intervals, in the unit of the amounts; 0 is a dose that is not given.
#[derive(Clone, Copy, Debug)]
pub enum Doses<'a> {
    /// Each subject's dose, the same in all intervals.
    Same(&'a [f64]),
    /// A dose for each subject in the first interval, then for each in the second, and so on.
    Each(&'a [f64]),
}

impl Doses<'_> {
    /// The doses of an interval, padded; what is missing is no dose.
    pub(super) fn column(self, system: &LinearSystem, interval: usize) -> Vec<f64> {
        let n = system.subjects();
        let given = match self {
            Doses::Same(doses) => doses.get(..n).unwrap_or(doses),
            Doses::Each(doses) => doses.get(interval * n..(interval + 1) * n).unwrap_or(&[]),
        };
        let mut column = given.to_vec();
        column.resize(system.padded(), 0.0);
        column
    }
}

/// Amounts in the compartments of a block of subjects, and what is still on its way into them.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) x: LaneMatrix,
    pub(super) pending: Vec<Input>,
}

impl State {
    /// Empty compartments.
    pub fn empty(system: &LinearSystem) -> Self {
        State { x: LaneMatrix::zeros(system.states(), 1, system.subjects()), pending: Vec::new() }
    }

    /// Amounts in a compartment, one number for each subject and the padding.
    pub fn amounts(&self, compartment: usize) -> &[f64] {
        self.x.entry(compartment, 0)
    }

    /// Amounts in a compartment, to be changed.
    pub fn amounts_mut(&mut self, compartment: usize) -> &mut [f64] {
        self.x.entry_mut(compartment, 0)
    }

    /// Whether lagged or slow inputs of earlier doses are still to come, in any subject.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Forgets what is on its way (a reset of the dosing).
    pub fn cancel_pending(&mut self) {
        self.pending.clear();
    }

    /// Lets time pass without a dose.
    pub fn wait(&mut self, system: &LinearSystem, span: Span<'_>) {
        DosingInterval::without_dose(system, span).advance(self, Doses::Same(&[]), 1, None, &mut Nothing);
    }
}

/// What a time span makes of the state and of a unit dose given at its beginning.
#[derive(Clone, Debug)]
pub struct DosingInterval<'a> {
    pub(super) system: &'a LinearSystem,
    pub(super) span: Vec<f64>,
    pub(super) inputs: Vec<Input>,
    transition: LaneMatrix,
    /// State at the end that a unit dose leads to.
    gain: LaneMatrix,
    /// What of a unit dose is still to come at the end.
    outstanding: Vec<Input>,
}

/// A compartment whose amounts are put out, each multiplied by its subject's scale.
#[derive(Clone, Debug)]
pub struct Output {
    compartment: usize,
    scale: Vec<f64>,
}

impl Output {
    /// An output of a system. With one over the volume of distribution as `scale`, one number for each subject, it is
    /// a concentration.
    ///
    /// # Errors
    /// [`SystemError`] when there is no such compartment or not one number for each subject.
    pub fn new(system: &LinearSystem, compartment: usize, scale: &[f64]) -> Result<Self, SystemError> {
        let (states, expected) = (system.states(), system.subjects());
        if compartment >= states {
            return Err(SystemError::Compartment { compartment, states });
        }
        if scale.len() != expected {
            return Err(SystemError::Subjects { column: 0, expected, found: scale.len() });
        }
        Ok(Output { compartment, scale: padded(scale) })
    }

    /// The compartment.
    pub fn compartment(&self) -> usize {
        self.compartment
    }

    /// The scale, padded.
    pub(super) fn scale(&self) -> &[f64] {
        &self.scale
    }
}

impl<'a> DosingInterval<'a> {
    /// An interval that begins with a dose of a formulation.
    pub fn new(system: &'a LinearSystem, formulation: &Formulation, span: Span<'_>) -> Self {
        Self::with_inputs(system, formulation.inputs.clone(), span)
    }

    /// An interval without a dose.
    pub fn without_dose(system: &'a LinearSystem, span: Span<'_>) -> Self {
        Self::with_inputs(system, Vec::new(), span)
    }

    fn with_inputs(system: &'a LinearSystem, inputs: Vec<Input>, span: Span<'_>) -> Self {
        let span = span.column(system);
        let transition = system.response(Integral::None, &span);
        let mut gain = LaneMatrix::zeros(system.states(), 1, system.subjects());
        add_inputs(system, &inputs, &span, Integral::None, &mut gain);
        let outstanding = carried(&inputs, &span, None);
        DosingInterval { system, span, inputs, transition, gain, outstanding }
    }

    /// Goes through `count` intervals, one after another, and hands the output at the end of each to the sink.
    ///
    /// The cost is a few multiply-adds for each interval and subject. Where a lag or a duration reaches beyond the
    /// interval, what is still to come is carried exactly into the following ones; that is slower.
    pub fn advance<S: Sink>(
        &self,
        state: &mut State,
        doses: Doses<'_>,
        count: usize,
        output: Option<&Output>,
        sink: &mut S,
    ) {
        let mut done = 0;
        while done < count && !(state.pending.is_empty() && self.outstanding.is_empty()) {
            let dose = doses.column(self.system, done);
            let mut inflow = LaneMatrix::zeros(self.system.states(), 1, self.system.subjects());
            add_inputs(self.system, &state.pending, &self.span, Integral::None, &mut inflow);
            let mut pending = carried(&state.pending, &self.span, None);
            pending.extend(
                self.outstanding
                    .iter()
                    .filter_map(|input| input.after(&vec![0.0; self.span.len()], Some(&dose))),
            );
            state.pending = pending;
            self.recursion(
                &mut state.x,
                Doses::Each(&dose[..self.system.subjects()]),
                1,
                done,
                output,
                Some(&inflow),
                sink,
            );
            done += 1;
        }
        let rest = match doses {
            Doses::Same(_) => doses,
            Doses::Each(all) => Doses::Each(all.get(done * self.system.subjects()..).unwrap_or(&[])),
        };
        if done < count {
            self.recursion(&mut state.x, rest, count - done, done, output, None, sink);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn recursion<S: Sink>(
        &self,
        x: &mut LaneMatrix,
        doses: Doses<'_>,
        count: usize,
        first: usize,
        output: Option<&Output>,
        inflow: Option<&LaneMatrix>,
        sink: &mut S,
    ) {
        let column = doses.column(self.system, 0);
        let doses = match doses {
            Doses::Same(_) => Doses::Same(&column),
            Doses::Each(all) => Doses::Each(all),
        };
        let task = Recursion {
            transition: &self.transition,
            gain: &self.gain,
            inflow,
            x,
            doses,
            subjects: self.system.subjects(),
            count,
            first,
            output,
            sink,
        };
        recur(self.system.shape(), task);
    }

    /// Goes through `count` intervals with the same doses at a cost that grows with the logarithm of `count`.
    ///
    /// The state at the end is that of [`advance`](Self::advance) but for rounding in the last digits, since
    /// M^k x + (1 + M + ... + M^(k-1)) w d is summed by doubling.
    pub fn leap(&self, state: &mut State, doses: &[f64], count: usize) {
        let simple = state.pending.is_empty() && self.outstanding.is_empty();
        if count < 3 || !simple {
            return self.advance(state, Doses::Same(doses), count, None, &mut Nothing);
        }
        let dose = Doses::Same(doses).column(self.system, 0);
        let whole: Vec<f64> = self.span.iter().map(|span| span * count as f64).collect();
        let far = self.system.response(Integral::None, &whole);
        // Invariant: series = (1 + M + ... + M^(m-1)) w and power = M^m for the leading bits m of the count.
        let mut power = self.transition.clone();
        let mut series = self.gain.clone();
        for bit in (0..count.ilog2()).rev() {
            let mut sum = times(&power, &series);
            add(&mut sum, &series);
            power = times(&power, &power);
            if count >> bit & 1 == 1 {
                sum = times(&self.transition, &sum);
                add(&mut sum, &self.gain);
                power = times(&power, &self.transition);
            }
            series = sum;
        }
        let mut x = times(&far, &state.x);
        for i in 0..self.system.states() {
            for ((x, series), dose) in x.entry_mut(i, 0).iter_mut().zip(series.entry(i, 0)).zip(&dose) {
                *x += series * dose;
            }
        }
        state.x = x;
    }

    /// The state just before a dose, after the same dose in every interval without beginning.
    ///
    /// # Errors
    /// [`NothingEliminated`] when amounts grow without end in some subjects. The state of the others is exact; it comes
    /// with the error.
    pub fn steady_state(&self, doses: &[f64]) -> Result<State, (State, NothingEliminated)> {
        let dose = Doses::Same(doses).column(self.system, 0);
        let mut x = self.gain.clone();
        let mut pending = Vec::new();
        let mut earlier = self.outstanding.clone();
        // What the dose before the last, and all before that, still bring in during an interval.
        while !earlier.is_empty() {
            add_inputs(self.system, &earlier, &self.span, Integral::None, &mut x);
            let next = carried(&earlier, &self.span, None);
            pending
                .extend(earlier.iter().filter_map(|input| input.after(&vec![0.0; dose.len()], Some(&dose))));
            earlier = next;
        }
        for i in 0..self.system.states() {
            for (x, dose) in x.entry_mut(i, 0).iter_mut().zip(&dose) {
                *x *= dose;
            }
        }
        let solved = self.system.solve_steady(&self.transition, &self.span, &mut x);
        let state = State { x, pending };
        match solved {
            Ok(()) => Ok(state),
            Err(nothing) => Err((state, nothing)),
        }
    }

    /// Amounts in a compartment at times within the interval after a dose: a row of all subjects for each time (h).
    /// Times may lie beyond the interval, as long as no further dose comes.
    pub fn profile(&self, state: &State, doses: &[f64], compartment: usize, times: &[f64]) -> Vec<f64> {
        let mut rows = Vec::with_capacity(times.len() * self.system.subjects());
        for &time in times {
            let mut then = state.clone();
            let part = Self::with_inputs(self.system, self.inputs.clone(), Span::Same(time));
            part.advance(&mut then, Doses::Same(doses), 1, None, &mut Nothing);
            rows.extend_from_slice(&then.amounts(compartment)[..self.system.subjects()]);
        }
        rows
    }
}

fn add(sum: &mut LaneMatrix, other: &LaneMatrix) {
    for (sum, other) in sum.data_mut().iter_mut().zip(other.data()) {
        *sum += other;
    }
}
