//! The rules of dosing events, against doses that were written out by hand and added up: a depot and a central
//! compartment, each dose alone a Bateman function (Bateman 1910) or an infusion (Gibaldi and Perrier 1982, 1.2).

use super::{Check, Depth};
use crate::dosing::record::{Carry, Dose, Kind, Rate, Record, SteadyState, Target};
use crate::dosing::timeline::{Entry, Timeline, ZeroOrder};
use crate::kinetics::subject::{Linear, LinearSystem, Reason, walk};
use crate::math::exp;

const KA: f64 = 0.6;
const K: f64 = 0.15;
/// When the central amount is looked at (h).
const TIMES: [f64; 5] = [1.0, 5.0, 13.0, 26.0, 50.0];
/// So many doses before now are a steady state.
const BEFORE: i32 = 400;

struct Oral;

impl LinearSystem for Oral {
    fn states(&self) -> usize {
        2
    }

    fn coefficients(&mut self, _: usize, a: &mut [f64], _: &mut [f64], _: &mut [f64]) -> Result<(), Reason> {
        a.copy_from_slice(&[-KA, 0.0, KA, -K]);
        Ok(())
    }
}

/// A dose as it really enters.
#[derive(Clone, Copy)]
enum Enters {
    Depot { time: f64, amount: f64 },
    Central { time: f64, amount: f64 },
    Infusion { from: f64, to: f64, rate: f64 },
}

use Enters::{Central, Depot, Infusion};

impl Enters {
    /// What it makes of the central amount at a time.
    fn central(self, at: f64) -> f64 {
        match self {
            Depot { time, amount } if at >= time => {
                let t = at - time;
                amount * KA / (KA - K) * (exp(-K * t) - exp(-KA * t))
            }
            Central { time, amount } if at >= time => amount * exp(-K * (at - time)),
            Infusion { from, to, rate } if at > from => {
                let given = at.min(to) - from;
                rate / K * (1.0 - exp(-K * given)) * exp(-K * (at - at.min(to)))
            }
            _ => 0.0,
        }
    }
}

/// A rule: records, how their doses enter, and what enters when written out.
struct Rule {
    name: &'static str,
    records: Vec<(f64, Kind)>,
    entry: Entry,
    written_out: Vec<Enters>,
}

fn dose(amount: f64, to: usize, rate: Rate, (ii, addl): (f64, u32), ss: Option<SteadyState>) -> Option<Kind> {
    Some(Kind::Dose(Dose::new(amount, Target::Number(to), rate, ii, addl, ss).ok()?))
}

/// Every so many hours, from long ago until now.
fn steady(interval: f64, of: impl Fn(f64) -> Enters) -> Vec<Enters> {
    (0..BEFORE).map(|n| of(-f64::from(n) * interval)).collect()
}

fn with(mut more: Vec<Enters>, one: Enters) -> Vec<Enters> {
    more.push(one);
    more
}

