//! Protocols through the public interface: what rules, adherence and discontinuation do to the doses of patients whose
//! course is known, and what the ledger says of it.

use std::sync::Arc;

use exposim::diagnostic::{Diagnostic, Problems, Source};
use exposim::document::{Files, Shipped};
use exposim::response::{Basis, BiomarkerModel, Curve, Draws, Form, Link, Metric, ResponseModel};
use exposim::trial::{Decision, Outcomes, Reason, Records, Response, ResponseKind, Study, Trial};

/// Everything that is absorbed stays: the amount in the body is the sum of the doses.
const MODEL: &str = r#"
[model]
title = "Nothing is eliminated"
source = "test"
[parameters]
KA = { value = 5, unit = "1/h" }
V = { value = 1, unit = "L" }
[individual]
K = "KA"
VOLUME = "V"
[formulations.ER]
to.depot = { fraction = "1" }
[equations]
depot = "-K*depot"
body = "K*depot"
[outputs]
CP = { value = "body/VOLUME", unit = "mg/L" }
"#;

const POPULATION: &str = r#"
[population]
title = "Everybody the same"
[covariates]
HB = { value = "100 g/L" }
ANC = { value = "3 10^9/L" }
CRCL = { value = "25 mL/min" }
CYP3A4 = { levels = ["normal", "strong"], value = "strong" }
SEXF = { levels = ["male", "female"], probabilities = [0.5, 0.5] }
"#;

/// One compartment with first-order absorption: 5 and 0.1 per hour, 2 L.
const ELIMINATED: &str = r#"
[model]
title = "One compartment"
source = "test"
[parameters]
KA = { value = 5, unit = "1/h" }
KE = { value = 0.1, unit = "1/h" }
V = { value = 2, unit = "L" }
[individual]
KIN = "KA"
KOUT = "KE"
VOLUME = "V"
[formulations.ER]
to.depot = { fraction = "1" }
[equations]
depot = "-KIN*depot"
body = "KIN*depot - KOUT*body"
[outputs]
CP = { value = "body/VOLUME", unit = "mg/L" }
"#;

struct Own;

impl Files for Own {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        match name {
            "model" => Ok(Source::new("model.toml", MODEL)),
            "eliminated" => Ok(Source::new("eliminated.toml", ELIMINATED)),
            "population" => Ok(Source::new("population.toml", POPULATION)),
            "hb" | "anc" | "remission" => Ok(Source::new(name, "")),
            other => Shipped.open(other),
        }
    }
}

fn kind(source: &Arc<Source>) -> Result<ResponseKind, Problems> {
    let unit = match source.name() {
        "hb" => Some("g/L".parse().unwrap()),
        "anc" => Some("10^9/L".parse().unwrap()),
        _ => None,
    };
    Ok(ResponseKind { metric: Metric::Ctrough, biomarker: unit, accumulates: false, course: None })
}

/// Haemoglobin and neutrophils follow a script and nothing else.
fn text(protocol: &str, phases: &str, subjects: u64) -> String {
    format!(
        r#"
title = "protocol"
model = "model"
population = "population"
subjects = {subjects}
seed = 1
draws = 0
ladder = ["15 mg", "30 mg", "45 mg"]
{phases}
[responses]
remission = "remission"
[responses.HB]
file = "hb"
recovery = {{ "week 1" = "-10 g/L", "week 2" = "-25 g/L", "week 3" = "-22 g/L", "week 4" = "-15 g/L", "week 5" = "-5 g/L", "week 6" = "-21 g/L", "week 7" = "-30 g/L", "week 8" = "0 g/L" }}
[responses.ANC]
file = "anc"
recovery = {{ "week 1" = "0 10^9/L", "week 2" = "-2.2 10^9/L", "week 4" = "-2.1 10^9/L", "week 5" = "-1 10^9/L" }}
[endpoints]
mass = "Ctrough at week 10"
{protocol}
"#
    )
}

