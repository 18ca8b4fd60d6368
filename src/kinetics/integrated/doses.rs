//! Subjects on their way through doses, each with its own events.

use super::rest::{Rest, Standing};
use super::voyage::Way;
use crate::ode::{Leg, Start};

/// Something that changes what flows into a compartment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub time: f64,
    pub compartment: usize,
    pub change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// This much enters at once.
    Amount(f64),
    /// The rate changes by this much.
    Rate(f64),
}

/// Subjects on their way through doses.
pub(super) struct Dosing<'a> {
    pub compartments: usize,
    /// Compartments, and the area where it is wanted.
    pub states: usize,
    pub lanes: usize,
    pub pending: &'a [Vec<Event>],
    /// By subject: events that have happened.
    pub done: Vec<usize>,
    pub rates: &'a mut [f64],
    /// By subject: where its present leg ends.
    pub at: Vec<f64>,
    pub begun: Vec<bool>,
    /// When the last dose is given, and when its interval ends.
    pub last: f64,
    pub end: f64,
    /// By subject: whether it is to go at all.
    pub going: &'a [bool],
    pub looks: &'a [f64],
    pub looked: Vec<usize>,
    pub shown: Vec<f64>,
    /// Leaves out what changes nothing; `None` for equations that know the time.
    pub rest: Option<Rest<'a>>,
}

impl Dosing<'_> {
    fn next_look(&self, lane: usize) -> f64 {
        self.looks.get(self.looked[lane]).copied().unwrap_or(f64::INFINITY)
    }

    /// Takes a subject at rest that stands at an event to one of the same kind, and shows there what was seen before.
    fn leap(&mut self, lane: usize, now: f64, x: &[f64]) -> f64 {
        let events = &self.pending[lane];
        let next = self.done[lane];
        let Some(rest) = self.rest.as_mut().filter(|_| events.get(next).is_some_and(|e| e.time == now))
        else {
            return now;
        };
        let at = Standing {
            events,
            next,
            x: &x[..self.compartments],
            rates: &self.rates[lane * self.compartments..][..self.compartments],
            look: self.looked[lane],
            last: self.last,
        };
        let until = rest.until(lane, at);
        let now = events[until].time;
        self.done[lane] = until;
        while until > next && self.next_look(lane) <= now {
            let look = self.looked[lane];
            let echo = self.rest.as_ref().and_then(|rest| rest.echo(look)).unwrap_or(look);
            for row in 0..self.states {
                let place = |look: usize| (look * self.states + row) * self.lanes + lane;
                self.shown[place(look)] = self.shown[place(echo)];
            }
            self.looked[lane] += 1;
        }
        now
    }
}

impl Way for Dosing<'_> {
    fn next(&mut self, lane: usize, x: &mut [f64]) -> Option<Leg> {
        let now = self.at[lane];
        // What happens at the end belongs to what comes next: the trough is taken before it.
        if now >= self.end || !self.going[lane] {
            return None;
        }
        let now = self.leap(lane, now, x);
        if let Some(area) = x.get_mut(self.compartments).filter(|_| now == self.last) {
            *area = 0.0;
        }
        let events = &self.pending[lane];
        while let Some(event) = events.get(self.done[lane]).filter(|event| event.time <= now) {
            match event.change {
                Change::Amount(amount) => x[event.compartment] += amount,
                Change::Rate(rate) => self.rates[lane * self.compartments + event.compartment] += rate,
            }
            self.done[lane] += 1;
        }
        let mut to = if now < self.last { self.last } else { self.end };
        if let Some(event) = events.get(self.done[lane]).filter(|event| event.time < to) {
            to = event.time;
        }
        self.at[lane] = to;
        let start = if std::mem::replace(&mut self.begun[lane], true) { Start::Onward } else { Start::Anew };
        Some(Leg { from: now, to, ask: self.next_look(lane), start })
    }

    fn seen(&mut self, lane: usize, _t: f64, x: &[f64]) -> f64 {
        let look = self.looked[lane] * self.states;
        for (row, value) in x.iter().enumerate() {
            self.shown[(look + row) * self.lanes + lane] = *value;
        }
        self.looked[lane] += 1;
        self.next_look(lane)
    }

    fn rates(&self, lane: usize) -> &[f64] {
        &self.rates[lane * self.compartments..(lane + 1) * self.compartments]
    }
}
