//! The sampler against plain rejection, and the problem that a paper poses.

use super::anneal::{Restarts, start};
use super::chain::{Chain, Length};
use super::consistency::{pose, read};
use super::fit::LatentOptions;
use super::label::{LabelModel, LabelPriors};
use super::problem::{Constraint, Problem, Theta};
use crate::evidence::convergence::plain_ess;
use crate::evidence::paper::{ExposureAxis, Group, QuantileMethod, QuantilePaper, Split};
use crate::evidence::{Convention, Printed};
use crate::random::{Address, Purpose, Stream};
use crate::response::Metric;

/// Eight subjects, wide windows: small enough for plain rejection.
fn toy() -> Problem {
    let constraint =
        |slots, weight, window: [f64; 2]| Constraint { group: 0, slots, weight, window, name: String::new() };
    let mut constraints = vec![
        constraint([0, 1], 0.5, [8.0, 14.0]),
        constraint([1, 2], 0.5, [20.0, 60.0]),
        constraint([2, 2], 1.0, [5.0, 9.0]),
        constraint([1, 2], 0.5, [8.0, 14.0]),
        constraint([0, 1], 0.25, [2.0, 6.0]),
    ];
    let groups = Problem::group(&mut constraints, &[0b100, 0b100, 0b011, 0b110, 0b001]);
    Problem {
        grades: vec![0, 0, 0, 1, 1, 2, 2, 2],
        levels: 3,
        constraints,
        groups,
        rank_sums: vec![[9, 9, 18]],
        model: LabelModel::Best,
        priors: LabelPriors::default(),
        reference: 12.5f64.log2(),
        scale: 3.5,
        mu: [12f64.log2(), 1.5],
        log_sigma: [1.6f64.ln(), 0.5],
        bounds: [0.001, 2000.0],
    }
}

#[test]
fn the_sampler_equals_plain_rejection() {
    let theta = Theta::new([-0.4, 1.0, -0.3, 0.6], 3.3, 0.4);
    let length = Length { burn_in: 500, states: 8000, proposals: 60, snapshots: 0 };
    let problem = toy();
    let records: Vec<_> = (0..2)
        .map(|c| {
            let address = Address::new(5, Purpose::Evidence).draw(c);
            let known = start(&problem, &mut Stream::new(address), Restarts::doubling(8)).unwrap();
            Chain::begin(&problem, address, length, Some(theta), &known).unwrap().1
        })
        .collect();
    // Means and standard errors of 29121 states accepted of 4e8 (plain rejection, NumPy). Columns: lowest and highest of
    // each grade from column 6; ranks of mixed groups after them.
    let expected = [
        ("highest, best", 11, 5.3897, 0.0032),
        ("lowest, middle", 8, 2.1890, 0.0043),
        ("highest, worst", 7, 3.4521, 0.0024),
        ("highest, middle", 9, 4.2808, 0.0049),
        ("lowest, best", 10, 2.8101, 0.0023),
        ("third of the not best is middle", 12, 0.3266, 0.0027),
    ];
    for (name, column, mean, error) in expected {
        let chains: Vec<&[f64]> = records.iter().map(|r| r.columns[column].as_slice()).collect();
        let values: Vec<f64> = chains.concat();
        let n = values.len() as f64;
        let got = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - got) * (x - got)).sum::<f64>() / n;
        let own = (variance / plain_ess(&chains)).sqrt();
        let z = (got - mean) / (own * own + error * error).sqrt();
        assert!(z.abs() < 4.0, "{name}: {got} (se {own}) is not {mean}: z = {z}");
    }
}

#[test]
fn the_rank_sum_may_lie_on_the_other_side_than_the_medians() {
    // With the outcome 1, 2, 3, 20, 21, 22, 23 and without it 4, 5, 6, 7, 19, 24, 25, 26, 27: the median is higher with
    // it, but in only 20 of the 63 pairs the one with it has the larger exposure. Twice the exact tail: 0.252.
    let group = |n, quartiles: [&str; 3]| Group {
        n,
        quantiles: [0.25, 0.5, 0.75].into_iter().zip(quartiles.map(|q| Printed::read(q).unwrap())).collect(),
    };
    let paper = QuantilePaper {
        exposure: ExposureAxis { metric: Metric::Ctrough, unit: "ng/mL".parse().unwrap(), sampling: None },
        splits: vec![Split {
            outcome: "remission".into(),
            with: group(7, ["2.50", "20.00", "21.50"]),
            without: group(9, ["6.00", "19.00", "25.00"]),
            p: Printed::read("0.2523"),
        }],
        convention: Convention::Type(7),
        method: QuantileMethod::Latent,
        reference: 0.01,
        prior_median: 0.01,
    };
    let options = LatentOptions::new(&paper, LabelModel::Best);
    let (readings, warnings) = read(&paper, &options);
    assert_eq!((readings[0].as_ref().unwrap().u.as_slice(), warnings.len()), (&[43][..], 0));
    let posed = pose(&paper, &options, &readings, 1).unwrap();
    assert_eq!(posed.readings[0].as_ref().unwrap().u, [20]);
    assert_eq!(posed.problem.rank_sums, [[88, 48, -1]]);
    assert!(posed.data.iter().all(|data| data.allowed(&posed.problem) && data.penalty == 0));
}
