//! Who may enter a study: subjects who do not meet its conditions are drawn anew.
//!
//! ```toml
//! eligible = "ALB <= 35 g/L and HB >= 90 g/L"
//! ```

use super::Condition;
use super::condition::Names;
use super::study::Reader;
use super::visits::told;
use crate::diagnostic::Diagnostic;
use crate::population::{Cohort, Population};
use crate::random::Subjects;

/// A subject is drawn at most so often; of those that are eligible, where one in a hundred is, 10^-44 are not found.
const ATTEMPTS: u32 = 10_000;

/// How many subjects must show that enough of the population are eligible, and how many of them must be.
const SHOWN: u64 = 4_000;
const ENOUGH: usize = 40;

/// Draws the covariates of subjects who all meet the conditions. A subject's draws depend on its own number alone.
pub(super) fn draw(
    population: &Population,
    conditions: &[Condition],
    seed: u64,
    subjects: &Subjects,
) -> Cohort {
    let mut cohort = Cohort::default();
    population.draw(seed, subjects, &mut cohort);
    if conditions.is_empty() {
        return cohort;
    }
    let mut again = Cohort::default();
    for (lane, number) in subjects.numbers.clone().enumerate() {
        let one = Subjects { numbers: number..number + 1, ..subjects.clone() };
        let mut attempt = 0;
        while !meets(conditions, &cohort, lane) && attempt < ATTEMPTS {
            attempt += 1;
            population.draw_again(seed, &one, attempt, &mut again);
            cohort.replace(lane, &again);
        }
    }
    cohort
}

fn meets(conditions: &[Condition], cohort: &Cohort, lane: usize) -> bool {
    conditions.iter().all(|condition| condition.holds_at_start(cohort, lane))
}

impl Reader<'_> {
    /// `eligible`: conditions on covariates that at least one in a hundred of the population meet.
    pub(super) fn eligible(&self, population: &Population) -> Option<Vec<Condition>> {
        let Some(item) = self.root.item("eligible") else { return Some(Vec::new()) };
        let names = Names { responses: &[], variables: population.variables() };
        let conditions = names.conditions(&item.string()?.value);
        let conditions = conditions.map_err(|refusal| item.report(told("E0831", refusal))).ok()?;
        let mut cohort = Cohort::default();
        population.draw(0, &(0..SHOWN).into(), &mut cohort);
        let eligible =
            (0..usize::try_from(SHOWN).unwrap_or(0)).filter(|lane| meets(&conditions, &cohort, *lane));
        let found = eligible.count();
        if found < ENOUGH {
            let message = format!("{found} of {SHOWN} subjects of the population are eligible");
            item.report(
                Diagnostic::error("E0831", message)
                    .help("one in a hundred must be, or the population is another"),
            );
            return None;
        }
        Some(conditions)
    }
}
