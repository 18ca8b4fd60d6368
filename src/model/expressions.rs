//! Individual parameters, equations and outputs: the parts of a model that are written as expressions.

use super::choices::Choice;
use super::modifiers::Acting;
use super::residual::{self, Residual};
use super::{Compartment, Covariate, Driver, Effects, Layout, Parameter};
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};
use crate::expr::{Absent, Checked, ExprError, Expression, Scope, Symbol};
use crate::units::{Dimension, Unit};

/// A named expression.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// The expression as written.
    pub text: String,
    /// The expression with its names resolved and its dimensions checked.
    pub value: Checked,
}

/// A quantity that the model predicts, such as the plasma concentration.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name, a column of results.
    pub name: String,
    /// The expression as written.
    pub text: String,
    /// The expression, in coherent units.
    pub value: Checked,
    /// The unit in which it is reported.
    pub unit: Unit,
    /// What it is.
    pub description: String,
    /// Its residual error, where the file has one.
    pub residual: Option<Residual>,
}

/// Reads an expression against a scope; problems are reported at the item.
pub(super) fn expression(item: &Item<'_>, scope: &Scope) -> Option<(String, Checked)> {
    let text = if item.is_number() { item.number()?.value.to_string() } else { item.string()?.value };
    let parsed = match Expression::parse(&text) {
        Ok(parsed) => parsed,
        Err(error) => {
            report(item, error);
            return None;
        }
    };
    match parsed.check(scope) {
        Ok(checked) => Some((text, checked)),
        Err(errors) => {
            for mut error in errors {
                let name = text.get(error.span.clone()).filter(|_| error.is_unknown_name());
                match name.and_then(|name| scope.why_absent(name)) {
                    // What is wrong with another definition is told there.
                    Some(Absent::Broken) => continue,
                    Some(Absent::Later) => {
                        error.help = Some("a definition may use those above it, and not itself".into());
                    }
                    None => {}
                }
                report(item, error);
            }
            None
        }
    }
}

fn report(item: &Item<'_>, error: ExprError) {
    let span = error.span.clone();
    item.report_within(error.into(), span);
}

/// Refuses an expression of the wrong dimension.
pub(super) fn require(item: &Item<'_>, value: &Checked, wanted: Dimension, checked: bool) -> Option<()> {
    if !checked || value.fits(wanted) {
        return Some(());
    }
    item.report(
        Diagnostic::error("E0406", format!("`{}` has the wrong dimension", item.path()))
            .label(format!("this is {}, expected {wanted}", value.dimension()))
            .help("units are checked through the whole expression; see which factor is missing"),
    );
    None
}

/// The value in a unit: a checked one must have its dimension, an unchecked one is a number that gets it.
pub(super) fn in_unit(item: &Item<'_>, value: Checked, unit: &Unit, checked: bool) -> Option<Checked> {
    if !checked {
        return Some(value.in_unit(unit));
    }
    require(item, &value, unit.dimension(), checked)?;
    Some(value)
}

/// The names that the expressions of a model may use. A name that is taken, or that the language needs, is refused
/// where it stands.
pub(super) struct Names<'a> {
    scope: Scope,
    root: &'a Table<'a>,
}

impl<'a> Names<'a> {
    /// Typical values, covariates and random effects: what individual parameters may use.
    pub(super) fn base(
        root: &'a Table<'a>,
        parameters: &[Parameter],
        covariates: &[Covariate],
        effects: &Effects,
        layout: &Layout,
        checked: bool,
    ) -> Self {
        let mut names = Names { scope: if checked { Scope::new() } else { Scope::unchecked() }, root };
        for (i, p) in parameters.iter().enumerate() {
            names.symbol("parameters", &p.name, &p.name, layout.parameter(i), p.value.unit().clone(), None);
        }
        for (i, c) in covariates.iter().enumerate() {
            let levels = c.levels().map(<[String]>::to_vec);
            names.symbol("covariates", &c.name, &c.name, layout.covariate(i), c.unit(), levels);
        }
        for (i, e) in effects.list().iter().enumerate() {
            let name = format!("eta.{}", e.name);
            names.symbol("random-effects", &e.name, &name, layout.effect(i), Unit::one(), None);
        }
        for (table, prefix) in [("parameters", ""), ("covariates", ""), ("random-effects", "eta.")] {
            root.keys(table).for_each(|key| names.scope.absent(&format!("{prefix}{key}"), Absent::Broken));
        }
        names
    }

    /// Individual parameters as well: what formulations may use.
    pub(super) fn individual(mut self, individual: &[Definition], layout: &Layout) -> Self {
        for (i, d) in individual.iter().enumerate() {
            let unit = Unit::coherent(d.value.dimension());
            self.symbol("individual", &d.name, &d.name, layout.individual(i), unit, None);
        }
        self.root.keys("individual").for_each(|key| self.scope.absent(key, Absent::Broken));
        self
    }

