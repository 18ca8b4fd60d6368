//! Rules: "if … at a visit, then …".
//!
//! ```toml
//! [rules.anaemia]
//! when = "HB < 80 g/L at 2 visits"
//! do   = "hold until HB >= 80 g/L"
//! ```
//!
//! ```text
//! when = condition ["and" condition]… ["at" n "visits"]
//! do   = "hold" ["until" condition ["and" condition]…]     without "until": until `when` holds no longer
//!      | "step down" ["or stop"] | "step up"               along the study's `ladder`
//!      | "give 15 mg"
//!      | "switch to" regimen
//!      | "rescue with" regimen "for" time
//!      | "stop"
//! ```
//!
//! At a visit the first rule of the file that matches acts. A rule whose conditions speak of covariates alone acts
//! once, before the first dose.

use super::comparison::Refusal;
use super::condition::{Condition, Names};
use crate::units::{Dimension, Quantity};

/// A rule of a protocol.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// All of these must hold.
    pub when: Vec<Condition>,
    /// At how many visits in a row.
    pub visits: u32,
    /// What is done then.
    pub action: Action,
    /// The least time from one step of the dose to the next (h).
    pub apart: f64,
    /// The arms in which it is in force, by their places; all where it is `None`.
    pub arms: Option<Vec<usize>>,
    /// As it was written: when, and what is done.
    pub text: (String, String),
    /// Where it comes from.
    pub source: String,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// No doses until the conditions hold at a visit; where there are none, until the rule holds no longer.
    Hold(Vec<Condition>),
    /// One rung down the ladder; what happens on the lowest.
    StepDown(Lowest),
    /// One rung up the ladder.
    StepUp,
    /// This dose from now on (mg, or mol).
    Give(f64),
    /// Another regimen from now on, by its place among [`super::Study::others`].
    Switch(usize),
    /// Another regimen for a time (h).
    Rescue(usize, f64),
    /// No doses any more.
    Stop,
}

/// What a step down does on the lowest rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lowest {
    /// The rule does not act.
    Stay,
    /// Treatment stops.
    Stop,
}

/// What `do` says before its regimen is known.
pub(super) enum Deed<'t> {
    Done(Action),
    Switch(&'t str),
    Rescue(&'t str, f64),
}

impl Rule {
    /// All conditions that it looks at.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let until = match &self.action {
            Action::Hold(until) => until.as_slice(),
            _ => &[],
        };
        self.when.iter().chain(until)
    }

    /// Whether it rests on covariates alone and so acts before the first dose.
    pub fn at_start(&self) -> bool {
        self.when.iter().all(|c| c.response().is_none())
    }

    /// Whether it is in force in an arm.
    pub fn covers(&self, arm: usize) -> bool {
        self.arms.as_ref().is_none_or(|arms| arms.contains(&arm))
    }
}

/// Reads `when`: conditions and the number of visits at which they must hold.
pub(super) fn when(text: &str, names: Names<'_>) -> Result<(Vec<Condition>, u32), Refusal> {
    let text = text.trim();
    let Some((conditions, count)) = text.rsplit_once(" at ").filter(|(_, end)| end.contains("visit")) else {
        return Ok((names.conditions(text)?, 1));
    };
    let count = count.trim_end_matches('s').trim_end_matches("visit").trim();
    let count = count.trim_end_matches("consecutive").trim();
    match count.parse::<u32>() {
        Ok(count @ 1..=100) => Ok((names.conditions(conditions)?, count)),
        _ => Err((format!("`{count}` is no number of visits"), "write \"… at 2 visits\"".into())),
    }
}

/// Reads `do`.
pub(super) fn deed<'t>(text: &'t str, names: Names<'_>) -> Result<Deed<'t>, Refusal> {
    let text = text.trim();
    let done = |action| Ok(Deed::Done(action));
    match text {
        "hold" => return done(Action::Hold(Vec::new())),
        "step down" => return done(Action::StepDown(Lowest::Stay)),
        "step down or stop" => return done(Action::StepDown(Lowest::Stop)),
        "step up" => return done(Action::StepUp),
        "stop" => return done(Action::Stop),
        _ => {}
    }
    if let Some(until) = text.strip_prefix("hold until ") {
        return done(Action::Hold(names.conditions(until)?));
    }
    if let Some(regimen) = text.strip_prefix("switch to ") {
        return Ok(Deed::Switch(regimen.trim()));
    }
    if let Some(rest) = text.strip_prefix("rescue with ") {
        let (regimen, time) = rest.rsplit_once(" for ").ok_or_else(|| refused(text))?;
        return match time.parse::<Quantity>() {
            Ok(time) if time.unit().dimension() == Dimension::TIME && time.value() > 0.0 => {
                Ok(Deed::Rescue(regimen.trim(), time.coherent()))
            }
            _ => Err((format!("`{time}` is no time"), "write \"rescue with NAME for 12 weeks\"".into())),
        };
    }
    if let Some(dose) = text.strip_prefix("give ") {
        let amount = dose.parse::<Quantity>();
        return match amount {
            Ok(q)
                if [Dimension::MASS, Dimension::SUBSTANCE].contains(&q.unit().dimension())
                    && q.value() > 0.0 =>
            {
                done(Action::Give(q.coherent()))
            }
            _ => Err((format!("`{dose}` is no dose"), "write \"give 15 mg\"".into())),
        };
    }
    Err(refused(text))
}

fn refused(text: &str) -> Refusal {
    let help = "write \"hold until HB >= 80 g/L\", \"step down\", \"step up\", \"give 15 mg\", \"switch to REGIMEN\", \"rescue with REGIMEN for 12 weeks\" or \"stop\"";
    (format!("`{text}` is nothing a rule can do"), help.into())
}
