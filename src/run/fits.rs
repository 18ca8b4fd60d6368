//! From evidence files to fitted responses: reads them, simulates the exposures of their arms, fits.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::Files;
use crate::dosing::regimen::Regimen;
use crate::evidence::paper::Body;
use crate::evidence::{Evidence, Fit, Inputs, Named, Request, Risk, fit};
use crate::population::Population;
use crate::trial::endpoint::Exposure;
use crate::trial::{Response, ResponseKind, ResponseUse, Study, steady_exposures};

/// Subjects by whom the exposures of an arm of the evidence are represented.
const REPRESENTATIVES: u64 = 2048;

/// What a response file describes, for the reader of studies.
///
/// # Errors
/// What reading the evidence file refuses.
pub fn kind(source: &Arc<Source>) -> Result<ResponseKind, Problems> {
    let (evidence, _) = Evidence::read(source)?;
    let (axis, biomarker, accumulates) = match &evidence.body {
        Body::Quantiles(paper) => (&paper.exposure, None, false),
        Body::Arms(paper) => (&paper.exposure, None, matches!(paper.risk, Risk::Rate)),
        Body::Means(paper) => (&paper.exposure, Some(paper.unit.clone()), false),
        Body::Individual(paper) => (&paper.exposure, None, false),
        Body::Ratios(_) => {
            return Err(Diagnostic::error(
                "E0802",
                format!("{} holds ratios, not a response", source.name()),
            )
            .into());
        }
        Body::Persistence(_) => {
            return Err(Diagnostic::error(
                "E0802",
                format!("{} holds persistence, not a response to exposure", source.name()),
            )
            .into());
        }
    };
    Ok(ResponseKind { metric: axis.metric, biomarker, accumulates })
}

/// A response of a study with the evidence it was fitted from.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The evidence file.
    pub evidence: Evidence,
    /// The fit, with its alternatives.
    pub fit: Fit,
}

/// Fits every response of a study.
///
/// # Errors
/// What the fits refuse, and arms of the evidence that cannot be simulated.
pub fn responses(study: &Study, files: &dyn Files) -> Result<(Vec<Response>, Vec<Fitted>), Problems> {
    let mut responses = Vec::new();
    let mut fits = Vec::new();
    for used in &study.responses {
        let source = files.open(&used.file)?;
        let (evidence, _) = Evidence::read(&source)?;
        let simulate = |request: &Request| exposures(study, files, request);
        let inputs =
            Inputs { exposures: &simulate, data: None, seed: study.seed, draws: study.draws.max(2000) };
        let fit = fit(&evidence, &inputs)?;
        let response = match (&fit.responses[..], &fit.biomarkers[..]) {
            ([], models) => Response::Biomarker(variant(models, used)?),
            (models, _) => Response::Event(variant(models, used)?),
        };
        responses.push(response);
        fits.push(Fitted { evidence, fit });
    }
    Ok((responses, fits))
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

/// The steady-state exposures of an arm of the evidence, by the study's own model in the population that the evidence
/// names; `None` where that cannot be, so that the law of the file is taken.
fn exposures(study: &Study, files: &dyn Files, request: &Request) -> Option<Vec<f64>> {
    let regimen = Regimen::parse(&request.regimen).ok()?;
    let population = match &request.population {
        Some(name) => Population::read(&files.open(name).ok()?).ok()?.0,
        None => return None,
    };
    steady_exposures(&study.model, &population, study.output, &regimen, study.seed, REPRESENTATIVES)
        .map(|e| e.metric(Exposure::Metric(request.metric)).to_vec())
}
