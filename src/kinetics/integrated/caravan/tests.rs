//! Biomarkers that kinetics drive, carried from dose to dose: beside the integrator for one stiff subject, which takes no
//! part in that.

use super::super::{DosedModel, DosedState};
use super::{Field, Pace};
use crate::diagnostic::Source;
use crate::expr::{Column, Scratch};
use crate::model::{Choices, Model};
use crate::population::{FIRST_OCCASION, Individuals};

const POOL: &str = "KTR*pool*((1 - SLOPE*central/V)*(BASE/marrow)^GAMMA - 1)";
const TIGHT: &str = "[solver]\nmethod = \"stiff\"\nrelative = 1e-10\nabsolute = 1e-12";

/// Two routes with lags and durations of their own; a chain with feedback and a turnover that the drug slows.
fn written(pool: &str, solver: &str) -> Model {
    with_rate("0.03", pool, solver)
}

fn with_rate(rate: &str, pool: &str, solver: &str) -> Model {
    let text = format!(
        r#"
[model]
title = "test"
source = "test"
[parameters]
TVV = {{ value = 150, unit = "L" }}
CL = {{ value = 30, unit = "L/h" }}
KA = {{ value = 0.3, unit = "1/h" }}
TVLAG = {{ value = 0.3, unit = "h" }}
TVKTR = {{ value = {rate}, unit = "1/h" }}
BASE = {{ value = 5, unit = "10^9/L" }}
GAMMA = {{ value = 0.17, unit = "1" }}
SLOPE = {{ value = 0.8, unit = "L/mg" }}
KOUT = {{ value = 0.004, unit = "1/h" }}
EC50 = {{ value = 60, unit = "ng/mL" }}
[random-effects]
V = {{ sd = 0.3 }}
LAG = {{ sd = 0.8 }}
KTR = {{ sd = 0.6 }}
[individual]
V = "TVV*exp(eta.V)"
LAG = "TVLAG*exp(eta.LAG)"
KTR = "TVKTR*exp(eta.KTR)"
[compartments]
depot = {{ unit = "mg" }}
central = {{ unit = "mg" }}
pool = {{ unit = "10^9/L" }}
marrow = {{ unit = "10^9/L" }}
level = {{ unit = "1" }}
[initial]
pool = "BASE"
marrow = "BASE"
level = "1"
[formulations.ER]
to.central = {{ fraction = "0.6", zero-order = "14*LAG", lag = "LAG" }}
to.depot = {{ fraction = "0.4", lag = "2*LAG" }}
[equations]
depot = "-KA*depot"
central = "KA*depot - CL*central/V"
pool = "{pool}"
marrow = "KTR*(pool - marrow)"
level = "KOUT*(1 - 0.6*(central/V)/(EC50 + central/V)) - KOUT*level"
[outputs]
COUNT = {{ value = "marrow", unit = "10^9/L" }}
LEVEL = {{ value = "level", unit = "1" }}
CP = {{ value = "central/V", unit = "ng/mL" }}
{solver}
"#
    );
    Model::read(&Source::new("test.toml", text), &Choices::default()).unwrap_or_else(|p| panic!("{p}")).0
}

type Columns = Vec<Vec<f64>>;

/// Typical values, random effects and individual parameters of some of the first 200 subjects.
fn drawn(model: &Model, who: &[u64]) -> (Vec<f64>, Columns, Columns) {
    let individuals = Individuals::new(model, Vec::new(), 5);
    let typical = individuals.typical(0);
    let all = individuals.effects(&(0..200).into(), FIRST_OCCASION, 0);
    let effects: Columns = all.iter().map(|c| who.iter().map(|k| c[*k as usize]).collect()).collect();
    let own = individuals.parameters(&typical, &[], &effects, who.len(), &mut Scratch::new());
    (typical, effects, own)
}

