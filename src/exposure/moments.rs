//! Means and variances of values that stream by. Sums of floating-point numbers depend on their order: merge in a fixed
//! one (subject after subject, block after block) and the bits are the same however the work was spread.

use serde::{Deserialize, Serialize};

/// Count, mean and sum of squared deviations (Welford 1962; merging by Chan, Golub and LeVeque 1979).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes one value in.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    /// Takes in what another accumulator saw after this one.
    pub fn merge(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *later;
            return;
        }
        let (a, b) = (self.count as f64, later.count as f64);
        let apart = later.mean - self.mean;
        self.count += later.count;
        self.mean += apart * (b / (a + b));
        self.squares += later.squares + apart * apart * (a * b / (a + b));
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean; none without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Sample variance; none with fewer than two values.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// Sample standard deviation; none with fewer than two values.
    pub fn standard_deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// Standard error of the mean; none with fewer than two values.
    pub fn standard_error(&self) -> Option<f64> {
        self.variance().map(|variance| (variance / self.count as f64).sqrt())
    }
}

/// The same subjects under two conditions: moments of each, and how they go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    a: Moments,
    b: Moments,
    difference: Moments,
}

impl Paired {
    /// Takes one subject in: its value under either condition.
    pub fn add(&mut self, a: f64, b: f64) {
        self.a.add(a);
        self.b.add(b);
        self.difference.add(b - a);
    }

    /// Takes in what another accumulator saw after this one.
    pub fn merge(&mut self, later: &Self) {
        self.a.merge(&later.a);
        self.b.merge(&later.b);
        self.difference.merge(&later.difference);
    }

    /// Moments of the first condition.
    pub fn first(&self) -> &Moments {
        &self.a
    }

    /// Moments of the second condition.
    pub fn second(&self) -> &Moments {
        &self.b
    }

    /// Moments of second less first; its standard error is that of the paired contrast.
    pub fn difference(&self) -> &Moments {
        &self.difference
    }

    /// How many times as many subjects an unpaired comparison would need for the same standard error; none with fewer
    /// than two subjects or where the differences do not vary.
    pub fn saving(&self) -> Option<f64> {
        let paired = self.difference.variance().filter(|v| *v > 0.0)?;
        Some((self.a.variance()? + self.b.variance()?) / paired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut m = Moments::default();
        values.iter().for_each(|v| m.add(*v));
        m
    }

    proptest! {
        #[test]
        fn two_passes_and_any_cut_agree(values in proptest::collection::vec(-1e3f64..1e3, 2..60), cut in 0usize..60) {
            let cut = cut.min(values.len());
            let mut merged = of(&values[..cut]);
            merged.merge(&of(&values[cut..]));
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
            for m in [of(&values), merged] {
                prop_assert_eq!(m.count(), values.len() as u64);
                prop_assert!((m.mean().unwrap() - mean).abs() < 1e-9);
                prop_assert!((m.variance().unwrap() - variance).abs() <= 1e-10 * (variance + 1.0));
            }
        }
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let m = of(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!((m.mean(), m.variance()), (Some(1e9 + 10.0), Some(30.0)));
        assert_eq!(m.standard_error(), Some((30.0f64 / 4.0).sqrt()));
    }

    #[test]
    fn too_few_values_give_nothing() {
        assert_eq!((of(&[]).mean(), of(&[1.0]).variance()), (None, None));
        let mut empty = Moments::default();
        empty.merge(&of(&[2.0, 4.0]));
        empty.merge(&Moments::default());
        assert_eq!(empty, of(&[2.0, 4.0]));
    }

    #[test]
    fn pairing_saves_what_subjects_share() {
        let mut p = Paired::default();
        for (a, b) in [(10.0, 11.0), (20.0, 20.5), (30.0, 31.5)] {
            p.add(a, b);
        }
        assert_eq!(p.difference().mean(), Some(1.0));
        assert!((p.difference().variance().unwrap() - 0.25).abs() < 1e-14);
        let expected = (p.first().variance().unwrap() + p.second().variance().unwrap()) / 0.25;
        assert!((p.saving().unwrap() / expected - 1.0).abs() < 1e-12 && expected > 800.0);
        assert_eq!(Paired::default().saving(), None);
    }
}
