use super::anneal::{Restarts, start};
use super::moves::Workspace;
use super::problem::{Problem, Theta};
use super::state::State;
use crate::random::{Address, Stream};

/// Annealed starts of a chain.
const RESTARTS: Restarts = Restarts::doubling(3);

/// How long chains run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    /// Sweeps before anything is recorded, in which step sizes adapt.
    pub(super) burn_in: usize,
    /// States to record at a time.
    pub(super) states: usize,
    /// Proposals for the exposures a sweep.
    pub(super) proposals: usize,
    /// Exposures are kept of this many states at a time, evenly spaced.
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
    /// Sweeps, of which those with exact rank sums were recorded.
    pub(super) sweeps: usize,
}

impl Record {
    /// The share of sweeps whose rank sums were exactly right.
    pub(super) fn exact(&self) -> f64 {
        self.columns[0].len() as f64 / self.sweeps as f64
    }
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

/// How much adapts in a sweep of the burn-in: ever less.
fn adaptation(sweep: usize) -> f64 {
    1.0 / (1.0 + sweep as f64 / 50.0).sqrt()
}

/// A running chain.
pub(super) struct Chain<'a> {
    problem: &'a Problem,
    stream: Stream,
    state: State,
    work: Workspace,
    theta: Theta,
    fixed: bool,
    /// Log-density of each subject.
    density: Vec<f64>,
    fresh: Vec<f64>,
    /// Standardised exposures, while the parameters are updated.
    z: Vec<f64>,
    /// Logarithms of the step sizes of the parameter updates.
    steps: [f64; UPDATES],
    /// What a state costs, on the log scale, for each rank by which its rank sums are off.
    restraint: f64,
}

/// Updates of the parameters: each of c0 to c3, mu and log sigma; each intercept with its slope by a step, and by a factor.
const UPDATES: usize = 10;
/// The share of sweeps with exact rank sums towards which the restraint adapts, and its limits.
const EXACT: f64 = 0.2;
const RESTRAINTS: [f64; 2] = [0.1, 3.0];

impl<'a> Chain<'a> {
    /// A chain after its burn-in, with a record of the first states. `theta` fixes the parameters; otherwise they are
    /// sampled. It starts at data of its own, or at the known ones where it finds none. A chain that never meets the rank
    /// sums starts again elsewhere; `None` where that does not help.
    pub(super) fn begin(
        problem: &'a Problem,
        address: Address,
        length: Length,
        theta: Option<Theta>,
        known: &State,
    ) -> Option<(Self, Record)> {
        for attempt in 0..4 {
            let mut stream = Stream::new(address.occasion(attempt));
            let state = start(problem, &mut stream, RESTARTS).unwrap_or_else(|_| known.clone());
            let mut chain = Chain::new(problem, stream, state, theta);
            for sweep in 0..length.burn_in {
                chain.sweep(length.proposals, Some(sweep));
            }
            let width = 6 + 2 * problem.levels + mixed_ranks(problem).len();
            let mut record = Record { columns: vec![Vec::new(); width], snapshots: Vec::new(), sweeps: 0 };
            if chain.extend(&mut record, length) {
                return Some((chain, record));
            }
        }
        None
    }

    fn new(problem: &'a Problem, stream: Stream, state: State, theta: Option<Theta>) -> Self {
        let n = state.u.len() as f64;
        let mean = state.u.iter().sum::<f64>() / n;
        let variance = state.u.iter().map(|u| (u - mean) * (u - mean)).sum::<f64>() / n;
        let begin = Theta::new([0.0; 4], mean, 0.5 * crate::math::ln(variance.max(0.01)));
        let mut chain = Chain {
            problem,
            stream,
            work: Workspace::new(&state),
            density: vec![0.0; state.x.len()],
            fresh: vec![0.0; state.x.len()],
            z: vec![0.0; state.x.len()],
            state,
            theta: theta.unwrap_or(begin),
            fixed: theta.is_some(),
            steps: [-0.5, -0.2, -0.5, -0.2, -0.9, -1.9, -0.5, -0.5, -0.7, -0.7],
            restraint: 0.5,
        };
        chain.refresh();
        chain
    }

    fn sweep(&mut self, proposals: usize, burn_in: Option<usize>) {
        for _ in 0..proposals {
            self.exposures();
        }
        if !self.fixed {
            self.parameters(burn_in);
            self.refresh();
        }
        if let Some(sweep) = burn_in {
            let exact = f64::from(u8::from(self.state.penalty == 0));
            let factor = crate::math::exp(0.2 * adaptation(sweep) * (EXACT - exact));
            self.restraint = (self.restraint * factor).clamp(RESTRAINTS[0], RESTRAINTS[1]);
        }
    }

