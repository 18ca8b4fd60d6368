use super::super::figure::count;
use super::super::palette;
use super::super::svg::{Anchor, Svg};
use super::axis::{BELOW, across, bottom, titled};
use super::marks::{points, ribbon};
use super::profile::{time_ticks, time_unit};
use super::scale::{Scale, span};
use super::{ChartFile, Drawing, Room};
use crate::run::vpc::{Vpc, VpcBin};

const HEAD: f64 = 30.0;
/// Observations that are drawn; more would hide the bands.
const DOTS: usize = 2000;

/// A visual predictive check as a file.
pub fn vpc_chart(vpc: &Vpc) -> ChartFile {
    let name = "vpc-1".to_owned();
    let Drawing { title, description, svg, height } = draw(vpc);
    let svg = svg.finish(height, &name, (&title, &description), Some(&palette::file_style()));
    ChartFile { name, title, svg }
}

/// Bands of simulated percentiles, lines of observed ones, and the observations.
fn draw(vpc: &Vpc) -> Drawing {
    let width = Room::Wide.width();
    let (left, right, foot) = (52.0, width - 14.0, HEAD + 330.0);
    let times = span(vpc.observed.iter().map(|(time, _)| *time).chain([0.0]));
    let x = Scale::linear(times, (left, right));
    let y = upright(vpc, (foot, HEAD));
    let mut svg = Svg::new(width);
    svg.text((0.0, 14.0), Anchor::Start, "axis-title", &titled(&vpc.output, &vpc.unit));
    across(&mut svg, &y, (left, right), &y.ticks(6), true);
    let at: Vec<f64> = vpc.bins.iter().map(|bin| bin.time).collect();
    let column = |of: &dyn Fn(&VpcBin) -> f64| vpc.bins.iter().map(of).collect::<Vec<f64>>();
    for percentile in 0..3 {
        let class = if percentile == 1 { "arm a0" } else { "arm a7" };
        svg.open(class, "");
        let (low, high) =
            (column(&|bin| bin.simulated[percentile][0]), column(&|bin| bin.simulated[percentile][2]));
        ribbon(&mut svg, (&x, &y), &at, (&low, &high), "band50");
        svg.path(&points(&x, &y, &at, &column(&|bin| bin.simulated[percentile][1])), "faint");
        svg.close();
    }
    svg.open("response", "Observed");
    let step = vpc.observed.len().div_ceil(DOTS).max(1);
    for (time, value) in vpc.observed.iter().step_by(step) {
        svg.circle((x.at(*time), y.within(*value)), 2.2, "grain");
    }
    svg.close();
    svg.open("evidence", "Observed percentiles");
    for percentile in 0..3 {
        let class = if percentile == 1 { "outline" } else { "outline broken" };
        svg.path(&points(&x, &y, &at, &column(&|bin| bin.observed[percentile])), class);
    }
    svg.close();
    let (title, hours) = time_unit(times);
    let title = if hours == 1.0 { "Time (h)" } else { title };
    bottom(&mut svg, &x, foot, &time_ticks(times, hours, x.range()), title);
    let error = if vpc.residual { "with residual error" } else { "without residual error" };
    let words = format!(
        "Lines: 5th, 50th and 95th percentile of {} observations; bands: 95 % intervals of the same percentiles",
        count(vpc.observed.len() as u64)
    );
    let more =
        format!("in {} simulated data sets, {error}; dots: observations", count(u64::from(vpc.replicates)));
    svg.text((left, foot + BELOW + 12.0), Anchor::Start, "note", &words);
    svg.text((left, foot + BELOW + 28.0), Anchor::Start, "note", &more);
    let inside = |percentile: usize| {
        let within = |bin: &&VpcBin| {
            let [low, _, high] = bin.simulated[percentile];
            (low..=high).contains(&bin.observed[percentile])
        };
        vpc.bins.iter().filter(within).count()
    };
    Drawing {
        title: format!("Visual predictive check of {}", vpc.model),
        description: format!(
            "{words} {more}. Of {} bins the observed 5th, 50th and 95th percentile lies in its band in {}, {} and {}.",
            vpc.bins.len(),
            inside(0),
            inside(1),
            inside(2)
        ),
        svg,
        height: foot + BELOW + 36.0,
    }
}

/// From zero, or logarithmic where the percentiles span much.
fn upright(vpc: &Vpc, range: (f64, f64)) -> Scale {
    let of = |bin: &VpcBin| [bin.observed[0], bin.observed[2], bin.simulated[0][0], bin.simulated[2][2]];
    let (low, high) = span(vpc.bins.iter().flat_map(of));
    if low > 0.0 && high > 30.0 * low {
        Scale::log((low, high), range)
    } else {
        Scale::linear((low.min(0.0), high * 1.04), range)
    }
}
