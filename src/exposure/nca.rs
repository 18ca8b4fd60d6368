//! Non-compartmental analysis of a single dose, with the conventions of Phoenix WinNonlin (models 200 to 202).

use super::area::{self, Area};
use super::{Absent, AucRule, Metric, Profile, Terminal, ratio};
use crate::math;

/// How the dose was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Route {
    /// Absorbed; without a sample at time 0 the concentration there is 0.
    Extravascular,
    /// Injected at once; without a sample at time 0 the concentration there is extrapolated back.
    Bolus,
    /// Infused; without a sample at time 0 the concentration there is 0.
    Infusion {
        /// Duration, h.
        duration: f64,
    },
}

/// What an analysis needs to know beside the profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Analysis {
    /// Route.
    pub route: Route,
    /// Dose, mg; none where it is not known.
    pub dose: Option<f64>,
    /// Rule for areas.
    pub rule: AucRule,
}

/// The results of an analysis. Metrics that cannot be computed say why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nca {
    /// Largest concentration, mg/L.
    pub cmax: f64,
    /// Time of the largest concentration, the first of equals, h.
    pub tmax: f64,
    /// Largest concentration per dose, 1/L.
    pub cmax_per_dose: Metric,
    /// Time of the last positive concentration, h.
    pub tlast: Metric,
    /// Last positive concentration, mg/L.
    pub clast: Metric,
    /// Time of the sample before the first positive one, 0 where the first is positive, h. Extravascular only.
    pub tlag: Metric,
    /// Concentration at time 0 of a bolus: observed or extrapolated back, mg/L. Bolus only.
    pub c0: Metric,
    /// Area from 0 to the last positive concentration, mg·h/L.
    pub auc_last: f64,
    /// Area from 0 to the last sample, mg·h/L.
    pub auc_all: f64,
    /// First moment from 0 to the last positive concentration, mg·h²/L.
    pub aumc_last: f64,
    /// Mean residence time of what was seen, h.
    pub mrt_last: Metric,
    /// The terminal regression.
    pub terminal: Result<Terminal, Absent>,
    /// With the area extrapolated from the observed last concentration.
    pub observed: Result<Extrapolated, Absent>,
    /// With the area extrapolated from the concentration that the terminal line has at the last time.
    pub predicted: Result<Extrapolated, Absent>,
}

/// Metrics that need the area to infinity. Clearance and volumes are divided by the unknown fraction absorbed where
/// the route is extravascular.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extrapolated {
    /// Area from 0 to infinity, mg·h/L.
    pub auc_inf: f64,
    /// Area from 0 to infinity per dose, h/L.
    pub auc_inf_per_dose: Metric,
    /// Part of the area beyond the last positive concentration, %.
    pub auc_extrapolated: f64,
    /// Part of the area before the first sample, %. Bolus only.
    pub auc_back_extrapolated: Metric,
    /// First moment from 0 to infinity, mg·h²/L.
    pub aumc_inf: f64,
    /// Part of the first moment beyond the last positive concentration, %.
    pub aumc_extrapolated: f64,
    /// Mean residence time, h; for absorbed doses the mean absorption time is in it.
    pub mrt: f64,
    /// CL or CL/F, L/h.
    pub clearance: Metric,
    /// Vz or Vz/F, L.
    pub volume_z: Metric,
    /// Vss, L. Bolus and infusion only.
    pub volume_ss: Metric,
}

