use rayon::prelude::*;

use super::super::convention::Convention;
use super::super::convergence::{bulk_ess, quantile_error, split_r_hat};
use super::super::paper::QuantilePaper;
use super::build::ExposurePrior;
use super::chain::{Chain, Length, Record, mixed_ranks};
use super::consistency::{Posed, pose, read};
use super::label::{LabelModel, LabelPriors};
use super::problem::Problem;
use super::readings::RankSumReading;
use crate::diagnostic::{Diagnostic, Problems};
use crate::random::{Address, Purpose};
use crate::response::Draws;

/// How reported quantiles are fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatentOptions {
    /// How the paper computed its quantiles.
    pub convention: Convention,
    /// The label model.
    pub model: LabelModel,
    /// Priors of its coefficients.
    pub priors: LabelPriors,
    /// Priors and bounds of the exposures (unit of the paper).
    pub exposure: ExposurePrior,
    /// Chains from independent starts.
    pub chains: u32,
    /// States recorded in each.
    pub states: usize,
    /// Whether p-values are used.
    pub rank_sums: bool,
}

impl LatentOptions {
    /// The defaults for a paper: its convention, priors of [`LabelPriors::default`], four chains of 5000 states.
    pub fn new(paper: &QuantilePaper, model: LabelModel) -> Self {
        let unit = &paper.exposure.unit;
        let mut exposure = ExposurePrior::around(unit.from_coherent(paper.reference));
        exposure.median.0 = unit.from_coherent(paper.prior_median);
        LatentOptions {
            convention: paper.convention,
            model,
            priors: LabelPriors::default(),
            exposure,
            chains: 4,
            states: 5000,
            rank_sums: true,
        }
    }
}

/// How one sampled quantity has converged.
#[derive(Clone, Debug, PartialEq)]
pub struct Convergence {
    /// The quantity.
    pub quantity: String,
    /// Its mean over the recorded states.
    pub mean: f64,
    /// Split R-hat.
    pub r_hat: f64,
    /// Bulk effective sample size.
    pub ess: f64,
}

/// The posterior of reported quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentFit {
    /// Joint draws of `a` (logit at the reference), `b` (slope per doubling), the second logit's `a2` and `b2` (of the
    /// middle grade; 0 where unused), and `mu` and `sigma` of log2(C/reference). Central values are medians.
    pub draws: Draws,
    /// What the p-values say of the rank sums, one a split.
    pub rank_sums: Vec<Option<RankSumReading>>,
    /// Convergence of parameters and of the holders of printed ranks.
    pub convergence: Vec<Convergence>,
    /// Monte-Carlo standard error of the slope's median.
    pub slope_error: f64,
    /// The smallest share of sweeps with exact rank sums over the chains.
    pub exact: f64,
    /// Exposures of some states (unit of the paper), in the order of [`LatentFit::grades`]: imputed data.
    pub snapshots: Vec<Vec<f64>>,
    /// The grade of each patient, 0 the worst.
    pub grades: Vec<u8>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

impl LatentFit {
    /// Which patients have the outcome of a label model, 1 or 0, in the order of [`LatentFit::grades`].
    pub fn outcome(&self, model: LabelModel) -> Vec<f64> {
        let highest = self.grades.iter().copied().max().unwrap_or(0);
        let least = if model == LabelModel::AtLeastMiddle { 1 } else { highest };
        self.grades.iter().map(|grade| f64::from(u8::from(*grade >= least))).collect()
    }
}

/// Fits reported quantiles with `draws` joint draws from `seed`: the same bits for any number of threads.
///
/// # Errors
/// E0741 where no data can have the printed figures, naming those that contradict the others and the conventions that
/// would do; E0744 where the chains have not converged; E0745 where the rank sums cannot be reached.
pub fn fit_latent(
    paper: &QuantilePaper,
    options: &LatentOptions,
    seed: u64,
    draws: u32,
) -> Result<LatentFit, Problems> {
    let (readings, mut warnings) = read(paper, options);
    let Posed { problem, readings, data } = pose(paper, options, &readings, seed)?;
    warnings.extend(readings.iter().flatten().flat_map(RankSumReading::warnings));
    let chains = options.chains.max(2);
    let states = options.states.max((draws / chains) as usize + 1);
    let length = Length { burn_in: 2000, states, proposals: PROPOSALS, snapshots: 50 };
    let address = Address::new(seed, Purpose::Evidence).replicate(1);
    let mut good = (0..chains)
        .into_par_iter()
        .map(|chain| {
            let known = &data[chain as usize % data.len()];
            Chain::begin(&problem, address.draw(chain), length, None, known).ok_or_else(locked)
        })
        .collect::<Result<Vec<_>, Problems>>()?;
    let mut convergence = converged(&problem, &good);
    for extension in 0..EXTENSIONS {
        if convergence.1.iter().all(|lack| !lack.grave && extension > 0) {
            break;
        }
        if !good
            .par_iter_mut()
            .map(|(chain, record)| chain.extend(record, length))
            .reduce(|| true, |a, b| a && b)
        {
            return Err(locked());
        }
        convergence = converged(&problem, &good);
    }
    if !convergence.1.is_empty() {
        let words =
            |lacks: &[Lack]| lacks.iter().map(|lack| lack.words.as_str()).collect::<Vec<_>>().join("; ");
        let (grave, slight): (Vec<Lack>, Vec<Lack>) = convergence.1.into_iter().partition(|lack| lack.grave);
        if !grave.is_empty() {
            return Err(Diagnostic::error(
                "E0744",
                format!("the chains have not converged: {}", words(&grave)),
            )
            .help("no estimates are given; ask for more states (`draws`)")
            .into());
        }
        warnings.push(
            Diagnostic::warning(
                "E0748",
                format!("the chains differ in who holds a printed rank: {}", words(&slight)),
            )
            .help("the parameters agree between the chains, but the weight of each possibility is uncertain: the slope may be off by a tenth of its standard deviation"),
        );
    }
    let records: Vec<Record> = good.into_iter().map(|(_, record)| record).collect();
    let exact = records.iter().map(Record::exact).fold(1.0, f64::min);
    if exact < 0.02 {
        warnings.push(
            Diagnostic::warning(
                "E0747",
                format!("only {:.1} % of the states have the exact rank sums", 100.0 * exact),
            )
            .help("the figures agree only where values nearly tie; another convention may fit better"),
        );
    }
    let slopes: Vec<&[f64]> = records.iter().map(|record| record.columns[1].as_slice()).collect();
    let slope_error = quantile_error(&slopes, 0.5) / options.exposure.scale;
    let draws = joint_draws(&problem, &records, draws as usize)?;
    Ok(LatentFit {
        draws,
        rank_sums: readings,
        convergence: convergence.0,
        slope_error,
        exact,
        snapshots: records.into_iter().flat_map(|record| record.snapshots).collect(),
        grades: problem.grades,
        warnings,
    })
}

