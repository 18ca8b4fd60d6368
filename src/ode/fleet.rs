//! Many systems of one kind side by side, each in its lane with its own time and its own step. A lane that has finished
//! a leg takes the next at once; it does not wait for the others.

use crate::math::dispatch::dispatch;

use super::control::{Controller, too_short};
use super::lanes::{Choose, Combine, Commit, END, FIRST, Judge, Lanes, Plan, SHOW, StageTime};
use super::tableau::{DORMAND_PRINCE, TSITOURAS, Tableau};
use super::{Method, OdeError, Settings, Statistics};

/// Systems of one kind and the journeys on which they go.
pub trait Fleet {
    /// Number of states of each system.
    fn dimension(&self) -> usize;

    /// Writes f(t, x) of every lane. `t` has a value a lane; state i of lane l stands at `x[i * t.len() + l]`, and its
    /// derivative goes to the same place of `dx`. A lane must not look at another one. Lanes that are at rest are
    /// evaluated as well; what comes out for them does not matter.
    fn rhs(&mut self, t: &[f64], x: &[f64], dx: &mut [f64]);

    /// Called when a lane has no leg: at first, and whenever one has ended. `x` is its state: zeros at first, then that
    /// at the end of the leg or, after a failure, at the last time that was reached. What is written to it is where the
    /// next leg begins. None sends the lane to rest.
    fn next_leg(&mut self, lane: usize, ended: Ended, x: &mut [f64]) -> Option<Leg>;

    /// Called at the time that a leg asks for, with the state there; returns the next time to ask for, not before this
    /// one (infinity for none).
    fn visit(&mut self, lane: usize, t: f64, x: &[f64]) -> f64 {
        let _ = (lane, t, x);
        f64::INFINITY
    }
}

/// How a lane comes to have no leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// It has not had one yet.
    NotBegun,
    /// The end was reached.
    Arrived,
    /// The leg was given up; one that cannot be begun is given up as well.
    Failed(OdeError),
}

/// Whether a leg continues the journey before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Another system than before, or the first: its first step is estimated.
    Anew,
    /// The same system, perhaps with a jump of its state: its first step is the one that did at the begin of the leg
    /// before.
    Onward,
}

/// A stretch of time without discontinuities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Begin.
    pub from: f64,
    /// End.
    pub to: f64,
    /// The first time to show the state at (infinity for none); times beyond the end are not reached.
    pub ask: f64,
    /// What came before.
    pub start: Start,
}

/// Integrates many systems side by side by an explicit method, keeping its scratch.
///
/// The results of a system are the same bits for any width, in any lane and in any company. A system that proves stiff
/// ends with [`OdeError::Stiff`]; carry it on from there with [`Integrator`](super::Integrator).
#[derive(Debug)]
pub struct FleetIntegrator {
    settings: Settings,
    width: usize,
    states: usize,
    lanes: Lanes,
    /// The first step of each lane's next leg; none where it is to be estimated.
    first_steps: Vec<Option<f64>>,
    /// Lanes whose slope is not known, being at the begin of a leg.
    fresh: Vec<usize>,
    /// Lanes whose leg has ended with the step in work.
    ended: Vec<usize>,
    under_way: usize,
    absolute: Vec<f64>,
    x: Vec<f64>,
    after: Vec<f64>,
    stage: Vec<f64>,
    slopes: Vec<f64>,
    apart: Vec<f64>,
    single: Vec<f64>,
    blocks: usize,
}

impl FleetIntegrator {
    /// Room for so many lanes (at least one; multiples of 8 are fastest). Of the settings the method says which pair is
    /// used: Dormand-Prince where it is named, Tsitouras otherwise; first steps are the fleet's own matter.
    pub fn new(settings: Settings, lanes: usize) -> Self {
        let width = lanes.max(1);
        FleetIntegrator {
            settings,
            width,
            states: 0,
            lanes: Lanes::new(width),
            first_steps: vec![None; width],
            fresh: Vec::with_capacity(width),
            ended: Vec::with_capacity(width),
            under_way: 0,
            absolute: Vec::new(),
            x: Vec::new(),
            after: Vec::new(),
            stage: Vec::new(),
            slopes: Vec::new(),
            apart: vec![0.0; width],
            single: Vec::new(),
            blocks: 0,
        }
    }

