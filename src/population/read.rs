//! A population file from its text to a checked population.

use std::path::Path;
use std::sync::Arc;

use super::marginal::{Marginal, MarginalError};
use super::{Distribution, Population, Variable, copula, formulas};
use crate::diagnostic::{Collector, Diagnostic, Problems, Source, did_you_mean};
use crate::document::{Document, Files, Item, Sheet, Spanned, Table};
use crate::expr::{Checked, Expression, Program, Scope, Symbol};
use crate::model::Provenance;
use crate::units::{Dimension, Unit};

pub(super) fn read(
    source: &Arc<Source>,
    files: &dyn Files,
) -> Result<(Population, Vec<Diagnostic>), Problems> {
    let problems = Collector::new();
    let document = Document::parse(source)?;
    let root = document.root(&problems);
    let population = population(source, &root, files);
    root.finish();
    problems.finish(population)
}

fn population(source: &Arc<Source>, root: &Table<'_>, files: &dyn Files) -> Option<Population> {
    let head = root.required_table("population")?;
    let title = head.required_string("title").map_or_else(String::new, |s| s.value);
    let provenance = Provenance::read(&head, &Provenance::default());
    let notes = head
        .array("notes")
        .map_or_else(Vec::new, |a| a.value.iter().filter_map(|n| Some(n.string()?.value)).collect());
    let _ = head.item("table");
    head.finish();
    let sheet = sheet(root, files);
    let entries = root.required_table("covariates").map_or_else(Vec::new, |t| t.entries());
    let mut scope = Scope::new();
    // The time since the start, for covariates that change; behind the variables among the inputs.
    let time = Symbol { slot: entries.len(), unit: Unit::coherent(Dimension::TIME), levels: None };
    if let Err(error) = scope.symbol("t", time) {
        root.report(error.into(), 0..0);
    }
    let mut reader = Reader { scope, variables: Vec::new(), derived: Vec::new(), provenance, sheet };
    for (name, item) in entries {
        reader.variable(&name, &item);
    }
    let copula = copula::read(root, &reader.variables);
    let name =
        Path::new(source.name()).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    Some(Population {
        name,
        title,
        provenance: reader.provenance,
        notes,
        variables: reader.variables,
        copula,
        derived: Program::compile(&reader.derived.iter().collect::<Vec<_>>()),
        table: reader.sheet.map(|sheet| (Arc::clone(sheet.source()), sheet.rows())),
    })
}

struct Reader {
    scope: Scope,
    variables: Vec<Variable>,
    derived: Vec<Checked>,
    provenance: Provenance,
    sheet: Option<Sheet>,
}

/// `table = "subjects.csv"` in `[population]`: a table of subjects, of which whole rows are drawn.
fn sheet(root: &Table<'_>, files: &dyn Files) -> Option<Sheet> {
    let file = root.table("population")?.string("table")?;
    match files.open(&file.value).map_err(Problems::from).and_then(|source| Sheet::read(&source)) {
        Ok(sheet) => Some(sheet),
        Err(problems) => {
            root.error("E0505", file.span, format!("the table `{}` cannot be used", file.value));
            root.problems().extend(problems);
            None
        }
    }
}

/// What a variable's table says of its distribution.
struct Law {
    unit: Unit,
    levels: Option<Vec<String>>,
    words: String,
    distribution: Distribution,
}

impl Reader {
    fn variable(&mut self, name: &Spanned<String>, item: &Item<'_>) -> Option<()> {
        let table = item.table()?;
        let description = table.string("description").map_or_else(String::new, |s| s.value);
        let mut provenance = Provenance::read(&table, &self.provenance);
        let law = if let Some(column) = table.string("column") {
            self.column(&table, &column)
        } else if let Some(name) = table.string("formula") {
            if !table.has("source")
                && let Some(formula) = formulas::named(&name.value)
            {
                provenance.source = formula.source.to_string();
            }
            self.formula(&table, &name)
        } else if table.has("levels") {
            categorical(&table)
        } else if let Some(formula) = table.item("derived") {
            self.derived(&table, &formula)
        } else if table.has("value") {
            fixed(&table)
        } else {
            continuous(&table, name)
        };
        table.finish();
        let law = law?;
        // What is derived is put in as its formula: all formulas are worked out at once.
        let entered = match (&law.distribution, self.derived.last()) {
            (Distribution::Derived { .. }, Some(formula)) => {
                self.scope.define(&name.value, formula.clone(), Some(law.unit.clone()))
            }
            _ => {
                let slot = self.variables.len();
                let symbol = Symbol { slot, unit: law.unit.clone(), levels: law.levels.clone() };
                self.scope.symbol(&name.value, symbol)
            }
        };
        if let Err(error) = entered {
            table.report(error.into(), name.span.clone());
        }
        self.variables.push(Variable {
            name: name.value.clone(),
            unit: law.unit,
            levels: law.levels,
            description,
            law: law.words,
            provenance,
            distribution: law.distribution,
        });
        Some(())
    }

