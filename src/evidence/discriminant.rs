use crate::diagnostic::{Diagnostic, Problems};
use crate::math::normal_quantile;
use crate::random::{Address, Purpose, Stream};
use crate::response::Draws;

/// What a paper says of one group: its size and the quartiles of the exposure (any one unit, the same for all groups).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// Patients in the group.
    pub n: usize,
    /// First quartile, median and third quartile.
    pub values: [f64; 3],
}

/// Mean and standard deviation of a normal law from quartiles: Luo 2018 (Stat Methods Med Res 27:1785, eq. 15) for the
/// mean, Wan 2014 (BMC Med Res Methodol 14:135, eq. 16) for the standard deviation.
pub fn moments_from_quartiles(n: usize, [q1, median, q3]: [f64; 3]) -> (f64, f64) {
    let n = n as f64;
    let weight = 0.7 + 0.39 / n;
    let mean = weight * (q1 + q3) / 2.0 + (1.0 - weight) * median;
    (mean, (q3 - q1) / (2.0 * normal_quantile((0.75 * n - 0.125) / (n + 0.25))))
}

/// A logistic slope from two groups' quartiles: the exposure's logarithm is taken as normal with the same variance in
/// both groups, so that logit P is linear in it (linear discriminant).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Discriminant {
    /// Group sizes: with and without the outcome.
    pub n: [usize; 2],
    /// Means of log2 C in the two groups.
    pub means: [f64; 2],
    /// Standard deviations of log2 C in the two groups.
    pub deviations: [f64; 2],
    /// The pooled standard deviation of log2 C.
    pub pooled: f64,
    /// Slope per doubling, (m1 - m0)/s^2.
    pub slope: f64,
    /// Its 95 % interval by the delta method.
    pub interval: [f64; 2],
    /// logit P at C = 1 of the unit of the quartiles.
    pub intercept: f64,
    /// The slope times (N - 4)/(N - 2), nearly unbiased (Lyles, Guo and Hill 2009, Am Stat 63:320).
    pub shrunken_slope: f64,
}

impl Discriminant {
    /// The estimate from the quartiles of those with and those without the outcome.
    ///
    /// # Errors
    /// E0711 where a group has fewer than 3 patients, or quartiles are not positive or do not rise.
    pub fn estimate(with: Quartiles, without: Quartiles) -> Result<Self, Problems> {
        for group in [with, without] {
            let [q1, median, q3] = group.values;
            if group.n < 3 || !(q1 > 0.0 && q1 <= median && median <= q3 && q1 < q3 && q3.is_finite()) {
                return Err(Diagnostic::error(
                    "E0711",
                    format!("{} patients with quartiles {q1}, {median}, {q3} give no estimate", group.n),
                )
                .help("a group needs 3 patients or more and quartiles that are positive and rise")
                .into());
            }
        }
        Ok(Discriminant::of([with, without]))
    }

    fn of(groups: [Quartiles; 2]) -> Self {
        let logs = groups.map(|group| group.values.map(libm::log2));
        let moments = [0, 1].map(|i| moments_from_quartiles(groups[i].n, logs[i]));
        let [n1, n0] = groups.map(|group| group.n as f64);
        let [(m1, s1), (m0, s0)] = moments;
        let freedom = n1 + n0 - 2.0;
        let variance = ((n1 - 1.0) * s1 * s1 + (n0 - 1.0) * s0 * s0) / freedom;
        let slope = (m1 - m0) / variance;
        let error = ((1.0 / n1 + 1.0 / n0) / variance + 2.0 * slope * slope / freedom).sqrt();
        let z = normal_quantile(0.975);
        Discriminant {
            n: groups.map(|group| group.n),
            means: [m1, m0],
            deviations: [s1, s0],
            pooled: variance.sqrt(),
            slope,
            interval: [slope - z * error, slope + z * error],
            intercept: crate::math::ln(n1 / n0) - slope * (m1 + m0) / 2.0,
            shrunken_slope: slope * (freedom - 2.0) / freedom,
        }
    }

    /// logit P at an exposure (unit of the quartiles), with the shrunken slope.
    pub fn predictor_at(&self, exposure: f64) -> f64 {
        let [n1, n0] = self.n.map(|n| n as f64);
        let centre = (self.means[0] + self.means[1]) / 2.0;
        crate::math::ln(n1 / n0) + self.shrunken_slope * (libm::log2(exposure) - centre)
    }

    /// Joint draws of (logit P at `reference`, slope per doubling) by a parametric bootstrap: papers of the same size
    /// are drawn from the normal laws of the estimate, summarised to quartiles (type 7) and estimated again, so that
    /// the draws carry what the summary lost. Central values are those of [`Discriminant::predictor_at`] and the
    /// shrunken slope.
    ///
    /// # Errors
    /// E0701 where a drawn value is not finite.
    pub fn bootstrap(&self, reference: f64, seed: u64, draws: u32) -> Result<Draws, Problems> {
        let total = self.n[0] + self.n[1];
        let share = self.n[0] as f64 / total as f64;
        let centre = (self.means[0] + self.means[1]) / 2.0;
        // The laws whose slope is the shrunken one, which the bootstrapped estimates then have in the mean.
        let half = self.shrunken_slope * self.pooled * self.pooled / 2.0;
        let mut rows = Vec::with_capacity(2 * draws as usize);
        for draw in 0..draws {
            let mut stream = Stream::new(Address::new(seed, Purpose::Evidence).draw(draw));
            // A paper that compares two groups has some patients in each.
            let sizes = loop {
                let with = (0..total).filter(|_| stream.uniform() < share).count();
                if with >= 3 && total - with >= 3 {
                    break [with, total - with];
                }
            };
            let groups = [0, 1].map(|i| {
                let mean = if i == 0 { centre + half } else { centre - half };
                let mut logs: Vec<f64> =
                    (0..sizes[i]).map(|_| mean + self.pooled * stream.normal()).collect();
                logs.sort_by(f64::total_cmp);
                Quartiles { n: sizes[i], values: [0.25, 0.5, 0.75].map(|p| libm::exp2(type7(&logs, p))) }
            });
            let again = Discriminant::of(groups);
            rows.extend([again.predictor_at(reference), again.shrunken_slope]);
        }
        let names = vec!["a".to_string(), "b".to_string()];
        Draws::new(names, vec![self.predictor_at(reference), self.shrunken_slope], rows)
    }
}

