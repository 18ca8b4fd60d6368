//! Validates fits of reported quantiles on simulated papers: coverage of the slope's 95 % interval at fixed truths, and
//! simulation-based calibration (Talts, Betancourt, Simpson, Vehtari and Gelman 2018, arXiv 1804.06788) with truths drawn
//! from the prior. Writes `evidence-validation.md` and its picture into the folder that is named.
//!
//! `evidence_validation DOCS [PAPERS [CALIBRATIONS]]`; the same files for the same numbers.

use std::fmt::Write;
use std::path::Path;

use exposim::diagnostic::Problems;
use exposim::evidence::latent::{LabelModel, LabelPriors, LatentFit, LatentOptions, fit_latent};
use exposim::evidence::paper::{ExposureAxis, Group, QuantileMethod, QuantilePaper, Split};
use exposim::evidence::{Convention, Printed, Prior, RankSum, Test};
use exposim::math::chi_square_tail;
use exposim::random::{Address, Purpose, Stream};
use exposim::response::Metric;
use exposim::statistics::{Count, wilson};

/// Patients of a simulated paper, the reference exposure (ng/mL) and the log2 units of one step of z.
const PATIENTS: usize = 24;
const REFERENCE: f64 = 12.5;
const SCALE: f64 = 3.5;
/// Lowest and highest exposure of the model.
const BOUNDS: [f64; 2] = [0.001, 2000.0];
/// Draws among which the truth is ranked, and bins of the histogram.
const RANKED: usize = 99;
const BINS: usize = 10;
/// Slopes per doubling of the fixed truths.
const SLOPES: [f64; 4] = [0.0, 0.3, 0.63, 1.2];

/// The parameters that a paper is simulated from: logit at the reference and slope per doubling of remission and of
/// response without remission; mean and standard deviation of log2 C.
#[derive(Clone, Copy)]
struct Truth {
    remission: [f64; 2],
    response: [f64; 2],
    exposure: [f64; 2],
}

/// Exposure and grade (0 none, 1 response, 2 remission) of each patient; `None` where an exposure is out of bounds.
fn patients(truth: &Truth, stream: &mut Stream) -> Option<Vec<(f64, u8)>> {
    let chance = |[a, b]: [f64; 2], doublings: f64| 1.0 / (1.0 + (-(a + b * doublings)).exp());
    let mut rows = Vec::with_capacity(PATIENTS);
    for _ in 0..PATIENTS {
        let exposure = (truth.exposure[0] + truth.exposure[1] * stream.normal()).exp2();
        let doublings = (exposure / REFERENCE).log2();
        let (first, second) = (stream.uniform(), stream.uniform());
        let grade = if first < chance(truth.remission, doublings) {
            2
        } else {
            u8::from(second < chance(truth.response, doublings))
        };
        rows.push((exposure, grade));
    }
    rows.iter().all(|(x, _)| (BOUNDS[0]..=BOUNDS[1]).contains(x)).then_some(rows)
}

/// How a paper prints: quantiles and p-values.
struct Style {
    quantile: fn(f64) -> String,
    p: fn(f64) -> String,
}

/// Two decimals and three, as papers print; numbers with enough digits that nothing but the ranks is lost.
const COARSE: Style = Style { quantile: |q| format!("{q:.2}"), p: |p| format!("{p:.3}") };
const FINE: Style = Style { quantile: |q| format!("{q:.4}"), p: |p| format!("{p:.8}") };

