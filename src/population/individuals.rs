//! From covariates, random effects and typical values to individual parameters, over a block of subjects.

use super::copula::correlate;
use super::{Cohort, Population, uncertainty};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::expr::{Column, Program, Scratch};
use crate::model::{CovariateKind, Model};
use crate::random::{Address, Purpose, Subjects};

/// The number of a subject's first occasion.
pub const FIRST_OCCASION: u32 = 1;

/// Where a model's covariate comes from.
#[derive(Clone, Debug)]
pub enum ModelCovariate {
    /// A variable of the population.
    Variable(usize),
    /// A categorical variable whose levels stand in another order: level of the population → level of the model.
    Levels(usize, Vec<f64>),
    /// A value for everybody.
    Fixed(f64),
}

/// Finds each covariate of a model in a population: same name, same dimension, same levels.
///
/// # Errors
/// E0503 for each covariate that the population lacks, or has with another dimension or other levels.
pub fn bind(model: &Model, population: &Population) -> Result<Vec<ModelCovariate>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for covariate in model.covariates() {
        match one(covariate, population) {
            Ok(source) => found.push(source),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn one(covariate: &crate::model::Covariate, population: &Population) -> Result<ModelCovariate, Diagnostic> {
    let wrong = |message: String| Err(Diagnostic::error("E0503", message));
    if let Some(value) = covariate.fixed {
        return Ok(ModelCovariate::Fixed(value));
    }
    let Some(place) = population.place(&covariate.name) else {
        let near = did_you_mean(&covariate.name, population.variables().iter().map(|v| v.name.as_str()));
        let help = near.map_or_else(
            || format!("add `{}` to the covariates of the population", covariate.name),
            |near| format!("the population has `{near}`; is it meant?"),
        );
        return Err(Diagnostic::error(
            "E0503",
            format!(
                "the population `{}` has no `{}`, which the model needs",
                population.name(),
                covariate.name
            ),
        )
        .help(help));
    };
    let variable = &population.variables()[place];
    match (&covariate.kind, &variable.levels) {
        (CovariateKind::Continuous { unit, .. }, None) => {
            if unit.dimension() == variable.unit.dimension() {
                return Ok(ModelCovariate::Variable(place));
            }
            wrong(format!(
                "`{}` is {} in the model and {} in the population",
                covariate.name,
                unit.dimension(),
                variable.unit.dimension()
            ))
        }
        (CovariateKind::Categorical { levels, .. }, Some(found)) => {
            let mut places = Vec::new();
            for level in found {
                let Some(place) = levels.iter().position(|l| l == level) else {
                    return wrong(format!("the model's `{}` has no level `{level}`", covariate.name));
                };
                #[allow(clippy::cast_precision_loss)]
                places.push(place as f64);
            }
            Ok(ModelCovariate::Levels(place, places))
        }
        _ => wrong(format!(
            "`{}` has levels in one of model and population, and numbers in the other",
            covariate.name
        )),
    }
}

/// Evaluates a model's individual parameters for blocks of subjects.
#[derive(Clone, Debug)]
pub struct Individuals<'m> {
    model: &'m Model,
    program: Program,
    covariates: Vec<ModelCovariate>,
    /// Where the draws of uncertain parameters lie, and those of effects between subjects and between occasions.
    uncertainty: Address,
    etas: Address,
    occasions: Address,
}

impl<'m> Individuals<'m> {
    /// For a model, with its covariates bound to a population.
    pub fn new(model: &'m Model, covariates: Vec<ModelCovariate>, seed: u64) -> Self {
        let values: Vec<_> = model.individual().iter().map(|d| &d.value).collect();
        let address = |purpose| Address::new(seed, purpose);
        Individuals {
            model,
            program: Program::compile(&values),
            covariates,
            uncertainty: address(Purpose::Parameters),
            etas: address(Purpose::Etas),
            occasions: address(Purpose::Occasions),
        }
    }

    /// The same for a biomarker's model, whose draws have their own addresses at an occasion that names it.
    #[must_use]
    pub fn of_biomarker(self, seed: u64, occasion: u32) -> Self {
        Individuals {
            uncertainty: self.uncertainty.occasion(occasion),
            etas: Address::new(seed, Purpose::Biomarkers).occasion(occasion),
            ..self
        }
    }

    /// The typical values at a draw of the uncertain parameters. Draw 0 is the published values; the others vary as the
    /// model's [`crate::model::Uncertainty`] says.
    pub fn typical(&self, draw: u32) -> Vec<f64> {
        uncertainty::typical(self.model, self.uncertainty, draw)
    }

    /// Whether the random effects of a subject differ between draws of the uncertain parameters.
    pub fn effects_vary(&self) -> bool {
        uncertainty::omega_varies(self.model)
    }

    /// What the standard deviation of the residual error of an output (by its name) is multiplied by at a draw.
    pub fn residual_factor(&self, draw: u32, output: &str) -> f64 {
        uncertainty::residual_factor(self.model, self.uncertainty, draw, output)
    }

    /// The random effects of a range of subjects on an occasion: one column an effect. The effect at place k of the
    /// file takes the draw with index k, at the subject's address or, where it varies between occasions, at that of
    /// subject and occasion. The deviates do not depend on the draw of the uncertain parameters; what they are multiplied
    /// by does.
    pub fn effects(&self, subjects: &Subjects, occasion: u32, draw: u32) -> Vec<Vec<f64>> {
        let effects = self.model.effects();
        let root = uncertainty::omega_root(self.model, self.uncertainty, draw);
        let n = effects.list().len();
        let lanes = subjects.count();
        let mut columns = vec![vec![0.0; lanes]; n];
        let mut deviates = vec![0.0; n];
        for (address, by_occasion) in [(self.etas, false), (self.occasions.occasion(occasion), true)] {
            if effects.list().iter().all(|effect| effect.by_occasion != by_occasion) {
                continue;
            }
            for (lane, mut stream) in subjects.streams(address).enumerate() {
                deviates.iter_mut().for_each(|z| *z = stream.normal());
                correlate(&root, &mut deviates);
                for ((column, &eta), effect) in columns.iter_mut().zip(&deviates).zip(effects.list()) {
                    if effect.by_occasion == by_occasion {
                        column[lane] = eta;
                    }
                }
            }
        }
        columns
    }

    /// The columns of the model's covariates for a cohort of its population.
    pub fn covariates(&self, cohort: &Cohort, lanes: usize) -> Vec<Vec<f64>> {
        self.covariates
            .iter()
            .map(|source| match source {
                ModelCovariate::Fixed(value) => vec![*value; lanes],
                ModelCovariate::Variable(place) => cohort.column(*place).to_vec(),
                ModelCovariate::Levels(place, map) => {
                    // A level's place is a small whole number that `Population::draw` made.
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let level = |v: &f64| map.get(*v as usize).copied().unwrap_or(0.0);
                    cohort.column(*place).iter().map(level).collect()
                }
            })
            .collect()
    }

    /// The individual parameters over a block: one column a definition, each `lanes` long.
    pub fn parameters(
        &self,
        typical: &[f64],
        covariates: &[Vec<f64>],
        effects: &[Vec<f64>],
        lanes: usize,
        scratch: &mut Scratch,
    ) -> Vec<Vec<f64>> {
        let inputs = self.inputs(typical, covariates, effects, &[]);
        let mut columns = vec![vec![0.0; lanes]; self.model.individual().len()];
        let mut outputs: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        self.program.run_block(&inputs, &mut outputs, scratch);
        columns
    }

    /// The inputs of the model's programs (see [`crate::model::Layout`]) over a block; compartments and clocks are 0.
    pub fn inputs<'a>(
        &self,
        typical: &[f64],
        covariates: &'a [Vec<f64>],
        effects: &'a [Vec<f64>],
        parameters: &'a [Vec<f64>],
    ) -> Vec<Column<'a>> {
        let mut inputs = vec![Column::Scalar(0.0); self.model.layout().count()];
        let values = typical
            .iter()
            .map(|&v| Column::Scalar(v))
            .chain(covariates.iter().chain(effects).chain(parameters).map(|c| Column::Slice(c)));
        inputs.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
        inputs
    }
}
