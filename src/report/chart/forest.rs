use super::super::answer::Contrast;
use super::super::figure::{difference, difference_unit, signed};
use super::super::svg::{Anchor, Svg, wrap};
use super::axis::{BELOW, bottom};
use super::scale::{Scale, span};
use super::{Arms, Drawing, Room};
use crate::run::results::{Better, EndpointDesign, EndpointKind, Results};

const ROW: f64 = 22.0;

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
        .filter(|endpoint| endpoint.kind != EndpointKind::Continuous)
        .map(|endpoint| {
            let rows = contrasts.iter().filter(|c| c.is(scenario, reference, &endpoint.name)).collect();
            (endpoint, rows)
        })
        .filter(|(_, rows): &(_, Vec<_>)| !rows.is_empty())
        .collect();
    let unit = groups.first().map(|(endpoint, _)| endpoint.unit.as_str())?;

    let all = groups.iter().flat_map(|(_, rows)| rows.iter());
    let limits = all.flat_map(|c| [c.estimate.value, c.lower(), c.upper()]).chain([0.0]);
    let (low, high) = span(limits);
    let padding = (high - low) * 0.05;
    let left = room.choose(300.0, 8.0);
    let right = room.width() - room.choose(180.0, 8.0);
    let x = Scale::linear((low - padding, high + padding), (left, right));
    let head = room.choose(4.0, 24.0);
    let row = room.choose(ROW, ROW + 16.0);
    let total: f64 = groups.iter().map(|(_, rows)| head + row * rows.len() as f64 + 14.0).sum();

    let mut svg = Svg::new(room.width());
    for tick in &x.ticks(room.choose(7, 5)) {
        svg.line((x.at(tick.value), 0.0), (x.at(tick.value), total), "grid");
    }
    svg.line((x.at(0.0), 0.0), (x.at(0.0), total), "zero");
    let mut at = 0.0;
    for (endpoint, rows) in &groups {
        let lines = wrap(&endpoint.label, room.choose(280.0, room.width()), 13.0);
        for (i, line) in lines.iter().take(2).enumerate() {
            svg.text((0.0, at + 17.0 + 15.0 * i as f64), Anchor::Start, "name", line);
        }
        let direction = match endpoint.better {
            Better::Higher => "more is better",
            Better::Lower => "less is better",
            Better::Neither => "",
        };
        if room == Room::Wide && lines.len() == 1 {
            svg.text((0.0, at + 33.0), Anchor::Start, "note", direction);
        }
        at += head;
        for contrast in rows {
            contrast_row(&mut svg, contrast, unit, arms, (&x, at, room));
            at += row;
        }
        at += 14.0;
    }
    bottom(
        &mut svg,
        &x,
        total,
        &x.ticks(room.choose(7, 5)),
        &format!("Difference from {reference} ({})", difference_unit(unit)),
    );
    let words = groups.iter().flat_map(|(endpoint, rows)| {
        rows.iter().map(|c| format!("{}, {}: {}", endpoint.label, c.arm, difference(c.estimate.value, unit)))
    });
    Some(Drawing {
        title: format!("Differences from {reference}"),
        description: format!("With 95 % intervals. {}.", words.collect::<Vec<_>>().join("; ")),
        svg,
        height: total + BELOW,
    })
}

fn contrast_row(
    svg: &mut Svg,
    contrast: &Contrast<'_>,
    unit: &str,
    arms: &Arms<'_>,
    (x, at, room): (&Scale, f64, Room),
) {
    let estimate = contrast.estimate;
    let text = format!(
        "{} ({} to {})",
        signed(estimate.value, unit),
        signed(contrast.lower(), unit),
        signed(contrast.upper(), unit)
    );
    svg.open(&arms.class(contrast.arm), &format!("{}: {text} {}", contrast.arm, difference_unit(unit)));
    let y = at + room.choose(12.0, 26.0);
    svg.line((x.at(contrast.lower()), y), (x.at(contrast.upper()), y), "whisker");
    svg.circle((x.at(estimate.value), y), 5.0, "point");
    if room == Room::Wide {
        svg.text((svg.width() - 4.0, y + 4.5), Anchor::End, "figure", &text);
    } else {
        svg.circle((5.0, at + 7.5), 4.0, "dot");
        svg.text((14.0, at + 12.0), Anchor::Start, "note", contrast.arm);
        svg.text((svg.width() - 2.0, at + 12.0), Anchor::End, "figure", &text);
    }
    svg.close();
}
