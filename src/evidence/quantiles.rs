//! Fits of reported quantiles.

use super::calibration::{Bin, bins};
use super::discriminant::{Discriminant, Quartiles, type7};
use super::fit::{Fit, Inputs, Named, basis};
use super::latent::{LabelModel, LatentFit, LatentOptions, fit_latent};
use super::logistic::Estimator;
use super::observed::EvidencePoint;
use super::paper::{Evidence, Group, QuantileMethod, QuantilePaper};
use super::pooled::Pooled;
use super::summary::{Figure, Summary};
use crate::diagnostic::{Diagnostic, Problems};
use crate::response::{Draws, Form, Link, ResponseModel};
use crate::statistics::{Count, wilson};

/// Fits reported quantiles by the method that the paper's file asks for.
///
/// # Errors
/// E0711 from the discriminant; E0741, E0744 and E0745 from latent exposures.
pub(super) fn quantiles(
    evidence: &Evidence,
    paper: &QuantilePaper,
    inputs: &Inputs<'_>,
) -> Result<Fit, Problems> {
    let nested = paper.splits.len() > 1;
    let model = match paper.method {
        QuantileMethod::Discriminant => return discriminant(evidence, paper, inputs),
        QuantileMethod::ProportionalOdds if nested => LabelModel::ProportionalOdds,
        _ if paper.splits.first().is_some_and(|split| split.outcome == evidence.outcome) => LabelModel::Best,
        _ => LabelModel::AtLeastMiddle,
    };
    let fit = fit_latent(paper, &LatentOptions::new(paper, model), inputs.seed, inputs.draws)?;
    let mut summary = Summary::new(evidence);
    summary.add_draws("a: logit at the reference exposure", &fit.draws, 0);
    summary.add_draws("b: slope per doubling", &fit.draws, 1);
    let ratio = |b: f64| crate::math::exp(b);
    if let Some(Figure { estimate, interval: Some([low, high]), .. }) = summary.figures.last().cloned() {
        summary.add("odds ratio per doubling", ratio(estimate), Some([ratio(low), ratio(high)]));
    }
    let positive = fit.draws.values(1).filter(|b| *b > 0.0).count() as f64 / fit.draws.len().max(1) as f64;
    summary.add("P(b > 0)", positive, None);
    add_ec50(&mut summary, &fit, paper);
    for reading in fit.rank_sums.iter().flatten() {
        let [low, high] = reading.auc();
        let quantity = format!("area under the ROC curve, {}", reading.outcome);
        if low < high {
            summary.add(&format!("smallest {quantity}"), low, None);
            summary.add(&format!("largest {quantity}"), high, None);
        } else {
            summary.add(&quantity, low, None);
        }
        summary.note(&format!(
            "p-value of {}: {} (U = {:?})",
            reading.outcome,
            reading.readings.join("; "),
            reading.u
        ));
    }
    for (words, estimator) in
        [("maximum likelihood", Estimator::MaximumLikelihood), ("Firth", Estimator::Firth)]
    {
        // Where one of the imputed data sets is separated, that estimate does not exist.
        if let Ok(Some(pooled)) = Pooled::slope(&fit, model, estimator) {
            summary.add(
                &format!("b of imputed data, {words}, pooled"),
                pooled.estimate,
                Some(pooled.interval()),
            );
        }
    }
    summary.add("Monte-Carlo error of the median of b", fit.slope_error, None);
    let worst = fit.convergence.iter().map(|c| c.r_hat).filter(|r| r.is_finite()).fold(1.0, f64::max);
    summary.add("largest split R-hat", worst, None);
    for warning in &fit.warnings {
        summary.warn(warning.clone());
    }
    summary.points.extend(imputed(&fit, model, paper));
    let patients = fit.grades.len() as f64;
    let method = format!("latent exposures under printed quantiles ({}) and rank sums", paper.convention);
    let basis = basis(evidence, paper.exposure.metric, paper.range(), method, patients);
    let form = Form::Log2Ratio { reference: paper.reference };
    let model =
        ResponseModel::new(basis, Link::Logit, form, upper_logit(fit.draws, model, evidence, paper)?)?;
    summary.add_curve(&model, paper.exposure.unit.clone());
    summary.note(
        "an association among these patients; whether a change of exposure changes the outcome is not shown",
    );
    Ok(Fit { responses: vec![Named { name: "log2-ratio".into(), model }], ..Fit::of(summary) })
}

