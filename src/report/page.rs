use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;

use super::answer::{self, Contrast, Piece, scenarios, statistic_of};
use super::chart::{Arms, ChartKind, Drawing, Room, capitalised, curve_drawings, drawings, point_words};
use super::figure::{count, difference_unit, figure, quantity, rough, share, signed};
use super::grid::{Grid, Row, Written};
use super::operating::Operating;
use super::palette;
use crate::run::results::{Curve, EndpointDesign, EndpointKind, Estimate, ParameterRow, Results};

/// The page could not be made: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("the report could not be written: {0}")]
pub struct PageError(#[from] minijinja::Error);

/// The report: one HTML page, complete in itself, the same bytes for the same results.
///
/// # Errors
/// None that any results can cause; a fault in the page's template.
pub fn render(results: &Results) -> Result<String, PageError> {
    let mut environment = Environment::new();
    environment.add_template("page.html.j2", include_str!("page.html.j2"))?;
    environment.add_template("figures.html.j2", include_str!("figures.html.j2"))?;
    Ok(environment.get_template("page.html.j2")?.render(Value::from(Serde(Page::of(results))))?)
}

/// What the template shows; every number is text already.
#[derive(Serialize)]
struct Page<'a> {
    results: &'a Results,
    colours: String,
    chart_style: &'static str,
    page_style: &'static str,
    answer: Vec<Piece>,
    arms: Vec<ArmView<'a>>,
    subjects: String,
    draws: String,
    scenarios: Vec<ScenarioView<'a>>,
    differences: Vec<ChartView>,
    operating: Option<Operating>,
    trade: Vec<ChartView>,
    troughs: Vec<ChartView>,
    profiles: Vec<ChartView>,
    biomarkers: Vec<ChartView>,
    persistence: Vec<ChartView>,
    patients: Vec<ChartView>,
    tornado: Vec<ChartView>,
    curves: Vec<CurveView<'a>>,
    outside: Vec<String>,
    parameters: Vec<ParameterGroup<'a>>,
    all: Vec<Vec<String>>,
    failures: Vec<String>,
    resolved: String,
}

#[derive(Serialize)]
struct ArmView<'a> {
    name: &'a str,
    class: String,
    phases: &'a [String],
}

/// A chart in both of its widths.
#[derive(Serialize)]
struct ChartView {
    title: String,
    wide: String,
    narrow: String,
}

#[derive(Serialize)]
pub(super) struct CurveView<'a> {
    curve: &'a Curve,
    chart: ChartView,
    method: String,
    range: String,
    observed: Vec<String>,
}

#[derive(Serialize)]
struct ScenarioView<'a> {
    name: &'a str,
    tables: Vec<TableView<'a>>,
}

#[derive(Serialize)]
struct TableView<'a> {
    caption: String,
    arms: Vec<ArmView<'a>>,
    rows: Vec<RowView<'a>>,
}

#[derive(Serialize)]
struct RowView<'a> {
    label: &'a str,
    unit: &'a str,
    what: &'static str,
    cells: Vec<Option<CellView>>,
}

/// A number with its errors.
#[derive(Serialize)]
struct CellView {
    value: String,
    interval: Option<String>,
    error: String,
    /// Where the middle 90 % of subjects lie.
    spread: Option<String>,
    /// How much pairing saved.
    gain: Option<String>,
    /// Whether it is a difference that leaves out zero.
    clear: bool,
}

/// The parameters of a model, population or response; each source is told once.
#[derive(Serialize)]
struct ParameterGroup<'a> {
    name: &'a str,
    /// What all of them describe, where that is the same.
    about: &'a str,
    rows: Vec<ParameterView<'a>>,
    sources: Vec<&'a str>,
}

/// A parameter with the number of its source, the first is 1; 0 for none.
#[derive(Serialize)]
struct ParameterView<'a> {
    row: &'a ParameterRow,
    source: usize,
}

