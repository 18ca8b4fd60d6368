//! Compartments of a mammillary shape as functions of time, for lanes that set out at times of their own.
//!
//! With one peripheral compartment at most, a response is a sum of exponentials and of divided differences of two of
//! them, all positive (see `closed`). The divided difference of rates a > b is exp(-b t) (1 - exp(-(a - b) t)) / (a - b),
//! which keeps its digits where rates meet.

use super::eigenvalues;
use super::lanes::{LANES, Lane};
use super::shape::Shape;
use crate::math;
use crate::math::dispatch::{Kernel, dispatch};

/// Compartments on their way, under an input to the central one that is constant until a lane sets out anew. States
/// stand in the order of the shape.
#[derive(Clone, Debug)]
pub(crate) struct Motion {
    depots: usize,
    peripherals: usize,
    /// Whether there are inputs at all.
    fed: bool,
    width: usize,
    /// The rates of all subjects, one after another.
    block: Vec<f64>,
    /// Those of the lanes, column after column: [`Disposition`], then for each depot its total rate and that into the central compartment.
    rates: Vec<f64>,
    from: Vec<f64>,
    begin: Vec<f64>,
    input: Vec<f64>,
}

/// Columns of the disposition in [`Motion::rates`].
const DISPOSITION: usize = 9;

/// What a lane's central and peripheral compartment do: decay rates and their gap; shares of the two exponentials in the
/// response of each compartment to itself; rates of exchange.
#[derive(Clone, Copy)]
struct Disposition {
    fast: f64,
    slow: f64,
    gap: f64,
    central: [f64; 2],
    peripheral: [f64; 2],
    out: f64,
    back: f64,
}

impl Disposition {
    #[inline(always)]
    fn new([elimination, out, back]: [f64; 3]) -> Self {
        let [fast, slow] = eigenvalues::of_two(elimination, out, back);
        let gap = fast - slow;
        let shares = |rate: f64| match gap > 0.0 {
            true => [(fast - rate) / gap, (rate - slow) / gap],
            // Nothing is exchanged.
            false => [1.0, 0.0],
        };
        let (central, peripheral) = (shares(back), shares(elimination + out));
        Disposition { fast, slow, gap, central, peripheral, out, back }
    }

    /// Where there is no peripheral compartment.
    fn of_one(elimination: f64) -> Self {
        let none = [0.0; 2];
        Disposition {
            fast: elimination,
            slow: 0.0,
            gap: 0.0,
            central: none,
            peripheral: none,
            out: 0.0,
            back: 0.0,
        }
    }

    fn columns(&self) -> [f64; DISPOSITION] {
        let ([a, b], [c, d]) = (self.central, self.peripheral);
        [self.fast, self.slow, self.gap, a, b, c, d, self.out, self.back]
    }
}

impl Motion {
    /// The rates of a shape in its order, a column each, of subjects of whom `width` can be seated at a time; `None` with
    /// two peripheral compartments.
    pub(crate) fn new(shape: Shape, rates: &[Vec<f64>], width: usize, fed: bool) -> Option<Self> {
        let (depots, peripherals) = (shape.depots(), shape.peripherals());
        if peripherals > 1 || rates.len() != shape.rates() {
            return None;
        }
        let mut block = Vec::new();
        let central = 2 * depots;
        for subject in 0..rates[central].len() {
            let rate = |k: usize| rates[k][subject];
            let disposition = match peripherals {
                0 => Disposition::of_one(rate(central)),
                _ => Disposition::new([rate(central), rate(central + 1), rate(central + 2)]),
            };
            let depot = |d: usize| [rate(2 * d) + rate(2 * d + 1), rate(2 * d)];
            block.extend(disposition.columns().into_iter().chain((0..depots).flat_map(depot)));
        }
        Some(Motion {
            depots,
            peripherals,
            fed,
            width,
            block,
            rates: vec![0.0; (DISPOSITION + 2 * depots) * width],
            from: vec![0.0; width],
            begin: vec![0.0; shape.states() * width],
            input: vec![0.0; width],
        })
    }

    /// How many states there are.
    pub(crate) fn states(&self) -> usize {
        self.depots + 1 + self.peripherals
    }

    /// Takes a subject into a lane.
    pub(crate) fn seat(&mut self, lane: usize, subject: usize) {
        let columns = DISPOSITION + 2 * self.depots;
        for (column, value) in self.block[subject * columns..][..columns].iter().enumerate() {
            self.rates[column * self.width + lane] = *value;
        }
    }

