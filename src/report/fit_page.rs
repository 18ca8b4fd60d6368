use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;

use super::chart::Arms;
use super::figure::figure;
use super::page::{CurveView, PageError, curve_views};
use super::palette;
use crate::evidence::Summary;
use crate::run::results::Curve;

/// What the template shows; every number is text already.
#[derive(Serialize)]
struct FitPage<'a> {
    title: &'a str,
    source: &'a str,
    class: crate::evidence::paper::Class,
    version: &'static str,
    colours: String,
    chart_style: &'static str,
    page_style: &'static str,
    curves: Vec<CurveView<'a>>,
    figures: Vec<[String; 3]>,
    warnings: Vec<String>,
    notes: &'a [String],
}

/// The page of a fit: its curves with their evidence, its estimates, and what limits them. One HTML page, complete in
/// itself, the same bytes for the same fit.
///
/// # Errors
/// None that any fit can cause; a fault in the page's template.
pub fn render_fit(summary: &Summary, curves: &[Curve]) -> Result<String, PageError> {
    let mut environment = Environment::new();
    environment.add_template("fit_page.html.j2", include_str!("fit_page.html.j2"))?;
    environment.add_template("figures.html.j2", include_str!("figures.html.j2"))?;
    let rows = summary.figures.iter().map(|row| {
        let interval = row
            .interval
            .map_or_else(String::new, |[low, high]| format!("{} to {}", figure(low, ""), figure(high, "")));
        [row.quantity.clone(), figure(row.estimate, ""), interval]
    });
    let page = FitPage {
        title: &summary.title,
        source: &summary.source,
        class: summary.class,
        version: env!("CARGO_PKG_VERSION"),
        colours: palette::page_colours(),
        chart_style: palette::chart_style(),
        page_style: include_str!("page.css"),
        curves: curve_views(curves, &Arms::none()),
        figures: rows.collect(),
        warnings: summary.warnings.iter().map(|warning| warning.message.clone()).collect(),
        notes: &summary.notes,
    };
    Ok(environment.get_template("fit_page.html.j2")?.render(Value::from(Serde(page)))?)
}
