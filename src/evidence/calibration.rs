//! How well probabilities tell and fit outcomes.

use crate::math::chi_square_tail;
use crate::statistics::{Count, wilson};

/// The area under the ROC curve: the share of pairs (one with, one without the outcome) in which the one with it has the
/// higher probability; ties count half. NaN without pairs.
pub fn auc(probabilities: &[f64], outcome: &[f64]) -> f64 {
    let mut rows: Vec<(f64, f64)> = probabilities.iter().copied().zip(outcome.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wins, mut below) = (0.0, 0.0);
    let mut from = 0;
    while from < rows.len() {
        let to = rows[from..].iter().position(|row| row.0 != rows[from].0).map_or(rows.len(), |k| from + k);
        let with: f64 = rows[from..to].iter().map(|row| row.1).sum();
        let without = (to - from) as f64 - with;
        wins += with * (below + 0.5 * without);
        below += without;
        from = to;
    }
    let with: f64 = rows.iter().map(|row| row.1).sum();
    wins / (with * (rows.len() as f64 - with))
}

/// The Hosmer-Lemeshow statistic over `groups` groups of equal size by rising probability, and its p-value on groups - 2
/// degrees of freedom (Hosmer and Lemeshow 1980, Commun Stat A9:1043). Ties are not parted between groups.
pub fn hosmer_lemeshow(probabilities: &[f64], outcome: &[f64], groups: usize) -> (f64, f64) {
    let mut rows: Vec<(f64, f64)> = probabilities.iter().copied().zip(outcome.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = rows.len();
    let (mut statistic, mut used, mut from) = (0.0, 0u32, 0);
    for group in 1..=groups {
        let mut to = group * n / groups.max(1);
        while to > from && to < n && rows[to].0 == rows[to - 1].0 {
            to += 1;
        }
        if to <= from {
            continue;
        }
        let size = (to - from) as f64;
        let expected: f64 = rows[from..to].iter().map(|row| row.0).sum();
        let observed: f64 = rows[from..to].iter().map(|row| row.1).sum();
        let variance = expected * (1.0 - expected / size);
        if variance > 0.0 {
            statistic += (observed - expected) * (observed - expected) / variance;
            used += 1;
        }
        from = to;
    }
    (statistic, if used > 2 { chi_square_tail(statistic, used - 2) } else { f64::NAN })
}

/// Observed share in a bin of exposures, with the interval of Wilson 1927 (J Am Stat Assoc 22:209).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Lowest and highest exposure of the bin.
    pub range: [f64; 2],
    /// Its median exposure.
    pub middle: f64,
    /// Patients and events.
    pub counts: (usize, usize),
    /// The share of events and its 95 % interval.
    pub share: f64,
    /// Wilson's interval.
    pub interval: [f64; 2],
}

/// Observed shares in bins of equal numbers of patients by rising exposure.
pub fn bins(exposures: &[f64], outcome: &[f64], count: usize) -> Vec<Bin> {
    let mut rows: Vec<(f64, f64)> = exposures.iter().copied().zip(outcome.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = rows.len();
    (0..count)
        .map(|k| &rows[k * n / count..(k + 1) * n / count])
        .filter(|rows| !rows.is_empty())
        .map(|rows| {
            let events = rows.iter().filter(|row| row.1 > 0.5).count();
            let (y, size) = (events as f64, rows.len() as f64);
            let half = rows.len() / 2;
            let middle =
                if rows.len() % 2 == 1 { rows[half].0 } else { 0.5 * (rows[half - 1].0 + rows[half].0) };
            Bin {
                range: [rows[0].0, rows[rows.len() - 1].0],
                middle,
                counts: (rows.len(), events),
                share: y / size,
                interval: wilson(Count::new(y, size), 0.95),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_count_pairs() {
        assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]), 0.75);
        assert_eq!(auc(&[0.5, 0.5], &[0.0, 1.0]), 0.5);
        assert!(auc(&[0.5], &[1.0]).is_nan());
    }

    #[test]
    fn a_perfect_fit_has_a_small_statistic_and_a_bad_one_a_large() {
        let p: Vec<f64> = (0..200).map(|i| (f64::from(i) + 0.5) / 200.0).collect();
        // Outcomes that follow p: every group of 20 has the expected number, to within one.
        let mut carried = 0.0;
        let y: Vec<f64> = p
            .iter()
            .map(|p| {
                carried += p;
                if carried >= 1.0 {
                    carried -= 1.0;
                    1.0
                } else {
                    0.0
                }
            })
            .collect();
        assert!(hosmer_lemeshow(&p, &y, 10).1 > 0.99);
        let turned: Vec<f64> = y.iter().map(|y| 1.0 - y).collect();
        assert!(hosmer_lemeshow(&p, &turned, 10).1 < 1e-6);
    }

    #[test]
    fn bins_have_equal_numbers() {
        let c: Vec<f64> = (0..10).map(f64::from).collect();
        let y = [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
        let bins = bins(&c, &y, 4);
        assert_eq!(bins.iter().map(|bin| bin.counts.0).sum::<usize>(), 10);
        assert_eq!(bins[3].counts, (3, 2));
        assert_eq!(bins[0].range, [0.0, 1.0]);
    }
}