    /// Lets a lane set out from these states, with this input to the central compartment from now on.
    pub(crate) fn set_out(&mut self, lane: usize, from: f64, states: impl Iterator<Item = f64>, input: f64) {
        self.from[lane] = from;
        self.input[lane] = input;
        for (row, value) in states.enumerate() {
            self.begin[row * self.width + lane] = value;
        }
    }

    /// Writes the states of every lane at its time, state after state.
    pub(crate) fn at(&self, t: &[f64], out: &mut [f64]) {
        self.look(0, t, out);
    }

    /// Writes the states of every lane at its time for a 1 in the first state at the begin, then for one in the second, and
    /// so on: state after state, begin after begin. Inputs do not count.
    pub(crate) fn responses(&self, t: &[f64], out: &mut [f64]) {
        let motion = self;
        match (self.depots, self.peripherals) {
            (0, 0) => dispatch(Look::<0, 0, true> { motion, first: 0, t, out }),
            (1, 0) => dispatch(Look::<1, 0, true> { motion, first: 0, t, out }),
            (_, 0) => dispatch(Look::<2, 0, true> { motion, first: 0, t, out }),
            (0, _) => dispatch(Look::<0, 1, true> { motion, first: 0, t, out }),
            (1, _) => dispatch(Look::<1, 1, true> { motion, first: 0, t, out }),
            (_, _) => dispatch(Look::<2, 1, true> { motion, first: 0, t, out }),
        }
    }

    /// Writes the states of one lane.
    pub(crate) fn of(&self, lane: usize, t: f64, out: &mut [f64]) {
        self.look(lane, &[t], out);
    }

    fn look(&self, first: usize, t: &[f64], out: &mut [f64]) {
        let motion = self;
        match (self.depots, self.peripherals) {
            (0, 0) => dispatch(Look::<0, 0, false> { motion, first, t, out }),
            (1, 0) => dispatch(Look::<1, 0, false> { motion, first, t, out }),
            (_, 0) => dispatch(Look::<2, 0, false> { motion, first, t, out }),
            (0, _) => dispatch(Look::<0, 1, false> { motion, first, t, out }),
            (1, _) => dispatch(Look::<1, 1, false> { motion, first, t, out }),
            (_, _) => dispatch(Look::<2, 1, false> { motion, first, t, out }),
        }
    }
}

/// The states of D depots, the central and P peripheral compartments of the lanes from `first` on, or their responses.
struct Look<'a, const D: usize, const P: usize, const UNITS: bool> {
    motion: &'a Motion,
    first: usize,
    t: &'a [f64],
    out: &'a mut [f64],
}

impl<const D: usize, const P: usize, const UNITS: bool> Kernel for Look<'_, D, P, UNITS> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if self.motion.fed && !UNITS { self.sum::<true>() } else { self.sum::<false>() }
    }
}

impl<const D: usize, const P: usize, const UNITS: bool> Look<'_, D, P, UNITS> {
    #[inline(always)]
    fn sum<const FED: bool>(self) {
        let Look { motion, first, t, out } = self;
        let width = t.len();
        for at in (0..width).step_by(LANES) {
            let column = |all: &[f64], k: usize| some(&all[k * motion.width + first + at..]);
            let mut time = some(&t[at..]);
            let from = column(&motion.from, 0);
            for l in 0..LANES {
                time[l] -= from[l];
            }
            let unused = [0.0; LANES];
            let part = Part::<D, P> {
                time,
                rates: std::array::from_fn(
                    |k| if k == 0 || P > 0 { column(&motion.rates, k) } else { unused },
                ),
                depots: std::array::from_fn(|d| {
                    std::array::from_fn(|k| column(&motion.rates, DISPOSITION + 2 * d + k))
                }),
                begin: std::array::from_fn(|k| if k <= D + P { column(&motion.begin, k) } else { unused }),
                input: if FED { column(&motion.input, 0) } else { unused },
            };
            let decays = part.decays();
            let count = D + 1 + P;
            for (column, out) in out.chunks_exact_mut(count * width).enumerate() {
                let mut begins = if UNITS { [unused; 4] } else { part.begin };
                if UNITS {
                    begins[column] = [1.0; LANES];
                }
                let states = part.states::<FED>(&decays, &begins);
                for (row, state) in out.chunks_exact_mut(width).zip(&states) {
                    match row[at..].first_chunk_mut::<LANES>() {
                        Some(row) => *row = *state,
                        None => row[at..].copy_from_slice(&state[..width - at]),
                    }
                }
            }
        }
    }
}

