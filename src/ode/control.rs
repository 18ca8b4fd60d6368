//! The choice of steps: the controller, the first step and the watch for stiffness.

use super::{OdeError, Statistics, System, Tolerances};

/// A proportional-integral controller (Gustafsson 1991; Hairer and Wanner 1996, IV.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Controller {
    proportional: f64,
    integral: f64,
    grow: f64,
    previous: f64,
    after_rejection: bool,
}

const SAFETY: f64 = 0.9;
const SHRINK: f64 = 0.2;
/// Smaller errors than this say nothing about the next step.
const LEAST_ERROR: f64 = 1e-4;

impl Controller {
    /// For an explicit pair of order 5(4), with the constants of Hairer's DOPRI5.
    pub(super) fn explicit() -> Self {
        Controller {
            proportional: 0.2 - 0.04 * 0.75,
            integral: 0.04,
            grow: 10.0,
            previous: LEAST_ERROR,
            after_rejection: false,
        }
    }

    /// For a Rosenbrock method of order 5(4), with the constants of Hairer's RODAS.
    pub(super) fn rosenbrock() -> Self {
        Controller { proportional: 0.2, integral: 0.0, grow: 6.0, ..Self::explicit() }
    }

    /// The step after an accepted one of length `h` with this error (1 is the tolerance).
    pub(super) fn accepted(&mut self, h: f64, error: f64) -> f64 {
        let mut factor = if error == 0.0 {
            self.grow
        } else {
            let wanted = SAFETY * libm::pow(error, -self.proportional);
            let damped =
                if self.integral == 0.0 { wanted } else { wanted * libm::pow(self.previous, self.integral) };
            damped.clamp(SHRINK, self.grow)
        };
        if self.after_rejection {
            factor = factor.min(1.0);
        }
        self.previous = error.max(LEAST_ERROR);
        self.after_rejection = false;
        h * factor
    }

    /// Whether the step proposed after one of length `h` is only limited by the rule of growth.
    pub(super) fn unbounded(&self, h: f64, proposed: f64) -> bool {
        proposed >= h * self.grow
    }

    /// The step to try after a rejected one of length `h`; an error that is not finite is far too large.
    pub(super) fn rejected(&mut self, h: f64, error: f64) -> f64 {
        self.after_rejection = true;
        if error.is_finite() {
            h * (SAFETY * libm::pow(error, -self.proportional)).clamp(SHRINK, 1.0)
        } else {
            h * 0.1
        }
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
    let second = if most <= 1e-15 { (guess * 1e-3).max(1e-6) } else { libm::pow(0.01 / most, 0.2) };
    (100.0 * guess).min(second).min(longest)
}

/// Counts steps whose length is set by stability, not by accuracy (Hairer and Wanner 1996, IV.2): the estimate is
/// h |λ| from two slopes at the end of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StiffnessWatch {
    beyond: usize,
    within: usize,
    toiling: usize,
}

impl StiffnessWatch {
    /// Notes an estimate of h |λ| and says whether the system is certainly stiff.
    pub(super) fn stiff(&mut self, reach: f64, stability: f64) -> bool {
        self.toiling = if reach > 0.5 { self.toiling + 1 } else { 0 };
        // A little inside the border: there the step oscillates between acceptance and rejection.
        if reach > 0.93 * stability {
            self.within = 0;
            self.beyond += 1;
            return self.beyond >= 15;
        }
        self.within += 1;
        if self.within == 6 {
            self.beyond = 0;
        }
        false
    }

    /// Whether so many steps were short of what h |λ| = 0.5 allows that the stiff method is worth a trial. At tight
    /// tolerances the error estimate of fast components that are at rest holds an explicit step well within its
    /// region of stability, where [`StiffnessWatch::stiff`] sees nothing.
    pub(super) fn toilsome(&self) -> bool {
        self.toiling >= 1000
    }

    /// Notes h |J| of a stiff step and says whether an explicit method would do as well.
    pub(super) fn relaxed(&mut self, reach: f64, stability: f64) -> bool {
        if reach < 0.5 * stability {
            self.within += 1
        } else {
            self.within = 0
        }
        self.within >= 10
    }
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
        assert_eq!(c.accepted(1.0, 0.0), 10.0);
        assert_eq!(c.accepted(1.0, 1e-300), 10.0);
        assert_eq!(c.rejected(1.0, 1e30), 0.2);
        assert_eq!(c.rejected(1.0, f64::NAN), 0.1);
        assert_eq!(c.accepted(1.0, 1e-300), 1.0, "no growth right after a rejection");
        assert!(c.accepted(1.0, 0.9) < 1.0);
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
