//! The systems of a block of subjects.

use super::closed::{DepotResponse, Responses, respond};
use super::eigenvalues;
use super::fault::{Fault, SystemError, check, checked};
use super::lanes::LaneMatrix;
use super::propagator::{Propagate, propagate};
use super::shape::Shape;
use super::steady::{NothingEliminated, solve_any, solve_compartments};
use crate::math::dispatch::{Kernel, dispatch};

/// How often a response is integrated over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integral {
    /// The amounts that a unit leads to.
    None,
    /// Areas under those amounts; also the amounts that an input of one unit per hour leads to.
    Once,
    /// Areas under the amounts that an input of one unit per hour leads to.
    Twice,
}

/// Linear compartment systems of a block of subjects.
#[derive(Clone, Debug)]
pub struct LinearSystem {
    subjects: usize,
    padded: usize,
    states: usize,
    form: Form,
    faults: Vec<Fault>,
}

#[derive(Clone, Debug)]
enum Form {
    Closed {
        shape: Shape,
        /// Rate constants in the shape's order, each `padded` long.
        rates: Vec<f64>,
        /// Decay rates of central and peripheral compartments.
        decay: Vec<f64>,
        /// Total rate out of each depot.
        depots: Vec<f64>,
    },
    Any {
        matrix: LaneMatrix,
        pattern: Vec<(usize, usize)>,
    },
}

impl LinearSystem {
    /// Systems of a shape with closed forms. `rates` holds one column for each rate constant in the order of
    /// [`Shape`], 1/h, each with a number per subject.
    ///
    /// A subject with a rate constant that is negative or not finite gets results that are not numbers, and a place in
    /// [`faults`](Self::faults); the others are not touched.
    ///
    /// # Errors
    /// [`SystemError`] when the number of columns or their lengths do not fit.
    pub fn closed(shape: Shape, rates: &[&[f64]], subjects: usize) -> Result<Self, SystemError> {
        check(rates, shape.rates(), subjects)?;
        let mut faults = Vec::new();
        let mut columns = Vec::new();
        for (rate, column) in rates.iter().enumerate() {
            let name = || format!("rate constant of {}", shape.rate_name(rate));
            let column = checked(column, false, name, &mut faults);
            columns.extend(column);
        }
        let length = subjects.div_ceil(super::LANES) * super::LANES;
        let first = 2 * shape.depots();
        let depots = (0..shape.depots())
            .flat_map(|d| {
                let (absorbed, lost) = columns[2 * d * length..].split_at(length);
                absorbed.iter().zip(lost).map(|(a, b)| a + b)
            })
            .collect();
        let mut decay = vec![0.0; (1 + shape.peripherals()) * length];
        dispatch(Decay {
            peripherals: shape.peripherals(),
            rates: &columns[first * length..],
            out: &mut decay,
        });
        let form = Form::Closed { shape, rates: columns, decay, depots };
        Ok(LinearSystem { subjects, padded: length, states: shape.states(), form, faults })
    }

    /// Systems with any matrix A, 1/h: `entries` holds a column for each entry, row after row.
    ///
    /// # Errors
    /// [`SystemError`] when the number of columns or their lengths do not fit.
    pub fn any(states: usize, entries: &[&[f64]], subjects: usize) -> Result<Self, SystemError> {
        check(entries, states * states, subjects)?;
        let mut matrix = LaneMatrix::zeros(states, states, subjects);
        let mut faults = Vec::new();
        let mut pattern = Vec::new();
        for (at, column) in entries.iter().enumerate() {
            let (i, j) = (at / states, at % states);
            let name = || format!("matrix entry ({}, {})", i + 1, j + 1);
            let column = checked(column, true, name, &mut faults);
            if column.iter().any(|value| *value != 0.0) {
                pattern.push((i, j));
            }
            matrix.entry_mut(i, j).copy_from_slice(&column);
        }
        let padded = matrix.padded();
        Ok(LinearSystem { subjects, padded, states, form: Form::Any { matrix, pattern }, faults })
    }

    /// Number of subjects.
    pub fn subjects(&self) -> usize {
        self.subjects
    }

