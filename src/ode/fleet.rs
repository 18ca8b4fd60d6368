//! Many systems of one kind side by side, each in its lane with its own time and its own step. A lane that has finished
//! a leg takes the next at once; it does not wait for the others.

use crate::math::dispatch::dispatch;

use super::control::{Controller, too_short};
use super::eighth::{self, NODES, ROWS, SLOPES, STAGES};
use super::lanes::{Choose, Commit, END, FIRST, Judge, Lanes, Plan, Reach, SHOW, StageTime, combine};
use super::taylor::{self, Advance, ORDER};
use super::{Derivative, Ended, Fleet, Leg, OdeError, Settings, Start, Statistics};

/// Integrates many systems side by side, keeping its scratch: along their Taylor polynomials where the fleet knows them,
/// and otherwise by an explicit method of order 8.
///
/// The order is high because a lane pays for a step more than for an evaluation: its error, its controller, its turn
/// among the others.
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
    spare: Vec<f64>,
    /// Slope after slope, or Taylor coefficients, order after order.
    slopes: Vec<f64>,
    /// Whether they are Taylor coefficients.
    expanded: bool,
    /// Scratch of a column.
    third: Vec<f64>,
    single: Vec<f64>,
    /// Whether the slopes of the continuous extension are those of the step in work.
    extended: bool,
    blocks: usize,
}

