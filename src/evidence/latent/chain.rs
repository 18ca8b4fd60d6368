use super::anneal::start;
use super::moves::Workspace;
use super::problem::{Problem, Theta};
use super::state::State;
use crate::random::{Address, Stream};

/// How long chains run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    /// Sweeps before anything is recorded, in which step sizes adapt.
    pub(super) burn_in: usize,
    /// States to record.
    pub(super) states: usize,
    /// Proposals for the exposures a sweep.
    pub(super) proposals: usize,
    /// Restarts of the annealed start.
    pub(super) restarts: usize,
    /// Exposures are kept of this many states, evenly spaced.
    pub(super) snapshots: usize,
}

/// What a chain recorded: one column a quantity.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// c0 to c3, mu, log sigma; then lowest and highest log2 exposure of each grade; then for each rank that was
    /// printed of a mixed group whether its holder has the group's best grade.
    pub(super) columns: Vec<Vec<f64>>,
    /// Exposures of some states.
    pub(super) snapshots: Vec<Vec<f64>>,
    /// The share of sweeps whose rank sums were exactly right.
    pub(super) exact: f64,
}

/// Why a chain has no result.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// No start satisfies the printed figures; these constraints were violated by the nearest one (none: only the rank
    /// sums).
    NoStart(Vec<usize>),
    /// The rank sums were never exactly right.
    Locked,
}

/// The ranks printed of groups with several grades: constraint and slot.
pub(super) fn mixed_ranks(problem: &Problem) -> Vec<(usize, usize)> {
    let mut ranks = Vec::new();
    for (k, constraint) in problem.constraints.iter().enumerate() {
        if problem.groups[constraint.group].mask.count_ones() > 1 {
            for slot in 0..=usize::from(constraint.is_pair()) {
                ranks.push((k, slot));
            }
        }
    }
    ranks
}

struct Chain<'a> {
    problem: &'a Problem,
    stream: Stream,
    state: State,
    work: Workspace,
    theta: Theta,
    fixed: bool,
    /// Log-density of each subject.
    density: Vec<f64>,
    fresh: Vec<f64>,
    /// Logarithms of the step sizes of the parameter updates.
    steps: [f64; 8],
}

/// Runs a chain. `theta` fixes the parameters; otherwise they are sampled.
pub(super) fn run(
    problem: &Problem,
    address: Address,
    length: Length,
    theta: Option<Theta>,
) -> Result<Record, Failure> {
    for attempt in 0..4 {
        let mut stream = Stream::new(address.occasion(attempt));
        let state = start(problem, &mut stream, length.restarts).map_err(Failure::NoStart)?;
        let mut chain = Chain::new(problem, stream, state, theta);
        for sweep in 0..length.burn_in {
            chain.sweep(length.proposals, Some(sweep));
        }
        if let Some(record) = chain.record(length) {
            return Ok(record);
        }
    }
    Err(Failure::Locked)
}

impl<'a> Chain<'a> {
    fn new(problem: &'a Problem, stream: Stream, state: State, theta: Option<Theta>) -> Self {
        let n = state.u.len() as f64;
        let mean = state.u.iter().sum::<f64>() / n;
        let variance = state.u.iter().map(|u| (u - mean) * (u - mean)).sum::<f64>() / n;
        let begin = Theta { c: [0.0; 4], mu: mean, log_sigma: 0.5 * libm::log(variance.max(0.01)) };
        let mut chain = Chain {
            problem,
            stream,
            work: Workspace::new(&state),
            density: vec![0.0; state.x.len()],
            fresh: vec![0.0; state.x.len()],
            state,
            theta: theta.unwrap_or(begin),
            fixed: theta.is_some(),
            steps: [-0.5, -0.2, -0.5, -0.2, -0.9, -1.9, -0.5, -0.5],
        };
        let total = densities(problem, &chain.theta, &chain.state, &mut chain.density);
        debug_assert!(total.is_finite());
        chain
    }

    fn sweep(&mut self, proposals: usize, burn_in: Option<usize>) {
        for _ in 0..proposals {
            self.exposures();
        }
        if !self.fixed {
            for _ in 0..2 {
                self.parameters(burn_in);
            }
        }
    }

