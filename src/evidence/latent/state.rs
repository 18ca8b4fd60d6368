use super::problem::Problem;

/// The latent exposures, their order, and who holds which printed rank.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    /// Exposures.
    pub(super) x: Vec<f64>,
    /// Their log2.
    pub(super) u: Vec<f64>,
    /// Subjects by rising exposure.
    pub(super) order: Vec<usize>,
    /// For each constraint the subjects that hold its ranks (twice the same where it has one).
    pub(super) roles: Vec<[usize; 2]>,
    /// How far the rank sums are from an allowed set.
    pub(super) penalty: i64,
}

impl State {
    pub(super) fn new(problem: &Problem, x: Vec<f64>) -> Self {
        let mut state = State {
            u: x.iter().map(|&x| libm::log2(x)).collect(),
            order: (0..x.len()).collect(),
            roles: vec![[0; 2]; problem.constraints.len()],
            penalty: 0,
            x,
        };
        state.sort();
        state.assign(problem);
        state
    }

    /// Brings order, roles and rank sums in line with the exposures. Most proposals change no rank, and then nothing
    /// else changes.
    pub(super) fn arrange(&mut self, problem: &Problem) {
        if self.sort() {
            self.assign(problem);
        }
    }

    /// Sorts the order, which is nearly right already, by insertion; whether anything moved.
    fn sort(&mut self) -> bool {
        let mut moved = false;
        for i in 1..self.order.len() {
            let subject = self.order[i];
            let x = self.x[subject];
            let mut j = i;
            while j > 0 && self.x[self.order[j - 1]] > x {
                self.order[j] = self.order[j - 1];
                j -= 1;
            }
            self.order[j] = subject;
            moved |= j < i;
        }
        moved
    }

    /// Who holds which printed rank, and how far the rank sums are from an allowed set.
    fn assign(&mut self, problem: &Problem) {
        if !problem.rank_sums.is_empty() {
            let mut sums = [0i64; 3];
            for (rank, &subject) in (1i64..).zip(&self.order) {
                sums[usize::from(problem.grades[subject])] += rank;
            }
            self.penalty = problem.penalty(sums);
        }
        // Without a branch for each subject, whose grade cannot be foreseen.
        let mut members = vec![0; self.order.len()];
        for group in &problem.groups {
            let mut count = 0;
            for &subject in &self.order {
                members[count] = subject;
                count += usize::from(group.mask >> problem.grades[subject] & 1);
            }
            for &(rank, constraint, slot) in &group.needed {
                let Some(&subject) = members[..count].get(rank) else {
                    break;
                };
                self.roles[constraint][slot] = subject;
                if slot == 0 && !problem.constraints[constraint].is_pair() {
                    self.roles[constraint][1] = subject;
                }
            }
        }
    }

    /// The value of a printed quantile.
    pub(super) fn quantile(&self, problem: &Problem, k: usize) -> f64 {
        let [first, second] = self.roles[k];
        problem.constraints[k].value(self.x[first], self.x[second])
    }

    /// Whether all printed quantiles are within their windows.
    pub(super) fn allowed(&self, problem: &Problem) -> bool {
        (0..self.roles.len()).all(|k| problem.constraints[k].allows(self.quantile(problem, k)))
    }

    /// Brings the logarithms in line with the exposures.
    pub(super) fn refresh(&mut self) {
        for (u, x) in self.u.iter_mut().zip(&self.x) {
            *u = libm::log2(*x);
        }
    }

    /// Copies another state of the same size without allocating.
    pub(super) fn copy_from(&mut self, other: &State) {
        self.x.copy_from_slice(&other.x);
        self.u.copy_from_slice(&other.u);
        self.order.copy_from_slice(&other.order);
        self.roles.copy_from_slice(&other.roles);
        self.penalty = other.penalty;
    }
}
