//! Subjects carried from dose to dose side by side, each in steps as long as its error allows.
//!
//! An interval is one step, or is cut into 2, 4 or 8 equal cells with a step each. In the first interval after a change,
//! then after 1, 3, 7, … more, it is also gone through in cells of half the length. That tells what the steps miss; as it
//! changes little from one interval to the next, the steps are corrected by it from there on, and the next look tells how
//! good that is. A lane does not depend on the lanes beside it.

use super::doses::Event;
use super::field::Field;
use super::lead::Led;
use super::pace::Pace;
use super::table::{TOGETHER, Table, Unit};
use super::voyage::Integration;
use crate::expr::{Column, Held};
use crate::ode::{Distance, STAGES, Stride};

/// Lanes worked on side by side.
const SIDE_BY_SIDE: usize = 128;
/// An interval is cut into 1, 2, 4 or 8 cells with a step each.
const LEVELS: usize = 4;
/// Nodes between two cuts, by level. They differ so that a comparison of two levels also tells the error of the
/// quadrature.
const POINTS: [usize; LEVELS + 1] = [6, 8, 10, 12, 14];
/// How far a step may be from two over its halves when nothing is known yet of what it misses: those two miss far less.
const FAR: f64 = 16.0;
/// An interval is cut into half as many cells where that leads so near.
const EASY: f64 = 4.0;
/// Intervals after a change before that is tried.
const SETTLED: usize = 8;

/// What a run of dosing intervals needs.
pub(super) struct Run<'a> {
    pub inputs: &'a [Column<'a>],
    pub lanes: usize,
    /// Length of an interval (h).
    pub interval: f64,
    /// One row of all subjects a dose.
    pub amounts: &'a [&'a [f64]],
    /// By subject: the events of a dose of 1, in order; none for a subject who is not to be carried.
    pub pulses: &'a [Option<Vec<Event>>],
    /// The intervals at whose end states are shown, ascending.
    pub looks: &'a [usize],
    /// Where they are written: state after state, look after look.
    pub shown: &'a mut [f64],
}

/// Carries the subjects of a block through a run of intervals; `x` is state after state. Returns those who could not be
/// carried, whose states are as they were.
pub(super) fn carry(
    pace: &Pace,
    field: &Field,
    integration: &Integration,
    run: &mut Run<'_>,
    x: &mut [f64],
) -> Vec<usize> {
    let (inputs, subjects) = (pace.inputs(run.inputs), run.lanes);
    let caravan = |lanes: usize| Caravan::new(pace, field, integration, &inputs, subjects, lanes);
    // Those whom steps of one length serve go together: a caravan makes all steps that any of its lanes needs.
    let mut classes: [Vec<usize>; LEVELS] = Default::default();
    let all: Vec<usize> = (0..subjects).collect();
    let mut scouts = caravan(subjects.min(SIDE_BY_SIDE));
    for seats in all.chunks(SIDE_BY_SIDE) {
        scouts.board(run, seats, x);
        for (subject, level) in seats.iter().zip(scouts.levels(run)) {
            classes[level].push(*subject);
        }
    }
    let mut left: Vec<usize> = Vec::new();
    for seats in classes.iter().flat_map(|class| class.chunks(SIDE_BY_SIDE)) {
        let mut caravan = caravan(seats.len());
        caravan.board(run, seats, x);
        left.extend(caravan.carry(run, x));
    }
    left.sort_unstable();
    left
}

/// Subjects who go from dose to dose side by side.
struct Caravan<'a> {
    pace: &'a Pace,
    field: &'a Field,
    integration: &'a Integration,
    led: Led<'a>,
    following: Held,
    drives: Held,
    stride: Stride,
    /// By level; made when one is first asked for.
    tables: Vec<Option<Table>>,
    leading: Vec<usize>,
    width: usize,
    /// The subject of each lane; those from `here` on only fill the lanes up.
    seats: Vec<usize>,
    here: usize,
    /// The leading compartments at the begin of the interval, and room for those at its end.
    lead: Vec<f64>,
    after: Vec<f64>,
    /// The followers.
    x: Vec<f64>,
    amounts: Vec<f64>,
    /// What the steps of each lane missed when last looked at: they are corrected by it, as it changes little from one
    /// interval to the next.
    missed: Vec<f64>,
    /// By level.
    attempts: Vec<Attempt>,
    /// Room for the drives at the stages of a step, the estimate of its error, and that in units of the tolerance.
    stages: Vec<f64>,
    difference: Vec<f64>,
    distance: Vec<f64>,
}

