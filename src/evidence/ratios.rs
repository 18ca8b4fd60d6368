use super::paper::Ratio;
use crate::diagnostic::Diagnostic;
use crate::math::{normal_cdf, normal_quantile};

/// A published ratio on its log scale, ready to be used as a normal law.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRatio {
    /// The predictor.
    pub predictor: String,
    /// The logarithm of the ratio.
    pub estimate: f64,
    /// Its standard error, from the width of the interval or, where that is misprinted, from the p-value.
    pub error: f64,
    /// Why the printed figures cannot all be right, if they cannot.
    pub misprint: Option<Diagnostic>,
}

/// How much longer one side of an interval may be than the other, on the log scale, once rounding is allowed for.
/// Profile-likelihood intervals of small studies reach about 1.4.
const ASYMMETRY: f64 = 1.8;

impl Ratio {
    /// The ratio on its log scale. Misprints are flagged (E0731): an estimate outside its interval, sides of the
    /// interval that no estimate has, and an interval that contradicts its p-value.
    pub fn logarithm(&self) -> LogRatio {
        let [low, high] = &self.interval;
        let ends = |printed: &super::Printed| {
            let (value, half) = (printed.value(), printed.half_width());
            [crate::math::ln((value - half).max(value * 1e-3)), crate::math::ln(value + half)]
        };
        let (l, v, h) = (ends(low), ends(&self.value), ends(high));
        let estimate = crate::math::ln(self.value.value());
        let z = normal_quantile(0.975);
        let sides = [estimate - crate::math::ln(low.value()), crate::math::ln(high.value()) - estimate];
        // The sides as unequal and as equal as the rounding of the three numbers permits.
        let shortest = [v[0] - l[1], h[0] - v[1]];
        let longest = [v[1] - l[0], h[1] - v[0]];
        let fault = if longest[0] <= 0.0 || longest[1] <= 0.0 {
            Some(format!("{} is not within {low} to {high}", self.value))
        } else if shortest[0] > ASYMMETRY * longest[1] || shortest[1] > ASYMMETRY * longest[0] {
            Some(format!("{low} to {high} is not centred at {} on the log scale", self.value))
        } else {
            self.contradiction((sides[0] + sides[1]) / (2.0 * z), estimate)
        };
        let from_p = self
            .p
            .as_ref()
            .filter(|p| !p.is_below() && p.value() < 1.0)
            .map(|p| (estimate / normal_quantile(p.value() / 2.0)).abs());
        let width = (sides[0] + sides[1]) / (2.0 * z);
        let error = if fault.is_some() { from_p.unwrap_or(sides[0].max(sides[1]) / z) } else { width };
        let misprint = fault.map(|fault| {
            let fitting = format!(
                "an interval that fits the ratio and its p-value is about {:.2} to {:.2}",
                crate::math::exp(estimate - z * error),
                crate::math::exp(estimate + z * error)
            );
            Diagnostic::warning("E0731", format!("{}: {fault}", self.predictor)).help(fitting)
        });
        LogRatio { predictor: self.predictor.clone(), estimate, error, misprint }
    }

    /// Whether the interval says significant and the p-value clearly not, or the other way round.
    fn contradiction(&self, error: f64, estimate: f64) -> Option<String> {
        let p = self.p.as_ref()?;
        let wald = 2.0 * normal_cdf(-(estimate / error).abs());
        let off = if p.is_below() {
            wald > 20.0 * p.value()
        } else {
            let (least, most) = (p.value() - p.half_width(), p.value() + p.half_width());
            wald < least / 6.0 - 1e-3 || wald > 6.0 * most + 1e-3
        };
        off.then(|| format!("the interval gives p = {wald:.3}, the paper prints {p}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::paper::Measure;
    use super::super::printed::Printed;
    use super::*;

    fn ratio(value: &str, low: &str, high: &str, p: &str) -> LogRatio {
        let read = |text| Printed::read(text).unwrap();
        Ratio {
            predictor: "x".into(),
            measure: Measure::Odds,
            value: read(value),
            interval: [read(low), read(high)],
            p: Some(read(p)),
            adjusted: false,
        }
        .logarithm()
    }

    #[test]
    fn misprints_are_flagged_and_sound_figures_pass() {
        // Fang et al., J Inflamm Res, Tables 2 and 3.
        for (value, low, high, p, sound) in [
            ("0.18", "0.06", "0.19", "0.001", false),
            ("0.22", "0.07", "0.62", "0.006", true),
            ("0.41", "0.17", "0.98", "0.048", true),
            ("2.96", "0.63", "16.9", "0.184", true),
            ("0.25", "0.06", "1", "0.055", true),
            ("2.04", "0.53", "9.92", "0.325", true),
            ("0.4", "0.05", "3.05", "0.382", true),
            ("3.05", "1.26", "7.36", "0.012", true),
            ("1.5", "1.6", "2.4", "0.03", false),
            ("1.5", "0.9", "2.5", "0.001", false),
        ] {
            let log = ratio(value, low, high, p);
            assert_eq!(log.misprint.is_none(), sound, "{value}: {:?}", log.misprint);
        }
    }

    #[test]
    fn a_misprinted_interval_is_replaced_by_that_of_the_p_value() {
        let log = ratio("0.18", "0.06", "0.19", "0.001");
        assert!((log.error - 0.521_14).abs() < 1e-4, "{}", log.error);
        let help = log.misprint.unwrap().help.unwrap();
        assert!(help.contains("0.06 to 0.50"), "{help}");
    }
}
