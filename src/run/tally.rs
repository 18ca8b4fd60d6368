//! What is kept of the subjects: sums, moments and sketches, never rows. A tally of one leaf of subjects is merged into
//! the tally of those before it, in the order of the leaves, so that sums do not depend on threads.

use crate::exposure::{Paired, Sketch};
use crate::trial::{Outcomes, Study};

/// A sum and how many values it holds.
#[derive(Clone, Copy, Debug, Default)]
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
    pub(super) fn mean(self) -> f64 {
        // Counts of subjects are far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let mean = self.total / self.count as f64;
        mean
    }
}

/// The exposures that drive a response in an arm, at the central parameters.
#[derive(Clone, Debug, Default)]
pub(super) struct Driver {
    pub(super) sketch: Sketch,
    pub(super) below: u64,
    pub(super) above: u64,
}

/// Everything that the results need of the subjects.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    arms: usize,
    endpoints: usize,
    responses: usize,
    reference: usize,
    /// By draw (0: central), arm and endpoint.
    sums: Vec<Sum>,
    /// By arm and endpoint: the subjects' means over the draws, against those of the reference arm.
    pairs: Vec<Paired>,
    /// By arm and endpoint, at the central parameters.
    sketches: Vec<Sketch>,
    drivers: Vec<Driver>,
    pub(super) failed: u64,
}

impl Tally {
    pub(super) fn new(study: &Study) -> Self {
        let (arms, endpoints, responses) = (study.arms.len(), study.endpoints.len(), study.responses.len());
        let draws = study.draws as usize + 1;
        Tally {
            arms,
            endpoints,
            responses,
            reference: study.reference,
            sums: vec![Sum::default(); draws * arms * endpoints],
            pairs: vec![Paired::default(); arms * endpoints],
            sketches: vec![Sketch::default(); arms * endpoints],
            drivers: vec![Driver::default(); arms * responses],
            failed: 0,
        }
    }

    /// Takes in the outcomes of a leaf at one draw.
    pub(super) fn draw(&mut self, draw: u32, outcomes: &Outcomes) {
        let first = draw as usize * self.arms * self.endpoints;
        for arm in 0..self.arms {
            for endpoint in 0..self.endpoints {
                let sum = &mut self.sums[first + arm * self.endpoints + endpoint];
                outcomes.endpoint(arm, endpoint).iter().for_each(|v| sum.add(*v));
            }
        }
    }

    /// Takes in the distributions of a leaf at the central parameters. `ranges` holds each response's range of
    /// evidence.
    pub(super) fn distributions(&mut self, outcomes: &Outcomes, ranges: &[[f64; 2]]) {
        for arm in 0..self.arms {
            for endpoint in 0..self.endpoints {
                let sketch = &mut self.sketches[arm * self.endpoints + endpoint];
                outcomes.endpoint(arm, endpoint).iter().for_each(|v| sketch.add(*v));
            }
            for (response, [low, high]) in ranges.iter().enumerate() {
                let driver = &mut self.drivers[arm * self.responses + response];
                for exposure in outcomes.exposure(arm, response) {
                    driver.sketch.add(*exposure);
                    driver.below += u64::from(exposure < low);
                    driver.above += u64::from(exposure > high);
                }
            }
        }
    }

    /// Takes in the subjects' means over the draws: `means` by arm and endpoint, one value a subject.
    pub(super) fn subjects(&mut self, means: &[Vec<f64>]) {
        for arm in 0..self.arms {
            for endpoint in 0..self.endpoints {
                let base = &means[self.reference * self.endpoints + endpoint];
                let own = &means[arm * self.endpoints + endpoint];
                let pair = &mut self.pairs[arm * self.endpoints + endpoint];
                for (b, a) in base.iter().zip(own).filter(|(b, a)| b.is_finite() && a.is_finite()) {
                    pair.add(*b, *a);
                }
            }
        }
    }

    /// Takes in the leaf that comes after.
    pub(super) fn merge(&mut self, later: &Tally) {
        self.sums.iter_mut().zip(&later.sums).for_each(|(a, b)| a.merge(b));
        self.pairs.iter_mut().zip(&later.pairs).for_each(|(a, b)| a.merge(b));
        self.sketches.iter_mut().zip(&later.sketches).for_each(|(a, b)| a.merge(b));
        for (a, b) in self.drivers.iter_mut().zip(&later.drivers) {
            a.sketch.merge(&b.sketch);
            a.below += b.below;
            a.above += b.above;
        }
        self.failed += later.failed;
    }

    /// The mean of an endpoint over the subjects of an arm at a draw.
    pub(super) fn mean(&self, draw: u32, arm: usize, endpoint: usize) -> f64 {
        self.sums[(draw as usize * self.arms + arm) * self.endpoints + endpoint].mean()
    }

    /// The subjects' means over the draws in the reference arm and in an arm.
    pub(super) fn pair(&self, arm: usize, endpoint: usize) -> &Paired {
        &self.pairs[arm * self.endpoints + endpoint]
    }

    /// The distribution of an endpoint at the central parameters.
    pub(super) fn sketch(&self, arm: usize, endpoint: usize) -> &Sketch {
        &self.sketches[arm * self.endpoints + endpoint]
    }

    /// The exposures behind a response in an arm.
    pub(super) fn driver(&self, arm: usize, response: usize) -> &Driver {
        &self.drivers[arm * self.responses + response]
    }
}
