//! Virtual populations: every law of a covariate, tables of subjects, published formulas, and what changes in time.

use std::sync::Arc;

use exposim::diagnostic::{Diagnostic, Problems, Source};
use exposim::document::{Files, Shipped};
use exposim::dosing::dataset::DataSet;
use exposim::dosing::record::Carry;
use exposim::model::{Choices, Model};
use exposim::population::{Cohort, Population};
use exposim::run::kind;
use exposim::run::simulate::{Request, simulate};
use exposim::trial::{Outcomes, Study, Trial};

/// Files of the user's own beside the shipped ones.
struct Own<'a>(&'a [(&'a str, &'a str)]);

impl Files for Own<'_> {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        match self.0.iter().find(|(own, _)| *own == name) {
            Some((own, text)) => Ok(Source::new(*own, *text)),
            None => Shipped.open(name),
        }
    }
}

const SUBJECTS: &str = "# from a trial\nID,WT,SEX,SCR\n1,50,female,0.7\n2,60,male,0.9\n3,95,male,1.4\n";

fn read(covariates: &str, table: &str) -> Result<Population, Problems> {
    let head = if table.is_empty() { "" } else { "table = \"subjects.csv\"\n" };
    let text = format!("[population]\ntitle = \"own\"\n{head}[covariates]\n{covariates}\n");
    let files = Own(&[("subjects.csv", table)]);
    Population::read_with(&Source::new("p.toml", text), &files).map(|(population, _)| population)
}

/// The values of a variable over many subjects, in its unit.
fn values(population: &Population, name: &str, count: u64) -> Vec<f64> {
    let mut cohort = Cohort::default();
    population.draw(3, &(0..count).into(), &mut cohort);
    let place = population.place(name).unwrap();
    let unit = &population.variables()[place].unit;
    cohort.column(place).iter().map(|v| unit.from_coherent(*v)).collect()
}

fn drawn(law: &str) -> Vec<f64> {
    let population = read(&format!("X = {{ unit = \"kg\", {law} }}"), "").unwrap_or_else(|p| panic!("{p}"));
    values(&population, "X", 40_000)
}

fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt())
}

fn near(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected} within {tolerance}");
}

#[test]
fn laws_have_their_moments() {
    for (law, mean, sd) in [
        ("mean = 70, sd = 10", 70.0, 10.0),
        // A normal law cut one SD on either side: variance 1 - 2 phi(1)/(2 Phi(1) - 1).
        ("mean = 70, sd = 10, range = [60, 80]", 70.0, 5.395_595_643),
        (
            "median = 50, sigma = 0.4",
            50.0 * 0.08f64.exp(),
            50.0 * 0.08f64.exp() * (0.16f64.exp() - 1.0).sqrt(),
        ),
        // a/(a+b) and sqrt(ab/(a+b+1))/(a+b) of an interval of 60.
        ("beta = [2, 6], range = [40, 100]", 55.0, 60.0 * (12.0f64 / 9.0).sqrt() / 8.0),
    ] {
        let (m, s) = moments(&drawn(law));
        near(m, mean, 0.025 * sd);
        near(s, sd, 0.025 * sd);
    }
}

#[test]
fn quantiles_are_met_within_bounds() {
    let mut x = drawn("quantiles = [[5, 42], [25, 55], [50, 61], [95, 110]], range = [35, 150]");
    x.sort_by(f64::total_cmp);
    for (p, expected) in [(0.05, 42.0), (0.25, 55.0), (0.5, 61.0), (0.95, 110.0)] {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let got = x[(p * 40_000.0) as usize];
        near(got, expected, 1.0);
    }
    assert!(x[0] >= 35.0 && x[39_999] <= 150.0);
}

#[test]
fn rows_of_a_table_are_drawn_whole() {
    let covariates = "SEXF = { levels = [\"male\", \"female\"], column = \"SEX\" }\nWT = { unit = \"kg\", column = \"WT\" }\nSCR = { unit = \"mg/dL\", column = \"SCR\" }\nAGE = { unit = \"y\", mean = 40, sd = 5 }";
    let population = read(covariates, SUBJECTS).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(population.table().unwrap().name(), "subjects.csv");
    let count = 30_000;
    let (sex, wt, scr) = (
        values(&population, "SEXF", count),
        values(&population, "WT", count),
        values(&population, "SCR", count),
    );
    let mut counts = [0; 3];
    for ((sex, wt), scr) in sex.iter().zip(&wt).zip(&scr) {
        let row = [(1.0, 50.0, 0.7), (0.0, 60.0, 0.9), (0.0, 95.0, 1.4)]
            .iter()
            .position(|(s, w, c)| s == sex && (w - wt).abs() < 1e-9 && (c - scr).abs() < 1e-9);
        counts[row.expect("a row that is not in the table")] += 1;
    }
    assert!(counts.iter().all(|n| (9_600..10_400).contains(n)), "{counts:?}");
    // A subject is the same whatever the block.
    let (mut all, mut part) = (Cohort::default(), Cohort::default());
    population.draw(3, &(0..50).into(), &mut all);
    population.draw(3, &(20..27).into(), &mut part);
    for place in 0..4 {
        assert_eq!(part.column(place), &all.column(place)[20..27]);
    }
}