impl<'a> Page<'a> {
    fn of(results: &'a Results) -> Self {
        let arms = Arms::of(results);
        Page {
            results,
            colours: palette::page_colours(),
            chart_style: palette::chart_style(),
            page_style: include_str!("page.css"),
            answer: answer::pieces(results),
            arms: results.design.arms.iter().filter_map(|arm| arm_view(results, &arms, &arm.name)).collect(),
            subjects: count(results.design.subjects),
            draws: count(u64::from(results.design.draws)),
            scenarios: scenario_views(results, &arms),
            differences: chart_views(results, ChartKind::Forest, "differences"),
            operating: Operating::of(results),
            trade: chart_views(results, ChartKind::BenefitRisk, "trade"),
            troughs: chart_views(results, ChartKind::Troughs, "troughs"),
            profiles: chart_views(results, ChartKind::Profile, "profiles"),
            biomarkers: chart_views(results, ChartKind::Biomarkers, "biomarkers"),
            persistence: chart_views(results, ChartKind::Persistence, "persistence"),
            patients: chart_views(results, ChartKind::Patients, "patients"),
            tornado: chart_views(results, ChartKind::Tornado, "tornado"),
            curves: curve_views(&results.curves, &arms),
            outside: outside(results),
            parameters: parameter_groups(results),
            all: results.estimates().map(long_row).collect(),
            failures: failures(results),
            resolved: serde_json::to_string_pretty(&results.provenance.resolved).unwrap_or_default(),
        }
    }
}

fn arm_view<'a>(results: &'a Results, arms: &Arms<'_>, name: &str) -> Option<ArmView<'a>> {
    let arm = results.design.arms.iter().find(|arm| arm.name == name)?;
    Some(ArmView { name: &arm.name, class: arms.class(name), phases: &arm.phases })
}

fn chart_views(results: &Results, kind: ChartKind, id: &str) -> Vec<ChartView> {
    both_widths(id, |room| drawings(results, kind, room))
}

/// Charts in both of their widths.
fn both_widths(id: &str, draw: impl Fn(Room) -> Vec<Drawing>) -> Vec<ChartView> {
    let views = draw(Room::Wide).into_iter().zip(draw(Room::Narrow)).enumerate();
    views
        .map(|(i, (wide, narrow))| ChartView {
            title: wide.title.clone(),
            wide: wide.inline(&format!("{id}-{i}-wide")),
            narrow: narrow.inline(&format!("{id}-{i}-narrow")),
        })
        .collect()
}

pub(super) fn curve_views<'a>(curves: &'a [Curve], arms: &Arms<'_>) -> Vec<CurveView<'a>> {
    let charts = both_widths("curve", |room| curve_drawings(curves, arms, room));
    curves
        .iter()
        .zip(charts)
        .map(|(curve, chart)| {
            let (low, high) = curve.evidence_range;
            let range = format!("{} to {}", figure(low, &curve.unit), quantity(high, &curve.unit));
            let observed = curve.points.iter().map(|point| point_words(point, &curve.unit)).collect();
            CurveView { curve, chart, method: capitalised(&curve.method), range, observed }
        })
        .collect()
}

fn scenario_views<'a>(results: &'a Results, arms: &Arms<'_>) -> Vec<ScenarioView<'a>> {
    let view = |name: &'a str| {
        let grids = Grid::all(results, name);
        ScenarioView {
            name,
            tables: grids.iter().map(|grid| TableView::of(results, arms, name, grid)).collect(),
        }
    };
    scenarios(results).into_iter().map(view).collect()
}

impl<'a> TableView<'a> {
    fn of(results: &'a Results, arms: &Arms<'_>, scenario: &str, grid: &Grid<'a>) -> Self {
        let row = |row: &Row<'a>| RowView {
            label: &row.endpoint.label,
            unit: grid.unit(row),
            what: grid.what(row),
            cells: row
                .cells
                .iter()
                .map(|cell| cell.map(|e| CellView::of(results, scenario, row.endpoint, e)))
                .collect(),
        };
        TableView {
            caption: grid.caption(),
            arms: grid.arms.iter().filter_map(|arm| arm_view(results, arms, arm)).collect(),
            rows: grid.rows.iter().map(row).collect(),
        }
    }
}

