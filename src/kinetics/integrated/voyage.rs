//! Lanes of a block on their ways through a field: side by side by the explicit method; a lane whose system proves
//! stiff goes on by itself with the stiff one.

use super::field::{Alone, Field};
use super::lead::Led;
use crate::expr::{Column, GROUP, Held, Jets};
use crate::math::dispatch::{Kernel, dispatch};
use crate::model::{Method, Model};
use crate::ode::{
    self, Derivative, Ended, Fleet, FleetIntegrator, Integrator, Leg, OdeError, Settings, SettingsError,
    Start, Tolerances,
};

/// States worked on side by side: few enough that the slopes of their stages stay in the first-level cache.
const SIDE_BY_SIDE: usize = 192;
/// Lanes are filled up to a multiple of this, which the widest instructions serve without a rest.
const TOGETHER: usize = 16;
/// The most lanes.
const MOST: usize = 128;

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
    /// The method and tolerances of a model for its field.
    ///
    /// # Errors
    /// Where the tolerances are of no use.
    pub(crate) fn new(model: &Model, field: &Field) -> Result<Self, SettingsError> {
        let solver = model.solver();
        let areas = field.states() - model.compartments().len();
        let absolute = model.compartments().iter().map(|c| c.unit.to_coherent(solver.absolute));
        let absolute: Vec<f64> = absolute.chain(std::iter::repeat_n(solver.absolute, areas)).collect();
        let following: Vec<f64> = field.followers().iter().map(|state| absolute[*state]).collect();
        let tolerances = Tolerances::per_state(solver.relative, absolute)?;
        let following = match following.is_empty() {
            true => tolerances.clone(),
            false => Tolerances::per_state(solver.relative, following)?,
        };
        let alone = match solver.method {
            Method::Automatic => ode::Method::Automatic,
            Method::Explicit => ode::Method::Tsitouras,
            Method::Stiff => ode::Method::Rosenbrock,
        };
        Ok(Integration {
            method: solver.method,
            explicit: Settings::new(ode::Method::Tsitouras, following),
            alone: Settings::new(alone, tolerances.clone()),
            tolerances,
        })
    }

    /// The tolerances of the states that do not lead.
    pub(super) fn following(&self) -> &Tolerances {
        self.explicit.tolerances()
    }

    /// Whether a lane that proves stiff goes on with the stiff method.
    fn switches(&self) -> bool {
        self.method != Method::Explicit
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
        if lanes == 0 {
            return failures;
        }
        let width = match field.is_analytic() {
            // The coefficients of a group fill the first-level cache by themselves.
            true => GROUP,
            false => {
                let most = (SIDE_BY_SIDE / field.followers().len().max(1)).clamp(2 * TOGETHER, MOST);
                lanes.min(most).next_multiple_of(TOGETHER)
            }
        };
        let mut fleet = Sailing {
            integration: self,
            field,
            inputs,
            course: match field.jets(inputs, lanes, width) {
                Some(jets) => Course::Jets(jets),
                None => Course::Slopes(field.following(inputs, lanes, width)),
            },
            led: field.lead().prepare(inputs, lanes, width),
            leading: vec![0.0; field.lead().compartments().count() * width],
            rates: vec![0.0; field.states() * width],
            whole: vec![0.0; field.states()],
            legs: vec![REST; width],
            seats: vec![0; width],
            boarded: 0,
            subjects: lanes,
            width,
            way,
            x,
            failures: &mut failures,
        };
        if field.followers().is_empty() {
            fleet.exactly();
        } else {
            // The sizes fit, and what befalls a subject is in `failures`.
            let _ = FleetIntegrator::new(self.explicit.clone(), width).run(&mut fleet);
        }
        // In the order of the subjects, whatever lane they had.
        failures.sort_by_key(|(subject, _)| *subject);
        failures
    }
}

/// What is known of where the followers go.
enum Course {
    /// Their Taylor polynomials.
    Jets(Jets),
    /// Their derivatives.
    Slopes(Held),
}