/// The outputs of subjects at times (h), a row of all subjects for each output at each time, when they take these doses
/// (mg) once a day.
fn seen(model: &Model, who: &[u64], doses: &[f64], times: &[f64]) -> (Vec<Vec<f64>>, DosedState) {
    let lanes = who.len();
    let (typical, effects, own) = drawn(model, who);
    let individuals = Individuals::new(model, Vec::new(), 5);
    let inputs: Vec<Column<'_>> = individuals.inputs(&typical, &[], &effects, &own);
    let dosed = DosedModel::new(model, 0).unwrap();
    let block = dosed.prepare(&inputs, lanes, &mut Scratch::new());
    let mut state = dosed.begin(&block);
    let rows: Vec<Vec<f64>> = doses.iter().map(|dose| vec![*dose; lanes]).collect();
    let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let mut values = vec![0.0; model.outputs().len() * times.len() * lanes];
    dosed.observe(&block, &mut state, (0, 24.0), &rows, times, &mut values);
    (values.chunks_exact(lanes).map(<[f64]>::to_vec).collect(), state)
}

/// Thirty doses, a pause and a lower dose.
fn doses() -> Vec<f64> {
    [[30.0; 30].as_slice(), &[0.0; 5], &[15.0; 21]].concat()
}

fn weeks() -> Vec<f64> {
    (1..=8).map(|week| 168.0 * f64::from(week)).collect()
}

/// The largest difference of two sets of rows, each against the largest value of its row.
fn apart(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!(a.len(), b.len());
    let row = |(a, b): (&Vec<f64>, &Vec<f64>)| {
        let largest = b.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs() / largest)
            .fold(0.0, |m: f64, x| if x <= m { m } else { x })
    };
    a.iter().zip(b).map(row).fold(0.0, |m: f64, x| if x <= m { m } else { x })
}

fn first(count: u64) -> Vec<u64> {
    (0..count).collect()
}

#[test]
fn biomarkers_carried_from_dose_to_dose_are_those_stepped_through() {
    let who = first(24);
    let (exact, _) = seen(&written(POOL, TIGHT), &who, &doses(), &weeks());
    for (tolerance, close) in [("", 5e-6), ("[solver]\nrelative = 1e-8\nabsolute = 1e-11", 5e-8)] {
        let model = written(POOL, tolerance);
        let (carried, state) = seen(&model, &who, &doses(), &weeks());
        assert_eq!(state.failures().next(), None);
        assert!(apart(&carried, &exact) < close, "{tolerance}: {:e}", apart(&carried, &exact));
        // Looks within every interval leave none to be carried through: other bits, the same within the tolerance.
        let noons: Vec<f64> =
            (0..doses().len()).flat_map(|day| [12.0, 24.0].map(|h| 24.0 * day as f64 + h)).collect();
        let (stepped, _) = seen(&model, &who, &doses(), &noons);
        let weekly: Vec<Vec<f64>> =
            stepped.chunks_exact(3).skip(13).step_by(14).flat_map(<[_]>::to_vec).collect();
        assert!(apart(&stepped_counts(&weekly), &stepped_counts(&exact)) < close);
        assert_ne!(weekly, carried);
    }
}

/// The rows of what is integrated, without the concentrations that are solved exactly.
fn stepped_counts(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    rows.chunks_exact(3).flat_map(|rows| rows[..2].to_vec()).collect()
}

#[test]
fn a_lane_that_is_carried_does_not_know_its_company() {
    let model = written(POOL, "");
    let who = first(200);
    let (together, _) = seen(&model, &who, &doses(), &weeks());
    let mut others: Vec<Vec<u64>> = vec![vec![0], vec![17], (60..200).collect()];
    others.push((0..200).rev().collect());
    for company in others {
        let (apart, _) = seen(&model, &company, &doses(), &weeks());
        for (row, all) in apart.iter().zip(&together) {
            for (value, subject) in row.iter().zip(&company) {
                assert_eq!(value.to_bits(), all[*subject as usize].to_bits(), "{subject}");
            }
        }
    }
}

