use super::*;
use crate::diagnostic::Source;
use crate::expr::{Column, Program, Scratch};
use crate::kinetics::BlockModel;
use crate::kinetics::block::{Doses, DosingInterval, Nothing, State};
use crate::model::{Choices, Model};
use crate::ode::{Integrator, Method, Settings, System, Tolerances};

/// Two routes in, one of them at a constant rate, and an elimination that a test chooses.
fn written(elimination: &str, solver: &str) -> Model {
    with_absorption("0.3", "KA*depot", elimination, solver)
}

fn with_absorption(rate: &str, absorption: &str, elimination: &str, solver: &str) -> Model {
    let text = format!(
        r#"
[model]
title = "test"
source = "test"
[parameters]
TVV = {{ value = 100, unit = "L" }}
TVKA = {{ value = {rate}, unit = "1/h" }}
CL = {{ value = 20, unit = "L/h" }}
VMAX = {{ value = 1.5, unit = "mg/h" }}
KM = {{ value = 50, unit = "ng/mL" }}
[random-effects]
V = {{ sd = 0.3 }}
KA = {{ sd = 0.5 }}
[individual]
V = "TVV*exp(eta.V)"
KA = "TVKA*exp(eta.KA)"
[formulations.ER]
to.central = {{ fraction = "0.6", zero-order = "3 h", lag = "0.25 h" }}
to.depot = {{ fraction = "0.4", lag = "0.25 h" }}
[equations]
depot = "-{absorption}"
central = "{absorption} - {elimination}"
[outputs]
CP = {{ value = "central/V", unit = "ng/mL" }}
{solver}
"#
    );
    read(text)
}

fn read(text: impl Into<String>) -> Model {
    Model::read(&Source::new("test.toml", text), &Choices::default()).unwrap_or_else(|p| panic!("{p}")).0
}

const LINEAR: &str = "CL*central/V";
const SATURABLE: &str = "VMAX*(central/V)/(KM + central/V)";
const TIGHT: &str = "[solver]\nrelative = 1e-10\nabsolute = 1e-12";

/// Random effects and individual parameters of subjects.
fn subjects(model: &Model, who: std::ops::Range<usize>) -> Vec<Vec<f64>> {
    let effect = |k: usize| {
        let wave = |l: usize| 0.4 * libm::sin((3 * k + 1) as f64 * (l + 1) as f64);
        who.clone().map(wave).collect::<Vec<f64>>()
    };
    let mut columns = vec![effect(0), effect(1)];
    let inputs = inputs(model, &columns);
    let program = Program::compile(&model.individual().iter().map(|d| &d.value).collect::<Vec<_>>());
    let mut own = vec![vec![0.0; who.len()]; program.outputs()];
    let mut outputs: Vec<&mut [f64]> = own.iter_mut().map(Vec::as_mut_slice).collect();
    program.run_block(&inputs, &mut outputs, &mut Scratch::new());
    columns.extend(own);
    columns
}

fn inputs<'a>(model: &Model, columns: &'a [Vec<f64>]) -> Vec<Column<'a>> {
    let mut inputs = vec![Column::Scalar(0.0); model.layout().count()];
    for (slot, p) in inputs.iter_mut().zip(model.parameters()) {
        *slot = Column::Scalar(p.value.coherent());
    }
    for (slot, column) in inputs[model.layout().effect(0)..].iter_mut().zip(columns) {
        *slot = Column::Slice(column);
    }
    inputs
}

/// Ten doses in two parts, the second of twice the amount; every third subject gets none of it.
fn dosed(model: &Model, who: std::ops::Range<usize>) -> (DosedExposure, DosedState) {
    let dosed = DosedModel::new(model, 0).unwrap();
    let columns = subjects(model, who.clone());
    let block = dosed.prepare(&inputs(model, &columns), who.len(), &mut Scratch::new());
    let mut state = dosed.begin(&block);
    let first = vec![30.0; who.len()];
    dosed.dose(&block, &mut state, (0, 24.0), &[&first[..]; 4], &[]);
    let second: Vec<f64> = who.map(second).collect();
    let exposure = dosed.dose(&block, &mut state, (0, 24.0), &[&second[..]; 6], &[0.0, 3.25, 10.0, 24.0]);
    (exposure, state)
}

fn second(subject: usize) -> f64 {
    if subject.is_multiple_of(3) { 0.0 } else { 60.0 }
}

