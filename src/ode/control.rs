//! The choice of steps: the controller, the first step and the watch for stiffness.

use crate::math;

use super::{OdeError, Statistics, System, Tolerances};

/// A proportional-integral controller (Gustafsson 1991; Hairer and Wanner 1996, IV.2). It has no branches, so that it
/// also runs in lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Controller {
    proportional: f64,
    integral: f64,
    grow: f64,
    /// What the steps before leave behind.
    pub memory: Memory,
}

/// What a controller remembers between steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// Logarithm of the last accepted error.
    pub log_error: f64,
    /// The factor by which the next step may grow: 1 after a rejection.
    pub ceiling: f64,
}

const SAFETY: f64 = 0.9;
const SHRINK: f64 = 0.2;
/// The factor where the error is not a finite number.
const RETREAT: f64 = 0.1;
/// Logarithm of 1e-4: smaller errors say nothing about the next step.
const LEAST_LOG_ERROR: f64 = -9.210_340_371_976_182;

impl Controller {
    /// For an explicit pair of order 5(4), with the constants of Hairer's DOPRI5.
    pub(super) fn explicit() -> Self {
        Self::new(0.2 - 0.04 * 0.75, 0.04, 10.0)
    }

    /// For an explicit method of order 8(5,3), with a little of the integral that Hairer's DOP853 leaves out: without it
    /// the long steps of the high order are rejected too often.
    pub(super) fn eighth() -> Self {
        Self::new(0.125 - 0.04 * 0.75, 0.04, 6.0)
    }

    /// For a Rosenbrock method of order 5(4), with the constants of Hairer's RODAS.
    pub(super) fn rosenbrock() -> Self {
        Self::new(0.2, 0.0, 6.0)
    }

    fn new(proportional: f64, integral: f64, grow: f64) -> Self {
        let memory = Memory { log_error: LEAST_LOG_ERROR, ceiling: grow };
        Controller { proportional, integral, grow, memory }
    }

    /// The step to try after one of length `h` with this error (1 is the tolerance, more is a rejection) that was
    /// taken where `wanted` was planned.
    #[inline(always)]
    pub(super) fn next(&mut self, h: f64, wanted: f64, error: f64) -> f64 {
        let accepted = error <= 1.0;
        let log_error = math::ln(error);
        let damping = if accepted { self.integral * self.memory.log_error } else { 0.0 };
        // No error at all has the logarithm -∞, and the factor ends at its bound.
        let factor = SAFETY * math::exp(damping - self.proportional * log_error);
        let ceiling = if accepted { self.memory.ceiling } else { 1.0 };
        let factor = if factor < SHRINK { SHRINK } else { factor };
        let factor = if factor > ceiling { ceiling } else { factor };
        let factor = if error < f64::INFINITY { factor } else { RETREAT };
        let step = h * factor;
        let kept = if log_error < LEAST_LOG_ERROR { LEAST_LOG_ERROR } else { log_error };
        self.memory.log_error = if accepted { kept } else { self.memory.log_error };
        self.memory.ceiling = if accepted { self.grow } else { 1.0 };
        // A step that was cut short and went too well says nothing against the longer one that was planned.
        if accepted && factor >= self.grow && step < wanted { wanted } else { step }
    }
}

/// The step to make of the one that is wanted with this much left: neither beyond the end nor leaving a sliver before
/// it. All that is left makes it the last.
#[inline(always)]
pub(super) fn cut(wanted: f64, left: f64) -> f64 {
    if 1.01 * wanted >= left {
        left
    } else if 2.0 * wanted > left {
        0.5 * left
    } else {
        wanted
    }
}

/// Estimates the first step from the slope at the begin and after a small Euler step (Hairer, Nørsett and Wanner
/// 1993, II.4), at most `longest`. `probe` and `probe_slope` are scratch.
#[allow(clippy::too_many_arguments)]
pub(super) fn first_step<S: System + ?Sized>(
    system: &mut S,
    t: f64,
    x: &[f64],
    slope: &[f64],
    longest: f64,
    tolerances: &Tolerances,
    probe: &mut [f64],
    probe_slope: &mut [f64],
    statistics: &mut Statistics,
) -> f64 {
    let size = tolerances.norm(|i| x[i], x, x);
    let speed = tolerances.norm(|i| slope[i], x, x);
    let guess = if size < 1e-5 || speed < 1e-5 { 1e-6 } else { 0.01 * size / speed };
    let guess = guess.min(longest);
    for (p, (x, s)) in probe.iter_mut().zip(x.iter().zip(slope)) {
        *p = x + guess * s;
    }
    system.rhs(t + guess, probe, probe_slope);
    statistics.rhs += 1;
    let bend = tolerances.norm(|i| probe_slope[i] - slope[i], x, x) / guess;
    if !bend.is_finite() {
        return guess;
    }
    let most = speed.max(bend);
    if most == 0.0 {
        // At rest: the error estimate will notice if something begins to move.
        return longest;
    }
    let second =
        if most <= 1e-15 { (guess * 1e-3).max(1e-6) } else { math::exp(0.2 * math::ln(0.01 / most)) };
    (100.0 * guess).min(second).min(longest)
}

