use super::super::figure::{count, share};
use super::super::svg::{Anchor, Svg};
use super::axis::{BELOW, across, bottom};
use super::marks::arm_name;
use super::profile::{time_ticks, time_unit};
use super::scale::Scale;
use super::{Arms, Drawing, Room};
use crate::run::results::{Persistence, PersistenceStep};

const LEFT: f64 = 44.0;
const HEAD: f64 = 30.0;
const ROW: f64 = 34.0;

/// A step curve an arm with its interval; under it, on the same axis, how many are still on treatment.
pub(super) fn draw(persistence: &[Persistence], arms: &Arms<'_>, room: Room) -> Option<Drawing> {
    let until = persistence.iter().map(|p| p.until).fold(0.0, f64::max);
    let first = persistence.first()?;
    let (left, right) = (LEFT, room.width() - 16.0);
    let foot = HEAD + room.choose(260.0, 200.0);
    let x = Scale::linear((0.0, until), (left, right));
    let y = Scale::linear((0.0, 100.0), (foot, HEAD));
    let mut svg = Svg::new(room.width());
    svg.text((0.0, 14.0), Anchor::Start, "axis-title", "On treatment (%)");
    across(&mut svg, &y, (left, right), &y.ticks(5), true);
    for own in persistence.iter().rev() {
        svg.open(&arms.class(&own.arm), &words(own));
        let band = |of: fn(&PersistenceStep) -> f64| stairs(own, (&x, &y), of);
        let upper = band(|step| step.upper);
        svg.area(upper.into_iter().chain(band(|step| step.lower).into_iter().rev()), "band90");
        svg.path(&band(|step| step.share), "median");
        svg.close();
    }
    let (title, hours) = time_unit((0.0, until));
    let ticks = time_ticks((0.0, until), hours, x.range());
    bottom(&mut svg, &x, foot, &ticks, title);
    let mut at = foot + BELOW + 14.0;
    svg.text((0.0, at), Anchor::Start, "section", "Subjects on treatment");
    at += 8.0;
    for own in persistence {
        svg.open(&arms.class(&own.arm), "");
        arm_name(&mut svg, (0.0, at + 12.0), &own.arm, room.width(), "name");
        // On a phone every other number has room.
        for tick in ticks.iter().step_by(room.choose(1, 2)) {
            let number = count(on_treatment(own, tick.value));
            svg.text((x.at(tick.value), at + 28.0), Anchor::Middle, "tick", &number);
        }
        svg.close();
        at += ROW;
    }
    let all = persistence.iter().map(words).collect::<Vec<_>>().join("; ");
    Some(Drawing {
        title: "Time on treatment".to_owned(),
        description: format!(
            "The share still on treatment over time, of {} subjects followed in each arm, with 95 % intervals. {all}.",
            count(first.subjects)
        ),
        svg,
        height: at + 4.0,
    })
}

/// The corners of a step curve in percent, from all subjects at the start to the end of the arm.
fn stairs(own: &Persistence, (x, y): (&Scale, &Scale), of: fn(&PersistenceStep) -> f64) -> Vec<(f64, f64)> {
    let mut points = vec![(x.at(0.0), y.at(100.0))];
    let mut level = y.at(100.0);
    for step in &own.steps {
        let next = y.at(100.0 * of(step));
        points.extend([(x.at(step.time), level), (x.at(step.time), next)]);
        level = next;
    }
    points.push((x.at(own.until), level));
    points
}

/// Subjects on treatment just before a time.
fn on_treatment(own: &Persistence, time: f64) -> u64 {
    match own.steps.iter().find(|step| step.time >= time) {
        Some(step) => step.at_risk,
        None => own.steps.last().map_or(own.subjects, |step| step.at_risk - step.stopped),
    }
}

fn words(own: &Persistence) -> String {
    let last = own.steps.last().map_or(1.0, |step| step.share);
    format!("{}: {} on treatment at the end", own.arm, share(last))
}
