//! What printed p-values say of the rank sums behind them.

use super::super::paper::{QuantilePaper, Split};
use super::super::rank_sum::{RankSum, Reading};
use crate::diagnostic::Diagnostic;

/// What a split's p-value says of its rank sum.
#[derive(Clone, Debug, PartialEq)]
pub struct RankSumReading {
    /// The outcome that splits.
    pub outcome: String,
    /// The values of U (pairs in which the one with the outcome has the larger exposure) that give the printed p-value.
    pub u: Vec<usize>,
    /// The number of pairs.
    pub pairs: usize,
    /// How the p-value was read.
    pub readings: Vec<String>,
}

impl RankSumReading {
    /// The area under the ROC curve: U over the number of pairs, the smallest and the largest.
    pub fn auc(&self) -> [f64; 2] {
        let share = |u: Option<&usize>| u.map_or(f64::NAN, |&u| u as f64 / self.pairs as f64);
        [share(self.u.iter().min()), share(self.u.iter().max())]
    }

    /// The same with every value on the other side of the middle: a two-sided p-value does not say which group has the
    /// larger exposures.
    fn mirrored(&self) -> Self {
        RankSumReading { u: self.u.iter().rev().map(|u| self.pairs - u).collect(), ..self.clone() }
    }

    /// Both, where `other` reads the same p-value.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let mut u: Vec<usize> = self.u.iter().chain(&other.u).copied().collect();
        u.sort_unstable();
        u.dedup();
        RankSumReading { u, ..self.clone() }
    }

    /// Warnings: E0743 where several values fit, E0746 where the groups may not overlap.
    pub(super) fn warnings(&self) -> Vec<Diagnostic> {
        let mut warnings = Vec::new();
        let RankSumReading { outcome, u, pairs, .. } = self;
        if u.len() > 1 {
            let message = format!("the p-value of {outcome} fits {} rank sums (U = {u:?})", u.len());
            let help = if 2 * u[0] < *pairs && 2 * u[u.len() - 1] > *pairs {
                "all of them are used; the quantiles leave open which group has the larger exposures"
            } else {
                "all of them are used"
            };
            warnings.push(Diagnostic::warning("E0743", message).help(help));
        }
        if u.iter().any(|u| *u == 0 || u == pairs) {
            warnings.push(
                Diagnostic::warning("E0746", format!("{outcome}: the groups do not overlap"))
                    .help("the slope's upper limit comes from its prior"),
            );
        }
        warnings
    }
}

/// The rank sums behind the printed p-values, at or above the middle. Readings that explain all p-values go before those
/// that explain one. Warning: E0742 where none fits.
pub(super) fn read_rank_sums(paper: &QuantilePaper) -> (Vec<Option<RankSumReading>>, Vec<Diagnostic>) {
    let mut warnings = Vec::new();
    let laws: Vec<RankSum> =
        paper.splits.iter().map(|split| RankSum::new(split.with.n, split.without.n)).collect();
    let fits = |i: usize, reading: Reading| -> Vec<usize> {
        paper.splits[i].p.as_ref().map_or_else(Vec::new, |p| laws[i].matching(p, reading))
    };
    let printed: Vec<usize> = (0..paper.splits.len()).filter(|&i| paper.splits[i].p.is_some()).collect();
    let common: Vec<Reading> = Reading::ALL
        .into_iter()
        .filter(|&reading| printed.iter().all(|&i| !fits(i, reading).is_empty()))
        .collect();
    let found = paper
        .splits
        .iter()
        .enumerate()
        .map(|(i, split)| {
            let p = split.p.as_ref()?;
            let any: Vec<Reading> =
                Reading::ALL.into_iter().filter(|&reading| !fits(i, reading).is_empty()).collect();
            let readings = if common.is_empty() { &any } else { &common };
            if readings.is_empty() {
                warnings.push(no_rank_sum(split, p.to_string()));
                return None;
            }
            let mut u: Vec<usize> = readings.iter().flat_map(|&reading| fits(i, reading)).collect();
            u.sort_unstable();
            u.dedup();
            let readings = readings.iter().map(ToString::to_string).collect();
            let pairs = split.with.n * split.without.n;
            Some(RankSumReading { outcome: split.outcome.clone(), u, pairs, readings })
        })
        .collect();
    (found, warnings)
}

fn no_rank_sum(split: &Split, p: String) -> Diagnostic {
    Diagnostic::warning(
        "E0742",
        format!("no rank sum of {} against {} patients gives p = {p}", split.with.n, split.without.n),
    )
    .help("ties, another test or a misprint: the fit goes on without this p-value")
}

/// The readings with the larger exposures on either side of every split. That the medians lie on one side does not mean
/// that the rank sum does.
pub(super) fn directions(readings: &[Option<RankSumReading>]) -> Vec<Vec<Option<RankSumReading>>> {
    let mut found = vec![Vec::new()];
    for reading in readings {
        let mut sides = vec![reading.clone()];
        if let Some(reading) = reading {
            let mirrored = reading.mirrored();
            if mirrored.u != reading.u {
                sides.push(Some(mirrored));
            }
        }
        found = found
            .iter()
            .flat_map(|before| {
                sides.iter().map(|side| before.iter().cloned().chain([side.clone()]).collect::<Vec<_>>())
            })
            .collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(u: &[usize]) -> RankSumReading {
        RankSumReading { outcome: "o".into(), u: u.to_vec(), pairs: 12, readings: Vec::new() }
    }

    #[test]
    fn each_split_has_two_directions_unless_it_is_at_the_middle() {
        let u = |readings: &[Option<RankSumReading>]| -> Vec<Vec<Vec<usize>>> {
            let of = |side: Vec<Option<RankSumReading>>| side.into_iter().flatten().map(|r| r.u).collect();
            directions(readings).into_iter().map(of).collect()
        };
        assert_eq!(u(&[None]), [Vec::<Vec<usize>>::new()]);
        assert_eq!(u(&[Some(reading(&[6]))]), [[[6]]]);
        assert_eq!(
            u(&[Some(reading(&[8])), Some(reading(&[9, 10]))]),
            [[vec![8], vec![9, 10]], [vec![8], vec![2, 3]], [vec![4], vec![9, 10]], [vec![4], vec![2, 3]]]
        );
    }

    #[test]
    fn several_values_and_both_sides_are_told() {
        let one = reading(&[8, 9]);
        assert_eq!(one.auc(), [8.0 / 12.0, 0.75]);
        assert!(one.warnings()[0].code == "E0743" && one.joined(&one) == one);
        let both = one.joined(&one.mirrored());
        assert_eq!(both.u, [3, 4, 8, 9]);
        assert!(both.warnings()[0].help.as_ref().unwrap().contains("which group"));
        assert_eq!(reading(&[12]).warnings()[0].code, "E0746");
        assert!(reading(&[7]).warnings().is_empty());
    }
}
