//! The model library: every model meets the figures that its own file states, and modifiers do what they say.

use exposim::diagnostic::Source;
use exposim::document::{Files, SHIPPED, Shipped};
use exposim::dosing::dataset::DataSet;
use exposim::model::{Basis, Choices, Model};
use exposim::run::checks::{checks, shipped};
use exposim::run::kind;
use exposim::run::simulate::{BetweenSubjects, Request, simulate};
use exposim::trial::Study;

fn with(modifiers: &[&str]) -> Choices {
    Choices { modifiers: modifiers.iter().map(|m| (*m).to_owned()).collect(), ..Choices::default() }
}

#[test]
fn every_model_meets_its_figures() {
    let outcomes = shipped().unwrap_or_else(|p| panic!("{p}"));
    let missed: Vec<String> = outcomes
        .iter()
        .filter(|o| !o.passes())
        .map(|o| format!("{}: {}: {} is not {}", o.model, o.what, o.found, o.expected))
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    // A figure of `[[checks]]` follows doses; a biomarker follows an exposure and is tested in `biomarkers`.
    let kinetics = |text: &str| text.contains("\n[model]") && !text.contains("\n[drivers]");
    for (name, _) in SHIPPED.iter().filter(|(_, text)| kinetics(text)) {
        assert!(outcomes.iter().any(|o| o.model == *name), "{name} is tested on no figure");
    }
    // A model that has published figures is compared with them, not with its own equations alone.
    for model in ["upadacitinib-klunder-2018", "upadacitinib-klunder-2019", "upadacitinib-bhatnagar-2024"] {
        assert!(outcomes.iter().any(|o| o.model == model && o.basis == Basis::Published), "{model}");
    }
}

#[test]
fn a_figure_that_is_missed_is_told() {
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "theophylline").unwrap();
    let wrong = text.replace("value = 2.74", "value = 2.75");
    assert_ne!(*text, wrong);
    let outcomes = checks(&Source::new("theophylline.toml", wrong)).unwrap();
    assert!(outcomes.iter().any(|o| !o.passes() && o.difference().abs() > 1e-4));
}

/// The concentration of the typical patient at a time after one tablet.
fn concentration(choices: &Choices, crcl: f64) -> f64 {
    let (model, _) = Model::read(&Shipped.open("upadacitinib-klunder-2019").unwrap(), choices).unwrap();
    let text = format!("ID,TIME,AMT,CMT,WT,CRCL,PATIENT\n1,0,15,ER,74,{crcl},patient\n1,30,.,.,.,.,.\n");
    let (data, _) = DataSet::read(&Source::new("d.csv", text)).unwrap();
    let request = Request { between: BetweenSubjects::Typical, ..Request::default() };
    simulate(&model, &data, &request).unwrap().rows[0].values.as_ref().unwrap()[0]
}

#[test]
fn modifiers_multiply_parameters_and_fix_covariates() {
    let plain = concentration(&with(&[]), 108.7);
    let fixed = concentration(&with(&["renal-impairment-moderate"]), 108.7);
    assert_eq!(fixed, concentration(&with(&[]), 45.0));
    assert_eq!(fixed, concentration(&with(&["renal-impairment-moderate"]), 99.0));
    let inhibited = concentration(&with(&["strong-cyp3a4-inhibitor"]), 108.7);
    assert!(inhibited > 1.7 * plain && inhibited < 1.9 * plain, "{inhibited} {plain}");
    let both = concentration(&with(&["strong-cyp3a4-inhibitor", "renal-impairment-moderate"]), 108.7);
    assert!(both > inhibited && both > fixed);
}

#[test]
fn a_parameter_called_f_is_meant_where_there_is_one() {
    let model = |own: &str| {
        let text = format!(
            "[model]\ntitle = \"t\"\n[parameters]\n{own}K = {{ value = 1, unit = \"1/h\" }}\n[equations]\nc = \"-K*c\"\n[outputs]\nA = {{ value = \"c\", unit = \"mg\" }}\n[modifiers.m]\nmultiply = {{ F = 0.5 }}\n"
        );
        Model::read(&Source::new("m.toml", text), &with(&["m"])).unwrap_or_else(|p| panic!("{p}")).0
    };
    let routes = model("");
    assert_eq!(routes.doses()[0].bioavailability.constant(), Some(0.5));
    let own = model("F = { value = 0.8, unit = \"1\" }\n");
    assert_eq!(own.doses()[0].bioavailability.constant(), Some(1.0));
    assert_eq!(own.parameters()[0].value.value(), 0.4);
}

#[test]
fn a_study_names_modifiers_and_unknown_ones_are_refused() {
    let study = include_str!("../examples/dose-reduction.toml");
    let named = |modifier: &str| {
        let line = "model      = \"upadacitinib-klunder-2019\"";
        let with =
            format!("model = {{ name = \"upadacitinib-klunder-2019\", modifiers = [\"{modifier}\"] }}");
        assert!(study.contains(line));
        Study::read(&Source::new("s.toml", study.replace(line, &with)), &Shipped, &kind)
    };
    let (read, _) = named("renal-impairment-severe").unwrap();
    let crcl = read.model.covariates().iter().find(|c| c.name == "CRCL").unwrap();
    assert!(crcl.fixed.is_some());
    let refused = named("strong-cyp3a4-inhibiter").unwrap_err().to_string();
    assert!(
        refused.contains("E0410") && refused.contains("did you mean `strong-cyp3a4-inhibitor`?"),
        "{refused}"
    );
}
