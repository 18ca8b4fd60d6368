//! A data set through a model: `exposim simulate` and the library under it.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use exposim::diagnostic::Source;
use exposim::document::{Files, Shipped};
use exposim::dosing::dataset::DataSet;
use exposim::dosing::record::Carry;
use exposim::model::{Choices, Model};
use exposim::run::simulate::{BetweenSubjects, Request, Residual, Rows, Simulation, simulate};

fn model(text: &str) -> Model {
    let (model, _) =
        Model::read(&Source::new("m.toml", text), &Choices::default()).unwrap_or_else(|p| panic!("{p}"));
    model
}

fn data(text: &str) -> DataSet {
    DataSet::read(&Source::new("d.csv", text)).unwrap_or_else(|p| panic!("{p}")).0
}

fn typical() -> Request {
    Request { between: BetweenSubjects::Typical, rows: Rows::All, ..Request::default() }
}

fn run(model_text: &str, data_text: &str, request: &Request) -> Simulation {
    simulate(&model(model_text), &data(data_text), request).unwrap_or_else(|p| panic!("{p}"))
}

/// The first output at all rows.
fn first(simulation: &Simulation) -> Vec<f64> {
    assert!(simulation.failures.is_empty(), "{:?}", simulation.failures);
    simulation.rows.iter().map(|row| row.values.as_ref().unwrap()[0]).collect()
}

fn near(got: f64, expected: f64, relative: f64) {
    assert!((got - expected).abs() <= relative * expected.abs().max(1e-9), "{got} is not {expected}");
}

const ONE: &str = r#"
[model]
title = "one compartment"
[covariates]
WT = { unit = "kg", reference = 70 }
[parameters]
TVCL = { value = 5, unit = "L/h" }
V = { value = 50, unit = "L" }
LAG = { value = 0.5, unit = "h" }
[random-effects]
CL = { sd = 0.3 }
[individual]
CL = "TVCL * (WT/70 kg) * exp(eta.CL)"
[doses]
central = { lag = "LAG", F = "0.8" }
[equations]
central = "-(CL/V)*central"
[outputs]
CP = { value = "central/V", unit = "ng/mL", residual = { proportional = 0.2 } }
"#;

#[test]
fn covariates_units_and_attributes_come_together() {
    let text = "ID,TIME,AMT,WT\n1,0,100,70\n1,10.5,.,140\n2,0,100,70\n2,10.5,.,70\n";
    let backward = first(&run(ONE, text, &typical()));
    near(backward[1], 1.6e3 * (-2.0_f64).exp(), 1e-12);
    near(backward[3], 1.6e3 * (-1.0_f64).exp(), 1e-12);
    let forward = first(&run(ONE, text, &Request { carry: Carry::Forward, ..typical() }));
    near(forward[1], 1.6e3 * (-1.0_f64).exp(), 1e-12);
}

#[test]
fn an_output_an_observation_or_a_subject_more_disturbs_no_draw() {
    let request = Request { residual: Residual::Drawn, rows: Rows::All, seed: 7, ..Request::default() };
    let few = run(ONE, "ID,TIME,AMT,WT\n1,0,100,70\n1,2,.,70\n", &request);
    let many = run(ONE, "ID,TIME,AMT,WT\n1,0,100,70\n1,2,.,70\n1,3,.,70\n2,0,100,70\n2,2,.,70\n", &request);
    assert_eq!(few.rows, many.rows[..2]);
    assert_ne!(many.rows[1].values, many.rows[4].values);
    let other = run(ONE, "ID,TIME,AMT,WT\n1,0,100,70\n1,2,.,70\n", &Request { seed: 8, ..request });
    assert_ne!(few.rows[1], other.rows[1]);
    let names: Vec<_> = few.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["CP", "CP_DV"]);
}