#[test]
fn a_time_may_be_asked_for_twice() {
    let model = written(POOL, "");
    let (once, _) = seen(&model, &first(5), &doses(), &weeks());
    let twice: Vec<f64> = weeks().into_iter().flat_map(|week| [week, week]).collect();
    let (twice, _) = seen(&model, &first(5), &doses(), &twice);
    for (once, twice) in once.chunks_exact(3).zip(twice.chunks_exact(6)) {
        assert_eq!([once, once].concat(), twice);
    }
}

#[test]
fn who_cannot_keep_the_pace_goes_alone() {
    // Of these subjects some have inputs that last into the next interval.
    let model = written(POOL, "");
    let (_, _, own) = drawn(&model, &first(200));
    let slow: Vec<u64> = (0..200).filter(|k| 15.0 * own[1][*k as usize] >= 24.0).collect();
    assert!(slow.len() >= 2, "{}", slow.len());
    let who: Vec<u64> = first(6).into_iter().chain(slow).collect();
    let (exact, _) = seen(&written(POOL, TIGHT), &who, &doses(), &weeks());
    let (carried, state) = seen(&model, &who, &doses(), &weeks());
    assert_eq!(state.failures().next(), None);
    assert!(apart(&carried, &exact) < 5e-6, "{:e}", apart(&carried, &exact));
}

#[test]
fn followers_of_a_quick_system_are_carried_in_shorter_steps_or_not_at_all() {
    for rate in ["0.3", "3", "30"] {
        let who = first(12);
        let (exact, _) = seen(&with_rate(rate, POOL, TIGHT), &who, &doses()[..20], &[168.0, 336.0]);
        let (carried, state) = seen(&with_rate(rate, POOL, ""), &who, &doses()[..20], &[168.0, 336.0]);
        assert_eq!(state.failures().next(), None);
        assert!(apart(&carried, &exact) < 5e-6, "{rate} {:e}", apart(&carried, &exact));
    }
}

#[test]
fn only_factors_of_terms_are_drives() {
    let paced = |pool: &str, solver: &str| {
        let model = written(pool, solver);
        let field = Field::new(&model, &[]).unwrap();
        Pace::new(&model, &field).is_some()
    };
    assert!(paced(POOL, ""));
    assert!(paced("-SLOPE*(central/V)*KTR*pool + KTR*log(1 + central/V/EC50)*BASE", ""));
    // Stiff by decree; a follower and what leads in one function; a border that the drug crosses; two drives in a term.
    assert!(!paced(POOL, TIGHT));
    assert!(!paced("-KTR*pool*exp(-pool/BASE*SLOPE*central/V)", ""));
    assert!(!paced("-KTR*pool*min(1, SLOPE*central/V)", ""));
    assert!(!paced("-KTR*(central/V/EC50)*(pool*(depot/V/EC50))", ""));
}

#[test]
fn a_subject_without_a_number_is_named_and_the_others_are_as_they_were() {
    let model = written(POOL, "");
    let who = first(20);
    let (typical, effects, own) = drawn(&model, &who);
    let individuals = Individuals::new(&model, Vec::new(), 5);
    let inputs = individuals.inputs(&typical, &[], &effects, &own);
    let dosed = DosedModel::new(&model, 0).unwrap();
    let block = dosed.prepare(&inputs, 20, &mut Scratch::new());
    let run = |ill: f64| {
        let mut amounts = vec![30.0; 20];
        amounts[7] = ill;
        let mut state = dosed.begin(&block);
        let rows: Vec<&[f64]> = vec![&amounts; 9];
        (dosed.dose(&block, &mut state, (0, 24.0), &rows, &[]).trough, state)
    };
    let (well, ill) = (run(30.0), run(f64::NAN));
    assert_eq!(ill.1.failures().map(|(lane, _)| lane).collect::<Vec<_>>(), [7]);
    for (subject, (well, ill)) in well.0.iter().zip(&ill.0).enumerate() {
        assert!(if subject == 7 { ill.is_nan() } else { well.to_bits() == ill.to_bits() }, "{subject}");
    }
}
