//! Which part of a run this process computes: as it was told, or as the scheduler of an array job numbers it.

use std::str::FromStr;

use crate::run::Shard;

/// What `--shard` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// i/n.
    Given(Shard),
    /// The scheduler's index among so many; among the scheduler's number of tasks where that is not given.
    Scheduled(Option<u32>),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("auto") {
            Some("") => Ok(Wanted::Scheduled(None)),
            Some(of) => {
                let of = of.strip_prefix('/').and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                of.map(|n| Wanted::Scheduled(Some(n)))
                    .ok_or_else(|| format!("`{text}` is no shard; expected auto/n, such as auto/64"))
            }
            None => text.parse().map(Wanted::Given).map_err(|e| format!("{e}; or auto, or auto/n")),
        }
    }
}

/// The variables of a scheduler.
struct Scheduler {
    name: &'static str,
    index: &'static str,
    /// The index of the first task: what a variable says, or this number.
    first: (Option<&'static str>, u32),
    /// The number of tasks, or the index of the last one.
    count: Option<&'static str>,
    last: Option<&'static str>,
}

/// In this order: what runs within another finds its own first.
const SCHEDULERS: [Scheduler; 4] = [
    Scheduler {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        first: (Some("SLURM_ARRAY_TASK_MIN"), 0),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
        last: None,
    },
    Scheduler {
        name: "Grid Engine",
        index: "SGE_TASK_ID",
        first: (Some("SGE_TASK_FIRST"), 1),
        count: None,
        last: Some("SGE_TASK_LAST"),
    },
    Scheduler {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        first: (None, 0),
        count: None,
        last: None,
    },
    Scheduler {
        name: "AWS Batch",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: (None, 0),
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
        last: None,
    },
];

impl Wanted {
    /// The shard, with the variables of the environment as `variable` tells them.
    pub(super) fn resolve(self, variable: impl Fn(&str) -> Option<String>) -> Result<Shard, String> {
        let of = match self {
            Wanted::Given(shard) => return Ok(shard),
            Wanted::Scheduled(of) => of,
        };
        let number = |name: &str| variable(name).and_then(|text| text.trim().parse::<u32>().ok());
        // Grid Engine sets its variable to "undefined" outside of array jobs.
        let found = SCHEDULERS.iter().find_map(|s| Some((s, number(s.index)?)));
        let Some((scheduler, index)) = found else {
            let names: Vec<&str> = SCHEDULERS.iter().map(|s| s.index).collect();
            return Err(format!(
                "`--shard auto` takes its number from an array job; none of {} holds one",
                names.join(", ")
            ));
        };
        let first = scheduler.first.0.and_then(number).unwrap_or(scheduler.first.1);
        let counted = || {
            let last = scheduler.last.and_then(number);
            scheduler.count.and_then(number).or_else(|| Some(last?.checked_sub(first)? + 1))
        };
        let of = of.or_else(counted).ok_or_else(|| {
            format!("{} does not say how many tasks there are; say so with `--shard auto/n`", scheduler.name)
        })?;
        let shard = index.checked_sub(first).and_then(|place| Shard::new(place.checked_add(1)?, of));
        shard.ok_or_else(|| {
            format!("{} = {index} lies outside of {of} tasks that begin at {first}", scheduler.index)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(wanted: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let variable =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        wanted.parse::<Wanted>()?.resolve(variable).map(|shard| shard.to_string())
    }

    #[test]
    fn each_scheduler_counts_from_its_own_base() {
        let slurm =
            [("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_ARRAY_TASK_MIN", "0"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        let slurm_from_1 =
            [("SLURM_ARRAY_TASK_ID", "4"), ("SLURM_ARRAY_TASK_MIN", "1"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        let sge = [("SGE_TASK_ID", "4"), ("SGE_TASK_FIRST", "1"), ("SGE_TASK_LAST", "4")];
        let aws = [("AWS_BATCH_JOB_ARRAY_INDEX", "3"), ("AWS_BATCH_JOB_ARRAY_SIZE", "4")];
        for variables in [&slurm[..], &slurm_from_1, &sge, &aws] {
            assert_eq!(resolved("auto", variables).as_deref(), Ok("4/4"), "{variables:?}");
        }
        let kubernetes = [("JOB_COMPLETION_INDEX", "3"), ("SGE_TASK_ID", "undefined")];
        assert_eq!(resolved("auto/4", &kubernetes).as_deref(), Ok("4/4"));
        assert!(resolved("auto", &kubernetes).unwrap_err().contains("auto/n"));
        assert_eq!(resolved("2/9", &slurm).as_deref(), Ok("2/9"));
    }

    #[test]
    fn what_is_no_shard_is_told() {
        assert!(resolved("auto", &[]).unwrap_err().contains("SLURM_ARRAY_TASK_ID"));
        assert!(resolved("auto/4", &[("JOB_COMPLETION_INDEX", "4")]).unwrap_err().contains("4 tasks"));
        for wrong in ["auto/0", "autos", "auto/x", "0/4", ""] {
            assert!(resolved(wrong, &[]).is_err(), "{wrong}");
        }
    }
}