struct Sailing<'a> {
    integration: &'a Integration,
    field: &'a Field,
    inputs: &'a [Column<'a>],
    course: Course,
    led: Led<'a>,
    /// The leading compartments at the times of the stage in work.
    leading: Vec<f64>,
    /// Rates into the followers, and behind them those into the leading compartments, state after state.
    rates: Vec<f64>,
    /// All states of a subject.
    whole: Vec<f64>,
    /// The present leg of each lane.
    legs: Vec<Leg>,
    /// The subject of each lane.
    seats: Vec<usize>,
    /// Subjects that have set out, and how many there are.
    boarded: usize,
    subjects: usize,
    width: usize,
    way: &'a mut dyn Way,
    /// State after state of the whole block.
    x: &'a mut [f64],
    failures: &'a mut Vec<(usize, OdeError)>,
}

/// The equations of a subject, and who integrates them by themselves.
struct Lone<'a> {
    system: Alone<'a>,
    integrator: Integrator,
}

impl Lone<'_> {
    /// Integrates the subject to the end of a leg.
    fn travel(&mut self, way: &mut dyn Way, subject: usize, leg: Leg, x: &mut [f64]) -> Result<(), OdeError> {
        let Lone { system, integrator } = self;
        system.feed(way.rates(subject));
        let (mut from, mut ask) = (leg.from, leg.ask);
        while ask <= leg.to {
            integrator.integrate(system, from, x, ask, &[], |_, _, _| ())?;
            from = ask;
            ask = way.seen(subject, ask, x);
        }
        integrator.integrate(system, from, x, leg.to, &[], |_, _, _| ()).map(|_| ())
    }
}

impl<'a> Sailing<'a> {
    /// Puts all states of a lane together whose followers are these.
    fn gather(&mut self, lane: usize, t: f64, followers: &[f64]) {
        self.led.of(lane, t, &mut self.whole);
        for (state, value) in self.field.followers().iter().zip(followers) {
            self.whole[*state] = *value;
        }
    }

    /// The next leg of a lane: of its subject, or of one who takes the place of a subject at the end of its way. None
    /// where there are no subjects left.
    fn next(&mut self, lane: usize, mut present: bool) -> Option<Leg> {
        loop {
            if !present {
                self.board(lane)?;
            }
            let leg = self.way.next(self.seats[lane], &mut self.whole);
            let time = leg.map_or(self.legs[lane].to, |leg| leg.from);
            match leg {
                _ if !self.is_finite() => self.fail(lane, OdeError::NonFinite { time, steps: 0 }),
                Some(leg) if self.integration.method == Method::Stiff => self.by_itself(lane, leg),
                Some(leg) => return Some(leg),
                None => self.finish(lane),
            }
            present = false;
        }
    }

    /// Takes every subject to the end of its way where all compartments lead.
    fn exactly(&mut self) {
        let (lane, mut present) = (0, false);
        while let Some(mut leg) = self.next(lane, present) {
            let subject = self.seats[lane];
            self.led.set_out(lane, leg.from, &self.whole, self.way.rates(subject));
            while leg.ask <= leg.to {
                self.led.of(lane, leg.ask, &mut self.whole);
                leg.ask = self.way.seen(subject, leg.ask, &self.whole);
            }
            self.led.of(lane, leg.to, &mut self.whole);
            self.legs[lane] = leg;
            present = true;
        }
    }

    fn is_finite(&self) -> bool {
        self.whole.iter().all(|value| value.is_finite())
    }

    fn board(&mut self, lane: usize) -> Option<()> {
        let subject = self.boarded;
        if subject == self.subjects {
            return None;
        }
        self.boarded += 1;
        self.seats[lane] = subject;
        match &mut self.course {
            Course::Jets(jets) => jets.seat(lane, subject),
            Course::Slopes(following) => following.seat(lane, subject),
        }
        self.led.seat(lane, subject);
        for (value, row) in self.whole.iter_mut().zip(self.x.chunks_exact(self.subjects)) {
            *value = row[subject];
        }
        Some(())
    }