    fn exposures(&mut self) {
        let Some(gain) = self.work.propose(self.problem, &self.theta, &self.state, &mut self.stream) else {
            return;
        };
        let trial = &self.work.trial;
        // While it moves, a chain may leave the exact rank sums; only exact states are recorded.
        // Penalties are small whole numbers.
        #[allow(clippy::cast_precision_loss)]
        let mut ratio = gain - 0.5 * (trial.penalty - self.state.penalty) as f64;
        for &subject in &self.work.changed {
            self.fresh[subject] =
                self.theta.log_density(self.problem, trial.u[subject], self.problem.grades[subject]);
            ratio += self.fresh[subject] - self.density[subject];
        }
        if ratio >= 0.0 || self.stream.uniform() < libm::exp(ratio) {
            for &subject in &self.work.changed {
                self.density[subject] = self.fresh[subject];
            }
            std::mem::swap(&mut self.state, &mut self.work.trial);
        }
    }

    /// One update of each parameter, and of each intercept with its slope.
    fn parameters(&mut self, burn_in: Option<usize>) {
        let coefficients = self.problem.model.coefficients(self.problem.levels);
        for move_number in 0..8 {
            let unused = match move_number {
                0..4 => move_number >= coefficients,
                7 => coefficients < 4,
                _ => false,
            };
            if unused {
                continue;
            }
            let size = libm::exp(self.steps[move_number]);
            let mut proposed = self.theta;
            match move_number {
                0..4 => proposed.c[move_number] += size * self.stream.normal(),
                4 => proposed.mu += size * self.stream.normal(),
                5 => proposed.log_sigma += size * self.stream.normal(),
                _ => {
                    let first = 2 * (move_number - 6);
                    proposed.c[first] += size * self.stream.normal();
                    proposed.c[first + 1] += size * self.stream.normal();
                }
            }
            let total = densities(self.problem, &proposed, &self.state, &mut self.fresh);
            let now: f64 = self.density.iter().sum();
            let ratio = total - now + proposed.log_prior(self.problem) - self.theta.log_prior(self.problem);
            let accepted = ratio >= 0.0 || self.stream.uniform() < libm::exp(ratio);
            if accepted {
                self.theta = proposed;
                std::mem::swap(&mut self.density, &mut self.fresh);
            }
            if let Some(sweep) = burn_in {
                // Towards 40 % accepted, in ever smaller steps.
                let rate = 1.0 / (1.0 + sweep as f64 / 50.0).sqrt();
                self.steps[move_number] += rate * (f64::from(u8::from(accepted)) - 0.4);
            }
        }
    }

    fn record(&mut self, length: Length) -> Option<Record> {
        let ranks = mixed_ranks(self.problem);
        let width = 6 + 2 * self.problem.levels + ranks.len();
        let mut columns = vec![Vec::with_capacity(length.states); width];
        let mut snapshots = Vec::with_capacity(length.snapshots);
        let every = (length.states / length.snapshots.max(1)).max(1);
        let (mut sweeps, mut recorded) = (0usize, 0usize);
        while recorded < length.states {
            self.sweep(length.proposals, None);
            sweeps += 1;
            if self.state.penalty == 0 {
                self.take(&ranks, &mut columns);
                if recorded % every == 0 && snapshots.len() < length.snapshots {
                    snapshots.push(self.state.x.clone());
                }
                recorded += 1;
            }
            if sweeps >= 2000 && recorded * 2000 < sweeps {
                return None;
            }
        }
        Some(Record { columns, snapshots, exact: recorded as f64 / sweeps as f64 })
    }

    fn take(&self, ranks: &[(usize, usize)], columns: &mut [Vec<f64>]) {
        let [c0, c1, c2, c3] = self.theta.c;
        let mut values = columns.iter_mut();
        let mut push = |value: f64| {
            if let Some(column) = values.next() {
                column.push(value);
            }
        };
        for value in [c0, c1, c2, c3, self.theta.mu, self.theta.log_sigma] {
            push(value);
        }
        for level in 0..self.problem.levels {
            let of_level = || {
                let subjects = self.problem.grades.iter().zip(&self.state.u);
                subjects.filter(move |(grade, _)| usize::from(**grade) == level).map(|(_, u)| *u)
            };
            push(of_level().fold(f64::INFINITY, f64::min));
            push(of_level().fold(f64::NEG_INFINITY, f64::max));
        }
        for &(k, slot) in ranks {
            let mask = self.problem.groups[self.problem.constraints[k].group].mask;
            let best = 7 - mask.leading_zeros();
            let holder = self.state.roles[k][slot];
            push(f64::from(u8::from(u32::from(self.problem.grades[holder]) == best)));
        }
    }
}

/// The log-densities of all subjects into `out`, and their sum.
fn densities(problem: &Problem, theta: &Theta, state: &State, out: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for ((value, u), grade) in out.iter_mut().zip(&state.u).zip(&problem.grades) {
        *value = theta.log_density(problem, *u, *grade);
        sum += *value;
    }
    sum
}