const TEN_WEEKS: &str = r#"
[regimens]
full = "30 mg ER every 24 h for 10 weeks"
half = "15 mg ER every 12 h for 2 weeks"
high = "45 mg ER every 24 h for 2 weeks"
[arms.only]
phases = ["full"]
"#;

fn study(text: &str) -> Study {
    Study::read(&Source::new("study.toml", text), &Own, &kind).unwrap_or_else(|p| panic!("{p}")).0
}

fn responses(study: &Study) -> Vec<Response> {
    let basis = |what: &str| Basis::new(what, Metric::Ctrough, [1e-3, 1e3]);
    let draws = |a: f64, b: f64| Draws::new(vec!["a".into(), "b".into()], vec![a, b], vec![]).unwrap();
    let form = || Form::Linear { scale: 1.0 };
    study
        .responses
        .iter()
        .map(|r| match &r.kind.biomarker {
            Some(unit) => {
                let curve = Curve::new(form(), draws(0.0, 0.0)).unwrap();
                Response::Biomarker(
                    BiomarkerModel::new(basis(&r.name), unit.clone(), 0.0, 0.0, curve).unwrap(),
                )
            }
            None => Response::Event(
                ResponseModel::new(basis(&r.name), Link::Logit, Form::Linear { scale: 1.0 }, draws(0.5, 0.0))
                    .unwrap(),
            ),
        })
        .collect()
}

/// What happens in the first arm, and the amount in the body at the end.
fn simulated(study: &Study) -> (Records, Vec<f64>) {
    let trial = Trial::new(study, responses(study)).unwrap();
    let block = trial.block(&(0..study.subjects).into());
    let mut outcomes = Outcomes::default();
    trial.simulate(&block, 0, &mut outcomes);
    (trial.records(&block, 0), outcomes.endpoint(0, 0).to_vec())
}

/// The ledger of a subject: weeks from and to, amount, doses and reason.
fn ledger(study: &Study, records: &Records, lane: usize) -> Vec<(f64, f64, f64, u32, String)> {
    let own = records.ledger().iter().filter(|e| e.lane == lane);
    own.map(|e| (e.from / 168.0, e.to / 168.0, e.amount, e.doses, e.reason.words(study))).collect()
}

fn one(protocol: &str) -> (Study, Records) {
    let study = study(&text(protocol, TEN_WEEKS, 1));
    let (records, mass) = simulated(&study);
    balanced(&records, &mass);
    (study, records)
}

/// What was given according to the ledger is what the kinetics hold.
fn balanced(records: &Records, mass: &[f64]) {
    for (lane, mass) in mass.iter().enumerate() {
        let given: f64 =
            records.ledger().iter().filter(|e| e.lane == lane).map(|e| e.amount * f64::from(e.doses)).sum();
        assert!(
            (given - mass).abs() <= 1e-9 * given.max(1.0),
            "subject {lane}: {given} mg, {mass} mg in the body"
        );
    }
}

fn actions(records: &Records) -> Vec<(f64, &str, &str)> {
    let told = |d: &'_ Decision| (d.time / 168.0, d.by.as_str().to_owned(), d.action.as_str().to_owned());
    let owned: Vec<_> = records.decisions().iter().map(told).collect();
    owned.into_iter().map(|(t, by, action)| (t, &*by.leak(), &*action.leak())).collect()
}

const WEEKLY: &str = "[visits]\nschedule = \"week 1, then every 1 week\"\n";

#[test]
fn washout_and_placebo_are_told_apart_and_no_doses() {
    let phases = TEN_WEEKS
        .replace("[\"full\"]", "[\"half\", { washout = \"2 weeks\" }, { placebo = \"high\" }, \"high\"]");
    let study = study(&text("", &phases, 1).replace("week 10", "week 8"));
    let (records, mass) = simulated(&study);
    balanced(&records, &mass);
    let given = ledger(&study, &records, 0);
    let told: Vec<(f64, f64, f64, &str)> = given.iter().map(|e| (e.0, e.1, e.2, e.4.as_str())).collect();
    assert_eq!(
        told,
        [
            (0.0, 2.0, 15.0, "planned"),
            (2.0, 4.0, 0.0, "washout"),
            (4.0, 6.0, 0.0, "placebo"),
            (6.0, 8.0, 45.0, "planned"),
        ]
    );
    // Doses are numbered through: 28 every 12 h, then 14 every 24 h from week 6 on.
    let arm = &study.arms[0];
    let hours = [1, 28, 29, 42].map(|number| arm.dose_time(number));
    assert_eq!(hours, [Some(0.0), Some(324.0), Some(1008.0), Some(1320.0)]);
    assert_eq!([arm.dose_time(0), arm.dose_time(43)], [None, None]);
}

