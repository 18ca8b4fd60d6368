//! `exposim show`: a model or population as a sheet.

use std::fmt::Write;

use super::files::named;
use super::sheet::table;
use super::{Stop, print};
use crate::kinetics::BlockModel;
use crate::model::{Choices, CovariateKind, Input, Model, Structure};
use crate::population::Population;
use clap::Args;

/// Arguments of `exposim show`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A shipped file or a path.
    name: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let source = named(&arguments.name).map_err(crate::diagnostic::Problems::from)?;
    if source.text().contains("\n[population]") || source.text().starts_with("[population]") {
        return print(&population(&Population::read(&source)?.0));
    }
    print(&model(&Model::read(&source, &Choices::default())?.0))
}

fn model(model: &Model) -> String {
    let mut text = format!("{}\n{}\n", model.title(), model.provenance().source);
    for choice in model.choices() {
        let _ = writeln!(
            text,
            "\nchoice {}: {} (of {}) {}",
            choice.name,
            choice.chosen,
            choice.options.join(", "),
            choice.description
        );
    }
    let _ = writeln!(text, "\nhow it is solved\n  {}", solved(model));
    let _ = writeln!(text, "\ntypical values\n{}", parameters(model));
    let effects = model.effects().list().iter();
    let rows = effects
        .map(|e| {
            vec![
                format!("eta.{}", e.name),
                e.sd.to_string(),
                e.provenance.class.clone(),
                e.description.clone(),
            ]
        })
        .collect();
    let _ = writeln!(text, "random effects\n{}", table(&["", "SD", "class", ""], rows));
    for (i, j, r) in model.effects().correlations() {
        let list = model.effects().list();
        let _ = writeln!(text, "correlation of {} and {}: {r}\n", list[*j].name, list[*i].name);
    }
    let _ = writeln!(text, "covariates\n{}", covariates(model));
    let _ = writeln!(text, "individual parameters");
    for d in model.individual() {
        let _ = writeln!(text, "  {} = {}   [{}]", d.name, d.text, d.value.dimension());
    }
    let _ = writeln!(text, "\nequations");
    for d in model.equations() {
        let _ = writeln!(text, "  d({})/dt = {}", d.name, d.text);
    }
    let _ = writeln!(text, "\nformulations");
    for formulation in model.formulations() {
        for route in &formulation.routes {
            let compartment = &model.compartments()[route.compartment].name;
            let input = match &route.input {
                Input::Bolus => "at once".to_string(),
                Input::ZeroOrder(duration) => format!("at a constant rate over {duration}"),
            };
            let _ = writeln!(
                text,
                "  {}: {} of the dose into {compartment}, {input}, lag {}",
                formulation.name, route.fraction, route.lag
            );
        }
    }
    let _ = writeln!(text, "\noutputs");
    for output in model.outputs() {
        let residual = output.residual.map_or_else(String::new, |r| {
            format!(
                "; residual: proportional {}, additive {} {}",
                r.proportional,
                output.unit.from_coherent(r.additive),
                output.unit
            )
        });
        let _ = writeln!(text, "  {} = {} in {}{residual}", output.name, output.text, output.unit);
    }
    let _ = writeln!(text, "\nnotes");
    for note in model.notes() {
        let _ = writeln!(text, "  - {note}");
    }
    if !model.is_checked() {
        let _ = writeln!(text, "  - the dimensions of this model are not checked");
    }
    text
}

fn solved(model: &Model) -> String {
    match model.structure() {
        Structure::Nonlinear { why, .. } => {
            why.iter().fold("integrated numerically:".to_string(), |text, w| {
                format!("{text}\n  {}: {} depends on {}", w.compartment, w.term, w.depends_on)
            })
        }
        Structure::Linear { .. } => {
            let all: Vec<usize> = (0..model.formulations().len()).collect();
            let shape = BlockModel::new(model, &all, 0).ok().and_then(|b| b.shape());
            match shape {
                Some(shape) => format!(
                    "exactly: linear in the compartments, in closed form (central compartment, {} peripheral, {} first-order input)",
                    shape.peripherals(),
                    shape.depots()
                ),
                None => "exactly: linear in the compartments, by matrix exponentials".to_string(),
            }
        }
    }
}

fn parameters(model: &Model) -> String {
    let rows = model
        .parameters()
        .iter()
        .map(|p| {
            vec![
                p.name.clone(),
                p.value.to_string(),
                // Percent, as the file has it.
                p.rse.map_or_else(String::new, |r| format!("{} %", (r * 1e6).round() / 1e4)),
                p.provenance.class.clone(),
                p.description.clone(),
            ]
        })
        .collect();
    table(&["", "value", "RSE", "class", ""], rows)
}

fn covariates(model: &Model) -> String {
    let rows = model
        .covariates()
        .iter()
        .map(|c| {
            let (unit, reference) = match &c.kind {
                CovariateKind::Continuous { unit, reference, .. } => (
                    unit.to_string(),
                    reference.map_or_else(String::new, |r| unit.from_coherent(r).to_string()),
                ),
                CovariateKind::Categorical { levels, reference } => {
                    (levels.join(", "), levels.get(*reference).cloned().unwrap_or_default())
                }
            };
            vec![c.name.clone(), unit, reference, c.description.clone()]
        })
        .collect();
    table(&["", "unit or levels", "reference", ""], rows)
}

fn population(population: &Population) -> String {
    let rows = population
        .variables()
        .iter()
        .map(|v| {
            let unit = if v.levels.is_some() { String::new() } else { v.unit.to_string() };
            vec![v.name.clone(), unit, v.law.clone(), v.provenance.class.clone(), v.description.clone()]
        })
        .collect();
    let mut text = format!(
        "{}\n{}\n\n{}",
        population.title(),
        population.provenance().source,
        table(&["", "unit", "distribution", "class", ""], rows)
    );
    let _ = writeln!(text, "\nnotes");
    for note in population.notes() {
        let _ = writeln!(text, "  - {note}");
    }
    text
}
