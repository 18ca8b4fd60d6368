//! Patients who stand for those of published evidence: a time course is calibrated through them.

use super::TimeCourse;
use super::biomarker::{Biomarker, Patients};
use crate::kinetics::DrivenError;
use crate::math::normal_quantile;
use crate::model::Model;
use crate::population::ModelCovariate;
use crate::response::{Draw, Draws};
use crate::units::Quantity;

/// A biomarker's model with patients who all have the same covariates and whose random effects lie on a lattice.
#[derive(Debug)]
pub struct Representatives {
    course: TimeCourse,
    subjects: Patients,
}

impl Representatives {
    /// So many patients with these covariates; parameters in `fixed` have other values than in the file. What has no
    /// covariate given has the file's reference value. `Err` names a parameter or covariate that is not there or has
    /// another dimension.
    ///
    /// # Errors
    /// A sentence.
    pub fn new(
        model: Model,
        fixed: &[(String, Quantity)],
        covariates: &[(String, Quantity)],
        patients: usize,
    ) -> Result<Self, String> {
        let place = |name: &str, quantity: &Quantity| {
            let found = model.parameters().iter().position(|p| p.name == name);
            let fits =
                |p: &usize| model.parameters()[*p].value.unit().dimension() == quantity.unit().dimension();
            found.filter(fits).ok_or_else(|| format!("the model has no parameter `{name}` like {quantity}"))
        };
        let fixed = fixed
            .iter()
            .map(|(name, quantity)| Ok((place(name, quantity)?, quantity.coherent())))
            .collect::<Result<Vec<_>, String>>()?;
        for (name, quantity) in covariates {
            let known = model.covariates().iter().find(|c| c.name == *name);
            if known.is_none_or(|c| c.unit().dimension() != quantity.unit().dimension()) {
                return Err(format!("the model has no covariate `{name}` like {quantity}"));
            }
        }
        let value = |name: &str| covariates.iter().find(|(n, _)| n == name).map(|(_, q)| q.coherent());
        let columns = model
            .covariates()
            .iter()
            .map(|c| {
                value(&c.name)
                    .or(c.reference())
                    .map(|value| vec![value; patients])
                    .ok_or_else(|| format!("the covariate `{}` has no value", c.name))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let effects = effects(&model, patients);
        let sources = columns.iter().map(|c| ModelCovariate::Fixed(c.first().copied().unwrap_or(0.0)));
        let sources = sources.collect();
        let course =
            TimeCourse::new(model, sources, fixed).map_err(|error: DrivenError| error.to_string())?;
        Ok(Representatives { course, subjects: Patients::new(columns, effects, patients) })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        self.course.model()
    }

    /// Changes of the value from its baseline (coherent units) after a time (h) under average concentrations, one a
    /// patient, with other values for the parameters that are named (`sd X` for the spread of effect X).
    pub fn changes(&self, names: &[String], values: &[f64], averages: &[f64], hours: f64) -> Vec<f64> {
        let Ok(draws) = Draws::new(names.to_vec(), values.to_vec(), Vec::new()) else {
            return vec![f64::NAN; averages.len()];
        };
        let biomarker = Biomarker::new(&self.course, Some(&draws), 0, 0);
        let own = biomarker.parameters(&self.subjects, Some(&draws), Draw::Central, false);
        let mut track = biomarker.start(&own);
        track.advance(hours, averages);
        track.at(0).iter().zip(track.baseline()).map(|(value, before)| value - before).collect()
    }
}

/// Random effects of patients on a lattice (Kronecker's, with the powers of the inverse of the root of x^(d+1) = x + 1),
/// so that their means and spreads are those of the law to within a part in a thousand.
fn effects(model: &Model, patients: usize) -> Vec<Vec<f64>> {
    let effects = model.effects();
    let n = effects.list().len();
    let mut root = 1.5;
    for _ in 0..60 {
        root = libm::pow(1.0 + root, 1.0 / (n as f64 + 1.0));
    }
    let mut columns = vec![vec![0.0; patients]; n];
    for patient in 0..patients {
        let z: Vec<f64> = (0..n)
            .map(|k| {
                let place = 0.5 + (patient as f64 + 1.0) * libm::pow(1.0 / root, k as f64 + 1.0);
                normal_quantile((place - place.floor()).clamp(1e-9, 1.0 - 1e-9))
            })
            .collect();
        for (row, column) in columns.iter_mut().enumerate() {
            let weights = &effects.root()[row * n..(row + 1) * n];
            column[patient] = weights.iter().zip(&z).map(|(w, z)| w * z).sum();
        }
    }
    columns
}
