use super::normal_deviate;
use crate::math::{incomplete_beta, root};

/// Patients with an event among all patients of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// Patients with the event.
    pub events: f64,
    /// All patients.
    pub patients: f64,
}

impl Count {
    /// So many events among so many patients.
    pub fn new(events: f64, patients: f64) -> Count {
        Count { events, patients }
    }

    /// The share with the event; not a number without patients.
    pub fn share(self) -> f64 {
        self.events / self.patients
    }

    /// The variance of the share where it is the probability.
    pub(super) fn variance(self) -> f64 {
        self.share() * (1.0 - self.share()) / self.patients
    }
}

/// Wilson's interval of a share (Wilson 1927, J Am Stat Assoc 22:209).
pub fn wilson(count: Count, confidence: f64) -> [f64; 2] {
    wilson_at(count, normal_deviate(confidence))
}

/// Wilson's interval that reaches a normal deviate to either side.
pub(super) fn wilson_at(count: Count, z: f64) -> [f64; 2] {
    let (p, n) = (count.share(), count.patients);
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [-1.0, 1.0].map(|side| ((centre + side * half) / (1.0 + z * z / n)).clamp(0.0, 1.0))
}

/// The exact interval of a share (Clopper and Pearson 1934, Biometrika 26:404), which covers at least as often as it says.
pub fn clopper_pearson(count: Count, confidence: f64) -> [f64; 2] {
    let Count { events: x, patients: n } = count;
    let tail = 0.5 * (1.0 - confidence);
    let end = |a: f64, b: f64, level: f64| {
        root(|p| incomplete_beta(a, b, p) - level, 0.0, 1.0, 1e-14).unwrap_or(f64::NAN)
    };
    let low = if x > 0.0 { end(x, n - x + 1.0, tail) } else { 0.0 };
    let high = if x < n { end(x + 1.0, n - x, 1.0 - tail) } else { 1.0 };
    [low, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_intervals_equal_published_ones() {
        // 0/37 and 8/36: 0-9.4 %, 11.7-38.1 %.
        assert!((wilson(Count::new(0.0, 37.0), 0.95)[1] - 0.094).abs() < 5e-4);
        let [low, high] = wilson(Count::new(8.0, 36.0), 0.95);
        assert!((low - 0.117).abs() < 5e-4 && (high - 0.381).abs() < 5e-4);
    }
}
