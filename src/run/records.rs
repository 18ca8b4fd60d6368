//! The ledger of doses and the log of decisions as rows: a row a run of equal doses, a row a decision.
//!
//! Both are those at the central parameters. They are computed by themselves, after the summaries: one walk more
//! through the arms, and nothing to carry through blocks and shards.

use rayon::prelude::*;

use super::RunError;
use super::cut::LEAF;
use super::rows::{RowBatch, RowColumn};
use crate::trial::{Action, Choice, Decision, Entry, Otherwise, Reason, Signal, Study, Trial};
use crate::units::Unit;

/// Takes rows of the ledger and of the log of decisions, in order.
pub type RecordSink<'a> =
    &'a mut dyn FnMut(&RowBatch, &RowBatch) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Subjects whose records wait for their turn at one time; bounds memory.
const WAVE: u64 = 16 * LEAF;

/// Whether a study has more to tell of doses than its phases say.
pub fn has_records(study: &Study) -> bool {
    let decides = |p: &crate::trial::Phase| !matches!(p.choice, Choice::None);
    !study.rules.is_empty()
        || study.adherence.is_some()
        || !study.discontinuation.causes.is_empty()
        || study.arms.iter().flat_map(|arm| &arm.phases).any(decides)
}

fn column(name: &str, unit: &str, label: &str, levels: Option<Vec<String>>) -> RowColumn {
    let unit = unit.parse().unwrap_or_else(|_| Unit::one());
    RowColumn { name: name.into(), unit, label: label.into(), levels }
}

/// The columns of the ledger after ID and ARM.
pub fn ledger_columns(study: &Study) -> Vec<RowColumn> {
    let reasons = reasons(study).into_iter().map(|reason| reason.words(study)).collect();
    vec![
        column("FROM", "h", "When the first of these doses is due", None),
        column("TO", "h", "When the interval of the last of them ends", None),
        column("AMT", "mg", "Each dose as it was taken; 0 where none was", None),
        column("II", "h", "From one dose to the next", None),
        column("DOSES", "1", "How many doses, taken or not", None),
        column("LATE", "h", "How long after it was due each was taken", None),
        column("REASON", "1", "Why", Some(reasons)),
    ]
}

/// The columns of the log of decisions after ID and ARM.
pub fn decision_columns(study: &Study) -> Vec<RowColumn> {
    let words = Words::of(study);
    vec![
        column("TIME", "h", "When it was decided", None),
        column("VISIT", "h", "When the visit was planned", None),
        column("BY", "1", "The rule or phase that decided", Some(words.by)),
        column("SIGNAL", "1", "The condition that was looked at first", Some(words.conditions)),
        column("VALUE", "1", "What was measured, in the unit of the signal; 1 or 0 for an event", None),
        column("THRESHOLD", "1", "The threshold, in the same unit", None),
        column("ACTION", "1", "What was done", Some(words.actions)),
    ]
}

/// Every reason that a dose may have.
fn reasons(study: &Study) -> Vec<Reason> {
    let mut reasons = vec![
        Reason::Planned,
        Reason::Washout,
        Reason::Placebo,
        Reason::NotEligible,
        Reason::Missed,
        Reason::Doubled,
    ];
    let rules = 0..study.rules.len();
    reasons.extend(rules.flat_map(|r| [Reason::Held(r), Reason::Changed(r), Reason::Stopped(r)]));
    reasons.extend((0..study.discontinuation.causes.len()).map(Reason::Discontinued));
    reasons
}

/// What the log may say.
struct Words {
    by: Vec<String>,
    conditions: Vec<String>,
    actions: Vec<String>,
}

impl Words {
    fn of(study: &Study) -> Self {
        let phases = || study.arms.iter().flat_map(|arm| &arm.phases);
        let most = study.arms.iter().map(|arm| arm.phases.len()).max().unwrap_or(0);
        let mut by: Vec<String> = study.rules.iter().map(|rule| rule.name.clone()).collect();
        by.extend((1..=most).map(|phase| format!("phase {phase}")));
        let rules = study.rules.iter().flat_map(crate::trial::Rule::conditions);
        let mut conditions: Vec<String> =
            rules.chain(phases().flat_map(crate::trial::Phase::conditions)).map(|c| c.text.clone()).collect();
        conditions.push("randomised".into());
        let mut actions: Vec<String> = study.rules.iter().map(|rule| rule.text.1.clone()).collect();
        actions.extend(phases().flat_map(|p| &p.options).map(|dosing| dosing.words().to_string()));
        let holds = study.rules.iter().any(|rule| matches!(rule.action, Action::Hold(_)));
        actions.extend(holds.then(|| "resume".to_string()));
        let stops = |choice: &Choice| {
            matches!(choice, Choice::Test(_, Otherwise::Stop) | Choice::Randomise(_, _, Otherwise::Stop))
        };
        actions.extend(phases().any(|p| stops(&p.choice)).then(|| "stop".to_string()));
        for words in [&mut by, &mut conditions, &mut actions] {
            words.sort();
            words.dedup();
        }
        Words { by, conditions, actions }
    }
}

