use super::{Contrast, Observed};

/// A patient of a log-rank test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Risk {
    /// How long the patient was seen, and how it ended.
    pub observed: Observed,
    /// Whether in the arm that is compared (else in the reference).
    pub arm: bool,
    /// The stratum.
    pub stratum: u32,
}

/// The log-rank test, over strata where there are several (Mantel 1966, Cancer Chemother Rep 50:163; hypergeometric
/// variance). The estimate is the log hazard ratio by the method of Peto, (O - E) / V (Yusuf 1985, Prog Cardiovasc Dis
/// 27:335), with standard error 1 / sqrt(V), on which interval and p-value rest; against a null value of 0 the p-value is
/// that of the log-rank test. Nothing is a number, and p is 1, where no event can tell the arms apart.
pub fn log_rank(patients: &[Risk], null: f64, confidence: f64) -> Contrast {
    let mut sorted = patients.to_vec();
    sorted.sort_by(|a, b| a.stratum.cmp(&b.stratum).then(a.observed.time.total_cmp(&b.observed.time)));
    let (mut excess, mut variance) = (0.0, 0.0);
    for stratum in sorted.chunk_by(|a, b| a.stratum == b.stratum) {
        let mut at_risk = [false, true].map(|arm| count(stratum, |r| r.arm == arm));
        for moment in stratum.chunk_by(|a, b| a.observed.time == b.observed.time) {
            let events = count(moment, |r| r.observed.event);
            let own = count(moment, |r| r.observed.event && r.arm);
            let n = at_risk[0] + at_risk[1];
            if events > 0.0 {
                excess += own - events * at_risk[1] / n;
            }
            if n > 1.0 {
                variance += events * (at_risk[0] / n) * (at_risk[1] / n) * (n - events) / (n - 1.0);
            }
            for (arm, left) in [false, true].into_iter().zip(&mut at_risk) {
                *left -= count(moment, |r| r.arm == arm);
            }
        }
    }
    if variance <= 0.0 {
        return Contrast { estimate: f64::NAN, interval: [f64::NAN; 2], p: 1.0 };
    }
    Contrast::normal(excess / variance, 1.0 / variance.sqrt(), null, confidence)
}

fn count(patients: &[Risk], which: impl Fn(&Risk) -> bool) -> f64 {
    // Counts of patients are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let count = patients.iter().filter(|r| which(r)).count() as f64;
    count
}
