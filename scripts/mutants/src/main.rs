//! Mutation testing in one build: all mutants of some modules are woven into a copy of the sources, each behind the
//! question whether it is awake, so that one compilation serves all. Then each mutant (or each n-th) is woken and the
//! tests that reach it are run until one fails.
//!
//! Usage: `mutants [--each N] [--jobs N] [--seconds S] [--again] [--built] MODULE...`
//!
//! `--each N` takes every n-th mutant, `--seconds S` stops after so many seconds of tests a mutant, and `--again` takes
//! only those that survived before (after tests were added); `--built` takes what was built last as it is. Results are added
//! to `target/work/outcomes.tsv` as they come, and a run goes on where one was stopped.

mod compile;
mod sites;
mod suite;
mod weave;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use compile::{Mutant, Woven};
use suite::{Outcome, Suite, Test, side_by_side};

struct Wanted {
    each: usize,
    jobs: usize,
    seconds: f64,
    again: bool,
    built: bool,
    modules: Vec<String>,
}

fn wanted() -> Option<Wanted> {
    let mut wanted =
        Wanted { each: 1, jobs: 2, seconds: 60.0, again: false, built: false, modules: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--each" => wanted.each = arguments.next()?.parse().ok().filter(|each| *each > 0)?,
            "--jobs" => wanted.jobs = arguments.next()?.parse().ok()?,
            "--seconds" => wanted.seconds = arguments.next()?.parse().ok()?,
            "--again" => wanted.again = true,
            "--built" => wanted.built = true,
            option if option.starts_with('-') => return None,
            module => wanted.modules.push(module.to_owned()),
        }
    }
    (!wanted.modules.is_empty()).then_some(wanted)
}

/// The key by which a mutant is known from one build to the next.
fn key(mutant: &Mutant) -> String {
    format!("{}:{}\t{}\t{}", mutant.file, mutant.line, mutant.function, mutant.change)
}

