//! A model file from its text to a checked model.

use std::path::Path;
use std::sync::Arc;

use super::expressions::Names;
use super::modifiers::{self, Acting};
use super::{Choices, Compartment, Layout, Model, Provenance};
use super::{
    analysis, checks, choices, covariates, drivers, effects, expressions, formulations, parameters, residual,
    solving, uncertainty,
};
use crate::diagnostic::{Collector, Diagnostic, Problems, Source};
use crate::document::{Document, Files, Table};
use crate::units::Unit;

pub(super) fn read(
    source: &Arc<Source>,
    wanted: &Choices,
    files: &dyn Files,
) -> Result<(Model, Vec<Diagnostic>), Problems> {
    let problems = Collector::new();
    let document = Document::parse(source)?;
    let root = document.root(&problems);
    let model = model(source, &root, wanted, files);
    root.finish();
    problems.finish(model)
}

fn model(source: &Arc<Source>, root: &Table<'_>, wanted: &Choices, files: &dyn Files) -> Option<Model> {
    let head = head(root)?;
    let choices = choices::read(root, wanted);
    let mut covariates = covariates::read(root);
    let modifiers = modifiers::read(root, &covariates, &wanted.modifiers, &head.provenance);
    let acting = Acting::new(&modifiers, root);
    acting.fix(&mut covariates);
    let drivers = drivers::read(root);
    let mut parameters = parameters::read(root, &choices, &head.provenance);
    acting.scale(&mut parameters);
    let effects = effects::read(root, &choices, &head.provenance);
    let uncertainty = uncertainty::read(root, (&parameters, &effects), files);
    let equations_table = root.required_table("equations");
    let compartments = compartments(root, equations_table.as_ref());
    let mut layout = Layout {
        parameters: parameters.len(),
        covariates: covariates.len(),
        effects: effects.list().len(),
        individual: 0,
        compartments: compartments.len(),
        drivers: drivers.len(),
    };
    let names = Names::base(root, &parameters, &covariates, &effects, &layout, head.checked);
    let individual = expressions::individual(root, &names, &acting);
    layout.individual = individual.len();
    let names = names.individual(&individual, &layout);
    let mut formulations = formulations::read(root, names.scope(), &compartments, head.checked);
    let mut doses = formulations::doses(root, names.scope(), &compartments, head.checked);
    acting.scale_bioavailability(&mut formulations, &mut doses);
    let initial = solving::initial(root, names.scope(), &compartments, head.checked);
    let solver = solving::solver(root);
    let names = names.dynamic(&compartments, &drivers, &layout);
    let equations =
        expressions::equations(equations_table.as_ref()?, names.scope(), &compartments, head.checked);
    let outputs = expressions::outputs(root, &names, &choices, head.checked);
    let checks = checks::read(root, &covariates, &outputs);
    let residual_correlations = residual::correlations(root, &outputs);
    if equations.len() != compartments.len() {
        return None;
    }
    let structure = analysis::structure(&equations, &compartments, &layout);
    let name =
        Path::new(source.name()).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    Some(Model {
        name,
        title: head.title,
        provenance: head.provenance,
        notes: head.notes,
        checked: head.checked,
        choices,
        modifiers,
        covariates,
        drivers,
        parameters,
        effects,
        uncertainty,
        individual,
        compartments,
        equations,
        formulations,
        doses,
        outputs,
        residual_correlations,
        initial,
        solver,
        structure,
        layout,
        checks,
    })
}

struct Head {
    title: String,
    provenance: Provenance,
    notes: Vec<String>,
    checked: bool,
}

fn head(root: &Table<'_>) -> Option<Head> {
    let table = root.required_table("model")?;
    let title = table.required_string("title").map_or_else(String::new, |s| s.value);
    let provenance = Provenance::read(&table, &Provenance::default());
    let notes = table
        .array("notes")
        .map_or_else(Vec::new, |a| a.value.iter().filter_map(|n| Some(n.string()?.value)).collect());
    let checked = match table.string("dimensions") {
        None => true,
        Some(word) if word.value == "checked" => true,
        Some(word) if word.value == "unchecked" => false,
        Some(word) => {
            table.error("E0401", word.span, "dimensions are `checked` or `unchecked`");
            true
        }
    };
    table.finish();
    Some(Head { title, provenance, notes, checked })
}

/// The compartments are the names of the equations; `[compartments]` may say more of them.
fn compartments(root: &Table<'_>, equations: Option<&Table<'_>>) -> Vec<Compartment> {
    let described = root.table("compartments");
    let amount: Unit = "mg".parse().unwrap_or_else(|_| Unit::one());
    let mut compartments = Vec::new();
    for (name, _) in equations.map_or_else(Vec::new, Table::entries) {
        let mut compartment =
            Compartment { name: name.value, unit: amount.clone(), description: String::new() };
        if let Some(table) = described
            .as_ref()
            .and_then(|d| if d.has(&compartment.name) { d.table(&compartment.name) } else { None })
        {
            if let Some(unit) = table.unit("unit", None) {
                compartment.unit = unit.value;
            }
            compartment.description = table.string("description").map_or_else(String::new, |s| s.value);
            table.finish();
        }
        compartments.push(compartment);
    }
    if let Some(described) = described {
        described.finish();
    }
    compartments
}
