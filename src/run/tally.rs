//! What is kept of the subjects: sums, moments, sketches and counts, never rows.
//!
//! Sums of floating-point numbers depend on their order: a leaf of subjects is summed first, and the leaves are folded
//! one after the other, in their order, however they were spread over threads, blocks and machines. Sketches and
//! counts are whole numbers and may be joined in any order.

use serde::{Deserialize, Serialize};

use crate::exposure::{Paired, Sketch};
use crate::kinetics::subject::Reason;
use crate::trial::endpoint::Measure;
use crate::trial::{Outcomes, Study};

/// A sum and how many values it holds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sum {
    total: f64,
    count: u64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.total += value;
            self.count += 1;
        }
    }

    fn merge(&mut self, later: &Sum) {
        self.total += later.total;
        self.count += later.count;
    }

    /// The mean; not a number without values.
    fn mean(self) -> f64 {
        // Counts of subjects are far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let mean = self.total / self.count as f64;
        mean
    }
}

/// Arms, endpoints and so on of a study: how long everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shape {
    arms: usize,
    endpoints: usize,
    responses: usize,
    draws: usize,
}

impl Shape {
    fn of(study: &Study) -> Self {
        Shape {
            arms: study.arms.len(),
            endpoints: study.endpoints.len(),
            responses: study.responses.len(),
            draws: study.draws as usize + 1,
        }
    }
}

/// The sums over some subjects; their order matters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sums {
    shape: Shape,
    /// By draw (0: central), arm and endpoint.
    sums: Vec<Sum>,
    /// By arm and endpoint: the subjects' means over the draws, against those of the reference arm.
    pairs: Vec<Paired>,
}

impl Sums {
    pub(super) fn new(study: &Study) -> Self {
        let shape = Shape::of(study);
        let cells = shape.arms * shape.endpoints;
        Sums { shape, sums: vec![Sum::default(); shape.draws * cells], pairs: vec![Paired::default(); cells] }
    }

    /// Takes in the outcomes of a leaf at one draw.
    pub(super) fn draw(&mut self, draw: u32, outcomes: &Outcomes) {
        let Shape { arms, endpoints, .. } = self.shape;
        let first = draw as usize * arms * endpoints;
        for arm in 0..arms {
            for endpoint in 0..endpoints {
                let sum = &mut self.sums[first + arm * endpoints + endpoint];
                outcomes.endpoint(arm, endpoint).iter().for_each(|v| sum.add(*v));
            }
        }
    }

    /// Takes in the subjects' means over the draws: `means` by arm and endpoint, one value a subject; `reference` is
    /// the arm with which the others are compared.
    pub(super) fn subjects(&mut self, means: &[Vec<f64>], reference: usize) {
        let Shape { arms, endpoints, .. } = self.shape;
        for arm in 0..arms {
            for endpoint in 0..endpoints {
                let base = &means[reference * endpoints + endpoint];
                let own = &means[arm * endpoints + endpoint];
                let pair = &mut self.pairs[arm * endpoints + endpoint];
                for (b, a) in base.iter().zip(own).filter(|(b, a)| b.is_finite() && a.is_finite()) {
                    pair.add(*b, *a);
                }
            }
        }
    }

    /// Takes in the leaf that comes after.
    fn merge(&mut self, later: &Sums) {
        self.sums.iter_mut().zip(&later.sums).for_each(|(a, b)| a.merge(b));
        self.pairs.iter_mut().zip(&later.pairs).for_each(|(a, b)| a.merge(b));
    }

    /// Whether it can be of this study.
    pub(super) fn fits(&self, study: &Study) -> bool {
        let empty = Sums::new(study);
        self.shape == empty.shape
            && (self.sums.len(), self.pairs.len()) == (empty.sums.len(), empty.pairs.len())
    }
}

/// The exposures that drive a response in an arm, at the central parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Driver {
    pub(super) sketch: Sketch,
    pub(super) below: u64,
    pub(super) above: u64,
}

/// Distributions and counts over some subjects; their order does not matter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Counts {
    shape: Shape,
    /// By arm and endpoint, at the central parameters; empty for probabilities and events.
    sketches: Vec<Sketch>,
    drivers: Vec<Driver>,
    /// Subjects that failed, by place in [`Reason::CODES`].
    failures: Vec<u64>,
}

