//! Model and population files: what ships can be read, and what is wrong is told.

use exposim::diagnostic::Source;
use exposim::document::{Files, SHIPPED, Shipped};
use exposim::model::{Choices, Model, Structure};
use exposim::population::{Cohort, Individuals, Population, bind};
use exposim::random::Subjects;

fn model(name: &str) -> Model {
    let source = Shipped.open(name).unwrap();
    let (model, warnings) = Model::read(&source, &Choices::default()).unwrap_or_else(|p| panic!("{p}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    model
}

fn population(name: &str) -> Population {
    let source = Shipped.open(name).unwrap();
    Population::read(&source).unwrap_or_else(|p| panic!("{p}")).0
}

#[test]
fn the_upadacitinib_model_is_recognised_as_linear() {
    let model = model("upadacitinib-klunder-2019");
    let Structure::Linear { matrix, input } = model.structure() else { panic!("not linear") };
    assert_eq!(matrix.len(), 8);
    assert!(input.is_empty());
    assert_eq!(model.effects().list()[0].sd, 0.365);
    let chosen = Choices::from([("variability".to_string(), "phase-1".to_string())]);
    let (phase_1, _) = Model::read(&Shipped.open("upadacitinib-klunder-2019").unwrap(), &chosen).unwrap();
    assert_eq!(phase_1.effects().list()[0].sd, 0.205);
    let residual = phase_1.outputs()[0].residual.clone().unwrap();
    assert_eq!(residual.words(), "proportional 0.344, additive 0.0858 ng/mL");
}

#[test]
fn individual_parameters_of_the_typical_patient() {
    let model = model("upadacitinib-klunder-2019");
    let population = population("crohn-anti-tnf-failure");
    let individuals = Individuals::new(&model, bind(&model, &population).unwrap(), 1);
    let covariates = vec![vec![74e6], vec![108.7 * 0.06], vec![1.0]];
    let effects = vec![vec![0.0]; 3];
    let columns =
        individuals.parameters(&individuals.typical(0), &covariates, &effects, 1, &mut Default::default());
    assert!((columns[0][0] - 40.9 * 0.754).abs() < 1e-12, "{columns:?}");
    assert!((columns[1][0] - 156.0).abs() < 1e-12, "{columns:?}");
}

#[test]
fn the_crohn_population_has_the_reported_quartiles() {
    let population = population("crohn-anti-tnf-failure");
    let mut cohort = Cohort::default();
    let n = 200_000u64;
    population.draw(7, &(0..n).into(), &mut cohort);
    // Fang et al., Table 1. Monte-Carlo error of a quartile of 200,000 is about 0.3 % of the spread.
    for (name, unit, q) in [
        ("AGE", 8766.0, [23.0, 29.0, 34.0]),
        ("CRP", 1.0, [4.62, 11.62, 28.44]),
        ("FCP", 1e-6, [491.73, 871.84, 1800.0]),
        ("HB", 1e3, [102.75, 115.0, 128.0]),
        ("ALB", 1e3, [35.25, 38.85, 42.2]),
    ] {
        let mut values = cohort.column(population.place(name).unwrap()).to_vec();
        values.sort_by(f64::total_cmp);
        for (p, expected) in [0.25, 0.5, 0.75].into_iter().zip(q) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let got = values[(p * n as f64) as usize] / unit;
            assert!((got - expected).abs() < 0.015 * (q[2] - q[0]), "{name} {p}: {got} is not {expected}");
        }
    }
    let share = |name: &str, test: &dyn Fn(f64) -> bool| {
        let column = cohort.column(population.place(name).unwrap());
        #[allow(clippy::cast_precision_loss)]
        let share = column.iter().filter(|v| test(**v)).count() as f64 / n as f64;
        share
    };
    assert!((share("SEXF", &|v| v == 0.0) - 73.0 / 108.0).abs() < 0.005);
    assert!((share("BEHAVIOUR", &|v| v == 2.0) - 13.0 / 108.0).abs() < 0.005);
    assert!((share("BMI", &|v| v <= 18.5 * 1e4) - 34.0 / 108.0).abs() < 0.01);
    assert!(share("HBI", &|v| v < 8.0 || v.fract() != 0.0) == 0.0);
}

#[test]
fn a_subject_is_the_same_whatever_the_block() {
    let population = population("crohn-anti-tnf-failure");
    let (mut all, mut part) = (Cohort::default(), Cohort::default());
    population.draw(3, &(0..50).into(), &mut all);
    population.draw(3, &(20..27).into(), &mut part);
    for variable in 0..population.variables().len() {
        assert_eq!(part.column(variable), &all.column(variable)[20..27]);
    }
}

#[test]
fn another_trial_has_other_subjects() {
    let population = population("crohn-anti-tnf-failure");
    let (mut first, mut second) = (Cohort::default(), Cohort::default());
    population.draw(3, &(0..50).into(), &mut first);
    population.draw(3, &Subjects { replicate: 1, numbers: 0..50 }, &mut second);
    let albumin = population.place("ALB").unwrap();
    let pairs = first.column(albumin).iter().zip(second.column(albumin));
    assert_eq!(pairs.filter(|(a, b)| a == b).count(), 0);
}

#[test]
fn every_shipped_model_and_population_can_be_read() {
    for (name, text) in SHIPPED {
        let source = Source::new(format!("{name}.toml"), *text);
        if text.contains("\n[model]") {
            Model::read(&source, &Choices::default()).unwrap_or_else(|p| panic!("{p}"));
        } else if text.contains("\n[population]") {
            Population::read(&source).unwrap_or_else(|p| panic!("{p}"));
        }
    }
}

/// What `exposim show` says of a model that is not linear.
#[test]
fn the_term_that_breaks_linearity_is_named() {
    let why = |equation: &str| -> Vec<String> {
        let text = format!(
            "[model]\ntitle = \"m\"\n[parameters]\nVM = {{ value = 2, unit = \"mg/h\" }}\nKM = {{ value = 3, unit = \"mg\" }}\nK = {{ value = 1, unit = \"1/h\" }}\n[equations]\ndepot = \"-K*depot\"\ncentral = \"{equation}\"\n[outputs]\nX = \"central\"\n"
        );
        let (model, _) =
            Model::read(&Source::new("m.toml", text), &Choices::default()).unwrap_or_else(|p| panic!("{p}"));
        match model.structure() {
            Structure::Linear { .. } => Vec::new(),
            Structure::Nonlinear { why, .. } => why.iter().map(ToString::to_string).collect(),
        }
    };
    assert!(why("K*depot - K*central + VM").is_empty());
    let broken = why("K*depot - VM*central/(KM + central)");
    assert!(
        broken.len() == 1
            && broken[0].starts_with("central: term ")
            && broken[0].ends_with("is not linear in central"),
        "{broken:?}"
    );
    assert!(broken[0].contains("VM*central") && !broken[0].contains("depot"), "{broken:?}");
    let broken = why("K*depot*exp(-t/1 h) - K*central");
    assert!(broken[0].ends_with("changes with time"), "{broken:?}");
    let broken = why("K*depot*central/KM - K*central*(if doses > 2 then 1 else 0)");
    assert!(
        broken[0].ends_with("is not linear in depot and central")
            && broken[1].ends_with("changes with the doses so far"),
        "{broken:?}"
    );
}

#[test]
fn formulas_without_checked_dimensions_are_told() {
    let text = "[model]\ntitle = \"m\"\n[covariates]\nWT = { unit = \"kg\" }\n[individual]\nCL = \"unchecked(9*WT/(8 + WT), L/h)\"\nV = \"1 L\"\n[equations]\nx = \"-CL/V*x\"\n[outputs]\nX = { value = \"x\", unit = \"mg\", residual = { additive = \"unchecked(0.1*WT, mg)\" } }\n";
    let (model, _) =
        Model::read(&Source::new("m.toml", text), &Choices::default()).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(model.unchecked(), ["CL", "X"]);
}
