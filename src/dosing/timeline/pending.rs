//! What is still to come: doses on their way and the ends of infusions, in order of time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::Form;

/// Something that is due at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Due {
    /// A dose arrives.
    Arrival {
        /// Its place in the list of administered doses.
        administered: usize,
        compartment: usize,
        form: Form,
    },
    /// An additional dose is given.
    Given,
    /// An infusion ends.
    End { infusion: usize },
}

#[derive(Debug)]
struct Entry {
    time: f64,
    /// Decides among things due at one time: first come, first served.
    order: u64,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.time.total_cmp(&other.time).then(self.order.cmp(&other.order))
    }
}

/// Everything pending.
#[derive(Debug, Default)]
pub(super) struct Pending {
    heap: BinaryHeap<Reverse<Entry>>,
    pushed: u64,
}

impl Pending {
    /// Adds what is due at a time.
    pub(super) fn push(&mut self, time: f64, due: Due) {
        self.pushed += 1;
        self.heap.push(Reverse(Entry { time, order: self.pushed, due }));
    }

    /// Takes the first that is due at `now` or before.
    pub(super) fn next_until(&mut self, now: f64) -> Option<(f64, Due)> {
        if self.heap.peek().is_some_and(|Reverse(entry)| entry.time <= now) {
            self.heap.pop().map(|Reverse(entry)| (entry.time, entry.due))
        } else {
            None
        }
    }

    /// Takes everything, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (f64, Due)> + '_ {
        self.heap.drain().map(|Reverse(entry)| (entry.time, entry.due))
    }
}
