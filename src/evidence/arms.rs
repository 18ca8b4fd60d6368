use crate::diagnostic::{Diagnostic, Problems};
use crate::math::{normal_cdf, normal_quadrature, normal_quantile};
use crate::response::Shape;

/// The law of the exposure within an arm (mg/L, or the coherent unit of the metric).
#[derive(Clone, Debug, PartialEq)]
pub enum ExposureLaw {
    /// Placebo.
    Zero,
    /// Log-normal with its median and coefficient of variation (a fraction).
    LogNormal {
        /// The median exposure.
        median: f64,
        /// Standard deviation over mean.
        cv: f64,
    },
    /// Exposures of simulated subjects of the arm.
    Simulated(Vec<f64>),
}

/// Nodes of a log-normal law: with 64 the averaged risk is exact to about 1e-9 for usual slopes.
const NODES: usize = 64;
/// Simulated exposures are averaged in this many groups of neighbours.
const GROUPS: usize = 80;

impl ExposureLaw {
    /// Exposures and weights (adding up to 1) that stand for the law.
    pub fn nodes(&self) -> (Vec<f64>, Vec<f64>) {
        match self {
            ExposureLaw::Zero => (vec![0.0], vec![1.0]),
            ExposureLaw::LogNormal { median, cv } => {
                let spread = crate::math::log1p(cv * cv).sqrt();
                let (z, w) = normal_quadrature(NODES);
                (z.iter().map(|z| median * crate::math::exp(spread * z)).collect(), w)
            }
            ExposureLaw::Simulated(exposures) => {
                let mut sorted = exposures.clone();
                sorted.sort_by(f64::total_cmp);
                let total = sorted.len();
                // Equal steps of the normal quantile: the tails, where risk bends, are cut finer.
                let mut edges: Vec<usize> = (1..GROUPS)
                    .map(|k| {
                        let z = 4.0 * (2.0 * k as f64 / GROUPS as f64 - 1.0);
                        // A share of a count is a count.
                        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                        let edge = (total as f64 * normal_cdf(z)) as usize;
                        edge
                    })
                    .collect();
                edges.insert(0, 0);
                edges.push(total);
                edges.dedup();
                edges
                    .windows(2)
                    .map(|pair| {
                        let group = &sorted[pair[0]..pair[1]];
                        let size = group.len() as f64;
                        (group.iter().sum::<f64>() / size, size / total as f64)
                    })
                    .unzip()
            }
        }
    }

    /// The 2.5th and 97.5th percentiles of the law.
    pub fn range(&self) -> [f64; 2] {
        match self {
            ExposureLaw::Zero => [0.0, 0.0],
            ExposureLaw::LogNormal { median, cv } => {
                let spread = crate::math::log1p(cv * cv).sqrt();
                [0.025, 0.975].map(|p| median * crate::math::exp(spread * normal_quantile(p)))
            }
            ExposureLaw::Simulated(exposures) => {
                let mut sorted = exposures.clone();
                sorted.sort_by(f64::total_cmp);
                let last = sorted.len().saturating_sub(1);
                [last * 25 / 1000, last - last * 25 / 1000]
                    .map(|i| sorted.get(i).copied().unwrap_or(f64::NAN))
            }
        }
    }

    fn fault(&self) -> Option<&'static str> {
        match self {
            ExposureLaw::Zero => None,
            ExposureLaw::LogNormal { median, cv } => {
                let good = *median > 0.0 && median.is_finite() && *cv > 0.0 && cv.is_finite();
                (!good).then_some("median and CV of a log-normal exposure must be positive")
            }
            ExposureLaw::Simulated(exposures) => {
                let good = !exposures.is_empty() && exposures.iter().all(|c| *c >= 0.0 && c.is_finite());
                (!good).then_some("simulated exposures must be there and must not be negative")
            }
        }
    }
}

/// One arm of a trial: patients, events, and the law of their exposure.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The name of the arm, unique within its trial.
    pub name: String,
    /// The trial; arms of one trial share their intercept.
    pub trial: String,
    /// Patients with the event. A rate times the number of patients, not a whole number, is accepted.
    pub events: f64,
    /// Patients.
    pub patients: f64,
    /// Mean time at risk (h); needed where risk is a rate.
    pub follow_up: Option<f64>,
    /// The law of the exposure.
    pub exposure: ExposureLaw,
}

/// Arms that were checked: counts that can be, laws that can be, two exposures at least.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmCounts {
    arms: Vec<Arm>,
    trials: Vec<String>,
    /// Exposures and weights of each arm.
    nodes: Vec<(Vec<f64>, Vec<f64>)>,
}

