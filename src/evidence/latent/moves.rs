//! Proposals for the latent exposures that keep to the printed quantiles.

use std::f64::consts::LN_2;

use super::anneal::pick;
use super::problem::{Problem, Theta};
use super::state::State;
use crate::random::Stream;

/// A proposal's state and the room to work it out: nothing is allocated while a chain runs.
pub(super) struct Workspace {
    /// The proposed state.
    pub(super) trial: State,
    /// The subjects whose exposure changed.
    pub(super) changed: Vec<usize>,
    probe: State,
    roles: Vec<[usize; 2]>,
    shifts: Vec<(usize, f64)>,
    others: Vec<(usize, usize)>,
    displacement: Vec<Option<f64>>,
}

impl Workspace {
    pub(super) fn new(state: &State) -> Self {
        Workspace {
            trial: state.clone(),
            changed: Vec::new(),
            probe: state.clone(),
            roles: state.roles.clone(),
            shifts: Vec::new(),
            others: Vec::new(),
            displacement: vec![None; state.x.len()],
        }
    }

    /// Proposes a state. `None`: rejected before its density matters. Else what the log acceptance ratio gains besides
    /// the densities: moves that are linear in the exposure (not in its logarithm) have the factor x/x' of each subject
    /// that they change.
    pub(super) fn propose(
        &mut self,
        problem: &Problem,
        theta: &Theta,
        state: &State,
        stream: &mut Stream,
    ) -> Option<f64> {
        self.trial.copy_from(state);
        self.changed.clear();
        let kind = stream.uniform();
        let gain = if kind < 0.32 {
            self.jump_with_repair(problem, state, stream)
        } else if kind < 0.54 {
            self.swap(problem, state, stream)
        } else if kind < 0.68 {
            self.step(problem, stream)
        } else if kind < 0.80 {
            self.along_the_quantiles(problem, state, stream)
        } else if kind < 0.88 {
            self.jitter(problem, state, stream)
        } else if kind < 0.94 {
            self.exchanges(problem, stream)
        } else {
            self.independent(problem, theta, stream)
        }?;
        self.trial.allowed(problem).then_some(gain)
    }

    fn set_log(&mut self, problem: &Problem, subject: usize, u: f64) -> Option<()> {
        let x = libm::exp2(u);
        self.trial.x[subject] = x;
        self.trial.u[subject] = u;
        self.changed.push(subject);
        (x > problem.bounds[0] && x < problem.bounds[1]).then_some(())
    }

    /// Sets an exposure by its value; returns the factor x/x' on the log scale.
    fn set_raw(&mut self, problem: &Problem, subject: usize, x: f64) -> Option<f64> {
        if !(x > problem.bounds[0] && x < problem.bounds[1]) {
            return None;
        }
        let before = self.trial.u[subject];
        self.trial.x[subject] = x;
        self.trial.u[subject] = libm::log2(x);
        self.changed.push(subject);
        Some(LN_2 * (before - self.trial.u[subject]))
    }

    /// One subject takes a step on the log scale.
    fn step(&mut self, problem: &Problem, stream: &mut Stream) -> Option<f64> {
        let subject = pick(stream, problem.grades.len());
        let size = [0.02, 0.15, 0.6, 2.5][pick(stream, 4)];
        let u = self.trial.u[subject] + size * stream.normal();
        self.set_log(problem, subject, u)?;
        self.trial.arrange(problem);
        Some(0.0)
    }

    /// One subject is drawn anew from a wider law of exposures.
    fn independent(&mut self, problem: &Problem, theta: &Theta, stream: &mut Stream) -> Option<f64> {
        let subject = pick(stream, problem.grades.len());
        let width = 1.5 * crate::math::exp(theta.log_sigma());
        let before = (self.trial.u[subject] - theta.mu) / width;
        let after = stream.normal();
        self.set_log(problem, subject, theta.mu + width * after)?;
        self.trial.arrange(problem);
        Some(0.5 * (after * after - before * before))
    }

    /// A holder of a printed rank moves within the rounding.
    fn jitter(&mut self, problem: &Problem, state: &State, stream: &mut Stream) -> Option<f64> {
        let k = pick(stream, problem.constraints.len());
        let subject = state.roles[k][pick(stream, 2)];
        let [low, high] = problem.constraints[k].window;
        let x = state.x[subject] + (high - low) * (stream.uniform() - 0.5);
        let gain = self.set_raw(problem, subject, x)?;
        self.trial.arrange(problem);
        (self.trial.roles == state.roles).then_some(gain)
    }

