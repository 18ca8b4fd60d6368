use super::Observed;
use crate::math::{Cholesky, exp, ln};

/// A proportional-hazards regression.
#[derive(Clone, Debug, PartialEq)]
pub struct CoxFit {
    /// Logarithms of the hazard ratios, in the order of the columns.
    pub coefficients: Vec<f64>,
    /// Their standard errors, from the inverse of the observed information.
    pub errors: Vec<f64>,
    /// The partial log-likelihood at the estimate.
    pub log_likelihood: f64,
    /// The partial log-likelihood without any effect.
    pub null: f64,
}

/// What Newton's iteration works out at a point.
struct Point {
    log_likelihood: f64,
    score: Vec<f64>,
    information: Vec<f64>,
}

/// The regression of a hazard on columns of the patients' predictors by the partial likelihood (Cox 1972, J R Stat Soc B
/// 34:187), ties by Efron's method (1977, J Am Stat Assoc 72:557). `None` where it has no maximum: columns that depend on
/// one another, or order the events fully.
pub fn cox(patients: &[Observed], columns: &[&[f64]]) -> Option<CoxFit> {
    let size = columns.len();
    let mut order: Vec<usize> = (0..patients.len()).collect();
    // Latest first, so that those at risk gather; a patient with several equal times keeps the order of the rows.
    order.sort_by(|&a, &b| patients[b].time.total_cmp(&patients[a].time));
    let mut beta = vec![0.0; size];
    let mut point = at(patients, columns, &order, &beta);
    let null = point.log_likelihood;
    for _ in 0..50 {
        let factor = Cholesky::new(&point.information, size)?;
        let mut step = point.score.clone();
        factor.solve(&mut step);
        let mut scale = 1.0;
        let next = loop {
            let trial: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + scale * s).collect();
            let found = at(patients, columns, &order, &trial);
            if found.log_likelihood >= point.log_likelihood - 1e-12 * point.log_likelihood.abs() {
                break (trial, found);
            }
            scale *= 0.5;
            if scale < 1e-9 {
                return None;
            }
        };
        let moved = step.iter().fold(0.0, |m: f64, s| m.max((scale * s).abs()));
        (beta, point) = next;
        if moved < 1e-10 * beta.iter().fold(1.0, |m: f64, b| m.max(b.abs())) {
            let inverse = Cholesky::new(&point.information, size)?.inverse();
            let errors = (0..size).map(|j| inverse[j * size + j].sqrt()).collect();
            return Some(CoxFit { coefficients: beta, errors, log_likelihood: point.log_likelihood, null });
        }
    }
    None
}

