//! The response file: a fit that a study names in place of its evidence.

use serde::{Deserialize, Serialize};

use super::fit::{Fit, Named};
use super::observed::EvidencePoint;
use super::paper::Class;
use super::summary::{Figure, Summary};
use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::Numbers;
use crate::response::{AnyModel, Draws, LawFile, ModelFile};

/// A fit as it is written: its models without their draws, and what a reader must know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FitFile {
    /// What was fitted.
    pub response: Head,
    /// The models, the first the one to use where nothing else is said.
    pub models: Vec<Entry>,
    /// Estimates and diagnostics.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// What was observed.
    #[serde(default)]
    pub points: Vec<EvidencePoint>,
    /// Warnings of the fit.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// What was fitted, from what, with which draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Head {
    /// The title of the evidence.
    pub title: String,
    /// The outcome.
    pub outcome: String,
    /// Where the figures were printed.
    pub source: String,
    /// How far they are from that.
    pub class: Class,
    /// The unit in which exposures are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Assumptions and conflicts.
    pub notes: Vec<String>,
    /// The seed of the draws.
    pub seed: u64,
    /// The version of the program that fitted.
    pub version: String,
}

/// One model and the table of its draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// The name of the model among those of the file.
    pub name: String,
    /// The table of draws, beside the file: a column for each parameter.
    pub draws: String,
    /// The SHA-256 of its names and values.
    pub sha256: String,
    /// The model.
    pub model: ModelFile,
}

impl Fit {
    /// Every model with its name.
    pub fn models(&self) -> Vec<Named<AnyModel>> {
        fn named<T: Clone>(
            list: &[Named<T>],
            any: fn(T) -> AnyModel,
        ) -> impl Iterator<Item = Named<AnyModel>> {
            list.iter().map(move |one| Named { name: one.name.clone(), model: any(one.model.clone()) })
        }
        named(&self.responses, AnyModel::Event)
            .chain(named(&self.biomarkers, AnyModel::Biomarker))
            .chain(named(&self.persistence, AnyModel::Persistence))
            .chain(
                self.course
                    .iter()
                    .map(|course| Named { name: "course".into(), model: AnyModel::Course(course.clone()) }),
            )
            .collect()
    }
}

/// The different tables of draws among models, and which of them each model has.
pub fn tables(models: &[Named<AnyModel>]) -> (Vec<&Draws>, Vec<usize>) {
    let mut tables: Vec<&Draws> = Vec::new();
    let places = models
        .iter()
        .map(|named| {
            let draws = named.model.draws();
            tables.iter().position(|known| *known == draws).unwrap_or_else(|| {
                tables.push(draws);
                tables.len() - 1
            })
        })
        .collect();
    (tables, places)
}

/// Draws as a table.
fn table(draws: &Draws) -> Numbers {
    Numbers { columns: draws.names().to_vec(), rows: draws.rows().to_vec() }
}

impl FitFile {
    /// The file of a fit; for each of its [`Fit::models`] the name of its table of draws.
    pub fn new(fit: &Fit, tables: &[String], seed: u64) -> Self {
        let summary = &fit.summary;
        let models = fit.models().into_iter().zip(tables).map(|(named, draws)| Entry {
            name: named.name,
            draws: draws.clone(),
            sha256: table(named.model.draws()).hash(),
            model: ModelFile::new(&named.model),
        });
        FitFile {
            response: Head {
                title: summary.title.clone(),
                outcome: summary.outcome.clone(),
                source: summary.source.clone(),
                class: summary.class,
                unit: summary.unit.as_ref().map(|unit| unit.text().to_string()),
                notes: summary.notes.clone(),
                seed,
                version: env!("CARGO_PKG_VERSION").into(),
            },
            models: models.collect(),
            figures: summary.figures.iter().filter(|figure| figure.estimate.is_finite()).cloned().collect(),
            points: summary.points.clone(),
            warnings: summary.warnings.iter().map(|warning| warning.message.clone()).collect(),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// E0708 where a number cannot be written.
    pub fn text(&self) -> Result<String, Problems> {
        toml::to_string(self).map_err(|error| Diagnostic::error("E0708", error.to_string()).into())
    }

    /// Reads a response file.
    ///
    /// # Errors
    /// E0708 where it is none.
    pub fn read(source: &std::sync::Arc<Source>) -> Result<Self, Problems> {
        let file: FitFile = toml::from_str(source.text()).map_err(|error| {
            let message = format!("this is no response file: {}", error.message());
            Diagnostic::error("E0708", message)
                .at(source, error.span().unwrap_or(0..0))
                .help("write it with `exposim fit EVIDENCE --out FOLDER`")
        })?;
        if file.models.is_empty() {
            return Err(Diagnostic::error("E0708", format!("{} has no model", source.name())).into());
        }
        Ok(file)
    }

    /// What the first model says: the law that the others share in kind.
    pub fn law(&self) -> &LawFile {
        &self.models[0].model.law
    }

    /// The fit, with the draws that `table` reads.
    ///
    /// # Errors
    /// What reading a table refuses; E0709 where it is not the one that was written with the file; E0708 and E0701 to
    /// E0705 where file and table do not fit together.
    pub fn fit(&self, table: &dyn Fn(&str) -> Result<Numbers, Diagnostic>) -> Result<Fit, Problems> {
        let head = &self.response;
        let unit =
            match &head.unit {
                Some(text) => Some(text.parse().map_err(|_| {
                    Problems::from(Diagnostic::error("E0708", format!("`{text}` is no unit")))
                })?),
                None => None,
            };
        let mut fit = Fit::of(Summary {
            title: head.title.clone(),
            outcome: head.outcome.clone(),
            source: head.source.clone(),
            class: head.class,
            unit,
            points: self.points.clone(),
            figures: self.figures.clone(),
            curves: Vec::new(),
            bins: Vec::new(),
            warnings: self.warnings.iter().map(|text| Diagnostic::warning("E0730", text.clone())).collect(),
            notes: head.notes.clone(),
        });
        for entry in &self.models {
            let numbers = table(&entry.draws)?;
            if numbers.hash() != entry.sha256 || numbers.columns != entry.model.parameters {
                let message = format!("`{}` is not the table of draws of this response file", entry.draws);
                return Err(Diagnostic::error("E0709", message)
                    .help("keep the folder that `exposim fit --out` wrote together, or fit again")
                    .into());
            }
            let name = entry.name.clone();
            match entry.model.model(numbers.rows)? {
                AnyModel::Event(model) => fit.responses.push(Named { name, model }),
                AnyModel::Biomarker(model) => fit.biomarkers.push(Named { name, model }),
                AnyModel::Persistence(model) => fit.persistence.push(Named { name, model }),
                AnyModel::Course(model) => fit.course = Some(model),
            }
        }
        Ok(fit)
    }
}
