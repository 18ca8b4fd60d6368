//! Metrics of one dosing interval at steady state, and what repeated dosing adds to a single dose.

use super::{Absent, AucRule, Metric, Profile, ProfileError, Terminal, area::Area, ratio};
use crate::math;

/// Metrics of a dosing interval from 0 to τ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SteadyState {
    /// Largest concentration within the interval, mg/L.
    pub cmax: f64,
    /// Its time, the first of equals, h after the dose.
    pub tmax: f64,
    /// Smallest concentration within the interval, mg/L.
    pub cmin: f64,
    /// Concentration at the end of the interval, mg/L.
    pub ctrough: Metric,
    /// Area over the interval, mg·h/L.
    pub auc_tau: Metric,
    /// AUCτ / τ, mg/L.
    pub cavg: Metric,
    /// (Cmax - Cmin) / Cavg, %.
    pub fluctuation: Metric,
    /// (Cmax - Cmin) / Cmin, as a ratio.
    pub swing: Metric,
    /// Dose / AUCτ: CL or CL/F, L/h.
    pub clearance: Metric,
}

/// Analyses a dosing interval of length `tau` (h) from a profile that counts its times from the dose that begins it.
///
/// Without a sample at time 0 the smallest concentration of the interval stands there (WinNonlin's rule for steady
/// state). Within the profile the end of the interval is interpolated by the rule; beyond it, extrapolated by the
/// terminal slope.
///
/// # Errors
/// [`ProfileError::Time`] for a `tau` that is not positive and finite, [`ProfileError::Empty`] for a profile with no
/// sample within the interval.
pub fn steady_state(
    profile: &Profile,
    tau: f64,
    dose: Option<f64>,
    rule: AucRule,
) -> Result<SteadyState, ProfileError> {
    if !(tau.is_finite() && tau > 0.0) {
        return Err(ProfileError::Time { row: 0, time: tau });
    }
    let within = profile.times().iter().take_while(|t| **t <= tau).count();
    let times = &profile.times()[..within];
    let concentrations = &profile.concentrations()[..within];
    if within == 0 {
        return Err(ProfileError::Empty);
    }
    let inside = Profile::new(times, concentrations)?;
    let peak = inside.peak();
    let ctrough = end(profile, tau, within, times[peak], rule);
    let lowest = concentrations.iter().chain(&ctrough).copied().fold(f64::INFINITY, f64::min);
    let mut area = Area::default();
    if times[0] > 0.0 {
        area += rule.piece((0.0, lowest), (times[0], concentrations[0]), times[peak]);
    }
    area += super::area::over(&inside, rule, 0, within - 1);
    let last = (times[within - 1], concentrations[within - 1]);
    let auc_tau = ctrough.map(|c| {
        if last.0 < tau {
            area += rule.piece(last, (tau, c), times[peak])
        }
        area.auc
    });
    let cmax = concentrations[peak];
    let cavg = auc_tau.map(|auc| auc / tau);
    Ok(SteadyState {
        cmax,
        tmax: times[peak],
        cmin: lowest,
        ctrough,
        auc_tau,
        cavg,
        fluctuation: cavg.and_then(|cavg| ratio(100.0 * (cmax - lowest), cavg)),
        swing: ratio(cmax - lowest, lowest),
        clearance: auc_tau.and_then(|auc| dose.ok_or(Absent::NoDose).and_then(|dose| ratio(dose, auc))),
    })
}

/// The concentration at the end of the interval, of which `within` samples lie inside.
fn end(profile: &Profile, tau: f64, within: usize, peak_time: f64, rule: AucRule) -> Metric {
    let point = |i: usize| (profile.times()[i], profile.concentrations()[i]);
    let last = point(within - 1);
    if last.0 == tau {
        return Ok(last.1);
    }
    if within < profile.times().len() {
        return Ok(rule.between(last, point(within), peak_time, tau));
    }
    let terminal = Terminal::best(profile, false).map_err(|_| Absent::NotCovered)?;
    Ok(last.1 * math::exp(-terminal.lambda_z * (tau - last.0)))
}

/// What repeated dosing adds: ratios of steady state to the interval after the first dose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accumulation {
    /// AUCτ at steady state over AUCτ after the first dose.
    pub auc: Metric,
    /// Cmax at steady state over Cmax after the first dose.
    pub cmax: Metric,
    /// Ctrough at steady state over Ctrough after the first dose.
    pub ctrough: Metric,
}

impl Accumulation {
    /// From the same interval after the first dose and at steady state.
    pub fn between(first: &SteadyState, steady: &SteadyState) -> Self {
        let of = |steady: Metric, first: Metric| ratio(steady?, first?);
        Accumulation {
            auc: of(steady.auc_tau, first.auc_tau),
            cmax: ratio(steady.cmax, first.cmax),
            ctrough: of(steady.ctrough, first.ctrough),
        }
    }