    /// One subject takes a long step; where that changes a quantile that two subjects share, the one who kept its rank
    /// moves so that the quantile stays.
    fn jump_with_repair(&mut self, problem: &Problem, state: &State, stream: &mut Stream) -> Option<f64> {
        let jumper = pick(stream, problem.grades.len());
        let kind = stream.uniform();
        let size = if kind < 0.30 {
            0.1
        } else if kind < 0.65 {
            0.5
        } else {
            2.0
        };
        let u = state.u[jumper] + size * stream.normal();
        self.set_log(problem, jumper, u)?;
        self.trial.arrange(problem);
        self.find_repairs(problem, state, jumper)?;
        if self.shifts.is_empty() {
            return Some(0.0);
        }
        self.roles.copy_from_slice(&self.trial.roles);
        let mut gain = 0.0;
        for i in 0..self.shifts.len() {
            let (subject, shift) = self.shifts[i];
            gain += self.set_raw(problem, subject, self.trial.x[subject] + shift)?;
        }
        self.trial.arrange(problem);
        if self.trial.roles != self.roles {
            return None;
        }
        // The way back: the jump undone from here must find the ranks as they were.
        self.probe.copy_from(&self.trial);
        self.probe.x[jumper] = state.x[jumper];
        self.probe.arrange(problem);
        (self.probe.roles == state.roles).then_some(gain)
    }

    /// Who must move, and how far, so that the pairs that the jump disturbed keep their quantiles.
    fn find_repairs(&mut self, problem: &Problem, state: &State, jumper: usize) -> Option<()> {
        self.shifts.clear();
        self.others.clear();
        for (k, constraint) in problem.constraints.iter().enumerate().filter(|(_, c)| c.is_pair()) {
            let (before, after) = (state.roles[k], self.trial.roles[k]);
            if before == after && !before.contains(&jumper) {
                continue;
            }
            let kept = |slot: usize| before[slot] == after[slot] && before[slot] != jumper;
            let slot = match (kept(0), kept(1)) {
                (true, false) => 0,
                (false, true) => 1,
                _ => return None,
            };
            let shares = [constraint.weight, 1.0 - constraint.weight];
            let (old, new) = (before[1 - slot], after[1 - slot]);
            let shift = shares[1 - slot] / shares[slot] * (state.x[old] - self.trial.x[new]);
            match self.shifts.iter().find(|(subject, _)| *subject == before[slot]) {
                Some((_, known)) if (known - shift).abs() > 1e-9 * (1.0 + shift.abs()) => return None,
                Some(_) => {}
                None => self.shifts.push((before[slot], shift)),
            }
            self.others.push((old, new));
        }
        // A pair whose other member is itself repaired would not come back on the way back.
        let entangled = self
            .shifts
            .iter()
            .any(|(subject, _)| self.others.iter().any(|(old, new)| subject == old || subject == new));
        (!entangled).then_some(())
    }

    /// Subjects of different grades exchange their exposures, near ones or any, once or a few times over: what one exchange
    /// disturbs in a group, another may mend. The same exchanges in the opposite order lead back.
    fn exchanges(&mut self, problem: &Problem, stream: &mut Stream) -> Option<f64> {
        for _ in 0..=pick(stream, 3) {
            let [a, b] = if stream.uniform() < 0.5 {
                near(&self.trial, stream)?.1
            } else {
                [0; 2].map(|_| pick(stream, problem.grades.len()))
            };
            if problem.grades[a] == problem.grades[b] {
                return None;
            }
            self.trial.x.swap(a, b);
            self.trial.u.swap(a, b);
            for subject in [a, b] {
                if !self.changed.contains(&subject) {
                    self.changed.push(subject);
                }
            }
            self.trial.arrange(problem);
        }
        Some(0.0)
    }

