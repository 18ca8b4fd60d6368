//! Runs that are cut in shards, stopped and continued give the same bytes as a run in one go, and subjects that fail
//! are counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use assert_cmd::Command;
use exposim::diagnostic::Source;
use exposim::document::{Recorder, Shipped};
use exposim::run::{Block, Failed, NoStore, Prepared, RowBatch, RunError, Store, Watch, kind};
use exposim::trial::Study;

use crate::quick::{STUDY, folder_with};

/// The quick study with six leaves of subjects.
fn study() -> String {
    STUDY.replace("700", "3000").replace("draws      = 25", "draws      = 4")
}

fn exposim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exposim"));
    command.current_dir(folder).args(arguments).args(["--threads", "2", "-q"]).output().unwrap()
}

fn fine(folder: &Path, arguments: &[&str]) {
    let output = exposim(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file is the same, and there is no other; only the machine's own may differ.
fn assert_same(one: &Path, other: &Path) {
    assert_eq!(names(one), names(other));
    for name in names(one).iter().filter(|name| *name != "machine.json") {
        assert!(fs::read(one.join(name)).unwrap() == fs::read(other.join(name)).unwrap(), "{name} differs");
    }
}

#[test]
fn shards_in_any_order_and_any_folder_merge_to_the_bytes_of_one_run() {
    let folder = folder_with(&study());
    let base = folder.path();
    fine(base, &["run", "study.toml", "--out", "one"]);
    for shard in ["3/4", "1/4", "4/4", "2/4"] {
        fine(base, &["run", "study.toml", "--out", "shared", "--shard", shard]);
    }
    fine(base, &["merge", "shared"]);
    assert_same(&base.join("one"), &base.join("shared"));

    for shard in ["1/2", "2/2"] {
        fine(base, &["run", "study.toml", "--out", &shard.replace('/', "of"), "--shard", shard]);
    }
    // The study file is not needed any more.
    fs::remove_file(base.join("study.toml")).unwrap();
    fine(base, &["merge", "2of2", "1of2", "--out", "joined"]);
    assert_same(&base.join("one"), &base.join("joined"));
}

#[test]
fn replicates_are_cut_kept_and_joined_like_subjects() {
    let trial = "[trial]\nreplicates = 1600\nprecision = \"1.5 %\"\nparameters = [\"fixed\"]\npatients = { high = 4, low = 4 }\n\
                 [analysis.a]\nendpoint = \"trough\"\nmethod = \"t-test\"\ncompare = [\"high\", \"low\"]\n";
    let folder = folder_with(&format!("{}{trial}", study()));
    let base = folder.path();
    fine(base, &["run", "study.toml", "--out", "one"]);
    let results = fs::read_to_string(base.join("one/results.json")).unwrap();
    // Of seven blocks of replicates the first few are precise enough.
    assert!(results.contains("\"precise\": true"), "{results}");
    for shard in ["4/4", "1/4", "3/4", "2/4"] {
        fine(base, &["run", "study.toml", "--out", "shared", "--shard", shard]);
    }
    // Six blocks of subjects, and all seven of replicates: a shard does not know what others have found.
    assert_eq!(names(&base.join("shared/blocks")).len(), 14);
    fine(base, &["merge", "shared"]);
    assert_same(&base.join("one"), &base.join("shared"));
    fine(base, &["run", "study.toml", "--out", "two", "--shard", "4/4"]);
    fine(base, &["run", "study.toml", "--out", "two", "--resume"]);
    assert_same(&base.join("one"), &base.join("two"));
}

#[test]
fn finished_blocks_are_taken_as_they_are_and_damaged_ones_computed_again() {
    let folder = folder_with(&study());
    let base = folder.path();
    fine(base, &["run", "study.toml", "--out", "one"]);
    fine(base, &["run", "study.toml", "--out", "two", "--shard", "1/2"]);
    let blocks = base.join("two/blocks");
    assert_eq!(names(&blocks), ["000000.block", "000001.block", "000002.block", "inputs.json"]);
    // One is cut short, one has a wrong bit, and there is a half-written one.
    let whole = fs::read(blocks.join("000000.block")).unwrap();
    fs::write(blocks.join("000000.block"), &whole[..whole.len() / 2]).unwrap();
    let mut wrong = fs::read(blocks.join("000001.block")).unwrap();
    *wrong.last_mut().unwrap() ^= 1;
    fs::write(blocks.join("000001.block"), wrong).unwrap();
    fs::write(blocks.join("000004.block.1.unfinished"), "half").unwrap();
    fs::write(base.join("two/subjects.parquet.unfinished"), "half").unwrap();

    let incomplete = exposim(base, &["merge", "two", "--out", "three"]);
    assert_eq!(incomplete.status.code(), Some(1));
    assert!(text(&incomplete.stderr).contains("block 0 is missing or damaged"), "{incomplete:?}");
    assert!(!base.join("three").exists());

    let refused = exposim(base, &["run", "study.toml", "--out", "two"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("--resume"), "{refused:?}");

    fine(base, &["run", "study.toml", "--out", "two", "--resume"]);
    assert_same(&base.join("one"), &base.join("two"));
    // What is complete stays as it is.
    fine(base, &["run", "study.toml", "--out", "two", "--resume"]);
    assert_same(&base.join("one"), &base.join("two"));
}

#[test]
fn a_block_that_is_there_is_not_computed_again() {
    let folder = folder_with(&study());
    let base = folder.path();
    fine(base, &["run", "study.toml", "--out", "one", "--shard", "1/2"]);
    fine(base, &["run", "study.toml", "--out", "two", "--shard", "1/2", "--seed", "4"]);
    // The block of another seed under the header of this one would go unnoticed, if it were taken. It is refused.
    fs::copy(base.join("two/blocks/000001.block"), base.join("one/blocks/000001.block")).unwrap();
    let output = exposim(base, &["run", "study.toml", "--out", "one", "--resume"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("E0962"), "{output:?}");
    let output = exposim(base, &["run", "study.toml", "--out", "two", "--resume"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("seed: 4"), "{output:?}");

    // A block of the right study keeps its file: its time of change does not move.
    let file = base.join("two/blocks/000002.block");
    let changed = fs::metadata(&file).unwrap().modified().unwrap();
    fine(base, &["run", "study.toml", "--out", "two", "--shard", "1/2", "--seed", "4"]);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), changed);
}

/// The model with a clearance that is negative in subjects with a random effect below -1 / 0.27.
fn with_failures(folder: &Path) {
    let model = include_str!("../models/upadacitinib-klunder-2019.toml");
    let additive = model.replacen("exp(eta.CL)", "(1 + eta.CL)", 1);
    assert_ne!(additive, model);
    fs::write(folder.join("additive.toml"), additive).unwrap();
    let study = study().replace("\"upadacitinib-klunder-2019\"", "\"additive.toml\"");
    fs::write(folder.join("study.toml"), study.replace("draws      = 4", "draws = 0")).unwrap();
}

#[test]
fn subjects_that_fail_are_counted_left_out_and_held_against_the_budget() {
    let folder = folder_with(&study());
    let base = folder.path();
    with_failures(base);
    fine(base, &["run", "study.toml", "--out", "within", "--max-failures", "10%"]);
    let results = fs::read_to_string(base.join("within/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    let failures = results["design"]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0][0].as_str().unwrap().contains("[parameters]"), "{failures:?}");
    let failed = failures[0][1].as_u64().unwrap();
    // A normal deviate below -1 / SD, in 3000 subjects.
    assert!((1..60).contains(&failed), "{failed}");
    let report = fs::read_to_string(base.join("within/report.html")).unwrap();
    assert!(
        report.contains(&format!("{failed} subjects failed and are left out of every arm: the")),
        "not in the report"
    );

    let beyond = exposim(base, &["run", "study.toml", "--out", "beyond", "--max-failures", "0"]);
    assert_eq!(beyond.status.code(), Some(3), "{beyond:?}");
    let told = text(&beyond.stderr);
    assert!(told.contains(&format!("{failed} of 3000 subjects failed, more than the 0 %")), "{told}");
    let summary = |out: &str| fs::read(base.join(out).join("summary.csv")).unwrap();
    assert!(summary("within") == summary("beyond"));
    assert!(!text(&summary("within")).contains("NaN"));
}

#[test]
fn a_run_in_which_all_fail_is_kept_and_can_be_read() {
    let folder = folder_with(&study());
    let base = folder.path();
    let model = include_str!("../models/upadacitinib-klunder-2019.toml");
    fs::write(base.join("negative.toml"), model.replacen("exp(eta.CL)", "(0*eta.CL - 1)", 1)).unwrap();
    let study = study().replace("\"upadacitinib-klunder-2019\"", "\"negative.toml\"");
    fs::write(base.join("study.toml"), study).unwrap();
    assert_eq!(exposim(base, &["run", "study.toml", "--out", "none"]).status.code(), Some(3));
    let mut command = Command::new(env!("CARGO_BIN_EXE_exposim"));
    command.current_dir(base).args(["diff", "none", "none"]).assert().success();
}

#[test]
fn a_finished_run_is_replayed_from_its_own_inputs() {
    let folder = folder_with(&study());
    let base = folder.path();
    fine(base, &["run", "study.toml", "--out", "one", "--seed", "9"]);
    fs::remove_file(base.join("study.toml")).unwrap();
    let replay = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exposim"));
        let output = command.current_dir(base).args(["replay", "one/manifest.json"]).output().unwrap();
        (output.status.code(), text(&output.stdout))
    };
    let (code, told) = replay();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.lines().count() >= 6 && told.lines().all(|line| line.ends_with(" same")), "{told}");

    let summary = fs::read_to_string(base.join("one/summary.csv")).unwrap();
    fs::write(base.join("one/summary.csv"), summary.replacen('4', "5", 1)).unwrap();
    let (code, told) = replay();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("summary.csv        was changed after the run"), "{told}");

    let inputs = fs::read_to_string(base.join("one/inputs.json")).unwrap();
    fs::write(base.join("one/inputs.json"), inputs.replace("15 mg ER", "16 mg ER")).unwrap();
    let (code, told) = replay();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("inputs.json        was changed after the run"), "{told}");
}

#[test]
fn a_plan_says_what_a_run_takes_and_its_submissions_name_every_task() {
    let folder = folder_with(&study());
    let plan = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exposim"));
        let given = ["plan", "study.toml", "--subjects", "100000"];
        let output = command.current_dir(folder.path()).args(given).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let told = plan(&[]);
    for part in
        ["100,000 in each of 2 arms, 4 draws", "blocks    196", "memory    about", "disk      at most"]
    {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let run = "exposim run study.toml --out 'out dir' --subjects 100000 --shard auto/5 --threads 1 --quiet";
    for (target, array) in
        [("--slurm", "--array=0-4"), ("--sge", "-t 1-5"), ("--kubernetes", "completionMode: Indexed")]
    {
        let told = plan(&[target, "--tasks", "5", "--out", "out dir"]);
        for part in [run, array, "exposim merge 'out dir'"] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
    }
    assert!(!folder.path().join("out").exists());
}

/// Keeps blocks as bytes.
struct Bytes<'s>(BTreeMap<u32, Vec<u8>>, &'s Study);

impl Store for Bytes<'_> {
    fn get(&mut self, number: u32) -> Result<Option<Block>, Failed> {
        Ok(self.0.get(&number).and_then(|bytes| Block::from_bytes(bytes, self.1)))
    }

    fn put(&mut self, block: &Block) -> Result<(), Failed> {
        assert!(self.0.insert(block.number(), block.to_bytes()?).is_none(), "block computed twice");
        Ok(())
    }
}