#[test]
fn the_shipped_model_runs_both_tablets() {
    let (shipped, _) =
        Model::read(&Shipped.open("upadacitinib-klunder-2019").unwrap(), &Choices::default()).unwrap();
    let text = "ID,TIME,AMT,II,ADDL,CMT,WT,CRCL,PATIENT\n1,0,15,24,9,ER,74,108.7,patient\n1,3,.,.,.,.,74,108.7,patient\n1,240,.,.,.,.,74,108.7,patient\n";
    let er = simulate(&shipped, &data(text), &typical()).unwrap();
    let ir = simulate(&shipped, &data(&text.replace("ER", "IR")), &typical()).unwrap();
    let (er, ir) = (first(&er), first(&ir));
    assert!(er[1] > 10.0 && er[1] < 60.0 && ir[1] > er[1], "{er:?} {ir:?}");
    let refused = simulate(&shipped, &data(&text.replace("ER", ".")), &typical()).unwrap_err().to_string();
    assert!(refused.contains("which formulation") && refused.contains("row 1, column CMT"), "{refused}");
}

/// Nonlinear models: title, text, dose rows, and the time at which two ways of dosing must give the same.
const MICHAELIS_MENTEN: &str = r#"
[model]
title = "Michaelis-Menten elimination"
[parameters]
VM = { value = 20, unit = "mg/h" }
KM = { value = 2, unit = "mg/L" }
V = { value = 30, unit = "L" }
[equations]
central = "-VM*(central/V)/(KM + central/V)"
[outputs]
CP = { value = "central/V", unit = "mg/L" }
"#;

#[test]
fn michaelis_menten_satisfies_its_implicit_solution() {
    // KM ln(C0/C) + (C0 - C) = VM/V t
    let cp = first(&run(MICHAELIS_MENTEN, "ID,TIME,AMT\n1,0,300\n1,1,.\n1,8,.\n1,20,.\n", &typical()));
    for (c, t) in cp[1..].iter().zip([1.0, 8.0, 20.0]) {
        near(2.0 * (10.0 / c).ln() + (10.0 - c), 20.0 / 30.0 * t, 1e-7);
    }
}

#[test]
fn an_observation_more_changes_no_bit_of_an_integrated_profile() {
    let few = first(&run(MICHAELIS_MENTEN, "ID,TIME,AMT\n1,0,300\n1,8,.\n1,20,.\n", &typical()));
    let many = first(&run(
        MICHAELIS_MENTEN,
        "ID,TIME,AMT\n1,0,300\n1,0.1,.\n1,7.9,.\n1,8,.\n1,8,.\n1,13,.\n1,20,.\n",
        &typical(),
    ));
    assert_eq!([few[1], few[2]], [many[3], many[6]]);
}

/// A steady state that was solved is the one that is waited for.
fn steady_state_is_waited_for(text: &str, dose: &str, interval: f64, doses: usize, relative: f64) {
    let end = interval * doses as f64;
    let solved = format!(
        "ID,TIME,AMT,RATE,II,ADDL,SS,CMT\n1,{end},{dose},{interval},0,1,1\n1,{},.,.,.,.,.,1\n",
        end + 3.0
    );
    let waited = format!(
        "ID,TIME,AMT,RATE,II,ADDL,SS,CMT\n1,0,{dose},{interval},{doses},0,1\n1,{},.,.,.,.,.,1\n",
        end + 3.0
    );
    let tight = Request {
        solver: Some(exposim::model::Solver { relative: 1e-10, absolute: 1e-12, ..Default::default() }),
        ..typical()
    };
    let (solved, waited) = (run(text, &solved, &tight), run(text, &waited, &tight));
    for column in 0..solved.columns.len() {
        let value = |s: &Simulation| s.rows[1].values.as_ref().unwrap()[column];
        near(value(&solved), value(&waited), relative);
    }
}

