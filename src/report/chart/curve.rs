use super::super::figure::{quantity, share};
use super::super::svg::{Anchor, Svg, text_width, wrap};
use super::axis::{BELOW, across, bottom, titled};
use super::profile::{points, ribbon};
use super::scale::{Scale, span, up_from_zero};
use super::troughs::strip;
use super::{Arms, Drawing, Room};
use crate::run::results::{ArmExposure, Curve, EvidencePoint};

const LEFT: f64 = 44.0;
const SECTION: f64 = 26.0;
const HEAD: f64 = 42.0;
const ROW: f64 = 34.0;
const GROUP_ROW: f64 = 22.0;

/// The curve with its bands and evidence; under it, on the same axis, the observed groups and the arms' exposures.
pub(super) fn draw(curve: &Curve, arms: &Arms<'_>, room: Room) -> Drawing {
    let (left, right) = (LEFT, room.width() - 10.0);
    let height = room.choose(300.0, 210.0);
    let x = exposure_scale(curve, (left, right));
    let proportions = curve.points.iter().filter_map(|point| point.proportion);
    let (_, high) = span(curve.upper95.iter().copied().chain(proportions.map(|(_, _, upper)| upper)));
    // Percentages on the axis; a curve that comes near 100 % gets all of it.
    let high = if high > 0.7 { (0.0, 100.0) } else { up_from_zero(high * 100.0, 7) };
    let y = Scale::linear(high, (HEAD + height, HEAD));

    let groups: Vec<&EvidencePoint> = curve.points.iter().filter(|p| p.proportion.is_none()).collect();
    let strips_top = HEAD + height + 6.0;
    let sections = usize::from(!groups.is_empty()) + usize::from(!curve.arms.is_empty());
    let rows = GROUP_ROW * groups.len() as f64 + ROW * curve.arms.len() as f64;
    let bottom_line = strips_top + SECTION * sections as f64 + rows + 8.0;

    let mut svg = Svg::new(room.width());
    svg.text((0.0, 14.0), Anchor::Start, "axis-title", &titled(&curve.label, "%"));
    evidence_range(&mut svg, curve, &x, (HEAD, bottom_line));
    across(&mut svg, &y, (left, right), &y.ticks(5), true);
    svg.line((left, HEAD + height), (right, HEAD + height), "axis");
    band(&mut svg, curve, &x, &y);
    for point in curve.points.iter().filter(|point| point.proportion.is_some()) {
        observed(&mut svg, point, (&x, &y), &curve.unit);
    }

    let mut at = strips_top;
    if !groups.is_empty() {
        section(&mut svg, &mut at, "Observed: median and quartiles of each group");
    }
    for group in groups {
        group_row(&mut svg, group, &curve.unit, (&x, at));
        at += GROUP_ROW;
    }
    if !curve.arms.is_empty() {
        section(&mut svg, &mut at, "Simulated: median, middle 50 % and 90 % of subjects");
    }
    for exposure in &curve.arms {
        arm_row(&mut svg, exposure, arms, (&x, at));
        at += ROW;
    }
    bottom(&mut svg, &x, bottom_line, &x.ticks(room.choose(9, 6)), &titled(&curve.metric, &curve.unit));
    Drawing {
        title: format!("{} against {}", curve.label, curve.metric),
        description: description(curve),
        svg,
        height: bottom_line + BELOW,
    }
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

/// An observed proportion with its interval, at its exposure with its quartiles.
fn observed(svg: &mut Svg, point: &EvidencePoint, (x, y): (&Scale, &Scale), unit: &str) {
    let Some((value, lower, upper)) = point.proportion else { return };
    let note = format!(
        "{}: observed {} ({} to {}) at {}",
        point.label,
        share(value),
        share(lower),
        share(upper),
        quantity(point.exposure, unit)
    );
    svg.open("evidence", &note);
    let (px, py) = (x.within(point.exposure), y.at(value * 100.0));
    svg.line((px, y.at(lower * 100.0)), (px, y.at(upper * 100.0)), "whisker");
    svg.line((x.within(point.exposure_lower), py), (x.within(point.exposure_upper), py), "whisker");
    svg.circle((px, py), 5.0, "point");
    // Beside and below its point, where a rising curve leaves room; above the point if the axis is near.
    let (foot, right) = (y.range().0, x.range().1);
    let level = if foot - py < 26.0 { py - 9.0 } else { py + 18.0 };
    let near_end = px + text_width(&point.label, 12.0) > right - 10.0;
    let (at, anchor) = if near_end { (px - 9.0, Anchor::End) } else { (px + 9.0, Anchor::Start) };
    svg.text((at, level), anchor, "note", &point.label);
    svg.close();
}

/// An observed group; its name stands beside its bar, where there is room.
fn group_row(svg: &mut Svg, group: &EvidencePoint, unit: &str, (x, at): (&Scale, f64)) {
    svg.open("evidence", &group_words(group, unit));
    let (low, high) = (x.within(group.exposure_lower), x.within(group.exposure_upper));
    let before = low - x.range().0 > text_width(&group.label, 12.0) + 16.0;
    let (text, anchor) = if before { (low - 10.0, Anchor::End) } else { (high + 10.0, Anchor::Start) };
    svg.text((text, at + 12.0), anchor, "note", &group.label);
    svg.line((low, at + 8.0), (high, at + 8.0), "thick");
    svg.circle((x.within(group.exposure), at + 8.0), 4.5, "point");
    svg.close();
}

fn arm_row(svg: &mut Svg, exposure: &ArmExposure, arms: &Arms<'_>, (x, at): (&Scale, f64)) {
    let (left, right) = x.range();
    svg.open(&arms.class(&exposure.arm), &arm_words(exposure));
    svg.circle((left + 9.0, at + 6.5), 4.5, "dot");
    let name = wrap(&exposure.arm, (right - left) * 0.55, 13.0);
    svg.text((left + 19.0, at + 11.0), Anchor::Start, "name", name.first().map_or("", |line| line));
    let outside = exposure.share_below + exposure.share_above;
    svg.text((right - 2.0, at + 11.0), Anchor::End, "note", &format!("{} outside", share(outside)));
    strip(svg, x, at + 22.0, exposure.quantiles);
    svg.close();
}

fn section(svg: &mut Svg, at: &mut f64, title: &str) {
    svg.text((0.0, *at + 14.0), Anchor::Start, "section", title);
    *at += SECTION;
}

fn group_words(group: &EvidencePoint, unit: &str) -> String {
    format!(
        "{}: {} ({} to {})",
        group.label,
        quantity(group.exposure, unit),
        quantity(group.exposure_lower, unit),
        quantity(group.exposure_upper, unit)
    )
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
