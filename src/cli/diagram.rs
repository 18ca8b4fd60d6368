//! The compartments of a model and what flows between them, as text for Graphviz.

use std::fmt::Write;

use crate::expr::Checked;
use crate::model::{Input, Model};

/// A directed graph: doses, compartments, flows. A flow is a term that one equation loses and another gains; what an
/// equation only loses leaves the system, what it only gains is made.
pub(super) fn dot(model: &Model) -> String {
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR; node [shape=box, style=rounded, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=10];\n",
        quoted(model.name())
    );
    for compartment in model.compartments() {
        let label = format!("{}\\n[{}]", compartment.name, compartment.unit);
        let _ = writeln!(text, "  {} [label={}];", quoted(&compartment.name), quoted(&label));
    }
    doses(&mut text, model);
    flows(&mut text, model);
    text.push_str("}\n");
    text
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\\\""))
}

fn doses(text: &mut String, model: &Model) {
    for formulation in model.formulations() {
        let dose = quoted(&format!("dose {}", formulation.name));
        let _ = writeln!(text, "  {dose} [shape=plaintext];");
        for route in &formulation.routes {
            let over = match &route.input {
                Input::Bolus => String::new(),
                Input::ZeroOrder(duration) => format!(" over {duration}"),
            };
            let to = quoted(&model.compartments()[route.compartment].name);
            let _ =
                writeln!(text, "  {dose} -> {to} [label={}];", quoted(&format!("{}{over}", route.fraction)));
        }
    }
}

fn flows(text: &mut String, model: &Model) {
    let names: Vec<String> = model.compartments().iter().map(|c| quoted(&c.name)).collect();
    let gains: Vec<(usize, Checked)> = terms(model).filter(|(_, term)| !loses(term)).collect();
    let mut met = vec![false; gains.len()];
    for (from, lost) in terms(model).filter(|(_, term)| loses(term)) {
        let flow = lost.neg();
        let place = (0..gains.len()).find(|i| !met[*i] && gains[*i].0 != from && gains[*i].1 == flow);
        match place {
            Some(place) => {
                met[place] = true;
                let label = quoted(&flow.to_string());
                let _ = writeln!(text, "  {} -> {} [label={label}];", names[from], names[gains[place].0]);
            }
            None => {
                let out = quoted(&format!("out of {}: {flow}", model.compartments()[from].name));
                let _ = writeln!(text, "  {out} [shape=point];");
                let _ = writeln!(text, "  {} -> {out} [label={}];", names[from], quoted(&flow.to_string()));
            }
        }
    }
    for ((to, gained), _) in gains.iter().zip(&met).filter(|(_, met)| !**met) {
        let made = quoted(&format!("into {}: {gained}", model.compartments()[*to].name));
        let _ = writeln!(text, "  {made} [shape=point];");
        let _ = writeln!(text, "  {made} -> {} [label={}];", names[*to], quoted(&gained.to_string()));
    }
}

/// The terms of all equations, each with the place of its compartment.
fn terms(model: &Model) -> impl Iterator<Item = (usize, Checked)> {
    let each = model.equations().iter().enumerate();
    each.flat_map(|(place, equation)| equation.value.terms().into_iter().map(move |term| (place, term)))
}

/// Whether a term is written with a minus sign.
fn loses(term: &Checked) -> bool {
    term.to_string().starts_with('-')
}
