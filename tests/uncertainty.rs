//! Draws of the uncertain parameters of a model have the law that its file declares.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use exposim::diagnostic::{Diagnostic, Problems, Source};
use exposim::document::{Files, Shipped};
use exposim::dosing::dataset::DataSet;
use exposim::model::{Choices, Model};
use exposim::output::{OutFolder, write_draws};
use exposim::population::{FIRST_OCCASION, Individuals};
use exposim::response::Draws;
use exposim::run::kind;
use exposim::run::simulate::{BetweenSubjects, Request, Residual, simulate};
use exposim::trial::{Outcomes, Study, Trial};

/// One table of estimates beside the shipped files.
struct Beside(&'static str);

impl Files for Beside {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        if name == "draws.csv" { Ok(Source::new(name, self.0)) } else { Shipped.open(name) }
    }
}

fn read(more: &str, table: &'static str) -> Result<Model, Problems> {
    let text = format!(
        r#"
[model]
title = "uncertain"
[parameters]
CL = {{ value = 40, unit = "L/h", rse = 20 }}
V = {{ value = 150, unit = "L", rse = 10 }}
LAG = {{ value = -2, unit = "1" }}
[random-effects]
A = {{ sd = 0.3 }}
B = {{ sd = 0.5 }}
C = {{ variance = 0.04, rse = 25 }}
[random-effects.correlations]
"A, B" = 0.5
{more}
[equations]
x = "-(CL/V)*x"
[initial]
x = "1 mg"
[outputs]
Y = {{ value = "x", unit = "mg", residual = {{ additive = "0.5 mg" }} }}
"#
    );
    Model::read_with(&Source::new("m.toml", text), &Choices::default(), &Beside(table))
        .map(|(model, _)| model)
}

fn model(more: &str, table: &'static str) -> Model {
    read(more, table).unwrap_or_else(|p| panic!("{p}"))
}

const DRAWS: u32 = 20_000;

/// The typical values at many draws: one column a parameter.
fn typical(model: &Model) -> Vec<Vec<f64>> {
    let individuals = Individuals::new(model, Vec::new(), 11);
    let mut columns = vec![Vec::new(); model.parameters().len()];
    for draw in 1..=DRAWS {
        columns.iter_mut().zip(individuals.typical(draw)).for_each(|(column, value)| column.push(value));
    }
    columns
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (a.len() - 1) as f64
}

fn near(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected} within {tolerance}");
}

#[test]
fn draw_0_is_what_was_published() {
    for more in ["", "[uncertainty]\nomega-degrees-of-freedom = 50\nsigma-degrees-of-freedom = 50"] {
        let model = model(more, "");
        let individuals = Individuals::new(&model, Vec::new(), 1);
        assert_eq!(individuals.typical(0), [40.0, 150.0, -2.0]);
        assert_eq!(individuals.residual_factor(0, "Y"), 1.0);
        let plain = Individuals::new(&model, Vec::new(), 1).effects(&(0..5).into(), FIRST_OCCASION, 0);
        assert_ne!(plain, individuals.effects(&(0..5).into(), FIRST_OCCASION, 1));
        // Deviates stay a subject's own: one effect in a block of its own is only stretched.
        let drawn = individuals.effects(&(0..5).into(), FIRST_OCCASION, 3);
        let ratios: Vec<f64> = drawn[2].iter().zip(&plain[2]).map(|(d, p)| d / p).collect();
        assert!(ratios.iter().all(|r| (r - ratios[0]).abs() < 1e-12 && *r != 1.0), "{ratios:?}");
    }
}