impl FleetIntegrator {
    /// Room for so many lanes (at least one; multiples of 8 are fastest). Method and first steps are the fleet's own
    /// matter, whatever the settings say.
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
            spare: Vec::new(),
            slopes: Vec::new(),
            expanded: false,
            third: vec![0.0; width],
            single: Vec::new(),
            extended: false,
            blocks: 0,
        }
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
        for part in [&mut self.x, &mut self.after, &mut self.stage, &mut self.spare] {
            part.clear();
            part.resize(whole, 0.0);
        }
        self.slopes.clear();
        self.slopes.resize(SLOPES.max(ORDER) * whole, 0.0);
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
        let memory = Controller::eighth().memory;
        self.lanes.t[lane] = leg.from;
        self.lanes.to[lane] = leg.to;
        self.lanes.log_error[lane] = memory.log_error;
        self.lanes.ceiling[lane] = memory.ceiling;
        (self.lanes.tried[lane], self.lanes.accepted[lane]) = (0.0, 0.0);
        (self.lanes.busy[lane], self.lanes.ask[lane]) = (1.0, ask);
        self.fresh.push(lane);
        self.under_way += 1;
    }

    /// Gives all lanes the slope where they stand, and those at the begin of a leg their first step.
    fn begin<F: Fleet + ?Sized>(&mut self, fleet: &mut F, work: &mut Statistics) {
        loop {
            let whole = self.x.len();
            let known = fleet.expand(&self.lanes.t, &self.x, &mut self.slopes[..ORDER * whole]);
            self.expanded = known == Derivative::Written;
            if !self.expanded {
                fleet.rhs(&self.lanes.t, &self.x, &mut self.slopes[..whole]);
            }
            self.blocks += 1;
            for place in 0..self.fresh.len() {
                let lane = self.fresh[place];
                match self.first_step(lane) {
                    Some(step) => self.lanes.step[lane] = step,
                    None => self.ended.push(lane),
                }
            }
            self.fresh.clear();
            if self.ended.is_empty() {
                work.rhs += self.under_way;
                return;
            }
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
        let whole = self.x.len();
        if self.expanded {
            return dispatch(Advance {
                lanes: &mut self.lanes,
                x: &self.x,
                coefficients: &self.slopes,
                after: &mut self.after,
                absolute: &self.absolute,
                relative: self.settings.tolerances.relative(),
                longest_step: self.settings.longest_step,
                most_steps: self.settings.most_steps as f64,
                spare: &mut self.third,
            });
        }
        dispatch(Reach {
            lanes: &mut self.lanes,
            x: &self.x,
            stage: &self.stage,
            slope: &self.slopes[..whole],
            last: &self.slopes[(STAGES - 1) * whole..STAGES * whole],
        });
        dispatch(Plan(&mut self.lanes));
        for slope in 1..STAGES {
            self.slope(fleet, slope);
        }
        self.combine(STAGES);
        self.extended = false;
        dispatch(Judge {
            lanes: &mut self.lanes,
            x: &self.x,
            after: &self.after,
            slopes: &self.slopes,
            absolute: &self.absolute,
            relative: self.settings.tolerances.relative(),
            third: &mut self.third,
        });
        dispatch(Choose {
            lanes: &mut self.lanes,
            controller: Controller::eighth(),
            stability: eighth::STABILITY,
            longest_step: self.settings.longest_step,
            most_steps: self.settings.most_steps as f64,
        });
    }

    /// A slope within the step, from those before it.
    fn slope<F: Fleet + ?Sized>(&mut self, fleet: &mut F, slope: usize) {
        self.combine(slope);
        dispatch(StageTime(&mut self.lanes, NODES[slope]));
        let whole = self.x.len();
        let state = if slope == STAGES { &self.after } else { &self.stage };
        fleet.rhs(&self.lanes.stage_time, state, &mut self.slopes[slope * whole..(slope + 1) * whole]);
        self.blocks += 1;
    }

    /// The state where a slope is taken.
    fn combine(&mut self, slope: usize) {
        let (x, h, slopes, terms) = (&self.x[..], &self.lanes.trial[..], &self.slopes[..], ROWS[slope]);
        let out = if slope == STAGES { &mut self.after[..] } else { &mut self.stage[..] };
        combine(x, h, terms, slopes, out);
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
        dispatch(Commit { lanes: &mut self.lanes, x: &mut self.x, after: &self.after });
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
            if time < end && !self.expanded {
                self.extend(fleet);
            }
            let weights = if self.expanded { [0.0; SLOPES] } else { eighth::weights((time - t) / h) };
            for (row, value) in self.single.iter_mut().enumerate() {
                let place = row * width + lane;
                let slopes = self.slopes[place..].iter().step_by(whole);
                *value = if time == end {
                    self.after[place]
                } else if self.expanded {
                    taylor::state(self.x[place], slopes.take(ORDER).copied(), time - t)
                } else {
                    let sum =
                        weights.iter().zip(slopes).fold(0.0, |sum, (weight, slope)| sum + weight * slope);
                    self.x[place] + h * sum
                };
            }
            self.lanes.ask[lane] = fleet.visit(lane, time, &self.single);
        }
    }

    /// Evaluates what the continuous extension of the steps in work needs.
    fn extend<F: Fleet + ?Sized>(&mut self, fleet: &mut F) {
        if !std::mem::replace(&mut self.extended, true) {
            // The state of the last stage is wanted still: the watch for stiffness comes to it at the next step.
            std::mem::swap(&mut self.stage, &mut self.spare);
            for slope in STAGES..SLOPES {
                self.slope(fleet, slope);
            }
            std::mem::swap(&mut self.stage, &mut self.spare);
        }
    }

    /// Books a leg that has ended and says how.
    fn close(&self, lane: usize, work: &mut Statistics) -> Ended {
        let (time, to) = (self.lanes.t[lane], self.lanes.to[lane]);
        let (step, error) = (self.lanes.step[lane], self.lanes.error[lane]);
        let (tried, steps) = (self.lanes.tried[lane] as usize, self.lanes.accepted[lane] as usize);
        work.steps += steps;
        work.rejected += tried - steps;
        work.rhs += if self.expanded { 0 } else { (STAGES - 1) * tried };
        let good = error <= 1.0;
        if good && time == to {
            Ended::Arrived
        } else if !good && too_short(step, time, to) {
            let underflow = OdeError::StepUnderflow { time, step, steps };
            Ended::Failed(if error.is_finite() { underflow } else { OdeError::NonFinite { time, steps } })
        } else if tried >= self.settings.most_steps {
            Ended::Failed(OdeError::TooManySteps { time, steps: tried })
        } else {
            Ended::Failed(OdeError::Stiff { time, steps })
        }
    }
}
