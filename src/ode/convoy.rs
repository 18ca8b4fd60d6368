//! Many systems of one kind that do not know the time, side by side over the same stretch by the stiff method, each
//! lane with its own time and its own steps. On the way to rest steps grow without bound, so that a year under a
//! constant input takes a few dozen.
//!
//! Lanes are eliminated without exchange of rows: where a pivot is too small for that the step is rejected, and with
//! shorter steps the diagonal 1/(h γ) comes to dominate.

use super::control::{Controller, Memory, cut, too_short};
use super::rosenbrock::{COUPLING, GAMMA, STAGES, STATE};
use super::{OdeError, Tolerances};
use crate::math::dispatch::{Kernel, dispatch};

/// Systems dx/dt = f(x) of one kind. State i of lane l stands at `x[i * width + l]`; a lane must not look at another.
pub trait Convoy {
    /// Number of states of each system.
    fn dimension(&self) -> usize;

    /// Writes f(x) of every lane.
    fn rhs(&mut self, x: &[f64], dx: &mut [f64]);

    /// Row and column of the entries of the Jacobian that are not zero for all lanes.
    fn pattern(&self) -> &[(usize, usize)];

    /// Writes entry e of the pattern, of lane l, to `entries[e * width + l]`.
    fn jacobian(&mut self, x: &[f64], entries: &mut [f64]);
}

/// Integrates a [`Convoy`] by Rodas5P, keeping its scratch. The results of a lane are the same bits in any company.
#[derive(Debug)]
pub struct ConvoyIntegrator {
    tolerances: Tolerances,
    most_steps: usize,
    columns: Columns,
    jacobian: Vec<f64>,
    matrix: Vec<f64>,
    increments: Vec<f64>,
    stage: Vec<f64>,
    slope: Vec<f64>,
}

/// One column a lane.
#[derive(Debug, Default)]
struct Columns {
    t: Vec<f64>,
    step: Vec<f64>,
    trial: Vec<f64>,
    error: Vec<f64>,
    log_error: Vec<f64>,
    ceiling: Vec<f64>,
    /// 1 for a lane under way.
    busy: Vec<f64>,
    /// 1 where no step is short enough.
    lost: Vec<f64>,
}

impl ConvoyIntegrator {
    /// Systems with these tolerances and at most so many steps.
    pub fn new(tolerances: Tolerances, most_steps: usize) -> Self {
        ConvoyIntegrator {
            tolerances,
            most_steps,
            columns: Columns::default(),
            jacobian: Vec::new(),
            matrix: Vec::new(),
            increments: Vec::new(),
            stage: Vec::new(),
            slope: Vec::new(),
        }
    }

    /// Carries every lane over a span of time. Returns the lanes that failed, with the time that they reached; their
    /// state is that at this time.
    pub fn carry<C: Convoy + ?Sized>(
        &mut self,
        convoy: &mut C,
        span: f64,
        width: usize,
        x: &mut [f64],
    ) -> Vec<(usize, OdeError)> {
        let n = convoy.dimension();
        if x.len() != n * width || n == 0 || !(span > 0.0 && span.is_finite()) {
            return Vec::new();
        }
        self.fit(n, convoy.pattern().len(), width);
        convoy.rhs(x, &mut self.slope);
        dispatch(Begin {
            columns: &mut self.columns,
            tolerances: &self.tolerances,
            x,
            slope: &self.slope,
            span,
        });
        let mut tried = 0;
        while tried < self.most_steps && self.columns.busy.iter().any(|busy| *busy != 0.0) {
            self.attempt(convoy, span, x);
            tried += 1;
        }
        self.failures(span, tried)
    }

    fn fit(&mut self, n: usize, entries: usize, width: usize) {
        let c = &mut self.columns;
        for column in [
            &mut c.t,
            &mut c.step,
            &mut c.trial,
            &mut c.error,
            &mut c.log_error,
            &mut c.ceiling,
            &mut c.busy,
            &mut c.lost,
        ] {
            column.clear();
            column.resize(width, 0.0);
        }
        let memory = Controller::rosenbrock().memory;
        c.log_error.fill(memory.log_error);
        c.ceiling.fill(memory.ceiling);
        c.busy.fill(1.0);
        for (part, rows) in [
            (&mut self.jacobian, entries),
            (&mut self.matrix, n * n),
            (&mut self.increments, STAGES * n),
            (&mut self.stage, n),
            (&mut self.slope, n),
        ] {
            part.clear();
            part.resize(rows * width, 0.0);
        }
    }