#[test]
fn correlations_and_covariances_of_estimates_are_met() {
    let logs = |columns: &[Vec<f64>]| -> Vec<Vec<f64>> {
        columns[..2].iter().map(|c| c.iter().map(|v| v.ln()).collect()).collect()
    };
    let (log_cl, log_v) = (1.04f64.ln(), 1.01f64.ln());
    // Standard errors 8 L/h and 15 L are the relative ones of the file; the covariance is a correlation of 0.6.
    for more in [
        "[uncertainty.correlations]\n\"CL, V\" = 0.6",
        "[uncertainty]\nparameters = [\"CL\", \"V\"]\ncovariance = [64, 72, 225]",
    ] {
        let log = logs(&typical(&model(more, "")));
        near(covariance(&log[0], &log[0]), log_cl, 0.04 * log_cl);
        near(covariance(&log[1], &log[1]), log_v, 0.04 * log_v);
        near(covariance(&log[0], &log[1]), 0.6 * (log_cl * log_v).sqrt(), 0.05 * (log_cl * log_v).sqrt());
    }
    let more = "[uncertainty]\nscale = \"normal\"\nparameters = [\"V\", \"LAG\", \"CL\"]\ncovariance = [225, -0.9, 0.04, 72, 0, 64]";
    let columns = typical(&model(more, ""));
    near(mean(&columns[0]), 40.0, 0.25);
    near(covariance(&columns[0], &columns[0]), 64.0, 2.5);
    near(covariance(&columns[0], &columns[1]), 72.0, 5.0);
    near(covariance(&columns[1], &columns[2]), -0.9, 0.1);
    near(mean(&columns[2]), -2.0, 0.01);
}

#[test]
fn covariances_of_random_effects_are_inverse_wishart() {
    let degrees = 30.0;
    let model = model("[uncertainty]\nomega-degrees-of-freedom = 30", "");
    let individuals = Individuals::new(&model, Vec::new(), 5);
    // The effects of one subject are linear in its two deviates: their products over many draws average to what the
    // mean of the covariance makes of them. Covariance of an inverse Wishart: mean ν Ω / (ν - s - 1).
    let subjects = 64;
    let published = individuals.effects(&(0..subjects).into(), FIRST_OCCASION, 0);
    let mut sums = [0.0; 3];
    let (mut single, mut single_square) = (0.0, 0.0);
    let draws = 4000;
    for draw in 1..=draws {
        let effects = individuals.effects(&(0..subjects).into(), FIRST_OCCASION, draw);
        let stretch = effects[2][0] / published[2][0];
        single += stretch * stretch / f64::from(draws);
        single_square += stretch.powi(4) / f64::from(draws);
        // Recover the root of the block from two subjects.
        let unit = |lane: usize| {
            let z1 = published[0][lane] / 0.3;
            let z2 = (published[1][lane] / 0.5 - 0.5 * z1) / 0.75f64.sqrt();
            (z1, z2)
        };
        let ((a1, a2), (b1, b2)) = (unit(0), unit(1));
        let l11 = effects[0][0] / a1;
        let determinant = a1 * b2 - a2 * b1;
        let l21 = (effects[1][0] * b2 - effects[1][1] * a2) / determinant;
        let l22 = (effects[1][1] * a1 - effects[1][0] * b1) / determinant;
        for (sum, product) in sums.iter_mut().zip([l11 * l11, l11 * l21, l21 * l21 + l22 * l22]) {
            *sum += product / f64::from(draws);
        }
    }
    let scale = degrees / (degrees - 2.0 - 1.0);
    near(sums[0], 0.09 * scale, 0.04 * 0.09);
    near(sums[1], 0.075 * scale, 0.04 * 0.15);
    near(sums[2], 0.25 * scale, 0.04 * 0.25);
    // One effect: ν/χ² has mean ν/(ν - 2) and variance 2 ν²/((ν - 2)² (ν - 4)).
    near(single, 30.0 / 28.0, 0.02);
    near(single_square - single * single, 2.0 * 900.0 / (784.0 * 26.0), 0.015);
    // From the RSE of a variance: ν = 2/RSE² = 32.
    assert_eq!(self::model("", "").uncertainty().omega()[0].degrees_of_freedom, 32.0);
}

#[test]
fn residual_variances_are_scaled_inverse_chi_square() {
    let model = model("[uncertainty]\nsigma-degrees-of-freedom = 30", "");
    let individuals = Individuals::new(&model, Vec::new(), 5);
    let factors: Vec<f64> = (1..=DRAWS).map(|draw| individuals.residual_factor(draw, "Y").powi(2)).collect();
    near(mean(&factors), 30.0 / 28.0, 0.01);
    near(covariance(&factors, &factors), 2.0 * 900.0 / (784.0 * 26.0), 0.01);
    let (data, _) = DataSet::read(&Source::new("d.csv", "ID,TIME,EVID,AMT\n1,0,0,.\n")).unwrap();
    let error = |draw| {
        let between = BetweenSubjects::Typical;
        let request = Request { residual: Residual::Drawn, between, seed: 5, draw, ..Request::default() };
        let values = simulate(&model, &data, &request).unwrap().rows[0].values.clone().unwrap();
        values[1] - values[0]
    };
    near(error(4) / error(0), individuals.residual_factor(4, "Y"), 1e-12);
}

