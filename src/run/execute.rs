//! Carries subjects through a trial: leaves of subjects over threads, gathered into blocks in their order.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};

use rayon::prelude::*;

use super::block::Block;
use super::cut::{Cut, Part};
use super::replicates;
use super::rows::RowBatch;
use super::tally::{Counts, Sums};
use crate::trial::{Outcomes, Response, Trial};

/// Leaves of a wave, for few threads; bounds memory.
const WAVE: usize = 32;

/// Waves that are computed at one time: two may end together, and while they are put away one keeps the threads busy.
const AHEAD: usize = 3;

/// Leaves whose results wait for their turn at one time.
pub(super) fn waiting(pool: &rayon::ThreadPool) -> usize {
    (AHEAD + 1) * wave(pool)
}

fn wave(pool: &rayon::ThreadPool) -> usize {
    WAVE.max(4 * pool.current_num_threads())
}

/// Blocks that are computed together.
struct Wave<'scope> {
    numbers: Range<u32>,
    /// Those that the store has.
    kept: BTreeMap<u32, Block>,
    others: Others<'scope>,
}

/// Blocks that the store does not have.
enum Others<'scope> {
    UnderWay(ScopedJoinHandle<'scope, Vec<Block>>),
    Computed(Vec<Block>),
}

impl Wave<'_> {
    /// Waits for the others.
    fn wait(self) -> (Range<u32>, BTreeMap<u32, Block>, Vec<Block>) {
        let others = match self.others {
            Others::UnderWay(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Others::Computed(blocks) => blocks,
        };
        (self.numbers, self.kept, others)
    }
}

/// What a run may be told from outside, and tells.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Is told how much is done, in subjects through all draws and arms.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Set where the run should stop: blocks under way are finished, no other is begun.
    pub stop: &'a AtomicBool,
}

/// Takes rows, in order.
pub type RowSink<'a> = &'a mut dyn FnMut(&RowBatch) -> Result<(), Failed>;

/// What a place outside the engine could not do.
pub type Failed = Box<dyn Error + Send + Sync>;

/// Keeps finished blocks.
pub trait Store {
    /// The block of a number, if it is kept.
    ///
    /// # Errors
    /// What is kept belongs to another study, or cannot be read.
    fn get(&mut self, number: u32) -> Result<Option<Block>, Failed>;

