//! One record in the NONMEM sense (TIME EVID AMT CMT RATE II ADDL SS), as types that cannot hold nonsense.

use std::fmt;

/// One record of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Time of the record (h).
    pub time: f64,
    /// What the record does.
    pub kind: Kind,
}

/// What a record does: EVID with the items that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// EVID 0: somebody looks. `measured` is false where MDV says that there is no value to predict.
    Observation {
        /// Whether the record counts as an observation (MDV 0).
        measured: bool,
    },
    /// EVID 1: a dose.
    Dose(Dose),
    /// EVID 2: nothing happens but that the record's covariates count from here.
    Other,
    /// EVID 3: amounts, running infusions and pending doses are cleared.
    Reset,
    /// EVID 4: EVID 3, then EVID 1.
    ResetAndDose(Dose),
}

impl Record {
    /// The dose that the record gives, if it gives one.
    pub fn dose(&self) -> Option<&Dose> {
        match &self.kind {
            Kind::Dose(dose) | Kind::ResetAndDose(dose) => Some(dose),
            Kind::Observation { .. } | Kind::Other | Kind::Reset => None,
        }
    }

    /// Whether the record clears the system (EVID 3 and 4).
    pub fn resets(&self) -> bool {
        matches!(self.kind, Kind::Reset | Kind::ResetAndDose(_))
    }

    /// Whether somebody measures here (EVID 0 and MDV 0).
    pub fn is_measured(&self) -> bool {
        matches!(self.kind, Kind::Observation { measured: true })
    }
}

/// Where a dose goes: CMT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// CMT 0 or absent: the model's default compartment for doses.
    Default,
    /// The compartment of this number, from 1.
    Number(usize),
    /// The compartment or formulation of this name.
    Named(String),
}

/// How fast a dose enters: RATE.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// RATE 0: at once.
    Bolus,
    /// RATE above 0: at this rate (amount per h), for as long as the available amount lasts.
    Given(f64),
    /// RATE -1: at the rate R of the model.
    ModelledRate,
    /// RATE -2: over the duration D of the model.
    ModelledDuration,
}

/// What SS asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SteadyState {
    /// SS 1: the steady state of this dose takes the place of whatever was there.
    Replaces,
    /// SS 2: the steady state of this dose is added to what is there.
    Adds,
}

/// Which record's covariates hold between two records, and from which side a missing covariate is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carry {
    /// The values of a record hold over the interval that ends at it (next observation carried backward), as in
    /// NONMEM.
    #[default]
    Backward,
    /// The values of a record hold over the interval that begins at it (last observation carried forward).
    Forward,
}

/// The most additional doses one record may ask for: daily doses for more than 270 years.
pub const MOST_ADDITIONAL: u32 = 100_000;

/// A dose record's own items, checked against one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Dose {
    amount: f64,
    target: Target,
    rate: Rate,
    interval: f64,
    additional: u32,
    steady: Option<SteadyState>,
}

/// The record item that is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// AMT
    Amount,
    /// RATE
    Rate,
    /// II
    Interval,
    /// ADDL
    Additional,
    /// SS
    Steady,
}

/// Why a dose is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct DoseError {
    /// The item at fault.
    pub item: Item,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub help: &'static str,
}

impl fmt::Display for DoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for DoseError {}

impl Dose {
    /// A single dose of `amount` (mg or mol, not negative).
    ///
    /// # Errors
    /// Where the amount is negative, zero or no number, or a given rate is not above zero.
    pub fn once(amount: f64, target: Target, rate: Rate) -> Result<Self, DoseError> {
        Dose::new(amount, target, rate, 0.0, 0, None)
    }

