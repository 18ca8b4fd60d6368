//! Runs a study: evidence is fitted, blocks of subjects go over threads and machines, summaries are made in a fixed
//! order.
//!
//! [`Prepared::run`] computes everything and gives the results. With a [`Store`], blocks that are finished are kept and
//! not computed again, [`Prepared::fill`] computes the blocks of one [`Shard`], and [`Prepared::merge`] joins them; the
//! results are the same bits however a study was cut.

mod assemble;
mod block;
pub mod checks;
pub mod comparison;
mod courses;
mod curves;
mod cut;
mod dependence;
mod estimates;
mod execute;
pub mod explanation;
mod fits;
mod followed;
pub mod grid;
mod inputs;
mod models;
mod or_nan;
mod pilot;
mod profiles;
mod protocol;
mod records;
mod replicates;
pub mod results;
pub mod rows;
pub mod simulate;
mod tally;
pub mod validation;
pub mod vpc;

pub use block::Block;
pub use courses::simulator;
pub use curves::fitted_curves;
pub use cut::{Cut, Part, Shard};
pub use execute::{Failed, NoStore, RowSink, RunError, Store, Watch};
pub use fits::{fit_evidence, is_response_file, kind};
pub use inputs::{InputFile, Inputs, Settings, VERSION};
pub use pilot::Pilot;
pub use records::{RecordSink, decision_columns, has_records, ledger_columns};
pub use rows::RowBatch;

use std::sync::{Arc, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::diagnostic::{Diagnostic, Problems};
use crate::document::Recorder;
use crate::evidence::Fit;
use crate::trial::{Study, Trial};
use replicates::Operation;
use results::{Results, SimulatedTrials};
use tally::Tally;

/// Why a study gave no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// Something in the files cannot be.
    #[error("{0}")]
    Input(#[from] Problems),
    /// The run did not come to its end.
    #[error("{0}")]
    Run(#[from] RunError),
}

/// A study that is ready to run: its evidence is fitted, its kinetics are compiled, its threads stand by.
pub struct Prepared<'s> {
    trial: Trial<'s>,
    fitted: Vec<Option<Fit>>,
    /// The evidence of when treatment is discontinued.
    persistence: Option<Fit>,
    inputs: Inputs,
    pool: Arc<ThreadPool>,
}

impl<'s> Prepared<'s> {
    /// Prepares a study that was read through a recorder, for so many threads; 0 takes as many as the machine has.
    ///
    /// # Errors
    /// What fitting the evidence refuses, and kinetics that blocks of subjects cannot solve (E0809).
    pub fn new(study: &'s Study, files: &Recorder<'_>, threads: usize) -> Result<Self, StudyError> {
        let pool = pool(threads).map_err(RunError::from)?;
        let (responses, fitted) = pool.install(|| fits::responses(study, files))?;
        let (model, persistence) = pool.install(|| fits::persistence(study, files))?.unzip();
        let trial = Trial::new(study, responses).map_err(|error| {
            let message = format!("`{}` cannot be run in a trial: {error}", study.model.name());
            let problem = Diagnostic::error("E0809", message);
            Problems::from(
                problem.help("write the equations without `tad`, and check the output and the tolerances"),
            )
        })?;
        let trial = trial.with_persistence(model);
        Ok(Prepared { trial, fitted, persistence, inputs: Inputs::of(study, files), pool })
    }

    /// Everything that goes into the run.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// How many threads stand by.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The study.
    pub fn study(&self) -> &'s Study {
        self.trial.study()
    }

    /// Runs the study. Blocks that the store has are not computed again; rows of single subjects go to `rows`, in
    /// order.
    ///
    /// # Errors
    /// The store or the rows fail, or the run was told to stop.
    pub fn run(
        &self,
        watch: Watch<'_>,
        store: &mut dyn Store,
        mut rows: Option<RowSink<'_>>,
    ) -> Result<Results, RunError> {
        let mut gathered = Gathered::new(self.study());
        let blocks = 0..Cut::of(self.study()).blocks();
        execute::execute(&self.trial, &self.pool, blocks, watch, store, |block| {
            gathered.take(&block, &mut rows)
        })?;
        Ok(self.results(&gathered))
    }

    /// Computes a few subjects, to see what the whole costs.
    ///
    /// # Errors
    /// None that a study can cause.
    pub fn pilot(&self) -> Result<Pilot, RunError> {
        pilot::pilot(&self.trial, &self.pool)
    }

    /// Computes those blocks of a shard that the store does not have.
    ///
    /// # Errors
    /// The store fails, or the run was told to stop.
    pub fn fill(&self, shard: Shard, watch: Watch<'_>, store: &mut dyn Store) -> Result<(), RunError> {
        let blocks = Cut::of(self.study()).shard(shard);
        execute::execute(&self.trial, &self.pool, blocks, watch, store, |_| Ok(true))
    }

    /// The results from blocks that are all in the store.
    ///
    /// # Errors
    /// A block is missing, or the store or the rows fail.
    pub fn merge(&self, store: &mut dyn Store, mut rows: Option<RowSink<'_>>) -> Result<Results, RunError> {
        let mut gathered = Gathered::new(self.study());
        for number in 0..Cut::of(self.study()).blocks() {
            let block = store.get(number).map_err(RunError::Place)?.ok_or(RunError::Missing(number))?;
            if !gathered.take(&block, &mut rows)? {
                break;
            }
        }
        Ok(self.results(&gathered))
    }

    /// Simulates the trials of a size that the study asks for; `None` where it asks for none.
    pub fn simulated_trials(&self) -> Option<SimulatedTrials> {
        replicates::simulate(&self.trial, &self.pool)
    }

    /// Hands the ledger of doses and the log of decisions of all subjects to a sink, in their order.
    ///
    /// # Errors
    /// The sink fails.
    pub fn records(&self, sink: RecordSink<'_>) -> Result<(), RunError> {
        records::records(&self.trial, &self.pool, sink)
    }

    fn results(&self, Gathered { tally, operation }: &Gathered<'_>) -> Results {
        let trials = operation.as_ref().map(|operation| operation.results(&self.trial));
        let persistence = self.persistence.as_ref();
        Results { trials, ..assemble::results(&self.trial, &self.fitted, persistence, tally, &self.inputs) }
    }
}