#[test]
fn steady_states_of_nonlinear_models() {
    steady_state_is_waited_for(MICHAELIS_MENTEN, "200,0", 12.0, 400, 1e-6);
    steady_state_is_waited_for(MICHAELIS_MENTEN, "200,10", 12.0, 400, 1e-6);
    steady_state_is_waited_for(INDIRECT, "50,0", 24.0, 40, 1e-6);
    steady_state_is_waited_for(TMDD, "100,0", 168.0, 60, 1e-6);
}

const INDIRECT: &str = r#"
[model]
title = "indirect response, inhibition of production"
[parameters]
CL = { value = 3, unit = "L/h" }
V = { value = 40, unit = "L" }
KIN = { value = 2, unit = "1/h" }
KOUT = { value = 0.1, unit = "1/h" }
IC50 = { value = 0.3, unit = "mg/L" }
[compartments]
response = { unit = "1" }
[initial]
response = "KIN/KOUT"
[equations]
central = "-(CL/V)*central"
response = "KIN*(1 - (central/V)/(IC50 + central/V)) - KOUT*response"
[outputs]
R = { value = "response", unit = "1" }
CP = { value = "central/V", unit = "mg/L" }
"#;

const TMDD: &str = r#"
[model]
title = "target-mediated disposition, full binding"
dimensions = "unchecked"
[parameters]
KEL = { value = 0.01, unit = "1" }
KON = { value = 10, unit = "1" }
KOFF = { value = 0.1, unit = "1" }
KSYN = { value = 0.2, unit = "1" }
KDEG = { value = 0.05, unit = "1" }
KINT = { value = 0.03, unit = "1" }
[initial]
target = "KSYN/KDEG"
[equations]
drug = "-KEL*drug - KON*drug*target + KOFF*complex"
target = "KSYN - KDEG*target - KON*drug*target + KOFF*complex"
complex = "KON*drug*target - (KOFF + KINT)*complex"
[outputs]
D = { value = "drug", unit = "1" }
T = { value = "target", unit = "1" }
"#;

const FRIBERG: &str = r#"
[model]
title = "myelosuppression with transit compartments"
dimensions = "unchecked"
[parameters]
MTT = { value = 100, unit = "1" }
GAM = { value = 0.17, unit = "1" }
BASE = { value = 5, unit = "1" }
SLOPE = { value = 0.5, unit = "1" }
[individual]
KTR = "4/MTT"
[initial]
prol = "BASE"
t1 = "BASE"
t2 = "BASE"
t3 = "BASE"
circ = "BASE"
[equations]
central = "-0.1*central"
prol = "KTR*prol*(1 - SLOPE*central/50)*(BASE/circ)^GAM - KTR*prol"
t1 = "KTR*(prol - t1)"
t2 = "KTR*(t1 - t2)"
t3 = "KTR*(t2 - t3)"
circ = "KTR*(t3 - circ)"
[outputs]
ANC = { value = "circ", unit = "1" }
"#;

#[test]
fn the_systems_that_pharmacometricians_write_run() {
    let indirect = first(&run(INDIRECT, "ID,TIME,AMT,CMT\n1,0,100,1\n1,10,.,1\n1,400,.,1\n", &typical()));
    assert_eq!(indirect[0], 20.0);
    assert!(indirect[1] < 15.0);
    near(indirect[2], 20.0, 1e-4);
    let friberg = first(&run(FRIBERG, "ID,TIME,AMT,CMT\n1,0,100,1\n1,150,.,1\n1,5000,.,1\n", &typical()));
    assert!(friberg[1] < 4.0, "{friberg:?}");
    near(friberg[2], 5.0, 1e-3);
    // Stiff from binding: the explicit method alone would need a step for every 1/(KON·dose).
    let tmdd = run(TMDD, "ID,TIME,AMT,CMT\n1,0,1000,1\n1,1,.,1\n1,300,.,1\n", &typical());
    assert!(tmdd.failures.is_empty());
}

