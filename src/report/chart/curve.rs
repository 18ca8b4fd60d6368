use super::super::figure::{figure, quantity, share};
use super::super::svg::{Anchor, Svg, text_width};
use super::axis::{BELOW, across, bottom, capitalised, titled};
use super::labels::Labels;
use super::marks::{arm_name, points, ribbon, strip};
use super::scale::{Scale, span, up_from_zero};
use super::{Arms, Drawing, Room};
use crate::run::results::{ArmExposure, Curve, EvidencePoint};

const LEFT: f64 = 44.0;
const SECTION: f64 = 26.0;
const HEAD: f64 = 42.0;
const ROW: f64 = 34.0;

/// The curve with its bands and evidence; under it, on the same axis, the observed groups and the arms' exposures.
pub(super) fn draw(curve: &Curve, arms: &Arms<'_>, room: Room) -> Drawing {
    let (left, right) = (LEFT, room.width() - 10.0);
    let foot = HEAD + room.choose(300.0, 210.0);
    let x = exposure_scale(curve, (left, right));
    let y = Scale::linear(percentages(curve), (foot, HEAD));
    let groups: Vec<&EvidencePoint> = curve.points.iter().filter(|p| p.proportion.is_none()).collect();
    let group_row_height = room.choose(22.0, ROW);
    let sections = usize::from(!groups.is_empty()) + usize::from(!curve.arms.is_empty());
    let rows = group_row_height * groups.len() as f64 + ROW * curve.arms.len() as f64;
    let bottom_line = foot + 14.0 + SECTION * sections as f64 + rows;

    let mut svg = Svg::new(room.width());
    svg.text((0.0, 14.0), Anchor::Start, "axis-title", &titled(&curve.label, "%"));
    evidence_range(&mut svg, curve, &x, (HEAD, bottom_line));
    across(&mut svg, &y, (left, right), &y.ticks(5), true);
    svg.line((left, foot), (right, foot), "axis");
    band(&mut svg, curve, &x, &y);
    observed(&mut svg, curve, (&x, &y));

    let mut at = foot + 6.0;
    if !groups.is_empty() {
        section(&mut svg, &mut at, "Observed: median and quartiles of each group");
    }
    for group in groups {
        group_row(&mut svg, group, &curve.unit, (&x, at, room));
        at += group_row_height;
    }
    if !curve.arms.is_empty() {
        section(&mut svg, &mut at, "Simulated: median, middle 50 % and 90 % of subjects");
    }
    for exposure in &curve.arms {
        arm_row(&mut svg, exposure, arms, (&x, at));
        at += ROW;
    }
    let metric = titled(&capitalised(&curve.metric), &curve.unit);
    bottom(&mut svg, &x, bottom_line, &x.ticks(room.choose(9, 6)), &metric);
    Drawing {
        title: format!("{} against {}", curve.label, curve.metric),
        description: description(curve),
        svg,
        height: bottom_line + BELOW,
    }
}

/// The upright axis in %, from 0; a curve that comes near 100 % gets all of it.
fn percentages(curve: &Curve) -> (f64, f64) {
    let observed = curve.points.iter().filter_map(|point| point.proportion).map(|(_, _, upper)| upper);
    let (_, high) = span(curve.upper95.iter().copied().chain(observed));
    if high > 0.7 { (0.0, 100.0) } else { up_from_zero(high * 100.0, 7) }
}

/// Logarithmic, unless placebo (no exposure) is among the evidence.
fn exposure_scale(curve: &Curve, range: (f64, f64)) -> Scale {
    let ends = span(curve.exposures.iter().copied());
    if ends.0 > 0.0 { Scale::log(ends, range) } else { Scale::linear(ends, range) }
}

/// The range of the evidence, shaded through curve and strips.
fn evidence_range(svg: &mut Svg, curve: &Curve, x: &Scale, (top, foot): (f64, f64)) {
    let (low, high) = curve.evidence_range;
    let (from, to) = (x.within(low), x.within(high));
    svg.open(
        "evidence-range",
        &format!("Range of the evidence: {} to {}", quantity(low, &curve.unit), quantity(high, &curve.unit)),
    );
    svg.rect((from, top), (to - from, foot - top), 0.0, "shade");
    svg.close();
    svg.line((from, top), (from, foot), "edge");
    svg.line((to, top), (to, foot), "edge");
    svg.text(((from + to) / 2.0, top - 6.0), Anchor::Middle, "note", "range of the evidence");
}

/// Bands and median; the median is dashed where there is no evidence.
fn band(svg: &mut Svg, curve: &Curve, x: &Scale, y: &Scale) {
    let percent = |values: &[f64]| values.iter().map(|value| value * 100.0).collect::<Vec<_>>();
    let (low95, high95) = (percent(&curve.lower95), percent(&curve.upper95));
    let (low50, high50) = (percent(&curve.lower50), percent(&curve.upper50));
    svg.open("response", "Median of the fitted curves with their 50 % and 95 % intervals");
    ribbon(svg, (x, y), &curve.exposures, (&low95, &high95), "band90");
    ribbon(svg, (x, y), &curve.exposures, (&low50, &high50), "band50");
    let median = points(x, y, &curve.exposures, &percent(&curve.median));
    let (low, high) = curve.evidence_range;
    let inside = |exposure: f64| (low..=high).contains(&exposure);
    let only = |wanted: bool| -> Vec<(f64, f64)> {
        let at = &curve.exposures;
        (0..median.len())
            .map(|i| {
                // A segment belongs outside if either of its ends does.
                let touches = |j: usize| at.get(j).is_some_and(|e| !inside(*e));
                let here = at.get(i).is_some_and(|e| inside(*e));
                let near = touches(i + 1) || (i > 0 && touches(i - 1));
                let shown = if wanted { here } else { !here || near };
                if shown { median[i] } else { (f64::NAN, f64::NAN) }
            })
            .collect()
    };
    svg.path(&only(false), "median dashed");
    svg.path(&only(true), "median");
    svg.close();
}

