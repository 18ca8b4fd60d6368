//! Newcombe's hybrid score interval for the difference of two shares, in one stratum and in several.

use super::proportion::wilson_at;
use super::{Contrast, Count};

/// The difference `arm - reference` with Newcombe's interval (Newcombe 1998, Stat Med 17:873, method 10); the p-value is
/// that at which the interval just reaches `null`.
pub fn newcombe(arm: Count, reference: Count, null: f64, confidence: f64) -> Contrast {
    let difference = arm.share() - reference.share();
    let interval = |z: f64| {
        let (a, r) = (wilson_at(arm, z), wilson_at(reference, z));
        let reach = |x: f64, y: f64| (x * x + y * y).sqrt();
        [
            difference - reach(arm.share() - a[0], r[1] - reference.share()),
            difference + reach(a[1] - arm.share(), reference.share() - r[0]),
        ]
    };
    Contrast::inverted(difference, interval, null, confidence)
}

/// The difference over strata of (arm, reference), weighted as Cochran, Mantel and Haenszel do, with the stratified
/// Newcombe interval (Yan and Su 2010, Stat Biopharm Res 2:482). Strata without patients in one of the arms do not
/// count; with none left, nothing is a number.
pub fn stratified_newcombe(strata: &[(Count, Count)], null: f64, confidence: f64) -> Contrast {
    let strata: Vec<(Count, Count)> =
        strata.iter().copied().filter(|(a, r)| a.patients > 0.0 && r.patients > 0.0).collect();
    let raw: Vec<f64> =
        strata.iter().map(|(a, r)| a.patients * r.patients / (a.patients + r.patients)).collect();
    let sum: f64 = raw.iter().sum();
    let weights: Vec<f64> = raw.iter().map(|w| w / sum).collect();
    let arms: Vec<Count> = strata.iter().map(|s| s.0).collect();
    let references: Vec<Count> = strata.iter().map(|s| s.1).collect();
    let difference = strata.iter().zip(&weights).map(|((a, r), w)| w * (a.share() - r.share())).sum::<f64>();
    let spread =
        |counts: &[Count]| -> f64 { counts.iter().zip(&weights).map(|(c, w)| w * w / c.patients).sum() };
    let (spread_arm, spread_reference) = (spread(&arms), spread(&references));
    let interval = |z: f64| {
        let (a, r) = (stratified_wilson(&arms, &weights, z), stratified_wilson(&references, &weights, z));
        let half =
            |a: f64, r: f64| z * (spread_arm * a * (1.0 - a) + spread_reference * r * (1.0 - r)).sqrt();
        [difference - half(a[0], r[1]), difference + half(a[1], r[0])]
    };
    Contrast::inverted(difference, interval, null, confidence)
}

/// Ends of the weighted Wilson intervals of the strata, each at a deviate so much smaller that their sum reaches `z`.
fn stratified_wilson(counts: &[Count], weights: &[f64], z: f64) -> [f64; 2] {
    let terms: Vec<f64> = counts.iter().zip(weights).map(|(c, w)| w * w * c.variance()).collect();
    let roots: f64 = terms.iter().map(|t| t.sqrt()).sum();
    let shrink = if roots > 0.0 { terms.iter().sum::<f64>().sqrt() / roots } else { 1.0 };
    let mut ends = [0.0; 2];
    for (count, weight) in counts.iter().zip(weights) {
        for (end, own) in ends.iter_mut().zip(wilson_at(*count, z * shrink)) {
            *end += weight * own;
        }
    }
    ends
}
