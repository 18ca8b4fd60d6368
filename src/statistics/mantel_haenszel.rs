//! The test of Cochran, Mantel and Haenszel, and the common difference of shares over strata.

use super::{Contrast, Count};
use crate::math::chi_square_tail;

/// The chi-square statistic of Cochran, Mantel and Haenszel on one degree of freedom, without a correction for
/// continuity, and its p-value (Mantel and Haenszel 1959, J Natl Cancer Inst 22:719). A p-value of 1 where the strata say
/// nothing: no patients in one arm, or the same outcome in all.
pub fn cochran_mantel_haenszel(strata: &[(Count, Count)]) -> (f64, f64) {
    let (mut excess, mut variance) = (0.0, 0.0);
    for (arm, reference) in strata {
        let n = arm.patients + reference.patients;
        let events = arm.events + reference.events;
        if n > 1.0 {
            excess += arm.events - arm.patients * events / n;
            variance += arm.patients * reference.patients * events * (n - events) / (n * n * (n - 1.0));
        }
    }
    if variance <= 0.0 {
        return (0.0, 1.0);
    }
    let statistic = excess * excess / variance;
    (statistic, chi_square_tail(statistic, 1))
}

/// The common difference of shares `arm - reference` over strata, weighted as Mantel and Haenszel do, with the variance
/// of Sato 1989 (Biometrics 45:1323), which holds for few large strata and for many small ones. Against a null value of 0
/// the p-value is that of [`cochran_mantel_haenszel`]; against another (a margin) it is that of the normal law.
pub fn risk_difference(strata: &[(Count, Count)], null: f64, confidence: f64) -> Contrast {
    let (mut weights, mut sum, mut p_terms, mut q_terms) = (0.0, 0.0, 0.0, 0.0);
    for (arm, reference) in strata {
        let (n1, n0) = (arm.patients, reference.patients);
        let n = n1 + n0;
        if n1 == 0.0 || n0 == 0.0 {
            continue;
        }
        weights += n1 * n0 / n;
        sum += (arm.events * n0 - reference.events * n1) / n;
        let (y1, y0) = (n1 - arm.events, n0 - reference.events);
        p_terms += (n1 * n1 * reference.events - n0 * n0 * arm.events + n1 * n0 * (n0 - n1) / 2.0) / (n * n);
        q_terms += (arm.events * y0 + reference.events * y1) / (2.0 * n);
    }
    let estimate = sum / weights;
    let error = ((estimate * p_terms + q_terms).max(0.0) / (weights * weights)).sqrt();
    let contrast = Contrast::normal(estimate, error, null, confidence);
    if null == 0.0 { Contrast { p: cochran_mantel_haenszel(strata).1, ..contrast } } else { contrast }
}