/// How each lane goes on.
struct Gait {
    /// In how many cells an interval is cut: 2 to the power of this.
    level: Vec<usize>,
    /// Intervals since the level, or the dose, was another one.
    count: Vec<usize>,
    /// The estimated error of the step when its true error was last looked at.
    noted: Vec<f64>,
    /// Lanes that are no longer carried.
    lost: Vec<bool>,
}

impl Gait {
    /// Whether the true error of a lane is to be looked at: after 1, 2, 4, … intervals, and when the estimate says that
    /// it has grown.
    fn is_due(&self, lane: usize, error: f64) -> bool {
        // What is not a number is not as before.
        let as_before = error <= 2.0 * self.noted[lane];
        !as_before || (self.count[lane] + 1).is_power_of_two()
    }

    /// Whether a lane may go the way it tried, from how far that is from the finer one, and from how far the coarser is
    /// from it. Sets how the lane goes on.
    fn judge(&mut self, lane: usize, error: f64, finer: f64, coarser: Option<f64>) -> bool {
        self.noted[lane] = error;
        let near = finer <= if self.count[lane] == 0 { FAR } else { 1.0 };
        if !near {
            self.level[lane] += 1;
            self.count[lane] = 0;
            self.lost[lane] = self.level[lane] == LEVELS;
        } else if self.count[lane] >= SETTLED && coarser.is_some_and(|distance| distance <= EASY) {
            self.level[lane] -= 1;
            self.count[lane] = 0;
        } else {
            self.count[lane] += 1;
        }
        near
    }
}

/// What an attempt at an interval leads to.
struct Attempt {
    x: Vec<f64>,
    /// The estimated error of the worst step, in units of the tolerance.
    error: Vec<f64>,
    /// Whether this is of the present interval.
    made: bool,
}