/// What every test reaches, from the record where it has the test.
fn reach(suite: &Suite, record: &Path, jobs: usize) -> io::Result<Vec<Test>> {
    let mut known = BTreeMap::new();
    for line in fs::read_to_string(record).unwrap_or_default().lines() {
        let mut cells = line.split('\t');
        let (Some(name), Some(binary), Some(seconds), Some(reaches)) =
            (cells.next(), cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let reaches = reaches.split(',').filter_map(|number| number.parse().ok()).collect();
        let (binary, seconds) = (binary.parse().unwrap_or(0), seconds.parse().unwrap_or(0.0));
        known.insert((name.to_owned(), binary), Test { name: name.to_owned(), binary, seconds, reaches });
    }
    let names = suite.names()?;
    known.retain(|test, _| names.contains(test));
    let new: Vec<&(String, usize)> = names.iter().filter(|test| !known.contains_key(*test)).collect();
    let tests = Mutex::new(known);
    let file = Mutex::new(fs::OpenOptions::new().create(true).append(true).open(record)?);
    side_by_side(&new, jobs, |index, (name, binary)| {
        let notes = record.with_file_name(format!("reach-{index}"));
        let watched = suite.watch(name, *binary, &notes);
        let _ = fs::remove_dir_all(&notes);
        let Ok(Some(test)) = watched else {
            eprintln!("left out, since it fails with all mutants asleep: {name}");
            return;
        };
        let reaches: Vec<String> = test.reaches.iter().map(u32::to_string).collect();
        if let (Ok(mut file), Ok(mut tests)) = (file.lock(), tests.lock()) {
            let _ = writeln!(file, "{name}\t{binary}\t{:.3}\t{}", test.seconds, reaches.join(","));
            tests.insert((name.clone(), *binary), test);
        }
    });
    Ok(tests.into_inner().map_err(|_| io::Error::other("a thread failed"))?.into_values().collect())
}

/// Weaves and compiles; notes the mutants and the test binaries.
fn build(root: &Path, here: &Path, work: &Path, modules: &[String]) -> io::Result<()> {
    let mut woven = Woven::new(root, work.join("copy"), here.join("target/copy"), modules)?;
    woven.settle(&work.join("refused.tsv"))?;
    let mutants = woven.mutants();
    eprintln!("{} mutants", mutants.len());
    let list: Vec<String> =
        mutants.iter().map(|mutant| format!("{}\t{}", mutant.number, key(mutant))).collect();
    if fs::read_to_string(work.join("mutants.tsv")).unwrap_or_default() != list.join("\n") {
        // What is on record is of other mutants.
        let _ = fs::remove_file(work.join("reach.tsv"));
        let _ = fs::remove_file(work.join("outcomes.tsv"));
        fs::write(work.join("mutants.tsv"), list.join("\n"))?;
    }
    let binaries: Vec<String> =
        woven.test_binaries()?.iter().map(|path| path.display().to_string()).collect();
    fs::write(work.join("binaries.txt"), binaries.join("\n"))
}

/// The mutants of the last build.
fn built(list: &Path) -> io::Result<Vec<Mutant>> {
    let read = |line: &str| {
        let mut cells = line.split('\t');
        let (number, place) = (cells.next()?.parse().ok()?, cells.next()?);
        let (function, change) = (cells.next()?.to_owned(), cells.next()?.to_owned());
        let (file, line) = place.rsplit_once(':')?;
        let module = file.split('/').nth(1)?.to_owned();
        Some(Mutant { number, module, file: file.to_owned(), line: line.parse().ok()?, function, change })
    };
    Ok(fs::read_to_string(list)?.lines().filter_map(read).collect())
}

fn run(wanted: &Wanted) -> io::Result<()> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = here.join("../..");
    let work = here.join("target/work");
    fs::create_dir_all(&work)?;
    let (reach_file, outcomes_file) = (work.join("reach.tsv"), work.join("outcomes.tsv"));
    if !wanted.built {
        build(&root, &here, &work, &wanted.modules)?;
    }
    let mutants = built(&work.join("mutants.tsv"))?;
    let binaries = fs::read_to_string(work.join("binaries.txt"))?.lines().map(PathBuf::from).collect();
    let suite = Suite { binaries, folder: work.join("copy") };
    let tests = reach(&suite, &reach_file, wanted.jobs)?;
    eprintln!("{} tests, {:.0} s", tests.len(), tests.iter().map(|test| test.seconds).sum::<f64>());

    let mut known: BTreeMap<u32, String> = fs::read_to_string(&outcomes_file)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let number = cells.next()?.parse().ok()?;
            Some((number, format!("{}\t{}", cells.next()?, cells.next()?)))
        })
        .collect();
    let survived = |text: &String| text.starts_with("survived") || text.starts_with("unreached");
    if wanted.again {
        known.retain(|_, text| !survived(text));
    }
    let sample: Vec<&Mutant> = {
        let all = mutants.iter().step_by(wanted.each);
        all.filter(|mutant| wanted.modules.contains(&mutant.module)).collect()
    };
    let open: Vec<&Mutant> =
        sample.iter().filter(|mutant| !known.contains_key(&mutant.number)).copied().collect();
    let file = Mutex::new(fs::OpenOptions::new().create(true).append(true).open(&outcomes_file)?);
    let known = Mutex::new(known);
    side_by_side(&open, wanted.jobs, |number, mutant| {
        if number % 50 == 0 {
            eprintln!("{number} of {}", open.len());
        }
        let text = match suite.judge(mutant, &tests, wanted.seconds) {
            Ok(Outcome::Killed(test)) => format!("killed\tby {test}"),
            Ok(Outcome::TimedOut) => "timed out\t".to_owned(),
            Ok(Outcome::Survived) => "survived\t".to_owned(),
            Ok(Outcome::SurvivedInTime) => "survived\tin time".to_owned(),
            Ok(Outcome::Unreached) => "unreached\t".to_owned(),
            Err(error) => return eprintln!("{error}"),
        };
        if let (Ok(mut file), Ok(mut known)) = (file.lock(), known.lock()) {
            let _ = writeln!(file, "{}\t{text}\t{}", mutant.number, key(mutant));
            known.insert(mutant.number, text);
        }
    });
    let known = known.into_inner().map_err(|_| io::Error::other("a thread failed"))?;
    report(&wanted.modules, &mutants, &sample, &tests, &known);
    Ok(())
}

fn report(
    modules: &[String],
    all: &[Mutant],
    sample: &[&Mutant],
    tests: &[Test],
    known: &BTreeMap<u32, String>,
) {
    let reached: BTreeSet<u32> = tests.iter().flat_map(|test| test.reaches.iter().copied()).collect();
    println!("| module | mutants | reached | tried | killed | timed out | survived | score |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for module in modules {
        let of = |mutant: &&Mutant| mutant.module == *module;
        let count = |what: &str| {
            let is = |text: &String| text.starts_with(what);
            sample.iter().filter(|mutant| of(mutant) && known.get(&mutant.number).is_some_and(is)).count()
        };
        let mutants = all.iter().filter(of).count();
        let reached = all.iter().filter(|mutant| of(mutant) && reached.contains(&mutant.number)).count();
        let (killed, timed_out) = (count("killed"), count("timed out"));
        let survived = count("survived") + count("unreached");
        let tried = killed + timed_out + survived;
        println!(
            "| {module} | {mutants} | {:.1} % | {tried} | {killed} | {timed_out} | {survived} | {:.1} % |",
            100.0 * reached as f64 / mutants.max(1) as f64,
            100.0 * (killed + timed_out) as f64 / tried.max(1) as f64,
        );
    }
    println!();
    for mutant in sample {
        if let Some(text) = known.get(&mutant.number)
            && (text.starts_with("survived") || text.starts_with("unreached"))
        {
            println!("{}\t{}", text.replace('\t', " "), key(mutant));
        }
    }
}

fn main() -> io::Result<()> {
    match wanted() {
        Some(wanted) => run(&wanted),
        None => {
            eprintln!("usage: mutants [--each N] [--jobs N] [--seconds S] [--again] [--built] MODULE...");
            std::process::exit(2)
        }
    }
}
