use super::super::figure::{figure, rough};
use super::super::svg::{Anchor, Svg};
use super::axis::{BELOW, bottom};
use super::marks::arm_name;
use super::profile::{time_ticks, time_unit};
use super::scale::Scale;
use super::{Arms, Drawing, Room};
use crate::run::results::{DoseSpan, Patient, SpanKind};

const ROW: f64 = 15.0;
const HEAD: f64 = 26.0;
/// The height of the largest dose.
const TALLEST: f64 = 12.0;

/// A panel an arm, a row a patient, the same patients in every panel: how tall a bar is says how large the dose.
pub(super) fn draw(patients: &[Patient], arms: &Arms<'_>, room: Room) -> Option<Drawing> {
    let panels = super::grouped(patients, |patient: &Patient| patient.arm.as_str());
    let spans = || patients.iter().flat_map(|patient| &patient.spans);
    let until = spans().map(|span| span.to).fold(0.0, f64::max);
    let largest = spans().map(|span| span.amount).fold(0.0, f64::max);
    let rows = panels.iter().map(Vec::len).max()?;
    let columns = room.choose(panels.len().min(3), 1);
    let (left, gap) = (44.0, 18.0);
    let width = (room.width() - left - 8.0 - gap * (columns - 1) as f64) / columns as f64;
    let tall = HEAD + ROW * rows as f64 + BELOW + 10.0;
    let (title, hours) = time_unit((0.0, until));
    let mut svg = Svg::new(room.width());
    for (i, panel) in panels.iter().enumerate() {
        let x0 = left + (i % columns) as f64 * (width + gap);
        let y0 = (i / columns) as f64 * tall + HEAD;
        let x = Scale::linear((0.0, until), (x0, x0 + width));
        let arm = panel.first().map_or("", |patient| patient.arm.as_str());
        svg.open(&arms.class(arm), "");
        arm_name(&mut svg, (x0, y0 - 9.0), arm, width, "name");
        for (row, patient) in panel.iter().enumerate() {
            let middle = y0 + ROW * (row as f64 + 0.5);
            if i % columns == 0 {
                svg.text((x0 - 6.0, middle + 4.0), Anchor::End, "tick", &patient.id.to_string());
            }
            bar(&mut svg, patient, (&x, middle, largest));
        }
        svg.close();
        let ticks = time_ticks((0.0, until), hours, x.range());
        bottom(&mut svg, &x, y0 + ROW * rows as f64 + 2.0, &ticks, title);
    }
    let foot = tall * panels.len().div_ceil(columns) as f64;
    let unit = patients.first().map_or("", |patient| patient.unit.as_str());
    let height = foot + key(&mut svg, foot, &doses(patients), (unit, largest), room);
    Some(Drawing {
        title: "Doses, holds and stops of single patients".to_owned(),
        description: format!("{}.", patients.iter().filter_map(told).collect::<Vec<_>>().join("; ")),
        svg,
        height,
    })
}

/// Every dose, the largest first.
fn doses(patients: &[Patient]) -> Vec<f64> {
    let spans = patients.iter().flat_map(|patient| &patient.spans);
    let mut doses: Vec<f64> = spans.map(|span| span.amount).filter(|amount| *amount > 0.0).collect();
    doses.sort_by(|a, b| b.total_cmp(a));
    doses.dedup();
    doses.truncate(6);
    doses
}

fn tallness(amount: f64, largest: f64) -> f64 {
    if largest > 0.0 { (TALLEST * amount / largest).max(2.0) } else { 2.0 }
}

fn bar(svg: &mut Svg, patient: &Patient, (x, middle, largest): (&Scale, f64, f64)) {
    svg.open("", &format!("Patient {}: {}", patient.id, spoken(patient)));
    for span in &patient.spans {
        let (from, to) = (x.at(span.from), x.at(span.to));
        match span.kind {
            SpanKind::Ended => {
                svg.path(&[(from + 1.0, middle - 4.0), (from + 9.0, middle + 4.0)], "whisker");
                svg.path(&[(from + 1.0, middle + 4.0), (from + 9.0, middle - 4.0)], "whisker");
                break;
            }
            SpanKind::Held => {
                svg.rect((from, middle - 4.0), ((to - from).max(1.5), 8.0), 0.0, "outlined");
            }
            SpanKind::Planned | SpanKind::Changed if span.amount > 0.0 => {
                let tall = tallness(span.amount, largest);
                let class = if span.kind == SpanKind::Changed { "dot" } else { "dose" };
                svg.rect((from, middle - tall / 2.0), ((to - from).max(1.0), tall), 0.0, class);
            }
            SpanKind::Planned | SpanKind::Changed => {
                svg.line((from, middle), (to, middle), "faint");
            }
        }
    }
    svg.close();
}

/// What the marks mean; gives the height it takes.
fn key(svg: &mut Svg, top: f64, doses: &[f64], (unit, largest): (&str, f64), room: Room) -> f64 {
    let (mut x, mut y) = (44.0, top + 8.0);
    let mut place = |svg: &mut Svg, words: &str, mark: &dyn Fn(&mut Svg, (f64, f64))| {
        let wide = 30.0 + super::super::svg::text_width(words, 12.0) + 14.0;
        if x + wide > room.width() {
            (x, y) = (44.0, y + 20.0);
        }
        mark(svg, (x, y));
        svg.text((x + 26.0, y + 4.0), Anchor::Start, "note", words);
        x += wide;
    };
    svg.open("response", "");
    for dose in doses {
        let tall = tallness(*dose, largest);
        place(svg, &format!("{} {unit}", rough(*dose, unit)), &|svg, (x, y)| {
            svg.rect((x, y - tall / 2.0), (20.0, tall), 0.0, "dose");
        });
    }
    place(svg, "changed by a rule", &|svg, (x, y)| svg.rect((x, y - 5.0), (20.0, 10.0), 0.0, "dot"));
    place(svg, "on hold", &|svg, (x, y)| svg.rect((x, y - 4.0), (20.0, 8.0), 0.0, "outlined"));
    place(svg, "treatment ended", &|svg, (x, y)| {
        svg.path(&[(x + 6.0, y - 4.0), (x + 14.0, y + 4.0)], "whisker");
        svg.path(&[(x + 6.0, y + 4.0), (x + 14.0, y - 4.0)], "whisker");
    });
    svg.close();
    y + 14.0 - top
}

/// The doses of a patient in words.
fn spoken(patient: &Patient) -> String {
    let week = |hours: f64| figure((hours / 16.8).round() / 10.0, "week");
    let span = |span: &DoseSpan| {
        let (from, to) = (week(span.from), week(span.to));
        let missed = if span.missed > 0 { format!(", {} missed", span.missed) } else { String::new() };
        match span.kind {
            SpanKind::Ended => format!("{} in week {from}", span.reason),
            SpanKind::Held => format!("{}, weeks {from} to {to}", span.reason),
            _ => format!("{} {} in weeks {from} to {to}{missed}", figure(span.amount, ""), patient.unit),
        }
    };
    patient.spans.iter().map(span).collect::<Vec<_>>().join("; ")
}

/// What is worth telling of a patient: that doses were held, changed or ended.
fn told(patient: &Patient) -> Option<String> {
    let eventful = patient.spans.iter().any(|span| span.kind != SpanKind::Planned);
    eventful.then(|| format!("patient {}, {}: {}", patient.id, patient.arm, spoken(patient)))
}
