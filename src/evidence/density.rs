/// A density on a line, tabulated on its log scale: integrals by the trapezoidal rule, quantiles by inversion.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Density {
    points: Vec<f64>,
    /// The density relative to its largest value.
    values: Vec<f64>,
    /// The integral up to each point.
    cumulative: Vec<f64>,
    peak: f64,
}

impl Density {
    /// A density from its logarithm (up to a constant) at rising points. A single point is a mass of 1 there.
    pub(super) fn new(points: Vec<f64>, logs: Vec<f64>) -> Self {
        let peak = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let values: Vec<f64> = logs.iter().map(|log| crate::math::exp(log - peak)).collect();
        let mut cumulative = Vec::with_capacity(points.len());
        let mut sum = if points.len() == 1 { 1.0 } else { 0.0 };
        cumulative.push(sum);
        for (x, y) in points.windows(2).zip(values.windows(2)) {
            sum += 0.5 * (x[1] - x[0]) * (y[0] + y[1]);
            cumulative.push(sum);
        }
        Density { points, values, cumulative, peak }
    }

    /// Tabulates a density with one peak. From `start`, steps that grow from `step` lead to where it has fallen by
    /// `fall` on the log scale, or to `limit` on either side of zero; there the table ends. The logarithm is smooth: it
    /// is evaluated at `points` places and interpolated by cubics between.
    pub(super) fn around(
        log_density: impl Fn(f64) -> f64,
        start: f64,
        step: f64,
        limit: f64,
        fall: f64,
        points: usize,
    ) -> Self {
        let mut top = (log_density(start), start);
        let mut ends = [start; 2];
        // A second walk where the first one found a higher peak than its start.
        for _ in 0..2 {
            let from = top.1;
            for (end, side) in ends.iter_mut().zip([-1.0, 1.0]) {
                let mut width = step;
                loop {
                    *end = (from + side * width).clamp(-limit, limit);
                    let value = log_density(*end);
                    if value > top.0 {
                        top = (value, *end);
                    }
                    if value < top.0 - fall || end.abs() >= limit {
                        break;
                    }
                    width *= 1.4;
                }
            }
            if top.1 == from {
                break;
            }
        }
        let width = (ends[1] - ends[0]) / (points - 1) as f64;
        let coarse: Vec<f64> = (0..points).map(|i| log_density(ends[0] + width * i as f64)).collect();
        let fine = (points - 1) * REFINEMENT + 1;
        let grid = (0..fine).map(|i| ends[0] + (ends[1] - ends[0]) * i as f64 / (fine - 1) as f64).collect();
        Density::new(grid, (0..fine).map(|i| cubic(&coarse, i)).collect())
    }

    /// The logarithm of the integral of what was tabulated.
    pub(super) fn log_integral(&self) -> f64 {
        self.peak + crate::math::ln(self.total())
    }

    fn total(&self) -> f64 {
        self.cumulative[self.cumulative.len() - 1]
    }

    /// First and last point.
    pub(super) fn ends(&self) -> [f64; 2] {
        [self.points[0], self.points[self.points.len() - 1]]
    }

    /// The probability of each point's surroundings, adding up to 1.
    pub(super) fn weights(&self) -> Vec<f64> {
        let total: f64 = self.values.iter().sum();
        self.values.iter().map(|value| value / total).collect()
    }

    /// The probability below x, with a density that is linear between the points.
    pub(super) fn cumulative(&self, x: f64) -> f64 {
        let after = self.points.partition_point(|point| *point <= x);
        if after == 0 {
            return 0.0;
        }
        if after == self.points.len() {
            return 1.0;
        }
        let (left, right) = (self.points[after - 1], self.points[after]);
        let (low, high) = (self.values[after - 1], self.values[after]);
        let t = (x - left) / (right - left);
        let part = (right - left) * t * (low + 0.5 * t * (high - low));
        (self.cumulative[after - 1] + part) / self.total()
    }

    /// The quantile of a probability in (0, 1).
    pub(super) fn quantile(&self, p: f64) -> f64 {
        let wanted = p * self.total();
        let after = self.cumulative.partition_point(|sum| *sum <= wanted);
        if after == 0 || after == self.points.len() {
            return self.points[after.min(self.points.len() - 1)];
        }
        let (left, right) = (self.points[after - 1], self.points[after]);
        let (low, high) = (self.values[after - 1], self.values[after]);
        // Solves low t + (high - low) t^2/2 = rest for t in [0, 1], in the form without cancellation.
        let rest = (wanted - self.cumulative[after - 1]) / (right - left);
        let root = (low * low + 2.0 * (high - low) * rest).max(0.0).sqrt();
        left + (right - left) * (2.0 * rest / (low + root)).clamp(0.0, 1.0)
    }

    /// A point drawn by its weight, and a place within its cell: `(index, value)`.
    pub(super) fn draw(&self, choice: f64, within: f64) -> (usize, f64) {
        let mut sum = 0.0;
        let mut index = self.points.len() - 1;
        for (i, weight) in self.weights().iter().enumerate() {
            sum += weight;
            if choice < sum {
                index = i;
                break;
            }
        }
        let step = if self.points.len() > 1 { self.points[1] - self.points[0] } else { 0.0 };
        (index, self.points[index] + (within - 0.5) * step)
    }
}

/// How many times finer a table is than the evaluations it rests on.
const REFINEMENT: usize = 6;

/// The value at place i of the finer grid, by the cubic through the four nearest of equally spaced values.
fn cubic(coarse: &[f64], i: usize) -> f64 {
    let cell = (i / REFINEMENT).clamp(1, coarse.len() - 3);
    let t = i as f64 / REFINEMENT as f64 - cell as f64;
    let [a, b, c, d] = [coarse[cell - 1], coarse[cell], coarse[cell + 1], coarse[cell + 2]];
    a * t * (t - 1.0) * (t - 2.0) / -6.0
        + b * (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0
        + c * (t + 1.0) * t * (t - 2.0) / -2.0
        + d * (t + 1.0) * t * (t - 1.0) / 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_tabulated_normal_density() {
        let density = Density::around(|x| -0.5 * (x - 3.0) * (x - 3.0), 0.0, 0.25, 100.0, 18.0, 97);
        assert!((density.log_integral() - 0.918_938_533_204_672_7).abs() < 1e-6);
        for (p, z) in [(0.025, -1.959_963_984_540_054), (0.5, 0.0), (0.975, 1.959_963_984_540_054)] {
            assert!((density.quantile(p) - 3.0 - z).abs() < 3e-4, "{p}");
            assert!((density.cumulative(density.quantile(p)) - p).abs() < 1e-12);
        }
        assert!((density.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_single_point_is_a_mass() {
        let density = Density::new(vec![2.0], vec![-700.0]);
        assert_eq!(density.draw(0.3, 0.9), (0, 2.0));
        assert_eq!(density.quantile(0.4), 2.0);
        assert_eq!(density.log_integral(), -700.0);
    }
}