/// True haemoglobin 90, 75, 78, 85, 95, 79, 70, 100, 100 g/L at weeks 1 to 9.
#[test]
fn doses_are_held_and_resumed_as_computed_by_hand() {
    let rule = "[rules.anaemia]\nwhen = \"HB < 80 g/L\"\ndo = \"hold until HB >= 80 g/L\"\n";
    let (study, records) = one(&format!("{WEEKLY}{rule}"));
    let (planned, held) = ("planned".to_string(), "on hold: anaemia".to_string());
    assert_eq!(
        ledger(&study, &records, 0),
        [
            (0.0, 2.0, 30.0, 14, planned.clone()),
            (2.0, 4.0, 0.0, 14, held.clone()),
            (4.0, 6.0, 30.0, 14, planned.clone()),
            (6.0, 8.0, 0.0, 14, held),
            (8.0, 10.0, 30.0, 14, planned),
        ]
    );
    let hold = "hold until HB >= 80 g/L";
    assert_eq!(
        actions(&records),
        [
            (2.0, "anaemia", hold),
            (4.0, "anaemia", "resume"),
            (6.0, "anaemia", hold),
            (8.0, "anaemia", "resume")
        ]
    );
    let first = &records.decisions()[0];
    assert_eq!((first.value, first.threshold), (75e3, 80e3));
    assert_eq!(records.decisions()[1].value, 85e3);
}

#[test]
fn a_rule_that_asks_for_confirmation_waits_for_the_next_visit() {
    let rule = "[rules.anaemia]\nwhen = \"HB < 80 g/L at 2 visits\"\ndo = \"hold until HB >= 80 g/L\"\n";
    let (_, records) = one(&format!("{WEEKLY}{rule}"));
    // Low at weeks 2 and 3, and at weeks 6 and 7.
    let times: Vec<f64> = actions(&records).iter().map(|a| a.0).collect();
    assert_eq!(times, [3.0, 4.0, 7.0, 8.0]);
}

/// Neutrophils 3.0, 0.8, 0.85, 0.9, 2.0 at weeks 1 to 5: both signals cross at week 2, haemoglobin recovers first.
#[test]
fn of_two_signals_that_cross_at_one_visit_the_first_rule_acts_and_the_other_goes_on() {
    let rules = "[rules]\nanaemia = { when = \"HB < 80 g/L\", do = \"hold\" }\nneutropenia = { when = \"ANC < 1.0e9/L\", do = \"hold\" }\n";
    let (study, records) = one(&format!("{WEEKLY}{rules}"));
    let early: Vec<_> = actions(&records).into_iter().filter(|a| a.0 < 6.0).collect();
    assert_eq!(
        early,
        [(2.0, "anaemia", "hold"), (4.0, "neutropenia", "hold"), (5.0, "neutropenia", "resume")]
    );
    let held: Vec<_> = ledger(&study, &records, 0)
        .into_iter()
        .filter(|e| e.2 == 0.0 && e.0 < 6.0)
        .map(|e| (e.0, e.1, e.4))
        .collect();
    assert_eq!(
        held,
        [(2.0, 4.0, "on hold: anaemia".to_string()), (4.0, 5.0, "on hold: neutropenia".to_string())]
    );
    // In the other order neutropenia holds from the start, and alone.
    let rules = "[rules]\nneutropenia = { when = \"ANC < 1.0e9/L\", do = \"hold\" }\nanaemia = { when = \"HB < 80 g/L\", do = \"hold\" }\n";
    let (_, records) = one(&format!("{WEEKLY}{rules}"));
    assert_eq!(actions(&records)[..2], [(2.0, "neutropenia", "hold"), (5.0, "neutropenia", "resume")]);
}