impl Counts {
    pub(super) fn new(study: &Study) -> Self {
        let shape = Shape::of(study);
        Counts {
            shape,
            sketches: vec![Sketch::default(); shape.arms * shape.endpoints],
            drivers: vec![Driver::default(); shape.arms * shape.responses],
            failures: vec![0; Reason::CODES.len()],
        }
    }

    /// Takes in the distributions of a leaf at the central parameters. `ranges` holds each response's range of
    /// evidence.
    pub(super) fn distributions(&mut self, study: &Study, outcomes: &Outcomes, ranges: &[[f64; 2]]) {
        let Shape { arms, endpoints, responses, .. } = self.shape;
        for arm in 0..arms {
            for (place, endpoint) in study.endpoints.iter().enumerate() {
                if matches!(
                    endpoint.measure,
                    Measure::Exposure(_) | Measure::Biomarker(_) | Measure::Change(_)
                ) {
                    let sketch = &mut self.sketches[arm * endpoints + place];
                    outcomes.endpoint(arm, place).iter().for_each(|v| sketch.add(*v));
                }
            }
            for (response, [low, high]) in ranges.iter().enumerate() {
                let driver = &mut self.drivers[arm * responses + response];
                for exposure in outcomes.exposure(arm, response) {
                    driver.sketch.add(*exposure);
                    driver.below += u64::from(exposure < low);
                    driver.above += u64::from(exposure > high);
                }
            }
        }
    }

    /// Takes in who failed, with the code of the reason.
    pub(super) fn failures(&mut self, failures: &[Option<&'static str>]) {
        for code in failures.iter().flatten() {
            if let Some(place) = Reason::CODES.iter().position(|(known, _)| known == code) {
                self.failures[place] += 1;
            }
        }
    }

    /// Takes in what other subjects brought.
    pub(super) fn merge(&mut self, other: &Counts) {
        self.sketches.iter_mut().zip(&other.sketches).for_each(|(a, b)| a.merge(b));
        for (a, b) in self.drivers.iter_mut().zip(&other.drivers) {
            a.sketch.merge(&b.sketch);
            a.below += b.below;
            a.above += b.above;
        }
        self.failures.iter_mut().zip(&other.failures).for_each(|(a, b)| *a += b);
    }

    /// Whether it can be of this study.
    pub(super) fn fits(&self, study: &Study) -> bool {
        let empty = Counts::new(study);
        let lengths = |c: &Counts| (c.sketches.len(), c.drivers.len(), c.failures.len());
        self.shape == empty.shape && lengths(self) == lengths(&empty)
    }
}

/// Everything that the results need of the subjects.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    sums: Sums,
    counts: Counts,
}

impl Tally {
    pub(super) fn new(study: &Study) -> Self {
        Tally { sums: Sums::new(study), counts: Counts::new(study) }
    }

    /// Takes in the leaves that come after, in their order, and their counts.
    pub(super) fn merge(&mut self, leaves: &[Sums], counts: &Counts) {
        leaves.iter().for_each(|leaf| self.sums.merge(leaf));
        self.counts.merge(counts);
    }

    /// The mean of an endpoint over the subjects of an arm at a draw.
    pub(super) fn mean(&self, draw: u32, arm: usize, endpoint: usize) -> f64 {
        let Shape { arms, endpoints, .. } = self.sums.shape;
        self.sums.sums[(draw as usize * arms + arm) * endpoints + endpoint].mean()
    }

    /// The subjects' means over the draws in the reference arm and in an arm.
    pub(super) fn pair(&self, arm: usize, endpoint: usize) -> &Paired {
        &self.sums.pairs[arm * self.sums.shape.endpoints + endpoint]
    }

    /// The distribution of an endpoint at the central parameters; empty for probabilities and events.
    pub(super) fn sketch(&self, arm: usize, endpoint: usize) -> &Sketch {
        &self.counts.sketches[arm * self.counts.shape.endpoints + endpoint]
    }

    /// The exposures behind a response in an arm.
    pub(super) fn driver(&self, arm: usize, response: usize) -> &Driver {
        &self.counts.drivers[arm * self.counts.shape.responses + response]
    }

    /// The reasons for which subjects failed, in words, and how many did.
    pub(super) fn failures(&self) -> Vec<(String, u64)> {
        let known = Reason::CODES.iter().zip(&self.counts.failures);
        known.filter(|(_, n)| **n > 0).map(|((code, words), n)| (format!("{words} [{code}]"), *n)).collect()
    }
}
