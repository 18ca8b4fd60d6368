//! Virtual populations: covariates, random effects and uncertain parameters become individual parameters.
//!
//! A subject is a number. Its covariates and random effects are drawn at addresses that name the seed, the purpose
//! and the subject, so that the same subject appears in every arm, scenario, block and shard.

mod copula;
mod formulas;
mod individuals;
mod marginal;
mod read;
mod uncertainty;

pub use copula::correlate;
pub use individuals::{FIRST_OCCASION, Individuals, ModelCovariate, bind};
pub use marginal::{Marginal, MarginalError};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::{Files, Shipped};
use crate::expr::{Column, Program, Scratch};
use crate::model::Provenance;
use crate::random::{Address, Purpose, Stream, Subjects};
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
    /// A column of the population's table (coherent units, or places of levels), row by row.
    Column(Vec<f64>),
    /// A formula of the covariates before it; the program has one output for each, in file order.
    Derived {
        /// Whether it has a part whose dimensions are not checked.
        unchecked: bool,
    },
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
    /// The table whose rows are drawn whole, and how many there are.
    table: Option<(Arc<Source>, usize)>,
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

    /// Puts the first subject of another cohort of the same variables in a place.
    pub fn replace(&mut self, place: usize, other: &Cohort) {
        for (own, other) in self.columns.iter_mut().zip(&other.columns) {
            if let (Some(own), Some(other)) = (own.get_mut(place), other.first()) {
                *own = *other;
            }
        }
    }
}

impl Population {
    /// Reads a population file.
    ///
    /// # Errors
    /// All problems found in the file (E01xx, E03xx, E05xx).
    pub fn read(source: &Arc<Source>) -> Result<(Population, Vec<Diagnostic>), Problems> {
        Population::read_with(source, &Shipped)
    }

    /// As [`Population::read`], for a population that names a table of subjects, which stands among `files`.
    ///
    /// # Errors
    /// As there, and what is wrong with the table (E0110, E0505).
    pub fn read_with(
        source: &Arc<Source>,
        files: &dyn Files,
    ) -> Result<(Population, Vec<Diagnostic>), Problems> {
        read::read(source, files)
    }

    /// The table of subjects whose rows are drawn, where there is one.
    pub fn table(&self) -> Option<&Arc<Source>> {
        self.table.as_ref().map(|(source, _)| source)
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

    /// The derived variables of which a formula has dimensions that are not checked (`unchecked(…)`), in file order.
    pub fn unchecked(&self) -> Vec<&str> {
        let own = |v: &&Variable| matches!(v.distribution, Distribution::Derived { unchecked: true });
        self.variables.iter().filter(own).map(|v| v.name.as_str()).collect()
    }

    /// The place of a variable.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|v| v.name == name)
    }

    /// Draws the covariates of a range of subjects. A subject's values depend on the seed, its replicate and its number
    /// alone: the variable at place k of the file takes the draw with index k, and all columns of a table come from the
    /// one row that a draw on its own address names: with replacement, each row as likely as any other.
    pub fn draw(&self, seed: u64, subjects: &Subjects, cohort: &mut Cohort) {
        self.draw_again(seed, subjects, 0, cohort);
    }

    /// As [`draw`](Self::draw), which is attempt 0, with other draws for each attempt.
    pub fn draw_again(&self, seed: u64, subjects: &Subjects, attempt: u32, cohort: &mut Cohort) {
        let address = Address::new(seed, Purpose::Covariates).occasion(attempt);
        let lanes = subjects.count();
        let n = self.variables.len();
        cohort.columns.resize_with(n, Vec::new);
        for column in &mut cohort.columns {
            column.clear();
            column.resize(lanes, 0.0);
        }
        let mut deviates = vec![0.0; n];
        let streams = subjects.streams(address);
        let rows = subjects.streams(address.named("row of the table"));
        for (lane, (mut stream, rows_stream)) in streams.zip(rows).enumerate() {
            deviates.iter_mut().for_each(|z| *z = stream.normal());
            copula::correlate(&self.copula, &mut deviates);
            let row = self.table.as_ref().map_or(0, |(_, count)| row(rows_stream, *count));
            for ((variable, &z), column) in self.variables.iter().zip(&deviates).zip(&mut cohort.columns) {
                column[lane] = variable.value(z, row);
            }
        }
        self.derive(0.0, cohort, lanes);
    }

    /// Whether some covariate depends on time.
    pub fn varies(&self) -> bool {
        self.derived.slots().contains(&self.variables.len())
    }

    /// The same subjects at a time (h) after the start: covariates derived from the time `t` are worked out anew.
    pub fn at(&self, time: f64, cohort: &Cohort, lanes: usize) -> Cohort {
        let mut then = cohort.clone();
        self.derive(time, &mut then, lanes);
        then
    }

    fn derive(&self, time: f64, cohort: &mut Cohort, lanes: usize) {
        let places: Vec<usize> = (0..self.variables.len())
            .filter(|&i| matches!(self.variables[i].distribution, Distribution::Derived { .. }))
            .collect();
        if places.is_empty() {
            return;
        }
        let mut results = vec![vec![0.0; lanes]; places.len()];
        {
            let mut inputs: Vec<Column<'_>> = cohort.columns.iter().map(|c| Column::Slice(c)).collect();
            inputs.push(Column::Scalar(time));
            let mut outputs: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            self.derived.run_block(&inputs, &mut outputs, &mut Scratch::default());
        }
        for (place, result) in places.into_iter().zip(results) {
            cohort.columns[place] = result;
        }
    }
}

/// The row of a table that a subject is.
fn row(mut stream: Stream, rows: usize) -> usize {
    // A uniform below 1 times a count is a whole number below it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let row = (stream.uniform() * rows as f64) as usize;
    row.min(rows.saturating_sub(1))
}

impl Variable {
    /// The value of a standard normal deviate, or of the row of a table, in coherent units; derived variables come
    /// later.
    fn value(&self, z: f64, row: usize) -> f64 {
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
            Distribution::Column(values) => values.get(row).copied().unwrap_or(f64::NAN),
            Distribution::Derived { .. } => 0.0,
        }
    }
}