    /// A dose with everything a record can say: `amount` (mg or mol), `interval` II (h), `additional` doses ADDL,
    /// and SS.
    ///
    /// # Errors
    /// Where an item is no number or outside its range, or where items contradict one another: no amount (unless
    /// it is a constant infusion at steady state: SS, RATE, no II), additional doses or a steady state without an
    /// interval, more than [`MOST_ADDITIONAL`] additional doses.
    pub fn new(
        amount: f64,
        target: Target,
        rate: Rate,
        interval: f64,
        additional: u32,
        steady: Option<SteadyState>,
    ) -> Result<Self, DoseError> {
        let refuse = |item, message: String, help| Err(DoseError { item, message, help });
        if !(amount.is_finite() && amount >= 0.0) {
            return refuse(Item::Amount, format!("a dose of {amount}"), "AMT must be a number above zero");
        }
        if let Rate::Given(rate) = rate
            && !(rate.is_finite() && rate > 0.0)
        {
            let help =
                "RATE is 0 (bolus), above 0 (amount per h), -1 (modelled rate) or -2 (modelled duration)";
            return refuse(Item::Rate, format!("a rate of {rate}"), help);
        }
        if !(interval.is_finite() && interval >= 0.0) {
            return refuse(Item::Interval, format!("an interval of {interval} h"), "II must not be negative");
        }
        if additional > MOST_ADDITIONAL {
            let help = "one record may ask for up to 100000 additional doses";
            return refuse(Item::Additional, format!("{additional} additional doses"), help);
        }
        if additional > 0 && interval == 0.0 {
            return refuse(
                Item::Interval,
                "additional doses (ADDL) without an interval".into(),
                "II must be above zero",
            );
        }
        let constant = steady.is_some() && interval == 0.0;
        if constant && amount > 0.0 {
            let help =
                "II must be above zero; a constant infusion at steady state has AMT 0 and RATE above 0";
            return refuse(Item::Steady, "a steady state (SS) without an interval".into(), help);
        }
        if amount == 0.0 && !(constant && matches!(rate, Rate::Given(_) | Rate::ModelledRate)) {
            let help = "AMT must be above zero (only a constant infusion at steady state has AMT 0: SS 1, II 0, RATE)";
            return refuse(Item::Amount, "a dose without an amount".into(), help);
        }
        Ok(Dose { amount, target, rate, interval, additional, steady })
    }

    /// The same dose with amount and given rate multiplied by a factor: the step from a file's unit to the coherent
    /// one.
    ///
    /// # Errors
    /// Where the product is no dose any more.
    pub fn scaled(&self, factor: f64) -> Result<Self, DoseError> {
        let rate = if let Rate::Given(rate) = self.rate { Rate::Given(rate * factor) } else { self.rate };
        let target = self.target.clone();
        Dose::new(self.amount * factor, target, rate, self.interval, self.additional, self.steady)
    }

    /// The amount given (mg or mol), before bioavailability; 0 for a constant infusion at steady state.
    pub fn amount(&self) -> f64 {
        self.amount
    }

    /// Where it goes.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How fast it enters.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Time between doses (h), 0 where there is only one.
    pub fn interval(&self) -> f64 {
        self.interval
    }

    /// How many doses follow it.
    pub fn additional(&self) -> u32 {
        self.additional
    }

    /// The steady state asked for.
    pub fn steady(&self) -> Option<SteadyState> {
        self.steady
    }

    /// Whether this is a constant infusion at steady state (SS, II 0, AMT 0, RATE).
    pub fn is_constant_infusion(&self) -> bool {
        self.steady.is_some() && self.interval == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(
        amount: f64,
        rate: Rate,
        interval: f64,
        additional: u32,
        steady: Option<SteadyState>,
    ) -> Option<Item> {
        Dose::new(amount, Target::Default, rate, interval, additional, steady).err().map(|e| e.item)
    }

    #[test]
    fn a_dose_that_contradicts_itself_cannot_be_made() {
        let bolus = Rate::Bolus;
        let ss = Some(SteadyState::Replaces);
        assert_eq!(item(100.0, bolus, 12.0, 3, ss), None);
        assert_eq!(item(0.0, Rate::Given(10.0), 0.0, 0, ss), None);
        assert_eq!(item(0.0, bolus, 0.0, 0, None), Some(Item::Amount));
        assert_eq!(item(-1.0, bolus, 0.0, 0, None), Some(Item::Amount));
        assert_eq!(item(f64::NAN, bolus, 0.0, 0, None), Some(Item::Amount));
        assert_eq!(item(0.0, bolus, 0.0, 0, ss), Some(Item::Amount));
        assert_eq!(item(0.0, Rate::Given(5.0), 12.0, 0, ss), Some(Item::Amount));
        assert_eq!(item(100.0, Rate::Given(0.0), 0.0, 0, None), Some(Item::Rate));
        assert_eq!(item(100.0, bolus, -12.0, 0, None), Some(Item::Interval));
        assert_eq!(item(100.0, bolus, 0.0, 1, None), Some(Item::Interval));
        assert_eq!(item(100.0, bolus, 0.0, 0, ss), Some(Item::Steady));
        assert_eq!(item(100.0, bolus, 12.0, MOST_ADDITIONAL + 1, None), Some(Item::Additional));
    }
}
