use super::super::figure::{difference_unit, quantity, share, signed};
use super::super::svg::{Anchor, Svg, fit, text_width};
use super::axis::{BELOW, bottom, titled};
use super::scale::{Scale, span};
use super::{Arms, Drawing, Room};
use crate::run::results::{Dependence, EndpointDesign, Results};

const HEAD: f64 = 20.0;

/// A chart for each arm that is compared: where a difference goes with each uncertain quantity, the widest bar first.
pub(super) fn draw(
    results: &Results,
    endpoint: &EndpointDesign,
    arms: &Arms<'_>,
    room: Room,
) -> Vec<Drawing> {
    let own: Vec<&Dependence> = results.dependences.iter().filter(|d| d.endpoint == endpoint.name).collect();
    let mut compared: Vec<&str> = own.iter().map(|d| d.arm.as_str()).collect();
    compared.dedup();
    compared
        .iter()
        .filter_map(|arm| {
            one(&own.iter().copied().filter(|d| d.arm == *arm).collect::<Vec<_>>(), endpoint, arms, room)
        })
        .collect()
}

fn one(rows: &[&Dependence], endpoint: &EndpointDesign, arms: &Arms<'_>, room: Room) -> Option<Drawing> {
    let first = rows.first()?;
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| width(b).total_cmp(&width(a)));
    let (low, high) = span(rows.iter().flat_map(|d| [d.at[0], d.at[1], d.centre]));
    let beside = (high - low) * 0.12;
    let (left, right) = room.choose((290.0, room.width() - 90.0), (56.0, room.width() - 56.0));
    let x = Scale::linear((low - beside, high + beside), (left, right));
    let row = room.choose(24.0, 40.0);
    let total = HEAD + row * rows.len() as f64 + 4.0;
    let mut svg = Svg::new(room.width());
    let ticks = x.ticks(room.choose(7, 4));
    for tick in &ticks {
        svg.line((x.at(tick.value), HEAD), (x.at(tick.value), total), "grid");
    }
    svg.text((svg.width(), 12.0), Anchor::End, "note", "explains");
    svg.open(&arms.class(&first.arm), "");
    for (i, dependence) in rows.iter().enumerate() {
        bar(&mut svg, dependence, (&x, HEAD + row * i as f64, room));
    }
    svg.close();
    svg.line((x.at(first.centre), HEAD), (x.at(first.centre), total), "zero");
    let unit = difference_unit(&first.unit);
    bottom(&mut svg, &x, total, &ticks, &titled(&format!("Difference from {}", first.reference), unit));
    let words = rows.iter().map(|d| words(d)).collect::<Vec<_>>();
    Some(Drawing {
        title: format!("{}, {}", endpoint.label, first.arm),
        description: format!("{}.", words.join("; ")),
        svg,
        height: total + BELOW,
    })
}

fn width(dependence: &Dependence) -> f64 {
    (dependence.at[1] - dependence.at[0]).abs()
}

/// A bar between the differences at the ends of a quantity; pale towards its low end, full towards its high end.
fn bar(svg: &mut Svg, dependence: &Dependence, (x, at, room): (&Scale, f64, Room)) {
    svg.open("", &words(dependence));
    let name = fit(&dependence.quantity, room.choose(x.range().0 - 16.0, svg.width() - 60.0), 13.0);
    svg.text((0.0, at + 16.0), Anchor::Start, "label", &name);
    let explained = share(dependence.explained);
    svg.text((svg.width(), at + 16.0), Anchor::End, "figure", &explained);
    let y = at + room.choose(5.0, 22.0);
    let centre = x.at(dependence.centre);
    let range = dependence.range.map(|value| quantity(value, &dependence.range_unit));
    for (end, class, text) in [(dependence.at[0], "band50", &range[0]), (dependence.at[1], "dot", &range[1])]
    {
        let end = x.at(end);
        svg.rect((end.min(centre), y), ((end - centre).abs(), 14.0), 0.0, class);
        let outward = if end < centre { -1.0 } else { 1.0 };
        let anchor = if end < centre { Anchor::End } else { Anchor::Start };
        // Where there is no room for the value the bar still stands.
        let room_left = if end < centre {
            end - room.choose(text_width(&name, 13.0), 0.0)
        } else {
            svg.width() - 60.0 - end
        };
        if room_left > text_width(text, 12.0) {
            svg.text((end + 4.0 * outward, y + 11.0), anchor, "note", text);
        }
    }
    svg.close();
}

fn words(dependence: &Dependence) -> String {
    let unit = difference_unit(&dependence.unit);
    let value = |at: f64| signed(at, &dependence.unit);
    let ends = dependence.at.map(value);
    format!(
        "{} from {} to {}: {} to {} {unit}, {} of the variance between draws",
        dependence.quantity,
        quantity(dependence.range[0], &dependence.range_unit),
        quantity(dependence.range[1], &dependence.range_unit),
        ends[0],
        ends[1],
        share(dependence.explained)
    )
}