impl<'a> Caravan<'a> {
    /// Room for so many of the `subjects` of a block.
    fn new(
        pace: &'a Pace,
        field: &'a Field,
        integration: &'a Integration,
        inputs: &'a [Column<'a>],
        subjects: usize,
        lanes: usize,
    ) -> Self {
        let width = lanes.next_multiple_of(TOGETHER);
        let leading: Vec<usize> = field.lead().compartments().collect();
        let followers = field.followers().len();
        let states = followers * width;
        let attempt = || Attempt { x: vec![0.0; states], error: vec![0.0; width], made: false };
        Caravan {
            pace,
            field,
            integration,
            led: field.lead().prepare(inputs, subjects, width),
            following: pace.following(inputs, subjects, width),
            drives: pace.drives(inputs, subjects, width),
            stride: Stride::new(followers, width),
            tables: (0..=LEVELS).map(|_| None).collect(),
            lead: vec![0.0; leading.len() * width],
            after: vec![0.0; leading.len() * width],
            missed: vec![0.0; states],
            attempts: (0..=LEVELS).map(|_| attempt()).collect(),
            stages: vec![0.0; STAGES * pace.parts() * width],
            difference: vec![0.0; states],
            distance: vec![0.0; width],
            x: vec![0.0; states],
            amounts: vec![0.0; width],
            leading,
            width,
            seats: Vec::new(),
            here: 0,
        }
    }

    /// Takes subjects into the lanes.
    fn board(&mut self, run: &Run<'_>, seats: &[usize], x: &[f64]) {
        let (width, lanes) = (self.width, run.lanes);
        self.here = seats.len();
        self.seats = (0..width).map(|lane| seats[lane.min(seats.len() - 1)]).collect();
        for (lane, &subject) in self.seats.iter().enumerate() {
            self.following.seat(lane, subject);
            self.drives.seat(lane, subject);
            self.led.seat(lane, subject);
        }
        self.tables.iter_mut().for_each(|table| *table = None);
        self.attempts.iter_mut().for_each(|attempt| attempt.made = false);
        for (rows, states) in [(&mut self.lead, &self.leading[..]), (&mut self.x, self.field.followers())] {
            for (row, state) in rows.chunks_exact_mut(width).zip(states) {
                row.iter_mut()
                    .zip(&self.seats)
                    .for_each(|(value, subject)| *value = x[state * lanes + subject]);
            }
        }
        self.amount(run, 0);
    }

    /// Takes the doses of an interval.
    fn amount(&mut self, run: &Run<'_>, interval: usize) {
        for (amount, subject) in self.amounts.iter_mut().zip(&self.seats) {
            *amount = run.amounts.get(interval).map_or(0.0, |row| row[*subject]);
        }
    }

    /// How many cells the first interval takes for the subjects in the lanes, as a level.
    fn levels(&mut self, run: &Run<'_>) -> Vec<usize> {
        let mut level = vec![0; self.here];
        for finer in 1..LEVELS {
            if !level.contains(&(finer - 1)) {
                break;
            }
            let distance = self.coarse(run, finer - 1);
            for (level, distance) in level.iter_mut().zip(distance) {
                let near = distance <= FAR;
                *level = if *level == finer - 1 && !near { finer } else { *level };
            }
        }
        level
    }

    /// Carries the lanes through all intervals. Returns the subjects who were left behind.
    fn carry(&mut self, run: &mut Run<'_>, x: &mut [f64]) -> Vec<usize> {
        let width = self.width;
        let mut gait = Gait {
            level: vec![0; width],
            count: vec![0; width],
            noted: vec![0.0; width],
            lost: self.seats.iter().map(|subject| run.pulses[*subject].is_none()).collect(),
        };
        let mut looks = run.looks.iter().enumerate().peekable();
        for interval in 0..run.amounts.len() {
            let before = self.amounts.clone();
            self.amount(run, interval);
            for (count, (before, now)) in gait.count.iter_mut().zip(before.iter().zip(&self.amounts)) {
                *count = if before.to_bits() == now.to_bits() { *count } else { 0 };
            }
            self.interval(run, &mut gait);
            if gait.lost.iter().all(|lost| *lost) {
                break;
            }
            while let Some((look, _)) = looks.next_if(|(_, at)| **at == interval) {
                let from = look * self.field.states() * run.lanes;
                self.write(&mut run.shown[from..], run.lanes, &gait.lost);
            }
        }
        self.write(x, run.lanes, &gait.lost);
        let lost = self.seats[..self.here].iter().zip(gait.lost).filter(|(_, lost)| *lost);
        lost.map(|(subject, _)| *subject).collect()
    }

    /// Writes the states of the subjects who are carried.
    fn write(&self, out: &mut [f64], lanes: usize, lost: &[bool]) {
        for (rows, states) in [(&self.lead, &self.leading[..]), (&self.x, self.field.followers())] {
            for (row, state) in rows.chunks_exact(self.width).zip(states) {
                let carried = self.seats[..self.here].iter().zip(row).zip(lost).filter(|(_, lost)| !**lost);
                carried.for_each(|((subject, value), _)| out[state * lanes + subject] = *value);
            }
        }
    }

    /// How far two states of all lanes are from one another, in units of the tolerance.
    fn distance(&self, coarse: &[f64], fine: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.width];
        let difference: Vec<f64> = fine.iter().zip(coarse).map(|(a, b)| a - b).collect();
        let tolerances = self.integration.following();
        Distance { tolerances, x: fine, difference: &difference, out: &mut out }.measure();
        out
    }

    /// The same of an attempt and the next finer one.
    fn coarse(&mut self, run: &Run<'_>, level: usize) -> Vec<f64> {
        self.attempt(run, level);
        self.attempt(run, level + 1);
        self.distance(&self.attempts[level].x, &self.attempts[level + 1].x)
    }

    /// Carries all lanes over one interval.
    fn interval(&mut self, run: &Run<'_>, gait: &mut Gait) {
        let width = self.width;
        self.attempts.iter_mut().for_each(|attempt| attempt.made = false);
        let mut settled: Vec<bool> = gait.lost.clone();
        for level in 0..LEVELS {
            let here = |lane: &usize| !settled[*lane] && gait.level[*lane] == level;
            let now: Vec<usize> = (0..width).filter(here).collect();
            if now.is_empty() {
                continue;
            }
            self.attempt(run, level);
            for lane in now.iter().filter(|lane| gait.count[**lane] == 0) {
                self.missed.chunks_exact_mut(width).for_each(|row| row[*lane] = 0.0);
            }
            let tried = self.attempts[level].x.iter().zip(&self.missed).map(|(x, missed)| x + missed);
            let tried: Vec<f64> = tried.collect();
            let (due, others): (Vec<usize>, Vec<usize>) =
                now.into_iter().partition(|lane| gait.is_due(*lane, self.attempts[level].error[*lane]));
            others.iter().for_each(|lane| gait.count[*lane] += 1);
            self.settle(&others, &tried, &mut settled);
            if due.is_empty() {
                continue;
            }
            self.attempt(run, level + 1);
            let finer = self.distance(&tried, &self.attempts[level + 1].x);
            let settled_in = due.iter().any(|lane| gait.count[*lane] >= SETTLED);
            let coarser = level.checked_sub(1).filter(|_| settled_in).map(|level| self.coarse(run, level));
            let mut accepted = due;
            accepted.retain(|&lane| {
                let coarser = coarser.as_ref().map(|distance| distance[lane]);
                gait.judge(lane, self.attempts[level].error[lane], finer[lane], coarser)
            });
            let better = std::mem::take(&mut self.attempts[level + 1].x);
            self.settle(&accepted, &better, &mut settled);
            let coarse = self.attempts[level].x.chunks_exact(width);
            for (missed, (coarse, better)) in
                self.missed.chunks_exact_mut(width).zip(coarse.zip(better.chunks_exact(width)))
            {
                accepted.iter().for_each(|lane| missed[*lane] = better[*lane] - coarse[*lane]);
            }
            self.attempts[level + 1].x = better;
        }
        if let Some(table) = self.tables.iter().flatten().next() {
            table.lead(&self.lead, &self.amounts, &mut self.after);
            std::mem::swap(&mut self.lead, &mut self.after);
        }
    }

    /// Takes the states of some lanes at the end of an interval.
    fn settle(&mut self, lanes: &[usize], states: &[f64], settled: &mut [bool]) {
        lanes.iter().for_each(|lane| settled[*lane] = true);
        for (row, states) in self.x.chunks_exact_mut(self.width).zip(states.chunks_exact(self.width)) {
            match lanes.len() == self.width {
                true => row.copy_from_slice(states),
                false => lanes.iter().for_each(|lane| row[*lane] = states[*lane]),
            }
        }
    }

    /// Finds out what an interval cut into 2 to the power of `level` cells leads to, for all lanes.
    fn attempt(&mut self, run: &Run<'_>, level: usize) {
        if self.attempts[level].made {
            return;
        }
        let (seats, none): (_, &[Event]) = (&self.seats, &[]);
        let table = self.tables[level].get_or_insert_with(|| {
            let pulses: Vec<&[Event]> =
                seats.iter().map(|subject| run.pulses[*subject].as_deref().unwrap_or(none)).collect();
            let unit = Unit { interval: run.interval, pulses: &pulses, states: self.field.states() };
            Table::new(self.pace, &self.leading, &mut self.led, &unit, (1 << level, POINTS[level]))
        });
        table.drive(&mut self.drives, &self.lead, &self.amounts);
        let Attempt { x, error, made } = &mut self.attempts[level];
        x.copy_from_slice(&self.x);
        error.fill(0.0);
        *made = true;
        let length = run.interval / table.cells() as f64;
        let whole = self.pace.parts() * self.width;
        for cell in 0..table.cells() {
            table.stages(cell, &mut self.stages);
            self.stride.step(length, x, &mut self.difference, |slope, x, dx| {
                self.following.run(&[x, &self.stages[slope * whole..(slope + 1) * whole]], dx);
            });
            let (tolerances, difference) = (self.integration.following(), &self.difference);
            Distance { tolerances, x, difference, out: &mut self.distance }.measure();
            for (worst, distance) in error.iter_mut().zip(&self.distance) {
                // What is not a number stays one.
                *worst = if *worst > *distance { *worst } else { *distance };
            }
        }
    }
}

#[cfg(test)]
mod tests;