#[test]
fn told_to_stop_a_run_finishes_what_is_under_way_and_goes_on_from_there() {
    let files = Recorder::new(&Shipped);
    let source =
        Source::new("study.toml", study().replace("3000", "60_000").replace("draws      = 4", "draws = 0"));
    let (study, _) = Study::read(&source, &files, &kind).unwrap_or_else(|p| panic!("{p}"));
    let prepared = Prepared::new(&study, &files, 2).unwrap();
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let progress = |subjects| {
        done.fetch_add(subjects, Ordering::Relaxed);
        stop.store(true, Ordering::Relaxed);
    };
    let mut store = Bytes(BTreeMap::new(), &study);
    let stopped = prepared.run(Watch { progress: &progress, stop: &stop }, &mut store, None);
    assert!(matches!(stopped, Err(RunError::Stopped)));
    // What was begun was finished and kept; the rest was not begun.
    let kept = store.0.len() as u64;
    assert!(kept > 0 && kept < 64, "{kept}");
    assert_eq!(done.load(Ordering::Relaxed), 512 * kept);

    let watch = Watch { progress: &|_| {}, stop: &AtomicBool::new(false) };
    let continued = prepared.run(watch, &mut store, None).unwrap();
    assert_eq!(store.0.len(), 118);
    assert!(continued == prepared.run(watch, &mut NoStore, None).unwrap());
}

#[test]
fn what_was_computed_ahead_is_kept_where_rows_cannot_be_written() {
    let files = Recorder::new(&Shipped);
    let source =
        Source::new("study.toml", study().replace("3000", "60_000").replace("draws      = 4", "draws = 0"));
    let (study, _) = Study::read(&source, &files, &kind).unwrap_or_else(|p| panic!("{p}"));
    let prepared = Prepared::new(&study, &files, 2).unwrap();
    let done = AtomicU64::new(0);
    let progress = |subjects| {
        done.fetch_add(subjects, Ordering::Relaxed);
    };
    let watch = Watch { progress: &progress, stop: &AtomicBool::new(false) };
    let mut store = Bytes(BTreeMap::new(), &study);
    let mut full = |_: &RowBatch| Err("no room".into());
    let failed = prepared.run(watch, &mut store, Some(&mut full));
    assert!(matches!(failed, Err(RunError::Place(_))));
    // More than the blocks whose rows were to be written first.
    let kept = store.0.len() as u64;
    assert!(kept > 32 && done.load(Ordering::Relaxed) == 512 * kept, "{kept}");
}
