//! Exposure over an interval: area, peak and time of the peak.

use super::formulation::{Input, add_inputs};
use super::interval::{Doses, DosingInterval, Output, State};
use crate::kinetics::linear::{Integral, LaneMatrix, LinearSystem};

/// Exposure of each subject over an interval, in the unit of the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// Area under the output from the beginning of the interval to its end, times h.
    pub area: Vec<f64>,
    /// Largest value of the output in the interval.
    pub peak: Vec<f64>,
    /// Hours from the beginning of the interval to the (first) largest value.
    pub peak_time: Vec<f64>,
}

/// Points of a segment at which the sign of the slope is looked at.
const POINTS: usize = 16;
/// Newton steps and bisections until a peak stands to the last digits; 60 bisections alone would do.
const MOST_STEPS: usize = 60;

impl DosingInterval<'_> {
    /// Area, peak and time of the peak over the interval that begins with the state and a dose.
    ///
    /// The area comes from the integrals of the responses. Peaks are sought in the segments between the times at which
    /// an input begins or ends: at the ends of each segment, and where the analytic slope changes from rise to fall,
    /// found by Newton's method within a bracket.
    pub fn exposure(&self, state: &State, doses: &[f64], output: &Output) -> Exposure {
        let n = self.system.subjects();
        let dose = Doses::Same(doses).column(self.system, 0);
        let mut inputs: Vec<Input> = state.pending.clone();
        inputs.extend(self.inputs.iter().cloned().map(|mut input| {
            input.amount.iter_mut().zip(&dose).for_each(|(amount, dose)| *amount *= dose);
            input
        }));
        let mut areas = propagated(self.system, Integral::Once, &self.span, &state.x);
        add_inputs(self.system, &inputs, &self.span, Integral::Once, &mut areas);
        let scaled = |column: &[f64]| -> Vec<f64> {
            column.iter().zip(output.scale()).take(n).map(|(x, scale)| x * scale).collect()
        };
        let mut search = Search {
            system: self.system,
            compartment: output.compartment(),
            start: vec![0.0; self.span.len()],
            x: state.x.clone(),
            inflow: LaneMatrix::zeros(self.system.states(), 1, n),
            peak: state.amounts(output.compartment()).to_vec(),
            peak_time: vec![0.0; self.span.len()],
        };
        search.run(&inputs, &self.span);
        search.peak_time.truncate(n);
        Exposure {
            area: scaled(areas.entry(output.compartment(), 0)),
            peak: scaled(&search.peak),
            peak_time: search.peak_time,
        }
    }
}

/// What a response makes of amounts.
fn propagated(system: &LinearSystem, integral: Integral, t: &[f64], x: &LaneMatrix) -> LaneMatrix {
    super::recursion::times(&system.response(integral, t), x)
}

/// A change of the inputs of one subject.
#[derive(Clone, Copy, Debug)]
struct Change {
    time: f64,
    input: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Bolus,
    Begin,
    End,
    Nothing,
}

/// The search for the peak: the place reached, and the largest value up to there.
struct Search<'a> {
    system: &'a LinearSystem,
    compartment: usize,
    start: Vec<f64>,
    x: LaneMatrix,
    inflow: LaneMatrix,
    peak: Vec<f64>,
    peak_time: Vec<f64>,
}