    /// Compartments, clocks and drivers as well: what equations and outputs may use.
    pub(super) fn dynamic(
        mut self,
        compartments: &[Compartment],
        drivers: &[Driver],
        layout: &Layout,
    ) -> Self {
        for (i, c) in compartments.iter().enumerate() {
            self.symbol("equations", &c.name, &c.name, layout.compartment(i), c.unit.clone(), None);
        }
        let hours = || Unit::coherent(Dimension::TIME);
        let clocks = [
            ("t", layout.time(), hours()),
            ("tad", layout.time_after_dose(), hours()),
            ("doses", layout.doses_so_far(), Unit::one()),
        ];
        for (clock, slot, unit) in clocks {
            let taken = ["parameters", "covariates", "individual", "equations"]
                .into_iter()
                .find(|table| self.root.key_span(table, clock).is_some());
            self.symbol(taken.unwrap_or("equations"), clock, clock, slot, unit, None);
        }
        for (i, d) in drivers.iter().enumerate() {
            self.symbol("drivers", &d.name, &d.name, layout.driver(i), d.unit.clone(), None);
        }
        self
    }

    /// The scope as it stands.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    fn symbol(
        &mut self,
        table: &str,
        key: &str,
        name: &str,
        slot: usize,
        unit: Unit,
        levels: Option<Vec<String>>,
    ) {
        if let Err(error) = self.scope.symbol(name, Symbol { slot, unit, levels }) {
            refuse(self.root, table, key, error);
        }
    }
}

/// Reports a refused name at its key.
fn refuse(root: &Table<'_>, table: &str, key: &str, error: ExprError) {
    let span = root.key_span(table, key).unwrap_or(0..0);
    root.report(error.into(), span);
}

/// Individual parameters in file order; each may use those before it.
pub(super) fn individual(root: &Table<'_>, names: &Names<'_>, acting: &Acting<'_>) -> Vec<Definition> {
    let Some(table) = root.table("individual") else { return Vec::new() };
    let mut scope = names.scope().clone();
    root.keys("individual").for_each(|key| scope.absent(key, Absent::Later));
    let mut definitions = Vec::new();
    for (name, item) in table.entries() {
        let Some((text, value)) = expression(&item, &scope) else {
            scope.absent(&name.value, Absent::Broken);
            continue;
        };
        let value = acting.scaled(&name.value, value);
        let unit = Unit::coherent(value.dimension());
        match scope.define(&name.value, value.clone(), Some(unit)) {
            Ok(()) => definitions.push(Definition { name: name.value, text, value }),
            Err(error) => refuse(root, "individual", &name.value, error),
        }
    }
    definitions
}

/// The right-hand sides: amount (or whatever the compartment holds) per time.
pub(super) fn equations(
    table: &Table<'_>,
    scope: &Scope,
    compartments: &[Compartment],
    checked: bool,
) -> Vec<Definition> {
    let entries = table.entries();
    let mut definitions = Vec::new();
    for (compartment, (name, item)) in compartments.iter().zip(&entries) {
        let Some((text, value)) = expression(item, scope) else { continue };
        // An unchecked right-hand side is the number of the compartment's unit per hour.
        let value = if checked { Some(value) } else { in_unit(item, value, &compartment.unit, checked) };
        if let Some(value) = value
            && require(item, &value, compartment.unit.dimension() / Dimension::TIME, checked).is_some()
        {
            definitions.push(Definition { name: name.value.clone(), text, value });
        }
    }
    definitions
}

/// Outputs in file order; each may use those before it.
pub(super) fn outputs(root: &Table<'_>, names: &Names<'_>, choices: &[Choice], checked: bool) -> Vec<Output> {
    let Some(table) = root.required_table("outputs") else { return Vec::new() };
    let mut scope = names.scope().clone();
    let mut outputs = Vec::new();
    for (name, item) in table.entries() {
        let Some(output) = output(&name.value, &item, &scope, choices, checked) else {
            scope.absent(&name.value, Absent::Broken);
            continue;
        };
        if let Err(error) = scope.define(&output.name, output.value.clone(), Some(output.unit.clone())) {
            refuse(root, "outputs", &output.name, error);
        }
        outputs.push(output);
    }
    outputs
}

fn output(name: &str, item: &Item<'_>, scope: &Scope, choices: &[Choice], checked: bool) -> Option<Output> {
    if !item.is_table() {
        let (text, value) = expression(item, scope)?;
        let unit = Unit::coherent(value.dimension());
        return Some(Output {
            name: name.into(),
            text,
            value,
            unit,
            description: String::new(),
            residual: None,
        });
    }
    let table = item.table()?;
    let value = table.required("value").and_then(|v| Some((v.clone(), expression(&v, scope)?)));
    let unit = table.unit("unit", None);
    let description = table.string("description").map_or_else(String::new, |s| s.value);
    let residual_table = table.table("residual");
    table.finish();
    let (value_item, (text, value)) = value?;
    let unit = unit.map_or_else(|| Unit::coherent(value.dimension()), |u| u.value);
    let value = in_unit(&value_item, value, &unit, checked)?;
    let residual = residual_table.and_then(|table| {
        let mut scope = scope.clone();
        // A name that is refused is refused once more, where the output is defined.
        let _ = scope.define(name, value.clone(), Some(unit.clone()));
        residual::read(&table, &scope, (&value, &unit), choices, checked)
    });
    Some(Output { name: name.into(), text, value, unit, description, residual })
}