/// An explicit method that meets stiffness goes on where no more than this many steps are left.
pub(super) const HOPELESS: f64 = 2000.0;

/// A little inside the border of stability: there steps oscillate between acceptance and rejection.
pub(super) const INSIDE: f64 = 0.93;

/// Counts steps whose length is set by stability, not by accuracy (Hairer and Wanner 1996, IV.2): the estimate is
/// h |λ| from two slopes at the end of a step. Counts are floating-point numbers so that they also run in lanes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StiffnessWatch {
    pub beyond: f64,
    pub within: f64,
    pub toiling: f64,
}

impl StiffnessWatch {
    /// Notes an estimate of h |λ| after an accepted step and says whether the system is certainly stiff.
    #[inline(always)]
    pub(super) fn stiff(&mut self, reach: f64, stability: f64) -> bool {
        self.toiling = if reach > 0.5 { self.toiling + 1.0 } else { 0.0 };
        self.note(reach > INSIDE * stability)
    }

    /// Notes whether an accepted step was as long as stability allows and says whether the system is certainly stiff.
    #[inline(always)]
    pub(super) fn note(&mut self, over: bool) -> bool {
        self.within = if over { 0.0 } else { self.within + 1.0 };
        let calm = if self.within == 6.0 { 0.0 } else { self.beyond };
        self.beyond = if over { self.beyond + 1.0 } else { calm };
        over & (self.beyond >= 15.0)
    }

    /// Whether so many steps were short of what h |λ| = 0.5 allows that the stiff method is worth a trial. At tight
    /// tolerances the error estimate of fast components that are at rest holds an explicit step well within its
    /// region of stability, where [`StiffnessWatch::stiff`] sees nothing.
    pub(super) fn toilsome(&self) -> bool {
        self.toiling >= 1000.0
    }

    /// Notes h |J| of a stiff step and says whether an explicit method would do as well.
    pub(super) fn relaxed(&mut self, reach: f64, stability: f64) -> bool {
        self.within = if reach < 0.5 * stability { self.within + 1.0 } else { 0.0 };
        self.within >= 10.0
    }
}

/// Whether a step is too short for the floating-point time between `time` and `to`.
#[inline(always)]
pub(super) fn too_short(step: f64, time: f64, to: f64) -> bool {
    let (a, b) = (time.abs(), to.abs());
    let scale = if a > b { a } else { b };
    (step <= 8.0 * f64::EPSILON * scale) | (step <= f64::MIN_POSITIVE)
}

/// What is asked of an integration, checked.
pub(super) fn check_interval(from: f64, to: f64, asked: &[f64]) -> Result<(), OdeError> {
    if !(from.is_finite() && to.is_finite() && from <= to) {
        return Err(OdeError::Interval { from, to });
    }
    let mut before = from;
    for (index, &time) in asked.iter().enumerate() {
        if !(before..=to).contains(&time) {
            return Err(OdeError::AskedTime { index, time });
        }
        before = time;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_and_shrink_within_bounds() {
        let mut c = Controller::explicit();
        assert_eq!(c.next(1.0, 1.0, 0.0), 10.0);
        assert_eq!(c.next(1.0, 1.0, 1e-300), 10.0);
        assert_eq!(c.next(1.0, 50.0, 1e-300), 50.0, "the step was cut short");
        assert_eq!(c.next(1.0, 1.0, 1e30), 0.2);
        assert_eq!(c.next(1.0, 1.0, f64::NAN), 0.1);
        assert_eq!(c.next(1.0, 1.0, f64::INFINITY), 0.1);
        assert_eq!(c.next(1.0, 1.0, 1e-300), 1.0, "no growth right after a rejection");
        assert!(c.next(1.0, 1.0, 0.9) < 1.0);
        // 0.9 * 0.5^-0.17 * 0.9^0.04.
        let next = c.next(2.0, 2.0, 0.5);
        assert!((next / 2.0 - 1.008_294_3).abs() < 1e-6, "{next}");
    }

    #[test]
    fn cutting_leaves_no_slivers() {
        assert_eq!([cut(1.0, 5.0), cut(1.0, 1.9), cut(1.0, 1.005), cut(3.0, 1.0)], [1.0, 0.95, 1.005, 1.0]);
    }

    #[test]
    fn stiffness_needs_fifteen_signs_and_six_good_steps_forget_them() {
        let mut w = StiffnessWatch::default();
        assert!((0..14).all(|_| !w.stiff(4.0, 3.3)));
        assert!(w.stiff(4.0, 3.3));
        let mut w = StiffnessWatch::default();
        assert!((0..14).all(|_| !w.stiff(4.0, 3.3)));
        assert!((0..6).all(|_| !w.stiff(1.0, 3.3)));
        assert!(!w.stiff(4.0, 3.3));
    }

    #[test]
    fn a_thousand_middling_steps_are_toil_and_one_easy_step_is_rest() {
        let mut w = StiffnessWatch::default();
        assert!((0..999).all(|_| !w.stiff(0.8, 3.3) && !w.toilsome()));
        assert!(!w.stiff(0.8, 3.3) && w.toilsome());
        assert!(!w.stiff(0.1, 3.3) && !w.toilsome());
    }
}