#[test]
fn a_visit_that_is_missed_delays_what_would_have_been_done() {
    let visits = "[visits]\nschedule = \"week 1, then every 1 week\"\nmissed = \"30 %\"\n";
    let rule = "[rules.anaemia]\nwhen = \"HB < 80 g/L\"\ndo = \"hold\"\n";
    let study = study(&text(&format!("{visits}{rule}"), TEN_WEEKS, 400));
    let (records, mass) = simulated(&study);
    balanced(&records, &mass);
    let first =
        |lane: usize| records.decisions().iter().find(|d| d.lane == lane).map_or(99.0, |d| d.time / 168.0);
    let count = |week: f64| (0..400).filter(|lane| first(*lane) == week).count();
    // Low at weeks 2, 3, 6 and 7: nobody is held at another time.
    assert_eq!(count(2.0) + count(3.0) + count(6.0) + count(7.0) + count(99.0), 400);
    // 70 %, 21 % of 400, binomial standard deviations 9 and 8.
    assert!((count(2.0) as f64 - 280.0).abs() < 30.0, "{}", count(2.0));
    assert!((count(3.0) as f64 - 84.0).abs() < 27.0, "{}", count(3.0));
    // Confirmation needs two visits at which the subject was seen; one that was missed in between does not undo it.
    let rule = "[rules.anaemia]\nwhen = \"HB < 80 g/L at 2 visits\"\ndo = \"stop\"\n";
    let study = self::study(&text(&format!("{visits}{rule}"), TEN_WEEKS, 400));
    let (records, _) = simulated(&study);
    assert!(records.decisions().iter().all(|d| [3.0, 6.0, 7.0].contains(&(d.time / 168.0))));
}

#[test]
fn doses_step_along_the_ladder_no_sooner_than_allowed() {
    let rules = "[rules]\nlow = { when = \"HB < 80 g/L\", do = \"step down or stop\", apart = \"2 weeks\" }\nhigh = { when = \"HB >= 95 g/L\", do = \"step up\" }\n";
    let (study, records) = one(&format!("{WEEKLY}{rules}"));
    // Low at 2 (down to 15; too soon at 3), high at 5 (up to 30), low at 6 (too soon), 7 (down), high at 8, 9, and 10.
    let amounts: Vec<(f64, f64)> = ledger(&study, &records, 0).iter().map(|e| (e.0, e.2)).collect();
    assert_eq!(amounts, [(0.0, 30.0), (2.0, 15.0), (5.0, 30.0), (7.0, 15.0), (8.0, 30.0), (9.0, 45.0)]);
    let rules = "[rules]\nlow = { when = \"HB < 80 g/L\", do = \"step down or stop\" }\n";
    let (study, records) = one(&format!("{WEEKLY}{rules}"));
    let last = ledger(&study, &records, 0).pop().unwrap();
    assert_eq!((last.0, last.2, last.4.as_str()), (3.0, 0.0, "stopped: low"));
}

#[test]
fn rescue_is_another_regimen_for_a_time() {
    let rules = "[rules.flare]\nwhen = \"HB < 80 g/L\"\ndo = \"rescue with half for 2 weeks\"\n";
    let (study, records) = one(&format!("{WEEKLY}{rules}"));
    let doses: Vec<(f64, f64, f64, u32)> =
        ledger(&study, &records, 0).iter().map(|e| (e.0, e.1, e.2, e.3)).collect();
    assert_eq!(
        doses,
        [
            (0.0, 2.0, 30.0, 14),
            (2.0, 4.0, 15.0, 28),
            (4.0, 6.0, 30.0, 14),
            (6.0, 8.0, 15.0, 28),
            (8.0, 10.0, 30.0, 14)
        ]
    );
}