    /// How many lanes there are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Evaluations of whole blocks in the last run.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Carries every lane from leg to leg until all are at rest. The statistics sum over lanes; their evaluations are
    /// those of lanes under way.
    ///
    /// # Errors
    /// [`OdeError::Dimension`] for a fleet without states or with other states than the tolerances have. What befalls a
    /// lane is told to [`Fleet::next_leg`].
    pub fn run<F: Fleet + ?Sized>(&mut self, fleet: &mut F) -> Result<Statistics, OdeError> {
        self.fit(fleet.dimension())?;
        let mut work = Statistics::default();
        for lane in 0..self.width {
            self.embark(fleet, lane, Ended::NotBegun);
        }
        while self.under_way > 0 {
            self.begin(fleet, &mut work);
            self.attempt(fleet);
            self.move_on(fleet, &mut work);
        }
        Ok(work)
    }

    /// Makes the scratch fit, after checking the sizes.
    fn fit(&mut self, n: usize) -> Result<(), OdeError> {
        if n == 0 {
            return Err(OdeError::Dimension { what: "fleet", expected: 1, found: 0 });
        }
        if let Some(found) = self.settings.tolerances.states().filter(|found| *found != n) {
            return Err(OdeError::Dimension { what: "list of absolute tolerances", expected: n, found });
        }
        let whole = n * self.width;
        for part in [&mut self.x, &mut self.after, &mut self.stage] {
            part.clear();
            part.resize(whole, 0.0);
        }
        self.slopes.clear();
        self.slopes.resize(7 * whole, 0.0);
        self.single.resize(n, 0.0);
        self.absolute = (0..n).map(|i| self.settings.tolerances.absolute(i)).collect();
        self.lanes = Lanes::new(self.width);
        self.first_steps.fill(None);
        self.fresh.clear();
        self.under_way = 0;
        self.states = n;
        self.blocks = 0;
        Ok(())
    }