impl ArmCounts {
    /// Checks arms.
    ///
    /// # Errors
    /// E0721 for counts that cannot be, E0722 for fewer than two levels of exposure within every trial, E0723 for
    /// exposure laws that cannot be, E0724 for times at risk that are not positive.
    pub fn new(arms: Vec<Arm>) -> Result<Self, Problems> {
        for arm in &arms {
            let Arm { name, trial, events, patients, .. } = arm;
            if !(*patients > 0.0 && *events >= 0.0 && events <= patients && patients.is_finite()) {
                return Err(Diagnostic::error(
                    "E0721",
                    format!("{trial}, {name}: {events} events in {patients} patients cannot be"),
                )
                .help("events are counted in patients: no more events than patients")
                .into());
            }
            if let Some(fault) = arm.exposure.fault() {
                return Err(Diagnostic::error("E0723", format!("{trial}, {name}: {fault}")).into());
            }
            if arm.follow_up.is_some_and(|t| !(t > 0.0 && t.is_finite())) {
                return Err(Diagnostic::error(
                    "E0724",
                    format!("{trial}, {name}: the time at risk must be positive"),
                )
                .into());
            }
        }
        let mut trials: Vec<String> = Vec::new();
        for arm in &arms {
            if !trials.contains(&arm.trial) {
                trials.push(arm.trial.clone());
            }
        }
        let contrast = trials.iter().any(|trial| {
            let mut laws = arms.iter().filter(|arm| arm.trial == *trial).map(|arm| &arm.exposure);
            laws.next().is_some_and(|first| laws.any(|law| law != first))
        });
        if !contrast {
            return Err(Diagnostic::error("E0722", "no trial has arms with different exposures")
                .help("the effect of exposure shows only between arms of one trial that differ in it")
                .into());
        }
        let nodes = arms.iter().map(|arm| arm.exposure.nodes()).collect();
        Ok(ArmCounts { arms, trials, nodes })
    }

    /// The arms.
    pub fn arms(&self) -> &[Arm] {
        &self.arms
    }

    /// Exposures and weights that stand for each arm's law, in the order of the arms.
    pub fn nodes(&self) -> &[(Vec<f64>, Vec<f64>)] {
        &self.nodes
    }

    /// The trials, in the order of their first arms.
    pub fn trials(&self) -> &[String] {
        &self.trials
    }

    /// From the lowest 2.5th to the highest 97.5th percentile of the arms' exposures.
    pub fn range(&self) -> [f64; 2] {
        self.arms
            .iter()
            .map(|arm| arm.exposure.range())
            .fold([f64::INFINITY, 0.0], |[low, high], [l, h]| [low.min(l), high.max(h)])
    }

    /// The standard deviation of g(C) over arms (equal weights) and their nodes: the scale of a prior on the slope.
    pub fn spread(&self, shape: Shape) -> f64 {
        let (mut sum, mut squares) = (0.0, 0.0);
        for (c, w) in &self.nodes {
            for (c, w) in c.iter().zip(w) {
                let g = shape.apply(*c);
                sum += w * g;
                squares += w * g * g;
            }
        }
        let count = self.arms.len() as f64;
        (squares / count - (sum / count) * (sum / count)).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(exposure: ExposureLaw, events: f64) -> Result<ArmCounts, Problems> {
        let arm = |exposure, events| Arm {
            name: "a".into(),
            trial: "T".into(),
            events,
            patients: 10.0,
            follow_up: None,
            exposure,
        };
        ArmCounts::new(vec![arm(ExposureLaw::Zero, 1.0), arm(exposure, events)])
    }

    #[test]
    fn the_range_of_simulated_exposures_leaves_a_fortieth_out_on_each_side() {
        let shuffled: Vec<f64> = (0..=1000).map(|i| f64::from(i * 8 % 1001)).collect();
        assert_eq!(ExposureLaw::Simulated(shuffled).range(), [25.0, 975.0]);
    }

    #[test]
    fn a_simulated_exposure_may_be_zero_and_nothing_less() {
        assert!(counts(ExposureLaw::Simulated(vec![0.0, 3.0]), 2.0).is_ok());
        for wrong in [vec![], vec![-1e-9, 3.0], vec![f64::NAN, 3.0]] {
            let problems = counts(ExposureLaw::Simulated(wrong), 2.0).unwrap_err();
            assert_eq!(problems.list()[0].code, "E0723");
        }
    }

    #[test]
    fn events_are_none_to_all_of_the_patients() {
        let law = || ExposureLaw::Simulated(vec![1.0, 3.0]);
        assert!(counts(law(), 0.0).is_ok() && counts(law(), 10.0).is_ok());
        for wrong in [-0.5, 10.5, f64::NAN] {
            assert_eq!(counts(law(), wrong).unwrap_err().list()[0].code, "E0721");
        }
    }
}
