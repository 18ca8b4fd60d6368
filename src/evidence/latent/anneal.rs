use super::problem::Problem;
use super::state::State;
use crate::random::Stream;

/// How often annealing starts anew, and with how many steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restarts {
    pub(super) count: usize,
    /// Steps of the first.
    pub(super) first: usize,
    /// How many times as many each takes as the one before.
    pub(super) growth: usize,
}

impl Restarts {
    /// So many, each twice as long as the one before.
    pub(super) const fn doubling(count: usize) -> Self {
        Restarts { count, first: 60_000, growth: 2 }
    }
}

/// Values are sought well within their windows.
const INNER: f64 = 0.8;

/// A state that satisfies all windows and rank sums, found by simulated annealing; otherwise the constraints that the
/// best state still violates.
pub(super) fn start(problem: &Problem, stream: &mut Stream, restarts: Restarts) -> Result<State, Vec<usize>> {
    let mut nearest = (f64::INFINITY, Vec::new());
    let mut steps = restarts.first;
    for _ in 0..restarts.count {
        let (state, energy) = anneal(problem, stream, steps);
        // Where the windows leave hardly any room, the middles of all of them may not go together.
        if state.penalty == 0 && state.allowed(problem) {
            return Ok(state);
        }
        if energy < nearest.0 {
            let violated = (0..problem.constraints.len())
                .filter(|&k| !problem.constraints[k].allows(state.quantile(problem, k)))
                .collect();
            nearest = (energy, violated);
        }
        steps *= restarts.growth;
    }
    Err(nearest.1)
}

fn energy(problem: &Problem, state: &State) -> f64 {
    let mut sum = 0.15 * state.penalty as f64;
    for (k, constraint) in problem.constraints.iter().enumerate() {
        let middle = 0.5 * (constraint.window[0] + constraint.window[1]);
        let half = 0.5 * (constraint.window[1] - constraint.window[0]);
        let away = (state.quantile(problem, k) - middle).abs() - INNER * half;
        if away > 0.0 {
            sum += crate::math::ln(1.0 + away / half);
        }
    }
    sum
}

fn anneal(problem: &Problem, stream: &mut Stream, steps: usize) -> (State, f64) {
    let n = problem.grades.len();
    let [low, high] = problem.bounds;
    let x = (0..n)
        .map(|_| libm::exp2(problem.reference + 2.0 * stream.normal()).clamp(low * 1.001, high / 1.001))
        .collect();
    let mut state = State::new(problem, x);
    let mut now = energy(problem, &state);
    let mut best = (state.clone(), now);
    let mut trial = state.clone();
    let cooling = crate::math::exp(crate::math::ln(0.02 / 3.0) / steps as f64);
    let mut temperature = 3.0;
    for _ in 0..steps {
        temperature *= cooling;
        trial.copy_from(&state);
        if !propose(problem, &mut trial, stream) {
            continue;
        }
        trial.arrange(problem);
        let then = energy(problem, &trial);
        if then <= now || stream.uniform() < crate::math::exp((now - then) / temperature) {
            std::mem::swap(&mut state, &mut trial);
            now = then;
            if now < best.1 {
                best.0.copy_from(&state);
                best.1 = now;
                if now == 0.0 {
                    break;
                }
            }
        }
    }
    // Annealing looks at raw values only.
    let (mut state, energy) = best;
    state.refresh();
    (state, energy)
}

fn propose(problem: &Problem, trial: &mut State, stream: &mut Stream) -> bool {
    let n = problem.grades.len();
    let kind = stream.uniform();
    if kind < 0.45 {
        let subject = pick(stream, n);
        // A step of log-uniform size from 1e-4 to 2.
        let size = 1e-4 * crate::math::exp(stream.uniform() * crate::math::ln(2e4));
        trial.x[subject] *= crate::math::exp(size * stream.normal());
        return within(problem, trial.x[subject]);
    }
    if kind < 0.75 && !problem.constraints.is_empty() {
        let k = pick(stream, problem.constraints.len());
        let constraint = &problem.constraints[k];
        let half = 0.5 * (constraint.window[1] - constraint.window[0]);
        let wanted = 0.5 * (constraint.window[0] + constraint.window[1])
            + half * INNER * (2.0 * stream.uniform() - 1.0);
        let slot = usize::from(constraint.is_pair() && stream.uniform() < 0.5);
        let share = if slot == 0 { constraint.weight } else { 1.0 - constraint.weight };
        let lack = wanted - trial.quantile(problem, k);
        let subject = trial.roles[k][slot];
        trial.x[subject] += lack / if constraint.is_pair() { share } else { 1.0 };
        return within(problem, trial.x[subject]);
    }
    let (a, b) = (pick(stream, n), pick(stream, n));
    trial.x.swap(a, b);
    problem.grades[a] != problem.grades[b]
}

fn within(problem: &Problem, x: f64) -> bool {
    x > problem.bounds[0] && x < problem.bounds[1]
}

/// A number from 0 to n - 1.
pub(super) fn pick(stream: &mut Stream, n: usize) -> usize {
    // A uniform times a count is below the count.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let i = (stream.uniform() * n as f64) as usize;
    i.min(n - 1)
}