    fn attempt<C: Convoy + ?Sized>(&mut self, convoy: &mut C, span: f64, x: &mut [f64]) {
        let ConvoyIntegrator { columns, jacobian, matrix, increments, stage, slope, .. } = self;
        convoy.rhs(x, slope);
        convoy.jacobian(x, jacobian);
        dispatch(Factor {
            columns,
            pattern: convoy.pattern(),
            jacobian,
            matrix,
            n: convoy.dimension(),
            span,
        });
        for s in 0..STAGES {
            if s > 0 {
                dispatch(State { s, x, increments, stage });
                convoy.rhs(stage, slope);
            }
            dispatch(Increment { s, trial: &columns.trial, matrix, slope, increments });
        }
        dispatch(Judge { columns, tolerances: &self.tolerances, increments, stage, x, span });
    }

    fn failures(&self, span: f64, tried: usize) -> Vec<(usize, OdeError)> {
        let c = &self.columns;
        let failed = (0..c.t.len()).filter(|&l| c.lost[l] != 0.0 || c.busy[l] != 0.0);
        failed
            .map(|l| {
                let (time, step) = (c.t[l], c.step[l]);
                let error = match (c.lost[l] != 0.0, c.error[l].is_finite()) {
                    (true, true) => OdeError::StepUnderflow { time, step, steps: tried },
                    (true, false) => OdeError::NonFinite { time, steps: tried },
                    (false, _) => OdeError::TooManySteps { time: time.min(span), steps: tried },
                };
                (l, error)
            })
            .collect()
    }
}

/// The first step of every lane: a hundredth of the time in which its state would change by its own size.
struct Begin<'a> {
    columns: &'a mut Columns,
    tolerances: &'a Tolerances,
    x: &'a [f64],
    slope: &'a [f64],
    span: f64,
}

impl Kernel for Begin<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let width = self.columns.t.len();
        for l in 0..width {
            let (mut size, mut speed) = (0.0, 0.0);
            for row in 0..self.x.len() / width {
                let (x, slope) = (self.x[row * width + l], self.slope[row * width + l]);
                let scale = self.tolerances.absolute(row) + self.tolerances.relative() * x.abs();
                size += (x / scale) * (x / scale);
                speed += (slope / scale) * (slope / scale);
            }
            let estimate = if speed > 0.0 { 0.01 * (size / speed).sqrt() } else { self.span };
            let least = 1e-6 * self.span;
            let step = if estimate > least { estimate } else { least };
            self.columns.step[l] = if step < self.span { step } else { self.span };
        }
    }
}

/// The matrix I/(h γ) - J of every lane, factored without exchange of rows.
struct Factor<'a> {
    columns: &'a mut Columns,
    pattern: &'a [(usize, usize)],
    jacobian: &'a [f64],
    matrix: &'a mut [f64],
    n: usize,
    span: f64,
}

/// A pivot below this share of 1/(h γ) rejects the step.
const LEAST_PIVOT: f64 = 1e-8;

impl Kernel for Factor<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Factor { columns, pattern, jacobian, matrix, n, span } = self;
        let width = columns.t.len();
        for l in 0..width {
            // A lane at rest makes steps that lead nowhere.
            let left = if columns.busy[l] != 0.0 { span - columns.t[l] } else { span };
            columns.trial[l] = cut(columns.step[l], left);
            columns.error[l] = 0.0;
        }
        matrix.fill(0.0);
        for ((row, column), entry) in pattern.iter().zip(jacobian.chunks_exact(width)) {
            for (m, j) in matrix[(row * n + column) * width..].iter_mut().zip(entry) {
                *m = -j;
            }
        }
        for i in 0..n {
            let diagonal = &mut matrix[(i * n + i) * width..][..width];
            for (m, h) in diagonal.iter_mut().zip(&columns.trial) {
                *m += 1.0 / (h * GAMMA);
            }
        }
        for column in 0..n {
            let (upper, lower) = matrix.split_at_mut((column + 1) * n * width);
            let pivots = &upper[column * n * width..];
            let pivot = &pivots[column * width..][..width];
            for ((error, trial), pivot) in columns.error.iter_mut().zip(&columns.trial).zip(pivot) {
                let small = pivot.abs() * (trial * GAMMA) < LEAST_PIVOT;
                *error = if small { f64::INFINITY } else { *error };
            }
            for row in lower.chunks_exact_mut(n * width) {
                let (head, tail) = row.split_at_mut((column + 1) * width);
                let factor = &mut head[column * width..];
                for (f, p) in factor.iter_mut().zip(pivot) {
                    *f /= p;
                }
                let rest = &pivots[(column + 1) * width..];
                for (r, p) in tail.chunks_exact_mut(width).zip(rest.chunks_exact(width)) {
                    for l in 0..width {
                        r[l] -= factor[l] * p[l];
                    }
                }
            }
        }
    }
}

