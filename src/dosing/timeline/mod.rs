//! The timeline of one subject: its records resolved into what happens when.
//!
//! These are the event rules, with NONMEM's meaning. Each has its own test of the same number.
//!
//! 1. The parameters of a record hold over the interval that ends at it, also for the lagged and additional doses
//!    that arrive inside that interval. Each [`Event`] names the record whose interval it falls into.
//! 2. Bioavailability, lag, duration and rate of a dose, and of its additional doses, are those of the record that
//!    gives it. [`Entry`] is asked for once per dose record.
//! 3. A lagged or additional dose that is due exactly at the time of a record arrives before that record. Due times
//!    are compared as they are, with one exception: an additional dose whose time differs from a record's by
//!    rounding alone (3 × 0.1 h is not 0.3 h in binary) is due at that record.
//! 4. A given rate is kept and bioavailability shortens or lengthens the infusion (F·AMT/RATE), likewise with a
//!    modelled rate (F·AMT/R); a modelled duration is kept and bioavailability changes the rate (F·AMT/D).
//! 5. SS 1 clears amounts, running infusions and pending doses at its record, in row order; SS 2 clears nothing and
//!    adds. The record finds the state of a regimen that has been running for ever and whose next dose is given now:
//!    with a lag, the last dose arrived II − lag ago and the dose itself arrives a lag later. Infusions that earlier
//!    doses have started and that last beyond the record go on after it.
//! 6. SS with II 0, AMT 0 and a rate is the steady state of a constant infusion that stops at the record; lag and
//!    bioavailability have no part in it.
//! 7. EVID 3 and 4 clear amounts, running infusions and pending doses, in row order; the clock may go back there.
//! 8. SS with a lag longer than II: doses given before the record are still to come after it, and they arrive when
//!    they are due, so that the state stays the periodic one throughout. (NONMEM extrapolates the periodic state
//!    backwards from the first of them with its infusion running, which can give negative amounts; from the
//!    arrival of that dose on, both agree.)
//! 9. Records at one time act in row order; a dose without lag is in when its own record is looked at.
//!
//! A timeline ends with its last record: what would happen later is not part of it.

mod form;
mod given;
mod pending;
mod period;
mod resolver;

pub use form::Form;
pub use given::{Administered, Ending};
pub use period::{Period, PeriodicDose, Step};

use std::fmt;

use super::record::{Dose, Record, SteadyState};
use resolver::Resolver;

/// How (one part of) a dose enters: the dose attributes, evaluated on the record that gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The compartment it enters, from 0.
    pub compartment: usize,
    /// F: the fraction of the amount that enters, not negative.
    pub bioavailability: f64,
    /// ALAG: time from giving to entering (h), not negative.
    pub lag: f64,
    /// How long or how fast, if the model has a say.
    pub zero_order: ZeroOrder,
}

/// What a model says about zero-order input into a compartment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ZeroOrder {
    /// Nothing: bolus and given rates only.
    None,
    /// D and R, each if the model has it: used where the record says RATE -2 or -1.
    OnRequest {
        /// D (h), above zero.
        duration: Option<f64>,
        /// R (amount per h), above zero.
        rate: Option<f64>,
    },
    /// The part always enters over this duration (h), as through a formulation's zero-order route; a bolus record
    /// becomes an infusion. A rate on the record still wins.
    Always {
        /// D (h), above zero.
        duration: f64,
    },
}

impl Entry {
    /// All of a dose at once, without lag.
    pub fn plain(compartment: usize) -> Self {
        Entry { compartment, bioavailability: 1.0, lag: 0.0, zero_order: ZeroOrder::None }
    }
}

/// What happens to the system.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The amounts return to the model's initial state and all input stops. The clock takes the event's time,
    /// earlier or later than before.
    Reset,
    /// The periodic state at the end of this period.
    Steady {
        /// One interval of the regimen, ending just before the record's own dose.
        period: Period,
        /// Whether it replaces what is there (and stops all input) or is added to it.
        how: SteadyState,
    },
    /// The steady state of constant input.
    SteadyInfusion {
        /// Rates by compartment (amount per h).
        rates: Vec<(usize, f64)>,
        /// Whether it replaces what is there (and stops all input) or is added to it.
        how: SteadyState,
    },
    /// A dose is given: it may enter later, but the time since the last dose counts from here.
    Given,
    /// An amount enters at once.
    Bolus {
        /// The compartment, from 0.
        compartment: usize,
        /// The amount (mg or mol).
        amount: f64,
    },
    /// From now on, input into a compartment has this total rate.
    Rate {
        /// The compartment, from 0.
        compartment: usize,
        /// All running infusions into it together (amount per h).
        rate: f64,
    },
    /// The record of the event has been dealt with: what can be seen at it is seen now.
    Look,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When (h).
    pub time: f64,
    /// The record into whose interval it falls: its index among the subject's records.
    pub record: usize,
    /// What.
    pub change: Change,
}

/// What happens to one subject, in order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Timeline {
    events: Vec<Event>,
    administered: Vec<Administered>,
}

/// What of a record is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// TIME is out of order.
    Time,
    /// CMT names no way in.
    Target,
    /// RATE asks for what the model does not have.
    Rate,
    /// II does not go with the lag or duration of the dose.
    Interval,
    /// A dose attribute is outside its range: the subject's parameters, not its record, are to blame.
    Attribute,
}

/// Why records could not be resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Unresolved {
    /// The record at fault: its index among the subject's records.
    pub record: usize,
    /// What of it is at fault.
    pub fault: Fault,
    /// What is wrong and what is expected.
    pub message: String,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unresolved {}

impl Timeline {
    /// Resolves the records of one subject. `entries` puts the ways in which a dose enters into the vector it is
    /// given, evaluated on the record of that index; it is asked once for each dose record. Several entries share
    /// one dose (a tablet with a fast and a slow part).
    ///
    /// # Errors
    /// Where times go back without a reset, an attribute is outside its range, or RATE asks for a duration or a
    /// rate that the model does not have; also what `entries` itself refuses ([`Fault::Target`]).
    pub fn resolve(
        records: &[Record],
        mut entries: impl FnMut(usize, &Dose, &mut Vec<Entry>) -> Result<(), String>,
    ) -> Result<Self, Unresolved> {
        let mut resolver = Resolver::new(records);
        let mut ways = Vec::new();
        let mut clock = f64::NEG_INFINITY;
        for (index, record) in records.iter().enumerate() {
            let refuse = |(fault, message)| Unresolved { record: index, fault, message };
            if !record.time.is_finite() || (record.time < clock && !record.resets()) {
                let message = format!("time {} after time {clock}: records must be in order", record.time);
                return Err(refuse((Fault::Time, message)));
            }
            clock = record.time;
            resolver.arrive(records, index);
            if let Some(dose) = record.dose() {
                ways.clear();
                entries(index, dose, &mut ways).map_err(|message| refuse((Fault::Target, message)))?;
                resolver.dose(clock, dose, &ways).map_err(refuse)?;
            }
            resolver.look(clock);
        }
        Ok(resolver.finish())
    }

    /// What happens, in order. Times do not decrease but at a [`Change::Reset`].
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Every dose or part of a dose that the records ask for up to the last record, and what became of it.
    pub fn administered(&self) -> &[Administered] {
        &self.administered
    }
}

#[cfg(test)]
mod tests;