    fn tableau(&self) -> &'static Tableau {
        if self.settings.method == Method::DormandPrince { &DORMAND_PRINCE } else { &TSITOURAS }
    }

    /// Copies the state of a lane to `single`.
    fn gather(&mut self, lane: usize) {
        for (row, value) in self.single.iter_mut().enumerate() {
            *value = self.x[row * self.width + lane];
        }
    }

    /// Puts a lane on its next leg that has a length, or to rest.
    fn embark<F: Fleet + ?Sized>(&mut self, fleet: &mut F, lane: usize, mut ended: Ended) {
        if std::mem::take(&mut self.lanes.busy[lane]) != 0.0 {
            self.under_way -= 1;
        }
        self.gather(lane);
        let mut given_up = false;
        while let Some(leg) = fleet.next_leg(lane, ended, &mut self.single) {
            if leg.start == Start::Anew {
                self.first_steps[lane] = None;
                (self.lanes.beyond[lane], self.lanes.within[lane]) = (0.0, 0.0);
            }
            let Leg { from, to, mut ask, .. } = leg;
            if !(from.is_finite() && to.is_finite() && from <= to && !ask.is_nan()) {
                // Once may be a mistake about one system; twice in a row would go on for ever.
                if given_up {
                    break;
                }
                given_up = true;
                ended = Ended::Failed(OdeError::Interval { from, to });
                continue;
            }
            while ask <= from {
                ask = fleet.visit(lane, from, &self.single);
            }
            if from == to {
                ended = Ended::Arrived;
                continue;
            }
            self.set_out(lane, leg, ask);
            return;
        }
        // A lane at rest makes steps of no length.
        self.lanes.to[lane] = self.lanes.t[lane];
    }

    fn set_out(&mut self, lane: usize, leg: Leg, ask: f64) {
        for (row, value) in self.single.iter().enumerate() {
            self.x[row * self.width + lane] = *value;
        }
        let memory = Controller::explicit().memory;
        self.lanes.t[lane] = leg.from;
        self.lanes.to[lane] = leg.to;
        self.lanes.log_error[lane] = memory.log_error;
        self.lanes.ceiling[lane] = memory.ceiling;
        (self.lanes.tried[lane], self.lanes.accepted[lane]) = (0.0, 0.0);
        (self.lanes.busy[lane], self.lanes.ask[lane]) = (1.0, ask);
        self.fresh.push(lane);
        self.under_way += 1;
    }

    /// Gives lanes at the begin of a leg their slope and their first step.
    fn begin<F: Fleet + ?Sized>(&mut self, fleet: &mut F, work: &mut Statistics) {
        while !self.fresh.is_empty() {
            let whole = self.x.len();
            // For the other lanes this repeats the slope that they have, bit for bit.
            fleet.rhs(&self.lanes.t, &self.x, &mut self.slopes[..whole]);
            self.blocks += 1;
            work.rhs += self.fresh.len();
            for place in 0..self.fresh.len() {
                let lane = self.fresh[place];
                match self.first_step(lane) {
                    Some(step) => self.lanes.step[lane] = step,
                    None => self.ended.push(lane),
                }
            }
            self.fresh.clear();
            while let Some(lane) = self.ended.pop() {
                let failure = OdeError::NonFinite { time: self.lanes.t[lane], steps: 0 };
                self.embark(fleet, lane, Ended::Failed(failure));
            }
        }
    }

    /// The first step of a leg; none where the equations fail at its begin. The estimate is a hundredth of the time in
    /// which the state would change by its own size (Hairer, Nørsett and Wanner 1993, II.4, without the trial step).
    fn first_step(&self, lane: usize) -> Option<f64> {
        let (mut size, mut speed) = (0.0, 0.0);
        for (row, absolute) in self.absolute.iter().enumerate() {
            let place = row * self.width + lane;
            let (x, slope) = (self.x[place], self.slopes[place]);
            if !(x.is_finite() && slope.is_finite()) {
                return None;
            }
            let scale = absolute + self.settings.tolerances.relative() * x.abs();
            size += (x / scale) * (x / scale);
            speed += (slope / scale) * (slope / scale);
        }
        let left = self.lanes.to[lane] - self.lanes.t[lane];
        let estimate = if speed == 0.0 {
            left
        } else if size < 1e-10 || speed < 1e-10 {
            1e-6
        } else {
            0.01 * (size / speed).sqrt()
        };
        Some(self.first_steps[lane].unwrap_or(estimate).min(self.settings.longest_step).min(left))
    }

    /// One trial step of every lane.
    fn attempt<F: Fleet + ?Sized>(&mut self, fleet: &mut F) {
        let tableau = self.tableau();
        let whole = self.x.len();
        dispatch(Plan(&mut self.lanes));
        for stage in 1..7 {
            self.combine(tableau, stage);
            dispatch(StageTime(&mut self.lanes, tableau.nodes[stage]));
            let state = if stage == 6 { &self.after } else { &self.stage };
            let slope = &mut self.slopes[stage * whole..(stage + 1) * whole];
            fleet.rhs(&self.lanes.stage_time, state, slope);
        }
        self.blocks += 6;
        dispatch(Judge {
            lanes: &mut self.lanes,
            tableau,
            x: &self.x,
            after: &self.after,
            stage: &self.stage,
            slopes: &self.slopes,
            absolute: &self.absolute,
            relative: self.settings.tolerances.relative(),
            apart: &mut self.apart,
        });
        dispatch(Choose {
            lanes: &mut self.lanes,
            controller: Controller::explicit(),
            stability: tableau.stability,
            longest_step: self.settings.longest_step,
            most_steps: self.settings.most_steps as f64,
        });
    }

    /// The state of a stage, from the slopes of those before it.
    fn combine(&mut self, tableau: &Tableau, stage: usize) {
        let (x, h, slopes) = (&self.x[..], &self.lanes.trial[..], &self.slopes[..]);
        let weights = &tableau.rows[stage - 1];
        let out = if stage == 6 { &mut self.after[..] } else { &mut self.stage[..] };
        match stage {
            1 => Combine::<1> { x, h, weights, slopes, out }.go(),
            2 => Combine::<2> { x, h, weights, slopes, out }.go(),
            3 => Combine::<3> { x, h, weights, slopes, out }.go(),
            4 => Combine::<4> { x, h, weights, slopes, out }.go(),
            5 => Combine::<5> { x, h, weights, slopes, out }.go(),
            _ => Combine::<6> { x, h, weights, slopes, out }.go(),
        }
    }

    /// Moves the lanes whose step was good, and sees to those that want something.
    fn move_on<F: Fleet + ?Sized>(&mut self, fleet: &mut F, work: &mut Statistics) {
        for lane in 0..self.width {
            let wants = self.lanes.wants[lane];
            if wants == 0.0 {
                continue;
            }
            let wants = wants as u8;
            if wants & SHOW != 0 {
                self.serve(fleet, lane);
            }
            if wants & FIRST != 0 {
                // The step after the first is where the next leg of this system may begin.
                self.first_steps[lane] = Some(self.lanes.step[lane]);
            }
            if wants & END != 0 {
                self.ended.push(lane);
            }
        }
        dispatch(Commit {
            lanes: &mut self.lanes,
            x: &mut self.x,
            after: &self.after,
            slopes: &mut self.slopes,
        });
        for place in 0..self.ended.len() {
            let lane = self.ended[place];
            let ended = self.close(lane, work);
            self.embark(fleet, lane, ended);
        }
        self.ended.clear();
    }

    /// Shows the states at the times asked for within the step of a lane.
    fn serve<F: Fleet + ?Sized>(&mut self, fleet: &mut F, lane: usize) {
        let (width, whole) = (self.width, self.x.len());
        let (t, h, end) = (self.lanes.t[lane], self.lanes.trial[lane], self.lanes.end[lane]);
        while self.lanes.ask[lane] <= end {
            let time = self.lanes.ask[lane];
            let weights = self.tableau().weights((time - t) / h);
            for (row, value) in self.single.iter_mut().enumerate() {
                let place = row * width + lane;
                let mut sum = 0.0;
                for (s, weight) in weights.iter().enumerate() {
                    sum += weight * self.slopes[s * whole + place];
                }
                *value = if time < end { self.x[place] + h * sum } else { self.after[place] };
            }
            self.lanes.ask[lane] = fleet.visit(lane, time, &self.single);
        }
    }

    /// Books a leg that has ended and says how.
    fn close(&self, lane: usize, work: &mut Statistics) -> Ended {
        let (time, to) = (self.lanes.t[lane], self.lanes.to[lane]);
        let (step, error) = (self.lanes.step[lane], self.lanes.error[lane]);
        let (tried, steps) = (self.lanes.tried[lane] as usize, self.lanes.accepted[lane] as usize);
        work.steps += steps;
        work.rejected += tried - steps;
        work.rhs += 6 * tried;
        let good = error <= 1.0;
        if good && time == to {
            Ended::Arrived
        } else if !good && too_short(step, time, to) && error.is_finite() {
            Ended::Failed(OdeError::StepUnderflow { time, step, steps })
        } else if !good && too_short(step, time, to) {
            Ended::Failed(OdeError::NonFinite { time, steps })
        } else if tried >= self.settings.most_steps {
            Ended::Failed(OdeError::TooManySteps { time, steps: tried })
        } else {
            Ended::Failed(OdeError::Stiff { time, steps })
        }
    }
}