/// Time after dose counts from giving, for additional doses as well, and not from the start.
#[test]
fn time_after_dose_starts_anew_with_every_dose() {
    let text = r#"
[model]
title = "input that depends on time after dose"
dimensions = "unchecked"
[doses]
central = { F = "0", lag = "2" }
[equations]
central = "tad*exp(-tad) - 0.3*central"
[outputs]
X = { value = "central", unit = "1" }
TAD = { value = "tad", unit = "1" }
"#;
    let simulation =
        run(text, "ID,TIME,AMT,II,ADDL\n1,0,1,10,2\n1,5,.,.,.\n1,10,.,.,.\n1,24,.,.,.\n", &typical());
    let column = |place: usize| -> Vec<f64> {
        simulation.rows.iter().map(|row| row.values.as_ref().unwrap()[place]).collect()
    };
    assert_eq!(column(1), [0.0, 5.0, 0.0, 4.0]);
    // x' = s e^-s - k x from x0 after time s: x0 e^-ks + [e^-ks - e^-s (1 + (1 - k) s)] / (1 - k)^2.
    let k = 0.3;
    let after = |x0: f64, s: f64| {
        x0 * (-k * s).exp() + ((-k * s).exp() - (-s).exp() * (1.0 + (1.0 - k) * s)) / ((1.0 - k) * (1.0 - k))
    };
    let ten = after(0.0, 10.0);
    let expected = [0.0, after(0.0, 5.0), ten, after(after(ten, 10.0), 4.0)];
    for (got, expected) in column(0).iter().zip(expected) {
        near(*got, expected, 1e-6);
    }
}

/// Doses so far count from the first, additional ones as well, in equations and outputs.
#[test]
fn doses_so_far_are_counted() {
    let text = r#"
[model]
title = "elimination that is induced by doses"
[parameters]
K = { value = 0.1, unit = "1/h" }
[equations]
central = "-K*doses*central"
[outputs]
X = { value = "central", unit = "mg" }
N = "doses"
"#;
    let data = "ID,TIME,AMT,II,ADDL\n1,0,10,2,1\n1,1,.,.,.\n1,3,.,.,.\n1,4,5,.,.\n1,5,.,.,.\n";
    let simulation = run(text, data, &typical());
    let column = |place: usize| -> Vec<f64> {
        simulation.rows.iter().map(|row| row.values.as_ref().unwrap()[place]).collect()
    };
    assert_eq!(column(1), [1.0, 1.0, 2.0, 3.0, 3.0]);
    let second = 10.0 * (-0.2f64).exp() + 10.0;
    let third = second * (-0.4f64).exp() + 5.0;
    for (got, expected) in column(0).iter().zip([
        10.0,
        10.0 * (-0.1f64).exp(),
        second * (-0.2f64).exp(),
        third,
        third * (-0.3f64).exp(),
    ]) {
        near(*got, expected, 1e-6);
    }
}

