//! The responses of a study: which file each comes from, and what it starts from.

use super::study::Reader;
use super::{Anchor, TimeCourse};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table, beside};
use crate::model::{Choices, Model};
use crate::population::{Population, bind};
use crate::response::Metric;
use crate::units::Unit;

/// What a response file describes, as far as a study must know before it is fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseKind {
    /// The exposure metric it rests on.
    pub metric: Metric,
    /// The unit of its values where it is a biomarker; events have none.
    pub biomarker: Option<Unit>,
    /// Whether it is a risk that accumulates over time.
    pub accumulates: bool,
    /// The file of the model whose time course it fits, where it does.
    pub course: Option<String>,
}

/// A response that a study uses.
#[derive(Clone, Debug)]
pub struct ResponseUse {
    /// Its name in the study.
    pub name: String,
    /// The file it comes from: evidence, or the model of a biomarker in time.
    pub file: String,
    /// What it is.
    pub kind: ResponseKind,
    /// Which of the models that the evidence gives is meant: form and trial; empty for the first.
    pub variant: Vec<String>,
    /// For another model of a response, the name of that response.
    pub model_of: Option<String>,
    /// For a biomarker, the place of its baseline among the population's variables.
    pub baseline: Option<usize>,
    /// For a biomarker, the mean recovery as the disease heals: times (h) and changes (coherent units), ascending.
    pub recovery: Vec<(f64, f64)>,
    /// Where the recovery comes from.
    pub recovery_source: String,
    /// For a biomarker in time, its model.
    pub course: Option<TimeCourse>,
}

impl ResponseUse {
    /// Whether it is a model as its file has it, which no evidence changes.
    pub fn is_model(&self) -> bool {
        self.kind.course.as_ref() == Some(&self.file)
    }
}

impl ResponseUse {
    /// The name of the model where the response has several: that of an alternative, or `main`.
    pub fn model_name(&self) -> &str {
        match &self.model_of {
            Some(response) => self.name.get(response.len() + 1..).unwrap_or(&self.name),
            None => "main",
        }
    }

    /// The response that the subjects' luck belongs to: it is the same under every model.
    pub(super) fn luck(&self) -> &str {
        self.model_of.as_deref().unwrap_or(&self.name)
    }
}

/// Keys of a table with their items.
type Entries<'a> = Vec<(Spanned<String>, Item<'a>)>;

