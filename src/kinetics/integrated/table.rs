//! The responses of the leading compartments over a dosing interval, at the nodes of the quadrature that yields the
//! moments of the drives. What leads is linear in its state at the begin of the interval and in the dose, so that they
//! serve all intervals. An interval is cut into cells of equal length, and these where a dose changes what flows in.

use super::doses::{Change, Event};
use super::lead::Led;
use super::pace::Pace;
use crate::expr::Held;
use crate::math::dispatch::{Kernel, dispatch};
use crate::math::legendre_quadrature;
use crate::ode::{STAGES, stage_nodes};

/// Moments of the drives.
const MOMENTS: usize = 3;

/// What a dose of 1 does to the lanes in an interval.
pub(super) struct Unit<'a> {
    /// Length (h).
    pub interval: f64,
    /// By lane: what happens, in order.
    pub pulses: &'a [&'a [Event]],
    /// How many states a subject has.
    pub states: usize,
}

/// The responses of some lanes.
pub(super) struct Table {
    width: usize,
    seen: usize,
    /// Leading compartments and the dose.
    columns: usize,
    /// The first node behind each cell.
    ends: Vec<usize>,
    /// Node after node, for each compartment that is seen: its response to each leading compartment and to a dose of 1.
    responses: Vec<f64>,
    /// The weight of each node in each moment of its cell.
    weights: Vec<f64>,
    /// The same responses of all leading compartments at the end.
    end: Vec<f64>,
    /// The compartments that are seen, and the drives, at a node.
    looks: Vec<f64>,
    values: Vec<f64>,
    /// Of the drives, cell after cell, drive after drive.
    moments: Vec<f64>,
}

/// A stretch between two cuts of all lanes: the places of its nodes.
struct Stretch {
    /// Its first node among all.
    first: usize,
    /// Which change of the inflow came last: 0 for none.
    change: usize,
    times: Vec<f64>,
}

impl Table {
    /// The table for intervals in so many cells, with so many nodes between two cuts. `leading` are all leading
    /// compartments.
    pub(super) fn new(
        pace: &Pace,
        leading: &[usize],
        led: &mut Led<'_>,
        unit: &Unit<'_>,
        (cells, points): (usize, usize),
    ) -> Self {
        let (width, columns, seen) = (unit.pulses.len(), leading.len() + 1, pace.seen());
        let mut table = Table {
            width,
            seen: seen.len(),
            columns,
            ends: Vec::new(),
            responses: Vec::new(),
            weights: Vec::new(),
            end: vec![0.0; leading.len() * columns * width],
            looks: vec![0.0; seen.len() * width],
            values: vec![0.0; pace.parts() * width],
            moments: vec![0.0; cells * pace.parts() * MOMENTS * width],
        };
        let stretches = table.cut(unit, cells, points);
        table.responses = vec![0.0; table.nodes() * seen.len() * columns * width];
        let rows = leading.len() * width;
        let (mut units, mut dose) = (vec![0.0; leading.len() * rows], vec![0.0; rows]);
        let none = vec![0.0; unit.states];
        let last = vec![unit.interval; width];
        (0..width).for_each(|lane| led.set_out(lane, 0.0, &none, &[]));
        for (node, times) in stretches.iter().flat_map(|s| s.times.chunks_exact(width)).enumerate() {
            led.responses(times, &mut units);
            units
                .chunks_exact(rows)
                .enumerate()
                .for_each(|(column, rows)| table.put(node, seen, column, rows));
        }
        led.responses(&last, &mut units);
        units.chunks_exact(rows).enumerate().for_each(|(column, rows)| table.put_end(column, rows));
        table.pulse(unit, seen, &stretches, led, &mut dose);
        led.at(&last, &mut dose);
        table.put_end(leading.len(), &dose);
        table
    }

