//! Simulated trials of a size: patients of each arm, analyses, and the decision that rests on them.
//!
//! ```toml
//! [trial]
//! replicates = 2000
//! precision  = "0.5 %"                     # fewer replicates where that is enough
//! patients   = { "stay on 30 mg" = 150, "step down" = 150 }
//! parameters = ["fixed", "drawn"]          # power, probability of success
//!
//! [analysis.primary]
//! endpoint = "remission_52"
//! method   = "newcombe"                    # or cmh, score, logistic; t-test, welch, ancova; log-rank; wilcoxon
//! compare  = ["step down", "stay on 30 mg"]
//! margin   = "-10 points"
//! alpha    = 0.05                          # two-sided
//!
//! [decision]
//! fixed-sequence = ["primary", "secondary"]
//! ```

use super::endpoint::Measure;
use super::factor::Factor;
pub use super::method::{Method, Scale};
use super::visits::told;
use super::{Arm, Endpoint, ResponseUse};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table};
use crate::population::Population;

/// Simulated trials that are repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Replication {
    /// The greatest number of replicates.
    pub replicates: u32,
    /// The Monte-Carlo standard error of each power (a fraction) at which fewer are enough.
    pub precision: Option<f64>,
    /// Patients of each arm, in the order of the arms.
    pub patients: Vec<u32>,
    /// At which parameters the trials are simulated.
    pub parameters: Vec<Parameters>,
    /// The analyses, in file order.
    pub analyses: Vec<Analysis>,
    /// How several analyses make one decision.
    pub family: Option<Family>,
}

/// At which parameters a trial is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameters {
    /// The central values: the share of successes is the power.
    Fixed,
    /// A joint draw for each replicate: the share of successes is the probability of success (assurance).
    Drawn,
}

/// An analysis of a trial, as it would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Its name.
    pub name: String,
    /// The endpoint, by its place in the study.
    pub endpoint: usize,
    /// How it is made.
    pub method: Method,
    /// The arm that is compared.
    pub arm: usize,
    /// The arm it is compared with.
    pub reference: usize,
    /// The null value on the scale of the method: 0, or a margin (a fraction, coherent units, or the log of a ratio).
    pub null: f64,
    /// The margin as written.
    pub margin: Option<String>,
    /// The two-sided level.
    pub alpha: f64,
    /// Whether a greater estimate is better.
    pub higher: bool,
    /// What makes strata, or what the analysis is adjusted for.
    pub covariates: Vec<Factor>,
}

/// How several analyses make one decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The rule.
    pub rule: Rule,
    /// The analyses by their places, in the order of testing.
    pub order: Vec<usize>,
}

/// A rule for several hypotheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Each is tested if all before it succeeded.
    FixedSequence,
    /// Holm's step-down rule.
    Holm,
    /// Bonferroni's.
    Bonferroni,
}

/// What a study has that simulated trials rest on.
pub(super) struct Known<'a> {
    pub(super) arms: &'a [Arm],
    pub(super) endpoints: &'a [Endpoint],
    pub(super) responses: &'a [ResponseUse],
    pub(super) population: &'a Population,
}

/// Reads `[trial]`, `[analysis]` and `[decision]`; `None` where the study has none, or wrong ones.
pub(super) fn read(root: &Table<'_>, known: &Known<'_>) -> Option<Replication> {
    let analyses = root.table("analysis");
    let decision = root.table("decision");
    let Some(table) = root.table("trial") else {
        if let Some(table) = analyses.or(decision) {
            let wrong = Diagnostic::error("E0810", "analyses need simulated trials");
            table.report(wrong.help("add `[trial]` with `replicates` and `patients`"), table.span());
        }
        return None;
    };
    let replicates = table.required_integer("replicates").and_then(|n| {
        let valid = u32::try_from(n.value).ok().filter(|n| (1..=10_000_000).contains(n));
        if valid.is_none() {
            table.error("E0810", n.span, "`replicates` must be 1 to 10,000,000");
        }
        valid
    });
    let precision = table.item("precision").and_then(|item| share(&item));
    let patients = table.required_table("patients").and_then(|t| known.patients(&t));
    let parameters = parameters(&table);
    table.finish();
    let analyses: Vec<Analysis> = analyses.map_or_else(Vec::new, |t| {
        t.entries().into_iter().filter_map(|(name, item)| known.analysis(name, &item)).collect()
    });
    let family = decision.and_then(|t| family(&t, &analyses));
    Some(Replication {
        replicates: replicates?,
        precision,
        patients: patients?,
        parameters,
        analyses,
        family,
    })
}

