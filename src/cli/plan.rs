//! `exposim plan`: what a study will take, and the submission of an array job that runs it.

use std::time::Instant;

use clap::{ArgGroup, Args};

use super::files::Disk;
use super::run::Chosen;
use super::{Stop, print};
use crate::document::Recorder;
use crate::report::count;
use crate::run::{Cut, Pilot, Prepared};

/// Seconds that a task of an array job should take, where the number of tasks is left open.
const TASK: f64 = 1800.0;

/// Memory (bytes) of the program without results, where the system does not tell it.
const PROGRAM: u64 = 200 << 20;

/// Arguments of `exposim plan`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("scheduler").args(["slurm", "sge", "kubernetes"]))]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Threads of each task.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// Tasks of the array job [default: so many that each takes half an hour].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tasks: Option<u32>,
    /// Print a script that submits the run to Slurm.
    #[arg(long)]
    slurm: bool,
    /// Print a script that submits the run to Grid Engine.
    #[arg(long)]
    sge: bool,
    /// Print the jobs of the run for Kubernetes.
    #[arg(long)]
    kubernetes: bool,
}

/// What is asked of a scheduler.
struct Plan {
    tasks: u32,
    threads: u32,
    /// MiB of a task.
    memory: u64,
    /// Minutes of a task, and of the merge.
    minutes: (u64, u64),
    run: String,
    merge: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let disk = Disk::beside(&arguments.chosen.study);
    let files = Recorder::new(&disk);
    let study = arguments.chosen.read(&files, false)?;
    super::scenarios::refuse(&study, "planned")?;
    let started = Instant::now();
    let prepared = Prepared::new(&study, &files, arguments.threads as usize)?;
    let fitting = started.elapsed().as_secs_f64();
    let pilot = prepared.pilot()?;
    let blocks = Cut::of(&study).blocks();
    let threads = f64::from(arguments.threads);
    // A positive number of tasks, far below the largest one.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let wanted = (pilot.seconds / threads / TASK).ceil().clamp(1.0, 1000.0) as u32;
    let tasks = arguments.tasks.unwrap_or(wanted).min(blocks);
    let memory = peak().unwrap_or(PROGRAM) + pilot.memory;
    let task = fitting + pilot.seconds / threads / f64::from(tasks);
    let out = arguments.chosen.folder();
    let (study_path, out) =
        (quoted(&arguments.chosen.study.to_string_lossy()), quoted(&out.to_string_lossy()));
    let options = options(&arguments.chosen);
    let plan = Plan {
        tasks,
        threads: arguments.threads,
        memory: 2 * memory.div_ceil(1 << 20) + 64,
        minutes: (minutes(task), minutes(fitting + 1e-8 * pilot_bytes(&pilot))),
        run: format!(
            "exposim run {study_path} --out {out}{options} --shard auto/{tasks} --threads {} --quiet",
            arguments.threads
        ),
        merge: format!("exposim merge {out} --threads {}", arguments.threads),
    };
    let text = if arguments.slurm {
        plan.slurm()
    } else if arguments.sge {
        plan.sge()
    } else if arguments.kubernetes {
        plan.kubernetes()
    } else {
        let mb = |bytes: u64| format!("{} MB", count(bytes.div_ceil(1_000_000)));
        format!(
            "subjects  {} in each of {} arms, {} draws\nblocks    {blocks}\ntime      {} to fit the evidence, then {} \
             on {} threads; in {tasks} tasks {} each\nmemory    about {} a task\ndisk      at most {} for blocks until \
             they are merged, {} for rows\n",
            count(study.subjects),
            study.arms.len(),
            study.draws,
            spoken(fitting),
            spoken(pilot.seconds / threads),
            arguments.threads,
            spoken(task),
            mb(memory),
            mb(pilot.blocks),
            mb(pilot.rows),
        )
    };
    print(&text)
}

/// Bytes that a merge reads and writes.
fn pilot_bytes(pilot: &Pilot) -> f64 {
    // Estimates need no more digits than a double has.
    #[allow(clippy::cast_precision_loss)]
    let bytes = (pilot.blocks + pilot.rows) as f64;
    bytes
}

/// Minutes to ask for: twice what is expected, and five more.
fn minutes(seconds: f64) -> u64 {
    // Positive, and far below the largest number.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let minutes = (2.0 * seconds / 60.0).ceil() as u64;
    minutes + 5
}

fn spoken(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.1} s"),
        s if s < 5400.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// The most memory (bytes) that this process has had.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