    /// Cuts the interval, and finds the weights of the nodes.
    fn cut(&mut self, unit: &Unit<'_>, cells: usize, points: usize) -> Vec<Stretch> {
        let width = self.width;
        let changes = unit.pulses.iter().map(|events| events.len()).max().unwrap_or(0);
        let at = |lane: usize, change: usize| match change {
            0 => 0.0,
            _ => unit.pulses[lane].get(change - 1).map_or(unit.interval, |event| event.time),
        };
        let rules = [1, 2, 3].map(|part| legendre_quadrature(points.div_ceil(part)));
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut first = 0;
        for cell in 0..cells {
            let edge = |cell: usize| unit.interval * (cell as f64 / cells as f64);
            let (from, to) = (edge(cell), edge(cell + 1));
            for change in 0..=changes {
                let ends = |lane: usize| {
                    let begin = at(lane, change).max(from);
                    (begin, at(lane, change + 1).min(to).max(begin))
                };
                // A lane has its own number of nodes, whatever lanes are beside it: an eighth of a cell is as well served
                // by half the nodes.
                let rule = |lane: usize| {
                    let (begin, end) = ends(lane);
                    let eighths = [8.0, 64.0].into_iter().filter(|part| (end - begin) * part <= to - from);
                    (begin < end).then(|| &rules[eighths.count()])
                };
                let points = (0..width).filter_map(rule).map(|(nodes, _)| nodes.len()).max().unwrap_or(0);
                let mut times = vec![0.0; points * width];
                for (point, times) in times.chunks_exact_mut(width).enumerate() {
                    let mut weights = vec![0.0; MOMENTS * width];
                    for (lane, time) in times.iter_mut().enumerate() {
                        let (begin, end) = ends(lane);
                        let node =
                            rule(lane).and_then(|(nodes, shares)| nodes.get(point).zip(shares.get(point)));
                        let Some((node, share)) = node else { continue };
                        *time = begin + 0.5 * (end - begin) * (1.0 + node);
                        let share = 0.5 * share * (end - begin) / (to - from);
                        let moments = legendre((*time - from) / (to - from)).into_iter().enumerate();
                        moments.for_each(|(moment, value)| weights[moment * width + lane] = share * value);
                    }
                    self.weights.extend(weights);
                }
                stretches.push(Stretch { first, change, times });
                first += points;
            }
            self.ends.push(first);
        }
        stretches
    }

    /// Fills in the responses to a dose of 1; leaves the lanes under way after all that it changes.
    fn pulse(
        &mut self,
        unit: &Unit<'_>,
        seen: &[usize],
        stretches: &[Stretch],
        led: &mut Led<'_>,
        rows: &mut [f64],
    ) {
        let changes = unit.pulses.iter().map(|events| events.len()).max().unwrap_or(0);
        let mut state = vec![0.0; unit.states];
        let mut rates = vec![0.0; unit.states * self.width];
        (0..self.width).for_each(|lane| led.set_out(lane, 0.0, &state, &[]));
        for change in 0..=changes {
            for (lane, pulse) in unit.pulses.iter().enumerate() {
                let Some(event) = change.checked_sub(1).and_then(|place| pulse.get(place)) else { continue };
                led.of(lane, event.time, &mut state);
                let rates = &mut rates[lane * unit.states..(lane + 1) * unit.states];
                match event.change {
                    Change::Amount(amount) => state[event.compartment] += amount,
                    Change::Rate(rate) => rates[event.compartment] += rate,
                }
                led.set_out(lane, event.time, &state, rates);
            }
            for stretch in stretches.iter().filter(|stretch| stretch.change == change) {
                for (node, times) in stretch.times.chunks_exact(self.width).enumerate() {
                    led.at(times, rows);
                    self.put(stretch.first + node, seen, self.columns - 1, rows);
                }
            }
        }
    }

    /// Writes the responses at a node to a column.
    fn put(&mut self, node: usize, seen: &[usize], column: usize, rows: &[f64]) {
        let width = self.width;
        for (row, from) in seen.iter().enumerate() {
            let to = ((node * seen.len() + row) * self.columns + column) * width;
            self.responses[to..to + width].copy_from_slice(&rows[from * width..][..width]);
        }
    }

    fn put_end(&mut self, column: usize, rows: &[f64]) {
        for (row, values) in rows.chunks_exact(self.width).enumerate() {
            let to = (row * self.columns + column) * self.width;
            self.end[to..to + self.width].copy_from_slice(values);
        }
    }