/// Adds the increments of the stages before, one after another, each times its factor.
#[inline(always)]
fn add_multiples(sum: &mut [f64], factors: &[f64], increments: &[f64]) {
    for (factor, increment) in factors.iter().zip(increments.chunks_exact(sum.len())) {
        for (sum, increment) in sum.iter_mut().zip(increment) {
            *sum += factor * increment;
        }
    }
}

/// The state of a stage, from the increments before it.
struct State<'a> {
    s: usize,
    x: &'a [f64],
    increments: &'a [f64],
    stage: &'a mut [f64],
}

impl Kernel for State<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let State { s, x, increments, stage } = self;
        stage.copy_from_slice(x);
        add_multiples(stage, &STATE[s][..s], increments);
    }
}

/// The increment of a stage: the solution with the factored matrix.
struct Increment<'a> {
    s: usize,
    trial: &'a [f64],
    matrix: &'a [f64],
    slope: &'a [f64],
    increments: &'a mut [f64],
}

impl Kernel for Increment<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Increment { s, trial, matrix, slope, increments } = self;
        let (width, whole) = (trial.len(), slope.len());
        let n = whole / width;
        let (done, rest) = increments.split_at_mut(s * whole);
        let b = &mut rest[..whole];
        b.fill(0.0);
        add_multiples(b, &COUPLING[s][..s], done);
        for (b, slope) in b.chunks_exact_mut(width).zip(slope.chunks_exact(width)) {
            for l in 0..width {
                b[l] = slope[l] + b[l] / trial[l];
            }
        }
        let entry = |row: usize, column: usize| &matrix[(row * n + column) * width..][..width];
        for row in 1..n {
            let (above, own) = b.split_at_mut(row * width);
            for (k, above) in above.chunks_exact(width).enumerate() {
                let factor = entry(row, k);
                for l in 0..width {
                    own[l] -= factor[l] * above[l];
                }
            }
        }
        for row in (0..n).rev() {
            let (own, below) = b[row * width..].split_at_mut(width);
            for (k, below) in below.chunks_exact(width).enumerate() {
                let factor = entry(row, row + 1 + k);
                for l in 0..width {
                    own[l] -= factor[l] * below[l];
                }
            }
            let pivot = entry(row, row);
            for l in 0..width {
                own[l] /= pivot[l];
            }
        }
    }
}

/// The error of the step in work, the next step, and the way of the lanes whose step was good.
struct Judge<'a> {
    columns: &'a mut Columns,
    tolerances: &'a Tolerances,
    increments: &'a [f64],
    stage: &'a [f64],
    x: &'a mut [f64],
    span: f64,
}

impl Kernel for Judge<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Judge { columns: c, tolerances, increments, stage, x, span } = self;
        let (width, whole) = (c.t.len(), x.len());
        let (n, last) = (whole / width, &increments[(STAGES - 1) * whole..]);
        let relative = tolerances.relative();
        for row in 0..n {
            let absolute = tolerances.absolute(row);
            let at = row * width;
            let (x, stage, last) = (&x[at..at + width], &stage[at..at + width], &last[at..at + width]);
            for l in 0..width {
                let (before, now) = (x[l].abs(), (stage[l] + last[l]).abs());
                let size = if before > now { before } else { now };
                let scaled = last[l] / (absolute + relative * size);
                c.error[l] += scaled * scaled;
            }
        }
        for l in 0..width {
            let error = (c.error[l] / n as f64).sqrt();
            let busy = c.busy[l] != 0.0;
            let mut controller = Controller::rosenbrock();
            controller.memory = Memory { log_error: c.log_error[l], ceiling: c.ceiling[l] };
            let next = controller.next(c.trial[l], c.step[l], error);
            let good = (error <= 1.0) & busy;
            let left = span - c.t[l];
            let there = good & (c.trial[l] == left);
            c.error[l] = error;
            c.log_error[l] = controller.memory.log_error;
            c.ceiling[l] = controller.memory.ceiling;
            c.step[l] = if busy { next } else { c.step[l] };
            c.lost[l] = if busy & !good & too_short(next, c.t[l], span) { 1.0 } else { c.lost[l] };
            c.t[l] = if there { span } else { c.t[l] + if good { c.trial[l] } else { 0.0 } };
            c.busy[l] = if there | (c.lost[l] != 0.0) { 0.0 } else { c.busy[l] };
            // From here on the error says whether the lane moves.
            c.trial[l] = f64::from(good);
        }
        for row in 0..n {
            let at = row * width;
            let (stage, last) = (&stage[at..at + width], &last[at..at + width]);
            for (l, x) in x[at..at + width].iter_mut().enumerate() {
                *x = if c.trial[l] != 0.0 { stage[l] + last[l] } else { *x };
            }
        }
    }
}