#[test]
fn a_rule_on_covariates_sets_the_dose_before_the_first() {
    for condition in ["CYP3A4 is strong", "CRCL < 30 mL/min"] {
        let rules = format!("[rules.label]\nwhen = \"{condition}\"\ndo = \"step down\"\n");
        let (study, records) = one(&rules);
        assert_eq!(ledger(&study, &records, 0), [(0.0, 10.0, 15.0, 70, "rule: label".to_string())]);
    }
    let (study, records) = one("[rules.label]\nwhen = \"CRCL > 30 mL/min\"\ndo = \"give 7.5 mg\"\n");
    assert_eq!(ledger(&study, &records, 0)[0].2, 30.0);
}

#[test]
fn responders_are_randomised_again_and_the_others_stop() {
    let phases = r#"
[regimens]
induction = "45 mg ER every 24 h for 4 weeks"
full = "30 mg ER every 24 h for 6 weeks"
half = "15 mg ER every 24 h for 6 weeks"
[arms.only]
phases = ["induction", { if = "remission", randomise = ["full", "half"], ratio = "2:1", strata = ["SEXF", "CRCL < 30 mL/min"], block = 6, else = "stop" }]
"#;
    let study = study(&text("", phases, 3000));
    let (records, mass) = simulated(&study);
    balanced(&records, &mass);
    let last: Vec<_> = (0..3000).map(|lane| ledger(&study, &records, lane).pop().unwrap()).collect();
    let share = |amount: f64| last.iter().filter(|e| e.2 == amount).count() as f64 / 3000.0;
    // Remission has a chance of 1/(1 + exp(-0.5)) = 0.6225 in this test.
    assert!((share(0.0) - 0.3775).abs() < 0.03, "{}", share(0.0));
    assert!((share(30.0) / share(15.0) - 2.0).abs() < 0.25, "{} {}", share(30.0), share(15.0));
    assert!(last.iter().all(|e| e.0 == 4.0 && (e.2 > 0.0 || e.4 == "stopped: not eligible")));
}

/// The outcomes of the first arm, a column an endpoint.
fn endpoints(study: &Study) -> Vec<Vec<f64>> {
    let trial = Trial::new(study, responses(study)).unwrap();
    let mut outcomes = Outcomes::default();
    trial.simulate(&trial.block(&(0..study.subjects).into()), 0, &mut outcomes);
    (0..study.endpoints.len()).map(|e| outcomes.endpoint(0, e).to_vec()).collect()
}

#[test]
fn doses_that_come_late_act_from_then_on() {
    let protocol = r#"
peak = "Cmax at week 10"
when = "Tmax at week 10"
area = "AUCtau at week 10"
[adherence]
late = [{ share = "60 %", by = "7 h" }, { share = "40 %", by = "2.5 h" }]
"#;
    let text = text(protocol, TEN_WEEKS, 40).replace("\"model\"", "\"eliminated\"");
    let study = study(&text);
    let (records, _) = simulated(&study);
    let found = endpoints(&study);
    let concentration = |lane: usize, time: f64| -> f64 {
        let entries = records.ledger().iter().filter(|e| e.lane == lane);
        let doses = entries
            .flat_map(|e| (0..e.doses).map(|k| (e.from + f64::from(k) * e.interval + e.late, e.amount)));
        let after = doses.filter(|(at, _)| *at <= time).map(|(at, amount)| (time - at, amount));
        after.map(|(t, amount)| amount / 2.0 * 5.0 / 4.9 * ((-0.1 * t).exp() - (-5.0 * t).exp())).sum()
    };
    let (start, end) = (69.0 * 24.0, 70.0 * 24.0);
    for lane in 0..40 {
        let late = records.ledger().iter().rfind(|e| e.lane == lane).unwrap().late;
        assert!(late == 7.0 || late == 2.5);
        let near = |found: f64, expected: f64, to: f64| {
            assert!((found - expected).abs() <= to * expected.abs(), "{lane}: {found} {expected}");
        };
        near(found[0][lane], concentration(lane, end), 1e-11);
        // The dose peaks ln(5/0.1)/4.9 h after it alone, a little sooner on top of what falls.
        let times: Vec<f64> = (0..=24_000).map(|k| start + f64::from(k) / 1000.0).collect();
        let highest = times.iter().map(|t| concentration(lane, *t)).fold(0.0, f64::max);
        near(found[1][lane], highest, 1e-6);
        assert!((found[2][lane] - late - 0.75).abs() < 0.1, "{lane}: {} after {late}", found[2][lane]);
        let sum: f64 =
            times.windows(2).map(|w| 0.0005 * (concentration(lane, w[0]) + concentration(lane, w[1]))).sum();
        near(found[3][lane], sum, 1e-5);
    }
    // The first of 70 doses is always in time.
    let first = records.ledger().iter().filter(|e| e.from == 0.0);
    assert!(first.clone().count() == 40 && first.clone().all(|e| e.late == 0.0));
    let late = records.ledger().iter().filter(|e| e.late == 7.0).map(|e| f64::from(e.doses)).sum::<f64>();
    // Binomial standard deviation 26.
    assert!((late / 40.0 - 0.6 * 69.0).abs() < 2.6, "{late}");
}