#[test]
fn linear_kinetics_integrated_are_those_solved_exactly() {
    let model = written(LINEAR, TIGHT);
    let (found, _) = dosed(&model, 0..70);
    let columns = subjects(&model, 0..70);
    let exact = BlockModel::new(&model, &[0], 0).unwrap();
    let kinetics = exact.prepare(&inputs(&model, &columns), 70, &mut Scratch::new()).unwrap();
    let routes = exact.formulation(0, &kinetics).unwrap();
    let interval = DosingInterval::new(kinetics.system(), &routes, 24.0.into());
    let mut state = State::empty(kinetics.system());
    interval.advance(&mut state, Doses::Same(&[30.0; 70]), 4, None, &mut Nothing);
    let second: Vec<f64> = (0..70).map(second).collect();
    interval.advance(&mut state, Doses::Same(&second), 5, None, &mut Nothing);
    let area = interval.area(&state, &second, kinetics.output());
    interval.advance(&mut state, Doses::Same(&second), 1, None, &mut Nothing);
    let trough = kinetics.output().of(&state, 70);
    for subject in 0..70 {
        // Of those who get nothing more only a millionth is left, so that the difference counts against a dosed subject.
        assert!((found.trough[subject] - trough[subject]).abs() < 1e-9 * 0.1, "{subject}");
        assert!((found.area[subject] - area[subject]).abs() < 1e-9 * 2.0, "{subject}");
        assert_eq!(found.looks[3][subject], found.trough[subject]);
    }
}

/// One subject, with the rate of its constant input.
struct One<'a> {
    model: &'a Model,
    program: Program,
    inputs: Vec<f64>,
    rate: f64,
}

impl System for One<'_> {
    fn dimension(&self) -> usize {
        2
    }

    fn rhs(&mut self, _t: f64, x: &[f64], dx: &mut [f64]) {
        let first = self.model.layout().compartment(0);
        self.inputs[first..first + 2].copy_from_slice(x);
        self.program.run(&self.inputs, dx, &mut Scratch::new());
        dx[1] += self.rate;
    }
}

/// The trough of one subject after the doses of [`dosed`], by the integrator for one.
fn witness(model: &Model, subject: usize) -> f64 {
    let columns = subjects(model, subject..subject + 1);
    let value = |input: &Column<'_>| match input {
        Column::Scalar(value) => *value,
        Column::Slice(values) => values[0],
    };
    let inputs: Vec<f64> = inputs(model, &columns).iter().map(value).collect();
    let volume = inputs[model.layout().individual(0)];
    let equations: Vec<_> = model.equations().iter().map(|e| &e.value).collect();
    let mut one = One { model, program: Program::compile(&equations), inputs, rate: 0.0 };
    let tolerances = Tolerances::uniform(1e-11, 1e-13).unwrap();
    let mut integrator = Integrator::new(Settings::new(Method::DormandPrince, tolerances));
    let mut x = [0.0, 0.0];
    for dose in 0..10 {
        let amount = if dose < 4 { 30.0 } else { second(subject) };
        for (from, to, rate, bolus) in
            [(0.0, 0.25, 0.0, 0.0), (0.25, 3.25, 0.6 * amount / 3.0, 0.4 * amount), (3.25, 24.0, 0.0, 0.0)]
        {
            one.rate = rate;
            x[0] += bolus;
            integrator.integrate(&mut one, from, &mut x, to, &[], |_, _, _| ()).unwrap();
        }
    }
    x[1] / volume
}

#[test]
fn saturable_elimination_over_a_block_is_that_of_one_subject() {
    let model = written(SATURABLE, TIGHT);
    let (found, state) = dosed(&model, 0..40);
    assert_eq!(state.failures().next(), None);
    for subject in 0..40 {
        let expected = witness(&model, subject);
        assert!(
            (found.trough[subject] - expected).abs() < 1e-8 * 0.5,
            "{subject}: {} {expected}",
            found.trough[subject]
        );
    }
    // At the usual tolerance, for the record of what it is worth.
    let usual = written(SATURABLE, "");
    let (usual, _) = dosed(&usual, 0..40);
    let worst = usual.trough.iter().zip(&found.trough).map(|(u, f)| (u - f).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-6 * 0.5, "{worst}");
}

#[test]
fn every_method_gives_the_same_within_the_tolerance() {
    let troughs = |method: &str| {
        let solver = format!("[solver]\nmethod = \"{method}\"\nrelative = 1e-8\nabsolute = 1e-10");
        dosed(&written(SATURABLE, &solver), 0..20).0.trough
    };
    let automatic = troughs("automatic");
    for method in ["explicit", "stiff"] {
        for (a, b) in automatic.iter().zip(troughs(method)) {
            assert!((a - b).abs() < 1e-6 * 0.5, "{method}: {a} {b}");
        }
    }
}

