//! Biomarkers in time: the equations of a model file, driven by the exposures of a trial's segments.
//!
//! [`Biomarker`] holds what it is, [`Track`] carries it through an arm, segment by segment, each under the average
//! concentration of its last dosing interval.

use crate::expr::{Column, Scratch};
use crate::kinetics::{Driven, DrivenError, DrivenModel};
use crate::model::Model;
use crate::population::{Cohort, FIRST_OCCASION, Individuals, ModelCovariate};
use crate::random::Subjects;
use crate::response::{Draw, Draws};

/// The model of a biomarker as a study uses it.
#[derive(Clone, Debug)]
pub struct TimeCourse {
    model: Model,
    covariates: Vec<ModelCovariate>,
    compiled: DrivenModel,
    /// Parameters that the study sets, by their places (coherent units).
    set: Vec<(usize, f64)>,
}

impl TimeCourse {
    /// A model with one driver, whose first output is the value, with the origin of each of its covariates, and the
    /// parameters (by their places) that have other values (coherent units) than in the file.
    ///
    /// # Errors
    /// Where the model is no biomarker's.
    pub fn new(
        model: Model,
        covariates: Vec<ModelCovariate>,
        set: Vec<(usize, f64)>,
    ) -> Result<Self, DrivenError> {
        let compiled = DrivenModel::new(&model)?;
        Ok(TimeCourse { model, covariates, compiled, set })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The parameters that the study sets, and to what.
    pub fn set(&self) -> impl Iterator<Item = (&str, String)> {
        let of = |(place, value): &(usize, f64)| {
            let parameter = self.model.parameters().get(*place)?;
            let unit = parameter.value.unit();
            Some((parameter.name.as_str(), format!("{} {unit}", unit.from_coherent(*value))))
        };
        self.set.iter().filter_map(of)
    }
}

/// Compiled for blocks of subjects.
#[derive(Clone, Debug)]
pub(super) struct Biomarker<'s> {
    model: &'s DrivenModel,
    individuals: Individuals<'s>,
    set: &'s [(usize, f64)],
    /// For each column of the fitted parameters, what it stands for.
    places: Vec<Place>,
}

/// What a fitted number stands for.
#[derive(Clone, Copy, Debug)]
enum Place {
    Typical(usize),
    /// A random effect's standard deviation, over that of the file.
    Spread(usize, f64),
    Nuisance,
}

/// What the subjects of a block are to a biomarker.
#[derive(Clone, Debug)]
pub(super) struct Patients {
    covariates: Vec<Vec<f64>>,
    effects: Vec<Vec<f64>>,
    lanes: usize,
}

/// A block's individual parameters at a draw.
#[derive(Clone, Debug)]
pub(super) struct Parameters<'b> {
    typical: Vec<f64>,
    covariates: &'b [Vec<f64>],
    effects: Vec<Vec<f64>>,
    own: Vec<Vec<f64>>,
    lanes: usize,
}

impl Patients {
    /// Subjects with these columns of covariates and random effects.
    pub(super) fn new(covariates: Vec<Vec<f64>>, effects: Vec<Vec<f64>>, lanes: usize) -> Self {
        Patients { covariates, effects, lanes }
    }
}

impl<'s> Biomarker<'s> {
    /// Compiles a time course; `occasion` is what sets its draws apart from those of other biomarkers.
    pub(super) fn new(course: &'s TimeCourse, fitted: Option<&Draws>, seed: u64, occasion: u32) -> Self {
        let individuals =
            Individuals::new(&course.model, course.covariates.clone(), seed).of_biomarker(seed, occasion);
        let place = |name: &String| {
            if let Some(place) = course.model.parameters().iter().position(|p| p.name == *name) {
                return Place::Typical(place);
            }
            let effects = course.model.effects().list();
            let spread =
                name.strip_prefix("sd ").and_then(|name| effects.iter().position(|e| e.name == name));
            spread.map_or(Place::Nuisance, |place| Place::Spread(place, effects[place].sd))
        };
        let places = fitted.map_or_else(Vec::new, |draws| draws.names().iter().map(place).collect());
        Biomarker { model: &course.compiled, individuals, set: &course.set, places }
    }

    /// What subjects are, whatever is done to them.
    pub(super) fn subjects(&self, cohort: &Cohort, subjects: &Subjects, lanes: usize) -> Patients {
        let covariates = self.individuals.covariates(cohort, lanes);
        Patients::new(covariates, self.individuals.effects(subjects, FIRST_OCCASION, 0), lanes)
    }

    /// The individual parameters of subjects at a draw of the uncertain ones: the fitted ones, and those of the file
    /// where `uncertain` says so.
    pub(super) fn parameters<'b>(
        &self,
        subjects: &'b Patients,
        fitted: Option<&Draws>,
        draw: Draw,
        uncertain: bool,
    ) -> Parameters<'b> {
        let number = match draw {
            Draw::Number(number) if uncertain => u32::try_from(number).map_or(0, |n| n + 1),
            _ => 0,
        };
        let mut typical = self.individuals.typical(number);
        let mut effects = subjects.effects.clone();
        for (place, value) in self.places.iter().zip(fitted.map_or(&[][..], |fitted| fitted.get(draw))) {
            match *place {
                Place::Typical(place) => typical[place] = *value,
                Place::Spread(place, sd) => effects[place].iter_mut().for_each(|eta| *eta *= value / sd),
                Place::Nuisance => {}
            }
        }
        self.set.iter().for_each(|(place, value)| typical[*place] = *value);
        let (covariates, lanes) = (&subjects.covariates, subjects.lanes);
        let own = self.individuals.parameters(&typical, covariates, &effects, lanes, &mut Scratch::new());
        Parameters { typical, covariates, effects, own, lanes }
    }

    /// The subjects before their first dose.
    pub(super) fn start<'b>(&self, parameters: &'b Parameters<'b>) -> Track<'b>
    where
        's: 'b,
    {
        let Parameters { typical, covariates, effects, own, lanes } = parameters;
        let inputs: Vec<Column<'b>> = self.individuals.inputs(typical, covariates, effects, own);
        let mut driven = Driven::new(self.model, inputs, *lanes);
        Track { baseline: driven.values(), moments: Vec::new(), driven }
    }
}

/// A biomarker of a block on its way through an arm: its true values (coherent units, without assay error) before the
/// first dose and at every moment that was passed.
#[derive(Debug)]
pub(super) struct Track<'b> {
    driven: Driven<'b>,
    baseline: Vec<f64>,
    moments: Vec<Vec<f64>>,
}

impl Track<'_> {
    /// Goes on for a time (h) to the next moment under an average concentration (coherent units, one a subject). Where
    /// there is none nobody asks for what comes.
    pub(super) fn advance(&mut self, hours: f64, average: &[f64]) {
        if !average.is_empty() {
            self.driven.advance(hours, average);
            self.moments.push(self.driven.values());
        }
    }

    /// The values at a moment, one a subject; not a number where a subject's equations or kinetics failed.
    pub(super) fn at(&self, moment: usize) -> &[f64] {
        self.moments.get(moment).map_or(&[], Vec::as_slice)
    }

    /// The values before the first dose.
    pub(super) fn baseline(&self) -> &[f64] {
        &self.baseline
    }
}
