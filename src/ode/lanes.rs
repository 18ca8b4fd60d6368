//! The arithmetic of a step over many lanes, compiled for the widest instructions. State i of lane l stands at
//! `i * width + l`; no lane looks at another, so a lane's numbers do not depend on its company.

use crate::math::dispatch::{Kernel, dispatch};

use super::control::{Controller, HOPELESS, Memory, StiffnessWatch, cut, too_short};
use super::tableau::Tableau;

/// One column a lane: where each lane stands and what it is about to do.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Time.
    pub t: Vec<f64>,
    /// End of the leg.
    pub to: Vec<f64>,
    /// The step that is wanted.
    pub step: Vec<f64>,
    /// The step in work.
    pub trial: Vec<f64>,
    /// Where the step in work ends.
    pub end: Vec<f64>,
    /// Times of a stage.
    pub stage_time: Vec<f64>,
    /// Error of the step in work in units of the tolerance, squared and summed over the states at first.
    pub error: Vec<f64>,
    /// Estimate of h |λ|.
    pub reach: Vec<f64>,
    /// The controller's memory, see [`Memory`].
    pub log_error: Vec<f64>,
    pub ceiling: Vec<f64>,
    /// The watch for stiffness, see [`StiffnessWatch`].
    pub beyond: Vec<f64>,
    pub within: Vec<f64>,
    /// Next time to show the state at.
    pub ask: Vec<f64>,
    /// 1 for a lane under way, 0 for one at rest.
    pub busy: Vec<f64>,
    /// Steps tried and accepted on this leg.
    pub tried: Vec<f64>,
    pub accepted: Vec<f64>,
    /// What the lane wants after the step in work: the sum of [`SHOW`], [`FIRST`] and [`END`]; 0 where it goes on by
    /// itself.
    pub wants: Vec<f64>,
}

/// A time asked for lies within the step.
pub(super) const SHOW: u8 = 1;
/// It was the first good step of the leg.
pub(super) const FIRST: u8 = 2;
/// The leg has ended, well or not.
pub(super) const END: u8 = 4;

impl Lanes {
    pub(super) fn new(width: usize) -> Self {
        let column = || vec![0.0; width];
        Lanes {
            t: column(),
            to: column(),
            step: column(),
            trial: column(),
            end: column(),
            stage_time: column(),
            error: column(),
            reach: column(),
            log_error: column(),
            ceiling: column(),
            beyond: column(),
            within: column(),
            ask: column(),
            busy: column(),
            tried: column(),
            accepted: column(),
            wants: column(),
        }
    }
}

/// Chooses the step in work of every lane.
pub(super) struct Plan<'a>(pub &'a mut Lanes);

impl Kernel for Plan<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Lanes { t, to, step, trial, end, .. } = self.0;
        let times = t.iter().zip(to.iter()).zip(step.iter());
        for (((t, to), step), (trial, end)) in times.zip(trial.iter_mut().zip(end.iter_mut())) {
            let left = to - t;
            *trial = cut(*step, left);
            *end = if *trial == left { *to } else { t + *trial };
        }
    }
}

/// Times of a stage: t + node h, the end itself at node 1.
pub(super) struct StageTime<'a>(pub &'a mut Lanes, pub f64);

impl Kernel for StageTime<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Lanes { t, trial, end, stage_time, .. } = self.0;
        let node = self.1;
        for ((out, t), (trial, end)) in stage_time.iter_mut().zip(t.iter()).zip(trial.iter().zip(end.iter()))
        {
            *out = if node == 1.0 { *end } else { t + node * trial };
        }
    }
}

/// x + h times the sum of the first M slopes with their weights.
pub(super) struct Combine<'a, const M: usize> {
    pub x: &'a [f64],
    pub h: &'a [f64],
    pub weights: &'a [f64; 6],
    pub slopes: &'a [f64],
    pub out: &'a mut [f64],
}

impl<const M: usize> Combine<'_, M> {
    pub(super) fn go(self) {
        dispatch(self);
    }
}

impl<const M: usize> Kernel for Combine<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Combine { x, h, weights, slopes, out } = self;
        let (width, whole) = (h.len(), x.len());
        for ((row, x), out) in x.chunks_exact(width).enumerate().zip(out.chunks_exact_mut(width)) {
            let part = |s: usize| &slopes[s * whole + row * width..][..width];
            let parts: [&[f64]; M] = std::array::from_fn(part);
            for l in 0..width {
                let mut sum = weights[0] * parts[0][l];
                for s in 1..M {
                    sum += weights[s] * parts[s][l];
                }
                out[l] = x[l] + h[l] * sum;
            }
        }
    }
}

/// The error of the step in work and the estimate of h |λ|.
pub(super) struct Judge<'a> {
    pub lanes: &'a mut Lanes,
    pub tableau: &'a Tableau,
    pub x: &'a [f64],
    pub after: &'a [f64],
    pub stage: &'a [f64],
    pub slopes: &'a [f64],
    pub absolute: &'a [f64],
    pub relative: f64,
    /// Scratch of a column: squares of the distance between the last two stages.
    pub apart: &'a mut [f64],
}

