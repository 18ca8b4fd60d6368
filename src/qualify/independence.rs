//! The same bits for any number of threads and any cut.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use super::{Check, Depth};
use crate::diagnostic::Source;
use crate::document::{Recorder, Shipped, sha256};
use crate::run::results::Results;
use crate::run::{Block, Failed, NoStore, Prepared, RowBatch, Shard, Store, Watch, kind};
use crate::trial::Study;

const AREA: &str = "threads and shards";

/// Without evidence to fit: quick.
const STUDY: &str = r#"
title      = "Qualification"
model      = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects   = 10_000
seed       = 20260101
draws      = 5

[regimens]
induction = "45 mg ER every 24 h for 12 weeks"
high      = "30 mg ER every 24 h for 40 weeks"
low       = "15 mg ER every 24 h for 40 weeks"

[arms.high]
phases = ["induction", "high"]
[arms.low]
phases = ["induction", "low"]

[endpoints]
trough = "Ctrough at week 52"
peak   = "Cmax at week 52"
area   = "AUCtau at week 12"
"#;

/// Keeps blocks as bytes.
struct Bytes<'s>(BTreeMap<u32, Vec<u8>>, &'s Study);

impl Store for Bytes<'_> {
    fn get(&mut self, number: u32) -> Result<Option<Block>, Failed> {
        Ok(self.0.get(&number).and_then(|bytes| Block::from_bytes(bytes, self.1)))
    }

    fn put(&mut self, block: &Block) -> Result<(), Failed> {
        self.0.insert(block.number(), block.to_bytes()?);
        Ok(())
    }
}

/// The hash of results and rows.
fn hash(results: &Results, rows: &[u8]) -> Option<String> {
    let mut bytes = serde_json::to_vec(results).ok()?;
    bytes.extend_from_slice(rows);
    Some(sha256(&bytes))
}

fn append(rows: &mut Vec<u8>, batch: &RowBatch) {
    rows.extend(batch.values.iter().flatten().flat_map(|value| value.to_bits().to_le_bytes()));
}

/// The hash of a run in one go (no shards) or in so many, the last one first.
fn run(study: &Study, files: &Recorder<'_>, threads: usize, shards: u32) -> Option<String> {
    let stop = AtomicBool::new(false);
    let watch = Watch { progress: &|_| {}, stop: &stop };
    let prepared = Prepared::new(study, files, threads).ok()?;
    let mut rows = Vec::new();
    let mut take = |batch: &RowBatch| {
        append(&mut rows, batch);
        Ok(())
    };
    let results = if shards == 0 {
        prepared.run(watch, &mut NoStore, Some(&mut take)).ok()?
    } else {
        let mut store = Bytes(BTreeMap::new(), study);
        for number in (1..=shards).rev() {
            prepared.fill(Shard::new(number, shards)?, watch, &mut store).ok()?;
        }
        prepared.merge(&mut store, Some(&mut take)).ok()?
    };
    hash(&results, &rows)
}

pub(super) fn checks(depth: Depth) -> Vec<Check> {
    let files = Recorder::new(&Shipped);
    let Ok((mut study, _)) = Study::read(&Source::new("qualification.toml", STUDY), &files, &kind) else {
        return vec![Check::holds(AREA, "the study", false, "can be read")];
    };
    study.subjects = depth.of(study.subjects, 200_000);
    let one = run(&study, &files, 1, 0);
    let ways = [(2, 0), (3, 0), (1, 1), (2, 4), (1, 7)];
    ways.into_iter()
        .map(|(threads, shards)| {
            let cut = if shards == 0 { "one go".to_owned() } else { format!("{shards} shards, last first") };
            let same = one.is_some() && run(&study, &files, threads, shards) == one;
            Check::holds(AREA, format!("{threads} threads, {cut}"), same, "same bits")
        })
        .collect()
}
