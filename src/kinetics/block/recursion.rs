//! The recursion x <- M x + w d from interval to interval.

use super::interval::{Doses, Output};
use super::sink::{Nothing, Sink};
use crate::kinetics::linear::{LANES, Lane, LaneMatrix, Shape, load, store};
use crate::math::dispatch::{Kernel, dispatch};

/// What the recursion works on.
pub(super) struct Recursion<'a, S> {
    /// M.
    pub transition: &'a LaneMatrix,
    /// w, for a unit dose.
    pub gain: &'a LaneMatrix,
    /// What comes in besides, the same in each interval.
    pub inflow: Option<&'a LaneMatrix>,
    pub x: &'a mut LaneMatrix,
    /// `Same` is padded, `Each` has a row of `subjects` for each interval.
    pub doses: Doses<'a>,
    pub subjects: usize,
    pub count: usize,
    /// The number of the first interval, for the sink.
    pub first: usize,
    pub output: Option<&'a Output>,
    pub sink: &'a mut S,
}

/// Intervals that a chunk goes through before the next chunk has its turn: what a sink gathers for so many stays in the
/// nearest cache.
const TILE: usize = 64;

impl<S> Recursion<'_, S> {
    /// The scale of the output of a chunk.
    #[inline(always)]
    fn scale(&self, at: usize) -> Lane {
        self.output.map_or([0.0; LANES], |output| load(output.scale(), at))
    }
}

/// Runs the recursion; closed shapes whose output is the central compartment stay in registers.
pub(super) fn recur<S: Sink>(shape: Option<Shape>, task: Recursion<'_, S>) {
    let central =
        shape.filter(|shape| task.output.is_none_or(|output| output.compartment() == shape.central()));
    match central.map(|shape| (shape.depots(), shape.peripherals())) {
        Some((0, 0)) => dispatch(Fixed::<0, 1, S>(task)),
        Some((0, 1)) => dispatch(Fixed::<0, 2, S>(task)),
        Some((0, 2)) => dispatch(Fixed::<0, 3, S>(task)),
        Some((1, 0)) => dispatch(Fixed::<1, 1, S>(task)),
        Some((1, 1)) => dispatch(Fixed::<1, 2, S>(task)),
        Some((1, 2)) => dispatch(Fixed::<1, 3, S>(task)),
        Some((2, 0)) => dispatch(Fixed::<2, 1, S>(task)),
        Some((2, 1)) => dispatch(Fixed::<2, 2, S>(task)),
        Some((2, 2)) => dispatch(Fixed::<2, 3, S>(task)),
        _ => dispatch(General(shape, task)),
    }
}

/// The doses of a chunk in an interval.
#[inline(always)]
fn doses_at(doses: Doses<'_>, subjects: usize, interval: usize, at: usize, count: usize) -> Lane {
    let mut lane = [0.0; LANES];
    match doses {
        Doses::Same(column) => lane = load(column, at),
        Doses::Each(rows) => {
            let from = interval * subjects + at;
            if let Some(row) = rows.get(from..from + count) {
                lane[..count].copy_from_slice(row);
            }
        }
    }
    lane
}

/// D depots and M central and peripheral compartments.
struct Fixed<'a, const D: usize, const M: usize, S>(Recursion<'a, S>);

impl<const D: usize, const M: usize, S: Sink> Kernel for Fixed<'_, D, M, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let task = self.0;
        let entry = |i: usize, j: usize, at: usize| load(task.transition.entry(i, j), at);
        let chunks = (0..task.x.padded()).step_by(LANES);
        let tiles = (0..task.count).step_by(TILE);
        for (tile, at) in tiles.flat_map(|tile| chunks.clone().map(move |at| (tile, at))) {
            let count = LANES.min(task.subjects.saturating_sub(at));
            let end = task.count.min(tile + TILE);
            let mut depot = [[0.0; LANES]; D];
            let mut stays = [[0.0; LANES]; D];
            let mut absorbed = [[[0.0; LANES]; D]; M];
            let mut moved = [[[0.0; LANES]; M]; M];
            let mut body = [[0.0; LANES]; M];
            for d in 0..D {
                depot[d] = load(task.x.entry(d, 0), at);
                stays[d] = entry(d, d, at);
            }
            for i in 0..M {
                body[i] = load(task.x.entry(D + i, 0), at);
                for d in 0..D {
                    absorbed[i][d] = entry(D + i, d, at);
                }
                for j in 0..M {
                    moved[i][j] = entry(D + i, D + j, at);
                }
            }
            let chunk = Chunk { at, count, stays, absorbed, moved, scale: task.scale(at) };
            // The doses of all intervals at once if they are the same, and one by one if not.
            let stride = if matches!(task.doses, Doses::Same(_)) { end - tile } else { 1 };
            for from in (tile..end).step_by(stride) {
                let dose = doses_at(task.doses, task.subjects, from, at, count);
                let mut into_depot = [[0.0; LANES]; D];
                let mut into_body = [[0.0; LANES]; M];
                for d in 0..D {
                    into_depot[d] = brought(task.gain, task.inflow, d, at, &dose);
                }
                for i in 0..M {
                    into_body[i] = brought(task.gain, task.inflow, D + i, at, &dose);
                }
                let intervals = task.first + from..task.first + from + stride;
                let into = (&into_depot, &into_body);
                if task.output.is_some() {
                    chunk.run(intervals, into, (&mut depot, &mut body), task.sink);
                } else {
                    chunk.run(intervals, into, (&mut depot, &mut body), &mut Nothing);
                }
            }
            for d in 0..D {
                store(task.x.entry_mut(d, 0), at, &depot[d]);
            }
            for i in 0..M {
                store(task.x.entry_mut(D + i, 0), at, &body[i]);
            }
        }
    }
}