    /// Keeps a block.
    ///
    /// # Errors
    /// It could not be kept.
    fn put(&mut self, block: &Block) -> Result<(), Failed>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl Store for NoStore {
    fn get(&mut self, _: u32) -> Result<Option<Block>, Failed> {
        Ok(None)
    }

    fn put(&mut self, _: &Block) -> Result<(), Failed> {
        Ok(())
    }
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The threads could not be started.
    #[error("the threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Rows or blocks could not be written or read.
    #[error("{0}")]
    Place(Failed),
    /// It was told to stop.
    #[error("stopped before its end")]
    Stopped,
    /// A block that was to be merged is missing.
    #[error("block {0} is missing or damaged: give the command of its shard again, then merge")]
    Missing(u32),
}

/// Goes through blocks in ascending order until `take` wants no more: those in the store are taken from there, the others
/// are computed and put there.
pub(super) fn execute(
    trial: &Trial<'_>,
    pool: &rayon::ThreadPool,
    blocks: Range<u32>,
    watch: Watch<'_>,
    store: &mut dyn Store,
    mut take: impl FnMut(Block) -> Result<bool, RunError>,
) -> Result<(), RunError> {
    let cut = Cut::of(trial.study());
    let ranges = ranges(trial);
    let compute = |missing: &[u32]| match missing.first().map(|number| (*number, cut.part(*number))) {
        Some((number, Part::Replicates(range))) => {
            replicated(trial, pool, (number, range), watch).into_iter().collect()
        }
        _ => compute(trial, pool, &cut, missing, &ranges, watch),
    };
    thread::scope(|scope| {
        let mut under_way: VecDeque<Wave<'_>> = VecDeque::new();
        let go = || {
            for numbers in waves(&cut, blocks, wave(pool)) {
                // After replicates no more may be wanted.
                let before = if numbers.start < cut.carried() { AHEAD - 1 } else { 0 };
                if !settle(&mut under_way, before, store, &mut take)? {
                    return Ok(());
                }
                let mut kept = BTreeMap::new();
                for number in numbers.clone() {
                    if let Some(block) = store.get(number).map_err(RunError::Place)? {
                        (watch.progress)(cut.cost(number));
                        kept.insert(number, block);
                    }
                }
                let missing: Vec<u32> = numbers.clone().filter(|number| !kept.contains_key(number)).collect();
                let ahead = missing.clone();
                let others = match thread::Builder::new().spawn_scoped(scope, move || compute(&ahead)) {
                    Ok(thread) => Others::UnderWay(thread),
                    // Where there are no threads to be had, one wave goes after the other.
                    Err(_) => Others::Computed(compute(&missing)),
                };
                under_way.push_back(Wave { numbers, kept, others });
            }
            settle(&mut under_way, 0, store, &mut take).map(|_| ())
        };
        let result = go();
        // Whatever ended the run, what has been computed ahead is kept.
        let mut ahead = under_way.into_iter().flat_map(|wave| wave.wait().2);
        let rest = ahead.try_for_each(|block| store.put(&block).map_err(RunError::Place));
        result.and(rest)
    })
}

/// Puts waves away in their order until no more than some are under way. Says whether more are wanted.
fn settle(
    under_way: &mut VecDeque<Wave<'_>>,
    most: usize,
    store: &mut dyn Store,
    take: &mut impl FnMut(Block) -> Result<bool, RunError>,
) -> Result<bool, RunError> {
    while under_way.len() > most {
        let Some((numbers, mut kept, computed)) = under_way.pop_front().map(Wave::wait) else { break };
        for block in computed {
            store.put(&block).map_err(RunError::Place)?;
            kept.insert(block.number, block);
        }
        for number in numbers {
            let block = kept.remove(&number).ok_or(RunError::Stopped)?;
            if !take(block)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Computes a block of replicates, unless told to stop.
fn replicated(
    trial: &Trial<'_>,
    pool: &rayon::ThreadPool,
    (number, range): (u32, Range<u32>),
    watch: Watch<'_>,
) -> Option<Block> {
    if watch.stop.load(Ordering::Relaxed) {
        return None;
    }
    let mut block = Block::new(number, trial.study());
    block.replicates = replicates::compute(trial, pool, range);
    (watch.progress)(Cut::of(trial.study()).cost(number));
    Some(block)
}

/// Runs of blocks that are computed at one time: some of subjects, or one of replicates, after which no more may be wanted.
fn waves(cut: &Cut, blocks: Range<u32>, wave: usize) -> impl Iterator<Item = Range<u32>> + use<> {
    let leaves = cut.leaves(0).count().max(1);
    let step = u32::try_from(wave / leaves).unwrap_or(1).max(1);
    let Range { start, end } = blocks;
    let carried = cut.carried().clamp(start, end);
    let subjects = (start..carried)
        .step_by(step as usize)
        .map(move |first| first..first.saturating_add(step).min(carried));
    subjects.chain((carried..end).map(|block| block..block + 1))
}

/// The ranges of the evidence behind the responses.
fn ranges(trial: &Trial<'_>) -> Vec<[f64; 2]> {
    let range = |response: &Response| match response {
        Response::Event(model) => model.basis().range,
        Response::Biomarker(model) => model.basis().range,
        Response::Course(_) => [0.0, f64::INFINITY],
    };
    trial.responses().iter().map(range).collect()
}

/// Computes blocks. Told to stop, it leaves out those that were not begun.
fn compute(
    trial: &Trial<'_>,
    pool: &rayon::ThreadPool,
    cut: &Cut,
    blocks: &[u32],
    ranges: &[[f64; 2]],
    watch: Watch<'_>,
) -> Vec<Block> {
    let leaves: Vec<(usize, Range<u64>)> = blocks
        .iter()
        .enumerate()
        .flat_map(|(place, &number)| cut.leaves(number).map(move |leaf| (place, leaf)))
        .collect();
    let begun: Vec<AtomicBool> = blocks.iter().map(|_| AtomicBool::new(false)).collect();
    let results: Vec<Option<Leaf>> = pool.install(|| {
        leaves
            .par_iter()
            .map(|(place, subjects)| {
                let begun = &begun[*place];
                if watch.stop.load(Ordering::Relaxed) && !begun.load(Ordering::Relaxed) {
                    return None;
                }
                begun.store(true, Ordering::Relaxed);
                let leaf = carry(trial, subjects.clone(), ranges);
                (watch.progress)(subjects.end - subjects.start);
                Some(leaf)
            })
            .collect()
    });
    let mut gathered: Vec<Option<Block>> =
        blocks.iter().map(|number| Some(Block::new(*number, trial.study()))).collect();
    for ((place, _), leaf) in leaves.iter().zip(results) {
        match (leaf, &mut gathered[*place]) {
            (Some(leaf), Some(block)) => {
                block.leaves.push(leaf.sums);
                block.counts.merge(&leaf.counts);
                block.rows.extend(leaf.rows);
            }
            (_, block) => *block = None,
        }
    }
    gathered.into_iter().flatten().collect()
}

/// The first subjects of a study as a block, on this thread.
pub(super) fn first(trial: &Trial<'_>, subjects: u64) -> Block {
    let leaf = carry(trial, 0..subjects.min(trial.study().subjects), &ranges(trial));
    let mut block = Block::new(0, trial.study());
    block.leaves.push(leaf.sums);
    block.counts.merge(&leaf.counts);
    block.rows.extend(leaf.rows);
    block
}

/// The results of a leaf.
struct Leaf {
    sums: Sums,
    counts: Counts,
    rows: Option<RowBatch>,
}

/// One leaf through all draws and arms.
fn carry(trial: &Trial<'_>, subjects: Range<u64>, ranges: &[[f64; 2]]) -> Leaf {
    let study = trial.study();
    let (mut sums, mut counts) = (Sums::new(study), Counts::new(study));
    let mut outcomes = Outcomes::default();
    let first = subjects.start;
    let block = trial.block(&subjects.into());
    let cells = study.arms.len() * study.endpoints.len();
    let mut means = vec![vec![0.0; block.lanes()]; cells];
    let mut failures = vec![None; block.lanes()];
    let mut rows = None;
    for draw in 0..=study.draws {
        trial.simulate(&block, draw, &mut outcomes);
        sums.draw(draw, &outcomes);
        failures.iter_mut().zip(outcomes.failures()).for_each(|(all, one)| *all = all.or(*one));
        if draw == 0 {
            counts.distributions(study, &outcomes, ranges);
            rows = study.rows.then(|| super::rows::batch(study, &block, first, &outcomes));
        }
        if draw > 0 || study.draws == 0 {
            for (cell, mean) in means.iter_mut().enumerate() {
                let values = outcomes.endpoint(cell / study.endpoints.len(), cell % study.endpoints.len());
                mean.iter_mut().zip(values).for_each(|(m, v)| *m += v);
            }
        }
    }
    counts.failures(&failures);
    let draws = f64::from(study.draws.max(1));
    means.iter_mut().flatten().for_each(|m| *m /= draws);
    sums.subjects(&means, study.reference);
    Leaf { sums, counts, rows }
}