    /// Integrates a subject by itself from a leg on to the end of its way.
    fn by_itself(&mut self, lane: usize, leg: Leg) {
        let subject = self.seats[lane];
        let (mut alone, mut next) = (self.lone(subject), Some(leg));
        while let Some(leg) = next {
            if let Err(error) = alone.travel(self.way, subject, leg, &mut self.whole) {
                return self.fail(lane, error);
            }
            next = self.way.next(subject, &mut self.whole);
        }
        self.finish(lane);
    }

    /// Takes a lane by itself from a time on to the end of its leg; whether it arrives there.
    fn detour(&mut self, lane: usize, from: f64) -> bool {
        let (subject, leg) = (self.seats[lane], Leg { from, ..self.legs[lane] });
        let arrived = self.lone(subject).travel(self.way, subject, leg, &mut self.whole);
        if let Err(error) = arrived {
            self.fail(lane, error);
        }
        arrived.is_ok()
    }

    fn lone(&self, subject: usize) -> Lone<'a> {
        let integrator = Integrator::new(self.integration.alone.clone());
        Lone { system: self.field.alone(self.inputs, subject), integrator }
    }

    fn finish(&mut self, lane: usize) {
        for (row, value) in self.x.chunks_exact_mut(self.subjects).zip(&self.whole) {
            row[self.seats[lane]] = *value;
        }
    }

    fn fail(&mut self, lane: usize, error: OdeError) {
        self.failures.push((self.seats[lane], error));
        self.whole.fill(f64::NAN);
        self.finish(lane);
    }
}

impl Fleet for Sailing<'_> {
    fn dimension(&self) -> usize {
        self.field.followers().len()
    }

    fn rhs(&mut self, t: &[f64], x: &[f64], dx: &mut [f64]) {
        let Course::Slopes(following) = &mut self.course else {
            return;
        };
        self.led.at(t, &mut self.leading);
        following.run(&[x, &self.leading, t], dx);
        if self.field.lead().fed() {
            dispatch(Feed { rates: &self.rates, dx });
        }
    }

    fn expand(&mut self, t: &[f64], x: &[f64], out: &mut [f64]) -> Derivative {
        let Course::Jets(jets) = &mut self.course else {
            return Derivative::Unknown;
        };
        self.led.at(t, &mut self.leading);
        jets.expand(t, [x, &self.leading], &self.rates, out);
        Derivative::Written
    }

    fn next_leg(&mut self, lane: usize, ended: Ended, x: &mut [f64]) -> Option<Leg> {
        let mut present = false;
        match ended {
            Ended::NotBegun => (),
            Ended::Arrived => {
                self.gather(lane, self.legs[lane].to, x);
                present = true;
            }
            Ended::Failed(OdeError::Stiff { time, .. }) if self.integration.switches() => {
                self.gather(lane, time, x);
                self.by_itself(lane, Leg { from: time, ..self.legs[lane] });
            }
            // What has no Taylor polynomial, like a root at 0, may well have a slope.
            Ended::Failed(OdeError::NonFinite { time, .. }) if matches!(self.course, Course::Jets(_)) => {
                self.gather(lane, time, x);
                present = self.detour(lane, time);
            }
            Ended::Failed(error) => self.fail(lane, error),
        }
        let leg = self.next(lane, present)?;
        let rates = self.way.rates(self.seats[lane]);
        self.led.set_out(lane, leg.from, &self.whole, rates);
        for (state, value) in self.field.followers().iter().zip(x) {
            *value = self.whole[*state];
        }
        for (row, state) in self.field.expanded().enumerate() {
            self.rates[row * self.width + lane] = rates.get(state).copied().unwrap_or(0.0);
        }
        self.legs[lane] = leg;
        Some(leg)
    }

    fn visit(&mut self, lane: usize, t: f64, x: &[f64]) -> f64 {
        self.gather(lane, t, x);
        self.legs[lane].ask = self.way.seen(self.seats[lane], t, &self.whole);
        self.legs[lane].ask
    }
}

/// Adds constant inputs.
struct Feed<'a> {
    rates: &'a [f64],
    dx: &'a mut [f64],
}

impl Kernel for Feed<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (dx, rate) in self.dx.iter_mut().zip(self.rates) {
            *dx += rate;
        }
    }
}
