use super::super::answer::Contrast;
use super::super::figure::{difference, difference_unit};
use super::super::svg::{Anchor, Svg, fit};
use super::axis::{BELOW, across, bottom, titled};
use super::labels::Labels;
use super::scale::{Scale, span};
use super::{Arms, Drawing, Room};
use crate::run::results::{Better, ContrastDraws, EndpointDesign, Results};

/// Draws that are shown; more would hide the ellipse.
const GRAINS: usize = 150;
/// Points of the circle that becomes an ellipse.
const CIRCLE: usize = 48;
/// Radius that holds 95 % of two joint normal errors: the square root of 5.991, the 0.95 quantile of chi-square with
/// two degrees of freedom.
const RADIUS_95: f64 = 2.447_746_830_680_816;

/// A panel for each risk: what an arm loses of the first benefit against what it avoids, compared with the reference.
pub(super) fn draw(results: &Results, arms: &Arms<'_>, room: Room) -> Option<Drawing> {
    let counted = |better: Better| {
        results.design.endpoints.iter().filter(move |e| e.better == better && e.kind.is_share())
    };
    let benefit = counted(Better::Higher).next()?;
    let contrasts = Contrast::all(results);
    let panels: Vec<Panel<'_>> =
        counted(Better::Lower).filter_map(|risk| Panel::of(results, &contrasts, benefit, risk)).collect();
    let first = panels.first()?;

    let columns = room.choose(panels.len().min(3), 1);
    let rows = panels.len().div_ceil(columns);
    let (left, gap, head) = (44.0, 58.0, 46.0);
    let width = (room.width() - left - 12.0 - gap * (columns - 1) as f64) / columns as f64;
    let height = room.choose(230.0, 200.0);
    let row_height = head + height + BELOW + 14.0;
    let mut svg = Svg::new(room.width());
    let lost = reach(panels.iter().flat_map(|panel| &panel.trades), |trade| (&trade.lost, |point| point.0));
    for (i, panel) in panels.iter().enumerate() {
        let corner = (left + (i % columns) as f64 * (width + gap), (i / columns) as f64 * row_height + head);
        panel.draw(&mut svg, arms, corner, (width, height), lost);
    }
    let words: Vec<String> = panels.iter().flat_map(Panel::words).collect();
    Some(Drawing {
        title: format!("Benefit and risk against {}", first.reference),
        description: format!("{}.", words.join("; ")),
        svg,
        height: row_height * rows as f64 - 14.0,
    })
}

/// A difference turned so that more is more of what the axis says, with its interval.
struct Turned {
    value: f64,
    lower: f64,
    upper: f64,
}

impl Turned {
    fn of(contrast: &Contrast<'_>) -> Self {
        let estimate = contrast.estimate;
        Turned {
            value: -estimate.value,
            lower: -estimate.upper.unwrap_or(estimate.value),
            upper: -estimate.lower.unwrap_or(estimate.value),
        }
    }
}

/// What one arm loses and avoids.
struct Trade<'a> {
    arm: &'a str,
    lost: Turned,
    avoided: Turned,
    cloud: Vec<(f64, f64)>,
    ellipse: Vec<(f64, f64)>,
}

struct Panel<'a> {
    benefit: &'a EndpointDesign,
    risk: &'a EndpointDesign,
    reference: &'a str,
    trades: Vec<Trade<'a>>,
}

