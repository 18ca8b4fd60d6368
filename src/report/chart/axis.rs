use super::super::svg::{Anchor, Svg, text_width};
use super::scale::{Scale, Tick};

/// The height that a labelled axis with its title takes below the plot.
pub(super) const BELOW: f64 = 44.0;

/// An axis at the bottom: a line, marks with labels, the title under them.
pub(super) fn bottom(svg: &mut Svg, scale: &Scale, y: f64, ticks: &[Tick], title: &str) {
    let (from, to) = scale.range();
    svg.line((from, y), (to, y), "axis");
    let mut free = f64::NEG_INFINITY;
    for tick in ticks {
        let x = scale.at(tick.value);
        svg.line((x, y), (x, y + 5.0), "axis");
        let half = text_width(&tick.label, 12.0) / 2.0;
        if x - half > free {
            svg.text((x, y + 19.0), Anchor::Middle, "tick", &tick.label);
            free = x + half + 4.0;
        }
    }
    svg.text(((from + to) / 2.0, y + 38.0), Anchor::Middle, "axis-title", title);
}

/// Lines across the plot at the marks of an upright scale, labelled at the left.
pub(super) fn across(svg: &mut Svg, scale: &Scale, (left, right): (f64, f64), ticks: &[Tick], labels: bool) {
    for tick in ticks {
        let y = scale.at(tick.value);
        svg.line((left, y), (right, y), "grid");
        if labels {
            svg.text((left - 8.0, y + 4.0), Anchor::End, "tick", &tick.label);
        }
    }
}

/// A name as it begins a title.
pub(in crate::report) fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A title with its unit in parentheses.
pub(super) fn titled(title: &str, unit: &str) -> String {
    if unit.is_empty() { title.to_owned() } else { format!("{title} ({unit})") }
}