#[test]
fn a_lane_that_proves_stiff_goes_on_by_itself() {
    // Absorption within a fraction of a second: over a day the explicit method would take a million steps. It is not
    // linear, lest it be solved exactly beside the integration.
    let absorption = "KA*depot*(1 + depot/1 mg)";
    let found = |solver: &str| dosed(&with_absorption("1e5", absorption, SATURABLE, solver), 0..8);
    let (automatic, state) = found("");
    assert_eq!(state.failures().next(), None);
    let (stiff, _) = found("[solver]\nmethod = \"stiff\"\nrelative = 1e-10\nabsolute = 1e-12");
    for (a, s) in automatic.trough.iter().zip(&stiff.trough) {
        assert!((a - s).abs() < 1e-6 * 0.5, "{a} {s}");
    }
    let (_, explicit) = found("[solver]\nmethod = \"explicit\"");
    assert_eq!(explicit.failures().next().map(|(_, reason)| reason.code()), Some("stiff"));
}

/// Eliminations that have a slope at 0 but no Taylor polynomial, and one that has none at a bound.
#[test]
fn a_lane_without_a_polynomial_goes_by_itself_until_it_has_one() {
    let with = |root: &str| written(&format!("VMAX*(central/V)/(KM + KM*{root})"), TIGHT);
    let (rooted, hill) = (with("sqrt(central/V/KM)"), with("(central/V/KM)^1.3"));
    let bounded = with("min(central/V/KM, 2)");
    let analytic = |model: &Model| Field::new(model, &[]).unwrap().is_analytic();
    assert_eq!([&rooted, &hill, &bounded].map(analytic), [true, true, false]);
    for model in [rooted, hill, bounded] {
        let (found, state) = dosed(&model, 0..7);
        assert_eq!(state.failures().next(), None);
        for subject in 0..7 {
            let (found, expected) = (found.trough[subject], witness(&model, subject));
            assert!((found - expected).abs() < 1e-8 * 0.5, "{subject}: {found} {expected}");
        }
    }
}

#[test]
fn what_leads_is_solved_exactly_however_fast() {
    // The same absorption, but linear: no method finds it stiff.
    let found = |solver: &str| dosed(&with_absorption("1e5", "KA*depot", SATURABLE, solver), 0..8);
    let (explicit, state) = found("[solver]\nmethod = \"explicit\"");
    assert_eq!(state.failures().next(), None);
    let (stiff, _) = found("[solver]\nmethod = \"stiff\"\nrelative = 1e-10\nabsolute = 1e-12");
    for (e, s) in explicit.trough.iter().zip(&stiff.trough) {
        assert!((e - s).abs() < 1e-6 * 0.5, "{e} {s}");
    }
}

#[test]
fn a_lane_does_not_know_its_company() {
    let model = written(SATURABLE, "");
    let (together, _) = dosed(&model, 0..150);
    for (from, to) in [(0, 1), (17, 18), (100, 150)] {
        let (part, _) = dosed(&model, from..to);
        assert_eq!(together.trough[from..to], part.trough);
        assert_eq!(together.area[from..to], part.area);
    }
}

#[test]
fn a_subject_that_cannot_be_computed_is_no_number_with_a_reason() {
    let model = written(SATURABLE, "");
    let dosed = DosedModel::new(&model, 0).unwrap();
    let columns = subjects(&model, 0..20);
    let block = dosed.prepare(&inputs(&model, &columns), 20, &mut Scratch::new());
    let mut amounts = vec![30.0; 20];
    let run = |amounts: &[f64]| {
        let mut state = dosed.begin(&block);
        let exposure = dosed.dose(&block, &mut state, (0, 24.0), &[amounts; 3], &[]);
        (exposure.trough, state)
    };
    let (well, _) = run(&amounts);
    amounts[7] = f64::NAN;
    let (ill, state) = run(&amounts);
    assert_eq!(state.failures().map(|(lane, _)| lane).collect::<Vec<_>>(), [7]);
    for (subject, (well, ill)) in well.iter().zip(&ill).enumerate() {
        assert!(if subject == 7 { ill.is_nan() } else { well == ill }, "{subject}");
    }
}