impl<'a> Panel<'a> {
    fn of(
        results: &'a Results,
        contrasts: &[Contrast<'a>],
        benefit: &'a EndpointDesign,
        risk: &'a EndpointDesign,
    ) -> Option<Self> {
        let scenario = contrasts.first()?.estimate.scenario.as_str();
        let reference = contrasts.first()?.reference;
        let mut trades = Vec::new();
        for lost in contrasts.iter().filter(|c| c.is(scenario, reference, &benefit.name)) {
            let same = |c: &&Contrast<'_>| c.is(scenario, reference, &risk.name) && c.arm == lost.arm;
            if let Some(avoided) = contrasts.iter().find(same) {
                let cloud = cloud(&results.contrast_draws, lost.arm, reference, (&benefit.name, &risk.name));
                trades.push(Trade {
                    arm: lost.arm,
                    lost: Turned::of(lost),
                    avoided: Turned::of(avoided),
                    ellipse: ellipse(&cloud),
                    cloud,
                });
            }
        }
        (!trades.is_empty()).then_some(Panel { benefit, risk, reference, trades })
    }

    fn draw(
        &self,
        svg: &mut Svg,
        arms: &Arms<'_>,
        (x0, y0): (f64, f64),
        (width, height): (f64, f64),
        lost: (f64, f64),
    ) {
        let x = Scale::linear(lost, (x0, x0 + width));
        let y = Scale::linear(
            reach(self.trades.iter(), |trade| (&trade.avoided, |point| point.1)),
            (y0 + height, y0),
        );
        self.frame(svg, (&x, &y));
        svg.open(&arms.class(self.reference), self.reference);
        svg.circle((x.at(0.0), y.at(0.0)), 5.5, "dot");
        svg.close();
        let place = |trade: &Trade<'_>| (x.at(trade.lost.value), y.at(trade.avoided.value));
        let all = self.trades.iter().map(place).chain([(x.at(0.0), y.at(0.0))]);
        let mut labels = Labels::new((x0, y0, x0 + width, y0 + height), all);
        for trade in &self.trades {
            svg.open(&arms.class(trade.arm), &self.note(trade));
            trade.draw(svg, (&x, &y));
            if let Some((at, anchor)) = labels.place(place(trade), trade.arm) {
                svg.text(at, anchor, "halo", trade.arm);
            }
            svg.close();
        }
    }

    /// Titles, axes, the lines of no difference and of an even trade.
    fn frame(&self, svg: &mut Svg, (x, y): (&Scale, &Scale)) {
        let ((left, right), (foot, top)) = (x.range(), y.range());
        let name = fit(&self.risk.label, right - left + 60.0, 13.0);
        svg.text((left - 36.0, top - 32.0), Anchor::Start, "name", &name);
        let avoided = titled("avoided", difference_unit(&self.risk.unit));
        svg.text((left - 36.0, top - 15.0), Anchor::Start, "axis-title", &avoided);
        across(svg, y, (left, right), &y.ticks(5), true);
        let lost = format!("{} lost", short(&self.benefit.label));
        bottom(svg, x, foot, &x.ticks(5), &titled(&lost, difference_unit(&self.benefit.unit)));
        svg.line((left, y.at(0.0)), (right, y.at(0.0)), "zero");
        svg.line((x.at(0.0), top), (x.at(0.0), foot), "zero");
        even_trade(svg, x, y);
    }

    fn note(&self, trade: &Trade<'_>) -> String {
        let (benefit, risk) = (&self.benefit.unit, &self.risk.unit);
        let (lost, avoided) = (difference(trade.lost.value, benefit), difference(trade.avoided.value, risk));
        format!("{}: {lost} lost, {avoided} avoided", trade.arm)
    }

    fn words(&self) -> Vec<String> {
        self.trades
            .iter()
            .map(|trade| {
                format!(
                    "{} changes {} by {} and {} by {}",
                    trade.arm,
                    self.benefit.label,
                    difference(-trade.lost.value, &self.benefit.unit),
                    self.risk.label,
                    difference(-trade.avoided.value, &self.risk.unit)
                )
            })
            .collect()
    }
}

impl Trade<'_> {
    /// The draws with their ellipse, the intervals as a cross, the estimate as a dot.
    fn draw(&self, svg: &mut Svg, (x, y): (&Scale, &Scale)) {
        svg.area(self.ellipse.iter().map(|(a, b)| (x.at(*a), y.at(*b))), "band90 outlined");
        let held = |(a, b): &&(f64, f64)| within(*a, x.domain()) && within(*b, y.domain());
        for (a, b) in self.cloud.iter().take(GRAINS).filter(held) {
            svg.circle((x.at(*a), y.at(*b)), 1.3, "grain");
        }
        let (px, py) = (x.at(self.lost.value), y.at(self.avoided.value));
        svg.line((x.within(self.lost.lower), py), (x.within(self.lost.upper), py), "whisker");
        svg.line((px, y.within(self.avoided.lower)), (px, y.within(self.avoided.upper)), "whisker");
        svg.circle((px, py), 5.0, "point");
    }
}