/// Analyses the profile after a single dose at time 0.
///
/// The terminal regression is the best fit (see [`Terminal`]); the peak takes part in it after a bolus only. Half the
/// duration of an infusion is taken off mean residence times.
pub fn analyse(profile: &Profile, analysis: &Analysis) -> Nca {
    let Analysis { route, dose, rule } = *analysis;
    let (times, concentrations) = (profile.times(), profile.concentrations());
    let peak = profile.peak();
    let last = profile.last();
    let begin = begin(profile, route);
    // The piece before the first sample.
    let first = (times[0], concentrations[0]);
    let head = if times[0] > 0.0 {
        rule.piece((0.0, begin), first, peak_time(profile, route))
    } else {
        Area::default()
    };
    let mut seen = Area::default();
    if let Some(last) = last {
        seen = head;
        seen += area::over(profile, rule, 0, last);
    }
    let mut all = head;
    all += area::over(profile, rule, 0, times.len() - 1);
    let terminal = Terminal::best(profile, route == Route::Bolus);
    let tail = |clast: fn(&Terminal, f64, f64) -> f64| {
        let terminal = terminal?;
        let last = last.ok_or(Absent::NothingMeasured)?;
        let clast = clast(&terminal, times[last], concentrations[last]);
        Ok(extrapolate(analysis, seen, head, times[last], clast, terminal.lambda_z))
    };
    Nca {
        cmax: concentrations[peak],
        tmax: times[peak],
        cmax_per_dose: per_dose(concentrations[peak], dose),
        tlast: last.map(|i| times[i]).ok_or(Absent::NothingMeasured),
        clast: last.map(|i| concentrations[i]).ok_or(Absent::NothingMeasured),
        tlag: lag(profile, route),
        c0: if route == Route::Bolus { Ok(begin) } else { Err(Absent::OtherRoute) },
        auc_last: seen.auc,
        auc_all: all.auc,
        aumc_last: seen.aumc,
        mrt_last: ratio(seen.aumc, seen.auc).map(|mrt| mrt - waiting(route)),
        terminal,
        observed: tail(|_, _, observed| observed),
        predicted: tail(|line, time, _| line.at(time)),
    }
}

/// Everything that follows from the last concentration and the terminal slope.
fn extrapolate(
    analysis: &Analysis,
    seen: Area,
    head: Area,
    tlast: f64,
    clast: f64,
    lambda_z: f64,
) -> Extrapolated {
    let Analysis { route, dose, .. } = *analysis;
    let tail = Area { auc: clast / lambda_z, aumc: tlast * clast / lambda_z + clast / (lambda_z * lambda_z) };
    let (auc, aumc) = (seen.auc + tail.auc, seen.aumc + tail.aumc);
    let mrt = aumc / auc - waiting(route);
    let clearance = dose.ok_or(Absent::NoDose).and_then(|dose| ratio(dose, auc));
    Extrapolated {
        auc_inf: auc,
        auc_inf_per_dose: per_dose(auc, dose),
        auc_extrapolated: 100.0 * tail.auc / auc,
        auc_back_extrapolated: only(route == Route::Bolus, 100.0 * head.auc / auc),
        aumc_inf: aumc,
        aumc_extrapolated: 100.0 * tail.aumc / aumc,
        mrt,
        clearance,
        volume_z: clearance.map(|cl| cl / lambda_z),
        volume_ss: clearance.and_then(|cl| only(route != Route::Extravascular, mrt * cl)),
    }
}

fn only(of_this_route: bool, value: f64) -> Metric {
    if of_this_route { Ok(value) } else { Err(Absent::OtherRoute) }
}

fn per_dose(value: f64, dose: Option<f64>) -> Metric {
    dose.ok_or(Absent::NoDose).and_then(|dose| ratio(value, dose))
}

/// The mean time, h, that the dose waits outside: half of an infusion.
fn waiting(route: Route) -> f64 {
    if let Route::Infusion { duration } = route { 0.5 * duration } else { 0.0 }
}

/// Where the exponential part of [`AucRule::LinearThenLog`] begins before the first sample.
fn peak_time(profile: &Profile, route: Route) -> f64 {
    if route == Route::Bolus { 0.0 } else { profile.times()[profile.peak()] }
}

/// The concentration at time 0: observed, extrapolated back log-linearly through the first two samples of a bolus (the
/// first positive sample where these do not decline), else 0.
fn begin(profile: &Profile, route: Route) -> f64 {
    let (times, c) = (profile.times(), profile.concentrations());
    if times[0] == 0.0 {
        return c[0];
    }
    if route != Route::Bolus {
        return 0.0;
    }
    match (times, c) {
        ([t1, t2, ..], [c1, c2, ..]) if c1 > c2 && *c2 > 0.0 => {
            math::exp(math::ln(*c1) + t1 / (t2 - t1) * math::ln(c1 / c2))
        }
        _ => c.iter().copied().find(|c| *c > 0.0).unwrap_or(0.0),
    }
}

fn lag(profile: &Profile, route: Route) -> Metric {
    if route != Route::Extravascular {
        return Err(Absent::OtherRoute);
    }
    match profile.concentrations().iter().position(|c| *c > 0.0) {
        None => Err(Absent::NothingMeasured),
        Some(0) => Ok(0.0),
        Some(i) => Ok(profile.times()[i - 1]),
    }
}
