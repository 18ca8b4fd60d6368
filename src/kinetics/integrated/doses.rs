//! Subjects on their way through doses, each with its own events.

use super::voyage::Way;
use crate::ode::{Leg, Start};

/// Something that changes what flows into a compartment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub time: f64,
    pub compartment: usize,
    pub change: Change,
}

#[derive(Clone, Copy, Debug)]
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
}

impl Dosing<'_> {
    fn next_look(&self, lane: usize) -> f64 {
        self.looks.get(self.looked[lane]).copied().unwrap_or(f64::INFINITY)
    }
}

impl Way for Dosing<'_> {
    fn next(&mut self, lane: usize, x: &mut [f64]) -> Option<Leg> {
        let now = self.at[lane];
        // What happens at the end belongs to what comes next: the trough is taken before it.
        if now >= self.end || !self.going[lane] {
            return None;
        }
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
