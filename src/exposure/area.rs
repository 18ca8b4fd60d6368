//! Areas under the curve, piece by piece.

use super::Profile;
use crate::math;

/// How the curve between two samples is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AucRule {
    /// Straight lines.
    Linear,
    /// Straight where it rises, exponential where it falls to a positive value.
    #[default]
    LinearUpLogDown,
    /// Straight up to the peak, exponential after it (straight where a value is zero or both are equal).
    LinearThenLog,
}

/// Area and first moment: ∫ c dt (mg·h/L) and ∫ t c dt (mg·h²/L).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub auc: f64,
    pub aumc: f64,
}

impl std::ops::AddAssign for Area {
    fn add_assign(&mut self, other: Self) {
        self.auc += other.auc;
        self.aumc += other.aumc;
    }
}

/// One end of a piece: time (h) and concentration (mg/L).
pub(super) type Point = (f64, f64);

impl AucRule {
    /// Whether the piece is exponential.
    fn is_log(self, from: Point, to: Point, peak_time: f64) -> bool {
        let possible = from.1 > 0.0 && to.1 > 0.0 && from.1 != to.1;
        possible
            && match self {
                AucRule::Linear => false,
                AucRule::LinearUpLogDown => to.1 < from.1,
                AucRule::LinearThenLog => from.0 >= peak_time,
            }
    }

    /// Area of the piece between two points.
    pub(super) fn piece(self, from: Point, to: Point, peak_time: f64) -> Area {
        let width = to.0 - from.0;
        if self.is_log(from, to, peak_time) {
            return exponential(from.0, from.1, width, to.1);
        }
        Area {
            auc: 0.5 * width * (from.1 + to.1),
            // The trapezoid of t c, as is the custom, not the integral of t times the line.
            aumc: 0.5 * width * (from.0 * from.1 + to.0 * to.1),
        }
    }

    /// Concentration within the piece between two points.
    pub(super) fn between(self, from: Point, to: Point, peak_time: f64, time: f64) -> f64 {
        let fraction = (time - from.0) / (to.0 - from.0);
        if self.is_log(from, to, peak_time) {
            from.1 * math::exp(fraction * math::ln(to.1 / from.1))
        } else {
            from.1 + fraction * (to.1 - from.1)
        }
    }
}

/// Area under c(t) = `start` exp(-d (t - from) / `width`) that ends at `end`.
fn exponential(from: f64, start: f64, width: f64, end: f64) -> Area {
    let d = -math::log1p((end - start) / start);
    let ratio = end / start;
    // ∫ s exp(-d s) ds over the unit interval; the closed form cancels for slow decline.
    let moment = if d.abs() < 1e-2 {
        0.5 - d * (1.0 / 3.0 - d * (1.0 / 8.0 - d * (1.0 / 30.0 - d * (1.0 / 144.0 - d / 840.0))))
    } else {
        (1.0 - ratio * (1.0 + d)) / (d * d)
    };
    let auc = width * (start - end) / d;
    Area { auc, aumc: from * auc + width * width * start * moment }
}

/// The area of the profile's samples `first..=last`.
pub(super) fn over(profile: &Profile, rule: AucRule, first: usize, last: usize) -> Area {
    let point = |i: usize| (profile.times()[i], profile.concentrations()[i]);
    let peak_time = profile.times()[profile.peak()];
    let mut area = Area::default();
    for i in first + 1..=last {
        area += rule.piece(point(i - 1), point(i), peak_time);
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// An exponential is integrated exactly, however its samples lie: against the closed form of the whole.
        #[test]
        fn log_rule_is_exact_for_exponentials(k in 1e-6f64..3.0, steps in proptest::collection::vec(0.01f64..5.0, 1..20)) {
            let mut times = vec![0.5];
            for s in &steps {
                times.push(times[times.len() - 1] + s);
            }
            let c: Vec<f64> = times.iter().map(|t| 7.0 * (-k * t).exp()).collect();
            prop_assume!(c[c.len() - 1] > 1e-200);
            let profile = Profile::new(&times, &c).unwrap();
            let area = over(&profile, AucRule::LinearUpLogDown, 0, times.len() - 1);
            let (a, b) = (times[0], times[times.len() - 1]);
            let auc = 7.0 / k * ((-k * a).exp() * -(-k * (b - a)).exp_m1());
            prop_assert!((area.auc / auc - 1.0).abs() < 1e-9, "{} {}", area.auc, auc);
            // Simpson's rule on 20,000 panels, by nobody's formula.
            let n = 20_000;
            let h = (b - a) / f64::from(n);
            let f = |t: f64| 7.0 * t * (-k * t).exp();
            let simpson: f64 = (0..n).map(|i| { let t = a + h * f64::from(i); h / 6.0 * (f(t) + 4.0 * f(t + 0.5 * h) + f(t + h)) }).sum();
            prop_assert!((area.aumc / simpson - 1.0).abs() < 1e-8, "{} {}", area.aumc, simpson);
        }

        /// A piece and its two halves are the same where the rule is the same.
        #[test]
        fn pieces_add_up(c1 in 0.0f64..10.0, c2 in 0.0f64..10.0, at in 0.01f64..0.99) {
            for rule in [AucRule::Linear, AucRule::LinearUpLogDown, AucRule::LinearThenLog] {
                let middle = rule.between((1.0, c1), (3.0, c2), 1.0, 1.0 + 2.0 * at);
                let whole = rule.piece((1.0, c1), (3.0, c2), 1.0).auc;
                let halves = rule.piece((1.0, c1), (1.0 + 2.0 * at, middle), 1.0).auc
                    + rule.piece((1.0 + 2.0 * at, middle), (3.0, c2), 1.0).auc;
                prop_assert!((whole - halves).abs() <= 1e-9 * (whole + 1e-12), "{rule:?} {whole} {halves}");
            }
        }
    }

    #[test]
    fn slow_decline_loses_no_digits() {
        // mpmath: integral of t exp(-d (t-1)) over [1, 2] for d = 1e-9, 0.009, 0.011.
        for (d, expected) in [
            (1e-9, 1.499_999_999_166_666_7),
            (0.009, 1.492_523_570_425_085_4),
            (0.011, 1.490_868_525_398_267_2),
        ] {
            let end = f64::exp(-d);
            let found = exponential(1.0, 1.0, 1.0, end).aumc;
            assert!((found - expected).abs() < 1e-12, "{d}: {found} {expected}");
        }
    }
}
