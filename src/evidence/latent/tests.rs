//! The sampler against plain rejection.

use super::chain::{Chain, Length};
use super::label::{LabelModel, LabelPriors};
use super::problem::{Constraint, Problem, Theta};
use crate::evidence::convergence::plain_ess;
use crate::random::{Address, Purpose};

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
    let length = Length { burn_in: 500, states: 8000, proposals: 60, restarts: 8, snapshots: 0 };
    let problem = toy();
    let records: Vec<_> = (0..2)
        .map(|c| {
            Chain::begin(&problem, Address::new(5, Purpose::Evidence).draw(c), length, Some(theta)).unwrap().1
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