    /// Number of subjects, up to the next multiple of [`LANES`](super::LANES).
    pub fn padded(&self) -> usize {
        self.padded
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The shape, if the system has a closed form.
    pub fn shape(&self) -> Option<Shape> {
        match &self.form {
            Form::Closed { shape, .. } => Some(*shape),
            Form::Any { .. } => None,
        }
    }

    /// Subjects whose rate constants cannot be.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The state (or its integrals) after a time span that a unit in each compartment leads to: entry (i, j) is the
    /// amount in compartment i after a unit was put into j. `t` holds hours, one number for each subject and the
    /// padding.
    pub fn response(&self, integral: Integral, t: &[f64]) -> LaneMatrix {
        let mut out = LaneMatrix::zeros(self.states, self.states, self.subjects);
        match &self.form {
            Form::Any { matrix, pattern } => {
                propagate(Propagate { matrix, pattern, integrals: integral as usize, t, out: &mut out });
            }
            Form::Closed { shape, .. } => {
                for depot in 0..shape.depots() {
                    self.add_depot_responses(depot, integral, t, depot, &mut out);
                }
                self.add_disposition_responses(integral, t, None, &mut out);
            }
        }
        out
    }

    /// The same for a unit in one compartment only: a column.
    pub fn response_to(&self, compartment: usize, integral: Integral, t: &[f64]) -> LaneMatrix {
        let mut out = LaneMatrix::zeros(self.states, 1, self.subjects);
        match &self.form {
            Form::Any { .. } => {
                let whole = self.response(integral, t);
                for i in 0..self.states {
                    out.entry_mut(i, 0).copy_from_slice(whole.entry(i, compartment));
                }
            }
            Form::Closed { shape, .. } if compartment < shape.depots() => {
                self.add_depot_responses(compartment, integral, t, 0, &mut out);
            }
            Form::Closed { .. } => self.add_disposition_responses(integral, t, Some(compartment), &mut out),
        }
        out
    }

    /// What A makes of a state: the amounts per hour that compartments gain.
    pub(crate) fn slope(&self, x: &LaneMatrix) -> LaneMatrix {
        let mut out = LaneMatrix::zeros(self.states, 1, self.subjects);
        let mut add = |i: usize, j: usize, rate: &[f64], sign: f64| {
            let from = x.entry(j, 0);
            for ((out, rate), from) in out.entry_mut(i, 0).iter_mut().zip(rate).zip(from) {
                *out += sign * (rate * from);
            }
        };
        match &self.form {
            Form::Any { matrix, pattern } => {
                for &(i, j) in pattern {
                    add(i, j, matrix.entry(i, j), 1.0);
                }
            }
            Form::Closed { shape, rates, depots, .. } => {
                let central = shape.central();
                let rate = |i: usize| &rates[i * self.padded..(i + 1) * self.padded];
                for d in 0..shape.depots() {
                    add(d, d, &depots[d * self.padded..(d + 1) * self.padded], -1.0);
                    add(central, d, rate(2 * d), 1.0);
                }
                let first = 2 * shape.depots();
                add(central, central, rate(first), -1.0);
                for p in 0..shape.peripherals() {
                    let (away, back) = (rate(first + 1 + 2 * p), rate(first + 2 + 2 * p));
                    let state = central + 1 + p;
                    add(central, central, away, -1.0);
                    add(state, central, away, 1.0);
                    add(central, state, back, 1.0);
                    add(state, state, back, -1.0);
                }
            }
        }
        out
    }

    /// Solves x = M x + w in place of w, where M is the [`response`](Self::response) after an interval.
    ///
    /// # Errors
    /// [`NothingEliminated`] names the subjects for which there is none; the others are solved all the same.
    pub(crate) fn solve_steady(
        &self,
        transition: &LaneMatrix,
        interval: &[f64],
        w: &mut LaneMatrix,
    ) -> Result<(), NothingEliminated> {
        match &self.form {
            Form::Any { .. } => solve_any(transition, w),
            Form::Closed { shape, rates, .. } => {
                let areas = self.response(Integral::Once, interval);
                let mut gone = LaneMatrix::zeros(1, self.states, self.subjects);
                let rate = |i: usize| &rates[i * self.padded..(i + 1) * self.padded];
                let mut lose = |from: usize, rate: &[f64]| {
                    for unit in 0..self.states {
                        let areas = areas.entry(from, unit);
                        for ((gone, rate), area) in gone.entry_mut(0, unit).iter_mut().zip(rate).zip(areas) {
                            *gone += rate * area;
                        }
                    }
                };
                lose(shape.central(), rate(2 * shape.depots()));
                for d in 0..shape.depots() {
                    lose(d, rate(2 * d + 1));
                }
                solve_compartments(transition, &gone, w);
            }
        }
        let faulty = |subject: &usize| self.faults.iter().any(|fault| fault.subject == *subject);
        let finite = |subject: &usize| (0..self.states).all(|i| w.entry(i, 0)[*subject].is_finite());
        let subjects: Vec<usize> =
            (0..self.subjects).filter(|subject| !finite(subject) && !faulty(subject)).collect();
        if subjects.is_empty() { Ok(()) } else { Err(NothingEliminated { subjects }) }
    }

    fn add_depot_responses(
        &self,
        depot: usize,
        integral: Integral,
        t: &[f64],
        column: usize,
        out: &mut LaneMatrix,
    ) {
        let Form::Closed { shape, rates, decay, depots } = &self.form else { return };
        let rate = &depots[depot * self.padded..(depot + 1) * self.padded];
        let own = out.offset(depot, column);
        dispatch(DepotResponse { rate, integrals: integral as usize, t, out: &mut out.data_mut()[own..] });
        let mut places = [None; 9];
        for (i, place) in places.iter_mut().take(1 + shape.peripherals()).enumerate() {
            *place = Some(out.offset(shape.central() + i, column));
        }
        let feed = &rates[2 * depot * self.padded..(2 * depot + 1) * self.padded];
        respond(
            shape.peripherals(),
            Responses {
                rates: &rates[2 * shape.depots() * self.padded..],
                decay,
                depot: Some(rate),
                integrals: integral as usize,
                t,
                feed: Some(feed),
                out: out.data_mut(),
                places,
            },
        );
    }

    /// Responses to units in the central and peripheral compartments: in all of them, or in `only` one, whose column is
    /// then the only one of `out`.
    fn add_disposition_responses(
        &self,
        integral: Integral,
        t: &[f64],
        only: Option<usize>,
        out: &mut LaneMatrix,
    ) {
        let Form::Closed { shape, rates, decay, .. } = &self.form else { return };
        let central = shape.central();
        let mut places = [None; 9];
        for from in 0..=shape.peripherals() {
            let column = match only {
                None => central + from,
                Some(compartment) if compartment == central + from => 0,
                Some(_) => continue,
            };
            for to in 0..=shape.peripherals() {
                places[to + 3 * from] = Some(out.offset(central + to, column));
            }
        }
        respond(
            shape.peripherals(),
            Responses {
                rates: &rates[2 * shape.depots() * self.padded..],
                decay,
                depot: None,
                integrals: integral as usize,
                t,
                feed: None,
                out: out.data_mut(),
                places,
            },
        );
    }
}

/// Decay rates of the disposition compartments.
struct Decay<'a> {
    peripherals: usize,
    rates: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Decay<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let length = self.out.len() / (1 + self.peripherals);
        let rate = |i: usize| &self.rates[i * length..(i + 1) * length];
        match self.peripherals {
            0 => self.out.copy_from_slice(rate(0)),
            1 => {
                let (k10, k12, k21) = (rate(0), rate(1), rate(2));
                let (fast, slow) = self.out.split_at_mut(length);
                for l in 0..length {
                    [fast[l], slow[l]] = eigenvalues::of_two(k10[l], k12[l], k21[l]);
                }
            }
            _ => {
                let (k10, k12, k21, k13, k31) = (rate(0), rate(1), rate(2), rate(3), rate(4));
                let (fast, rest) = self.out.split_at_mut(length);
                let (middle, slow) = rest.split_at_mut(length);
                for l in 0..length {
                    [fast[l], middle[l], slow[l]] =
                        eigenvalues::of_three(k10[l], k12[l], k21[l], k13[l], k31[l]);
                }
            }
        }
    }
}
