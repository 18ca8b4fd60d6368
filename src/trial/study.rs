//! A study file from its text to a checked study.

use std::sync::Arc;

use super::alternatives;
use super::arms::{Arms, regimens};
use super::condition::{Condition, Names};
use super::endpoints::Endpoint;
use super::responses::{ResponseKind, ResponseUse};
use super::ruleset::Ladder;
use super::visits::{Assay, Visits};
use super::{Adherence, Arm, Discontinuation, Dosing, Replication, Rule, replication, scenarios};
use crate::diagnostic::{Collector, Diagnostic, Problems, Source, did_you_mean};
use crate::document::{Document, Files, Item, Sheet, Table};
use crate::model::{Choices, Model};
use crate::population::{ModelCovariate, Population, bind};
use crate::units::Dimension;

/// A study that was read and checked.
#[derive(Clone, Debug)]
pub struct Study {
    /// The title.
    pub title: String,
    /// The question, in the author's words.
    pub question: Option<String>,
    /// The pharmacokinetic model.
    pub model: Model,
    /// The population.
    pub population: Population,
    /// What all subjects meet; nothing where everybody may enter.
    pub eligible: Vec<Condition>,
    /// How many scenarios the file has.
    pub scenarios: usize,
    /// Where each covariate of the model comes from.
    pub covariates: Vec<ModelCovariate>,
    /// The place of the output whose concentrations are the exposure.
    pub output: usize,
    /// Subjects an arm.
    pub subjects: u64,
    /// The seed.
    pub seed: u64,
    /// Draws of the uncertain parameters.
    pub draws: u32,
    /// Whether the uncertainty of the pharmacokinetic parameters is part of the draws.
    pub model_uncertainty: bool,
    /// The share of subjects that may fail before the run counts as failed.
    pub max_failures: f64,
    /// Whether a row a subject and arm is written.
    pub rows: bool,
    /// Whether the rows are written as CSV as well.
    pub csv: bool,
    /// The responses, in file order.
    pub responses: Vec<ResponseUse>,
    /// The arms, in file order.
    pub arms: Vec<Arm>,
    /// The place of the arm with which the others are compared.
    pub reference: usize,
    /// The endpoints, in file order.
    pub endpoints: Vec<Endpoint>,
    /// When subjects are seen; without it nobody is.
    pub visits: Option<Visits>,
    /// How well responses are measured; those that are not named are measured exactly.
    pub assays: Vec<Assay>,
    /// The rules, in file order: the first that matches acts.
    pub rules: Vec<Rule>,
    /// The doses along which rules step.
    pub ladder: Ladder,
    /// The regimens that rules name.
    pub others: Vec<Dosing>,
    /// How doses are taken; without it every dose is.
    pub adherence: Option<Adherence>,
    /// Why treatment is discontinued, and how soon; nothing where nobody does.
    pub discontinuation: Discontinuation,
    /// Trials of a size that are simulated again and again, with their analyses.
    pub replication: Option<Replication>,
    /// Every file that was read: name and text.
    pub inputs: Vec<Arc<Source>>,
}

/// Tells what a response file describes; reading it is the work of a room above.
pub type Kinds<'a> = &'a dyn Fn(&Arc<Source>) -> Result<ResponseKind, Problems>;

impl Study {
    /// Reads a study and every file it names.
    ///
    /// # Errors
    /// All problems found in the study and in the files it names.
    pub fn read(
        source: &Arc<Source>,
        files: &dyn Files,
        kinds: Kinds<'_>,
    ) -> Result<(Study, Vec<Diagnostic>), Problems> {
        Study::of(&Document::parse(source)?, files, kinds)
    }

    /// As [`Study::read`], from a document.
    pub(super) fn of(
        document: &Document,
        files: &dyn Files,
        kinds: Kinds<'_>,
    ) -> Result<(Study, Vec<Diagnostic>), Problems> {
        let problems = Collector::new();
        let root = document.root(&problems);
        let inputs = vec![Arc::clone(document.source())];
        let mut reader = Reader { root: &root, files, kinds, inputs };
        let study = reader.study();
        root.finish();
        problems.finish(study)
    }
}

/// What [`Reader::protocol`] reads.
#[derive(Default)]
struct Protocol {
    visits: Option<Visits>,
    assays: Vec<Assay>,
    ladder: Ladder,
    rules: Vec<Rule>,
    others: Vec<Dosing>,
    adherence: Option<Adherence>,
    discontinuation: Discontinuation,
}

