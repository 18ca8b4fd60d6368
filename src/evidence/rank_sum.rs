//! From printed p-values of the rank-sum test (Wilcoxon, Mann and Whitney) to the statistics that give them.

use std::fmt;

use super::printed::Printed;
use crate::math::normal_cdf;

/// How a program computes the two-sided p-value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Twice the exact tail.
    Exact,
    /// Twice the exact tail beyond, and the probability of the value itself.
    MidP,
    /// Normal approximation.
    Normal,
    /// Normal approximation with a continuity correction.
    NormalCorrected,
}

/// How a paper shortens a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortening {
    /// To the nearest.
    Rounded,
    /// Digits cut off.
    Truncated,
}

/// A reading of a p-value: which test, and how it was shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The test.
    pub test: Test,
    /// The shortening.
    pub shortening: Shortening,
}

impl Reading {
    /// All readings, the usual ones first.
    pub const ALL: [Reading; 8] = {
        use Shortening::{Rounded, Truncated};
        use Test::{Exact, MidP, Normal, NormalCorrected};
        [
            Reading { test: Exact, shortening: Rounded },
            Reading { test: Normal, shortening: Rounded },
            Reading { test: NormalCorrected, shortening: Rounded },
            Reading { test: MidP, shortening: Rounded },
            Reading { test: Exact, shortening: Truncated },
            Reading { test: Normal, shortening: Truncated },
            Reading { test: NormalCorrected, shortening: Truncated },
            Reading { test: MidP, shortening: Truncated },
        ]
    };
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let test = match self.test {
            Test::Exact => "exact test",
            Test::MidP => "mid-p",
            Test::Normal => "normal approximation",
            Test::NormalCorrected => "normal approximation with continuity correction",
        };
        let how = if self.shortening == Shortening::Rounded { "rounded" } else { "truncated" };
        write!(f, "{test}, {how}")
    }
}

/// The exact law of U, the number of pairs in which the one of the first group is larger, without ties.
#[derive(Clone, Debug, PartialEq)]
pub struct RankSum {
    sizes: [usize; 2],
    /// P(U <= u) for u = 0, 1, ...
    cumulative: Vec<f64>,
}

impl RankSum {
    /// The law for two group sizes.
    pub fn new(first: usize, second: usize) -> Self {
        // The probabilities by the recurrence on the largest value: it is of the first group with probability
        // m/(m + n), and then adds n pairs (Mann and Whitney 1947, Ann Math Stat 18:50).
        let mut rows: Vec<Vec<f64>> = vec![vec![1.0]; second + 1];
        for m in 1..=first {
            let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
            for n in 1..=second {
                let (m_share, n_share) = (m as f64 / (m + n) as f64, n as f64 / (m + n) as f64);
                let mut law = vec![0.0; m * n + 1];
                for (u, p) in rows[n].iter().enumerate() {
                    law[u + n] += m_share * p;
                }
                for (u, p) in next[n - 1].iter().enumerate() {
                    law[u] += n_share * p;
                }
                next.push(law);
            }
            rows = next;
        }
        let mut sum = 0.0;
        let cumulative = rows[second].iter().map(|p| {
            sum += p;
            sum
        });
        RankSum { sizes: [first, second], cumulative: cumulative.collect() }
    }

    /// The two-sided p-value of a value of U.
    pub fn p_value(&self, u: usize, test: Test) -> f64 {
        let [first, second] = self.sizes;
        let largest = first * second;
        // The law is symmetric: work in the lower tail.
        let low = u.min(largest - u.min(largest));
        let tail = self.cumulative.get(low).copied().unwrap_or(1.0);
        let below = if low == 0 { 0.0 } else { self.cumulative[low - 1] };
        let (m, n) = (first as f64, second as f64);
        let away = (m * n / 2.0 - low as f64).max(0.0);
        let deviation = (m * n * (m + n + 1.0) / 12.0).sqrt();
        let p = match test {
            Test::Exact => 2.0 * tail,
            Test::MidP => tail + below,
            Test::Normal => 2.0 * normal_cdf(-away / deviation),
            Test::NormalCorrected => 2.0 * normal_cdf(-(away - 0.5).max(0.0) / deviation),
        };
        p.min(1.0)
    }

    /// The values of U at or above their middle that give a printed p-value under a reading.
    pub fn matching(&self, p: &Printed, reading: Reading) -> Vec<usize> {
        let largest = self.sizes[0] * self.sizes[1];
        // The slack is for p-values that sit on the edge of rounding.
        let (down, up) = match reading.shortening {
            _ if p.is_below() => (f64::INFINITY, -1e-12),
            Shortening::Rounded => (p.half_width() + 1e-12, p.half_width() + 1e-12),
            Shortening::Truncated => (1e-12, 2.0 * p.half_width() - 1e-12),
        };
        (largest.div_ceil(2)..=largest)
            .filter(|&u| {
                let value = self.p_value(u, reading.test);
                value >= p.value() - down && value <= p.value() + up
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_equal_an_independent_computation() {
        // scipy 1.17 stats.mannwhitneyu and an enumeration, to five digits.
        let table = [
            (7, 17, 94, [0.02826, 0.02591, 0.02844, 0.03082]),
            (7, 17, 95, [0.02355, 0.02152, 0.02416, 0.02622]),
            (7, 17, 96, [0.01949, 0.01775, 0.02044, 0.02223]),
            (14, 10, 83, [0.47159, 0.45410, 0.44654, 0.46421]),
            (14, 10, 84, [0.43662, 0.41986, 0.41236, 0.42925]),
        ];
        for (first, second, u, expected) in table {
            let law = RankSum::new(first, second);
            for (test, expected) in
                [Test::Exact, Test::MidP, Test::Normal, Test::NormalCorrected].into_iter().zip(expected)
            {
                let p = law.p_value(u, test);
                assert!(
                    (p - expected).abs() <= 0.500_1e-5,
                    "{first} {second} {u} {test:?}: {p} is not {expected}"
                );
                let mirrored = law.p_value(first * second - u, test);
                assert!((p - mirrored).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn only_the_truncated_exact_test_explains_both_printed_values() {
        let matching = |first, second, p: &str| -> Vec<(Reading, Vec<usize>)> {
            let law = RankSum::new(first, second);
            let p = Printed::read(p).unwrap();
            Reading::ALL
                .into_iter()
                .map(|reading| (reading, law.matching(&p, reading)))
                .filter(|(_, values)| !values.is_empty())
                .collect()
        };
        let exact = Reading { test: Test::Exact, shortening: Shortening::Truncated };
        assert_eq!(matching(7, 17, "0.023"), [(exact, vec![95])]);
        assert_eq!(matching(14, 10, "0.436"), [(exact, vec![84])]);
        // No rank sum of 3 against 3 has p = 0.03: the smallest p is 0.1.
        assert!(matching(3, 3, "0.03").is_empty());
    }

    #[test]
    fn the_law_is_a_law() {
        let law = RankSum::new(5, 4);
        assert!((law.cumulative.last().unwrap() - 1.0).abs() < 1e-12);
        assert!((law.cumulative[0] - 1.0 / 126.0).abs() < 1e-15);
    }
}