    fn derived(&mut self, table: &Table<'_>, item: &Item<'_>) -> Option<Law> {
        let text = item.string()?.value;
        let unit = table.required_unit("unit", None)?.value;
        self.expression(item, text, unit, |error| {
            let span = error.span.clone();
            item.report_within(error.into(), span);
        })
    }

    /// A published formula by its name.
    fn formula(&mut self, table: &Table<'_>, name: &Spanned<String>) -> Option<Law> {
        let item = table.item("formula")?;
        let Some(formula) = formulas::named(&name.value) else {
            let names = || formulas::FORMULAS.iter().map(|f| f.name);
            let near = did_you_mean(&name.value, names());
            let all = || format!("the formulas are {}", names().collect::<Vec<_>>().join(", "));
            item.report(
                Diagnostic::error("E0502", format!("there is no formula `{}`", name.value))
                    .help(near.map_or_else(all, |near| format!("did you mean `{near}`?"))),
            );
            return None;
        };
        let unit = table.unit("unit", None).map(|u| u.value).or_else(|| formula.unit.parse().ok())?;
        let law = self.expression(&item, formula.text.to_string(), unit, |error| {
            let told = Diagnostic::error(
                "E0502",
                format!("`{}` cannot be worked out: {}", formula.name, error.message),
            );
            item.report(told.help(format!("the formula is {}", formula.text)));
        })?;
        Some(Law { words: format!("{} from {}", formula.name, formula.text), ..law })
    }

    fn expression(
        &mut self,
        item: &Item<'_>,
        text: String,
        unit: Unit,
        report: impl Fn(crate::expr::ExprError),
    ) -> Option<Law> {
        let parsed = Expression::parse(&text).map_err(|error| vec![error]);
        let (checked, unchecked) = match parsed.and_then(|e| Ok((e.check(&self.scope)?, e.has_unchecked()))) {
            Ok(found) => found,
            Err(errors) => {
                errors.into_iter().for_each(report);
                return None;
            }
        };
        if checked.dimension() != unit.dimension() {
            item.report(
                Diagnostic::error("E0502", format!("`{}` has the wrong dimension", item.path()))
                    .label(format!("this is {}, `{unit}` is {}", checked.dimension(), unit.dimension())),
            );
            return None;
        }
        self.derived.push(checked);
        Some(Law { unit, levels: None, words: text, distribution: Distribution::Derived { unchecked } })
    }

    /// A column of the table of subjects: numbers in a unit, or levels by name.
    fn column(&self, table: &Table<'_>, column: &Spanned<String>) -> Option<Law> {
        let Some(sheet) = &self.sheet else {
            if table.problems().errors() == 0 {
                let told = Diagnostic::error("E0505", "the population has no table to take a column from");
                table.report(
                    told.help("name it under `[population]`, as in `table = \"subjects.csv\"`"),
                    column.span.clone(),
                );
            }
            return None;
        };
        let refuse = |told: Diagnostic| table.problems().push(told);
        let place =
            sheet.column(&column.value).map_err(|told| table.report(told, column.span.clone())).ok()?;
        let levels: Option<Vec<String>> = if table.has("levels") {
            let levels = table.required_array("levels")?.value;
            Some(levels.iter().filter_map(|l| Some(l.string()?.value)).collect())
        } else {
            None
        };
        let unit = if levels.is_some() { Unit::one() } else { table.required_unit("unit", None)?.value };
        let mut values = Vec::with_capacity(sheet.rows());
        for row in 0..sheet.rows() {
            let value = match &levels {
                None => sheet.number(row, place).map(|value| unit.to_coherent(value)),
                Some(levels) => {
                    let text = sheet.cell(row, place);
                    let found = levels.iter().position(|level| level == text).ok_or_else(|| {
                        let message = format!("`{text}` is not a level; they are {}", levels.join(", "));
                        sheet.problem("E0505", row, place, message)
                    });
                    // The place of a level among a handful.
                    #[allow(clippy::cast_precision_loss)]
                    found.map(|place| place as f64)
                }
            };
            values.push(value.map_err(refuse).ok()?);
        }
        let words = format!("column {} of {} rows drawn whole", column.value, sheet.rows());
        Some(Law { unit, levels, words, distribution: Distribution::Column(values) })
    }
}