impl Search<'_> {
    fn run(&mut self, inputs: &[Input], span: &[f64]) {
        let changes = changes(inputs, span);
        let mut flowing = vec![vec![false; span.len()]; inputs.len()];
        for number in 0..changes.first().map_or(0, Vec::len) {
            let end: Vec<f64> = changes.iter().map(|changes| changes[number].time).collect();
            self.segment(&end);
            for (l, changes) in changes.iter().enumerate() {
                let Change { input, kind, .. } = changes[number];
                let compartment = inputs[input].compartment;
                match kind {
                    Kind::Bolus => self.x.entry_mut(compartment, 0)[l] += inputs[input].amount[l],
                    Kind::Begin => flowing[input][l] = true,
                    Kind::End => flowing[input][l] = false,
                    Kind::Nothing => {}
                }
            }
            self.inflow.clear();
            for (input, flowing) in inputs.iter().zip(&flowing) {
                let Some(duration) = &input.duration else { continue };
                let inflow = self.inflow.entry_mut(input.compartment, 0);
                for (l, inflow) in inflow.iter_mut().enumerate() {
                    *inflow += if flowing[l] { input.amount[l] / duration[l] } else { 0.0 };
                }
            }
            let begun: Vec<f64> = self.x.entry(self.compartment, 0).to_vec();
            self.offer(&end, &begun);
        }
        self.segment(span);
    }

    /// Goes through the time up to `end`, in which inputs are constant.
    fn segment(&mut self, end: &[f64]) {
        let length: Vec<f64> = end.iter().zip(&self.start).map(|(end, start)| end - start).collect();
        if length.iter().all(|length| *length == 0.0) {
            return;
        }
        let mut slope = self.system.slope(&self.x);
        add(&mut slope, &self.inflow);
        let curvature = self.system.slope(&slope);
        let mut before = vec![0.0; end.len()];
        let mut rising: Vec<bool> =
            slope.entry(self.compartment, 0).iter().map(|slope| *slope > 0.0).collect();
        for point in 1..=POINTS {
            let part = (point as f64 / POINTS as f64).powi(3);
            let at: Vec<f64> = length.iter().map(|length| length * part).collect();
            let here = propagated(self.system, Integral::None, &at, &slope);
            let here = here.entry(self.compartment, 0);
            let turns: Vec<bool> = (0..end.len()).map(|l| rising[l] && here[l] < 0.0).collect();
            if turns.contains(&true) {
                let times = self.turn(&before, &at, &turns, &slope, &curvature);
                let values = self.value(&times);
                let places: Vec<f64> = times
                    .iter()
                    .zip(&self.start)
                    .zip(&turns)
                    .map(|((time, start), turns)| if *turns { start + time } else { f64::NAN })
                    .collect();
                self.offer(&places, &values);
            }
            for (rising, here) in rising.iter_mut().zip(here) {
                *rising = *here > 0.0;
            }
            before = at;
        }
        let mut x = propagated(self.system, Integral::None, &length, &self.x);
        add(&mut x, &propagated(self.system, Integral::Once, &length, &self.inflow));
        self.x = x;
        self.start.copy_from_slice(end);
        let values = self.x.entry(self.compartment, 0).to_vec();
        self.offer(end, &values);
    }

    /// Amount at times after the beginning of the segment.
    fn value(&self, times: &[f64]) -> Vec<f64> {
        let mut x = propagated(self.system, Integral::None, times, &self.x);
        add(&mut x, &propagated(self.system, Integral::Once, times, &self.inflow));
        x.entry(self.compartment, 0).to_vec()
    }

    /// Where the slope is zero between `low`, where the output rises, and `high`, where it falls.
    fn turn(
        &self,
        low: &[f64],
        high: &[f64],
        turns: &[bool],
        slope: &LaneMatrix,
        curvature: &LaneMatrix,
    ) -> Vec<f64> {
        let (mut low, mut high) = (low.to_vec(), high.to_vec());
        let mut time: Vec<f64> = low.iter().zip(&high).map(|(low, high)| 0.5 * (low + high)).collect();
        let mut found: Vec<bool> = turns.iter().map(|turns| !turns).collect();
        for _ in 0..MOST_STEPS {
            if found.iter().all(|found| *found) {
                break;
            }
            let response = self.system.response(Integral::None, &time);
            let first = super::recursion::times(&response, slope);
            let second = super::recursion::times(&response, curvature);
            let (first, second) = (first.entry(self.compartment, 0), second.entry(self.compartment, 0));
            for l in 0..time.len() {
                if found[l] {
                    continue;
                }
                let side = if first[l] > 0.0 { &mut low[l] } else { &mut high[l] };
                *side = time[l];
                let newton = time[l] - first[l] / second[l];
                let inside = newton > low[l] && newton < high[l];
                let next = if inside { newton } else { 0.5 * (low[l] + high[l]) };
                // A step that is not a number ends the search too.
                found[l] = (next - time[l]).abs() <= 4.0 * f64::EPSILON * high[l] || !next.is_finite();
                time[l] = next;
            }
        }
        time
    }

    /// Keeps larger values and their times.
    fn offer(&mut self, times: &[f64], values: &[f64]) {
        for l in 0..values.len() {
            if values[l] > self.peak[l] && !times[l].is_nan() || values[l].is_nan() && times[l].is_finite() {
                (self.peak[l], self.peak_time[l]) = (values[l], times[l]);
            }
        }
    }
}

fn add(sum: &mut LaneMatrix, other: &LaneMatrix) {
    for (sum, other) in sum.data_mut().iter_mut().zip(other.data()) {
        *sum += other;
    }
}

/// The changes of the inputs within the span, in order of time, for each subject: the same number for all.
fn changes(inputs: &[Input], span: &[f64]) -> Vec<Vec<Change>> {
    let flows: Vec<_> = inputs.iter().map(|input| input.flow(span)).collect();
    (0..span.len())
        .map(|l| {
            let mut changes = Vec::new();
            for (number, (input, flow)) in inputs.iter().zip(&flows).enumerate() {
                match flow {
                    None if Input::arrives(input.start[l], span[l]) => {
                        changes.push(Change { time: input.start[l], input: number, kind: Kind::Bolus });
                    }
                    None => changes.push(Change { time: span[l], input: number, kind: Kind::Nothing }),
                    Some(flow) => {
                        changes.push(Change { time: flow.begin[l], input: number, kind: Kind::Begin });
                        changes.push(Change { time: flow.end[l], input: number, kind: Kind::End });
                    }
                }
            }
            changes.sort_by(|a, b| a.time.total_cmp(&b.time));
            changes
        })
        .collect()
}
