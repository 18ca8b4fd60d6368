use super::Contrast;
use crate::math::{incomplete_beta, root};

/// The probability that Student's t with `freedom` degrees of freedom lies beyond `t` to either side.
pub fn student_tails(t: f64, freedom: f64) -> f64 {
    incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t))
}

/// Student's deviate that a two-sided interval of a confidence reaches; not a number without degrees of freedom.
pub fn student_quantile(confidence: f64, freedom: f64) -> f64 {
    // In u = t / sqrt(freedom + t^2), from 0 to 1, the tail falls without a kink.
    let tails = |u: f64| incomplete_beta(0.5 * freedom, 0.5, 1.0 - u * u) - (1.0 - confidence);
    root(tails, 0.0, 1.0, 1e-15).map_or(f64::NAN, |u| u * (freedom / (1.0 - u * u)).sqrt())
}

/// Of an estimate with Student's law.
pub(super) fn student(estimate: f64, error: f64, freedom: f64, null: f64, confidence: f64) -> Contrast {
    let half = student_quantile(confidence, freedom) * error;
    let p = if estimate == null { 1.0 } else { student_tails((estimate - null) / error, freedom) };
    Contrast { estimate, interval: [estimate - half, estimate + half], p }
}

/// Number, mean and sum of squared deviations.
fn moments(values: &[f64]) -> (f64, f64, f64) {
    // Counts of patients are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (n, mean, values.iter().map(|v| (v - mean) * (v - mean)).sum())
}

/// The difference of two means with a common variance (Student 1908).
pub fn t_test(arm: &[f64], reference: &[f64], null: f64, confidence: f64) -> Contrast {
    let ((n1, m1, s1), (n0, m0, s0)) = (moments(arm), moments(reference));
    let freedom = n1 + n0 - 2.0;
    let error = ((s1 + s0) / freedom * (1.0 / n1 + 1.0 / n0)).sqrt();
    student(m1 - m0, error, freedom, null, confidence)
}

/// The difference of two means whose variances may differ (Welch 1947, Biometrika 34:28).
pub fn welch(arm: &[f64], reference: &[f64], null: f64, confidence: f64) -> Contrast {
    let ((n1, m1, s1), (n0, m0, s0)) = (moments(arm), moments(reference));
    let (v1, v0) = (s1 / (n1 - 1.0) / n1, s0 / (n0 - 1.0) / n0);
    let freedom = (v1 + v0) * (v1 + v0) / (v1 * v1 / (n1 - 1.0) + v0 * v0 / (n0 - 1.0));
    student(m1 - m0, (v1 + v0).sqrt(), freedom, null, confidence)
}
