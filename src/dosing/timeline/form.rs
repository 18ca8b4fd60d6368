//! The form in which a dose enters, once bioavailability has had its part.

use super::{Entry, Fault, ZeroOrder};
use crate::dosing::record::{Dose, Rate};

/// How an amount enters, with bioavailability in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// At once: this amount.
    Bolus(f64),
    /// At this rate (amount per h) for this long (h).
    Infusion {
        /// Amount per h.
        rate: f64,
        /// h
        duration: f64,
    },
}

/// The form in which a part of a dose enters (rule 4).
pub(super) fn form(dose: &Dose, entry: &Entry) -> Result<Form, (Fault, String)> {
    let amount = entry.bioavailability * dose.amount();
    let (duration, rate) = match entry.zero_order {
        ZeroOrder::OnRequest { duration, rate } => (duration, rate),
        ZeroOrder::Always { duration } => (Some(duration), None),
        ZeroOrder::None => (None, None),
    };
    let at_rate = |rate: f64| Form::Infusion { rate, duration: amount / rate };
    match dose.rate() {
        Rate::Bolus if !matches!(entry.zero_order, ZeroOrder::Always { .. }) => Ok(Form::Bolus(amount)),
        Rate::Given(rate) => Ok(at_rate(rate)),
        Rate::ModelledRate => {
            let rate = rate.ok_or_else(|| lacking("-1", "rate"))?;
            positive("the modelled rate", rate).map(at_rate)
        }
        Rate::Bolus | Rate::ModelledDuration => {
            let duration = duration.ok_or_else(|| lacking("-2", "duration"))?;
            let duration = positive("the modelled duration", duration)?;
            Ok(Form::Infusion { rate: amount / duration, duration })
        }
    }
}

fn positive(what: &str, value: f64) -> Result<f64, (Fault, String)> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err((Fault::Attribute, format!("{what} is {value}; it must be above zero")))
    }
}

/// Refuses a negative value.
pub(super) fn not_negative(what: &str, value: f64) -> Result<(), (Fault, String)> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err((Fault::Attribute, format!("{what} is {value}; it must not be negative")))
    }
}

/// RATE asks for something that the model lacks.
fn lacking(rate: &str, what: &str) -> (Fault, String) {
    (Fault::Rate, format!("RATE is {rate}, but the model has no {what} for this dose"))
}
