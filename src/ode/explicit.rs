//! One step of an explicit pair.

use super::tableau::Tableau;
use super::{Statistics, System, Tolerances};

/// Scratch of the explicit methods.
#[derive(Debug, Default)]
pub(super) struct Explicit {
    /// Seven slopes, one after another.
    slopes: Vec<f64>,
    /// The state of the stage in work; after a step, of the sixth.
    stage: Vec<f64>,
    /// The state at the end of the step.
    pub end: Vec<f64>,
}

/// x + h times the sum of the first M slopes with their weights.
fn combine<const M: usize>(x: &[f64], h: f64, weights: &[f64; 6], slopes: &[f64], out: &mut [f64]) {
    let n = x.len();
    let parts: [&[f64]; M] = std::array::from_fn(|s| &slopes[s * n..(s + 1) * n]);
    for (i, out) in out.iter_mut().enumerate() {
        let mut sum = weights[0] * parts[0][i];
        for s in 1..M {
            sum += weights[s] * parts[s][i];
        }
        *out = x[i] + h * sum;
    }
}

impl Explicit {
    pub(super) fn resize(&mut self, n: usize) {
        self.slopes.resize(7 * n, 0.0);
        self.stage.resize(n, 0.0);
        self.end.resize(n, 0.0);
    }

    /// Tries a step of length `h` from (t, x) with this slope there; returns the error in units of the tolerance.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn attempt<S: System + ?Sized>(
        &mut self,
        tableau: &Tableau,
        system: &mut S,
        t: f64,
        x: &[f64],
        slope: &[f64],
        h: f64,
        tolerances: &Tolerances,
        statistics: &mut Statistics,
    ) -> f64 {
        let n = x.len();
        let Explicit { slopes, stage, end } = self;
        slopes[..n].copy_from_slice(slope);
        let [a, b, c, d, e, f] = &tableau.rows;
        combine::<1>(x, h, a, slopes, stage);
        system.rhs(t + tableau.nodes[1] * h, stage, &mut slopes[n..2 * n]);
        combine::<2>(x, h, b, slopes, stage);
        system.rhs(t + tableau.nodes[2] * h, stage, &mut slopes[2 * n..3 * n]);
        combine::<3>(x, h, c, slopes, stage);
        system.rhs(t + tableau.nodes[3] * h, stage, &mut slopes[3 * n..4 * n]);
        combine::<4>(x, h, d, slopes, stage);
        system.rhs(t + tableau.nodes[4] * h, stage, &mut slopes[4 * n..5 * n]);
        combine::<5>(x, h, e, slopes, stage);
        system.rhs(t + h, stage, &mut slopes[5 * n..6 * n]);
        combine::<6>(x, h, f, slopes, end);
        system.rhs(t + h, end, &mut slopes[6 * n..]);
        statistics.rhs += 6;
        let slopes = &self.slopes;
        let error = |i: usize| {
            let mut sum = 0.0;
            for (s, e) in tableau.error.iter().enumerate() {
                sum += e * slopes[s * n + i];
            }
            h * sum
        };
        tolerances.norm(error, x, &self.end)
    }

    /// The slope at the end of the step.
    pub(super) fn end_slope(&self) -> &[f64] {
        &self.slopes[6 * self.end.len()..]
    }

    /// Estimates h |λ| from the two slopes at the end of the step.
    pub(super) fn reach(&self, h: f64) -> f64 {
        let n = self.end.len();
        let (mut slope, mut state) = (0.0, 0.0);
        for i in 0..n {
            let (s, x) = (self.slopes[6 * n + i] - self.slopes[5 * n + i], self.end[i] - self.stage[i]);
            slope += s * s;
            state += x * x;
        }
        if state > 0.0 { h * (slope / state).sqrt() } else { 0.0 }
    }

    /// The state at the fraction `theta` of the step of length `h` from `x`.
    pub(super) fn interpolate(&self, tableau: &Tableau, x: &[f64], h: f64, theta: f64, out: &mut [f64]) {
        let n = x.len();
        let weights = tableau.weights(theta);
        for (i, out) in out.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (s, w) in weights.iter().enumerate() {
                sum += w * self.slopes[s * n + i];
            }
            *out = x[i] + h * sum;
        }
    }
}