/// Observed proportions with their intervals, at their exposures with their quartiles; names where there is room.
fn observed(svg: &mut Svg, curve: &Curve, (x, y): (&Scale, &Scale)) {
    let points: Vec<_> = curve.points.iter().filter_map(|p| p.proportion.map(|shares| (p, shares))).collect();
    let place = |point: &EvidencePoint, value: f64| (x.within(point.exposure), y.at(value * 100.0));
    let (foot, top) = y.range();
    let bounds = (x.range().0, top, x.range().1, foot);
    let mut labels = Labels::new(bounds, points.iter().map(|(point, (value, _, _))| place(point, *value)));
    for (point, (value, lower, upper)) in points {
        svg.open("evidence", &point_words(point, &curve.unit));
        let (px, py) = place(point, value);
        svg.line((px, y.at(lower * 100.0)), (px, y.at(upper * 100.0)), "whisker");
        svg.line((x.within(point.exposure_lower), py), (x.within(point.exposure_upper), py), "whisker");
        svg.circle((px, py), 5.0, "point");
        if let Some((at, anchor)) = labels.place((px, py), &point.label) {
            svg.text(at, anchor, "note", &point.label);
        }
        svg.close();
    }
}

/// What was observed in a group or arm, in words.
pub(in crate::report) fn point_words(point: &EvidencePoint, unit: &str) -> String {
    let exposure = format!(
        "{} ({} to {})",
        quantity(point.exposure, unit),
        figure(point.exposure_lower, unit),
        figure(point.exposure_upper, unit)
    );
    match point.proportion {
        Some((value, lower, upper)) => {
            format!("{}: {} ({} to {}) at {exposure}", point.label, share(value), share(lower), share(upper))
        }
        None => format!("{}: {exposure}", point.label),
    }
}

/// An observed group; its name stands beside its bar, on a phone above it.
fn group_row(svg: &mut Svg, group: &EvidencePoint, unit: &str, (x, at, room): (&Scale, f64, Room)) {
    svg.open("evidence", &point_words(group, unit));
    let (low, high) = (x.within(group.exposure_lower), x.within(group.exposure_upper));
    let y = at + room.choose(8.0, 22.0);
    let before = low - x.range().0 > text_width(&group.label, 12.0) + 16.0;
    let beside =
        if before { ((low - 10.0, y + 4.0), Anchor::End) } else { ((high + 10.0, y + 4.0), Anchor::Start) };
    let (place, anchor) = room.choose(beside, ((x.range().0 + 4.0, at + 11.0), Anchor::Start));
    svg.text(place, anchor, "note", &group.label);
    svg.line((low, y), (high, y), "thick");
    svg.circle((x.within(group.exposure), y), 4.5, "point");
    svg.close();
}

fn arm_row(svg: &mut Svg, exposure: &ArmExposure, arms: &Arms<'_>, (x, at): (&Scale, f64)) {
    let (left, right) = x.range();
    svg.open(&arms.class(&exposure.arm), &arm_words(exposure));
    arm_name(svg, (left + 4.0, at + 11.0), &exposure.arm, right - left - 130.0, "name");
    let outside = exposure.share_below + exposure.share_above;
    svg.text((right - 2.0, at + 11.0), Anchor::End, "note", &format!("{} outside", share(outside)));
    strip(svg, x, at + 22.0, exposure.quantiles);
    svg.close();
}

fn section(svg: &mut Svg, at: &mut f64, title: &str) {
    svg.text((0.0, *at + 14.0), Anchor::Start, "section", title);
    *at += SECTION;
}

fn arm_words(exposure: &ArmExposure) -> String {
    format!(
        "{}: {} of subjects below and {} above the range of the evidence",
        exposure.arm,
        share(exposure.share_below),
        share(exposure.share_above)
    )
}

fn description(curve: &Curve) -> String {
    let at = |i: usize| {
        let value = |values: &[f64]| values.get(i).map_or(f64::NAN, |v| *v);
        format!(
            "{} ({} to {}) at {}",
            share(value(&curve.median)),
            share(value(&curve.lower95)),
            share(value(&curve.upper95)),
            quantity(value(&curve.exposures), &curve.unit)
        )
    };
    let last = curve.exposures.len().saturating_sub(1);
    let arms = curve.arms.iter().map(arm_words).collect::<Vec<_>>().join("; ");
    let (low, high) = curve.evidence_range;
    format!(
        "The curve runs from {} to {}. The evidence spans {} to {}. {arms}.",
        at(0),
        at(last),
        quantity(low, &curve.unit),
        quantity(high, &curve.unit)
    )
}