/// The paper of some patients; `None` where a group is too small to be printed.
fn paper(rows: &[(f64, u8)], style: &Style) -> Option<QuantilePaper> {
    let count = |grade: u8| rows.iter().filter(|row| row.1 == grade).count();
    if !((4..=14).contains(&count(2)) && count(1) >= 2 && count(0) >= 4) {
        return None;
    }
    let split = |outcome: &str, least: u8| -> Option<Split> {
        let side = |wanted: bool| -> Vec<f64> {
            let mut values: Vec<f64> =
                rows.iter().filter(|row| (row.1 >= least) == wanted).map(|row| row.0).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (with, without) = (side(true), side(false));
        let u = with.iter().map(|x| without.iter().filter(|y| x > *y).count()).sum();
        let p = RankSum::new(with.len(), without.len()).p_value(u, Test::Exact);
        Some(Split {
            outcome: outcome.into(),
            with: group(&with, style)?,
            without: group(&without, style)?,
            p: Some(Printed::read(&(style.p)(p))?),
        })
    };
    Some(QuantilePaper {
        exposure: ExposureAxis { metric: Metric::Ctrough, unit: "ng/mL".parse().ok()?, sampling: None },
        splits: vec![split("remission", 2)?, split("response", 1)?],
        convention: Convention::Type(7),
        method: QuantileMethod::Latent,
        reference: REFERENCE * 1e-3,
        prior_median: 12e-3,
    })
}

/// Quartiles by linear interpolation (type 7).
fn group(sorted: &[f64], style: &Style) -> Option<Group> {
    let quantiles = [0.25, 0.5, 0.75]
        .into_iter()
        .map(|p| {
            let h = (sorted.len() - 1) as f64 * p;
            let low = h.floor() as usize;
            let high = (low + 1).min(sorted.len() - 1);
            let value = sorted[low] + (h - low as f64) * (sorted[high] - sorted[low]);
            Some((p, Printed::read(&(style.quantile)(value))?))
        })
        .collect::<Option<_>>()?;
    Some(Group { n: sorted.len(), quantiles })
}

fn fitted(paper: &QuantilePaper, priors: LabelPriors, seed: u64) -> Result<LatentFit, Problems> {
    let options =
        LatentOptions { priors, chains: 2, states: 2000, ..LatentOptions::new(paper, LabelModel::Best) };
    fit_latent(paper, &options, seed, 4000)
}

/// What some simulated papers came to.
#[derive(Default)]
struct Tally {
    fitted: usize,
    /// Codes of refusals and how often each.
    refused: Vec<(&'static str, usize)>,
}

impl Tally {
    fn take(&mut self, result: Result<LatentFit, Problems>) -> Option<LatentFit> {
        match result {
            Ok(fit) => {
                self.fitted += 1;
                Some(fit)
            }
            Err(problems) => {
                eprintln!("{problems}");
                let code = problems.list().first().map_or("", |problem| problem.code);
                match self.refused.iter_mut().find(|(known, _)| *known == code) {
                    Some((_, count)) => *count += 1,
                    None => self.refused.push((code, 1)),
                }
                None
            }
        }
    }

    fn words(&self) -> String {
        let refused: Vec<String> =
            self.refused.iter().map(|(code, count)| format!("{count} refused with {code}")).collect();
        if refused.is_empty() { "none refused".into() } else { refused.join(", ") }
    }
}

/// Coverage at one fixed truth.
struct Coverage {
    slope: f64,
    tally: Tally,
    covered: usize,
    below: usize,
    above: usize,
    bias: f64,
    width: f64,
}

impl Coverage {
    /// Wilson's interval of the coverage.
    fn interval(&self) -> [f64; 2] {
        wilson(Count::new(self.covered as f64, self.tally.fitted as f64), 0.95)
    }
}

fn coverage(place: usize, papers: usize) -> Coverage {
    let slope = SLOPES[place];
    let truth = Truth { remission: [-1.24, slope], response: [-0.45, -0.10], exposure: [12f64.log2(), 2.0] };
    let address = Address::new(24, Purpose::Evidence).replicate(100 + place as u32);
    let (mut tally, mut covered, mut below, mut above) = (Tally::default(), 0, 0, 0);
    let (mut medians, mut widths) = (Vec::new(), Vec::new());
    let simulated = (0u32..).filter_map(|draw| {
        let mut stream = Stream::new(address.draw(draw));
        patients(&truth, &mut stream).and_then(|rows| paper(&rows, &COARSE)).map(|paper| (draw, paper))
    });
    for (draw, paper) in simulated.take(papers) {
        let Some(fit) = tally.take(fitted(&paper, LabelPriors::default(), u64::from(draw))) else { continue };
        let slopes = sorted(&fit, 1);
        let at = |p: f64| slopes[((slopes.len() - 1) as f64 * p).round() as usize];
        let (low, high) = (at(0.025), at(0.975));
        below += usize::from(slope < low);
        above += usize::from(slope > high);
        covered += usize::from((low..=high).contains(&slope));
        medians.push(at(0.5) - slope);
        widths.push(high - low);
        eprintln!("truth {slope}: {} of {papers} papers, {covered} covered", tally.fitted);
    }
    Coverage { slope, tally, covered, below, above, bias: median(medians), width: median(widths) }
}

fn sorted(fit: &LatentFit, column: usize) -> Vec<f64> {
    let mut values: Vec<f64> = fit.draws.values(column).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Ranks of the truths among the draws: of the four coefficients a, b, a2, b2.
fn calibration(wanted: usize) -> (Tally, Vec<[usize; 4]>) {
    let priors = LabelPriors { intercept: Prior::Student(7.0, 2.5), slope: Prior::Normal(1.5) };
    let address = Address::new(24, Purpose::Evidence).replicate(200);
    let mut tally = Tally::default();
    let mut ranks = Vec::new();
    let simulated = (0u32..).filter_map(|draw| {
        let mut stream = Stream::new(address.draw(draw));
        let truth = from_prior(&mut stream);
        let rows = patients(&truth, &mut stream)?;
        Some((draw, truth, paper(&rows, &FINE)?))
    });
    for (draw, truth, paper) in simulated.take(wanted) {
        let Some(fit) = tally.take(fitted(&paper, priors, u64::from(draw))) else { continue };
        let truths = [truth.remission[0], truth.remission[1], truth.response[0], truth.response[1]];
        ranks.push([0, 1, 2, 3].map(|column| {
            let draws: Vec<f64> = fit.draws.values(column).collect();
            (0..RANKED).filter(|i| draws[i * draws.len() / RANKED] < truths[column]).count()
        }));
        eprintln!("calibration: {} of {wanted} papers", tally.fitted);
    }
    (tally, ranks)
}

/// A truth drawn from the priors that the fit has: t7 intercepts, normal slopes on z, and the law of exposures.
fn from_prior(stream: &mut Stream) -> Truth {
    let student = |stream: &mut Stream| {
        let normal = stream.normal();
        let square: f64 = (0..7).map(|_| stream.normal()).map(|z| z * z).sum();
        2.5 * normal / (square / 7.0).sqrt()
    };
    let (a, a2) = (student(stream), student(stream));
    let (b, b2) = (1.5 * stream.normal() / SCALE, 1.5 * stream.normal() / SCALE);
    let middle = 12f64.log2() + 1.5 * stream.normal();
    let spread = 1.6 * (0.5 * stream.normal()).exp();
    Truth { remission: [a, b], response: [a2, b2], exposure: [middle, spread] }
}

/// Numbers of ranks in bins of equal width.
fn histogram(ranks: &[[usize; 4]], column: usize) -> [usize; BINS] {
    let mut bins = [0; BINS];
    ranks.iter().for_each(|rank| bins[rank[column] * BINS / (RANKED + 1)] += 1);
    bins
}

/// The p-value of Pearson's test of equal bins.
fn uniform(bins: &[usize; BINS]) -> f64 {
    let expected = bins.iter().sum::<usize>() as f64 / BINS as f64;
    let statistic = bins.iter().map(|&n| (n as f64 - expected) * (n as f64 - expected) / expected).sum();
    chi_square_tail(statistic, BINS as u32 - 1)
}

/// Share of ranks within the middle `part` of all.
fn within(ranks: &[[usize; 4]], column: usize, part: f64) -> f64 {
    let edge = 0.5 * (1.0 - part) * (RANKED + 1) as f64;
    let inside = |rank: usize| {
        let middle = rank as f64 + 0.5;
        middle > edge && middle < (RANKED + 1) as f64 - edge
    };
    ranks.iter().filter(|rank| inside(rank[column])).count() as f64 / ranks.len().max(1) as f64
}

const NAMES: [&str; 4] =
    ["a, remission", "b, remission", "a2, response without remission", "b2, response without remission"];

fn page(asked: (usize, usize), coverages: &[Coverage], tally: &Tally, ranks: &[[usize; 4]]) -> String {
    let fitted: usize = coverages.iter().map(|c| c.tally.fitted).sum();
    let covered: usize = coverages.iter().map(|c| c.covered).sum();
    let [low, high] = wilson(Count::new(covered as f64, fitted as f64), 0.95);
    let share = covered as f64 / fitted as f64;
    let error = (share * (1.0 - share) / fitted as f64).sqrt();
    let mut text = format!(
        "# Fits of reported quantiles, validated on simulated papers\n\n\
         Written by `scripts/evidence-validation.sh {} {}`; the same numbers each time.\n\n\
         ![Coverage and ranks](images/evidence-validation.svg)\n\n\
         ## Coverage\n\n\
         Papers of {PATIENTS} patients: log2 C ~ normal(log2 12 ng/mL, 2), logit of remission -1.24 at {REFERENCE} ng/mL and \
         the slope below, response without remission -0.45 and -0.10. Each paper prints type-7 quartiles to two decimals \
         and exact rank-sum p-values to three; p-values are read by the same rules as those of real papers. Kept if 4 to 14 \
         are in remission, 2 or more respond only and 4 or more do not respond. Two chains of 2000 states, default priors.\n\n\
         The 95 % interval of the slope covers the truth in {covered} of {fitted} papers: {share:.3} (binomial standard error \
         {error:.3}, Wilson 95 % interval {low:.3} to {high:.3}).\n\n\
         | slope | covered | Wilson 95 % | truth below / above | median bias | median width | |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        asked.0, asked.1
    );
    for c in coverages {
        let [low, high] = c.interval();
        let _ = writeln!(
            text,
            "| {} | {}/{} | {low:.3} to {high:.3} | {} / {} | {:+.3} | {:.2} | {} |",
            c.slope,
            c.covered,
            c.tally.fitted,
            c.below,
            c.above,
            c.bias,
            c.width,
            c.tally.words()
        );
    }
    let _ = write!(
        text,
        "\n## Simulation-based calibration\n\n\
         Truths from the prior (intercepts t7(0, 2.5), slopes normal(0, 1.5) on z, exposures as the fit's), quartiles to four \
         decimals, p-values to eight; {} papers, {}. The rank of the truth among {RANKED} of 4000 draws is uniform if the \
         posterior is right. The draws of two chains are correlated, so that ranks at either end are slightly too frequent.\n\n\
         | coefficient | chi-square p, {BINS} bins | within middle 50 % | 80 % | 95 % |\n\
         | --- | --- | --- | --- | --- |\n",
        ranks.len(),
        tally.words()
    );
    let error = |share: f64| (share * (1.0 - share) / ranks.len().max(1) as f64).sqrt();
    for (column, name) in NAMES.iter().enumerate() {
        let shares = [0.5, 0.8, 0.95].map(|part| within(ranks, column, part));
        let cells: Vec<String> = shares.iter().map(|s| format!("{s:.3} ± {:.3}", error(*s))).collect();
        let p = uniform(&histogram(ranks, column));
        let _ = writeln!(text, "| {name} | {p:.3} | {} |", cells.join(" | "));
    }
    text
}

/// Coverage by truth above, histograms of the ranks below.
fn picture(coverages: &[Coverage], ranks: &[[usize; 4]]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 470\" font-family=\"sans-serif\" font-size=\"13\" \
         role=\"img\"><title>Coverage of the slope's 95 % interval and ranks of the truth</title>\
         <rect width=\"860\" height=\"470\" fill=\"white\"/>\n",
    );
    let x = |share: f64| 160.0 + (share - 0.8) / 0.2 * 660.0;
    let _ = writeln!(
        svg,
        "<text x=\"10\" y=\"22\" font-weight=\"bold\">Coverage of the slope's 95 % interval, with Wilson intervals</text>"
    );
    for tick in [0.80, 0.85, 0.90, 0.95, 1.00] {
        let colour = if tick == 0.95 { "#c2410c" } else { "#ddd" };
        let _ = writeln!(
            svg,
            "<line x1=\"{0:.1}\" y1=\"34\" x2=\"{0:.1}\" y2=\"166\" stroke=\"{colour}\"/><text x=\"{0:.1}\" y=\"182\" text-anchor=\"middle\">{tick:.2}</text>",
            x(tick)
        );
    }
    for (place, c) in coverages.iter().enumerate() {
        let y = 52.0 + 32.0 * place as f64;
        let [low, high] = c.interval();
        let share = c.covered as f64 / c.tally.fitted.max(1) as f64;
        let _ = writeln!(
            svg,
            "<text x=\"10\" y=\"{:.1}\">slope {} per doubling</text><line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#1d4ed8\" stroke-width=\"2\"/><circle cx=\"{:.1}\" cy=\"{y}\" r=\"5\" fill=\"#1d4ed8\"/>",
            y + 4.0,
            c.slope,
            x(low.max(0.8)),
            x(high),
            x(share.max(0.8))
        );
    }
    let expected = ranks.len() as f64 / BINS as f64;
    let spread = 1.96 * (expected * (1.0 - 1.0 / BINS as f64)).sqrt();
    let top = expected + 3.0 * spread;
    let _ = writeln!(
        svg,
        "<text x=\"10\" y=\"222\" font-weight=\"bold\">Ranks of the truth among the draws; band: 95 % of bins if calibrated</text>"
    );
    for (column, name) in NAMES.iter().enumerate() {
        let left = 10.0 + 214.0 * column as f64;
        let y = |count: f64| 430.0 - 180.0 * count / top;
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{:.1}\" width=\"200\" height=\"{:.1}\" fill=\"#e5e7eb\"/><text x=\"{left}\" y=\"452\">{name}</text>",
            y(expected + spread),
            y(expected - spread) - y(expected + spread)
        );
        for (bin, count) in histogram(ranks, column).into_iter().enumerate() {
            let height = y(0.0) - y(count as f64);
            let _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"16\" height=\"{height:.1}\" fill=\"#1d4ed8\" fill-opacity=\"0.75\"/>",
                left + 2.0 + 20.0 * bin as f64,
                y(count as f64)
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn main() -> Result<(), std::io::Error> {
    let mut arguments = std::env::args().skip(1);
    let docs = arguments.next().unwrap_or_else(|| "docs".into());
    let mut number = |default: usize| arguments.next().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (papers, calibrations) = (number(200), number(200));
    let coverages: Vec<Coverage> =
        (0..SLOPES.len()).map(|place| coverage(place, papers / SLOPES.len())).collect();
    let (tally, ranks) = calibration(calibrations);
    let docs = Path::new(&docs);
    std::fs::create_dir_all(docs.join("images"))?;
    std::fs::write(
        docs.join("evidence-validation.md"),
        page((papers, calibrations), &coverages, &tally, &ranks),
    )?;
    std::fs::write(docs.join("images/evidence-validation.svg"), picture(&coverages, &ranks))
}
