use super::super::svg::{Anchor, Svg, fit};
use super::scale::Scale;

/// A band between two courses.
pub(super) fn ribbon(
    svg: &mut Svg,
    (x, y): (&Scale, &Scale),
    at: &[f64],
    (low, high): (&[f64], &[f64]),
    class: &str,
) {
    let upper = points(x, y, at, high);
    let lower = points(x, y, at, low);
    svg.area(upper.into_iter().chain(lower.into_iter().rev()), class);
}

/// Places of values.
pub(super) fn points(x: &Scale, y: &Scale, at: &[f64], values: &[f64]) -> Vec<(f64, f64)> {
    at.iter().zip(values).map(|(at, value)| (x.at(*at), y.at(*value))).collect()
}

/// The middle 90 % as a thin line, the middle half as a thick one, the median as a dot.
pub(super) fn strip(svg: &mut Svg, x: &Scale, y: f64, quantiles: [f64; 5]) {
    let [q05, q25, median, q75, q95] = quantiles.map(|value| x.within(value));
    svg.line((q05, y), (q95, y), "whisker");
    svg.line((q25, y), (q75, y), "thick");
    svg.circle((median, y), 4.5, "point");
}

/// The name of an arm with a dot in its colour, on a base line, in so many pixels.
pub(super) fn arm_name(svg: &mut Svg, (x, y): (f64, f64), name: &str, width: f64, class: &str) {
    svg.circle((x + 5.0, y - 4.5), 4.5, "dot");
    svg.text((x + 15.0, y), Anchor::Start, class, &fit(name, width - 15.0, 13.0));
}
