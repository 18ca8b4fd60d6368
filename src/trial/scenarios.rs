//! Scenarios of a study: every combination of levels, each a piece of the study that is laid over it.
//!
//! ```toml
//! [scenarios.dose]
//! "30 mg" = {}                                                    # as the study has it
//! "15 mg" = { regimens = { full = "15 mg ER every 24 h for 40 weeks" } }
//!
//! [scenarios.albumin]
//! low    = { eligible = "ALB <= 35 g/L" }
//! normal = { eligible = "ALB > 35 g/L" }
//! ```

use std::sync::Arc;

use super::Study;
use super::study::Kinds;
use crate::diagnostic::{Collector, Diagnostic, Problems, Source};
use crate::document::{Document, Files, Table};

/// More would be a batch and not a table.
const MOST: usize = 1000;

/// One combination of levels.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: the levels.
    pub name: String,
    /// The level on each axis: axis and level.
    pub levels: Vec<(String, String)>,
    /// The study under them.
    pub study: Study,
}

/// An axis and its levels.
struct Axis<'a> {
    name: String,
    levels: Vec<(String, Table<'a>)>,
}

/// How many scenarios a study has; 1 where it names none.
pub(super) fn number(root: &Table<'_>) -> usize {
    axes(root).map_or(1, |axes| count(&axes))
}

fn count(axes: &[Axis<'_>]) -> usize {
    axes.iter().map(|axis| axis.levels.len()).fold(1, usize::saturating_mul)
}

fn axes<'a>(root: &Table<'a>) -> Option<Vec<Axis<'a>>> {
    let table = root.table("scenarios")?;
    let axis = |(name, item): (crate::document::Spanned<String>, crate::document::Item<'a>)| {
        let table = item.table()?;
        let level = |(level, item): (crate::document::Spanned<String>, crate::document::Item<'a>)| {
            Some((level.value, item.table()?))
        };
        let levels: Vec<_> = table.entries().into_iter().filter_map(level).collect();
        if levels.is_empty() {
            table.error("E0830", name.span, format!("`{}` has no levels", name.value));
        }
        Some(Axis { name: name.value, levels })
    };
    Some(table.entries().into_iter().filter_map(axis).collect())
}

/// Reads every scenario of a study, the last axis changing first; none where the study names none.
///
/// # Errors
/// E0830 where there are too many or an axis has no levels, and all that is wrong with the study under any of them.
pub fn read_scenarios(
    source: &Arc<Source>,
    files: &dyn Files,
    kinds: Kinds<'_>,
) -> Result<(Vec<Scenario>, Vec<Diagnostic>), Problems> {
    let document = Document::parse(source)?;
    let problems = Collector::new();
    let root = document.root(&problems);
    let Some(axes) = axes(&root) else { return Ok((Vec::new(), Vec::new())) };
    let total = count(&axes);
    if total > MOST {
        let span = root.table("scenarios").map_or(0..0, |table| table.span());
        let problem = Diagnostic::error("E0830", format!("{total} scenarios are more than {MOST}"));
        return Err(problem.help("leave levels out, or write several studies").at(source, span).into());
    }
    let mut scenarios = Vec::with_capacity(total);
    let mut warnings = Vec::new();
    for number in 0..total {
        let chosen = chosen(&axes, number);
        let pieces: Vec<&Table<'_>> = chosen.iter().map(|(_, (_, piece))| piece).collect();
        let (study, told) = Study::of(&document.over(&pieces), files, kinds)?;
        if number == 0 {
            warnings = told;
        }
        let levels: Vec<(String, String)> =
            chosen.iter().map(|(axis, (level, _))| ((*axis).to_string(), level.clone())).collect();
        let name = levels.iter().map(|(_, level)| level.as_str()).collect::<Vec<_>>().join(", ");
        scenarios.push(Scenario { name, levels, study });
    }
    problems.finish(Some((scenarios, warnings))).map(|(found, _)| found)
}

/// The level of each axis in a scenario.
fn chosen<'t, 'a>(axes: &'t [Axis<'a>], number: usize) -> Vec<(&'t str, &'t (String, Table<'a>))> {
    let mut rest = number;
    let mut chosen = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        chosen.push((axis.name.as_str(), &axis.levels[rest % axis.levels.len()]));
        rest /= axis.levels.len();
    }
    chosen.reverse();
    chosen
}