#[test]
fn subjects_may_go_different_ways() {
    let model = written(SATURABLE, "");
    let dosed = DosedModel::new(&model, 0).unwrap();
    let columns = subjects(&model, 0..4);
    let block = dosed.prepare(&inputs(&model, &columns), 4, &mut Scratch::new());
    let mut one = dosed.begin(&block);
    let mut other = one.clone();
    let begin = dosed.dose(&block, &mut one, (0, 24.0), &[&[30.0; 4][..]; 2], &[]);
    let twice = dosed.dose(&block, &mut other, (0, 12.0), &[&[15.0; 4][..]; 4], &[]);
    one.choose(&[true, false, true, false], &other);
    let after = |state: &DosedState| {
        dosed.dose(&block, &mut state.clone(), (0, 24.0), &[&[0.0; 4][..]; 1], &[]).trough
    };
    let (mixed, split) = (after(&one), after(&other));
    assert_eq!([mixed[1], mixed[3]], [split[1], split[3]]);
    assert!(mixed[0] != split[0] && begin.trough[0] != twice.trough[0]);
}

/// The output day after day (at ten hours and at the end), time after time, of subjects with these doses.
fn course(model: &Model, doses: &[f64], subjects_: usize) -> Vec<Vec<f64>> {
    let dosed = DosedModel::new(model, 0).unwrap();
    let columns = subjects(model, 0..subjects_);
    let block = dosed.prepare(&inputs(model, &columns), subjects_, &mut Scratch::new());
    let mut state = dosed.begin(&block);
    let times: Vec<f64> =
        (0..doses.len()).flat_map(|day| [10.0, 24.0].map(|hour| 24.0 * day as f64 + hour)).collect();
    let amounts: Vec<Vec<f64>> = doses.iter().map(|dose| vec![*dose; subjects_]).collect();
    let amounts: Vec<&[f64]> = amounts.iter().map(Vec::as_slice).collect();
    let mut values = vec![0.0; times.len() * subjects_];
    dosed.observe(&block, &mut state, (0, 24.0), &amounts, &times, &mut values);
    assert_eq!(state.failures().next(), None);
    values.chunks_exact(subjects_).map(<[f64]>::to_vec).collect()
}

#[test]
fn days_that_change_nothing_are_those_gone_through() {
    let model = written(SATURABLE, "");
    // Doses of which no two in a row are the same number go through every day.
    let next = |dose: f64, day: usize| if day.is_multiple_of(2) { dose } else { dose.next_up() };
    let plan = |day: usize| if day < 150 { 30.0 } else { 20.0 };
    let regular: Vec<f64> = (0..250).map(plan).collect();
    let restless: Vec<f64> = (0..250).map(|day| next(plan(day), day)).collect();
    let (found, expected) = (course(&model, &regular, 40), course(&model, &restless, 40));
    for (time, (found, expected)) in found.iter().zip(&expected).enumerate() {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-7 * 0.5, "{time}: {found} {expected}");
        }
    }
    // At rest one day is the other to the bit, within the day as at its end, for all but the slowest.
    let settled = |day: usize| {
        (0..40).filter(|s| (0..2).all(|k| found[2 * day + k][*s] == found[2 * day + 2 + k][*s])).count()
    };
    assert!(settled(20) == 0 && settled(147) > 25, "{} {}", settled(20), settled(147));
    assert!(settled(150) == 0 && settled(240) > 25, "{} {}", settled(150), settled(240));
}

#[test]
fn what_grows_from_almost_nothing_is_not_taken_for_rest() {
    let text = r#"
[model]
title = "test"
source = "test"
[parameters]
TVV = { value = 100, unit = "L" }
TVK = { value = 0.4, unit = "1/h" }
GROWTH = { value = 0.01, unit = "1/h" }
KM = { value = 50, unit = "ng/mL" }
[random-effects]
V = { sd = 0.3 }
K = { sd = 0.5 }
[individual]
V = "TVV*exp(eta.V)"
K = "TVK*exp(eta.K)"
[formulations.oral]
to.central = {}
[equations]
central = "-K*central*(1 + central/V/KM)/(2 + central/V/KM)"
clone = "GROWTH*clone*(2 + central/V/KM)/(2 + central/V/KM)"
[initial]
clone = "1e-17 mg"
[outputs]
SIZE = { value = "clone/TVV", unit = "ng/mL" }
"#;
    let model = read(text);
    let found = course(&model, &[30.0; 250], 3);
    let exact = 1e-19 * libm::exp(0.01 * 24.0 * 250.0);
    for size in &found[2 * 249 + 1] {
        assert!((size / exact - 1.0).abs() < 1e-3, "{size} {exact}");
    }
}
