use super::normal_deviate;
use crate::math::{exp, ln};

/// A time of observation, and whether it ended with the event (else it was censored).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// When observation ended.
    pub time: f64,
    /// Whether with the event.
    pub event: bool,
}

/// A step of a survival curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When events happened.
    pub time: f64,
    /// Patients at risk just before.
    pub at_risk: u64,
    /// Events then.
    pub events: u64,
    /// The share without the event from then on.
    pub survival: f64,
    /// Its standard error (Greenwood 1926).
    pub error: f64,
    /// Its interval on the scale of log(-log), which stays within 0 and 1.
    pub interval: [f64; 2],
}

/// A survival curve by the product-limit method (Kaplan and Meier 1958, J Am Stat Assoc 53:457).
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Its steps, ascending in time.
    pub steps: Vec<Step>,
    times: Vec<f64>,
}

/// Estimates a survival curve with intervals of a confidence. Who is censored at a time counts as at risk at it.
pub fn kaplan_meier(observed: &[Observed], confidence: f64) -> Curve {
    let z = normal_deviate(confidence);
    let mut sorted = observed.to_vec();
    sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
    let mut steps = Vec::new();
    let (mut survival, mut greenwood, mut from) = (1.0, 0.0, 0);
    while from < sorted.len() {
        let time = sorted[from].time;
        let to = from + sorted[from..].iter().take_while(|o| o.time == time).count();
        let (at_risk, events) = (sorted.len() - from, sorted[from..to].iter().filter(|o| o.event).count());
        from = to;
        if events == 0 {
            continue;
        }
        // Counts of patients are far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let (n, d) = (at_risk as f64, events as f64);
        survival *= 1.0 - d / n;
        greenwood += d / (n * (n - d));
        let interval = if survival > 0.0 {
            let log = ln(survival);
            let half = z * greenwood.sqrt() / log.abs();
            [1.0, -1.0].map(|side| exp(log * exp(side * half)))
        } else {
            [f64::NAN; 2]
        };
        let error = if survival > 0.0 { survival * greenwood.sqrt() } else { f64::NAN };
        steps.push(Step { time, at_risk: at_risk as u64, events: events as u64, survival, error, interval });
    }
    Curve { steps, times: sorted.iter().map(|o| o.time).collect() }
}

impl Curve {
    /// The step that holds at a time; `None` before the first event.
    pub fn at(&self, time: f64) -> Option<&Step> {
        self.steps.iter().rev().find(|s| s.time <= time)
    }

    /// The share without the event at a time.
    pub fn survival(&self, time: f64) -> f64 {
        self.at(time).map_or(1.0, |s| s.survival)
    }

    /// Patients at risk at a time: those observed at least that long.
    pub fn at_risk(&self, time: f64) -> usize {
        self.times.len() - self.times.partition_point(|t| *t < time)
    }

    /// The first time at which half or fewer are without the event.
    pub fn median(&self) -> Option<f64> {
        self.steps.iter().find(|s| s.survival <= 0.5).map(|s| s.time)
    }
}
