//! From evidence files to fitted responses: reads them, simulates the exposures of their arms, fits; or takes a response
//! file as it was fitted before.

use std::sync::Arc;

use super::courses::simulator;
use crate::diagnostic::{Collector, Diagnostic, Problems, Source};
use crate::document::{Document, Files, beside};
use crate::dosing::regimen::Regimen;
use crate::evidence::fit_file::FitFile;
use crate::evidence::paper::{Body, CoursePaper, IndividualModel};
use crate::evidence::{Evidence, Fit, Inputs, Named, Request, Risk, fit};
use crate::model::Model;
use crate::population::Population;
use crate::response::{LawFile, PersistenceModel};
use crate::trial::endpoint::Exposure;
use crate::trial::{Response, ResponseKind, ResponseUse, Study, steady_exposures};

/// Subjects by whom the exposures of an arm of the evidence are represented.
const REPRESENTATIVES: u64 = 2048;

/// Whether a file is a response file, written by a fit, and no evidence.
pub fn is_response_file(source: &Arc<Source>) -> bool {
    let problems = Collector::new();
    Document::parse(source).is_ok_and(|document| document.root(&problems).has("response"))
}

/// What an evidence or response file describes, for the reader of studies.
///
/// # Errors
/// What reading the file refuses; E0802 where it holds no response to exposure.
pub fn kind(source: &Arc<Source>) -> Result<ResponseKind, Problems> {
    let no_response = |what: &str| -> Problems {
        Diagnostic::error("E0802", format!("{} holds {what}, not a response to exposure", source.name()))
            .into()
    };
    let read_unit = |unit: &String| unit.parse().map_err(|_| no_response(&format!("the unit `{unit}`")));
    if is_response_file(source) {
        let file = FitFile::read(source)?;
        return match file.law() {
            LawFile::Event { link, basis, .. } => Ok(ResponseKind {
                metric: basis.metric,
                biomarker: None,
                accumulates: link == "cloglog",
                course: None,
            }),
            LawFile::Biomarker { unit, basis, .. } => Ok(ResponseKind {
                metric: basis.metric,
                biomarker: Some(read_unit(unit)?),
                accumulates: false,
                course: None,
            }),
            LawFile::Course { model, metric, unit } => Ok(ResponseKind {
                metric: *metric,
                biomarker: Some(read_unit(unit)?),
                accumulates: false,
                course: Some(model.clone()),
            }),
            LawFile::Persistence { .. } => Err(no_response("persistence")),
        };
    }
    let (evidence, _) = Evidence::read(source)?;
    let (axis, biomarker, accumulates) = match &evidence.body {
        Body::Quantiles(paper) => (&paper.exposure, None, false),
        Body::Arms(paper) => (&paper.exposure, None, matches!(paper.risk, Risk::Rate)),
        Body::Means(paper) => (&paper.exposure, Some(paper.unit.clone()), false),
        Body::Course(paper) => (&paper.exposure, Some(paper.unit.clone()), false),
        Body::Individual(paper) if matches!(paper.model, IndividualModel::Cox { .. }) => {
            return Err(no_response("hazard ratios"));
        }
        Body::Individual(paper) => (&paper.exposure, paper.biomarker().cloned(), false),
        Body::Ratios(_) => return Err(no_response("ratios")),
        Body::Persistence(_) => return Err(no_response("persistence")),
    };
    let course = match &evidence.body {
        Body::Course(paper) => Some(paper.model.clone()),
        _ => None,
    };
    Ok(ResponseKind { metric: axis.metric, biomarker, accumulates, course })
}