#[test]
fn published_formulas_give_published_numbers() {
    let subject = "SEXF = { levels = [\"male\", \"female\"], value = \"female\" }\nAGE = { value = \"50 y\" }\nWT = { value = \"70 kg\" }\nHT = { value = \"170 cm\" }\nSCR = { value = \"0.8 mg/dL\" }\nBMI = { formula = \"body-mass-index\" }";
    let of = |formula: &str, subject: &str| {
        let population = read(&format!("{subject}\nX = {{ formula = \"{formula}\" }}"), "");
        values(&population.unwrap_or_else(|p| panic!("{p}")), "X", 1)[0]
    };
    // Worked by hand from the formulas as printed.
    near(of("cockcroft-gault", subject), 90.0 * 70.0 / (72.0 * 0.8) * 0.85, 1e-9);
    let female = 142.0 * (0.8f64 / 0.7).powf(-1.2) * 0.9938f64.powi(50) * 1.012;
    near(of("ckd-epi-2021", subject), female, 1e-9);
    let male =
        subject.replace("\"female\"\n", "\"male\"\n").replace("value = \"female\"", "value = \"male\"");
    near(of("ckd-epi-2021", &male), 142.0 * (0.8f64 / 0.9).powf(-0.302) * 0.9938f64.powi(50), 1e-9);
    near(of("body-mass-index", &subject.replace("BMI =", "B =")), 70.0 / 2.89, 1e-9);
    near(of("body-surface-mosteller", subject), (170.0f64 * 70.0 / 3600.0).sqrt(), 1e-9);
    near(of("body-surface-du-bois", subject), 0.007_184 * 70f64.powf(0.425) * 170f64.powf(0.725), 1e-9);
    near(of("ideal-body-weight", &male), 50.0 + 2.3 * (170.0 / 2.54 - 60.0), 1e-9);
    near(of("lean-body-weight", subject), 9270.0 * 70.0 / (8780.0 + 244.0 * 70.0 / 2.89), 1e-6);
    // Units convert: 8 mg/L is 0.8 mg/dL.
    near(of("cockcroft-gault", &subject.replace("0.8 mg/dL", "8 mg/L")), 92.968_75, 1e-9);
}

#[test]
fn wrong_populations_are_refused() {
    let wt = "WT = { unit = \"kg\", column = \"WT\" }";
    for (covariates, table, words) in [
        ("X = { unit = \"kg\", beta = [2, 6] }", "", "needs the `range`"),
        (
            "X = { unit = \"kg\", beta = [2, -6], range = [1, 2] }",
            "",
            "second shape of beta must be positive",
        ),
        ("X = { unit = \"kg\", beta = [2], range = [1, 2] }", "", "two shapes"),
        ("X = { unit = \"kg\", quantiles = [[5, 3], [50, 2]] }", "", "both ascending"),
        ("X = { unit = \"kg\", quantiles = [[5, 3], [50]] }", "", "pairs of percent and value"),
        ("X = { unit = \"kg\", quantiles = [[5, 3], [50, 4]], range = [3, 9] }", "", "within the bounds"),
        (wt, "", "no table to take a column from"),
        (wt, "ID,WTX\n1,3\n", "did you mean WTX?"),
        (wt, "ID,WT\n1,.\n", "row 1, column WT: expected a number, found `.`"),
        (wt, "ID,WT\n1\n", "1 fields where the header names 2 columns"),
        (wt, "ID,WT\n", "has no rows"),
        (
            "S = { levels = [\"a\", \"b\"], column = \"S\" }",
            "S\na\nc\n",
            "row 2, column S: `c` is not a level",
        ),
        ("C = { formula = \"cockcroft-gualt\" }", "", "did you mean `cockcroft-gault`?"),
        ("C = { formula = \"cockcroft-gault\" }", "", "`AGE` is not known here"),
        (
            "HT = { value = \"2 m\" }\nWT = { value = \"70 kg\" }\nB = { formula = \"body-mass-index\", unit = \"kg\" }",
            "",
            "wrong dimension",
        ),
        ("X = { unit = \"kg\", derived = \"1 kg*t\" }", "", "wrong dimension"),
        ("t = { value = \"2 m\" }", "", "`t` is defined twice"),
        (
            "A = { value = \"1 kg\" }\nB = { unit = \"kg\", mean = 3, sd = 1 }\n[correlations]\n\"A, B\" = 0.5",
            "",
            "`A` is not drawn from a distribution",
        ),
    ] {
        let shown = read(covariates, table).expect_err(covariates).to_string();
        assert!(shown.contains(words), "{covariates}\n{shown}");
    }
}

