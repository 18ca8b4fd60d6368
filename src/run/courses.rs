//! Models of biomarkers for the fits that calibrate them.

use crate::diagnostic::{Diagnostic, Problems};
use crate::document::{Files, beside};
use crate::evidence::Simulator;
use crate::evidence::paper::CoursePaper;
use crate::model::{Choices, Model};
use crate::trial::Representatives;

/// The simulator of the model that an evidence file names.
///
/// # Errors
/// What reading the model refuses; E0773 where it does not have what the evidence speaks of.
pub fn simulator(
    files: &dyn Files,
    evidence: &str,
    paper: &CoursePaper,
    patients: usize,
) -> Result<Box<dyn Simulator>, Problems> {
    let (model, _) = Model::read(&files.open(&beside(evidence, &paper.model))?, &Choices::default())?;
    let refuse =
        |message: String| Problems::from(Diagnostic::error("E0773", format!("`{}`: {message}", paper.model)));
    let mut start = Vec::new();
    for name in &paper.means {
        let found = model.parameters().iter().find(|p| p.name == *name);
        start.push(found.ok_or_else(|| refuse(format!("no parameter `{name}`")))?.value.coherent());
    }
    for name in &paper.spreads {
        let found = model.effects().list().iter().find(|e| e.name == *name && e.sd > 0.0);
        start.push(found.ok_or_else(|| refuse(format!("no random effect `{name}` that varies")))?.sd);
    }
    let value = model.outputs().first().map(|o| o.unit.dimension());
    if value != Some(paper.unit.dimension()) {
        return Err(refuse(format!("its value is not in {}", paper.unit)));
    }
    let names = paper.means.iter().cloned().chain(paper.spreads.iter().map(|s| format!("sd {s}"))).collect();
    let patients = Representatives::new(model, &paper.fixed, &paper.covariates, patients).map_err(refuse)?;
    Ok(Box::new(Course { patients, names, start, hours: paper.time, scale: paper.unit.to_coherent(1.0) }))
}

struct Course {
    patients: Representatives,
    names: Vec<String>,
    start: Vec<f64>,
    hours: f64,
    /// Coherent units of one unit of the paper.
    scale: f64,
}

impl Simulator for Course {
    fn start(&self) -> Vec<f64> {
        self.start.clone()
    }

    fn changes(&self, parameters: &[f64], exposures: &[f64]) -> Vec<f64> {
        let changes = self.patients.changes(&self.names, parameters, exposures, self.hours);
        changes.into_iter().map(|change| change / self.scale).collect()
    }
}