/// The constants of a chunk of subjects.
struct Chunk<const D: usize, const M: usize> {
    at: usize,
    count: usize,
    /// What stays in each depot.
    stays: [Lane; D],
    /// What comes from each depot into each of the other compartments.
    absorbed: [[Lane; D]; M],
    /// What moves between the other compartments.
    moved: [[Lane; M]; M],
    scale: Lane,
}

impl<const D: usize, const M: usize> Chunk<D, M> {
    #[inline(always)]
    fn run<S: Sink>(
        &self,
        intervals: std::ops::Range<usize>,
        into: (&[Lane; D], &[Lane; M]),
        state: (&mut [Lane; D], &mut [Lane; M]),
        sink: &mut S,
    ) {
        let ((into_depot, into_body), (mut depot, mut body)) = (into, (*state.0, *state.1));
        for interval in intervals {
            // Lane by lane: a second array for the new amounts would go through memory.
            for l in 0..LANES {
                let mut next = [0.0; M];
                for i in 0..M {
                    let mut sum = self.moved[i][0][l] * body[0][l];
                    for j in 1..M {
                        sum += self.moved[i][j][l] * body[j][l];
                    }
                    for d in 0..D {
                        sum += self.absorbed[i][d][l] * depot[d][l];
                    }
                    next[i] = sum + into_body[i][l];
                }
                for i in 0..M {
                    body[i][l] = next[i];
                }
                for d in 0..D {
                    depot[d][l] = self.stays[d][l] * depot[d][l] + into_depot[d][l];
                }
            }
            let mut out = [0.0; LANES];
            for l in 0..LANES {
                out[l] = body[0][l] * self.scale[l];
            }
            sink.take(interval, self.at, self.count, &out);
        }
        (*state.0, *state.1) = (depot, body);
    }
}

/// What the dose and other inflow leave in a compartment at the end of an interval.
#[inline(always)]
fn brought(
    gain: &LaneMatrix,
    inflow: Option<&LaneMatrix>,
    compartment: usize,
    at: usize,
    dose: &Lane,
) -> Lane {
    let mut brought = load(gain.entry(compartment, 0), at);
    for l in 0..LANES {
        brought[l] *= dose[l];
    }
    if let Some(inflow) = inflow {
        let inflow = load(inflow.entry(compartment, 0), at);
        for l in 0..LANES {
            brought[l] += inflow[l];
        }
    }
    brought
}

/// Any number of states. For closed shapes the sums run in the order of [`Fixed`], so that the state does not depend
/// on which output is asked for.
struct General<'a, S>(Option<Shape>, Recursion<'a, S>);

impl<S: Sink> Kernel for General<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let General(shape, task) = self;
        let n = task.x.rows();
        let depots = shape.map_or(0, Shape::depots);
        let mut order: Vec<Vec<usize>> = vec![(depots..n).chain(0..depots).collect(); n];
        for (d, order) in order.iter_mut().enumerate().take(depots) {
            *order = vec![d];
        }
        let (mut x, mut next) = (vec![[0.0; LANES]; n], vec![[0.0; LANES]; n]);
        let mut m = vec![[0.0; LANES]; n * n];
        for at in (0..task.x.padded()).step_by(LANES) {
            let count = LANES.min(task.subjects.saturating_sub(at));
            for i in 0..n {
                x[i] = load(task.x.entry(i, 0), at);
                for j in 0..n {
                    m[i * n + j] = load(task.transition.entry(i, j), at);
                }
            }
            for interval in 0..task.count {
                let dose = doses_at(task.doses, task.subjects, interval, at, count);
                for i in 0..n {
                    let mut sum = [0.0; LANES];
                    for (place, &j) in order[i].iter().enumerate() {
                        for l in 0..LANES {
                            let product = m[i * n + j][l] * x[j][l];
                            sum[l] = if place == 0 { product } else { sum[l] + product };
                        }
                    }
                    let brought = brought(task.gain, task.inflow, i, at, &dose);
                    for l in 0..LANES {
                        next[i][l] = sum[l] + brought[l];
                    }
                }
                std::mem::swap(&mut x, &mut next);
                if let Some(output) = task.output {
                    let scale = task.scale(at);
                    let mut out = [0.0; LANES];
                    for l in 0..LANES {
                        out[l] = x[output.compartment()][l] * scale[l];
                    }
                    task.sink.take(task.first + interval, at, count, &out);
                }
            }
            for i in 0..n {
                store(task.x.entry_mut(i, 0), at, &x[i]);
            }
        }
    }
}

struct Product<'a>(&'a LaneMatrix, &'a LaneMatrix, &'a mut LaneMatrix);

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Product(a, b, out) = self;
        for i in 0..a.rows() {
            for j in 0..b.columns() {
                for at in (0..a.padded()).step_by(LANES) {
                    let mut sum = [0.0; LANES];
                    for k in 0..a.columns() {
                        let (left, right) = (load(a.entry(i, k), at), load(b.entry(k, j), at));
                        for l in 0..LANES {
                            sum[l] += left[l] * right[l];
                        }
                    }
                    store(out.entry_mut(i, j), at, &sum);
                }
            }
        }
    }
}

/// The product of two matrices of each subject.
pub(super) fn times(a: &LaneMatrix, b: &LaneMatrix) -> LaneMatrix {
    let mut out = LaneMatrix::zeros(a.rows(), b.columns(), a.padded());
    dispatch(Product(a, b, &mut out));
    out
}