/// Where one is avoided for one lost.
fn even_trade(svg: &mut Svg, x: &Scale, y: &Scale) {
    let (low, high) = (x.domain().0.max(y.domain().0), x.domain().1.min(y.domain().1));
    if high > 0.0 {
        svg.open("", "On this line one event is avoided for each benefit lost");
        svg.line((x.at(low), y.at(low)), (x.at(high), y.at(high)), "even");
        svg.close();
    }
}

/// One coordinate of a point.
type Coordinate = fn(&(f64, f64)) -> f64;

/// A range that holds all intervals, ellipses and zero, with some room.
fn reach<'a, 'b: 'a>(
    trades: impl Iterator<Item = &'a Trade<'b>>,
    of: fn(&'a Trade<'b>) -> (&'a Turned, Coordinate),
) -> (f64, f64) {
    let values = trades.flat_map(|trade| {
        let (turned, coordinate) = of(trade);
        let ends = [turned.lower, turned.upper, turned.value];
        trade.ellipse.iter().map(coordinate).chain(ends)
    });
    let (low, high) = span(values.chain([0.0]));
    let room = (high - low) * 0.06;
    (low - room, high + room)
}

fn within(value: f64, (low, high): (f64, f64)) -> bool {
    (low..=high).contains(&value)
}

/// Benefit lost and risk avoided in each draw.
fn cloud(
    draws: &[ContrastDraws],
    arm: &str,
    reference: &str,
    (benefit, risk): (&str, &str),
) -> Vec<(f64, f64)> {
    let of = |endpoint: &str| {
        draws.iter().find(|d| d.arm == arm && d.reference == reference && d.endpoint == endpoint)
    };
    match (of(benefit), of(risk)) {
        (Some(lost), Some(avoided)) => {
            lost.draws.iter().zip(&avoided.draws).map(|(lost, avoided)| (-lost, -avoided)).collect()
        }
        _ => Vec::new(),
    }
}

/// The ellipse that holds 95 % of two joint normal errors with the mean and covariance of the cloud; none for a cloud of
/// fewer than 20 draws.
fn ellipse(cloud: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let n = cloud.len() as f64;
    if cloud.len() < 20 {
        return Vec::new();
    }
    let mean = |of: fn(&(f64, f64)) -> f64| cloud.iter().map(of).sum::<f64>() / n;
    let (ma, mb) = (mean(|p| p.0), mean(|p| p.1));
    let product = |of: &dyn Fn(&(f64, f64)) -> f64| cloud.iter().map(of).sum::<f64>() / (n - 1.0);
    let (va, vb) = (product(&|p| (p.0 - ma) * (p.0 - ma)), product(&|p| (p.1 - mb) * (p.1 - mb)));
    let cab = product(&|p| (p.0 - ma) * (p.1 - mb));
    // The lower-triangular root of the covariance turns a circle into the ellipse.
    let laa = va.sqrt();
    let lab = if laa > 0.0 { cab / laa } else { 0.0 };
    let lbb = (vb - lab * lab).max(0.0).sqrt();
    let point = |i: usize| {
        let angle = std::f64::consts::TAU * i as f64 / CIRCLE as f64;
        let (u, v) = (RADIUS_95 * libm::cos(angle), RADIUS_95 * libm::sin(angle));
        (ma + laa * u, mb + lab * u + lbb * v)
    };
    (0..CIRCLE).map(point).collect()
}

/// A label without what stands after its first comma or "at".
fn short(label: &str) -> &str {
    label.split(" at ").next().unwrap_or(label)
}
