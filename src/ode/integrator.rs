//! The driver: steps from one end of an interval to the other, serving the times asked for on its way.

use super::control::{Controller, HOPELESS, StiffnessWatch, check_interval, cut, first_step, too_short};
use super::explicit::Explicit;
use super::rosenbrock::Rosenbrock;
use super::tableau::{DORMAND_PRINCE, TSITOURAS, Tableau};
use super::{FirstStep, Method, OdeError, Settings, Statistics, System};

/// Integrates systems of any size, keeping its scratch: after the first interval of a size nothing is allocated.
///
/// Between intervals it remembers the length of step and what it saw of stiffness; call
/// [`Integrator::forget`] before a new subject, so that each subject's numbers depend on that subject alone.
#[derive(Debug)]
pub struct Integrator {
    settings: Settings,
    explicit: Explicit,
    rosenbrock: Rosenbrock,
    slope: Vec<f64>,
    shown: Vec<f64>,
    next_step: Option<f64>,
    stiff: bool,
    watch: StiffnessWatch,
}

/// Where an integration stands.
struct Progress<'a> {
    t: f64,
    to: f64,
    /// The step to try next, before it is cut at the end.
    step: f64,
    controller: Controller,
    statistics: Statistics,
    asked: &'a [f64],
    /// How many of `asked` are served.
    served: usize,
}

impl Integrator {
    /// An integrator with these settings.
    pub fn new(settings: Settings) -> Self {
        Integrator {
            settings,
            explicit: Explicit::default(),
            rosenbrock: Rosenbrock::default(),
            slope: Vec::new(),
            shown: Vec::new(),
            next_step: None,
            stiff: false,
            watch: StiffnessWatch::default(),
        }
    }

    /// Forgets the step and the stiffness of the intervals before.
    pub fn forget(&mut self) {
        self.next_step = None;
        self.stiff = false;
        self.watch = StiffnessWatch::default();
    }

    /// Whether the system was stiff when the last interval ended: the stiff method is at work.
    pub fn is_stiff(&self) -> bool {
        self.stiff || self.settings.method == Method::Rosenbrock
    }

    /// Integrates `system` from time `from` to time `to`. `x` holds the state at `from` and gets that at `to`.
    ///
    /// `asked` are times in [from, to], in order; for each `visit` is called with its index, the time and the state.
    /// An empty interval is no error: it serves the times asked for and leaves the state.
    ///
    /// # Errors
    /// [`OdeError`]; `x` is then the state at the last time that was reached.
    pub fn integrate<S: System + ?Sized>(
        &mut self,
        system: &mut S,
        from: f64,
        x: &mut [f64],
        to: f64,
        asked: &[f64],
        mut visit: impl FnMut(usize, f64, &[f64]),
    ) -> Result<Statistics, OdeError> {
        check_interval(from, to, asked)?;
        self.fit(system.dimension(), x.len())?;
        let mut at = Progress {
            t: from,
            to,
            step: 0.0,
            controller: if self.is_stiff() { Controller::rosenbrock() } else { Controller::explicit() },
            statistics: Statistics::default(),
            asked,
            served: 0,
        };
        while let Some(&time) = asked.get(at.served).filter(|time| **time <= from) {
            visit(at.served, time, x);
            at.served += 1;
        }
        if from == to {
            return Ok(at.statistics);
        }
        system.rhs(from, x, &mut self.slope);
        at.statistics.rhs += 1;
        if !self.slope.iter().chain(x.iter()).all(|v| v.is_finite()) {
            return Err(OdeError::NonFinite { time: from, steps: 0 });
        }
        at.step = self.first(system, from, x, to, &mut at.statistics);
        while at.t < to {
            self.step(system, x, &mut at, &mut visit)?;
        }
        self.next_step = Some(at.step);
        Ok(at.statistics)
    }

    /// Makes the scratch fit, after checking the sizes.
    fn fit(&mut self, n: usize, state: usize) -> Result<(), OdeError> {
        if state != n || n == 0 {
            return Err(OdeError::Dimension { what: "state", expected: n, found: state });
        }
        if let Some(found) = self.settings.tolerances.states().filter(|found| *found != n) {
            return Err(OdeError::Dimension { what: "list of absolute tolerances", expected: n, found });
        }
        self.rosenbrock.moved();
        if self.slope.len() != n {
            self.slope.resize(n, 0.0);
            self.shown.resize(n, 0.0);
            self.explicit.resize(n);
            self.rosenbrock.resize(n);
            self.forget();
        }
        Ok(())
    }

    fn first<S: System + ?Sized>(
        &mut self,
        system: &mut S,
        from: f64,
        x: &[f64],
        to: f64,
        statistics: &mut Statistics,
    ) -> f64 {
        let longest = (to - from).min(self.settings.longest_step);
        match (self.settings.first_step, self.next_step) {
            (FirstStep::Given(h), _) | (FirstStep::Carried, Some(h)) => h.min(longest),
            _ => first_step(
                system,
                from,
                x,
                &self.slope,
                longest,
                &self.settings.tolerances,
                &mut self.explicit.end,
                &mut self.shown,
                statistics,
            ),
        }
    }