/// Sums over patients: of the hazard ratio, of it times the predictors, and times their products.
#[derive(Clone)]
struct Sums {
    ratio: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Sums {
    fn new(size: usize) -> Self {
        Sums { ratio: 0.0, first: vec![0.0; size], second: vec![0.0; size * size] }
    }

    fn add(&mut self, ratio: f64, x: &[f64]) {
        self.ratio += ratio;
        for (j, xj) in x.iter().enumerate() {
            self.first[j] += ratio * xj;
            for (k, xk) in x.iter().enumerate() {
                self.second[j * x.len() + k] += ratio * xj * xk;
            }
        }
    }
}

fn at(patients: &[Observed], columns: &[&[f64]], order: &[usize], beta: &[f64]) -> Point {
    let size = columns.len();
    let mut point =
        Point { log_likelihood: 0.0, score: vec![0.0; size], information: vec![0.0; size * size] };
    let mut at_risk = Sums::new(size);
    for moment in order.chunk_by(|&a, &b| patients[a].time == patients[b].time) {
        let mut tied = Sums::new(size);
        let mut deaths = 0u32;
        for &i in moment {
            let x: Vec<f64> = columns.iter().map(|column| column[i]).collect();
            let eta: f64 = x.iter().zip(beta).map(|(x, b)| x * b).sum();
            let ratio = exp(eta);
            at_risk.add(ratio, &x);
            if patients[i].event {
                deaths += 1;
                tied.add(ratio, &x);
                point.log_likelihood += eta;
                point.score.iter_mut().zip(&x).for_each(|(s, x)| *s += x);
            }
        }
        for death in 0..deaths {
            // Those who have the event at the same time leave one after the other, each a share of all.
            let share = f64::from(death) / f64::from(deaths);
            let ratio = at_risk.ratio - share * tied.ratio;
            let mean: Vec<f64> =
                at_risk.first.iter().zip(&tied.first).map(|(a, t)| (a - share * t) / ratio).collect();
            point.log_likelihood -= ln(ratio);
            for j in 0..size {
                point.score[j] -= mean[j];
                for k in 0..size {
                    let place = j * size + k;
                    let second = (at_risk.second[place] - share * tied.second[place]) / ratio;
                    point.information[place] += second - mean[j] * mean[k];
                }
            }
        }
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(rows: &[(f64, bool)]) -> Vec<Observed> {
        rows.iter().map(|&(time, event)| Observed { time, event }).collect()
    }

    /// Freireich et al. 1963, remission in acute leukaemia (weeks): 6-mercaptopurine, then placebo.
    fn leukaemia() -> (Vec<Observed>, Vec<f64>) {
        let treated = [
            (6.0, true),
            (6.0, true),
            (6.0, true),
            (6.0, false),
            (7.0, true),
            (9.0, false),
            (10.0, true),
            (10.0, false),
            (11.0, false),
            (13.0, true),
            (16.0, true),
            (17.0, false),
            (19.0, false),
            (20.0, false),
            (22.0, true),
            (23.0, true),
            (25.0, false),
            (32.0, false),
            (32.0, false),
            (34.0, false),
            (35.0, false),
        ];
        let placebo =
            [1., 1., 2., 2., 3., 4., 4., 5., 5., 8., 8., 8., 8., 11., 11., 12., 12., 15., 17., 22., 23.];
        let mut patients = observed(&treated);
        patients.extend(placebo.map(|time| Observed { time, event: true }));
        let arm = [vec![0.0; 21], vec![1.0; 21]].concat();
        (patients, arm)
    }

    #[test]
    fn the_leukaemia_trial_equals_an_independent_computation() {
        // scripts/reference/cox.py: the partial likelihood written out from its definition.
        let (patients, arm) = leukaemia();
        let fit = cox(&patients, &[&arm]).unwrap();
        for (found, expected) in [
            (fit.coefficients[0], 1.572_125_148_8),
            (fit.errors[0], 0.412_396_717_7),
            (fit.log_likelihood, -85.008_424_577_4),
            (fit.null, -93.184_269_996_8),
        ] {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }

    #[test]
    fn the_estimate_is_where_the_likelihood_is_flat_by_differences() {
        let (patients, arm) = leukaemia();
        let age: Vec<f64> = (0..42).map(|i| f64::from(i * 7 % 11)).collect();
        let columns: [&[f64]; 2] = [&arm, &age];
        let fit = cox(&patients, &columns).unwrap();
        let mut order: Vec<usize> = (0..42).collect();
        order.sort_by(|&a, &b| patients[b].time.total_cmp(&patients[a].time));
        let value = |beta: &[f64]| at(&patients, &columns, &order, beta).log_likelihood;
        for j in 0..2 {
            let shifted = |by: f64| {
                let mut beta = fit.coefficients.clone();
                beta[j] += by;
                value(&beta)
            };
            assert!((shifted(1e-4) - shifted(-1e-4)).abs() / 2e-4 < 1e-6);
        }
    }

    #[test]
    fn what_orders_the_events_fully_has_no_estimate() {
        let patients = observed(&[(1.0, true), (2.0, true), (3.0, true), (4.0, false)]);
        assert_eq!(cox(&patients, &[&[4.0, 3.0, 2.0, 1.0]]), None);
        assert_eq!(cox(&patients, &[&[1.0, 1.0, 1.0, 1.0]]), None);
    }
}