/// Quarters of the imputed exposures, averaged over the recorded data sets, with Wilson intervals for as many patients:
/// what a plot of the patients would show if they were known.
fn imputed(fit: &LatentFit, model: LabelModel, paper: &QuantilePaper) -> Vec<EvidencePoint> {
    let outcome = fit.outcome(model);
    let unit = &paper.exposure.unit;
    let coherent = |data: &Vec<f64>| data.iter().map(|x| unit.to_coherent(*x)).collect::<Vec<_>>();
    let all: Vec<Vec<Bin>> = fit.snapshots.iter().map(|data| bins(&coherent(data), &outcome, 4)).collect();
    let mean = |quarter: usize, of: &dyn Fn(&Bin) -> f64| {
        all.iter().map(|bins| of(&bins[quarter])).sum::<f64>() / all.len().max(1) as f64
    };
    let quarters = all.first().map_or(0, Vec::len);
    (0..quarters)
        .map(|quarter| {
            let patients = all[0][quarter].counts.0;
            let events = mean(quarter, &|bin| bin.counts.1 as f64);
            let count = Count::new(events, patients as f64);
            let bin = Bin {
                range: [mean(quarter, &|bin| bin.range[0]), mean(quarter, &|bin| bin.range[1])],
                middle: mean(quarter, &|bin| bin.middle),
                counts: (patients, 0),
                share: count.share(),
                interval: wilson(count, 0.95),
            };
            let label = format!("imputed quarter {}, {events:.1} of {patients}", quarter + 1);
            EvidencePoint::quarter(label, &bin, unit)
        })
        .collect()
}

/// The exposure of an even chance, where the slope is positive: its median and 95 % interval.
fn add_ec50(summary: &mut Summary, fit: &LatentFit, paper: &QuantilePaper) {
    let unit = &paper.exposure.unit;
    let mut halves: Vec<f64> = fit
        .draws
        .values(0)
        .zip(fit.draws.values(1))
        .filter(|(_, b)| *b > 0.0)
        .map(|(a, b)| unit.from_coherent(paper.reference) * libm::exp2(-a / b))
        .collect();
    halves.sort_by(f64::total_cmp);
    let [low, median, high] = [0.025, 0.5, 0.975].map(|p| type7(&halves, p));
    summary.add(&format!("exposure of an even chance ({unit}), given b > 0"), median, Some([low, high]));
}

/// With proportional odds the outcome of the larger group has the intercept c0 + exp(c2).
fn upper_logit(
    draws: Draws,
    model: LabelModel,
    evidence: &Evidence,
    paper: &QuantilePaper,
) -> Result<Draws, Problems> {
    let best = paper.splits.first().is_some_and(|split| split.outcome == evidence.outcome);
    if model != LabelModel::ProportionalOdds || best {
        return Ok(draws);
    }
    let raise = |row: &[f64]| -> Vec<f64> {
        let mut row = row.to_vec();
        row[0] += crate::math::exp(row[2]);
        row
    };
    let rows = draws.rows().chunks_exact(draws.names().len()).flat_map(raise).collect();
    Draws::new(draws.names().to_vec(), raise(draws.central()), rows)
}

fn discriminant(evidence: &Evidence, paper: &QuantilePaper, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    let split = paper.splits.iter().find(|split| split.outcome == evidence.outcome);
    let split = split.ok_or_else(|| Diagnostic::error("E0715", "no split is by the outcome of the file"))?;
    let quartiles = |group: &Group| -> Result<Quartiles, Problems> {
        let at = |p| group.quantile(p).map(|q| paper.exposure.unit.to_coherent(q));
        match (at(0.25), at(0.5), at(0.75)) {
            (Some(q1), Some(median), Some(q3)) => Ok(Quartiles { n: group.n, values: [q1, median, q3] }),
            _ => {
                Err(Diagnostic::error("E0711", "the discriminant needs median and quartiles of both groups")
                    .into())
            }
        }
    };
    let estimate = Discriminant::estimate(quartiles(&split.with)?, quartiles(&split.without)?)?;
    let draws = estimate.bootstrap(paper.reference, inputs.seed, inputs.draws)?;
    let mut summary = Summary::new(evidence);
    summary.add("a: logit at the reference exposure", draws.central()[0], None);
    summary.add("slope per doubling, unshrunk", estimate.slope, Some(estimate.interval));
    summary.add_draws("b: slope per doubling", &draws, 1);
    let basis = basis(
        evidence,
        paper.exposure.metric,
        paper.range(),
        "linear discriminant on log2 C, parametric bootstrap".into(),
        (split.with.n + split.without.n) as f64,
    );
    let model =
        ResponseModel::new(basis, Link::Logit, Form::Log2Ratio { reference: paper.reference }, draws)?;
    summary.add_curve(&model, paper.exposure.unit.clone());
    Ok(Fit { responses: vec![Named { name: "log2-ratio".into(), model }], ..Fit::of(summary) })
}
