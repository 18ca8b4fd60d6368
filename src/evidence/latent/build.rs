//! From a paper's figures to the sampler's problem.

use super::super::convention::Convention;
use super::super::paper::{Group, QuantilePaper};
use super::label::{LabelModel, LabelPriors};
use super::problem::{Constraint, Problem};
use super::readings::RankSumReading;

/// Priors and bounds of the exposures; exposures in the unit of the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExposurePrior {
    /// Prior median of the median exposure, and the standard deviation of its log2.
    pub median: (f64, f64),
    /// Prior median of the standard deviation of log2 C, and the standard deviation of its natural logarithm.
    pub spread: (f64, f64),
    /// Lowest and highest possible exposure.
    pub bounds: [f64; 2],
    /// log2 units of one step of the standardised exposure, to which the slope's prior refers: two standard deviations
    /// of log2 C.
    pub scale: f64,
}

impl ExposurePrior {
    /// The default for a reference exposure: a median within a factor of 8 of it, a standard deviation of log2 C near 1.6.
    pub fn around(reference: f64) -> Self {
        ExposurePrior {
            median: (reference, 1.5),
            spread: (1.6, 0.5),
            bounds: [reference / 12_500.0, reference * 160.0],
            scale: 3.5,
        }
    }
}

/// The problem of a paper under a convention. Exposures in the unit of the paper.
pub(super) fn problem(
    paper: &QuantilePaper,
    convention: Convention,
    readings: &[Option<RankSumReading>],
    (model, priors, exposure): (LabelModel, LabelPriors, ExposurePrior),
) -> Problem {
    let levels = paper.splits.len() + 1;
    let first = &paper.splits[0];
    // With two splits the first outcome is part of the second: grades are none, the second only, both.
    let sizes = match paper.splits.get(1) {
        None => vec![first.without.n, first.with.n],
        Some(second) => vec![second.without.n, second.with.n - first.with.n, first.with.n],
    };
    let grades = (0u8..).zip(&sizes).flat_map(|(grade, &n)| std::iter::repeat_n(grade, n)).collect();
    let all = (1u8 << levels) - 1;
    let mut constraints = Vec::new();
    let mut masks = Vec::new();
    for (i, split) in paper.splits.iter().enumerate() {
        let with = match (levels, i) {
            (2, _) => 0b10,
            (_, 0) => 0b100,
            _ => 0b110,
        };
        for (group, mask, word) in [(&split.with, with, "with"), (&split.without, all & !with, "without")] {
            for constraint in group_constraints(group, convention, &format!("{word} {}", split.outcome)) {
                constraints.push(constraint);
                masks.push(mask);
            }
        }
    }
    let groups = Problem::group(&mut constraints, &masks);
    Problem {
        grades,
        levels,
        constraints,
        groups,
        rank_sums: rank_sums(&sizes, readings),
        model,
        priors,
        reference: libm::log2(paper.exposure.unit.from_coherent(paper.reference)),
        scale: exposure.scale,
        mu: [libm::log2(exposure.median.0), exposure.median.1],
        log_sigma: [crate::math::ln(exposure.spread.0), exposure.spread.1],
        bounds: exposure.bounds,
    }
}

fn group_constraints<'a>(
    group: &'a Group,
    convention: Convention,
    name: &'a str,
) -> impl Iterator<Item = Constraint> + 'a {
    group.quantiles.iter().map(move |(p, printed)| {
        let pair = convention.order_pair(group.n, *p);
        let (value, half) = (printed.value(), printed.half_width());
        // A value within rounding of zero was below the limit of quantification.
        let low = if value <= half { 0.0 } else { value - half };
        Constraint {
            group: 0,
            slots: [pair.low - 1, pair.high - 1],
            weight: pair.weight,
            window: [low, value + half],
            name: format!("quantile {p} = {printed} {name}"),
        }
    })
}

/// The allowed rank sums of the grades: every combination of the splits' values. A negative number leaves a grade free.
fn rank_sums(sizes: &[usize], readings: &[Option<RankSumReading>]) -> Vec<[i64; 3]> {
    let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let triangle = |n: i64| n * (n + 1) / 2;
    let sizes: Vec<i64> = sizes.iter().map(|&n| signed(n)).collect();
    let total = triangle(sizes.iter().sum());
    let best = sizes.len() - 1;
    let options = |i: usize, n: i64| -> Vec<Option<i64>> {
        match readings.get(i).and_then(Option::as_ref) {
            Some(reading) => reading.u.iter().map(|&u| Some(signed(u) + triangle(n))).collect(),
            None => vec![None],
        }
    };
    let mut sums = Vec::new();
    for top in options(0, sizes[best]) {
        if sizes.len() == 2 {
            if let Some(top) = top {
                sums.push([total - top, top, -1]);
            }
            continue;
        }
        for upper in options(1, sizes[1] + sizes[2]) {
            match (top, upper) {
                (Some(top), Some(upper)) => sums.push([total - upper, upper - top, top]),
                (Some(top), None) => sums.push([-1, -1, top]),
                (None, Some(upper)) => sums.push([total - upper, -1, -1]),
                (None, None) => {}
            }
        }
    }
    sums
}