/// A positive share: "0.5 %" or 0.005.
fn share(item: &Item<'_>) -> Option<f64> {
    let value = if item.is_number() { Some(item.number()?.value) } else { percent(&item.string()?.value) };
    let valid = value.filter(|v| *v > 0.0 && *v < 1.0);
    if valid.is_none() {
        item.error("E0810", "write a share such as \"0.5 %\"");
    }
    valid
}

/// A share from "-10 points" or "0.5 %".
fn percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%').or_else(|| text.strip_suffix("points"))?;
    number.trim().parse::<f64>().ok().filter(|v| v.is_finite()).map(|v| v / 100.0)
}

fn parameters(table: &Table<'_>) -> Vec<Parameters> {
    let Some(list) = table.array("parameters") else { return vec![Parameters::Fixed, Parameters::Drawn] };
    let one = |item: &Item<'_>| match item.string()?.value.as_str() {
        "fixed" => Some(Parameters::Fixed),
        "drawn" => Some(Parameters::Drawn),
        _ => {
            item.error("E0810", "parameters are `fixed` or `drawn`");
            None
        }
    };
    list.value.iter().filter_map(one).collect()
}

fn family(table: &Table<'_>, analyses: &[Analysis]) -> Option<Family> {
    let rules =
        [("fixed-sequence", Rule::FixedSequence), ("holm", Rule::Holm), ("bonferroni", Rule::Bonferroni)];
    let written: Vec<_> =
        rules.into_iter().filter_map(|(key, rule)| Some((rule, table.array(key)?))).collect();
    table.finish();
    let [(rule, list)] = written.as_slice() else {
        let wrong = Diagnostic::error("E0810", "a decision has one rule");
        table.report(
            wrong.help("write `fixed-sequence`, `holm` or `bonferroni` = [\"primary\", …]"),
            table.span(),
        );
        return None;
    };
    let place = |item: &Item<'_>| find(item, "analysis", analyses.iter().map(|a| a.name.as_str()));
    Some(Family { rule: *rule, order: list.value.iter().map(place).collect::<Option<_>>()? })
}