    fn tableau(&self) -> &'static Tableau {
        if self.settings.method == Method::DormandPrince { &DORMAND_PRINCE } else { &TSITOURAS }
    }

    /// Tries one step and, where it is good enough, goes on to its end.
    fn step<S: System + ?Sized>(
        &mut self,
        system: &mut S,
        x: &mut [f64],
        at: &mut Progress,
        visit: &mut impl FnMut(usize, f64, &[f64]),
    ) -> Result<(), OdeError> {
        let tried = at.statistics.steps + at.statistics.rejected;
        if tried >= self.settings.most_steps {
            return Err(OdeError::TooManySteps { time: at.t, steps: tried });
        }
        let left = at.to - at.t;
        let h = cut(at.step.min(self.settings.longest_step), left);
        let end = if h == left { at.to } else { at.t + h };
        let error = if self.is_stiff() {
            self.rosenbrock.attempt(
                system,
                at.t,
                x,
                &self.slope,
                h,
                at.to,
                &self.settings.tolerances,
                &mut at.statistics,
            )
        } else {
            let tableau = self.tableau();
            self.explicit.attempt(
                tableau,
                system,
                at.t,
                x,
                &self.slope,
                h,
                &self.settings.tolerances,
                &mut at.statistics,
            )
        };
        if error.is_nan() || error > 1.0 {
            at.statistics.rejected += 1;
            at.step = at.controller.next(h, at.step, error);
            return self.check_step(at, error);
        }
        at.statistics.steps += 1;
        at.step = at.controller.next(h, at.step, error);
        self.serve(x, at, h, end, visit);
        at.t = end;
        if self.is_stiff() {
            x.copy_from_slice(&self.rosenbrock.end);
        } else {
            x.copy_from_slice(&self.explicit.end);
        }
        self.move_on(system, x, at, h)
    }

    /// Refuses a step that the floating-point time cannot make.
    fn check_step(&self, at: &Progress, error: f64) -> Result<(), OdeError> {
        let steps = at.statistics.steps;
        if !too_short(at.step, at.t, at.to) {
            Ok(())
        } else if error.is_finite() {
            Err(OdeError::StepUnderflow { time: at.t, step: at.step, steps })
        } else if self.is_stiff() && self.rosenbrock.singular {
            Err(OdeError::Singular { time: at.t, steps })
        } else {
            Err(OdeError::NonFinite { time: at.t, steps })
        }
    }

    /// Shows the states at the times asked for within the step from `at.t` to `end`.
    fn serve(
        &mut self,
        x: &[f64],
        at: &mut Progress,
        h: f64,
        end: f64,
        visit: &mut impl FnMut(usize, f64, &[f64]),
    ) {
        let stiff = self.is_stiff();
        let tableau = self.tableau();
        while let Some(&time) = at.asked.get(at.served).filter(|time| **time <= end) {
            if time < end {
                let theta = (time - at.t) / h;
                if stiff {
                    self.rosenbrock.interpolate(x, theta, &mut self.shown);
                } else {
                    self.explicit.interpolate(tableau, x, h, theta, &mut self.shown);
                }
                visit(at.served, time, &self.shown);
            } else {
                visit(at.served, time, if stiff { &self.rosenbrock.end } else { &self.explicit.end });
            }
            at.served += 1;
        }
    }

    /// Prepares the next step: the slope at its begin, and the method.
    fn move_on<S: System + ?Sized>(
        &mut self,
        system: &mut S,
        x: &[f64],
        at: &mut Progress,
        h: f64,
    ) -> Result<(), OdeError> {
        let stability = self.tableau().stability;
        if self.is_stiff() {
            let relaxed = self.stiff && self.watch.relaxed(self.rosenbrock.reach(h), stability);
            self.rosenbrock.moved();
            if at.t < at.to {
                system.rhs(at.t, x, &mut self.slope);
                at.statistics.rhs += 1;
                if !self.slope.iter().all(|v| v.is_finite()) {
                    return Err(OdeError::NonFinite { time: at.t, steps: at.statistics.steps });
                }
            }
            if relaxed {
                self.switch(at, false);
            }
            return Ok(());
        }
        self.slope.copy_from_slice(self.explicit.end_slope());
        let stiff = self.watch.stiff(self.explicit.reach(h), stability);
        let steps_left = (at.to - at.t) / h;
        if self.settings.method == Method::Automatic {
            // For the last few steps of an interval a change does not pay.
            if (stiff && steps_left > 10.0) || self.watch.toilsome() {
                self.switch(at, true);
            }
        } else if stiff && steps_left > HOPELESS {
            return Err(OdeError::Stiff { time: at.t, steps: at.statistics.steps });
        }
        Ok(())
    }

    fn switch(&mut self, at: &mut Progress, stiff: bool) {
        self.stiff = stiff;
        at.statistics.switches += 1;
        self.watch = StiffnessWatch::default();
        at.controller = if stiff { Controller::rosenbrock() } else { Controller::explicit() };
    }
}