/// The quantile of sorted values by linear interpolation (type 7 of Hyndman and Fan 1996); NaN of none.
pub(super) fn type7(sorted: &[f64], p: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let h = (sorted.len() - 1) as f64 * p;
    // h lies within the slice.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let low = h as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (h - low as f64) * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64, digits: i32) {
        assert!((got - expected).abs() <= 0.5000001 * 10f64.powi(-digits), "{got} is not {expected}");
    }

    /// Fang et al., J Inflamm Res: concentrations 24 h after the dose (ng/mL).
    fn remission() -> Discriminant {
        Discriminant::estimate(
            Quartiles { n: 7, values: [14.79, 27.15, 106.66] },
            Quartiles { n: 17, values: [3.24, 10.18, 17.86] },
        )
        .unwrap()
    }

    #[test]
    fn quantiles_of_samples_are_interpolated_between_their_neighbours() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        let quantiles = [0.0, 0.25, 0.5, 1.0].map(|p| type7(&sorted, p));
        assert_eq!(quantiles, [1.0, 1.75, 3.0, 8.0]);
        assert!(type7(&[], 0.5).is_nan());
    }

    #[test]
    fn midway_between_the_groups_the_odds_are_those_of_their_sizes() {
        let d = remission();
        let middle = ((d.means[0] + d.means[1]) / 2.0).exp2();
        assert!((d.predictor_at(middle) - f64::ln(7.0 / 17.0)).abs() < 1e-12);
        assert!((d.predictor_at(2.0 * middle) - d.predictor_at(middle) - d.shrunken_slope).abs() < 1e-12);
    }

    #[test]
    fn the_closed_form_equals_an_independent_computation() {
        // scripts/reference/discriminant.py (NumPy, SciPy).
        let d = remission();
        close(d.means[0], 5.1776, 4);
        close(d.means[1], 3.0438, 4);
        close(d.deviations[0], 2.6181, 4);
        close(d.deviations[1], 1.9908, 4);
        close(d.pooled, 2.1799, 4);
        close(d.slope, 0.4491, 4);
        close(d.interval[0], -0.034, 3);
        close(d.interval[1], 0.932, 3);
        close(d.intercept, -2.7333, 4);
        close((-d.intercept / d.slope).exp2(), 68.0, 1);
        close(d.shrunken_slope, 0.4082, 4);
        let d = Discriminant::estimate(
            Quartiles { n: 14, values: [5.58, 14.79, 72.96] },
            Quartiles { n: 10, values: [4.45, 12.37, 17.81] },
        )
        .unwrap();
        close(d.means[0], 4.2127, 4);
        close(d.means[1], 3.2781, 4);
        close(d.pooled, 2.5935, 4);
        close(d.slope, 0.1389, 4);
        close(d.interval[0], -0.185, 3);
        close(d.interval[1], 0.462, 3);
        close(d.intercept, -0.1839, 4);
    }

    #[test]
    fn the_bootstrap_is_centred_and_as_wide_as_the_delta_interval() {
        let d = remission();
        let draws = d.bootstrap(12.5, 1, 4000).unwrap();
        let mut slopes: Vec<f64> = draws.values(1).collect();
        slopes.sort_by(f64::total_cmp);
        // The law is skew (a variance stands in the denominator): its mean is the estimate, its median below.
        let mean = slopes.iter().sum::<f64>() / 4000.0;
        assert!((mean - d.shrunken_slope).abs() < 0.05, "{mean}");
        let width = slopes[3900] - slopes[100];
        let delta = d.interval[1] - d.interval[0];
        // Quartiles know less than data, so the bootstrap is the wider one.
        assert!(width > 0.9 * delta && width < 1.6 * delta, "{width} {delta}");
        assert_eq!(draws, d.bootstrap(12.5, 1, 4000).unwrap());
        assert_ne!(draws.rows(), d.bootstrap(12.5, 2, 4000).unwrap().rows());
    }

    #[test]
    fn quartiles_that_do_not_rise_are_refused() {
        let good = Quartiles { n: 17, values: [3.24, 10.18, 17.86] };
        for bad in [
            Quartiles { n: 2, ..good },
            Quartiles { n: 7, values: [10.0, 5.0, 20.0] },
            Quartiles { n: 7, values: [0.0, 5.0, 20.0] },
            Quartiles { n: 7, values: [5.0, 5.0, 5.0] },
        ] {
            assert_eq!(Discriminant::estimate(bad, good).unwrap_err().list()[0].code, "E0711");
        }
    }
}
