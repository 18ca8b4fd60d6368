use serde::{Deserialize, Serialize};

use super::arm_likelihood::Risk;
use super::calibration::Bin;
use super::paper::{Body, Evidence};
use crate::statistics::{Count, wilson};
use crate::units::Unit;

/// An observed group or arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidencePoint {
    /// What it is, such as "remission, n = 7" or "30 mg, 133 of 1193".
    pub label: String,
    /// Exposure: a middle value.
    pub exposure: f64,
    /// Its lower quartile or limit.
    pub exposure_lower: f64,
    /// Its upper quartile or limit.
    pub exposure_upper: f64,
    /// Observed proportion with its Wilson interval, where the group has one (value, lower, upper).
    pub proportion: Option<(f64, f64, f64)>,
}

impl EvidencePoint {
    /// A quarter of patients by exposure: a bin in coherent units, shown in a unit.
    pub(super) fn quarter(label: String, bin: &Bin, unit: &Unit) -> Self {
        EvidencePoint {
            label,
            exposure: unit.from_coherent(bin.middle),
            exposure_lower: unit.from_coherent(bin.range[0]),
            exposure_upper: unit.from_coherent(bin.range[1]),
            proportion: Some((bin.share, bin.interval[0], bin.interval[1])),
        }
    }
}

impl Evidence {
    /// The unit in which the evidence speaks of exposures, if it does.
    pub fn unit(&self) -> Option<&Unit> {
        match &self.body {
            Body::Quantiles(paper) => Some(&paper.exposure.unit),
            Body::Arms(paper) => Some(&paper.exposure.unit),
            Body::Means(paper) => Some(&paper.exposure.unit),
            Body::Course(paper) => Some(&paper.exposure.unit),
            Body::Individual(paper) => Some(&paper.exposure.unit),
            Body::Ratios(_) | Body::Persistence(_) => None,
        }
    }

    /// What was printed: groups by outcome with their quartiles, or arms with their counts.
    pub(super) fn points(&self) -> Vec<EvidencePoint> {
        match &self.body {
            Body::Quantiles(paper) => paper
                .splits
                .iter()
                .filter(|split| split.outcome == self.outcome)
                .flat_map(|split| [(&split.with, ""), (&split.without, "no ")])
                .filter_map(|(group, prefix)| {
                    Some(EvidencePoint {
                        label: format!("{prefix}{}, n = {}", self.outcome, group.n),
                        exposure: group.quantile(0.5)?,
                        exposure_lower: group.quantile(0.25)?,
                        exposure_upper: group.quantile(0.75)?,
                        proportion: None,
                    })
                })
                .collect(),
            Body::Arms(paper) => paper
                .arms
                .iter()
                .filter_map(|arm| {
                    // Arms followed for other times than a year do not lie on a curve of a year's risk.
                    let proportion = (paper.risk == Risk::Odds).then(|| {
                        let count = Count::new(arm.events, arm.patients);
                        let [low, high] = wilson(count, 0.95);
                        (count.share(), low, high)
                    });
                    let (median, cv) = arm.exposure.law?;
                    let deviation = crate::math::log1p(cv * cv).sqrt();
                    let spread = crate::math::exp(QUARTILE * deviation);
                    let median = paper.exposure.unit.from_coherent(median);
                    Some(EvidencePoint {
                        label: format!("{} {}, {:.0} of {}", arm.trial, arm.name, arm.events, arm.patients),
                        exposure: median,
                        exposure_lower: median / spread,
                        exposure_upper: median * spread,
                        proportion,
                    })
                })
                .collect(),
            Body::Means(_)
            | Body::Course(_)
            | Body::Individual(_)
            | Body::Ratios(_)
            | Body::Persistence(_) => Vec::new(),
        }
    }
}

/// The upper quartile of the standard normal law.
const QUARTILE: f64 = 0.674_489_750_196_081_7;