fn rules() -> Option<Vec<Rule>> {
    let plain = || Entry::plain(0);
    let (bolus, once) = (Rate::Bolus, (0.0, 0));
    let on_request = ZeroOrder::OnRequest { duration: Some(4.0), rate: Some(20.0) };
    let rule = |name, records, entry, written_out| Rule { name, records, entry, written_out };
    let depot = |time| Depot { time, amount: 100.0 };
    let central = |time| Central { time, amount: 100.0 };
    let replaces = Some(SteadyState::Replaces);
    let adds = Some(SteadyState::Adds);
    let reset = |dose: Kind| match dose {
        Kind::Dose(dose) => Kind::ResetAndDose(dose),
        other => other,
    };
    Some(vec![
        rule(
            "a dose enters once",
            vec![(0.0, dose(100.0, 1, bolus, once, None)?)],
            plain(),
            vec![depot(0.0)],
        ),
        rule(
            "ADDL 3 at II 8 h: three more doses",
            vec![(0.0, dose(100.0, 1, bolus, (8.0, 3), None)?)],
            plain(),
            vec![depot(0.0), depot(8.0), depot(16.0), depot(24.0)],
        ),
        rule(
            "the lag moves a dose and its additional ones",
            vec![(0.0, dose(100.0, 1, bolus, (12.0, 1), None)?)],
            Entry { lag: 3.5, ..plain() },
            vec![depot(3.5), depot(15.5)],
        ),
        rule(
            "F scales what enters",
            vec![(0.0, dose(100.0, 1, bolus, once, None)?)],
            Entry { bioavailability: 0.37, ..plain() },
            vec![Depot { time: 0.0, amount: 37.0 }],
        ),
        rule(
            "RATE 25: an infusion of 4 h",
            vec![(0.0, dose(100.0, 2, Rate::Given(25.0), once, None)?)],
            plain(),
            vec![Infusion { from: 0.0, to: 4.0, rate: 25.0 }],
        ),
        rule(
            "F shortens an infusion of given rate",
            vec![(0.0, dose(100.0, 2, Rate::Given(25.0), once, None)?)],
            Entry { bioavailability: 0.5, ..plain() },
            vec![Infusion { from: 0.0, to: 2.0, rate: 25.0 }],
        ),
        rule(
            "RATE -2: over the duration of the model",
            vec![(0.0, dose(100.0, 2, Rate::ModelledDuration, once, None)?)],
            Entry { zero_order: on_request, ..plain() },
            vec![Infusion { from: 0.0, to: 4.0, rate: 25.0 }],
        ),
        rule(
            "RATE -1: at the rate of the model",
            vec![(0.0, dose(100.0, 2, Rate::ModelledRate, once, None)?)],
            Entry { zero_order: on_request, ..plain() },
            vec![Infusion { from: 0.0, to: 5.0, rate: 20.0 }],
        ),
        rule(
            "SS 1 is what doses without end have led to",
            vec![(0.0, dose(100.0, 1, bolus, (12.0, 0), replaces)?)],
            plain(),
            steady(12.0, depot),
        ),
        rule(
            "SS 1 replaces what was there, SS 2 adds",
            vec![(-2.0, dose(100.0, 2, bolus, once, None)?), (0.0, dose(100.0, 2, bolus, (12.0, 0), adds)?)],
            plain(),
            with(steady(12.0, central), central(-2.0)),
        ),
        rule(
            "SS 1 of an infusion goes on with ADDL",
            vec![(0.0, dose(100.0, 2, Rate::Given(50.0), (12.0, 1), replaces)?)],
            plain(),
            with(
                steady(12.0, |t| Infusion { from: t, to: t + 2.0, rate: 50.0 }),
                Infusion { from: 12.0, to: 14.0, rate: 50.0 },
            ),
        ),
        rule(
            "EVID 3 clears the system",
            vec![(-2.0, dose(100.0, 1, bolus, once, None)?), (0.0, Kind::Reset)],
            plain(),
            vec![],
        ),
        rule(
            "EVID 4 clears and gives",
            vec![
                (-2.0, dose(100.0, 1, bolus, once, None)?),
                (0.0, reset(dose(100.0, 2, bolus, once, None)?)),
            ],
            plain(),
            vec![central(0.0)],
        ),
    ])
}

/// How far a rule is off, relative to the largest central amount.
fn off(rule: &Rule) -> Option<f64> {
    let look = |time: &f64| Record { time: *time, kind: Kind::Observation { measured: true } };
    let mut records: Vec<Record> =
        rule.records.iter().map(|(time, kind)| Record { time: *time, kind: kind.clone() }).collect();
    records.extend(TIMES.iter().map(look));
    let timeline = Timeline::resolve(&records, |_, dose, out| {
        let Target::Number(number) = dose.target() else { return Err("no number".into()) };
        out.push(Entry { compartment: number - 1, ..rule.entry.clone() });
        Ok(())
    });
    let mut seen = Vec::new();
    walk(&timeline.ok()?, &mut Linear::new(Oral), Carry::Backward, |record, time, state| {
        if records[record].is_measured() {
            seen.push((time, state[1]));
        }
    })
    .ok()?;
    let expected = |time: f64| rule.written_out.iter().map(|dose| dose.central(time)).sum::<f64>();
    let highest = seen.iter().map(|(time, _)| expected(*time)).fold(1e-6, f64::max);
    (seen.len() == TIMES.len()).then(|| {
        seen.iter().map(|(time, amount)| (amount - expected(*time)).abs()).fold(0.0, f64::max) / highest
    })
}

pub(super) fn checks(_: Depth) -> Vec<Check> {
    let Some(rules) = rules() else {
        return vec![Check::holds("event rules", "the doses of the rules", false, "can be given")];
    };
    rules.iter().map(|rule| Check::at_most("event rules", rule.name, off(rule), 1e-11)).collect()
}
