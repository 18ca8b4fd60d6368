//! Exposures at steady state: what an arm of published evidence was exposed to.

use super::Dosing;
use super::course::{Course, IntervalExposure, Intervals, Taken};
use super::kinetics::Solver;
use super::plan::Needs;
use super::simulate::kinetics;
use crate::dosing::regimen::Regimen;
use crate::model::Model;
use crate::population::{Cohort, FIRST_OCCASION, Individuals, Population, bind};

/// The exposures of the first subjects of a population at steady state under a regimen, at the published typical
/// values. `None` where the regimen is not one of the model's formulations at regular intervals, where the population
/// lacks a covariate, or where the kinetics are not linear.
pub fn steady_exposures(
    model: &Model,
    population: &Population,
    output: usize,
    regimen: &Regimen,
    seed: u64,
    subjects: u64,
) -> Option<IntervalExposure> {
    let formulation = match regimen.formulation() {
        Some(name) => model.formulations().iter().position(|f| f.name == name)?,
        None => 0,
    };
    let dosing = Dosing {
        name: String::new(),
        text: regimen.to_string(),
        amount: regimen.amount(),
        interval: regimen.interval()?,
        formulation,
    };
    let solver = Solver::new(model, &[formulation], output).ok()?;
    let individuals = Individuals::new(model, bind(model, population).ok()?, seed);
    let lanes = usize::try_from(subjects).ok()?;
    let mut cohort = Cohort::default();
    population.draw(seed, &(0..subjects).into(), &mut cohort);
    let covariates = individuals.covariates(&cohort, lanes);
    let effects = individuals.effects(&(0..subjects).into(), FIRST_OCCASION, 0);
    let kinetics = kinetics(&solver, &individuals, (&covariates, &effects), lanes, 0)?;
    let intervals = Intervals::new(&solver, &kinetics, &[(formulation, dosing.interval)])?;
    let mut course = Course::at_steady_state(&intervals, &dosing, lanes)?;
    let amounts = vec![dosing.amount; lanes];
    Some(course.dose(
        dosing.rhythm(),
        Taken::Regular(&amounts),
        dosing.interval,
        Needs { area: true, peak: true },
    ))
}