impl Protocol {
    /// The names of what may end treatment: reasons to discontinue, and rules.
    fn causes(&self) -> Vec<String> {
        let causes = self.discontinuation.causes.iter().map(|cause| cause.name.clone());
        causes.chain(self.rules.iter().map(|rule| rule.name.clone())).collect()
    }
}

pub(super) struct Reader<'a> {
    pub(super) root: &'a Table<'a>,
    files: &'a dyn Files,
    pub(super) kinds: Kinds<'a>,
    inputs: Vec<Arc<Source>>,
}

impl Reader<'_> {
    fn study(&mut self) -> Option<Study> {
        let root = self.root;
        let title = root.required_string("title").map_or_else(String::new, |s| s.value);
        let question = root.string("question").map(|s| s.value);
        let subjects = self.count("subjects", 1, 1_000_000_000, None);
        let seed = root.required_integer("seed");
        let draws = self.count("draws", 0, 100_000, Some(200));
        let model_uncertainty = root.boolean("model-uncertainty").is_none_or(|b| b.value);
        let max_failures = self.share("max-failures", 0.001);
        let rows = root.boolean("rows").is_none_or(|b| b.value);
        let csv = root.boolean("csv").is_some_and(|b| b.value);
        let model = self.model();
        let population = self.population();
        let covariates = match (&model, &population) {
            (Some(model), Some((population, span))) => self.bind(model, population, span),
            _ => None,
        };
        let responses = self.responses(population.as_ref().map(|(p, _)| p));
        let output = model.as_ref().and_then(|m| self.output(m));
        let variables = population.as_ref().map_or(&[][..], |(p, _)| p.variables());
        let names = Names { responses: &responses, variables };
        let reader = model.as_ref().map(|model| Arms { model, names, regimens: regimens(root) });
        let arms = reader.as_ref().map(|r| r.read(root)).unwrap_or_default();
        // Without a population every rule would look at something unknown.
        let reader = reader.filter(|_| population.is_some());
        let protocol = reader.as_ref().map(|reader| self.protocol(reader, &arms)).unwrap_or_default();
        let reference = self.reference(&arms);
        let endpoints =
            alternatives::beside(self.endpoints(&responses, &arms, &protocol.causes()), &responses);
        let eligible = population.as_ref().and_then(|(population, _)| self.eligible(population));
        let replication = population.as_ref().and_then(|(population, _)| {
            let known =
                replication::Known { arms: &arms, endpoints: &endpoints, responses: &responses, population };
            replication::read(root, &known)
        });
        let seed = seed.and_then(|s| {
            u64::try_from(s.value).map_err(|_| root.error("E0801", s.span, "the seed is not negative")).ok()
        });
        Some(Study {
            title,
            question,
            model: model?,
            population: population?.0,
            eligible: eligible?,
            scenarios: scenarios::number(root),
            covariates: covariates?,
            output: output?,
            subjects: subjects?,
            seed: seed?,
            draws: u32::try_from(draws?).ok()?,
            model_uncertainty,
            max_failures: max_failures?,
            rows,
            csv,
            responses,
            arms,
            reference: reference?,
            endpoints,
            visits: protocol.visits,
            assays: protocol.assays,
            rules: protocol.rules,
            ladder: protocol.ladder,
            others: protocol.others,
            adherence: protocol.adherence,
            discontinuation: protocol.discontinuation,
            replication,
            inputs: std::mem::take(&mut self.inputs),
        })
    }

    /// What happens to subjects besides the phases of their arms.
    fn protocol(&mut self, reader: &Arms<'_>, arms: &[Arm]) -> Protocol {
        let responses = reader.names.responses;
        let end = arms.iter().map(Arm::end).fold(0.0, f64::max);
        let visits = self.visits(responses, end);
        let assays = self.assays(responses);
        let ladder = self.ladder();
        let (rules, others) = self.rules(reader, arms, &ladder);
        self.watched(&rules, visits.as_ref(), responses);
        let rules = rules.into_iter().map(|(rule, _)| rule).collect();
        let phases = arms.iter().flat_map(|arm| &arm.phases);
        let dosings = phases.flat_map(|phase| &phase.options).chain(&others);
        let shortest = dosings.map(|dosing| dosing.interval).fold(f64::INFINITY, f64::min);
        let (adherence, discontinuation) = (self.adherence(shortest), self.discontinuation(reader.names));
        Protocol { visits, assays, ladder, rules, others, adherence, discontinuation }
    }

    /// A share, such as "0.1 %" or 0.001.
    fn share(&self, key: &str, default: f64) -> Option<f64> {
        let Some(item) = self.root.item(key) else { return Some(default) };
        let value = if item.is_number() {
            item.number()?.value
        } else {
            item.quantity(Some(Dimension::ONE))?.value.coherent()
        };
        if !(0.0..=1.0).contains(&value) {
            item.error("E0801", format!("`{key}` must be 0 to 1 or 0 % to 100 %, not {value}"));
            return None;
        }
        Some(value)
    }

    fn count(&self, key: &str, least: i64, most: i64, default: Option<i64>) -> Option<u64> {
        let value = match default {
            Some(default) if !self.root.has(key) => {
                let _ = self.root.item(key);
                return u64::try_from(default).ok();
            }
            _ => self.root.required_integer(key)?,
        };
        if !(least..=most).contains(&value.value) {
            let message = format!("`{key}` must be {least} to {most}, not {}", value.value);
            self.root.error("E0801", value.span, message);
            return None;
        }
        u64::try_from(value.value).ok()
    }

    /// Opens a file that an item names; a problem is reported there.
    pub(super) fn open(&mut self, item: &Item<'_>, name: &str) -> Option<Arc<Source>> {
        match self.files.open(name) {
            Ok(source) => {
                if !self.inputs.contains(&source) {
                    self.inputs.push(Arc::clone(&source));
                }
                Some(source)
            }
            Err(problem) => {
                item.report(problem);
                None
            }
        }
    }

    pub(super) fn take<T>(&self, read: Result<(T, Vec<Diagnostic>), Problems>) -> Option<T> {
        match read {
            Ok((value, warnings)) => {
                warnings.into_iter().for_each(|w| self.root.problems().push(w));
                Some(value)
            }
            Err(problems) => {
                self.root.problems().extend(problems);
                None
            }
        }
    }

    /// `model = "name"` or `model = { name = "…", modifiers = ["…"], variability = "phase-1" }`.
    fn model(&mut self) -> Option<Model> {
        let item = self.root.required("model")?;
        let mut choices = Choices::default();
        let name = if item.is_table() {
            let table = item.table()?;
            let name = table.required_string("name")?;
            for (key, value) in table.entries().into_iter().filter(|(key, _)| key.value != "name") {
                if key.value == "modifiers" {
                    choices.modifiers =
                        value.array()?.value.iter().filter_map(|m| Some(m.string()?.value)).collect();
                } else {
                    choices.options.insert(key.value, value.string()?.value);
                }
            }
            name.value
        } else {
            item.string()?.value
        };
        let source = self.open(&item, &name)?;
        let mut model = self.take(Model::read_with(&source, &choices, self.files))?;
        if let Some(estimates) = model.uncertainty().estimates() {
            self.inputs.push(Arc::clone(estimates.source()));
        }
        if let Some(item) = self.root.item("model-draws") {
            let source = self.open(&item, &item.string()?.value)?;
            let sheet = Sheet::read(&source).map(|sheet| (sheet, Vec::new()));
            model = self.take(model.with_estimates(&self.take(sheet)?))?;
        }
        Some(model)
    }

    fn population(&mut self) -> Option<(Population, std::ops::Range<usize>)> {
        let item = self.root.required("population")?;
        let name = item.string()?.value;
        let source = self.open(&item, &name)?;
        let population = self.take(Population::read_with(&source, self.files))?;
        self.inputs.extend(population.table().map(Arc::clone));
        Some((population, item.span()))
    }

    fn bind(
        &self,
        model: &Model,
        population: &Population,
        span: &std::ops::Range<usize>,
    ) -> Option<Vec<ModelCovariate>> {
        match bind(model, population) {
            Ok(covariates) => Some(covariates),
            Err(problems) => {
                problems.into_iter().for_each(|p| self.root.report(p, span.clone()));
                None
            }
        }
    }

    /// The output whose concentrations are the exposure: `exposure = "CP"`, or the model's first.
    fn output(&self, model: &Model) -> Option<usize> {
        let Some(name) = self.root.string("exposure") else {
            return (!model.outputs().is_empty()).then_some(0);
        };
        let place = model.outputs().iter().position(|o| o.name == name.value);
        if place.is_none() {
            self.root.error("E0802", name.span, format!("the model has no output `{}`", name.value));
        }
        place
    }

    fn reference(&self, arms: &[Arm]) -> Option<usize> {
        let Some(name) = self.root.string("reference") else { return (!arms.is_empty()).then_some(0) };
        let place = arms.iter().position(|a| a.name == name.value);
        if place.is_none() {
            let near = did_you_mean(&name.value, arms.iter().map(|a| a.name.as_str()));
            let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            self.root.error("E0802", name.span, format!("there is no arm `{}`{near}", name.value));
        }
        place
    }
}