#[test]
fn a_table_of_draws_takes_the_place_of_all_the_rest() {
    let table = "CL,omega.A,omega.A.B,sd.B,cor.A.C\n50,0.16,0.02,0.5,0\n60000e-3,0.01,0,1,0.5\n";
    let model = model("[uncertainty]\ndraws = \"draws.csv\"", table);
    let individuals = Individuals::new(&model, Vec::new(), 3);
    assert_eq!(individuals.typical(1), [50.0, 150.0, -2.0]);
    assert_eq!(individuals.typical(2), [60.0, 150.0, -2.0]);
    assert_eq!(individuals.typical(3), individuals.typical(1));
    let effects = individuals.effects(&(0..20_000).into(), FIRST_OCCASION, 1);
    near(covariance(&effects[0], &effects[0]), 0.16, 0.006);
    near(covariance(&effects[0], &effects[1]), 0.02, 0.006);
    near(covariance(&effects[1], &effects[1]), 0.25, 0.01);
    let effects = individuals.effects(&(0..20_000).into(), FIRST_OCCASION, 2);
    near(covariance(&effects[0], &effects[2]), 0.5 * 0.1 * 0.2, 0.0005);
    let words = model.uncertainty().words();
    assert!(words.contains("2 rows of draws.csv"), "{words}");
}

#[test]
fn wrong_uncertainty_is_refused() {
    for (more, table, words) in [
        ("[uncertainty.correlations]\n\"CL, LAG\" = 0.6", "", "`LAG` has no `rse`"),
        ("[uncertainty.correlations]\n\"CL, VV\" = 0.6", "", "no parameter `VV`"),
        ("[uncertainty]\nparameters = [\"CL\", \"V\"]\ncovariance = [64, 72]", "", "has 3 numbers, not 2"),
        (
            "[uncertainty]\nparameters = [\"CL\", \"V\"]\ncovariance = [64, 720, 225]",
            "",
            "correlation of 6.000",
        ),
        ("[uncertainty]\nparameters = [\"CL\", \"V\"]\ncovariance = [64, 72, 0]", "", "`V` is not positive"),
        ("[uncertainty]\nparameters = [\"CL\"]", "", "go together"),
        ("[uncertainty]\nscale = \"ln\"", "", "`log` or `normal`"),
        ("[uncertainty]\nomega-degrees-of-freedom = 0", "", "1 or more"),
        ("[uncertainty]\nomega-degrees-of-freedom = 2", "", "too few for a block of 2 effects"),
        ("[uncertainty]\ndraws = \"drawn.csv\"", "", "there is no file `drawn.csv`"),
        ("[uncertainty]\ndraws = \"draws.csv\"", "", "draws.csv is empty"),
        ("[uncertainty]\ndraws = \"draws.csv\"", "TVCL\n4\n", "no column of the model"),
        ("[uncertainty]\ndraws = \"draws.csv\"", "CL\n4\n.\n", "row 2, column CL: expected a number"),
        ("[uncertainty]\ndraws = \"draws.csv\"", "CL,omega.A.B\n4,0.6\n", "row 1, column omega.A.B"),
        ("[uncertainty]\ndraws = \"draws.csv\"", "CL,V\n4\n", "1 fields where the header names 2 columns"),
    ] {
        let shown = read(more, table).expect_err(more).to_string();
        assert!(shown.contains(words), "{more}\n{shown}");
    }
}

const STUDY: &str = r#"
title = "two weeks"
model = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects = 4
seed = 7
model-draws = "draws.csv"
[regimens]
full = "30 mg ER every 24 h for 2 weeks"
[arms."full"]
phases = ["full"]
[endpoints]
trough = "Ctrough at week 2"
"#;

