//! The arithmetic of a step over many lanes, compiled for the widest instructions. State i of lane l stands at
//! `i * width + l`; no lane looks at another, so a lane's numbers do not depend on its company.

use crate::math::dispatch::{Kernel, dispatch};

use super::control::{Controller, HOPELESS, Memory, StiffnessWatch, cut, too_short};
use super::eighth::{FIFTH, THIRD, Term, USED};

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
    /// Estimate of h |λ| of the step before, and scratch for it.
    pub reach: Vec<f64>,
    pub apart: Vec<f64>,
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

/// What a lane wants, for [`Lanes::wants`], where it does.
#[inline(always)]
pub(super) fn wish(holds: bool, what: u8) -> f64 {
    if holds { f64::from(what) } else { 0.0 }
}

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
            apart: column(),
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

/// Writes x + h times the sum of one to nine slopes with their weights.
pub(super) fn combine(x: &[f64], h: &[f64], terms: &[Term], slopes: &[f64], out: &mut [f64]) {
    match terms.len() {
        1 => dispatch(Combine::<1> { x, h, terms, slopes, out }),
        2 => dispatch(Combine::<2> { x, h, terms, slopes, out }),
        3 => dispatch(Combine::<3> { x, h, terms, slopes, out }),
        4 => dispatch(Combine::<4> { x, h, terms, slopes, out }),
        5 => dispatch(Combine::<5> { x, h, terms, slopes, out }),
        6 => dispatch(Combine::<6> { x, h, terms, slopes, out }),
        7 => dispatch(Combine::<7> { x, h, terms, slopes, out }),
        8 => dispatch(Combine::<8> { x, h, terms, slopes, out }),
        _ => dispatch(Combine::<9> { x, h, terms, slopes, out }),
    }
}

struct Combine<'a, const M: usize> {
    x: &'a [f64],
    h: &'a [f64],
    terms: &'a [Term],
    slopes: &'a [f64],
    out: &'a mut [f64],
}

impl<const M: usize> Kernel for Combine<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Combine { x, h, terms, slopes, out } = self;
        let (width, whole) = (h.len(), x.len());
        let terms: [Term; M] = std::array::from_fn(|k| terms[k]);
        for ((row, x), out) in x.chunks_exact(width).enumerate().zip(out.chunks_exact_mut(width)) {
            let part = |k: usize| &slopes[terms[k].0 * whole + row * width..][..width];
            let parts: [&[f64]; M] = std::array::from_fn(part);
            for l in 0..width {
                let mut sum = terms[0].1 * parts[0][l];
                for k in 1..M {
                    sum += terms[k].1 * parts[k][l];
                }
                out[l] = x[l] + h[l] * sum;
            }
        }
    }
}

/// The estimate of h |λ| of the step before, from the two slopes at its end: that of the last stage and that of the
/// solution. 0 where there was none that led on.
pub(super) struct Reach<'a> {
    pub lanes: &'a mut Lanes,
    pub x: &'a [f64],
    pub stage: &'a [f64],
    pub slope: &'a [f64],
    pub last: &'a [f64],
}

impl Kernel for Reach<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Reach { lanes, x, stage, slope, last } = self;
        let Lanes { trial, error, reach, apart, accepted, .. } = lanes;
        let width = trial.len();
        let (error, accepted, trial) = (&error[..width], &accepted[..width], &trial[..width]);
        let (reach, apart) = (&mut reach[..width], &mut apart[..width]);
        reach.fill(0.0);
        apart.fill(0.0);
        let rows = x.chunks_exact(width).zip(stage.chunks_exact(width));
        for ((x, stage), (slope, last)) in rows.zip(slope.chunks_exact(width).zip(last.chunks_exact(width))) {
            for l in 0..width {
                let (slope, state) = (slope[l] - last[l], x[l] - stage[l]);
                reach[l] += slope * slope;
                apart[l] += state * state;
            }
        }
        for l in 0..width {
            let estimate = trial[l] * (reach[l] / apart[l]).sqrt();
            let known = (error[l] <= 1.0) & (accepted[l] > 0.0) & (apart[l] > 0.0);
            reach[l] = if known { estimate } else { 0.0 };
        }
    }
}

/// The error of the step in work.
pub(super) struct Judge<'a> {
    pub lanes: &'a mut Lanes,
    pub x: &'a [f64],
    pub after: &'a [f64],
    pub slopes: &'a [f64],
    pub absolute: &'a [f64],
    pub relative: f64,
    /// Scratch of a column: squares of the error of order 3.
    pub third: &'a mut [f64],
}

impl<'a> Kernel for Judge<'a> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Judge { lanes, x, after, slopes, absolute, relative, third } = self;
        let Lanes { trial, error, .. } = lanes;
        let (width, whole) = (third.len(), x.len());
        let (error, trial) = (&mut error[..width], &trial[..width]);
        error.fill(0.0);
        third.fill(0.0);
        for (row, absolute) in absolute.iter().enumerate() {
            let part = |all: &'a [f64]| &all[row * width..][..width];
            let (x, after) = (part(x), part(after));
            let parts: [&[f64]; 8] =
                std::array::from_fn(|k| &slopes[USED[k] * whole + row * width..][..width]);
            for l in 0..width {
                let (mut high, mut low) = (FIFTH[0] * parts[0][l], THIRD[0] * parts[0][l]);
                for k in 1..8 {
                    high += FIFTH[k] * parts[k][l];
                    low += THIRD[k] * parts[k][l];
                }
                let (before, now) = (x[l].abs(), after[l].abs());
                let size = if before > now { before } else { now };
                let scale = trial[l] / (absolute + relative * size);
                let (high, low) = (scale * high, scale * low);
                error[l] += high * high;
                third[l] += low * low;
            }
        }
        let states = absolute.len() as f64;
        for l in 0..width {
            let both = ((error[l] + 0.01 * third[l]) * states).sqrt();
            error[l] = if both > 0.0 { error[l] / both } else { both };
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
            let show = wish(good & (ask[l] <= end[l]), SHOW);
            wants[l] = busy[l] * (show + wish(good & (accepted[l] == 1.0), FIRST) + wish(over, END));
        }
    }
}

/// Moves the lanes whose step was good enough.
pub(super) struct Commit<'a> {
    pub lanes: &'a mut Lanes,
    pub x: &'a mut [f64],
    pub after: &'a [f64],
}

impl Kernel for Commit<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Commit { lanes, x, after } = self;
        let width = lanes.t.len();
        let error = &lanes.error[..width];
        for (x, after) in x.chunks_exact_mut(width).zip(after.chunks_exact(width)) {
            for l in 0..width {
                x[l] = if error[l] <= 1.0 { after[l] } else { x[l] };
            }
        }
        for ((t, end), error) in lanes.t.iter_mut().zip(&lanes.end).zip(error) {
            *t = if *error <= 1.0 { *end } else { *t };
        }
    }
}
