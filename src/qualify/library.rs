//! The shipped models against the figures that their sources print and that independent programs compute.

use super::{Check, Depth};
use crate::run::checks::shipped;

const AREA: &str = "model library";

pub(super) fn checks(_: Depth) -> Vec<Check> {
    let Ok(outcomes) = shipped() else {
        return vec![Check::holds(AREA, "the figures of the models", false, "can be worked out")];
    };
    let check = |outcome: &crate::run::checks::Outcome| Check {
        area: AREA,
        name: format!("{}: {}, {}", outcome.model, outcome.what, outcome.figure),
        found: format!("{:.5} {}", outcome.found, outcome.expected.unit()),
        allowed: format!("{} to {:.3} %", outcome.expected, 100.0 * outcome.tolerance),
        passed: outcome.passes(),
    };
    outcomes.iter().map(check).collect()
}