/// Chains whose parameters have not converged go on this many times; once where only holders of printed ranks lack.
const EXTENSIONS: usize = 7;
/// Proposals for the exposures a sweep.
const PROPOSALS: usize = 60;
fn locked() -> Problems {
    Diagnostic::error("E0745", "the rank sums cannot be reached from the quartiles")
        .help("leave out the p-values, or try another quantile convention")
        .into()
}

/// What has not converged. It is grave for a parameter. Chains may differ for long in who holds a printed rank, where
/// patients nearly tie; as long as the parameters agree, that is told but no reason to refuse.
struct Lack {
    words: String,
    grave: bool,
}

/// Split R-hat and effective sizes, and what has not converged.
fn converged(problem: &Problem, chains: &[(Chain<'_>, Record)]) -> (Vec<Convergence>, Vec<Lack>) {
    let used = problem.model.coefficients(problem.levels);
    let names = ["a", "b x scale", "a2", "b2 x scale", "mu", "log sigma"];
    let mut columns: Vec<(usize, String)> =
        (0..6).filter(|&i| i >= 4 || i < used).map(|i| (i, names[i].to_string())).collect();
    let extremes = 6 + 2 * problem.levels;
    columns.push((6, "lowest exposure, worst grade".into()));
    columns.push((extremes - 1, "highest exposure, best grade".into()));
    for (i, (k, slot)) in mixed_ranks(problem).into_iter().enumerate() {
        let constraint = &problem.constraints[k];
        let rank = constraint.slots[slot] + 1;
        columns.push((
            extremes + i,
            format!("holder of rank {rank} ({}) is of the best grade", constraint.name),
        ));
    }
    let mut found = Vec::new();
    let mut bad = Vec::new();
    for (column, quantity) in columns {
        let chains: Vec<&[f64]> =
            chains.iter().map(|(_, record)| record.columns[column].as_slice()).collect();
        let total: usize = chains.iter().map(|chain| chain.len()).sum();
        let mean = chains.iter().flat_map(|chain| chain.iter()).sum::<f64>() / total as f64;
        let (r_hat, ess) = (split_r_hat(&chains), bulk_ess(&chains));
        // A rank that one grade holds nearly always says nothing of mixing.
        let constant = column >= extremes && !(0.02..=0.98).contains(&mean);
        let mixed = r_hat <= MOST_R_HAT && ess >= LEAST_ESS;
        if !(constant || mixed) {
            bad.push(Lack {
                words: format!("{quantity}: R-hat {r_hat:.3}, ESS {ess:.0}"),
                grave: column < 6,
            });
        }
        found.push(Convergence { quantity, mean, r_hat, ess });
    }
    (found, bad)
}

/// Limits of split R-hat and bulk effective size.
const MOST_R_HAT: f64 = 1.01;
const LEAST_ESS: f64 = 1000.0;

/// Evenly spaced states of all chains, in the order of the chains.
fn joint_draws(problem: &Problem, records: &[Record], wanted: usize) -> Result<Draws, Problems> {
    let state = |record: &Record, i: usize| -> [f64; 6] {
        let at = |column: usize| record.columns[column][i];
        [
            at(0),
            at(1) / problem.scale,
            at(2),
            at(3) / problem.scale,
            at(4) - problem.reference,
            crate::math::exp(at(5)),
        ]
    };
    let all: Vec<[f64; 6]> = records
        .iter()
        .flat_map(|record| (0..record.columns[0].len()).map(move |i| state(record, i)))
        .collect();
    let central = (0..6)
        .map(|column| {
            let mut values: Vec<f64> = all.iter().map(|row| row[column]).collect();
            values.sort_by(f64::total_cmp);
            super::super::discriminant::type7(&values, 0.5)
        })
        .collect();
    let count = wanted.min(all.len());
    let rows = (0..count).flat_map(|i| all[i * all.len() / count]).collect();
    Draws::new(["a", "b", "a2", "b2", "mu", "sigma"].map(String::from).to_vec(), central, rows)
}
