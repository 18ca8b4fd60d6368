//! What became of every dose that was asked for.

use super::Form;

/// One dose, or one part of a dose, as it was administered.
#[derive(Clone, Debug, PartialEq)]
pub struct Administered {
    /// The record that asked for it: its index among the subject's records.
    pub record: usize,
    /// 0 for the record's own dose, 1, 2, … for the additional ones.
    pub number: u32,
    /// When it was given (h); before the record for doses of a steady state that are still on their way.
    pub given: f64,
    /// When it enters (h).
    pub enters: f64,
    /// The compartment that it enters, from 0.
    pub compartment: usize,
    /// The amount given (mg or mol), before bioavailability.
    pub amount: f64,
    /// F.
    pub bioavailability: f64,
    /// Time from giving to entering (h).
    pub lag: f64,
    /// How it enters.
    pub form: Form,
    /// What became of it.
    pub ending: Ending,
}

/// What became of a dose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// Nothing stopped it.
    Complete,
    /// A reset or a steady state came before it entered (h).
    Cancelled {
        /// When (h).
        at: f64,
    },
    /// A reset or a steady state came while it was being infused.
    Interrupted {
        /// When (h).
        at: f64,
    },
}

impl Administered {
    /// When its input ends (h), or would have ended had nothing stopped it.
    pub fn ends(&self) -> f64 {
        match (self.ending, self.form) {
            (Ending::Interrupted { at }, _) => at,
            (_, Form::Bolus(_)) => self.enters,
            (_, Form::Infusion { duration, .. }) => self.enters + duration,
        }
    }
}
