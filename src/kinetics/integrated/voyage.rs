//! Lanes of a block on their ways through a field: side by side by the explicit method; a lane whose system proves
//! stiff goes on by itself with the stiff one.

use super::field::{Field, Lanes};
use crate::expr::Column;
use crate::model::{Method, Model};
use crate::ode::{
    self, Ended, Fleet, FleetIntegrator, Integrator, Leg, OdeError, Settings, SettingsError, Start,
    Tolerances,
};

/// Lanes worked on side by side: few enough that their stages stay in the first-level cache.
const WIDTH: usize = 64;

/// A leg of no length.
const REST: Leg = Leg { from: 0.0, to: 0.0, ask: f64::INFINITY, start: Start::Anew };

/// Where lanes go. Lanes are counted over the whole block; a lane must not depend on another.
pub(crate) trait Way {
    /// The next stretch of a lane that stands at `x`, which may be changed; `None` at the end of the way.
    fn next(&mut self, lane: usize, x: &mut [f64]) -> Option<Leg>;

    /// Shows a state that a leg asked for; returns the next time to ask for.
    fn seen(&mut self, lane: usize, t: f64, x: &[f64]) -> f64 {
        let _ = (lane, t, x);
        f64::INFINITY
    }

    /// The rates into the states of a lane on its present leg; none where there are no inputs.
    fn rates(&self, lane: usize) -> &[f64] {
        let _ = lane;
        &[]
    }
}

/// How the equations of a model over blocks are integrated.
#[derive(Clone, Debug)]
pub(crate) struct Integration {
    pub(super) method: Method,
    pub(super) tolerances: Tolerances,
    explicit: Settings,
    pub(super) alone: Settings,
}

impl Integration {
    /// The method and tolerances of a model, whose states are followed by so many areas.
    ///
    /// # Errors
    /// Where the tolerances are of no use.
    pub(crate) fn new(model: &Model, areas: usize) -> Result<Self, SettingsError> {
        let solver = model.solver();
        let absolute = model.compartments().iter().map(|c| c.unit.to_coherent(solver.absolute));
        let absolute = absolute.chain(std::iter::repeat_n(solver.absolute, areas)).collect();
        let tolerances = Tolerances::per_state(solver.relative, absolute)?;
        let alone = match solver.method {
            Method::Automatic => ode::Method::Automatic,
            Method::Explicit => ode::Method::Tsitouras,
            Method::Stiff => ode::Method::Rosenbrock,
        };
        Ok(Integration {
            method: solver.method,
            explicit: Settings::new(ode::Method::Tsitouras, tolerances.clone()),
            alone: Settings::new(alone, tolerances.clone()),
            tolerances,
        })
    }

    /// Whether a lane that proves stiff goes on with the stiff method.
    fn switches(&self) -> bool {
        self.alone != self.explicit
    }

    /// Carries every lane of a block to the end of its way and writes its last state to `x` (state after state, `lanes`
    /// long each): not a number for a lane that failed, whose reason is returned.
    pub(crate) fn run(
        &self,
        field: &Field,
        inputs: &[Column<'_>],
        way: &mut dyn Way,
        lanes: usize,
        x: &mut [f64],
    ) -> Vec<(usize, OdeError)> {
        let mut failures = Vec::new();
        for at in (0..lanes).step_by(WIDTH) {
            let width = WIDTH.min(lanes - at);
            let mut fleet = Sailing {
                integration: self,
                lanes: Lanes::new(field, inputs, at),
                at,
                total: lanes,
                way,
                states: field.states(),
                x,
                legs: vec![REST; width],
                failures: &mut failures,
                width,
            };
            // The sizes fit, and what befalls a lane is in `failures`.
            let _ = FleetIntegrator::new(self.explicit.clone(), width).run(&mut fleet);
        }
        failures
    }
}

struct Sailing<'a> {
    integration: &'a Integration,
    lanes: Lanes<'a>,
    at: usize,
    width: usize,
    total: usize,
    states: usize,
    way: &'a mut dyn Way,
    x: &'a mut [f64],
    /// The present leg of each lane.
    legs: Vec<Leg>,
    failures: &'a mut Vec<(usize, OdeError)>,
}

impl Sailing<'_> {
    /// Integrates a lane by itself from a leg on to the end of its way.
    fn by_itself(&mut self, lane: usize, leg: Leg, x: &mut [f64]) {
        match self.alone(lane, leg, x) {
            Ok(()) => self.finish(lane, x),
            Err(error) => self.fail(lane, error),
        }
    }

    fn alone(&mut self, lane: usize, mut leg: Leg, x: &mut [f64]) -> Result<(), OdeError> {
        let mut system = self.lanes.alone(lane);
        let mut integrator = Integrator::new(self.integration.alone.clone());
        loop {
            system.feed(self.way.rates(self.at + lane));
            while leg.ask <= leg.to {
                integrator.integrate(&mut system, leg.from, x, leg.ask, &[], |_, _, _| ())?;
                leg.from = leg.ask;
                leg.ask = self.way.seen(self.at + lane, leg.ask, x);
            }
            integrator.integrate(&mut system, leg.from, x, leg.to, &[], |_, _, _| ())?;
            match self.way.next(self.at + lane, x) {
                Some(next) => leg = next,
                None => return Ok(()),
            }
        }
    }

    fn finish(&mut self, lane: usize, x: &[f64]) {
        for (row, value) in x.iter().enumerate() {
            self.x[row * self.total + self.at + lane] = *value;
        }
    }

    fn fail(&mut self, lane: usize, error: OdeError) {
        self.failures.push((self.at + lane, error));
        for row in 0..self.states {
            self.x[row * self.total + self.at + lane] = f64::NAN;
        }
    }
}

impl Fleet for Sailing<'_> {
    fn dimension(&self) -> usize {
        self.states
    }

    fn rhs(&mut self, t: &[f64], x: &[f64], dx: &mut [f64]) {
        self.lanes.rhs(Column::Slice(t), x, dx);
        for lane in 0..self.width {
            for (row, rate) in self.way.rates(self.at + lane).iter().enumerate() {
                dx[row * self.width + lane] += rate;
            }
        }
    }

    fn next_leg(&mut self, lane: usize, ended: Ended, x: &mut [f64]) -> Option<Leg> {
        let leg = match ended {
            Ended::Failed(OdeError::Stiff { time, .. }) if self.integration.switches() => {
                self.by_itself(lane, Leg { from: time, ..self.legs[lane] }, x);
                return None;
            }
            Ended::Failed(error) => {
                self.fail(lane, error);
                return None;
            }
            Ended::Arrived => self.way.next(self.at + lane, x),
            Ended::NotBegun => {
                for (row, value) in x.iter_mut().enumerate() {
                    *value = self.x[row * self.total + self.at + lane];
                }
                self.way.next(self.at + lane, x)
            }
        };
        match leg {
            None => self.finish(lane, x),
            Some(leg) if self.integration.method == Method::Stiff => self.by_itself(lane, leg, x),
            Some(leg) => {
                self.legs[lane] = leg;
                return Some(leg);
            }
        }
        None
    }

    fn visit(&mut self, lane: usize, t: f64, x: &[f64]) -> f64 {
        self.legs[lane].ask = self.way.seen(self.at + lane, t, x);
        self.legs[lane].ask
    }
}