/// What the blocks so far brought.
struct Gathered<'s> {
    tally: Tally,
    operation: Option<Operation<'s>>,
}

impl<'s> Gathered<'s> {
    fn new(study: &'s Study) -> Self {
        let operation = study.replication.as_ref().map(|design| Operation::new(study, design));
        Gathered { tally: Tally::new(study), operation }
    }

    /// Takes the next block in; whether more are wanted.
    fn take(&mut self, block: &Block, rows: &mut Option<RowSink<'_>>) -> Result<bool, RunError> {
        self.tally.merge(&block.leaves, &block.counts);
        if let Some(sink) = rows {
            block.rows.iter().try_for_each(sink).map_err(RunError::Place)?;
        }
        Ok(self.operation.as_mut().is_none_or(|operation| operation.take(&block.replicates)))
    }
}

/// So many threads; where there are none to be had (WebAssembly), the one that is there does the work. It can belong to
/// one pool only, which all runs then share.
fn pool(threads: usize) -> Result<Arc<ThreadPool>, ThreadPoolBuildError> {
    static OF_THE_ONLY_THREAD: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);
    let builder = ThreadPoolBuilder::new();
    if !cfg!(target_family = "wasm") {
        return Ok(Arc::new(builder.num_threads(threads).build()?));
    }
    let mut shared = OF_THE_ONLY_THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    let pool = match shared.take() {
        Some(pool) => pool,
        None => Arc::new(builder.num_threads(1).use_current_thread().build()?),
    };
    Ok(Arc::clone(shared.insert(pool)))
}