const MODEL: &str = r#"
[model]
title = "one compartment"
[covariates]
WT = { unit = "kg", reference = 70 }
[parameters]
TVCL = { value = 2, unit = "L/h" }
V = { value = 50, unit = "L" }
[random-effects]
S = { sd = 0.3 }
O = { sd = 0.4, by-occasion = true }
[individual]
CL = "TVCL*(WT/70 kg)*exp(eta.S + eta.O)"
[formulations.IV]
to.central = { fraction = "1" }
[equations]
central = "-(CL/V)*central"
[outputs]
CP = { value = "central/V", unit = "mg/L" }
"#;

const PEOPLE: &str = r#"
[population]
title = "who grow"
[covariates]
BASE = { unit = "kg", mean = 70, sd = 5 }
WT = { unit = "kg", derived = "BASE + (if t < 168 h then 0 else 30 kg)" }
"#;

const STUDY: &str = r#"
title = "two weeks in two phases"
model = "own-model"
population = "own-people"
subjects = 5
draws = 0
seed = 11
[regimens]
week = "50 mg IV every 24 h for 1 week"
[arms."one"]
phases = ["week"]
[arms."two"]
phases = ["week", "week"]
[endpoints]
first = "Ctrough at week 1"
"#;

#[test]
fn each_phase_of_an_arm_is_an_occasion_and_takes_covariates_at_its_beginning() {
    let files = Own(&[("own-model", MODEL), ("own-people", PEOPLE)]);
    let run = |study: &str| {
        let (study, _) =
            Study::read(&Source::new("study.toml", study), &files, &kind).unwrap_or_else(|p| panic!("{p}"));
        let trial = Trial::new(&study, Vec::new()).unwrap();
        let mut outcomes = Outcomes::default();
        let block = trial.block(&(0..5).into());
        trial.simulate(&block, 0, &mut outcomes);
        let weights = block.cohort().column(0).to_vec();
        let endpoints = study.endpoints.len();
        let arms = study.arms.len();
        let troughs: Vec<Vec<f64>> =
            (0..arms).map(|arm| outcomes.endpoint(arm, endpoints - 1).to_vec()).collect();
        (troughs, weights)
    };
    let (first, weights) = run(STUDY);
    assert_eq!(first[0], first[1]);
    let both = STUDY
        .replace("[arms.\"one\"]\nphases = [\"week\"]\n", "")
        .replace("Ctrough at week 1", "Ctrough at week 2");
    let (second, _) = run(&both);
    // The same subjects as records of a data set, with occasions and weights written out.
    let mut data = "ID,TIME,AMT,II,ADDL,CMT,OCC,WT\n".to_string();
    for (id, weight) in weights.iter().enumerate() {
        let weight = weight / 1e6;
        data += &format!(
            "{id},0,50,24,6,IV,1,{weight}\n{id},168,50,24,6,IV,2,{later}\n{id},336,.,.,.,.,2,{later}\n",
            later = weight + 30.0
        );
    }
    let (model, _) = Model::read(&Source::new("m.toml", MODEL), &Choices::default()).unwrap();
    let (data, _) = DataSet::read(&Source::new("d.csv", data)).unwrap();
    let request = Request { carry: Carry::Forward, seed: 11, ..Request::default() };
    let simulated = simulate(&model, &data, &request).unwrap();
    assert_eq!(simulated.rows.len(), 5);
    for (row, trough) in simulated.rows.iter().zip(&second[0]) {
        let expected = row.values.as_ref().unwrap()[0];
        near(*trough, expected, 1e-9 * expected);
    }
}
