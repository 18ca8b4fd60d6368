//! What was really given, and what was decided: the ledger of doses and the log of decisions.

use super::Study;
use super::condition::Signal;

/// Why a dose was what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// As planned.
    Planned,
    /// A washout.
    Washout,
    /// Placebo was given.
    Placebo,
    /// A rule holds the doses, by its place in the study.
    Held(usize),
    /// A rule has changed the dose or the regimen.
    Changed(usize),
    /// A rule has stopped treatment.
    Stopped(usize),
    /// The conditions of a phase did not hold, and treatment stopped.
    NotEligible,
    /// Treatment was discontinued, by the place of the reason in the study.
    Discontinued(usize),
    /// The subject did not take it.
    Missed,
    /// The subject made up for a dose that was missed.
    Doubled,
}

impl Reason {
    /// Whether treatment has ended for a reason of a name, or for any.
    pub(super) fn is_for(self, name: Option<&str>, study: &Study) -> bool {
        let own = match self {
            Reason::Stopped(rule) => study.rules.get(rule).map(|rule| rule.name.as_str()),
            Reason::Discontinued(cause) => {
                study.discontinuation.causes.get(cause).map(|cause| cause.name.as_str())
            }
            _ => return false,
        };
        name.is_none() || name == own
    }

    /// The reason in words.
    pub fn words(self, study: &Study) -> String {
        let rule = |place: usize| study.rules.get(place).map_or("", |rule| rule.name.as_str());
        match self {
            Reason::Planned => "planned".into(),
            Reason::Washout => "washout".into(),
            Reason::Placebo => "placebo".into(),
            Reason::Held(place) => format!("on hold: {}", rule(place)),
            Reason::Changed(place) => format!("rule: {}", rule(place)),
            Reason::Stopped(place) => format!("stopped: {}", rule(place)),
            Reason::NotEligible => "stopped: not eligible".into(),
            Reason::Discontinued(place) => {
                format!(
                    "discontinued: {}",
                    study.discontinuation.causes.get(place).map_or("", |c| c.name.as_str())
                )
            }
            Reason::Missed => "missed".into(),
            Reason::Doubled => "doubled".into(),
        }
    }
}

/// Doses of one amount at regular times, for one reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The place of the subject in its block.
    pub lane: usize,
    /// When the first is due (h).
    pub from: f64,
    /// When the interval of the last ends (h).
    pub to: f64,
    /// The dose (mg, or mol); 0 where none was taken.
    pub amount: f64,
    /// The interval (h).
    pub interval: f64,
    /// How many doses, taken or not.
    pub doses: u32,
    /// How long after it was due each was taken (h).
    pub late: f64,
    /// Why.
    pub reason: Reason,
}

/// What was decided for a subject, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The place of the subject in its block.
    pub lane: usize,
    /// When (h).
    pub time: f64,
    /// When the visit was planned (h).
    pub planned: f64,
    /// The rule or phase that decided.
    pub by: String,
    /// The condition that was looked at first.
    pub condition: String,
    /// What it looks at; nothing where chance alone decides.
    pub signal: Option<Signal>,
    /// What was measured (coherent units; 1 or 0 for a response that is there or not).
    pub value: f64,
    /// The threshold (coherent units); not a number where there is none.
    pub threshold: f64,
    /// What was done.
    pub action: String,
}

/// The records of a block of subjects in an arm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    entries: Vec<Entry>,
    /// The place of each subject's last entry.
    last: Vec<Option<usize>>,
    decisions: Vec<Decision>,
}

impl Records {
    /// Nothing yet, for so many subjects.
    pub(super) fn new(lanes: usize) -> Self {
        Records { last: vec![None; lanes], ..Records::default() }
    }

    /// Takes down doses; those that go on with the last entry of the subject are added to it.
    pub(super) fn give(&mut self, entry: Entry) {
        if let Some(last) = self.last[entry.lane].map(|place| &mut self.entries[place])
            && last.to == entry.from
            && (last.amount, last.interval) == (entry.amount, entry.interval)
            && (last.late, last.reason) == (entry.late, entry.reason)
        {
            last.to = entry.to;
            last.doses += entry.doses;
            return;
        }
        self.last[entry.lane] = Some(self.entries.len());
        self.entries.push(entry);
    }

    /// Takes down a decision.
    pub(super) fn decide(&mut self, decision: Decision) {
        self.decisions.push(decision);
    }

    /// Puts everything in the order of subjects and times.
    pub(super) fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.lane.cmp(&b.lane).then(a.from.total_cmp(&b.from)));
        self.decisions.sort_by(|a, b| a.lane.cmp(&b.lane).then(a.time.total_cmp(&b.time)));
        self.last.clear();
    }

    /// The doses, subject by subject, in order of time.
    pub fn ledger(&self) -> &[Entry] {
        &self.entries
    }

    /// The decisions, subject by subject, in order of time.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }
}
