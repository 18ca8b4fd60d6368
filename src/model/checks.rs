//! The figures that a model is to meet, as its file states them: what is simulated, what must come out, and who says so.

use std::fmt;

use super::covariates;
use super::{Choices, Covariate, Output};
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};
use crate::dosing::regimen::Regimen;
use crate::units::{Dimension, Quantity};

/// A figure that a model is to meet, for its typical subject.
#[derive(Clone, Debug)]
pub struct Check {
    /// What it is about, for people.
    pub what: String,
    /// What is simulated.
    pub setting: Setting,
    /// What else is simulated where the figure is a ratio: the one by which it is divided.
    pub against: Option<Setting>,
    /// What is read off the simulation.
    pub figure: Figure,
    /// What must come out.
    pub expected: Quantity,
    /// The relative difference that is allowed (a fraction).
    pub tolerance: f64,
    /// Who says so.
    pub basis: Basis,
    /// The publication or the program.
    pub source: String,
}

/// Who says what a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// It is printed in a publication.
    Published,
    /// It was worked out from the model's equations by another program.
    Computed,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Basis::Published => "published",
            Basis::Computed => "computed",
        })
    }
}

/// One simulation of the typical subject.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Options and modifiers of the model.
    pub choices: Choices,
    /// The doses, from time 0; none for a look at what is there without them.
    pub dose: Option<Regimen>,
    /// Covariates that are not at their reference values: the name and the value, in coherent units or as the place of
    /// a level.
    pub covariates: Vec<(String, f64)>,
}

/// What is read off a simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// As it was written.
    pub text: String,
    /// The place of the output.
    pub output: usize,
    /// What of it.
    pub measure: Measure,
    /// From when (h).
    pub from: f64,
    /// Until when (h); the same for a value at one time.
    pub to: f64,
}

/// What is read off the course of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Its value at one time.
    Value,
    /// Its largest value.
    Maximum,
    /// Its smallest value.
    Minimum,
    /// When it is largest, from the beginning of the stretch.
    TimeOfMaximum,
    /// When it is smallest, from the beginning of the stretch.
    TimeOfMinimum,
    /// The area under it.
    Area,
    /// Its mean over time.
    Mean,
}

/// The words for measures over a stretch of time.
const MEASURES: [(&str, Measure); 6] = [
    ("maximum of ", Measure::Maximum),
    ("minimum of ", Measure::Minimum),
    ("time of maximum of ", Measure::TimeOfMaximum),
    ("time of minimum of ", Measure::TimeOfMinimum),
    ("area of ", Measure::Area),
    ("mean of ", Measure::Mean),
];

impl Measure {
    /// The dimension of the figure for an output of a dimension.
    pub fn dimension(self, output: Dimension) -> Dimension {
        match self {
            Measure::TimeOfMaximum | Measure::TimeOfMinimum => Dimension::TIME,
            Measure::Area => output * Dimension::TIME,
            Measure::Value | Measure::Maximum | Measure::Minimum | Measure::Mean => output,
        }
    }
}

/// `[[checks]]`.
pub(super) fn read(root: &Table<'_>, covariates: &[Covariate], outputs: &[Output]) -> Vec<Check> {
    let Some(array) = root.array("checks") else { return Vec::new() };
    // An output that is wrong has been told of; what is to come of it cannot be said.
    let sound = root.keys("outputs").count() == outputs.len();
    let checks = array.value.iter().filter_map(|item| check(item, covariates, outputs, sound));
    checks.collect()
}

