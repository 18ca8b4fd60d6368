//! Virtual populations: covariates, random effects and uncertain parameters become individual parameters.
//!
//! A subject is a number. Its covariates and random effects are drawn at addresses that name the seed, the purpose
//! and the subject, so that the same subject appears in every arm, scenario, block and shard.

mod copula;
mod individuals;
mod marginal;
mod read;

pub use individuals::{Individuals, ModelCovariate, bind};
pub use marginal::{Marginal, MarginalError};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::expr::{Column, Program, Scratch};
use crate::model::Provenance;
use crate::random::{Address, Purpose, Subjects};
use crate::units::Unit;

/// A covariate of a population.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name, such as `WT`.
    pub name: String,
    /// The unit of its values in files and outputs; `1` for levels.
    pub unit: Unit,
    /// The levels of a categorical covariate; its value is the place of a level.
    pub levels: Option<Vec<String>>,
    /// What it is.
    pub description: String,
    /// How it is distributed, in words.
    pub law: String,
    /// Where that comes from.
    pub provenance: Provenance,
    distribution: Distribution,
}

#[derive(Clone, Debug)]
enum Distribution {
    /// The same for everybody (coherent units, or the place of a level).
    Fixed(f64),
    /// In the variable's unit.
    Continuous(Marginal),
    /// Upper ends of the levels' shares of (0, 1).
    Categorical(Vec<f64>),
    /// A formula of the covariates before it; the program has one output for each, in file order.
    Derived,
}

/// A population that was read and checked.
#[derive(Clone, Debug)]
pub struct Population {
    name: String,
    title: String,
    provenance: Provenance,
    notes: Vec<String>,
    variables: Vec<Variable>,
    /// Root of the correlation matrix of the deviates, row-major; empty where nothing is correlated.
    copula: Vec<f64>,
    derived: Program,
}

/// The covariates of a range of subjects: one column a variable, in coherent units.
#[derive(Clone, Debug, Default)]
pub struct Cohort {
    columns: Vec<Vec<f64>>,
}

impl Cohort {
    /// The values of a variable, by its place in [`Population::variables`].
    pub fn column(&self, variable: usize) -> &[f64] {
        self.columns.get(variable).map_or(&[], Vec::as_slice)
    }
}

impl Population {
    /// Reads a population file.
    ///
    /// # Errors
    /// All problems found in the file (E01xx, E03xx, E05xx).
    pub fn read(source: &Arc<Source>) -> Result<(Population, Vec<Diagnostic>), Problems> {
        read::read(source)
    }

    /// The file's name without folder and `.toml`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where the population comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Remarks and assumptions.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The variables, in file order.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The place of a variable.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|v| v.name == name)
    }

    /// Draws the covariates of a range of subjects. A subject's values depend on the seed, its replicate and its number
    /// alone: the variable at place k of the file takes the draw with index k.
    pub fn draw(&self, seed: u64, subjects: &Subjects, cohort: &mut Cohort) {
        let lanes = subjects.count();
        let n = self.variables.len();
        cohort.columns.resize_with(n, Vec::new);
        for column in &mut cohort.columns {
            column.clear();
            column.resize(lanes, 0.0);
        }
        let mut deviates = vec![0.0; n];
        let streams = subjects.streams(Address::new(seed, Purpose::Covariates));
        for (lane, mut stream) in streams.enumerate() {
            deviates.iter_mut().for_each(|z| *z = stream.normal());
            copula::correlate(&self.copula, &mut deviates);
            for ((variable, &z), column) in self.variables.iter().zip(&deviates).zip(&mut cohort.columns) {
                column[lane] = variable.value(z);
            }
        }
        self.derive(cohort, lanes);
    }

    fn derive(&self, cohort: &mut Cohort, lanes: usize) {
        let places: Vec<usize> = (0..self.variables.len())
            .filter(|&i| matches!(self.variables[i].distribution, Distribution::Derived))
            .collect();
        if places.is_empty() {
            return;
        }
        let mut results = vec![vec![0.0; lanes]; places.len()];
        {
            let inputs: Vec<Column<'_>> = cohort.columns.iter().map(|c| Column::Slice(c)).collect();
            let mut outputs: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            self.derived.run_block(&inputs, &mut outputs, &mut Scratch::default());
        }
        for (place, result) in places.into_iter().zip(results) {
            cohort.columns[place] = result;
        }
    }
}

impl Variable {
    /// The value of a standard normal deviate, in coherent units; derived variables come later.
    fn value(&self, z: f64) -> f64 {
        match &self.distribution {
            Distribution::Fixed(value) => *value,
            Distribution::Continuous(marginal) => self.unit.to_coherent(marginal.at(z)),
            Distribution::Categorical(ends) => {
                let u = crate::math::normal_cdf(z);
                let place = ends.iter().position(|&end| u < end).unwrap_or(ends.len().saturating_sub(1));
                // The place of a level among a handful.
                #[allow(clippy::cast_precision_loss)]
                let value = place as f64;
                value
            }
            Distribution::Derived => 0.0,
        }
    }
}