/// The place of what an item names; a name that is unknown is reported.
fn find<'n>(item: &Item<'_>, what: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<usize> {
    let name = item.string()?.value;
    let place = names.clone().position(|n| n == name);
    if place.is_none() {
        let help = did_you_mean(&name, names.clone()).map_or_else(
            || format!("there are {}", names.collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        item.report(Diagnostic::error("E0810", format!("there is no {what} `{name}`")).help(help));
    }
    place
}

impl Known<'_> {
    /// `{ "arm" = 150, … }`, in the order of the arms; an arm that is left out has none.
    fn patients(&self, table: &Table<'_>) -> Option<Vec<u32>> {
        let mut patients = vec![0; self.arms.len()];
        for (name, item) in table.entries() {
            let number = item.integer()?;
            let Some(place) = self.arms.iter().position(|a| a.name == name.value) else {
                table.error("E0810", name.span, format!("there is no arm `{}`", name.value));
                return None;
            };
            let Some(number) = u32::try_from(number.value).ok().filter(|n| (2..=1_000_000).contains(n))
            else {
                item.error("E0810", "an arm has 2 to 1,000,000 patients");
                return None;
            };
            patients[place] = number;
        }
        Some(patients)
    }

    fn analysis(&self, name: Spanned<String>, item: &Item<'_>) -> Option<Analysis> {
        let table = item.table()?;
        let endpoint = table
            .required("endpoint")
            .and_then(|i| find(&i, "endpoint", self.endpoints.iter().map(|e| e.name.as_str())));
        let method = table.required("method").and_then(|i| {
            let place = find(&i, "method", Method::NAMES.iter().map(|m| m.0))?;
            Some((Method::NAMES[place].1, i))
        });
        let compare = table.required_array("compare").and_then(|list| self.pair(&table, &list));
        let margin = table.item("margin");
        let alpha = table.item("alpha").map_or(Some(0.05), |i| share(&i));
        let covariates = ["strata", "adjust"].map(|key| table.array(key).map(|list| (key, list)));
        table.finish();
        let (method, written) = method?;
        let endpoint = endpoint?;
        self.suits(method, endpoint, &written)?;
        let covariates = self.covariates(method, covariates.into_iter().flatten().next())?;
        let null = match &margin {
            Some(item) => self.margin(item, method, endpoint)?,
            None => 0.0,
        };
        let (arm, reference) = compare?;
        Some(Analysis {
            name: name.value,
            endpoint,
            method,
            arm,
            reference,
            null,
            margin: margin.and_then(|i| i.is_string().then(|| i.string()).flatten()).map(|m| m.value),
            alpha: alpha?,
            // A longer time is a smaller hazard.
            higher: (self.endpoints[endpoint].better != Some(false)) != (method.scale() == Scale::LogHazard),
            covariates,
        })
    }

    fn pair(&self, table: &Table<'_>, list: &Spanned<Vec<Item<'_>>>) -> Option<(usize, usize)> {
        let [arm, reference] = list.value.as_slice() else {
            table.error(
                "E0810",
                list.span.clone(),
                "`compare` names two arms: the one compared and its reference",
            );
            return None;
        };
        let place = |item| find(item, "arm", self.arms.iter().map(|a| a.name.as_str()));
        Some((place(arm)?, place(reference)?))
    }

    /// Whether a method suits an endpoint.
    fn suits(&self, method: Method, endpoint: usize, written: &Item<'_>) -> Option<()> {
        let measure = &self.endpoints[endpoint].measure;
        let (what, help, fits): (_, _, &[Scale]) = if measure.is_binary() {
            ("an event", "use cmh, newcombe, score or logistic", &[Scale::Share, Scale::LogOdds])
        } else if measure.is_time() {
            let help = "use log-rank, or t-test, welch or ancova for its mean";
            ("a time", help, &[Scale::LogHazard, Scale::Mean])
        } else if matches!(measure, Measure::Grade(_)) {
            ("a grade", "use wilcoxon, or t-test, welch or ancova for its mean", &[Scale::Net, Scale::Mean])
        } else {
            ("a number", "use t-test, welch, ancova or wilcoxon", &[Scale::Mean, Scale::Net])
        };
        if fits.contains(&method.scale()) {
            return Some(());
        }
        let name = &self.endpoints[endpoint].name;
        let message = format!("`{}` cannot analyse `{name}`, which is {what}", method.name());
        written.report(Diagnostic::error("E0810", message).help(help));
        None
    }

    /// `strata = [...]` of the methods for shares and times, `adjust = [...]` of the regressions.
    fn covariates(
        &self,
        method: Method,
        list: Option<(&str, Spanned<Vec<Item<'_>>>)>,
    ) -> Option<Vec<Factor>> {
        let Some((key, list)) = list else { return Some(Vec::new()) };
        let wanted = match method {
            Method::MantelHaenszel | Method::Newcombe | Method::LogRank | Method::Wilcoxon => "strata",
            Method::Logistic | Method::Ancova => "adjust",
            Method::Score | Method::TTest | Method::Welch => "",
        };
        let variables = self.population.variables();
        let mut factors = Vec::new();
        for item in &list.value {
            if key != wanted {
                item.error("E0810", format!("`{}` takes no `{key}`", method.name()));
                return None;
            }
            let factor = if key == "strata" {
                Factor::stratum(item, variables)?
                    .map_err(|refusal| item.report(told("E0810", refusal)))
                    .ok()?
            } else {
                self.adjustment(item)?
            };
            factors.push(factor);
        }
        Some(factors)
    }

    fn adjustment(&self, item: &Item<'_>) -> Option<Factor> {
        let variables = self.population.variables();
        let place = find(item, "covariate", variables.iter().map(|v| v.name.as_str()))?;
        if variables[place].levels.is_some() {
            item.error("E0810", "an analysis is adjusted for numbers; levels make strata");
            return None;
        }
        Some(Factor::Covariate(place))
    }

    fn margin(&self, item: &Item<'_>, method: Method, endpoint: usize) -> Option<f64> {
        match method.scale() {
            // Of shares, or of the net share of pairs.
            Scale::Share | Scale::Net => {
                let value = percent(&item.string()?.value).filter(|v| v.abs() < 1.0);
                if value.is_none() {
                    item.error("E0810", "write the margin as \"-10 points\"");
                }
                value
            }
            Scale::LogOdds | Scale::LogHazard => {
                let ratio = item.number()?.value;
                if ratio <= 0.0 {
                    item.error("E0810", "the margin of a ratio is a positive number");
                    return None;
                }
                Some(crate::math::ln(ratio))
            }
            Scale::Mean => {
                let dimension = match self.endpoints[endpoint].measure {
                    Measure::Biomarker(r) | Measure::Change(r) => {
                        self.responses[r].kind.biomarker.as_ref().map(|u| u.dimension())
                    }
                    _ => None,
                };
                Some(item.quantity(dimension)?.value.coherent())
            }
        }
    }
}