impl<'a> Kernel for Judge<'a> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Judge { lanes, tableau, x, after, stage, slopes, absolute, relative, apart } = self;
        let Lanes { trial, error, reach, .. } = lanes;
        let (width, whole) = (apart.len(), x.len());
        let (error, reach, trial) = (&mut error[..width], &mut reach[..width], &trial[..width]);
        error.fill(0.0);
        reach.fill(0.0);
        apart.fill(0.0);
        let weights = &tableau.error;
        for (row, absolute) in absolute.iter().enumerate() {
            let part = |all: &'a [f64]| &all[row * width..][..width];
            let (x, after, stage) = (part(x), part(after), part(stage));
            let parts: [&[f64]; 7] = std::array::from_fn(|s| &slopes[s * whole + row * width..][..width]);
            for l in 0..width {
                let mut sum = weights[0] * parts[0][l];
                for s in 1..7 {
                    sum += weights[s] * parts[s][l];
                }
                let (before, now) = (x[l].abs(), after[l].abs());
                let size = if before > now { before } else { now };
                let scaled = trial[l] * sum / (absolute + relative * size);
                error[l] += scaled * scaled;
                let (slope, state) = (parts[6][l] - parts[5][l], after[l] - stage[l]);
                reach[l] += slope * slope;
                apart[l] += state * state;
            }
        }
        let share = 1.0 / absolute.len() as f64;
        for l in 0..width {
            error[l] = (error[l] * share).sqrt();
            let ratio = (reach[l] / apart[l]).sqrt();
            reach[l] = if apart[l] > 0.0 { trial[l] * ratio } else { 0.0 };
        }
    }
}

/// The next step of every lane, and what each wants.
pub(super) struct Choose<'a> {
    pub lanes: &'a mut Lanes,
    pub controller: Controller,
    pub stability: f64,
    pub longest_step: f64,
    pub most_steps: f64,
}

impl Kernel for Choose<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Choose { lanes, controller, stability, longest_step, most_steps } = self;
        let width = lanes.t.len();
        let Lanes { t, to, step, trial, end, error, reach, .. } = lanes;
        let (t, to, step, trial) = (&t[..width], &to[..width], &mut step[..width], &trial[..width]);
        let (end, error, reach) = (&end[..width], &error[..width], &reach[..width]);
        let (log_error, ceiling) = (&mut lanes.log_error[..width], &mut lanes.ceiling[..width]);
        let (beyond, within) = (&mut lanes.beyond[..width], &mut lanes.within[..width]);
        let (tried, accepted) = (&mut lanes.tried[..width], &mut lanes.accepted[..width]);
        let (ask, busy, wants) = (&lanes.ask[..width], &lanes.busy[..width], &mut lanes.wants[..width]);
        for l in 0..width {
            let mut lane = controller;
            lane.memory = Memory { log_error: log_error[l], ceiling: ceiling[l] };
            let next = lane.next(trial[l], step[l], error[l]);
            let next = if next < longest_step { next } else { longest_step };
            step[l] = next;
            log_error[l] = lane.memory.log_error;
            ceiling[l] = lane.memory.ceiling;

            let good = error[l] <= 1.0;
            let mut watch = StiffnessWatch { beyond: beyond[l], within: within[l], ..Default::default() };
            let stiff = watch.stiff(reach[l], stability) & good & (to[l] - end[l] > HOPELESS * trial[l]);
            beyond[l] = if good { watch.beyond } else { beyond[l] };
            within[l] = if good { watch.within } else { within[l] };
            tried[l] += busy[l];
            accepted[l] += if good { busy[l] } else { 0.0 };

            let lost = !good & too_short(next, t[l], to[l]);
            let over = (good & (end[l] == to[l])) | lost | stiff | (tried[l] >= most_steps);
            let say = |wish: bool, what: u8| if wish { f64::from(what) } else { 0.0 };
            let show = say(good & (ask[l] <= end[l]), SHOW);
            wants[l] = busy[l] * (show + say(good & (accepted[l] == 1.0), FIRST) + say(over, END));
        }
    }
}

/// Moves the lanes whose step was good enough.
pub(super) struct Commit<'a> {
    pub lanes: &'a mut Lanes,
    pub x: &'a mut [f64],
    pub after: &'a [f64],
    pub slopes: &'a mut [f64],
}

impl Kernel for Commit<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Commit { lanes, x, after, slopes } = self;
        let whole = x.len();
        let width = lanes.t.len();
        let error = &lanes.error[..width];
        let (first, rest) = slopes.split_at_mut(whole);
        let last = &rest[5 * whole..];
        let rows = x.chunks_exact_mut(width).zip(after.chunks_exact(width));
        for ((x, after), (first, last)) in
            rows.zip(first.chunks_exact_mut(width).zip(last.chunks_exact(width)))
        {
            for l in 0..width {
                let good = error[l] <= 1.0;
                x[l] = if good { after[l] } else { x[l] };
                first[l] = if good { last[l] } else { first[l] };
            }
        }
        for ((t, end), error) in lanes.t.iter_mut().zip(&lanes.end).zip(error) {
            *t = if *error <= 1.0 { *end } else { *t };
        }
    }
}
