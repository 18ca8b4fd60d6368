//! Tests run against mutants: first which test reaches which, then each mutant against the tests that reach it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::compile::Mutant;

/// A test and the mutants that it reaches.
#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    /// Which of the binaries holds it.
    pub binary: usize,
    pub seconds: f64,
    pub reaches: BTreeSet<u32>,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Killed(String),
    TimedOut,
    Survived,
    /// Some tests that reach it were left out, since all of them take too long.
    SurvivedInTime,
    /// By no test.
    Unreached,
}

pub struct Suite {
    pub folder: PathBuf,
    pub binaries: Vec<PathBuf>,
}

enum Ran {
    Fine,
    Failed(String),
    TooLong,
}

/// Calls `of` with every item on so many threads.
pub fn side_by_side<T: Sync>(items: &[T], jobs: usize, of: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((index, item)) = {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    items.get(i).map(|item| (i, item))
                } {
                    of(index, item);
                }
            });
        }
    });
}

impl Suite {
    pub fn names(&self) -> io::Result<Vec<(String, usize)>> {
        let mut names = Vec::new();
        for (binary, path) in self.binaries.iter().enumerate() {
            let listed = Command::new(path)
                .args(["--list", "--format", "terse"])
                .current_dir(&self.folder)
                .output()?;
            let ignored = Command::new(path)
                .args(["--list", "--format", "terse", "--ignored"])
                .current_dir(&self.folder)
                .output()?;
            let ignored = String::from_utf8_lossy(&ignored.stdout).into_owned();
            let ignored: BTreeSet<&str> = ignored.lines().collect();
            let all = String::from_utf8_lossy(&listed.stdout).into_owned();
            let tests = all
                .lines()
                .filter(|line| !ignored.contains(line))
                .filter_map(|line| line.strip_suffix(": test"));
            names.extend(tests.map(|name| (name.to_owned(), binary)));
        }
        Ok(names)
    }

    /// Runs some tests of one binary one after another, until one fails or the time is up. Memory is bounded, since a
    /// mutant may ask for all there is.
    fn run(
        &self,
        binary: usize,
        tests: &[&str],
        mutant: &str,
        limit: Duration,
        reach: Option<&Path>,
    ) -> io::Result<Ran> {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v 8000000; exec \"$0\" \"$@\""])
            .arg(&self.binaries[binary])
            .args(["--exact", "--test-threads=1"])
            .args(tests)
            .current_dir(&self.folder)
            .env("MUTANT", mutant)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("PROPTEST_RNG_SEED", "20260101")
            .env("INSTA_UPDATE", "no")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        if let Some(reach) = reach {
            command.env("MUTANT_REACH", reach);
        }
        let mut child = command.spawn()?;
        let group = format!("-{}", child.id());
        let end = || {
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        };
        let Some(out) = child.stdout.take() else { return Ok(Ran::Fine) };
        let failed = Mutex::new(None);
        let too_long = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    if let Some(test) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
                        && test.1.ends_with("FAILED")
                        && let Ok(mut failed) = failed.lock()
                    {
                        *failed = Some(test.0.to_owned());
                        break;
                    }
                }
            });
            let started = Instant::now();
            loop {
                if reader.is_finished() {
                    return false;
                }
                if started.elapsed() > limit {
                    end();
                    return true;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let failed = failed.into_inner().ok().flatten();
        if failed.is_some() {
            end();
        }
        let status = child.wait()?;
        Ok(match failed {
            Some(test) => Ran::Failed(test),
            None if too_long => Ran::TooLong,
            None if status.success() => Ran::Fine,
            // Such as by an abort or for want of memory.
            None => Ran::Failed("ended early".to_owned()),
        })
    }

    /// A test on its own with all mutants asleep: how long it takes and what it reaches. None where it fails.
    pub fn watch(&self, name: &str, binary: usize, notes: &Path) -> io::Result<Option<Test>> {
        let _ = fs::remove_dir_all(notes);
        fs::create_dir_all(notes)?;
        let started = Instant::now();
        let ran = self.run(binary, &[name], "watch", Duration::from_secs(600), Some(notes))?;
        let seconds = started.elapsed().as_secs_f64();
        let mut reaches = BTreeSet::new();
        for entry in fs::read_dir(notes)? {
            reaches.extend(
                fs::read_to_string(entry?.path())?.lines().filter_map(|line| line.parse::<u32>().ok()),
            );
        }
        Ok(matches!(ran, Ran::Fine).then(|| Test { name: name.to_owned(), binary, seconds, reaches }))
    }

    /// A mutant against the tests that reach it, quick ones and those of its own module first, for at most so many
    /// seconds of tests.
    pub fn judge(&self, mutant: &Mutant, tests: &[Test], seconds: f64) -> io::Result<Outcome> {
        let mut reaching: Vec<&Test> =
            tests.iter().filter(|test| test.reaches.contains(&mutant.number)).collect();
        if reaching.is_empty() {
            return Ok(Outcome::Unreached);
        }
        let own = |test: &Test, name: &str| test.binary == 0 && test.name.starts_with(&format!("{name}::"));
        let file = mutant.file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let file = file.replace('/', "::");
        let weight = |test: &Test| match test {
            test if own(test, &file) => 0.1 * test.seconds,
            test if own(test, &mutant.module) => 0.3 * test.seconds,
            test => test.seconds,
        };
        reaching.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
        let mut spent = 0.0;
        let mut portion = 1.0;
        let mut rest = reaching.as_slice();
        while let Some(first) = rest.first() {
            let mut sum = first.seconds;
            let mut count = 1;
            while let Some(test) = rest.get(count)
                && sum + test.seconds <= portion
            {
                sum += test.seconds;
                count += 1;
            }
            if spent + sum > seconds && spent > 0.0 {
                return Ok(Outcome::SurvivedInTime);
            }
            let (now, later) = rest.split_at(count);
            for binary in 0..self.binaries.len() {
                let names: Vec<&str> =
                    now.iter().filter(|test| test.binary == binary).map(|test| test.name.as_str()).collect();
                if names.is_empty() {
                    continue;
                }
                let limit = Duration::from_secs_f64(10.0 + 6.0 * sum);
                match self.run(binary, &names, &mutant.number.to_string(), limit, None)? {
                    Ran::Fine => {}
                    Ran::Failed(test) => return Ok(Outcome::Killed(test)),
                    Ran::TooLong => return Ok(Outcome::TimedOut),
                }
            }
            spent += sum;
            portion *= 4.0;
            rest = later;
        }
        Ok(Outcome::Survived)
    }
}