    fn nodes(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    pub(super) fn cells(&self) -> usize {
        self.ends.len()
    }

    /// The leading compartments at the end of an interval from those at its begin and the doses.
    pub(super) fn lead(&self, begin: &[f64], amounts: &[f64], out: &mut [f64]) {
        dispatch(Respond { responses: &self.end, columns: self.columns, begin, amounts, out });
    }

    /// Takes the moments of the drives in all cells of an interval.
    pub(super) fn drive(&mut self, drives: &mut Held, begin: &[f64], amounts: &[f64]) {
        let Table { width, columns, ends, responses, weights, looks, values, moments, .. } = self;
        let (width, columns, seen) = (*width, *columns, self.seen);
        let nodes = responses.chunks_exact(seen * columns * width).zip(weights.chunks_exact(MOMENTS * width));
        moments.fill(0.0);
        let each = values.len() * MOMENTS;
        let mut cell = 0;
        for (node, (responses, weights)) in nodes.enumerate() {
            cell += usize::from(node == ends[cell]);
            dispatch(Respond { responses, columns, begin, amounts, out: looks });
            drives.run(&[looks], values);
            let moments = &mut moments[cell * each..(cell + 1) * each];
            dispatch(Weigh { width, weights, values, moments });
        }
    }

    /// Writes the drives of a cell, as the polynomials with their moments, at the stages of a step: stage after stage,
    /// drive after drive.
    pub(super) fn stages(&self, cell: usize, out: &mut [f64]) {
        let each = self.values.len() * MOMENTS;
        let moments = &self.moments[cell * each..(cell + 1) * each];
        dispatch(Shape { width: self.width, moments, out });
    }
}

/// The first Legendre polynomials on the interval from 0 to 1.
fn legendre(t: f64) -> [f64; MOMENTS] {
    let z = 2.0 * t - 1.0;
    [1.0, z, 1.5 * z * z - 0.5]
}

/// Lanes that are summed in registers; widths are multiples of it.
pub(super) const TOGETHER: usize = 8;
type Lanes = [f64; TOGETHER];

/// Lanes from one on.
#[inline(always)]
fn lanes(of: &[f64], from: usize) -> &Lanes {
    // There always are as many: what stands in for them is never read.
    of.get(from..).and_then(|rest| rest.first_chunk()).unwrap_or(&[f64::NAN; TOGETHER])
}

/// Sums responses, row by row.
struct Respond<'a> {
    responses: &'a [f64],
    columns: usize,
    begin: &'a [f64],
    amounts: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Respond<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Respond { responses, columns, begin, amounts, out } = self;
        let width = amounts.len();
        for (out, responses) in out.chunks_exact_mut(width).zip(responses.chunks_exact(columns * width)) {
            for (at, out) in out.as_chunks_mut().0.iter_mut().enumerate().map(|(k, out)| (k * TOGETHER, out))
            {
                let mut sum = times(lanes(responses, (columns - 1) * width + at), lanes(amounts, at));
                for column in 0..columns - 1 {
                    let part =
                        times(lanes(responses, column * width + at), lanes(begin, column * width + at));
                    sum = std::array::from_fn(|l| sum[l] + part[l]);
                }
                *out = sum;
            }
        }
    }
}

#[inline(always)]
fn times(a: &Lanes, b: &Lanes) -> Lanes {
    std::array::from_fn(|l| a[l] * b[l])
}

/// Adds what the drives at a node contribute to their moments.
struct Weigh<'a> {
    width: usize,
    weights: &'a [f64],
    values: &'a [f64],
    moments: &'a mut [f64],
}

impl Kernel for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Weigh { width, weights, values, moments } = self;
        for (values, moments) in values.chunks_exact(width).zip(moments.chunks_exact_mut(MOMENTS * width)) {
            for (at, values) in
                values.as_chunks::<TOGETHER>().0.iter().enumerate().map(|(k, out)| (k * TOGETHER, out))
            {
                let zeroth = lanes(weights, at);
                // Not every lane has a node here.
                let values: Lanes = std::array::from_fn(|l| if zeroth[l] == 0.0 { 0.0 } else { values[l] });
                for moment in 0..MOMENTS {
                    let part = times(lanes(weights, moment * width + at), &values);
                    let place = &mut moments[moment * width + at..][..TOGETHER];
                    place.iter_mut().zip(part).for_each(|(place, part)| *place += part);
                }
            }
        }
    }
}

/// A row a moment.
#[inline(always)]
fn rows(of: &[f64], width: usize) -> [&[f64]; MOMENTS] {
    std::array::from_fn(|moment| &of[moment * width..][..width])
}

/// Puts the polynomials that have these moments at the stages.
struct Shape<'a> {
    width: usize,
    moments: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Shape<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Shape { width, moments, out } = self;
        let whole = out.len() / STAGES;
        for (out, place) in out.chunks_exact_mut(whole).zip(stage_nodes()) {
            let [a, b, c] = legendre(*place);
            let (b, c) = (3.0 * b, 5.0 * c);
            for (out, moments) in out.chunks_exact_mut(width).zip(moments.chunks_exact(MOMENTS * width)) {
                let [zeroth, first, second] = rows(moments, width);
                for l in 0..width {
                    out[l] = a * zeroth[l] + b * first[l] + c * second[l];
                }
            }
        }
    }
}
