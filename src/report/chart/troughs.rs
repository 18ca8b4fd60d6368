use super::super::figure::{figure, quantity};
use super::super::svg::{Anchor, Svg, text_width};
use super::axis::{BELOW, bottom, titled};
use super::marks::{arm_name, strip};
use super::scale::{Scale, span};
use super::{Arms, Drawing, Room};
use crate::run::results::Distribution;

const RIDGE: f64 = 52.0;
const STRIP: f64 = 18.0;
const LABEL: f64 = 22.0;
const BETWEEN: f64 = 12.0;

/// A ridge an arm on one logarithmic axis, with its median, middle half and middle 90 % under it.
pub(super) fn draw(distributions: &[&Distribution], arms: &Arms<'_>, room: Room) -> Drawing {
    let unit = distributions.first().map_or("", |d| d.unit.as_str());
    let label = distributions.first().map_or("", |d| d.label.as_str());
    let (left, right) = (6.0, room.width() - 6.0);
    let ends = distributions.iter().flat_map(|d| [quantile(d, 0.01), quantile(d, 0.99)]);
    let x = Scale::log(span(ends), (left, right));
    let (_, peak) = span(distributions.iter().flat_map(|d| d.density.iter().map(|(_, height)| *height)));
    let (domain_low, domain_high) = x.domain();

    let mut svg = Svg::new(room.width());
    let row = LABEL + RIDGE + STRIP + BETWEEN;
    let bottom_line = row * distributions.len() as f64;
    let ticks = x.ticks(room.choose(9, 6));
    for tick in &ticks {
        svg.line((x.at(tick.value), LABEL), (x.at(tick.value), bottom_line), "grid");
    }
    for (i, distribution) in distributions.iter().enumerate() {
        let base = i as f64 * row + LABEL + RIDGE;
        let words = words(distribution, unit);
        svg.open(&arms.class(&distribution.arm), &format!("{}: {words}", distribution.arm));
        let shown =
            distribution.density.iter().filter(|(value, _)| (domain_low..=domain_high).contains(value));
        let ridge: Vec<(f64, f64)> =
            shown.map(|(value, height)| (x.at(*value), base - RIDGE * height / peak)).collect();
        if let (Some(first), Some(last)) = (ridge.first(), ridge.last()) {
            let closed = [(first.0, base)].into_iter().chain(ridge.iter().copied()).chain([(last.0, base)]);
            svg.area(closed, "band50");
            svg.path(&ridge, "outline");
        }
        strip(&mut svg, &x, base + 9.0, [0.05, 0.25, 0.5, 0.75, 0.95].map(|p| quantile(distribution, p)));
        let beside = room.choose(text_width(&words, 12.0), 0.0);
        let width = right - left - beside - 12.0;
        arm_name(&mut svg, (left, base - RIDGE - 2.0), &distribution.arm, width, "name");
        let (at, anchor) = room.choose(
            ((right, base - RIDGE - 2.0), Anchor::End),
            ((left + 15.0, base - RIDGE + 13.0), Anchor::Start),
        );
        svg.text(at, anchor, "note", &words);
        svg.close();
    }
    bottom(&mut svg, &x, bottom_line, &ticks, &titled(label, unit));
    let all = distributions.iter().map(|d| format!("{}: {}", d.arm, words(d, unit))).collect::<Vec<_>>();
    Drawing {
        title: label.to_owned(),
        description: format!(
            "The distribution over subjects for each arm, on a logarithmic axis. {}.",
            all.join("; ")
        ),
        svg,
        height: bottom_line + BELOW,
    }
}

/// A quantile of those that were handed over; NaN if it is not among them.
fn quantile(distribution: &Distribution, probability: f64) -> f64 {
    let near = |p: f64| (p - probability).abs() < 1e-9;
    distribution.quantiles.iter().find(|(p, _)| near(*p)).map_or(f64::NAN, |(_, value)| *value)
}

fn words(distribution: &Distribution, unit: &str) -> String {
    format!(
        "median {}, 90 % of subjects {} to {}",
        quantity(quantile(distribution, 0.5), unit),
        figure(quantile(distribution, 0.05), unit),
        figure(quantile(distribution, 0.95), unit)
    )
}