    /// The accumulation that the terminal slope predicts for an interval of `tau` (h): 1 / (1 - exp(-λz τ)).
    pub fn predicted(terminal: &Terminal, tau: f64) -> Metric {
        ratio(1.0, -math::expm1(-terminal.lambda_z * tau))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One compartment, bolus, at steady state: everything in closed form.
    #[test]
    fn one_compartment_in_closed_form() {
        let (k, tau, dose, v): (f64, f64, f64, f64) = (0.2, 12.0, 100.0, 20.0);
        let top = dose / v / (1.0 - (-k * tau).exp());
        let times: Vec<f64> = (0..=12).map(f64::from).collect();
        let c: Vec<f64> = times.iter().map(|t| top * (-k * t).exp()).collect();
        let check = |n: usize| {
            let profile = Profile::new(&times[..n], &c[..n]).unwrap();
            let s = steady_state(&profile, tau, Some(dose), AucRule::LinearUpLogDown).unwrap();
            let near = |found: Metric, expected: f64| {
                assert!((found.unwrap() / expected - 1.0).abs() < 1e-12, "{found:?} {expected}");
            };
            let trough = top * (-k * tau).exp();
            assert_eq!((s.cmax, s.tmax), (top, 0.0));
            near(s.ctrough, trough);
            near(Ok(s.cmin), trough);
            near(s.clearance, k * v);
            near(s.cavg, dose / (k * v) / tau);
            near(s.fluctuation, 100.0 * (top - trough) / (dose / (k * v) / tau));
            near(s.swing, (top - trough) / trough);
            let terminal = Terminal::best(&profile, false).unwrap();
            near(Accumulation::predicted(&terminal, tau), 1.0 / (1.0 - (-k * tau).exp()));
        };
        check(13);
        // The end beyond the samples, by the terminal slope.
        check(10);
    }

    #[test]
    fn the_end_within_the_samples_is_interpolated() {
        let profile = Profile::new(&[0.0, 4.0, 8.0, 16.0], &[2.0, 6.0, 4.0, 1.0]).unwrap();
        let by = |rule| steady_state(&profile, 12.0, None, rule).unwrap();
        assert_eq!(by(AucRule::Linear).ctrough, Ok(2.5));
        assert!((by(AucRule::LinearUpLogDown).ctrough.unwrap() - 2.0).abs() < 1e-14);
        assert_eq!(by(AucRule::Linear).auc_tau, Ok(16.0 + 20.0 + 13.0));
        assert_eq!(by(AucRule::Linear).clearance, Err(Absent::NoDose));
        assert_eq!(by(AucRule::Linear).cmin, 2.0);
    }

    #[test]
    fn a_missing_begin_is_the_lowest() {
        let profile = Profile::new(&[2.0, 6.0, 12.0], &[5.0, 3.0, 1.0]).unwrap();
        let s = steady_state(&profile, 12.0, None, AucRule::Linear).unwrap();
        assert_eq!(s.auc_tau, Ok(6.0 + 16.0 + 12.0));
    }

    #[test]
    fn what_cannot_be_computed_says_why() {
        let profile = Profile::new(&[0.0, 1.0], &[2.0, 1.0]).unwrap();
        let s = steady_state(&profile, 12.0, None, AucRule::Linear).unwrap();
        assert_eq!((s.ctrough, s.fluctuation), (Err(Absent::NotCovered), Err(Absent::NotCovered)));
        let zeros = Profile::new(&[0.0, 12.0], &[0.0, 0.0]).unwrap();
        let s = steady_state(&zeros, 12.0, Some(1.0), AucRule::Linear).unwrap();
        assert_eq!((s.swing, s.clearance), (Err(Absent::ZeroDenominator), Err(Absent::ZeroDenominator)));
        assert!(steady_state(&zeros, 0.0, None, AucRule::Linear).is_err());
        let late = Profile::new(&[13.0], &[1.0]).unwrap();
        assert_eq!(steady_state(&late, 12.0, None, AucRule::Linear), Err(ProfileError::Empty));
    }

    #[test]
    fn accumulation_is_a_ratio_of_like_to_like() {
        let interval = |c: &[f64]| {
            steady_state(&Profile::new(&[0.0, 2.0, 12.0], c).unwrap(), 12.0, None, AucRule::Linear).unwrap()
        };
        let found = Accumulation::between(&interval(&[0.0, 4.0, 1.0]), &interval(&[2.0, 6.0, 2.0]));
        assert_eq!((found.auc, found.cmax, found.ctrough), (Ok(48.0 / 29.0), Ok(1.5), Ok(2.0)));
    }
}