impl CellView {
    fn of(results: &Results, scenario: &str, endpoint: &EndpointDesign, estimate: &Estimate) -> Self {
        let Written { value, interval, error } = Written::of(estimate);
        let of = |statistic: &str| statistic_of(results, scenario, &estimate.arm, &endpoint.name, statistic);
        let contrast = Contrast::of(estimate);
        let spread = match (endpoint.kind, contrast, of("q05"), of("q95")) {
            (EndpointKind::Continuous, None, Some(low), Some(high)) => {
                Some(format!("{} to {}", figure(low.value, &low.unit), figure(high.value, &high.unit)))
            }
            _ => None,
        };
        let gain = estimate.pairing_gain.map(|gain| rough(gain, ""));
        CellView { value, interval, error, spread, gain, clear: contrast.is_some_and(|c| c.clear()) }
    }
}

/// A line of the full table, cell by cell as in `summary.csv`.
fn long_row(estimate: &Estimate) -> Vec<String> {
    let contrast = estimate.reference.is_some();
    let write = if contrast { signed } else { figure };
    let unit = if contrast { difference_unit(&estimate.unit) } else { &estimate.unit };
    let limit = |value: Option<f64>| value.map_or(String::new(), |value| write(value, &estimate.unit));
    let arm = match &estimate.reference {
        Some(reference) => format!("{} minus {reference}", estimate.arm),
        None => estimate.arm.clone(),
    };
    vec![
        estimate.scenario.clone(),
        arm,
        estimate.endpoint.clone(),
        estimate.statistic.clone(),
        write(estimate.value, &estimate.unit),
        unit.to_owned(),
        limit(estimate.lower),
        limit(estimate.upper),
        rough(estimate.mc_error, &estimate.unit),
    ]
}

/// How much of the simulated exposure lies where there is no evidence, a sentence for each curve.
pub(super) fn outside(results: &Results) -> Vec<String> {
    results
        .curves
        .iter()
        .filter_map(|curve| {
            let parts: Vec<String> = curve
                .arms
                .iter()
                .filter(|arm| arm.share_below + arm.share_above > 0.0)
                .map(|arm| {
                    let sides = [(arm.share_below, "below"), (arm.share_above, "above")];
                    let sides = sides.iter().filter(|(part, _)| *part > 0.0);
                    let sides: Vec<_> = sides.map(|(part, side)| format!("{} {side}", share(*part))).collect();
                    format!("\u{201c}{}\u{201d} {}", arm.arm, sides.join(" and "))
                })
                .collect();
            let (low, high) = curve.evidence_range;
            (!parts.is_empty()).then(|| {
                format!(
                    "{}: the evidence covers {} to {} ({}). Simulated subjects outside it, for whom the curve is an \
                     extrapolation: {}.",
                    curve.label,
                    figure(low, &curve.unit),
                    quantity(high, &curve.unit),
                    curve.metric,
                    parts.join("; ")
                )
            })
        })
        .collect()
}

fn parameter_groups(results: &Results) -> Vec<ParameterGroup<'_>> {
    let mut groups: Vec<ParameterGroup<'_>> = Vec::new();
    for row in &results.parameters {
        match groups.iter_mut().find(|group| group.name == row.group) {
            Some(group) => group.add(row),
            None => {
                let mut group = ParameterGroup {
                    name: &row.group,
                    about: &row.description,
                    rows: Vec::new(),
                    sources: Vec::new(),
                };
                group.add(row);
                groups.push(group);
            }
        }
    }
    // What is said of one row alone stands in that row.
    groups.iter_mut().filter(|group| group.rows.len() == 1).for_each(|group| group.about = "");
    groups
}

impl<'a> ParameterGroup<'a> {
    fn add(&mut self, row: &'a ParameterRow) {
        if self.about != row.description {
            self.about = "";
        }
        let known = self.sources.iter().position(|source| *source == row.source);
        let source = match known {
            _ if row.source.is_empty() => 0,
            Some(place) => place + 1,
            None => {
                self.sources.push(&row.source);
                self.sources.len()
            }
        };
        self.rows.push(ParameterView { row, source });
    }
}

/// How many subjects failed, why, and how they were treated.
pub(super) fn failures(results: &Results) -> Vec<String> {
    let line = |(reason, number): &(String, u64)| {
        format!("{} subjects failed and are left out of every arm: {reason}", count(*number))
    };
    results.design.failures.iter().map(line).collect()
}
