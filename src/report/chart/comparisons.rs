use super::super::figure::figure;
use super::super::palette;
use super::super::svg::{Anchor, Svg, fit};
use super::axis::{BELOW, bottom};
use super::scale::Scale;
use super::{Drawing, Room};
use crate::run::validation::{Comparison, Validated};

const ROW: f64 = 24.0;
const HEAD: f64 = 24.0;

/// Observed shares with their intervals, over the interval that holds 95 % of simulated trials: first what no fit has
/// used, then what one has. Means have axes of their own and stand in the table alone.
fn draw(validated: &Validated, words: &str) -> Drawing {
    let shares = || validated.comparisons.iter().filter(|c| c.unit == "%");
    let groups = [(false, "Not used in a fit"), (true, "Used in a fit")]
        .map(|(fitted, name)| (name, shares().filter(|c| c.fitted == fitted).collect::<Vec<&Comparison>>()));
    let high = shares().flat_map(|c| [c.observed_interval[1], c.prediction_interval[1]]).fold(10.0, f64::max);
    let width = Room::Wide.width();
    let (left, right) = (0.46 * width, width - 150.0);
    let x = Scale::linear((0.0, high), (left, right));
    let rows: usize = groups.iter().map(|(_, rows)| rows.len()).sum();
    let total = 2.0 * HEAD + ROW * rows as f64 + 8.0;
    let mut svg = Svg::new(width);
    let ticks = x.ticks(6);
    for tick in &ticks {
        svg.line((x.at(tick.value), 0.0), (x.at(tick.value), total), "grid");
    }
    let mut at = 0.0;
    for (name, rows) in &groups {
        svg.text((0.0, at + 16.0), Anchor::Start, "name", name);
        at += HEAD;
        for comparison in rows {
            row(&mut svg, &x, at, comparison);
            at += ROW;
        }
    }
    bottom(&mut svg, &x, total, &ticks, "Patients with the event (%)");
    Drawing {
        title: validated.title.clone(),
        description: format!(
            "Dots are observed shares with 95 % intervals; boxes hold 95 % of simulated trials of that size. Means stand in the table. {words}"
        ),
        svg,
        height: total + BELOW,
    }
}

fn row(svg: &mut Svg, x: &Scale, at: f64, comparison: &Comparison) {
    let [lower, upper] = comparison.prediction_interval;
    let text =
        format!("{} in {} to {}", figure(comparison.observed, "%"), figure(lower, "%"), figure(upper, "%"));
    svg.open(if comparison.inside { "arm a0" } else { "arm a1" }, &format!("{}: {text} %", comparison.label));
    svg.text((8.0, at + 15.0), Anchor::Start, "tick", &fit(&comparison.label, x.range().0 - 16.0, 12.0));
    svg.text((svg.width(), at + 15.0), Anchor::End, "figure", &text);
    let y = at + 11.0;
    svg.rect((x.at(lower), y - 7.0), ((x.at(upper) - x.at(lower)).max(1.0), 14.0), 3.0, "band90");
    svg.line((x.at(comparison.predicted), y - 7.0), (x.at(comparison.predicted), y + 7.0), "median");
    let [low, high] = comparison.observed_interval;
    svg.line((x.at(low), y), (x.at(high), y), "whisker");
    svg.circle((x.at(comparison.observed), y), 4.5, "point");
    svg.close();
}

/// The drawing as a file.
pub(in super::super) fn file(validated: &Validated, words: &str) -> String {
    let Drawing { title, description, svg, height } = draw(validated, words);
    svg.finish(height, "validation", (&title, &description), Some(&palette::file_style()))
}
