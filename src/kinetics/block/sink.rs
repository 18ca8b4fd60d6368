//! What becomes of the amounts at the end of every interval.

use crate::kinetics::linear::{LANES, Lane};

/// Takes the output of up to [`LANES`] subjects at the end of an interval.
///
/// Intervals of a subject come in their order, and so do the subjects of an interval; nothing else is said about the
/// order of calls. Mark [`take`](Sink::take) with `#[inline(always)]`, so that it is compiled into the recursion.
pub trait Sink {
    /// Takes the values of the subjects `first .. first + count` of the block at the end of interval `interval`, all
    /// counted from 0. The values beyond `count` are padding.
    fn take(&mut self, interval: usize, first: usize, count: usize, values: &Lane);
}

/// Throws all values away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Sink for Nothing {
    #[inline(always)]
    fn take(&mut self, _: usize, _: usize, _: usize, _: &Lane) {}
}

/// Hands the values of each chunk to a function of interval, first subject and values.
#[derive(Clone, Copy, Debug)]
pub struct Each<F>(
    /// The function.
    pub F,
);

impl<F: FnMut(usize, usize, &[f64])> Sink for Each<F> {
    #[inline(always)]
    fn take(&mut self, interval: usize, first: usize, count: usize, values: &Lane) {
        (self.0)(interval, first, &values[..count]);
    }
}

/// Keeps every value.
#[derive(Debug)]
pub struct Store<'a> {
    /// Values, one row of all subjects after another for the intervals.
    pub values: &'a mut [f64],
    /// Subjects in the block.
    pub subjects: usize,
}

impl Sink for Store<'_> {
    #[inline(always)]
    fn take(&mut self, interval: usize, first: usize, count: usize, values: &Lane) {
        let at = interval * self.subjects + first;
        if let Some(row) = self.values.get_mut(at..at + count) {
            row.copy_from_slice(&values[..count]);
        }
    }
}

/// Partial sums of [`Moments`]: subject i is added to the sum number i mod 8.
const PARTS: usize = 8;

/// Sums of the values and of their squares over subjects, for every interval.
///
/// Subjects are added in the order of their numbers into eight sums, so the result has the same bits for all block sizes
/// that are multiples of eight.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    count: u64,
    offset: usize,
    sums: Vec<Sums>,
}

/// The sums of an interval: aligned, so that no access crosses a cache line.
#[repr(align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    values: [f64; PARTS],
    squares: [f64; PARTS],
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, values: &Lane) {
        let Sums { values: mut sum, squares: mut square } = *self;
        for l in 0..PARTS {
            sum[l] = (sum[l] + values[l]) + values[l + PARTS];
            square[l] = (square[l] + values[l] * values[l]) + values[l + PARTS] * values[l + PARTS];
        }
        *self = Sums { values: sum, squares: square };
    }
}

impl Moments {
    /// Empty sums for a number of intervals.
    pub fn new(intervals: usize) -> Self {
        Moments { count: 0, offset: 0, sums: vec![Sums::default(); intervals] }
    }

    /// The same sums for intervals that are counted from `offset` on: for phases that follow one another.
    #[must_use]
    pub fn from_interval(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Says that another block of subjects has been added.
    pub fn count(&mut self, subjects: usize) {
        self.count += subjects as u64;
    }

    /// Adds the sums of other subjects.
    pub fn join(&mut self, other: &Moments) {
        self.count += other.count;
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            for l in 0..PARTS {
                mine.values[l] += theirs.values[l];
                mine.squares[l] += theirs.squares[l];
            }
        }
    }

    /// Mean of an interval; NaN where there is none.
    pub fn mean(&self, interval: usize) -> f64 {
        self.sums.get(interval).map_or(f64::NAN, |sums| total(&sums.values) / self.count as f64)
    }

    /// Variance of an interval, with the divisor n - 1; NaN where there is none.
    pub fn variance(&self, interval: usize) -> f64 {
        let (n, mean) = (self.count as f64, self.mean(interval));
        let squares = self.sums.get(interval).map_or(f64::NAN, |sums| total(&sums.squares));
        (squares - n * mean * mean) / (n - 1.0)
    }
}

fn total(parts: &[f64; PARTS]) -> f64 {
    parts.iter().fold(0.0, |sum, part| sum + part)
}

impl Sink for Moments {
    #[inline(always)]
    fn take(&mut self, interval: usize, _: usize, count: usize, values: &Lane) {
        let Some(sums) = self.sums.get_mut(self.offset + interval) else { return };
        let mut real = [0.0; LANES];
        for l in 0..LANES {
            real[l] = if l < count { values[l] } else { 0.0 };
        }
        sums.add(&real);
    }
}
