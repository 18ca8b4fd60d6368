use super::contrast::two_sided;
use super::{Contrast, Count, normal_deviate};
use crate::math::root;

/// The difference of shares `arm - reference` by the score test: z with the variance at the maximum of the likelihood under
/// the null difference (Farrington and Manning 1990, Stat Med 9:1447), the interval by inversion of the test (as Mee
/// 1984, without the factor n/(n-1) of Miettinen and Nurminen 1985).
pub fn score_difference(arm: Count, reference: Count, null: f64, confidence: f64) -> Contrast {
    let estimate = arm.share() - reference.share();
    let reach = normal_deviate(confidence);
    let end = |side: f64| {
        let far = side * (1.0 - 1e-12);
        root(|d| deviate(arm, reference, d) + side * reach, estimate, far, 1e-12).unwrap_or(side)
    };
    let p = if estimate == null { 1.0 } else { two_sided(deviate(arm, reference, null)) };
    Contrast { estimate, interval: [end(-1.0), end(1.0)], p }
}

/// The score statistic against a difference.
fn deviate(arm: Count, reference: Count, difference: f64) -> f64 {
    let estimate = arm.share() - reference.share();
    if estimate == difference {
        return 0.0;
    }
    let p = restricted(arm, reference, difference);
    let q = (p + difference).clamp(0.0, 1.0);
    let variance = q * (1.0 - q) / arm.patients + p * (1.0 - p) / reference.patients;
    (estimate - difference) / variance.sqrt().max(f64::MIN_POSITIVE)
}

/// The share of the reference that makes the outcome likeliest where the arm's is higher by `difference`: the root of the
/// derivative of the log likelihood, which falls all along.
fn restricted(arm: Count, reference: Count, difference: f64) -> f64 {
    let (low, high) = ((-difference).max(0.0), (1.0 - difference).min(1.0));
    let slope = |p: f64| {
        let part = |count: Count, p: f64| {
            // 0 * infinity at an end where there are none.
            let events = if count.events > 0.0 { count.events / p } else { 0.0 };
            let others = count.patients - count.events;
            events - if others > 0.0 { others / (1.0 - p) } else { 0.0 }
        };
        part(arm, p + difference) + part(reference, p)
    };
    let inset = (high - low) * 1e-13;
    match root(slope, low + inset, high - inset, 1e-14) {
        Some(p) => p,
        // The likelihood rises or falls all the way.
        None if slope(0.5 * (low + high)) > 0.0 => high,
        None => low,
    }
}