/// Lanes from the begin of a column on; what lies beyond the last one does not matter.
#[inline(always)]
fn some(column: &[f64]) -> Lane {
    if let Some(lanes) = column.first_chunk::<LANES>() {
        return *lanes;
    }
    let mut lanes = [0.0; LANES];
    lanes[..column.len()].copy_from_slice(column);
    lanes
}

/// Lanes side by side.
struct Part<const D: usize, const P: usize> {
    time: Lane,
    rates: [Lane; DISPOSITION],
    depots: [[Lane; 2]; D],
    begin: [Lane; 4],
    input: Lane,
}

/// The exponentials of a part at its times.
struct Decays<const D: usize> {
    fast: Lane,
    slow: Lane,
    exchange: Lane,
    /// Of each depot: what is left, and how it meets the fast and the slow exponential.
    depots: [[Lane; 3]; D],
}

impl<const D: usize, const P: usize> Part<D, P> {
    #[inline(always)]
    fn decays(&self) -> Decays<D> {
        let [fast, slow, gap, ..] = &self.rates;
        let t = &self.time;
        let none = [0.0; LANES];
        let (after_fast, after_slow) = (decay(fast, t), if P == 1 { decay(slow, t) } else { none });
        let mut depots = [[none; 3]; D];
        for (depot, [rate, _]) in depots.iter_mut().zip(&self.depots) {
            let left = decay(rate, t);
            let met_fast = meeting(rate, fast, &left, &after_fast, t);
            let met_slow = if P == 1 { meeting(rate, slow, &left, &after_slow, t) } else { none };
            *depot = [left, met_fast, met_slow];
        }
        let exchange = if P == 1 { difference(gap, &after_slow, t) } else { none };
        Decays { fast: after_fast, slow: after_slow, exchange, depots }
    }

    #[inline(always)]
    fn states<const FED: bool>(&self, decays: &Decays<D>, begins: &[Lane; 4]) -> [Lane; 4] {
        let [fast, slow, gap, a, b, c, d, away, back] = &self.rates;
        let Decays { fast: after_fast, slow: after_slow, exchange, depots } = decays;
        let t = &self.time;
        let (x, y) = (&begins[D], &begins[(D + P).min(3)]);
        let mut out = [[0.0; LANES]; 4];
        // What has entered the central compartment, as the fast and the slow exponential tell of it.
        let (mut of_fast, mut of_slow) = ([0.0; LANES], [0.0; LANES]);
        if FED {
            let (through_fast, through_slow) = (once(fast, t), once(slow, t));
            for l in 0..LANES {
                of_fast[l] = self.input[l] * through_fast[l];
                of_slow[l] = self.input[l] * through_slow[l];
            }
        }
        for (depot, ([left, met_fast, met_slow], begin)) in depots.iter().zip(begins).enumerate() {
            let absorption = &self.depots[depot][1];
            for l in 0..LANES {
                let absorbed = absorption[l] * begin[l];
                of_fast[l] += absorbed * met_fast[l];
                of_slow[l] += absorbed * met_slow[l];
                out[depot][l] = begin[l] * left[l];
            }
        }
        for l in 0..LANES {
            if P == 0 {
                out[D][l] = x[l] * after_fast[l] + of_fast[l];
            } else {
                let own = x[l] * (a[l] * after_fast[l] + b[l] * after_slow[l]);
                let entered = a[l] * of_fast[l] + b[l] * of_slow[l];
                out[D][l] = own + y[l] * (back[l] * exchange[l]) + entered;
                let own = y[l] * (c[l] * after_fast[l] + d[l] * after_slow[l]);
                let both = (of_slow[l] - of_fast[l]) / gap[l];
                let entered = if gap[l] > 0.0 { away[l] * both } else { 0.0 };
                out[D + 1][l] = own + x[l] * (away[l] * exchange[l]) + entered;
            }
        }
        out
    }
}

/// exp(-rate t).
#[inline(always)]
fn decay(rate: &Lane, t: &Lane) -> Lane {
    let mut out = [0.0; LANES];
    for l in 0..LANES {
        out[l] = math::exp(-rate[l] * t[l]);
    }
    out
}

/// (1 - exp(-rate t)) / rate, which is t where there is no rate.
#[inline(always)]
fn once(rate: &Lane, t: &Lane) -> Lane {
    let mut out = [0.0; LANES];
    for l in 0..LANES {
        let value = -math::expm1(-rate[l] * t[l]) / rate[l];
        out[l] = if rate[l] == 0.0 { t[l] } else { value };
    }
    out
}

