//! The program checks itself on the machine on which it runs: each check has a figure and what it may be.

mod events;
mod evidence;
mod independence;
mod library;
mod sampler;
pub mod witnesses;

use std::time::Instant;

use serde::Serialize;

use crate::math::Level;
use crate::run::VERSION;

/// How much is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// About a minute or less.
    #[default]
    Usual,
    /// Some ten times as much.
    Thorough,
}

impl Depth {
    /// One number or the other.
    fn of(self, usual: u64, thorough: u64) -> u64 {
        match self {
            Depth::Usual => usual,
            Depth::Thorough => thorough,
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What it belongs to.
    pub area: &'static str,
    /// What is checked.
    pub name: String,
    /// The figure that came out.
    pub found: String,
    /// What it may be.
    pub allowed: String,
    /// Whether it is what it may be.
    pub passed: bool,
}

impl Check {
    /// A figure that may be as large as a limit.
    fn at_most(area: &'static str, name: impl Into<String>, found: Option<f64>, limit: f64) -> Self {
        Check {
            area,
            name: name.into(),
            found: found.map_or_else(|| "no result".to_owned(), |found| format!("{found:.2e}")),
            allowed: format!("at most {limit:.0e}"),
            passed: found.is_some_and(|found| found <= limit),
        }
    }

    /// A figure that is known to so many decimals.
    fn printed(area: &'static str, name: impl Into<String>, found: f64, known: f64, decimals: i32) -> Self {
        let half = 0.5001 * crate::math::pow(10.0, f64::from(-decimals));
        let digits = usize::try_from(decimals).unwrap_or(0);
        Check {
            area,
            name: name.into(),
            found: format!("{found:.digits$}"),
            allowed: format!("{known:.digits$}"),
            passed: (found - known).abs() <= half,
        }
    }

    /// Something that is or is not.
    fn holds(area: &'static str, name: impl Into<String>, passed: bool, allowed: &str) -> Self {
        let found = if passed { allowed } else { "not so" };
        Check { area, name: name.into(), found: found.to_owned(), allowed: allowed.to_owned(), passed }
    }
}

/// What came out of all checks.
#[derive(Clone, Debug, Serialize)]
pub struct Qualification {
    /// Version of the program.
    pub version: &'static str,
    /// The processor's architecture, the system, and the instructions in force.
    pub machine: String,
    /// Whether all checks passed.
    pub passed: bool,
    /// Seconds that they took.
    pub seconds: f64,
    /// The checks, area by area.
    pub checks: Vec<Check>,
}

/// Runs every check; `told` hears of each area when it is done.
pub fn qualify(depth: Depth, told: &mut dyn FnMut(&[Check])) -> Qualification {
    let started = Instant::now();
    let areas: [fn(Depth) -> Vec<Check>; 6] = [
        witnesses::checks,
        events::checks,
        library::checks,
        sampler::checks,
        evidence::checks,
        independence::checks,
    ];
    let mut checks = Vec::new();
    for area in areas {
        let found = area(depth);
        told(&found);
        checks.extend(found);
    }
    let instructions = format!("{:?}", Level::in_force()).to_lowercase();
    Qualification {
        version: VERSION,
        machine: format!("{} {}, {instructions}", std::env::consts::ARCH, std::env::consts::OS),
        passed: checks.iter().all(|check| check.passed),
        seconds: started.elapsed().as_secs_f64(),
        checks,
    }
}
