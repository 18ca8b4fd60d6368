use super::answer::{Contrast, leading};
use super::figure::{difference_unit, figure, rough, signed};
use crate::run::results::{EndpointDesign, EndpointKind, Estimate, Results};

/// A table of endpoints by arms: the arms' own estimates, or differences from one reference.
#[derive(Debug)]
pub(super) struct Grid<'a> {
    /// The arm that the others are compared with; `None` for the arms' own estimates.
    pub(super) reference: Option<&'a str>,
    /// The arms, a column each.
    pub(super) arms: Vec<&'a str>,
    /// The endpoints that have an estimate.
    pub(super) rows: Vec<Row<'a>>,
}

/// An endpoint with an estimate for each arm.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) endpoint: &'a EndpointDesign,
    pub(super) cells: Vec<Option<&'a Estimate>>,
}

impl<'a> Grid<'a> {
    /// The tables of a scenario: what each arm comes to, then the differences from each reference.
    pub(super) fn all(results: &'a Results, scenario: &str) -> Vec<Self> {
        let arms: Vec<&str> = results.design.arms.iter().map(|arm| arm.name.as_str()).collect();
        let own = |arm: &str, endpoint: &EndpointDesign| leading(results, scenario, arm, endpoint);
        let mut grids = vec![Grid::filled(results, None, arms.clone(), own)];
        let contrasts: Vec<Contrast<'a>> =
            Contrast::all(results).into_iter().filter(|c| c.estimate.scenario == scenario).collect();
        let mut references: Vec<&str> = Vec::new();
        for contrast in &contrasts {
            if !references.contains(&contrast.reference) {
                references.push(contrast.reference);
            }
        }
        for reference in references {
            let compares = |arm: &&str| contrasts.iter().any(|c| c.arm == *arm && c.reference == reference);
            let compared = arms.iter().copied().filter(compares).collect();
            let between = |arm: &str, endpoint: &EndpointDesign| {
                let of = |c: &&Contrast<'_>| c.arm == arm && c.is(scenario, reference, &endpoint.name);
                contrasts.iter().find(of).map(|contrast| contrast.estimate)
            };
            grids.push(Grid::filled(results, Some(reference), compared, between));
        }
        grids.retain(|grid| !grid.rows.is_empty());
        grids
    }

    fn filled(
        results: &'a Results,
        reference: Option<&'a str>,
        arms: Vec<&'a str>,
        estimate: impl Fn(&str, &EndpointDesign) -> Option<&'a Estimate>,
    ) -> Self {
        let rows = results.design.endpoints.iter().map(|endpoint| Row {
            endpoint,
            cells: arms.iter().map(|arm| estimate(arm, endpoint)).collect(),
        });
        let rows = rows.filter(|row| row.cells.iter().any(Option::is_some)).collect();
        Grid { reference, arms, rows }
    }

    /// What the table shows.
    pub(super) fn caption(&self) -> String {
        match self.reference {
            Some(reference) => format!("Difference from \u{201c}{reference}\u{201d}, subject by subject"),
            None => "What each arm comes to".to_owned(),
        }
    }

    /// The unit of a row's values.
    pub(super) fn unit(&self, row: &Row<'a>) -> &'a str {
        if self.reference.is_some() { difference_unit(&row.endpoint.unit) } else { &row.endpoint.unit }
    }

    /// What a row's values are; nothing for differences.
    pub(super) fn what(&self, row: &Row<'_>) -> &'static str {
        match (self.reference, row.endpoint.kind) {
            (Some(_), _) => "",
            (None, EndpointKind::Continuous) => "median of subjects",
            (None, EndpointKind::Count) => "mean of subjects",
            (None, EndpointKind::Probability) => "mean probability",
            (None, EndpointKind::Event) => "share of subjects",
        }
    }
}

/// An estimate as text: value, interval, Monte-Carlo error; differences with their sign.
pub(super) struct Written {
    pub(super) value: String,
    pub(super) interval: Option<String>,
    pub(super) error: String,
}

impl Written {
    pub(super) fn of(estimate: &Estimate) -> Self {
        let write = if estimate.reference.is_some() { signed } else { figure };
        let limits = estimate.lower.zip(estimate.upper);
        let unit = &estimate.unit;
        Written {
            value: write(estimate.value, unit),
            interval: limits
                .map(|(lower, upper)| format!("{} to {}", write(lower, unit), write(upper, unit))),
            error: rough(estimate.mc_error, unit),
        }
    }
}