/// The divided difference of two decays, whose gap is not negative, from the slower of them.
#[inline(always)]
fn difference(gap: &Lane, slower: &Lane, t: &Lane) -> Lane {
    let mut out = once(gap, t);
    for l in 0..LANES {
        out[l] *= slower[l];
    }
    out
}

/// The divided difference of two decays with these rates.
#[inline(always)]
fn meeting(a: &Lane, b: &Lane, after_a: &Lane, after_b: &Lane, t: &Lane) -> Lane {
    let (mut gap, mut slower) = ([0.0; LANES], [0.0; LANES]);
    for l in 0..LANES {
        gap[l] = (a[l] - b[l]).abs();
        slower[l] = if a[l] > b[l] { after_b[l] } else { after_a[l] };
    }
    difference(&gap, &slower, t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinetics::linear::{Integral, LinearSystem};

    /// The states of subjects by their responses to units in each compartment and to a constant input.
    fn witness(shape: Shape, rates: &[Vec<f64>], begin: &[f64], input: f64, t: f64) -> Vec<Vec<f64>> {
        let columns: Vec<&[f64]> = rates.iter().map(Vec::as_slice).collect();
        let system = LinearSystem::closed(shape, &columns, rates[0].len()).unwrap();
        let times = vec![t; system.padded()];
        let response = system.response(Integral::None, &times);
        let fed = system.response(Integral::Once, &times);
        let state = |row: usize, subject: usize| {
            let of = |column: usize| response.entry(row, column)[subject] * begin[column];
            (0..shape.states()).map(of).sum::<f64>() + fed.entry(row, shape.central())[subject] * input
        };
        (0..shape.states()).map(|row| (0..rates[0].len()).map(|l| state(row, l)).collect()).collect()
    }

    #[test]
    fn lanes_follow_the_responses_of_their_systems() {
        for (depots, peripherals) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)] {
            let shape = Shape::new(depots, peripherals).unwrap();
            let subjects = 20;
            let mut rates: Vec<Vec<f64>> = (0..shape.rates())
                .map(|k| (0..subjects).map(|l| 0.05 * (1 + (7 * k + 3 * l) % 11) as f64).collect())
                .collect();
            // Rates that meet, and compartments that exchange or lose nothing.
            (0..shape.rates())
                .for_each(|k| rates[k][0] = if k < 2 * depots && k % 2 == 1 { 0.0 } else { 0.2 });
            (0..shape.rates()).for_each(|k| rates[k][1] = if k == 2 * depots { 0.0 } else { 0.3 });
            (2 * depots + 1..shape.rates()).for_each(|k| rates[k][2] = 0.0);
            let begin: Vec<f64> = (0..shape.states()).map(|k| 3.0 + k as f64).collect();
            for (input, fed) in [(0.0, false), (0.0, true), (1.5, true)] {
                let mut motion = Motion::new(shape, &rates, subjects, fed).unwrap();
                for lane in 0..subjects {
                    motion.seat(lane, lane);
                    motion.set_out(lane, 2.0 + lane as f64, begin.iter().copied(), input);
                }
                for after in [0.0, 1e-3, 1.0, 24.0] {
                    let times: Vec<f64> = (0..subjects).map(|lane| 2.0 + lane as f64 + after).collect();
                    let mut all = vec![0.0; shape.states() * subjects];
                    motion.at(&times, &mut all);
                    let mut units = vec![0.0; shape.states() * all.len()];
                    motion.responses(&times, &mut units);
                    let witness = witness(shape, &rates, &begin, input, after);
                    for lane in 0..subjects {
                        let mut one = [0.0; 4];
                        motion.of(lane, times[lane], &mut one[..shape.states()]);
                        // By superposition, where nothing enters.
                        let summed = |row: usize| -> f64 {
                            let of =
                                |k: usize| units[(k * shape.states() + row) * subjects + lane] * begin[k];
                            (0..shape.states()).map(of).sum()
                        };
                        for row in 0..shape.states() {
                            let (found, expected) = (all[row * subjects + lane], witness[row][lane]);
                            assert_eq!(found, one[row]);
                            if input == 0.0 {
                                assert!((summed(row) - found).abs() < 1e-13 * (10.0 + found.abs()));
                            }
                            let close = (found - expected).abs() < 1e-13 * (10.0 + expected.abs());
                            assert!(close, "{shape:?} {lane} {row} after {after}: {found} {expected}");
                        }
                    }
                }
            }
        }
    }
}