/// Fits every response of a study, or reads what was fitted before. A biomarker in time that a study takes as its file
/// has it comes without a fit.
///
/// # Errors
/// What the fits refuse, arms of the evidence that cannot be simulated, and response files that do not fit their tables.
pub fn responses(study: &Study, files: &dyn Files) -> Result<(Vec<Response>, Vec<Option<Fit>>), Problems> {
    let mut responses = Vec::new();
    let mut fits = Vec::new();
    for used in &study.responses {
        if used.is_model() {
            responses.push(Response::Course(None));
            fits.push(None);
            continue;
        }
        let source = files.open(&used.file)?;
        let fit = if is_response_file(&source) {
            FitFile::read(&source)?.fit(&|table| files.numbers(&beside(&used.file, table)))?
        } else {
            let (evidence, _) = Evidence::read(&source)?;
            let kinetics = Some((&study.model, study.output));
            fit_evidence(&evidence, &used.file, files, kinetics, (study.seed, study.draws.max(2000)))?
        };
        let response = match (&fit.responses[..], &fit.biomarkers[..]) {
            _ if fit.course.is_some() => {
                Response::Course(fit.course.as_ref().map(|course| course.draws.clone()))
            }
            ([], models) => Response::Biomarker(variant(models, used)?),
            (models, _) => Response::Event(variant(models, used)?),
        };
        responses.push(response);
        fits.push(Some(fit));
    }
    Ok((responses, fits))
}

/// Fits evidence that was read from a file, with a seed and a number of joint draws. The exposures of its arms are
/// simulated where there are kinetics: a model and the place of its output.
///
/// # Errors
/// What the fit refuses, and data that cannot be opened.
pub fn fit_evidence(
    evidence: &Evidence,
    file: &str,
    files: &dyn Files,
    kinetics: Option<(&Model, usize)>,
    (seed, draws): (u64, u32),
) -> Result<Fit, Problems> {
    let data = match &evidence.body {
        Body::Individual(paper) => Some(files.open(&beside(file, &paper.data))?),
        _ => None,
    };
    let simulate = |request: &Request| exposures(kinetics?, files, request, seed);
    let data = data.as_ref().map(|data| data.text());
    let courses = |paper: &CoursePaper, patients: usize| simulator(files, file, paper, patients);
    fit(evidence, &Inputs { exposures: &simulate, data, seed, draws, courses: &courses })
}

/// Fits the hazard of discontinuation where a study takes it from evidence.
///
/// # Errors
/// What the fit refuses; E0802 where the evidence is no persistence, or the population lacks one of its covariates.
pub fn persistence(study: &Study, files: &dyn Files) -> Result<Option<(PersistenceModel, Fit)>, Problems> {
    let Some(file) = &study.discontinuation.evidence else { return Ok(None) };
    let (evidence, _) = Evidence::read(&files.open(file)?)?;
    let inputs = Inputs { draws: study.draws.max(2000), ..Inputs::new(study.seed) };
    let fit = fit(&evidence, &inputs)?;
    let Some(named) = fit.persistence.first() else {
        let problem = Diagnostic::error("E0802", format!("`{file}` is no evidence of persistence"));
        return Err(problem
            .help("name one of kind \"persistence\", such as `crohn-persistence-fang`")
            .into());
    };
    let model = named.model.clone();
    if let Some(lacking) = model.covariates().find(|name| study.population.place(name).is_none()) {
        let message = format!("the population has no `{lacking}`, on which `{file}` rests");
        return Err(Diagnostic::error("E0802", message).help("add the covariate to the population").into());
    }
    Ok(Some((model, fit)))
}

/// The model that a study means among those that its evidence gave (E0802).
fn variant<T: Clone>(models: &[Named<T>], used: &ResponseUse) -> Result<T, Problems> {
    let meant = |named: &&Named<T>| {
        let parts: Vec<&str> = named.name.split(", ").collect();
        used.variant.iter().all(|word| parts.contains(&word.as_str()))
    };
    if let Some(named) = models.iter().find(meant) {
        return Ok(named.model.clone());
    }
    let names: Vec<&str> = models.iter().map(|n| n.name.as_str()).collect();
    let message = format!("`{}` has no model `{}`", used.file, used.variant.join(", "));
    Err(Diagnostic::error("E0802", message).help(format!("it has: {}", names.join("; "))).into())
}

/// The steady-state exposures of an arm of the evidence in the population that the evidence names; `None` where that
/// cannot be, so that the law of the file is taken.
fn exposures(
    (model, output): (&Model, usize),
    files: &dyn Files,
    request: &Request,
    seed: u64,
) -> Option<Vec<f64>> {
    let regimen = Regimen::parse(&request.regimen).ok()?;
    let population = Population::read(&files.open(request.population.as_ref()?).ok()?).ok()?.0;
    steady_exposures(model, &population, output, &regimen, seed, REPRESENTATIVES)
        .map(|e| e.metric(Exposure::Metric(request.metric)).to_vec())
}