#[test]
fn grades_are_the_last_of_their_events() {
    let protocol = r#"
anaemia = { what = "grade of HB < 100 g/L, HB < 80 g/L, HB < 65 g/L at week 2", better = "lower" }
later = "grade of HB < 100 g/L, HB < 80 g/L at week 8"
either = "HB < 80 g/L or ANC < 1 10^9/L at week 2"
neither = "HB < 80 g/L or ANC < 1 10^9/L at week 8"
"#;
    let study = study(&text(protocol, TEN_WEEKS, 1));
    let found = endpoints(&study);
    let of = |name: &str| found[study.endpoints.iter().position(|e| e.name == name).unwrap()][0];
    // Haemoglobin is 75 g/L at week 2 and 100 g/L at week 8.
    assert_eq!(["anaemia", "anaemia_1", "anaemia_2", "anaemia_3"].map(of), [2.0, 1.0, 1.0, 0.0]);
    assert_eq!(["later", "later_1", "later_2"].map(of), [0.0, 0.0, 0.0]);
    assert_eq!(["either", "neither"].map(of), [1.0, 0.0]);
}

#[test]
fn whoever_has_stopped_has_the_worst_grade() {
    let protocol = r#"
bad = { what = "grade of HB < 100 g/L, HB < 80 g/L, HB < 65 g/L at week 8", better = "lower", estimand = "composite" }
good = { what = "grade of HB >= 80 g/L, HB >= 100 g/L at week 8", better = "higher", estimand = "composite" }
[visits]
schedule = "week 2"
[rules]
anaemia = { when = "HB < 80 g/L", do = "stop" }
"#;
    let study = study(&text(protocol, TEN_WEEKS, 1));
    let found = endpoints(&study);
    let of = |name: &str| found[study.endpoints.iter().position(|e| e.name == name).unwrap()][0];
    assert_eq!(["bad", "bad_1", "bad_3", "good", "good_1"].map(of), [3.0, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn the_ledger_holds_what_the_kinetics_were_given() {
    let protocol = r#"
[visits]
schedule = "week 1, then every 1 week"
window = "2 days"
missed = "10 %"
[assays.HB]
cv = "5 %"
[adherence]
missed = "10 %"
after-missed = "40 %"
doubled = "30 %"
holidays = { every = "8 weeks", last = "3 days" }
late = [{ share = "20 %", by = "7 h" }, { share = "10 %", by = "2 h" }]
[discontinuation]
persistence = { "week 10" = "60 %" }
reasons = { "lack of effect" = 3, "adverse event" = 1 }
ratios = { "SEXF is female" = 2 }
[rules]
flare = { when = "HB >= 98 g/L", do = "rescue with half for 2 weeks" }
anaemia = { when = "HB < 80 g/L", do = "hold until HB >= 82 g/L" }
neutropenia = { when = "ANC < 1.0e9/L", do = "step down", apart = "2 weeks" }
"#;
    let study = study(&text(protocol, TEN_WEEKS, 300));
    let (records, mass) = simulated(&study);
    balanced(&records, &mass);
    let reasons: Vec<String> = records.ledger().iter().map(|e| e.reason.words(&study)).collect();
    for reason in [
        "planned",
        "missed",
        "doubled",
        "on hold: anaemia",
        "rule: flare",
        "rule: neutropenia",
        "discontinued: lack of effect",
        "discontinued: adverse event",
    ] {
        assert!(reasons.iter().any(|r| r == reason), "nobody is {reason}");
    }
    // Each subject's entries follow one another without a gap.
    for lane in 0..300 {
        let own = ledger(&study, &records, lane);
        assert!(own.windows(2).all(|w| (w[0].1 - w[1].0).abs() < 1e-12), "{own:?}");
        assert!(own[0].0 == 0.0 && (own[own.len() - 1].1 - 10.0).abs() < 1e-12);
    }
    let stopped = |female: f64| {
        let trial = Trial::new(&study, responses(&study)).unwrap();
        let block = trial.block(&(0..300).into());
        let sex = block.cohort().column(4).to_vec();
        let stopped = |lane: &usize| {
            records.ledger().iter().any(|e| e.lane == *lane && matches!(e.reason, Reason::Discontinued(_)))
        };
        let group: Vec<usize> = (0..300).filter(|lane| sex[*lane] == female).collect();
        group.iter().filter(|lane| stopped(lane)).count() as f64 / group.len() as f64
    };
    // 1 - 0.6 and 1 - 0.6^2; binomial standard deviation 4 points.
    assert!((stopped(0.0) - 0.4).abs() < 0.12, "{}", stopped(0.0));
    assert!((stopped(1.0) - 0.64).abs() < 0.12, "{}", stopped(1.0));
}

/// What a subject draws does not depend on what else is in the study.
#[test]
fn an_assay_a_visit_or_an_arm_more_changes_nothing_else() {
    let visits = |schedule: &str| {
        format!(
            "[visits]\nschedule = \"{schedule}\"\nwindow = \"1 day\"\nmissed = \"10 %\"\nmeasure = [\"HB\", \"ANC\"]\n"
        )
    };
    let rest = "[assays.HB]\ncv = \"6 %\"\n[adherence]\nmissed = \"10 %\"\n[discontinuation]\npersistence = { \"week 10\" = \"60 %\" }\n[rules.anaemia]\nwhen = \"HB < 80 g/L\"\ndo = \"hold\"\n";
    let records = |protocol: &str, phases: &str| simulated(&study(&text(protocol, phases, 200))).0;
    let base = records(&format!("{}{rest}", visits("week 2, 4, 6")), TEN_WEEKS);
    assert!(base.decisions().len() > 100);
    let assay = format!("{}{rest}[assays.ANC]\ncv = \"10 %\"\n", visits("week 2, 4, 6"));
    assert_eq!(base, records(&assay, TEN_WEEKS));
    let arm = TEN_WEEKS.replace("[arms.only]", "other = \"15 mg ER every 24 h for 12 weeks\"\n[arms.only]")
        + "[arms.more]\nphases = [\"other\"]\n";
    assert_eq!(base, records(&format!("{}{rest}", visits("week 2, 4, 6")), &arm));
    // A visit more decides for itself; what was decided before it stays.
    let more = records(&format!("{}{rest}", visits("week 2, 4, 6, 8")), TEN_WEEKS);
    let before =
        |r: &Records| r.decisions().iter().filter(|d| d.planned < 8.0 * 168.0).cloned().collect::<Vec<_>>();
    assert_eq!(before(&base), before(&more));
    assert!(more.decisions().len() > base.decisions().len());
}

/// Endpoints of what rules do, over the script above: low at weeks 2, 3, 6 and 7.
#[test]
fn endpoints_count_what_was_done_and_measured() {
    let protocol = format!(
        "{}\n{WEEKLY}[rules.anaemia]\nwhen = \"HB < 80 g/L\"\ndo = \"hold\"\n",
        r#"holds = "number of holds by week 10"
early = "number of holds by week 5"
days = "days on hold by week 10"
doses = "doses taken by week 10"
any = "any HB < 72 g/L"
before = "any HB < 72 g/L by week 6"
first = "time to HB < 72 g/L by week 10"
none = "time to HB < 50 g/L by week 10"
both = "HB > 90 g/L and fall of HB < 2 g/L at week 10"
trough = "Ctrough before dose 15""#
    );
    let study = study(&text(&protocol, TEN_WEEKS, 1));
    let trial = Trial::new(&study, responses(&study)).unwrap();
    let mut outcomes = Outcomes::default();
    trial.simulate(&trial.block(&(0..1).into()), 0, &mut outcomes);
    let value = |name: &str| {
        let place = study.endpoints.iter().position(|e| e.name == name).unwrap();
        outcomes.endpoint(0, place)[0]
    };
    for (name, expected) in [
        ("holds", 2.0),
        ("early", 1.0),
        ("days", 28.0 * 24.0),
        ("doses", 42.0),
        ("any", 1.0),
        ("before", 0.0),
        ("first", 7.0 * 168.0),
        ("none", 10.0 * 168.0),
        ("both", 1.0),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    assert!((value("trough") - 420.0).abs() < 1e-9, "{}", value("trough"));
}

/// Everybody responds with the same chance whatever is given, so that the estimands differ by who is left.
#[test]
fn estimands_say_what_counts_of_those_who_have_stopped() {
    let protocol = r#"stopped = "discontinuation by week 10"
alone = "discontinuation for adverse event by week 10"
policy = { what = "remission at week 10", better = "higher" }
composite = { what = "remission at week 10", better = "higher", estimand = "composite" }
while_on = { what = "Ctrough at week 10", estimand = "while-on-treatment" }
mid = "Ctrough at week 5"
time = "time to discontinuation by week 10"
[discontinuation]
persistence = { "week 10" = "60 %" }
reasons = { "lack of effect" = 3, "adverse event" = 1 }
"#;
    let study = study(&text(protocol, TEN_WEEKS, 2000));
    let trial = Trial::new(&study, responses(&study)).unwrap();
    let block = trial.block(&(0..2000).into());
    let mut outcomes = Outcomes::default();
    trial.simulate(&block, 0, &mut outcomes);
    let values = |name: &str| {
        let place = study.endpoints.iter().position(|e| e.name == name).unwrap();
        outcomes.endpoint(0, place).to_vec()
    };
    let mean = |name: &str| values(name).iter().sum::<f64>() / 2000.0;
    // Binomial standard deviations of 2000: about 1 point.
    assert!((mean("stopped") - 0.4).abs() < 0.035, "{}", mean("stopped"));
    assert!((mean("alone") - 0.1).abs() < 0.025, "{}", mean("alone"));
    // Constant hazard: 10 weeks times (1 - 0.6) / -ln(0.6).
    let expected = 1680.0 * 0.4 / -(0.6f64.ln());
    assert!((mean("time") - expected).abs() < 40.0, "{} {expected}", mean("time"));
    let (policy, composite, stopped) = (values("policy"), values("composite"), values("stopped"));
    for lane in 0..2000 {
        assert_eq!(composite[lane], if stopped[lane] == 1.0 { 0.0 } else { policy[lane] }, "{lane}");
    }
    assert!((mean("policy") - 0.6225).abs() < 0.04, "{}", mean("policy"));
    // On treatment for the last time at week 10, at week 5, or at no moment that is looked at.
    let (while_on, end, mid, time) = (values("while_on"), values("mass"), values("mid"), values("time"));
    for lane in 0..2000 {
        let expected = if time[lane] >= 1680.0 { end[lane] } else { mid[lane] };
        assert_eq!(while_on[lane], expected, "{lane}");
    }
}