/// Hands the records of all subjects to a sink, in their order.
pub(super) fn records(
    trial: &Trial<'_>,
    pool: &rayon::ThreadPool,
    sink: RecordSink<'_>,
) -> Result<(), RunError> {
    let study = trial.study();
    let mut first = 0;
    while first < study.subjects {
        let end = (first + WAVE).min(study.subjects);
        let leaves = (end - first).div_ceil(LEAF);
        let batches: Vec<(RowBatch, RowBatch)> = pool.install(|| {
            let leaf = |leaf: u64| first + leaf * LEAF..(first + (leaf + 1) * LEAF).min(end);
            (0..leaves).into_par_iter().map(|l| batches(trial, leaf(l))).collect()
        });
        for (ledger, decisions) in &batches {
            sink(ledger, decisions).map_err(RunError::Place)?;
        }
        first = end;
    }
    Ok(())
}

/// The records of some subjects: arm by arm, each subject by subject.
fn batches(trial: &Trial<'_>, subjects: std::ops::Range<u64>) -> (RowBatch, RowBatch) {
    let study = trial.study();
    let block = trial.block(&subjects.clone().into());
    let (reasons, words) = (reasons(study), Words::of(study));
    let (mut ledger, mut log) = (Rows::new(7, subjects.start), Rows::new(7, subjects.start));
    for arm in 0..study.arms.len() {
        let records = trial.records(&block, arm);
        for entry in records.ledger() {
            let reason = reasons.iter().position(|r| *r == entry.reason);
            ledger.put(entry.lane, arm, &entry_values(entry, reason));
        }
        for decision in records.decisions() {
            log.put(decision.lane, arm, &decision_values(study, &words, decision));
        }
    }
    (ledger.batch, log.batch)
}

struct Rows {
    batch: RowBatch,
    first: u64,
}

impl Rows {
    fn new(columns: usize, first: u64) -> Self {
        Rows { batch: RowBatch { values: vec![Vec::new(); columns], ..RowBatch::default() }, first }
    }

    fn put(&mut self, lane: usize, arm: usize, values: &[f64]) {
        // Numbers of subjects are below 10^9; arms are a handful.
        self.batch.id.push(i64::try_from(self.first + lane as u64 + 1).unwrap_or(i64::MAX));
        self.batch.arm.push(u32::try_from(arm).unwrap_or(u32::MAX));
        self.batch.values.iter_mut().zip(values).for_each(|(column, value)| column.push(*value));
    }
}

/// The place of a word among a handful, as rows hold levels.
fn place(place: Option<usize>) -> f64 {
    place.and_then(|place| u32::try_from(place).ok()).map_or(f64::NAN, f64::from)
}

fn entry_values(entry: &Entry, reason: Option<usize>) -> [f64; 7] {
    [entry.from, entry.to, entry.amount, entry.interval, entry.doses.into(), entry.late, place(reason)]
}

fn decision_values(study: &Study, words: &Words, decision: &Decision) -> [f64; 7] {
    let unit = match decision.signal {
        Some(Signal::Response(r)) => study.responses.get(r).and_then(|r| r.kind.biomarker.as_ref()),
        Some(Signal::Covariate(v)) => study.population.variables().get(v).map(|v| &v.unit),
        None => None,
    };
    let shown = |value: f64| unit.map_or(value, |unit| unit.from_coherent(value));
    let among = |list: &[String], word: &str| place(list.iter().position(|own| own == word));
    [
        decision.time,
        decision.planned,
        among(&words.by, &decision.by),
        among(&words.conditions, &decision.condition),
        shown(decision.value),
        shown(decision.threshold),
        among(&words.actions, &decision.action),
    ]
}
