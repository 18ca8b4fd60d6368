use super::label::{LabelModel, LabelPriors};

/// One printed quantile: w times the order statistic of one rank plus the rest times another's, within a window.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constraint {
    /// The group whose order statistics are meant.
    pub(super) group: usize,
    /// Ranks within the group, from 0; equal where one order statistic is the quantile.
    pub(super) slots: [usize; 2],
    /// The weight of the first.
    pub(super) weight: f64,
    /// Lowest and highest value that prints so.
    pub(super) window: [f64; 2],
    /// What it is, for messages.
    pub(super) name: String,
}

impl Constraint {
    pub(super) fn is_pair(&self) -> bool {
        self.slots[0] != self.slots[1]
    }

    /// The quantile from the values of its two members.
    pub(super) fn value(&self, first: f64, second: f64) -> f64 {
        if self.is_pair() { self.weight * first + (1.0 - self.weight) * second } else { first }
    }

    pub(super) fn allows(&self, value: f64) -> bool {
        // The slack keeps values that sit on the edge of rounding.
        value >= self.window[0] - 1e-9 && value <= self.window[1] + 1e-9
    }
}

/// A set of grades whose subjects are ranked together, and the ranks that some constraint needs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// Bit g is set where grade g belongs to the group.
    pub(super) mask: u8,
    /// Rank, constraint and slot, by rank.
    pub(super) needed: Vec<(usize, usize, usize)>,
}

/// Everything that the sampler needs: who has which grade, what was printed, and the model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    /// The grade of each subject, 0 the worst.
    pub(super) grades: Vec<u8>,
    /// The number of grades.
    pub(super) levels: usize,
    pub(super) constraints: Vec<Constraint>,
    pub(super) groups: Vec<Group>,
    /// Rank sums of the grades that are allowed: one of these, where a negative number leaves the grade free. Empty
    /// where no p-value was used.
    pub(super) rank_sums: Vec<[i64; 3]>,
    pub(super) model: LabelModel,
    pub(super) priors: LabelPriors,
    /// log2 of the reference exposure, and the log2 units of one step of z.
    pub(super) reference: f64,
    pub(super) scale: f64,
    /// Mean and standard deviation of the normal prior of mu, and of log sigma.
    pub(super) mu: [f64; 2],
    pub(super) log_sigma: [f64; 2],
    /// Lowest and highest possible exposure.
    pub(super) bounds: [f64; 2],
}

impl Problem {
    /// Fills in the groups from the constraints' masks, given one mask a constraint.
    pub(super) fn group(constraints: &mut [Constraint], masks: &[u8]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (k, (constraint, &mask)) in constraints.iter_mut().zip(masks).enumerate() {
            let at = groups.iter().position(|group| group.mask == mask).unwrap_or_else(|| {
                groups.push(Group { mask, needed: Vec::new() });
                groups.len() - 1
            });
            constraint.group = at;
            for slot in 0..=usize::from(constraint.is_pair()) {
                groups[at].needed.push((constraint.slots[slot], k, slot));
            }
        }
        for group in &mut groups {
            group.needed.sort_unstable();
        }
        groups
    }

    /// The same without one of the constraints.
    pub(super) fn without(&self, k: usize) -> Problem {
        let mut fewer = self.clone();
        fewer.constraints.remove(k);
        let masks: Vec<u8> = fewer.constraints.iter().map(|c| self.groups[c.group].mask).collect();
        fewer.groups = Problem::group(&mut fewer.constraints, &masks);
        fewer
    }

    /// How far rank sums are from the nearest allowed set: the sum over grades.
    pub(super) fn penalty(&self, sums: [i64; 3]) -> i64 {
        let away = |target: &[i64; 3]| {
            (0..self.levels).filter(|&l| target[l] >= 0).map(|l| (sums[l] - target[l]).abs()).sum()
        };
        self.rank_sums.iter().map(away).min().unwrap_or(0)
    }
}

/// The parameters of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Theta {
    /// Coefficients of the label model.
    pub(super) c: [f64; 4],
    /// Mean of log2 C.
    pub(super) mu: f64,
    /// Natural logarithm of the standard deviation of log2 C, and one over that deviation.
    log_sigma: f64,
    precision: f64,
}

impl Theta {
    pub(super) fn new(c: [f64; 4], mu: f64, log_sigma: f64) -> Self {
        Theta { c, mu, log_sigma, precision: crate::math::exp(-log_sigma) }
    }

    pub(super) fn log_sigma(&self) -> f64 {
        self.log_sigma
    }

    /// The log-density of one subject: its exposure on the log2 scale and its grade.
    pub(super) fn log_density(&self, problem: &Problem, u: f64, grade: u8) -> f64 {
        let away = (u - self.mu) * self.precision;
        let z = (u - problem.reference) / problem.scale;
        -0.5 * away * away - self.log_sigma + problem.model.log_probability(grade, problem.levels, z, &self.c)
    }

    /// The log-density of n exposures with this mean and sum of squares about it.
    pub(super) fn log_exposures(&self, n: f64, mean: f64, squares: f64) -> f64 {
        let away = mean - self.mu;
        -0.5 * (squares + n * away * away) * self.precision * self.precision - n * self.log_sigma
    }

    /// The log prior density.
    pub(super) fn log_prior(&self, problem: &Problem) -> f64 {
        let normal = |x: f64, [mean, deviation]: [f64; 2]| {
            let z = (x - mean) / deviation;
            -0.5 * z * z
        };
        normal(self.mu, problem.mu)
            + normal(self.log_sigma, problem.log_sigma)
            + problem.model.log_prior(problem.levels, &self.c, &problem.priors)
    }
}
