use super::super::answer::Contrast;
use super::super::figure::{difference, difference_unit, signed};
use super::super::svg::{Anchor, Svg, fit, text_width};
use super::axis::{BELOW, bottom, titled};
use super::marks::arm_name;
use super::scale::{Scale, span};
use super::{Arms, Drawing, Room};
use crate::run::results::{Better, EndpointDesign, Results};

const HEAD: f64 = 22.0;
const BETWEEN: f64 = 12.0;

/// Differences in percentage points on one axis: a group an endpoint, a row a contrast.
pub(super) fn draw(
    results: &Results,
    contrasts: &[Contrast<'_>],
    arms: &Arms<'_>,
    room: Room,
) -> Option<Drawing> {
    let (scenario, reference) = contrasts.first().map(|c| (c.estimate.scenario.as_str(), c.reference))?;
    let groups: Vec<(&EndpointDesign, Vec<&Contrast<'_>>)> = results
        .design
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.kind.is_share())
        .map(|endpoint| {
            let rows = contrasts.iter().filter(|c| c.is(scenario, reference, &endpoint.name)).collect();
            (endpoint, rows)
        })
        .filter(|(_, rows): &(_, Vec<_>)| !rows.is_empty())
        .collect();
    let unit = groups.first().map(|(endpoint, _)| endpoint.unit.as_str())?;

    let limits =
        groups.iter().flat_map(|(_, rows)| rows).flat_map(|c| [c.estimate.value, c.lower(), c.upper()]);
    let (low, high) = span(limits.chain([0.0]));
    let room_beside = (high - low) * 0.05;
    let (left, right) = room.choose((260.0, room.width() - 180.0), (8.0, room.width() - 8.0));
    let x = Scale::linear((low - room_beside, high + room_beside), (left, right));
    let row = room.choose(21.0, 38.0);
    let total: f64 = groups.iter().map(|(_, rows)| HEAD + row * rows.len() as f64 + BETWEEN).sum();

    let mut svg = Svg::new(room.width());
    let ticks = x.ticks(room.choose(7, 5));
    for tick in &ticks {
        svg.line((x.at(tick.value), 0.0), (x.at(tick.value), total), "grid");
    }
    svg.line((x.at(0.0), 0.0), (x.at(0.0), total), "zero");
    let mut at = 0.0;
    for (endpoint, rows) in &groups {
        heading(&mut svg, endpoint, at, room);
        at += HEAD;
        for contrast in rows {
            contrast_row(&mut svg, contrast, arms, (&x, at, room));
            at += row;
        }
        at += BETWEEN;
    }
    let unit = difference_unit(unit);
    bottom(&mut svg, &x, total, &ticks, &titled(&format!("Difference from {reference}"), unit));
    let words = groups.iter().flat_map(|(endpoint, rows)| {
        let label = &endpoint.label;
        rows.iter()
            .map(move |c| format!("{label}, {}: {}", c.arm, difference(c.estimate.value, &endpoint.unit)))
    });
    Some(Drawing {
        title: format!("Differences from {reference}"),
        description: format!("With 95 % intervals. {}.", words.collect::<Vec<_>>().join("; ")),
        svg,
        height: total + BELOW,
    })
}

/// The endpoint's name, and which direction is good.
fn heading(svg: &mut Svg, endpoint: &EndpointDesign, at: f64, room: Room) {
    let direction = match endpoint.better {
        Better::Higher => "more is better",
        Better::Lower => "less is better",
        Better::Neither => "",
    };
    let note = text_width(direction, 12.0);
    let name = fit(&endpoint.label, room.width() - note - 20.0, 13.0);
    svg.text((0.0, at + 15.0), Anchor::Start, "name", &name);
    svg.text((svg.width(), at + 15.0), Anchor::End, "note", direction);
}

/// A difference with its interval: beside its arm, on a phone below it.
fn contrast_row(svg: &mut Svg, contrast: &Contrast<'_>, arms: &Arms<'_>, (x, at, room): (&Scale, f64, Room)) {
    let estimate = contrast.estimate;
    let unit = &estimate.unit;
    let limits = format!("{} to {}", signed(contrast.lower(), unit), signed(contrast.upper(), unit));
    let text = format!("{} ({limits})", signed(estimate.value, unit));
    svg.open(&arms.class(contrast.arm), &format!("{}: {text} {}", contrast.arm, difference_unit(unit)));
    let width = room.choose(x.range().0 - 20.0, svg.width() - text_width(&text, 12.5) - 10.0);
    arm_name(svg, (room.choose(8.0, 0.0), at + 14.0), contrast.arm, width, "");
    svg.text((svg.width(), at + 14.0), Anchor::End, "figure", &text);
    let y = at + room.choose(9.5, 27.0);
    svg.line((x.at(contrast.lower()), y), (x.at(contrast.upper()), y), "whisker");
    svg.circle((x.at(estimate.value), y), 5.0, "point");
    svg.close();
}
