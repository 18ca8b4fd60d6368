use super::super::figure::quantity;
use super::super::svg::{Anchor, Svg};
use super::axis::{BELOW, across, bottom, titled};
use super::marks::{arm_name, points, ribbon};
use super::scale::{Scale, Tick, span, up_from_zero};
use super::{Arms, Drawing, Room};
use crate::run::results::Profile;

/// What values over time are.
pub(super) struct Look<'a> {
    /// The title of the chart.
    pub(super) title: &'a str,
    /// The title of the upright axis, without its unit.
    pub(super) axis: &'a str,
    /// Lines across.
    pub(super) thresholds: &'a [f64],
    /// Whether the upright axis begins at zero.
    pub(super) from_zero: bool,
}

/// A panel an arm on common scales: median, the middle half and the middle 90 % of subjects.
pub(super) fn draw(profiles: &[&Profile], look: &Look<'_>, arms: &Arms<'_>, room: Room) -> Drawing {
    let columns = room.choose(profiles.len().clamp(1, 3), 1);
    let rows = profiles.len().div_ceil(columns);
    let (left, gap, head) = (44.0, 22.0, 40.0);
    let panel = (room.width() - left - 12.0 - gap * (columns - 1) as f64) / columns as f64;
    let height = room.choose(210.0, 150.0);
    let top = |row: usize| row as f64 * (head + height + BELOW + 8.0) + head;

    let unit = profiles.first().map_or("", |profile| profile.unit.as_str());
    let times = span(profiles.iter().flat_map(|profile| profile.times.iter().copied()));
    let (time_title, hours) = time_unit(times);

    let mut svg = Svg::new(room.width());
    for (i, profile) in profiles.iter().enumerate() {
        let (row, column) = (i / columns, i % columns);
        let x0 = left + column as f64 * (panel + gap);
        let y0 = top(row);
        let x = Scale::linear(times, (x0, x0 + panel));
        let y = upright(profiles, look, (y0 + height, y0));
        across(&mut svg, &y, (x0, x0 + panel), &y.ticks(5), column == 0);
        if column == 0 {
            svg.text((0.0, y0 - 26.0), Anchor::Start, "axis-title", &titled(look.axis, unit));
        }
        bottom(&mut svg, &x, y0 + height, &time_ticks(times, hours, x.range()), time_title);
        for value in look.thresholds {
            svg.line((x0, y.at(*value)), (x0 + panel, y.at(*value)), "threshold");
        }
        for other in profiles.iter().filter(|other| other.arm != profile.arm) {
            svg.open(&arms.class(&other.arm), "");
            svg.path(&points(&x, &y, &other.times, &other.median), "faint");
            svg.close();
        }
        let (largest, least) = (extreme(profile, f64::max), extreme(profile, f64::min));
        let note = format!(
            "{}: median between {} and {}",
            profile.arm,
            quantity(least, unit),
            quantity(largest, unit)
        );
        svg.open(&arms.class(&profile.arm), &note);
        ribbon(&mut svg, (&x, &y), &profile.times, (&profile.q05, &profile.q95), "band90");
        ribbon(&mut svg, (&x, &y), &profile.times, (&profile.q25, &profile.q75), "band50");
        svg.path(&points(&x, &y, &profile.times, &profile.median), "median");
        arm_name(&mut svg, (x0, y0 - 6.0), &profile.arm, panel - 4.0, "name");
        svg.close();
    }
    let arms_text = profiles
        .iter()
        .map(|p| {
            format!(
                "{} from {} to {}",
                p.arm,
                quantity(extreme(p, f64::min), unit),
                quantity(extreme(p, f64::max), unit)
            )
        })
        .collect::<Vec<_>>()
        .join("; ");
    Drawing {
        title: look.title.to_owned(),
        description: format!(
            "A panel for each arm: the median with the middle 50 % and the middle 90 % of subjects. \
             Medians over the interval: {arms_text}."
        ),
        svg,
        height: top(rows.saturating_sub(1)) + height + BELOW,
    }
}

/// The upright scale: from zero, or around the bands and thresholds; logarithmic where the bands span much.
fn upright(profiles: &[&Profile], look: &Look<'_>, range: (f64, f64)) -> Scale {
    let (_, high) = span(profiles.iter().flat_map(|profile| profile.q95.iter().copied()));
    if look.from_zero {
        return Scale::linear(up_from_zero(high, 7), range);
    }
    let (low, _) = span(profiles.iter().flat_map(|profile| profile.q05.iter().copied()));
    let (low, high) = span(look.thresholds.iter().copied().chain([low, high]));
    if low > 0.0 && high > 20.0 * low {
        return Scale::log((low, high), range);
    }
    let room = (high - low) * 0.06;
    Scale::linear((low - room, high + room), range)
}

/// The title of the time axis and its unit in hours: longer courses are read in days and weeks.
pub(super) fn time_unit((from, to): (f64, f64)) -> (&'static str, f64) {
    match to - from {
        hours if hours <= 96.0 => ("Time after dose (h)", 1.0),
        hours if hours <= 24.0 * 60.0 => ("Time (days)", 24.0),
        _ => ("Time (weeks)", 168.0),
    }
}

/// Marks of a time axis at round values of its unit.
pub(super) fn time_ticks((from, to): (f64, f64), hours: f64, range: (f64, f64)) -> Vec<Tick> {
    let scale = Scale::linear((from / hours, to / hours), range);
    // Parts of a day, days, weeks and quarters of a year.
    let steps: &[f64] = match hours {
        1.0 => &[1.0, 2.0, 3.0, 4.0, 6.0, 12.0, 24.0],
        24.0 => &[1.0, 2.0, 7.0, 14.0],
        _ => &[1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 52.0],
    };
    let ticks = scale.stepped_ticks(5, steps);
    ticks.into_iter().map(|tick| Tick { value: tick.value * hours, label: tick.label }).collect()
}

fn extreme(profile: &Profile, of: fn(f64, f64) -> f64) -> f64 {
    profile.median.iter().copied().fold(f64::NAN, of)
}