impl Reader<'_> {
    /// The responses; after each its other models, `alternatives = { NAME = FILE or { file, form, trial } }`.
    pub(super) fn responses(&mut self, population: Option<&Population>) -> Vec<ResponseUse> {
        let Some(table) = self.root.table("responses") else { return Vec::new() };
        let mut responses = Vec::new();
        for (name, item) in table.entries() {
            let Some((main, alternatives)) = self.response(name, &item, population) else { continue };
            let mut others = Vec::new();
            for (model, item) in alternatives {
                let span = model.span.clone();
                let named = model.map(|model| format!("{}_{model}", main.name));
                let Some((mut other, _)) = self.response(named, &item, population) else { continue };
                if other.kind.biomarker != main.kind.biomarker
                    || other.kind.accumulates != main.kind.accumulates
                {
                    self.root.report(
                        Diagnostic::error("E0829", format!("`{}` is of another kind than `{}`", other.file, main.file))
                            .help("models side by side give the same: a probability, a risk over time, or one biomarker"),
                        span,
                    );
                    continue;
                }
                other.model_of = Some(main.name.clone());
                others.push(other);
            }
            responses.push(main);
            responses.extend(others);
        }
        responses
    }

    fn response<'a>(
        &mut self,
        name: Spanned<String>,
        item: &Item<'a>,
        population: Option<&Population>,
    ) -> Option<(ResponseUse, Entries<'a>)> {
        let table = if item.is_table() { Some(item.table()?) } else { None };
        let (file, kind) = match &table {
            Some(table) if table.has("model") => {
                let model = table.required_string("model")?.value;
                let kind = ResponseKind {
                    metric: Metric::Cavg,
                    biomarker: None,
                    accumulates: false,
                    course: Some(model.clone()),
                };
                (model, kind)
            }
            Some(table) => self.described(item, table.required_string("file")?.value)?,
            None => self.described(item, item.string()?.value)?,
        };
        let mut response = ResponseUse {
            name: name.value,
            file,
            kind,
            variant: table.as_ref().map_or_else(Vec::new, |t| {
                ["form", "trial"].into_iter().filter_map(|key| Some(t.string(key)?.value)).collect()
            }),
            model_of: None,
            baseline: None,
            recovery: Vec::new(),
            recovery_source: String::new(),
            course: None,
        };
        if let Some(model) = response.kind.course.clone() {
            let set = table.as_ref().and_then(|t| t.table("set"));
            let course = self.course(item, &model, population?, set.as_ref())?;
            let unit = course.model().outputs().first().map(|value| value.unit.clone());
            response.kind.biomarker = response.kind.biomarker.or(unit);
            response.course = Some(course);
        } else if let Some(unit) = response.kind.biomarker.clone() {
            let baseline = table.as_ref().and_then(|t| t.string("baseline"));
            response.baseline = self.baseline(&response.name, baseline, &unit, item, population?);
            if let Some(recovery) = table.as_ref().and_then(|t| t.table("recovery")) {
                (response.recovery, response.recovery_source) = read_recovery(&recovery, &unit);
            }
        }
        let alternatives = table.as_ref().and_then(|t| t.table("alternatives"));
        if let Some(table) = table {
            table.finish();
        }
        Some((response, alternatives.map_or_else(Vec::new, |t| t.entries())))
    }

    /// What an evidence file describes.
    fn described(&mut self, item: &Item<'_>, file: String) -> Option<(String, ResponseKind)> {
        let source = self.open(item, &file)?;
        match (self.kinds)(&source) {
            Ok(mut kind) => {
                kind.course = kind.course.map(|model| beside(&file, &model));
                Some((file, kind))
            }
            Err(problems) => {
                self.root.problems().extend(problems);
                None
            }
        }
    }

    /// The model of a biomarker in time, bound to the population, with the values that a study sets:
    /// `set = { RECOVERY = "0" }`.
    fn course(
        &mut self,
        item: &Item<'_>,
        file: &str,
        population: &Population,
        set: Option<&Table<'_>>,
    ) -> Option<TimeCourse> {
        let source = self.open(item, file)?;
        let model = self.take(Model::read(&source, &Choices::default()))?;
        let covariates = match bind(&model, population) {
            Ok(covariates) => covariates,
            Err(problems) => {
                problems.into_iter().for_each(|problem| item.report(problem));
                return None;
            }
        };
        let set = set.map_or_else(|| Some(Vec::new()), |table| values(table, &model))?;
        match TimeCourse::new(model, covariates, set) {
            Ok(course) => Some(course),
            Err(error) => {
                item.report(
                    Diagnostic::error("E0810", format!("`{file}` is no biomarker's model: {error}"))
                        .help("such a model has `[drivers] CP = { unit = \"ng/mL\", metric = \"Cavg\" }`"),
                );
                None
            }
        }
    }

    /// The population's variable that a biomarker starts from: `baseline = "HB"`, or the one of the response's name.
    fn baseline(
        &self,
        name: &str,
        written: Option<Spanned<String>>,
        unit: &Unit,
        item: &Item<'_>,
        population: &Population,
    ) -> Option<usize> {
        let span = written.as_ref().map_or_else(|| item.span(), |w| w.span.clone());
        let wanted = written.map_or_else(|| name.to_string(), |w| w.value);
        let Some(place) = population.place(&wanted) else {
            let near = did_you_mean(&wanted, population.variables().iter().map(|v| v.name.as_str()));
            let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            self.root.error("E0806", span, format!("the population has no `{wanted}` for a baseline{near}"));
            return None;
        };
        let found = &population.variables()[place].unit;
        if found.dimension() != unit.dimension() {
            self.root.error("E0806", span, format!("`{wanted}` is in {found}, the biomarker in {unit}"));
            return None;
        }
        Some(place)
    }
}

/// The parameters of a model that have other values (coherent units), by their places.
fn values(table: &Table<'_>, model: &Model) -> Option<Vec<(usize, f64)>> {
    let one = |(name, item): (Spanned<String>, Item<'_>)| {
        let parameters = model.parameters();
        let Some(place) = parameters.iter().position(|p| p.name == name.value) else {
            let near = did_you_mean(&name.value, parameters.iter().map(|p| p.name.as_str()));
            let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            let message = format!("`{}` has no parameter `{}`{near}", model.name(), name.value);
            table.error("E0810", name.span, message);
            return None;
        };
        let quantity = item.quantity(Some(parameters[place].value.unit().dimension()))?;
        Some((place, quantity.value.coherent()))
    };
    table.entries().into_iter().map(one).collect()
}

fn read_recovery(table: &Table<'_>, unit: &Unit) -> (Vec<(f64, f64)>, String) {
    let source = table.string("source").map_or_else(String::new, |s| s.value);
    let mut points = vec![(0.0, 0.0)];
    for (when, value) in table.entries().into_iter().filter(|(when, _)| when.value != "source") {
        match Anchor::parse(&when.value) {
            Ok(time) => {
                if let Some(value) = value.quantity(Some(unit.dimension())) {
                    points.push((time.hours(), value.value.coherent()));
                }
            }
            Err(message) => table.error("E0803", when.span, message),
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    (points, source)
}