/// A word of the shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The options that every task needs as well.
fn options(settings: &Chosen) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!(" --{name} {value}"));
        }
    };
    add("seed", settings.seed.map(|v| v.to_string()));
    add("subjects", settings.subjects.map(|v| v.to_string()));
    add("draws", settings.draws.map(|v| v.to_string()));
    add("max-failures", settings.max_failures.map(|v| v.to_string()));
    if settings.no_rows {
        text.push_str(" --no-rows");
    }
    if settings.csv {
        text.push_str(" --csv");
    }
    text
}

impl Plan {
    fn slurm(&self) -> String {
        let Plan { tasks, threads, memory, minutes, run, merge } = self;
        format!(
            "#!/bin/sh\n# Submits {tasks} tasks and the merge that follows them: sh THIS-FILE\n# A task that was killed is \
             requeued and goes on where it was.\nset -e\ntasks=$(sbatch --parsable <<'JOB'\n#!/bin/sh\n#SBATCH \
             --job-name=exposim\n#SBATCH --array=0-{last}\n#SBATCH --cpus-per-task={threads}\n#SBATCH \
             --mem={memory}M\n#SBATCH --time={run_minutes}\n#SBATCH --requeue\n{run}\nJOB\n)\nsbatch \
             --dependency=\"afterok:${{tasks%%;*}}\" <<'JOB'\n#!/bin/sh\n#SBATCH --job-name=exposim-merge\n#SBATCH \
             --cpus-per-task={threads}\n#SBATCH --mem={memory}M\n#SBATCH --time={merge_minutes}\n{merge}\nJOB\n",
            last = tasks - 1,
            run_minutes = minutes.0,
            merge_minutes = minutes.1,
        )
    }

    fn sge(&self) -> String {
        let Plan { tasks, threads, memory, minutes, run, merge } = self;
        let parallel = if *threads > 1 { format!("#$ -pe smp {threads}\n") } else { String::new() };
        format!(
            "#!/bin/sh\n# Submits {tasks} tasks and the merge that follows them: sh THIS-FILE\n# A task that was killed is \
             run again and goes on where it was.\nset -e\ntasks=$(qsub -terse <<'JOB'\n#!/bin/sh\n#$ -N exposim\n#$ -cwd \
             -V -r y\n#$ -t 1-{tasks}\n{parallel}#$ -l h_vmem={each}M\n#$ -l h_rt={run_seconds}\n{run}\nJOB\n)\nqsub \
             -hold_jid \"${{tasks%%.*}}\" <<'JOB'\n#!/bin/sh\n#$ -N exposim-merge\n#$ -cwd -V\n{parallel}#$ -l \
             h_vmem={each}M\n#$ -l h_rt={merge_seconds}\n{merge}\nJOB\n",
            each = memory.div_ceil(u64::from(*threads)),
            run_seconds = 60 * minutes.0,
            merge_seconds = 60 * minutes.1,
        )
    }

    fn kubernetes(&self) -> String {
        let Plan { tasks, threads, memory, minutes, run, merge } = self;
        let job = |name: &str, indexed: &str, minutes: u64, command: &str| {
            format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\nspec:\n{indexed}  backoffLimit: 6\n  \
                 activeDeadlineSeconds: {seconds}\n  template:\n    spec:\n      restartPolicy: OnFailure\n      \
                 containers:\n        - name: exposim\n          image: exposim\n          workingDir: /work\n          \
                 command: [\"/bin/sh\", \"-c\", {command:?}]\n          resources:\n            requests: {{ cpu: \
                 \"{threads}\", memory: {memory}Mi }}\n            limits: {{ memory: {memory}Mi }}\n          \
                 volumeMounts: [{{ name: work, mountPath: /work }}]\n      volumes:\n        - name: work\n          \
                 persistentVolumeClaim: {{ claimName: exposim-work }}\n",
                seconds = 60 * minutes,
            )
        };
        let indexed = format!("  completions: {tasks}\n  parallelism: {tasks}\n  completionMode: Indexed\n");
        format!(
            "# Name your image with the program, and a claim that all pods can write to and that holds the study.\n# When \
             job/exposim is complete, apply the second document.\n{}---\n{}",
            job("exposim", &indexed, minutes.0, run),
            job("exposim-merge", "", minutes.1, merge)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_shell_stay_one_word() {
        assert_eq!(quoted("out/a-b_1.toml"), "out/a-b_1.toml");
        assert_eq!(quoted("my study.toml"), "'my study.toml'");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
    }
}
