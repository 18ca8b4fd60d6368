//! The terminal slope.

use super::{Absent, Profile};
use crate::math;

/// The log-linear regression of the terminal phase, chosen by its adjusted R².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terminal {
    /// λz: rate of decline, 1/h.
    pub lambda_z: f64,
    /// Logarithm of the concentration (mg/L) that the line has at time 0.
    pub intercept: f64,
    /// R².
    pub r_squared: f64,
    /// R² adjusted for the number of points.
    pub adjusted_r_squared: f64,
    /// Points in the regression.
    pub points: usize,
    /// First time of the regression, h.
    pub from: f64,
    /// Last time of the regression, h.
    pub to: f64,
}

/// Regressions whose adjusted R² lies within this of the best compete by their number of points (WinNonlin).
const TIE: f64 = 1e-4;

impl Terminal {
    /// t½ = ln 2 / λz, h.
    pub fn half_life(&self) -> f64 {
        std::f64::consts::LN_2 / self.lambda_z
    }

    /// The concentration (mg/L) of the line at a time (h).
    pub fn at(&self, time: f64) -> f64 {
        math::exp(self.intercept - self.lambda_z * time)
    }

    /// The best regression over the last three or more positive concentrations after the peak; the peak itself may
    /// take part where `with_peak` says so (bolus).
    ///
    /// The best is the one with the largest adjusted R²; among those within 0.0001 of it, the one with most points
    /// (Phoenix WinNonlin, "Lambda Z or Slope Estimation settings", best fit).
    pub(super) fn best(profile: &Profile, with_peak: bool) -> Result<Self, Absent> {
        let Some(last) = profile.last() else { return Err(Absent::NothingMeasured) };
        let first = if with_peak { profile.peak() } else { profile.peak() + 1 };
        let positive = |i: &usize| profile.concentrations()[*i] > 0.0;
        if (first..=last).filter(positive).count() < 3 {
            return Err(Absent::TooFewTerminalPoints);
        }
        let declining = |start: usize| Self::regression(profile, start, last).filter(|t| t.lambda_z > 0.0);
        let candidates = || (first..last).filter(positive).filter_map(declining);
        let best = candidates().map(|t| t.adjusted_r_squared).fold(f64::NEG_INFINITY, f64::max);
        // The earliest start has most points.
        candidates().find(|t| t.adjusted_r_squared > best - TIE).ok_or(Absent::NotDeclining)
    }

    /// The regression over the positive concentrations of samples `start..=last`; none with fewer than three.
    fn regression(profile: &Profile, start: usize, last: usize) -> Option<Self> {
        let points = || {
            let times = &profile.times()[start..=last];
            times.iter().zip(&profile.concentrations()[start..=last]).filter(|(_, c)| **c > 0.0)
        };
        let count = points().count();
        if count < 3 {
            return None;
        }
        let n = count as f64;
        let mean_time = points().map(|(t, _)| t).sum::<f64>() / n;
        let mean_log = points().map(|(_, c)| math::ln(*c)).sum::<f64>() / n;
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (t, c) in points() {
            let (x, y) = (t - mean_time, math::ln(*c) - mean_log);
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }
        if yy == 0.0 {
            return None;
        }
        let slope = xy / xx;
        let r_squared = xy * xy / (xx * yy);
        Some(Terminal {
            lambda_z: -slope,
            intercept: mean_log - slope * mean_time,
            r_squared,
            adjusted_r_squared: 1.0 - (1.0 - r_squared) * (n - 1.0) / (n - 2.0),
            points: count,
            from: profile.times()[start],
            to: profile.times()[last],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile_of(f: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
        let times: Vec<f64> = (0..12).map(f64::from).collect();
        let c = times.iter().map(|t| f(*t)).collect();
        (times, c)
    }

    #[test]
    fn an_exponential_is_found_with_all_its_points() {
        let (t, mut c) = profile_of(|t| 5.0 * (-0.25 * t).exp());
        c[0] = 0.1;
        let found = Terminal::best(&Profile::new(&t, &c).unwrap(), false).unwrap();
        assert!(
            (found.lambda_z - 0.25).abs() < 1e-12
                && (found.half_life() - 2.772_588_722_239_781).abs() < 1e-10
        );
        assert_eq!((found.points, found.from, found.to), (10, 2.0, 11.0), "the peak at 1 is left out");
        let with_peak = Terminal::best(&Profile::new(&t, &c).unwrap(), true).unwrap();
        assert_eq!(with_peak.points, 11);
        assert!((found.at(3.0) - c[3]).abs() < 1e-12);
    }

    #[test]
    fn a_second_phase_is_left_to_itself() {
        let (t, c) = profile_of(|t| 50.0 * (-2.0 * t).exp() + 5.0 * (-0.1 * t).exp());
        let found = Terminal::best(&Profile::new(&t, &c).unwrap(), true).unwrap();
        assert!((found.lambda_z - 0.1).abs() < 2e-3 && found.points < 11, "{found:?}");
    }

    #[test]
    fn reasons() {
        let best = |c: &[f64]| {
            let t: Vec<f64> = (0..c.len()).map(|i| i as f64).collect();
            Terminal::best(&Profile::new(&t, c).unwrap(), false)
        };
        assert_eq!(best(&[0.0, 0.0, 0.0, 0.0]), Err(Absent::NothingMeasured));
        assert_eq!(best(&[3.0, 2.0, 1.0]), Err(Absent::TooFewTerminalPoints));
        assert_eq!(best(&[3.0, 2.0, 0.0, 1.0, 0.0]), Err(Absent::TooFewTerminalPoints));
        assert_eq!(best(&[3.0, 1.0, 1.0, 1.0]), Err(Absent::NotDeclining));
        assert_eq!(best(&[3.0, 1.0, 1.5, 2.0]), Err(Absent::NotDeclining));
    }
}
