//! One interval of a regimen that has been running for ever, as a short programme of steps.

use super::Form;

/// The most intervals that one infusion may span.
const MOST_OVERLAPS: f64 = 1_000.0;

/// A dose that comes back in every interval.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodicDose {
    compartment: usize,
    form: Form,
    offset: f64,
    on_their_way: u32,
}

impl PeriodicDose {
    /// A dose into `compartment` (from 0) with a lag (h, not negative) in a regimen of `interval` (h, above zero).
    ///
    /// # Errors
    /// Where an infusion lasts, or a lag spans, more than 1000 intervals.
    pub fn new(compartment: usize, form: Form, lag: f64, interval: f64) -> Result<Self, String> {
        let duration = if let Form::Infusion { duration, .. } = form { duration } else { 0.0 };
        if duration.max(lag) > MOST_OVERLAPS * interval {
            let what = if lag > duration { "a lag" } else { "an infusion" };
            return Err(format!(
                "at steady state, {what} of {} h spans too many intervals of {interval} h",
                duration.max(lag)
            ));
        }
        // Arrival within the interval that ends at the record: at its end rather than its start for a lag of a whole
        // number of intervals (the dose that is due at the record has arrived), at its start without a lag (the
        // record's own dose comes after the state is set).
        let mut on_their_way = 0;
        while lag - f64::from(on_their_way) * interval > interval {
            on_their_way += 1;
        }
        Ok(PeriodicDose { compartment, form, offset: lag - f64::from(on_their_way) * interval, on_their_way })
    }

    /// The compartment it enters, from 0.
    pub fn compartment(&self) -> usize {
        self.compartment
    }

    /// How it enters.
    pub fn form(&self) -> Form {
        self.form
    }

    /// When it arrives, from the start of the interval (h): 0 ≤ offset ≤ interval.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// How many doses that were given before the record are still on their way at the record.
    pub(super) fn on_their_way(&self) -> u32 {
        self.on_their_way
    }

    /// How long the infusions that are running at the end of the interval go on (h), the record's own dose left out.
    pub(super) fn running(&self, interval: f64) -> impl Iterator<Item = f64> + use<> {
        let duration = if let Form::Infusion { rate, duration } = self.form
            && rate > 0.0
        {
            duration
        } else {
            0.0
        };
        let first = self.offset + duration - interval;
        (0..).map(move |back| first - f64::from(back) * interval).take_while(|left| *left > 0.0)
    }

    /// How many of its infusions run at a moment that is no boundary.
    fn count(&self, moment: f64, interval: f64) -> f64 {
        match self.form {
            Form::Bolus(_) => 0.0,
            Form::Infusion { duration, .. } => {
                let since = moment - self.offset;
                (since / interval).floor() - ((since - duration) / interval).floor()
            }
        }
    }
}

/// One step of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// An amount (mg or mol) enters a compartment (from 0) at once.
    Bolus {
        /// From 0.
        compartment: usize,
        /// mg or mol
        amount: f64,
    },
    /// From now on a compartment (from 0) has this total rate of input (amount per h).
    Rate {
        /// From 0.
        compartment: usize,
        /// Amount per h.
        rate: f64,
    },
    /// Time passes, from one offset to another (h from the start of the interval).
    Advance {
        /// h
        from: f64,
        /// h
        to: f64,
    },
}

/// One interval of a regimen, from just before a dose is given to just before the next is: carried through all its
/// steps, a periodic state comes back to itself. Input is zero before the first step.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    interval: f64,
    doses: Vec<PeriodicDose>,
}

impl Period {
    /// A regimen that gives these doses in every `interval` (h, above zero).
    pub fn new(interval: f64, doses: Vec<PeriodicDose>) -> Self {
        Period { interval, doses }
    }

    /// Length (h).
    pub fn interval(&self) -> f64 {
        self.interval
    }

    /// The doses of one interval.
    pub fn doses(&self) -> &[PeriodicDose] {
        &self.doses
    }

    /// The interval as a programme.
    pub fn steps(&self) -> Vec<Step> {
        let mut bounds = vec![0.0, self.interval];
        for dose in &self.doses {
            bounds.push(dose.offset);
            if let Form::Infusion { duration, .. } = dose.form {
                let end = dose.offset + duration;
                bounds.push(end - (end / self.interval).floor() * self.interval);
            }
        }
        bounds.retain(|b| (0.0..=self.interval).contains(b));
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let mut steps = Vec::new();
        for (at, start) in bounds.iter().enumerate() {
            self.boluses(*start, &mut steps);
            if let Some(end) = bounds.get(at + 1) {
                self.rates(0.5 * (start + end), &mut steps);
                steps.push(Step::Advance { from: *start, to: *end });
            }
        }
        steps
    }

    fn boluses(&self, offset: f64, steps: &mut Vec<Step>) {
        for dose in self.doses.iter().filter(|dose| dose.offset == offset) {
            if let Form::Bolus(amount) = dose.form {
                steps.push(Step::Bolus { compartment: dose.compartment, amount });
            }
        }
    }

    fn rates(&self, moment: f64, steps: &mut Vec<Step>) {
        let mut compartments: Vec<usize> = self.doses.iter().map(|dose| dose.compartment).collect();
        compartments.sort_unstable();
        compartments.dedup();
        for compartment in compartments {
            let mut infused = false;
            let mut total = 0.0;
            for dose in self.doses.iter().filter(|dose| dose.compartment == compartment) {
                if let Form::Infusion { rate, .. } = dose.form {
                    infused = true;
                    total += rate * dose.count(moment, self.interval);
                }
            }
            if infused {
                steps.push(Step::Rate { compartment, rate: total });
            }
        }
    }
}