#[test]
fn a_subject_that_fails_is_a_reason_and_the_others_go_on() {
    let text = r#"
[model]
title = "a state that blows up for heavy subjects"
dimensions = "unchecked"
[covariates]
WT = { unit = "1" }
[equations]
x = "if WT > 100 then x*x else -x"
[outputs]
X = { value = "x", unit = "1" }
"#;
    let rows =
        "ID,TIME,AMT,WT\n1,0,10,70\n1,1,.,70\n2,0,10,120\n2,0.05,.,120\n2,1,.,120\n3,0,10,70\n3,1,.,70\n";
    let simulation = run(text, rows, &typical());
    assert_eq!(simulation.failures.len(), 1);
    let failure = &simulation.failures[0];
    assert_eq!((failure.subject, failure.row), (1, 4));
    let there: Vec<bool> = simulation.rows.iter().map(|row| row.values.is_some()).collect();
    assert_eq!(there, [true, true, true, true, false, true, true]);
    near(simulation.rows[6].values.as_ref().unwrap()[0], 10.0 * (-1.0_f64).exp(), 1e-6);
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn exposim(folder: &Folder, data: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    let (model, data) = (folder.file("m.toml", ONE), folder.file("d.csv", data));
    let mut command = Command::cargo_bin("exposim").unwrap();
    command.arg("simulate").arg("--model").arg(model).arg("--data").arg(data).args(more).assert()
}

#[test]
fn the_command_carries_every_column_and_says_what_failed() {
    let folder = Folder::new();
    let text = "ID TIME AMT WT NOTE\n1 0 100 70 a\n1 10.5 . 70 b\n";
    let out = exposim(&folder, text, &["--no-iiv"]).success();
    let shown = String::from_utf8(out.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "ID,TIME,AMT,WT,NOTE,CP,REASON");
    assert!(lines[1].starts_with("1,10.5,.,70,b,588.60"), "{shown}");
    assert_eq!(lines.len(), 2);
    let all = exposim(&folder, text, &["--no-iiv", "--all-records"]).success();
    assert_eq!(String::from_utf8_lossy(&all.get_output().stdout).lines().count(), 3);
}

#[test]
fn the_command_writes_parquet_with_units() {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let folder = Folder::new();
    let path = folder.0.path().join("out.parquet");
    let text = "ID TIME AMT WT NOTE\n1 0 100 70 a\n1 10.5 . 70 b\n";
    exposim(&folder, text, &["--no-iiv", "--all-records", "--out", path.to_str().unwrap()])
        .success()
        .stdout("");
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
    let names: Vec<_> = reader.schema().fields().iter().map(|f| f.name().to_owned()).collect();
    assert_eq!(names, ["ID", "TIME", "AMT", "WT", "NOTE", "CP", "REASON"]);
    assert_eq!(reader.schema().field_with_name("CP").unwrap().metadata()["unit"], "ng/mL");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 2);
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn the_command_shows_when_doses_really_enter() {
    let folder = Folder::new();
    let text =
        "ID,TIME,EVID,AMT,RATE,II,ADDL,WT\n1,0,1,100,10,24,5,70\n1,30,3,.,.,.,.,70\n1,60,0,.,.,.,.,70\n";
    let out = exposim(&folder, text, &["--no-iiv", "--events"]).success();
    let shown = String::from_utf8(out.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "ID,ROW,DOSE,GIVEN,ENTERS,ENDS,COMPARTMENT,AMT,F,LAG,AMOUNT,RATE,STATUS");
    assert_eq!(lines[1], "1,1,0,0,0.5,8.5,central,100,0.8,0.5,80,10,complete");
    assert_eq!(lines[2], "1,1,1,24,24.5,30,central,100,0.8,0.5,80,10,interrupted at 30");
    assert_eq!(lines[3], "1,1,2,48,48.5,56.5,central,100,0.8,0.5,80,10,cancelled at 30");
}

#[test]
fn wrong_input_is_refused_with_its_place_and_exit_code_2() {
    let folder = Folder::new();
    for (text, words) in [
        ("ID,TIME,AMT,WT\n1,0,x,70\n", "row 1, column AMT"),
        ("ID,TIME,AMT\n1,0,5\n", "no column WT"),
        ("ID,TIME,AMT,CMT,WT\n1,0,5,3,70\n", "there is no compartment 3"),
        ("ID,TIME,AMT,CMT,WT\n1,0,5,depot,70\n", "`depot` is no compartment"),
        ("ID,TIME,AMT,RATE,WT\n1,0,5,-2,70\n", "RATE is -2, but the model has no duration"),
        ("ID,TIME,AMT,RATE,WT\n1,0,5,-1,70\n", "RATE is -1, but the model has no rate"),
    ] {
        let out = exposim(&folder, text, &[]).code(2);
        let shown = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
        assert!(shown.contains(words) && shown.contains("d.csv"), "{text}\n{shown}");
    }
}