#[test]
fn a_study_may_name_the_draws_and_they_move_its_exposures() {
    let study =
        |table| Study::read(&Source::new("study.toml", STUDY), &Beside(table), &kind).map(|(study, _)| study);
    let study_with = study("TVCL,sd.CL,OBJ\n81.8,0.0,1\n40.9,0.365,2\n").unwrap_or_else(|p| panic!("{p}"));
    assert!(study_with.inputs.iter().any(|s| s.name() == "draws.csv"));
    let trial = Trial::new(&study_with, Vec::new()).unwrap();
    let block = trial.block(&(0..4).into());
    let troughs = |draw| {
        let mut outcomes = Outcomes::default();
        trial.simulate(&block, draw, &mut outcomes);
        outcomes.endpoint(0, 0).to_vec()
    };
    assert_eq!(troughs(0), troughs(2));
    assert!(mean(&troughs(1)) < 0.7 * mean(&troughs(0)), "{:?} {:?}", troughs(1), troughs(0));
    let shown = study("TVCLL\n1\n").unwrap_err().to_string();
    assert!(shown.contains("no column of the model"), "{shown}");
}

fn run(folder: &Path, study: &str, code: i32) -> String {
    let arguments = ["run", &format!("{study}.toml"), "--out", study, "--draws", "4"];
    let output =
        Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(folder).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

#[test]
fn draws_in_parquet_give_what_they_give_in_csv() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let names = ["TVCL", "sd.CL"].map(str::to_owned).to_vec();
    let draws = Draws::new(names, vec![40.9, 0.365], vec![81.8, 0.1 + 0.2, 40.9, 0.365]).unwrap();
    let mut out = OutFolder::create(at).unwrap();
    let file = write_draws(out.file("draws.parquet").unwrap(), &draws).unwrap();
    out.keep(file).unwrap();
    out.publish().unwrap();
    fs::write(at.join("draws.csv"), "TVCL,sd.CL\n81.8,0.30000000000000004\n40.9,0.365\n").unwrap();
    for (name, table) in [("csv", "draws.csv"), ("parquet", "draws.parquet")] {
        fs::write(at.join(format!("{name}.toml")), STUDY.replace("draws.csv", table)).unwrap();
        run(at, name, 0);
    }
    for file in ["summary.csv", "subjects.parquet"] {
        let bytes = |name: &str| fs::read(at.join(name).join(file)).unwrap();
        assert!(bytes("csv") == bytes("parquet"), "{file} differs");
    }
    // What the model's own file names, by the same keys.
    let uncertain = Shipped.open("upadacitinib-klunder-2019").unwrap().text().to_owned()
        + "\n[uncertainty]\ndraws = \"draws.parquet\"\n";
    fs::write(at.join("m.toml"), uncertain).unwrap();
    let study =
        STUDY.replace("model-draws = \"draws.csv\"\n", "").replace("upadacitinib-klunder-2019", "m.toml");
    fs::write(at.join("own.toml"), study).unwrap();
    run(at, "own", 0);
    let rows = |name: &str| fs::read(at.join(name).join("summary.csv")).unwrap();
    assert!(rows("own") == rows("csv"));
    fs::write(at.join("draws.parquet"), "TVCL\n1\n").unwrap();
    assert!(run(at, "parquet", 2).contains("E0111"));
}

#[test]
fn formulas_with_unchecked_dimensions_are_told_in_results_and_report() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let population = "[population]\ntitle = \"p\"\n[covariates]\nWT = { unit = \"kg\", mean = 70, sd = 5, range = [50, 90] }\nBODY = { unit = \"m^2\", derived = \"unchecked(0.1*WT^0.67, m^2)\" }\n";
    let model = "[model]\ntitle = \"m\"\n[covariates]\nWT = { unit = \"kg\" }\n[individual]\nCL = \"unchecked(9*WT/(8 + WT), L/h)\"\n[formulations.ER]\nto.x = { lag = \"0 h\" }\n[equations]\nx = \"-CL/10 L*x\"\n[outputs]\nCP = { value = \"x/10 L\", unit = \"ng/mL\" }\n";
    fs::write(at.join("p.toml"), population).unwrap();
    fs::write(at.join("m.toml"), model).unwrap();
    let study = STUDY
        .replace("model-draws = \"draws.csv\"\n", "")
        .replace("upadacitinib-klunder-2019", "m.toml")
        .replace("crohn-anti-tnf-failure", "p.toml");
    fs::write(at.join("s.toml"), study).unwrap();
    run(at, "s", 0);
    for file in ["results.json", "report.html"] {
        let text = fs::read_to_string(at.join("s").join(file)).unwrap();
        for told in ["formulas of the pharmacokinetic model: CL.", "formulas of the population: BODY."] {
            assert!(text.contains(told), "{file}: {told}");
        }
    }
}