    /// The log-densities of all subjects under the present parameters.
    fn refresh(&mut self) {
        for ((value, u), grade) in self.density.iter_mut().zip(&self.state.u).zip(&self.problem.grades) {
            *value = self.theta.log_density(self.problem, *u, *grade);
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
        let mut ratio = gain - self.restraint * (trial.penalty - self.state.penalty) as f64;
        for &subject in &self.work.changed {
            self.fresh[subject] =
                self.theta.log_density(self.problem, trial.u[subject], self.problem.grades[subject]);
            ratio += self.fresh[subject] - self.density[subject];
        }
        if ratio >= 0.0 || self.stream.uniform() < crate::math::exp(ratio) {
            for &subject in &self.work.changed {
                self.density[subject] = self.fresh[subject];
            }
            std::mem::swap(&mut self.state, &mut self.work.trial);
        }
    }

    /// Two rounds of updates of each parameter, and of each intercept with its slope. Near separation the likelihood is
    /// flat along the ray from the origin, which is what factors are for. The exposures stand still, so that their mean
    /// and spread and the two logits' parts of the likelihood are all that is needed.
    fn parameters(&mut self, burn_in: Option<usize>) {
        let problem = self.problem;
        let n = self.state.u.len() as f64;
        let mean = self.state.u.iter().sum::<f64>() / n;
        let squares = self.state.u.iter().map(|u| (u - mean) * (u - mean)).sum::<f64>();
        for (z, u) in self.z.iter_mut().zip(&self.state.u) {
            *z = (u - problem.reference) / problem.scale;
        }
        let coefficients = problem.model.coefficients(problem.levels);
        let mut parts = [0, 1].map(|part| self.label_part(part, &self.theta.c));
        for number in (0..UPDATES).chain(0..UPDATES) {
            let unused = match number {
                0..4 => number >= coefficients,
                7 | 9 => coefficients < 4,
                _ => false,
            };
            if unused {
                continue;
            }
            let size = crate::math::exp(self.steps[number]);
            let Theta { mut c, mut mu, .. } = self.theta;
            let mut log_sigma = self.theta.log_sigma();
            // Which logit the coefficient belongs to; proportional odds have but one part.
            let mut part = None;
            // Of a factor on two coefficients.
            let mut log_jacobian = 0.0;
            match number {
                0..4 => {
                    c[number] += size * self.stream.normal();
                    part = Some(if coefficients == 4 { number / 2 } else { 0 });
                }
                4 => mu += size * self.stream.normal(),
                5 => log_sigma += size * self.stream.normal(),
                6 | 7 => {
                    let first = 2 * (number - 6);
                    c[first] += size * self.stream.normal();
                    c[first + 1] += size * self.stream.normal();
                    part = Some(number - 6);
                }
                _ => {
                    let first = 2 * (number - 8);
                    let log_factor = size * self.stream.normal();
                    c[first] *= crate::math::exp(log_factor);
                    c[first + 1] *= crate::math::exp(log_factor);
                    log_jacobian = 2.0 * log_factor;
                    part = Some(number - 8);
                }
            }
            let proposed = Theta::new(c, mu, log_sigma);
            let mut ratio = log_jacobian + proposed.log_prior(problem) - self.theta.log_prior(problem);
            let fresh = part.map(|part| self.label_part(part, &proposed.c));
            ratio += match (part, fresh) {
                (Some(part), Some(fresh)) => fresh - parts[part],
                _ => proposed.log_exposures(n, mean, squares) - self.theta.log_exposures(n, mean, squares),
            };
            let accepted = ratio >= 0.0 || self.stream.uniform() < crate::math::exp(ratio);
            if accepted {
                self.theta = proposed;
                if let (Some(part), Some(fresh)) = (part, fresh) {
                    parts[part] = fresh;
                }
            }
            if let Some(sweep) = burn_in {
                // Towards 40 % accepted, in ever smaller steps.
                self.steps[number] += adaptation(sweep) * (f64::from(u8::from(accepted)) - 0.4);
            }
        }
    }

    fn label_part(&self, part: usize, c: &[f64; 4]) -> f64 {
        if part + 1 >= self.problem.levels {
            return 0.0;
        }
        self.problem.model.log_likelihood(part, &self.problem.grades, self.problem.levels, &self.z, c)
    }

    /// Records further states; false where the rank sums are hardly ever met.
    pub(super) fn extend(&mut self, record: &mut Record, length: Length) -> bool {
        let ranks = mixed_ranks(self.problem);
        let every = (length.states / length.snapshots.max(1)).max(1);
        let (mut sweeps, mut recorded) = (0usize, 0usize);
        while recorded < length.states {
            self.sweep(length.proposals, None);
            sweeps += 1;
            if self.state.penalty == 0 {
                self.take(&ranks, &mut record.columns);
                if recorded.is_multiple_of(every) && recorded / every < length.snapshots {
                    record.snapshots.push(self.state.x.clone());
                }
                recorded += 1;
            }
            if sweeps >= 2000 && recorded * 2000 < sweeps {
                return false;
            }
        }
        record.sweeps += sweeps;
        true
    }

    fn take(&self, ranks: &[(usize, usize)], columns: &mut [Vec<f64>]) {
        let [c0, c1, c2, c3] = self.theta.c;
        let mut values = columns.iter_mut();
        let mut push = |value: f64| {
            if let Some(column) = values.next() {
                column.push(value);
            }
        };
        for value in [c0, c1, c2, c3, self.theta.mu, self.theta.log_sigma()] {
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