    /// Two near subjects of different grades exchange their exposures, and the partners of those who hold printed ranks
    /// move along so that the quantiles stay.
    fn swap(&mut self, problem: &Problem, state: &State, stream: &mut Stream) -> Option<f64> {
        let ([rank, above], pair) = near(state, stream)?;
        if problem.grades[pair[0]] == problem.grades[pair[1]] {
            return None;
        }
        self.displacement.fill(None);
        self.propagate(problem, state, Some(pair))?;
        let gain = self.displace(problem, state)?;
        for (subject, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            self.trial.x[subject] = state.x[other];
            self.trial.u[subject] = state.u[other];
            self.changed.push(subject);
        }
        self.trial.arrange(problem);
        let exchanged = self.trial.order[rank] == pair[1] && self.trial.order[above] == pair[0];
        let kept = (0..state.roles.len()).all(|k| {
            let both = pair.iter().all(|&s| problem.member(k, s));
            state.roles[k].iter().zip(&self.trial.roles[k]).all(|(&before, &after)| {
                let expected = match before {
                    s if both && s == pair[0] => pair[1],
                    s if both && s == pair[1] => pair[0],
                    s => s,
                };
                after == expected
            })
        });
        (exchanged && kept).then_some(gain)
    }

    /// A holder of a shared quantile moves, and with it all who must so that no quantile changes.
    fn along_the_quantiles(&mut self, problem: &Problem, state: &State, stream: &mut Stream) -> Option<f64> {
        let k = pick(stream, problem.constraints.len());
        let slot = pick(stream, 2);
        let size = 0.02 * crate::math::exp(stream.uniform() * crate::math::ln(2000.0));
        let unit = libm::exp2(problem.reference) / 12.5;
        let step = unit * size * stream.normal();
        if !problem.constraints[k].is_pair() {
            return None;
        }
        self.displacement.fill(None);
        self.displacement[state.roles[k][slot]] = Some(step);
        self.propagate(problem, state, None)?;
        let gain = self.displace(problem, state)?;
        self.trial.arrange(problem);
        (self.trial.roles == state.roles).then_some(gain)
    }

    /// Spreads displacements through the quantiles that subjects share, until each quantile stays where it is; `None`
    /// where one cannot. Of subjects who exchange, the exposures are given and the ranks exchanged within groups that
    /// hold both.
    fn propagate(&mut self, problem: &Problem, state: &State, exchange: Option<[usize; 2]>) -> Option<()> {
        loop {
            let mut grew = false;
            for (k, constraint) in problem.constraints.iter().enumerate() {
                let holders = state.roles[k];
                let moved = holders.map(|subject| match exchange {
                    Some([a, b]) if subject == a || subject == b => {
                        let other = if subject == a { b } else { a };
                        let both = problem.member(k, other);
                        Some(if both { 0.0 } else { state.x[other] - state.x[subject] })
                    }
                    _ => self.displacement[subject],
                });
                let shares = [constraint.weight, 1.0 - constraint.weight];
                match moved {
                    [Some(d), _] if !constraint.is_pair() => {
                        if d != 0.0 {
                            return None;
                        }
                    }
                    [Some(first), Some(second)] => {
                        let rest = shares[0] * first + shares[1] * second;
                        if rest.abs() > 1e-9 * (1.0 + first.abs()) {
                            return None;
                        }
                    }
                    [Some(first), None] => {
                        self.displacement[holders[1]] = Some(-shares[0] / shares[1] * first);
                        grew = true;
                    }
                    [None, Some(second)] => {
                        self.displacement[holders[0]] = Some(-shares[1] / shares[0] * second);
                        grew = true;
                    }
                    [None, None] => {}
                }
            }
            if !grew {
                return Some(());
            }
        }
    }

    fn displace(&mut self, problem: &Problem, state: &State) -> Option<f64> {
        let mut gain = 0.0;
        for subject in 0..self.displacement.len() {
            if let Some(step) = self.displacement[subject].filter(|step| *step != 0.0) {
                gain += self.set_raw(problem, subject, state.x[subject] + step)?;
            }
        }
        Some(gain)
    }
}

/// Two ranks at most four apart, and who holds them.
fn near(state: &State, stream: &mut Stream) -> Option<([usize; 2], [usize; 2])> {
    let rank = pick(stream, state.order.len());
    let above = rank + 1 + pick(stream, 4);
    Some(([rank, above], [state.order[rank], *state.order.get(above)?]))
}

impl Problem {
    /// Whether a subject is ranked in the group of a constraint.
    fn member(&self, k: usize, subject: usize) -> bool {
        self.groups[self.constraints[k].group].mask >> self.grades[subject] & 1 == 1
    }
}