fn check(item: &Item<'_>, covariates: &[Covariate], outputs: &[Output], sound: bool) -> Option<Check> {
    let table = item.table()?;
    let what = table.required_string("what");
    let setting = setting(&table, &Setting::default(), covariates);
    let against = table.table("against").map(|against| {
        let other = self::setting(&against, &setting, covariates);
        against.finish();
        other
    });
    let figure = table.required("figure").filter(|_| sound).and_then(|item| figure(&item, outputs));
    let dimension = figure.as_ref().map(|figure| match against {
        Some(_) => Dimension::ONE,
        None => figure.measure.dimension(outputs[figure.output].unit.dimension()),
    });
    let expected = table.required_quantity("expected", dimension);
    let tolerance = table.required_quantity("tolerance", Some(Dimension::ONE));
    let basis = table.required_string("basis").and_then(|word| match word.value.as_str() {
        "published" => Some(Basis::Published),
        "computed" => Some(Basis::Computed),
        _ => {
            table.error("E0411", word.span, "the basis is `published` or `computed`");
            None
        }
    });
    let source = table.required_string("source");
    table.finish();
    let (expected, tolerance) = (expected?, tolerance?);
    if expected.value.value() == 0.0 {
        table.error("E0411", expected.span, "a figure of 0 has no relative difference from any other");
        return None;
    }
    if !(tolerance.value.coherent() > 0.0 && tolerance.value.coherent() < 1.0) {
        table.error("E0411", tolerance.span, "a tolerance lies between 0 and 100 %");
        return None;
    }
    Some(Check {
        what: what?.value,
        setting,
        against,
        figure: figure?,
        expected: expected.value,
        tolerance: tolerance.value.coherent(),
        basis: basis?,
        source: source?.value,
    })
}

/// What a table says of a simulation; what it leaves out is as in `base`.
fn setting(table: &Table<'_>, base: &Setting, covariates: &[Covariate]) -> Setting {
    let mut setting = base.clone();
    if let Some(choices) = table.table("choices") {
        for (name, item) in choices.entries() {
            if let Some(option) = item.string() {
                setting.choices.options.insert(name.value, option.value);
            }
        }
    }
    if let Some(modifiers) = table.array("modifiers") {
        setting.choices.modifiers = modifiers.value.iter().filter_map(|m| Some(m.string()?.value)).collect();
    }
    if let Some(item) = table.item("dose") {
        setting.dose = item.string().and_then(|text| match Regimen::parse(&text.value) {
            Ok(regimen) => Some(regimen),
            Err(error) => {
                let diagnostic = Diagnostic::error(error.code, error.message.clone()).help(error.help);
                item.report_within(diagnostic, error.span);
                None
            }
        });
    }
    if let Some(given) = table.table("covariates") {
        for (name, item) in given.entries() {
            let Some(place) = covariates::place(&given, &name, covariates) else { continue };
            let Some(value) = covariates::value(&item, &covariates[place]) else { continue };
            setting.covariates.retain(|(known, _)| *known != name.value);
            setting.covariates.push((name.value, value));
        }
    }
    setting
}

/// `"CP at 24 h"` or `"area of CP from 0 h to 24 h"`.
fn figure(item: &Item<'_>, outputs: &[Output]) -> Option<Figure> {
    let text = item.string()?.value;
    let refuse = |message: String| {
        item.report(
            Diagnostic::error("E0411", message)
                .help("a figure reads like `CP at 24 h` or `area of CP from 0 h to 24 h`; instead of area: maximum, minimum, time of maximum, time of minimum, mean"),
        );
        None
    };
    let stretch = MEASURES.iter().find_map(|(words, measure)| Some((*measure, text.strip_prefix(words)?)));
    let (measure, name, from, to) = match stretch {
        Some((measure, rest)) => {
            let Some((name, times)) = rest.split_once(" from ") else {
                return refuse(format!("`{text}` does not say from when to when"));
            };
            let Some((from, to)) = times.split_once(" to ") else {
                return refuse(format!("`{text}` does not say until when"));
            };
            (measure, name, from, to)
        }
        None => match text.split_once(" at ") {
            Some((name, time)) => (Measure::Value, name, time, time),
            None => return refuse(format!("`{text}` is no figure")),
        },
    };
    let Some(output) = outputs.iter().position(|output| output.name == name.trim()) else {
        return refuse(format!("the model has no output `{}`", name.trim()));
    };
    let time = |text: &str| {
        let quantity = text.trim().parse::<Quantity>().ok()?;
        (quantity.unit().dimension() == Dimension::TIME).then(|| quantity.coherent())
    };
    let (Some(from), Some(to)) = (time(from), time(to)) else {
        return refuse(format!("`{text}` has a time that is none"));
    };
    if from < 0.0 || to < from || (measure != Measure::Value && to == from) {
        return refuse(format!("`{text}` has its times in the wrong order"));
    }
    Some(Figure { text, output, measure, from, to })
}
