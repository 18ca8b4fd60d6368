//! `exposim show`: a model or population as a sheet.

use std::fmt::Write;
use std::path::Path;

use super::files::{Disk, named};
use super::sheet::table;
use super::{Stop, diagram, print};
use crate::kinetics::BlockModel;
use crate::model::{Choices, CovariateKind, Effect, Input, METHODS, Model, Modifier, Structure};
use crate::population::Population;
use clap::Args;

/// Arguments of `exposim show`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A shipped file or a path.
    name: String,
    /// A modifier of the model that is to act; may be given several times.
    #[arg(long = "modifier", value_name = "NAME")]
    modifiers: Vec<String>,
    /// Print the compartments and what flows between them as a graph for Graphviz.
    #[arg(long)]
    dot: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let source = named(&arguments.name).map_err(crate::diagnostic::Problems::from)?;
    if source.text().contains("\n[population]") || source.text().starts_with("[population]") {
        return print(&population(
            &Population::read_with(&source, &Disk::beside(Path::new(&arguments.name)))?.0,
        ));
    }
    let choices = Choices { modifiers: arguments.modifiers.clone(), ..Choices::default() };
    let (read, _) = Model::read_with(&source, &choices, &Disk::beside(Path::new(&arguments.name)))?;
    print(&if arguments.dot { diagram::dot(&read) } else { model(&read) })
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
    let _ = writeln!(text, "random effects\n{}", effects(model));
    let _ = writeln!(text, "precision of the estimates\n  {}\n", model.uncertainty().words());
    let _ = writeln!(text, "covariates\n{}", covariates(model));
    if !model.modifiers().is_empty() {
        let _ = writeln!(text, "modifiers\n{}", modifiers(model));
    }
    definitions(&mut text, model);
    doses(&mut text, model);
    let _ = writeln!(text, "\noutputs");
    for output in model.outputs() {
        let residual =
            output.residual.as_ref().map_or_else(String::new, |r| format!("; residual error: {}", r.words()));
        let _ = writeln!(text, "  {} = {} in {}{residual}", output.name, output.text, output.unit);
    }
    let _ = writeln!(text, "\nnotes");
    for note in model.notes() {
        let _ = writeln!(text, "  - {note}");
    }
    for name in model.unchecked() {
        let _ = writeln!(text, "  - the dimensions of the formula of {name} are not checked");
    }
    if !model.is_checked() {
        let _ = writeln!(text, "  - the dimensions of this model are not checked");
    }
    if !model.checks().is_empty() {
        let n = model.checks().len();
        let _ = writeln!(text, "  - tested on {n} figures: exposim models --checks {}", model.name());
    }
    sources(&mut text, model);
    text
}

/// Random effects and their correlations.
fn effects(model: &Model) -> String {
    let list = model.effects().list();
    let row = |e: &Effect| {
        let when = if e.by_occasion { "between occasions" } else { "between subjects" };
        vec![
            format!("eta.{}", e.name),
            format!("{:.4}", e.sd),
            e.rse.map_or_else(String::new, |r| format!("{} %", (r * 1e4).round() / 1e2)),
            when.into(),
            e.provenance.class.clone(),
            e.description.clone(),
        ]
    };
    let mut text = table(&["", "SD", "RSE of the variance", "", "class", ""], list.iter().map(row).collect());
    for (i, j, r) in model.effects().correlations() {
        let _ = writeln!(text, " correlation of {} and {}: {r}", list[*j].name, list[*i].name);
    }
    text
}

fn modifiers(model: &Model) -> String {
    let row = |m: &Modifier| {
        let acts = if m.acts { "acts" } else { "" };
        let effect = m.effect(model.covariates());
        vec![m.name.clone(), acts.into(), effect, m.provenance.class.clone(), m.description.clone()]
    };
    table(&["", "", "effect", "class", ""], model.modifiers().iter().map(row).collect())
}

fn definitions(text: &mut String, model: &Model) {
    let _ = writeln!(text, "individual parameters");
    for d in model.individual() {
        let _ = writeln!(text, "  {} = {}   [{}]", d.name, d.text, d.value.dimension());
    }
    let _ = writeln!(text, "\nequations");
    for (d, compartment) in model.equations().iter().zip(model.compartments()) {
        let _ = writeln!(text, "  d({})/dt = {}   [{}]", d.name, d.text, compartment.unit);
    }
    for (place, value) in model.initial() {
        let _ = writeln!(text, "  {}(0) = {value}", model.compartments()[*place].name);
    }
}

/// How doses enter: by formulation, and into compartments where data sets say so.
fn doses(text: &mut String, model: &Model) {
    if !model.formulations().is_empty() {
        let _ = writeln!(text, "\nformulations");
    }
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
}

/// Where single values come from, as far as that is not the source of the whole.
fn sources(text: &mut String, model: &Model) {
    let parameters = model.parameters().iter().map(|p| (p.name.clone(), &p.provenance.source));
    let effects = model.effects().list().iter().map(|e| (format!("eta.{}", e.name), &e.provenance.source));
    let covariates = model.covariates().iter().map(|c| (c.name.clone(), &c.source));
    let modifiers = model.modifiers().iter().map(|m| (m.name.clone(), &m.provenance.source));
    let own = |(_, source): &(String, &String)| !source.is_empty() && **source != model.provenance().source;
    let rows: Vec<_> = parameters.chain(effects).chain(covariates).chain(modifiers).filter(own).collect();
    if !rows.is_empty() {
        let _ = writeln!(text, "\nother sources");
    }
    for (name, source) in rows {
        let _ = writeln!(text, "  {name}: {source}");
    }
}

fn solved(model: &Model) -> String {
    match model.structure() {
        Structure::Nonlinear { why, .. } => {
            let solver = model.solver();
            let method = METHODS.iter().find(|(_, m)| *m == solver.method).map_or("", |(word, _)| *word);
            why.iter().fold(
                format!(
                    "integrated numerically, with the analytic Jacobian (method {method}, tolerances {:e} relative, {:e} absolute), because",
                    solver.relative, solver.absolute
                ),
                |text, why| format!("{text}\n  {why}"),
            )
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