fn fixed(table: &Table<'_>) -> Option<Law> {
    let value = table.required_quantity("value", None)?.value;
    let distribution = Distribution::Fixed(value.coherent());
    Some(Law { unit: value.unit().clone(), levels: None, words: format!("{value}"), distribution })
}

fn categorical(table: &Table<'_>) -> Option<Law> {
    let levels: Vec<String> =
        table.required_array("levels")?.value.iter().filter_map(|l| Some(l.string()?.value)).collect();
    if let Some(level) = table.string("value") {
        let Some(place) = levels.iter().position(|l| *l == level.value) else {
            let near = did_you_mean(&level.value, levels.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            table.error("E0501", level.span, format!("`{}` is not among the levels{near}", level.value));
            return None;
        };
        #[allow(clippy::cast_precision_loss)]
        let distribution = Distribution::Fixed(place as f64);
        return Some(Law { unit: Unit::one(), levels: Some(levels), words: level.value, distribution });
    }
    let (key, counts) = match (table.array("counts"), table.array("probabilities")) {
        (Some(counts), None) => ("counts", counts),
        (None, Some(probabilities)) => ("probabilities", probabilities),
        _ => {
            table.error(
                "E0501",
                table.span(),
                "give `counts` or `probabilities` of the levels, or one `value`",
            );
            return None;
        }
    };
    let shares: Vec<f64> = counts.value.iter().filter_map(|n| Some(n.number()?.value)).collect();
    let total: f64 = shares.iter().sum();
    if shares.len() != levels.len() || shares.iter().any(|s| *s < 0.0) || total <= 0.0 {
        table.error("E0501", counts.span, format!("`{key}` must be one number a level, none negative"));
        return None;
    }
    if key == "probabilities" && (total - 1.0).abs() > 1e-6 {
        table.error("E0501", counts.span, format!("probabilities must add up to 1, not {total}"));
        return None;
    }
    let ends = shares
        .iter()
        .scan(0.0, |sum, s| {
            *sum += s / total;
            Some(*sum)
        })
        .collect();
    let words = levels
        .iter()
        .zip(&shares)
        .map(|(l, s)| format!("{l} {:.1} %", 100.0 * s / total))
        .collect::<Vec<_>>();
    let distribution = Distribution::Categorical(ends);
    Some(Law { unit: Unit::one(), levels: Some(levels), words: words.join(", "), distribution })
}

fn continuous(table: &Table<'_>, name: &Spanned<String>) -> Option<Law> {
    let unit = table.required_unit("unit", None)?.value;
    let bounds = match table.array("range") {
        None => (f64::NEG_INFINITY, f64::INFINITY),
        Some(array) => {
            let ends: Vec<f64> = array.value.iter().filter_map(|n| Some(n.number()?.value)).collect();
            match ends[..] {
                [low, high] if low < high => (low, high),
                _ => {
                    table.error("E0501", array.span, "a range is two numbers, the smaller first");
                    return None;
                }
            }
        }
    };
    let whole = table.boolean("whole").is_some_and(|b| b.value);
    let (words, marginal) = family(table, name, bounds)?;
    let refuse =
        |error: MarginalError| table.error("E0501", name.span.clone(), format!("`{}`: {error}", name.value));
    let marginal = match marginal {
        Ok(marginal) if whole => marginal.whole(),
        Ok(marginal) => marginal,
        Err(error) => {
            refuse(error);
            return None;
        }
    };
    let words = if bounds.0.is_finite() {
        format!("{words}, within {} to {} {unit}", bounds.0, bounds.1)
    } else {
        words
    };
    Some(Law { unit, levels: None, words, distribution: Distribution::Continuous(marginal) })
}

/// The family by the keys that are there: `quartiles`, `quantiles` (pairs of percent and value), `beta` (two shapes), or `mean` and `sd`, or `median` and `sigma` or `cv` (in %).
fn family(
    table: &Table<'_>,
    name: &Spanned<String>,
    bounds: (f64, f64),
) -> Option<(String, Result<Marginal, MarginalError>)> {
    if let Some(array) = table.array("quartiles") {
        let q: Vec<f64> = array.value.iter().filter_map(|n| Some(n.number()?.value)).collect();
        let [q1, median, q3] = q[..] else {
            table.error("E0501", array.span, "quartiles are three numbers: Q1, median, Q3");
            return None;
        };
        if !(q1 < median && median < q3) {
            table.report(
                Diagnostic::error("E0501", format!("the quartiles of `{}` are out of order", name.value))
                    .label(format!("{q1}, {median}, {q3} do not ascend"))
                    .help("write Q1, median, Q3"),
                array.span,
            );
            return None;
        }
        let words = format!("quartiles {q1} / {median} / {q3}, shifted log-normal");
        return Some((words, Marginal::quartiles([q1, median, q3], bounds)));
    }
    if let Some(array) = table.array("quantiles") {
        let pair = |item: &Item<'_>| match item.array()?.value[..] {
            [ref p, ref x] => Some((p.number()?.value / 100.0, x.number()?.value)),
            _ => None,
        };
        let points: Vec<(f64, f64)> = array.value.iter().filter_map(pair).collect();
        if points.len() != array.value.len() {
            table.error(
                "E0501",
                array.span,
                "quantiles are pairs of percent and value, as in [[5, 3.1], [95, 8]]",
            );
            return None;
        }
        let shown: Vec<String> = points.iter().map(|(p, x)| format!("{} % {x}", 100.0 * p)).collect();
        let words = format!("quantiles {}, linear in the normal deviate", shown.join(", "));
        return Some((words, Marginal::quantiles(&points, bounds)));
    }
    if let Some(array) = table.array("beta") {
        let shapes: Vec<f64> = array.value.iter().filter_map(|n| Some(n.number()?.value)).collect();
        let [a, b] = shapes[..] else {
            table.error("E0501", array.span, "a beta distribution has two shapes");
            return None;
        };
        if !bounds.0.is_finite() {
            table.error("E0501", array.span, "a beta distribution needs the `range` over which it stretches");
            return None;
        }
        return Some((format!("beta, shapes {a} and {b}"), Marginal::beta(a, b, bounds)));
    }
    let number = |key| table.number(key).map(|n| n.value);
    let cut = |m: Result<Marginal, MarginalError>| {
        m.and_then(|m| if bounds.0.is_finite() { m.bounded(bounds.0, bounds.1) } else { Ok(m) })
    };
    match (number("mean"), number("sd"), number("median"), number("sigma"), number("cv")) {
        (Some(mean), Some(sd), None, None, None) => {
            Some((format!("normal, {mean} (SD {sd})"), cut(Marginal::normal(mean, sd))))
        }
        (None, None, Some(median), Some(sigma), None) => Some((
            format!("log-normal, median {median}, SD of the logarithm {sigma}"),
            cut(Marginal::log_normal(median, sigma)),
        )),
        (None, None, Some(median), None, Some(cv)) => {
            let fraction = cv / 100.0;
            let sigma = libm::log1p(fraction * fraction).sqrt();
            Some((
                format!("log-normal, median {median}, CV {cv} %"),
                cut(Marginal::log_normal(median, sigma)),
            ))
        }
        _ => {
            table.report(
                Diagnostic::error("E0501", format!("`{}` has no distribution", name.value))
                    .help("give quartiles = [Q1, median, Q3], or quantiles, or mean and sd, or median and sigma or cv, or beta"),
                name.span.clone(),
            );
            None
        }
    }
}
