//! What makes strata, and what an analysis is adjusted for: a covariate, or the two sides of a condition on one.
//!
//! ```toml
//! strata = ["SEXF", "ALB <= 35 g/L"]
//! adjust = ["WT"]
//! ```

use super::comparison::Refusal;
use super::condition::{Condition, Names, Signal};
use crate::document::Item;
use crate::population::{Cohort, Variable};

/// A covariate, or a condition on covariates.
#[derive(Clone, Debug, PartialEq)]
pub enum Factor {
    /// A covariate, by its place among the population's variables: its level, or its value (coherent units).
    Covariate(usize),
    /// A condition on one: 1 where it holds, else 0.
    Cut(Condition),
}

impl Factor {
    /// Its value in a subject; not a number where the subject has none.
    pub fn value(&self, cohort: &Cohort, lane: usize) -> f64 {
        match self {
            Factor::Covariate(place) => cohort.column(*place).get(lane).copied().unwrap_or(f64::NAN),
            Factor::Cut(condition) => f64::from(condition.holds_at_start(cohort, lane)),
        }
    }

    /// What it is called: the covariate's name, or the condition as it was written.
    pub fn name<'a>(&'a self, variables: &'a [Variable]) -> &'a str {
        match self {
            Factor::Covariate(place) => variables.get(*place).map_or("", |variable| &variable.name),
            Factor::Cut(condition) => &condition.text,
        }
    }

    /// What a list names that makes strata: covariates with levels, and conditions on covariates.
    ///
    /// # Errors
    /// What is wrong with the item, and what would mend it.
    pub(super) fn stratum(item: &Item<'_>, variables: &[Variable]) -> Option<Result<Factor, Refusal>> {
        let text = item.string()?.value;
        let Some(place) = variables.iter().position(|variable| variable.name == text) else {
            let names = Names { responses: &[], variables };
            return Some(names.only(&text).map(Factor::Cut));
        };
        if variables[place].levels.is_some() {
            return Some(Ok(Factor::Covariate(place)));
        }
        Some(Err((
            format!("`{text}` is a number, and strata are few"),
            format!("cut it in two, as in \"{text} <= 35 g/L\", or name a covariate with levels"),
        )))
    }
}

impl Condition {
    /// Whether a condition on a covariate holds in a subject.
    pub(super) fn holds_at_start(&self, cohort: &Cohort, lane: usize) -> bool {
        match self.signal {
            Signal::Covariate(place) => {
                cohort.column(place).get(lane).is_some_and(|value| self.holds(*value, f64::NAN))
            }
            Signal::Response(_) => false,
        }
    }
}
