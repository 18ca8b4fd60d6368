use super::Count;
use crate::math::{exp, ln, log1p};

/// A binomial law: so many trials with a probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binomial {
    trials: u32,
    probability: f64,
}

impl Binomial {
    /// A law; `None` where the probability is not from 0 to 1.
    pub fn new(trials: u32, probability: f64) -> Option<Binomial> {
        (0.0..=1.0).contains(&probability).then_some(Binomial { trials, probability })
    }

    /// The probabilities of 0, 1, ... all events.
    pub fn masses(self) -> Vec<f64> {
        let (n, p) = (f64::from(self.trials), self.probability);
        let log = |k: f64, p: f64| if k == 0.0 { 0.0 } else { k * ln(p) };
        let other = |k: f64| if n == k { 0.0 } else { (n - k) * log1p(-p) };
        (0..=self.trials)
            .map(|k| exp(ln_choose(n, f64::from(k)) + log(f64::from(k), p) + other(f64::from(k))))
            .collect()
    }
}

fn ln_choose(n: f64, k: f64) -> f64 {
    libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
}

/// The probability that a test of two groups succeeds, exactly: the sum over all pairs of counts. `succeeds` is given the
/// counts of the first and of the second group.
pub fn power_of_two(first: Binomial, second: Binomial, succeeds: impl Fn(Count, Count) -> bool) -> f64 {
    let (own, other) = (first.masses(), second.masses());
    let count = |events: u32, law: Binomial| Count::new(f64::from(events), f64::from(law.trials));
    let mut power = 0.0;
    for (x, p) in (0..).zip(&own) {
        for (y, q) in (0..).zip(&other) {
            if succeeds(count(x, first), count(y, second)) {
                power += p * q;
            }
        }
    }
    power
}

/// Fisher's exact test of two shares: the two-sided p-value, the sum over all tables that are no likelier than the one
/// seen (Fisher 1935; tables within 1e-7 of its probability count as equally likely). Counts are whole numbers.
pub fn fisher(arm: Count, reference: Count) -> f64 {
    let n = arm.patients + reference.patients;
    let events = arm.events + reference.events;
    let log = |x: f64| {
        ln_choose(arm.patients, x) + ln_choose(reference.patients, events - x) - ln_choose(n, events)
    };
    let seen = log(arm.events);
    let (mut x, high) = ((events - reference.patients).max(0.0), events.min(arm.patients));
    let mut sum = 0.0;
    while x <= high {
        let own = log(x);
        if own <= seen + 1e-7 {
            sum += exp(own);
        }
        x += 1.0;
    }
    sum.min(1.0)
}
