//! Closed forms against propagators, and both against answers from elsewhere.

use proptest::prelude::*;

use super::*;
use crate::math::dispatch::at_every_level;

/// One subject of a shape, and the same subject as a matrix.
fn both(shape: Shape, rates: &[f64]) -> [LinearSystem; 2] {
    let columns: Vec<&[f64]> = rates.iter().map(std::slice::from_ref).collect();
    let n = shape.states();
    let mut a = vec![0.0; n * n];
    let c = shape.central();
    for d in 0..shape.depots() {
        a[d * n + d] = -(rates[2 * d] + rates[2 * d + 1]);
        a[c * n + d] = rates[2 * d];
    }
    let first = 2 * shape.depots();
    a[c * n + c] = -rates[first];
    for p in 0..shape.peripherals() {
        let (away, back, s) = (rates[first + 1 + 2 * p], rates[first + 2 + 2 * p], c + 1 + p);
        a[c * n + c] -= away;
        a[s * n + c] = away;
        a[c * n + s] = back;
        a[s * n + s] = -back;
    }
    let entries: Vec<&[f64]> = a.iter().map(std::slice::from_ref).collect();
    [LinearSystem::closed(shape, &columns, 1).unwrap(), LinearSystem::any(n, &entries, 1).unwrap()]
}

fn answers(system: &LinearSystem, integral: Integral, t: f64) -> Vec<f64> {
    let response = system.response(integral, &vec![t; system.padded()]);
    let n = system.states();
    (0..n * n).map(|at| response.entry(at / n, at % n)[0]).collect()
}

/// Largest difference, relative to the largest entry.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let largest = b.iter().fold(1e-300f64, |m, x| m.max(x.abs()));
    a.iter()
        .zip(b)
        .fold(0.0, |m: f64, (a, b)| if a.is_nan() { f64::NAN } else { m.max((a - b).abs() / largest) })
}

/// A propagator is as exact as its largest entry on the way: the unit that it began with.
fn distance_of_propagators(a: &[f64], b: &[f64], integral: Integral) -> f64 {
    let largest = b.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    distance(a, b) * if integral == Integral::None { largest } else { 1.0 }
}

const INTEGRALS: [Integral; 3] = [Integral::None, Integral::Once, Integral::Twice];

#[test]
fn responses_equal_sixty_digit_matrix_exponentials() {
    // mpmath 1.3: scripts/reference/linear.py.
    let table = include_str!("../../../scripts/reference/linear.csv");
    let (mut worst, mut worst_any) = (0.0f64, 0.0f64);
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let numbers = |i: usize| cells[i].split(' ').map(|x| x.parse().unwrap()).collect::<Vec<f64>>();
        let shape = Shape::new(cells[0].parse().unwrap(), cells[1].parse().unwrap()).unwrap();
        let (rates, t) = (numbers(3), cells[2].parse().unwrap());
        let integral = INTEGRALS[cells[4].parse::<usize>().unwrap()];
        let expected = numbers(5);
        let [closed, any] = both(shape, &rates);
        let d = distance(&answers(&closed, integral, t), &expected);
        assert!(d < 2e-14, "closed form {d:e}: {line}");
        // The doublings of a propagator multiply the last bit by the number of its steps.
        let stiffness = rates.iter().fold(0.0f64, |m, r| m.max(*r)) * t;
        let bound = 1e-13 + 2e-16 * stiffness;
        let e = distance_of_propagators(&answers(&any, integral, t), &expected, integral);
        assert!(e < bound, "propagator {e:e} above {bound:e}: {line}");
        worst = worst.max(d);
        worst_any = worst_any.max(e / bound);
    }
    println!("closed forms: {worst:e}; propagators: {worst_any} of their bound");
}

/// Rates that meet, vanish, and span orders of magnitude.
fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => Just(0.0),
        2 => Just(0.2),
        1 => Just(0.2 * (1.0 + 1e-9)),
        1 => Just(0.2 * (1.0 + 1e-4)),
        6 => (-3.0f64..1.5).prop_map(|x| 10f64.powf(x)),
    ]
}

proptest! {
    #[test]
    fn closed_forms_equal_propagators(
        depots in 0usize..=2, peripherals in 0usize..=2, rates in prop::collection::vec(rate(), 9),
        t in prop_oneof![Just(0.0), 0.001f64..100.0], integral in 0usize..3,
    ) {
        let shape = Shape::new(depots, peripherals).unwrap();
        let [closed, any] = both(shape, &rates[..shape.rates()]);
        let (a, b) = (answers(&closed, INTEGRALS[integral], t), answers(&any, INTEGRALS[integral], t));
        let d = distance_of_propagators(&a, &b, INTEGRALS[integral]);
        prop_assert!(d < 1e-11 || b.iter().all(|x| *x == 0.0) && a.iter().all(|x| *x == 0.0), "{:e} {:?} {:?}", d, a, b);
        for j in 0..shape.states() {
            let column = closed.response_to(j, INTEGRALS[integral], &vec![t; closed.padded()]);
            for i in 0..shape.states() {
                prop_assert_eq!(column.entry(i, 0)[0].to_bits(), a[i * shape.states() + j].to_bits());
            }
        }
    }

    #[test]
    fn spans_join(depots in 0usize..=2, peripherals in 0usize..=2, rates in prop::collection::vec(rate(), 9),
                  s in 0.01f64..20.0, t in 0.01f64..20.0) {
        let shape = Shape::new(depots, peripherals).unwrap();
        let n = shape.states();
        let [closed, _] = both(shape, &rates[..shape.rates()]);
        let (a, b) = (answers(&closed, Integral::None, s), answers(&closed, Integral::None, t));
        let whole = answers(&closed, Integral::None, s + t);
        let joined: Vec<f64> =
            (0..n * n).map(|at| (0..n).map(|k| a[at / n * n + k] * b[k * n + at % n]).sum()).collect();
        prop_assert!(distance(&joined, &whole) < 1e-13, "{joined:?} {whole:?}");
    }
}

#[test]
fn lanes_do_not_depend_on_their_neighbours_or_the_instructions() {
    let shape = Shape::new(1, 2).unwrap();
    let subjects = 37;
    let columns: Vec<Vec<f64>> = (0..shape.rates())
        .map(|r| (0..subjects).map(|l| 0.2 * (1.0 + ((r * 31 + l * 17) % 23) as f64 / 40.0)).collect())
        .collect();
    let of = |lanes: std::ops::Range<usize>| {
        let part: Vec<&[f64]> = columns.iter().map(|c| &c[lanes.clone()]).collect();
        let system = LinearSystem::closed(shape, &part, lanes.len()).unwrap();
        let response = system.response(Integral::Twice, &vec![7.5; system.padded()]);
        (0..16)
            .flat_map(|at| response.entry(at / 4, at % 4)[..lanes.len()].to_vec())
            .map(f64::to_bits)
            .collect::<Vec<_>>()
    };
    let whole = of(0..subjects);
    for l in 0..subjects {
        let one = of(l..l + 1);
        assert!((0..16).all(|at| one[at] == whole[at * subjects + l]));
    }
    at_every_level(|level| {
        assert_eq!(of(0..subjects), whole, "{level:?}");
    });
}

#[test]
fn impossible_rates_are_named_and_stay_in_their_lane() {
    let columns = [vec![0.1, -0.1, 0.3], vec![1.0, 1.0, f64::INFINITY], vec![0.5, 0.5, 0.5]];
    let part: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let system = LinearSystem::closed(Shape::new(0, 1).unwrap(), &part, 3).unwrap();
    let texts: Vec<String> = system.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "subject 2 of the block: rate constant of elimination is -0.1; expected a number from 0 on",
            "subject 3 of the block: rate constant of central to peripheral 1 is inf; expected a number from 0 on",
        ]
    );
    let response = system.response(Integral::None, &[1.0; LANES]);
    assert!(response.entry(0, 0)[0].is_finite() && response.entry(0, 0)[1].is_nan());
    let wrong = LinearSystem::closed(Shape::new(0, 1).unwrap(), &part[..2], 3).unwrap_err();
    assert_eq!(wrong.to_string(), "a system of this kind has 3 columns of rate constants, not 2");
    assert!(LinearSystem::any(1, &part[..1], 2).is_err());
    assert!(Shape::new(3, 0).is_none());
}

#[test]
fn a_transit_chain_is_the_gamma_density() {
    // Twelve equal rates: amount i of a unit put into the first is (k t)^i exp(-k t) / i!; a twelvefold decay rate.
    let (n, k) = (12, 2.5);
    let mut entries = vec![0.0; n * n];
    for i in 0..n {
        entries[i * n + i] = -k;
        if i > 0 {
            entries[i * n + i - 1] = k;
        }
    }
    let columns: Vec<&[f64]> = entries.iter().map(std::slice::from_ref).collect();
    let system = LinearSystem::any(n, &columns, 1).unwrap();
    for t in [0.01, 1.0, 4.0, 30.0] {
        let response = system.response_to(0, Integral::None, &[t; LANES]);
        let mut expected = (-k * t).exp();
        for i in 0..n {
            assert!((response.entry(i, 0)[0] - expected).abs() < 1e-13, "{t} {i}");
            expected *= k * t / (i + 1) as f64;
        }
    }
}

#[test]
fn each_rate_constant_has_its_name() {
    let shape = Shape::new(2, 2).unwrap();
    let names: Vec<String> = (0..shape.rates()).map(|rate| shape.rate_name(rate)).collect();
    assert_eq!(
        names,
        [
            "absorption from depot 1",
            "loss from depot 1",
            "absorption from depot 2",
            "loss from depot 2",
            "elimination",
            "central to peripheral 1",
            "peripheral 1 to central",
            "central to peripheral 2",
            "peripheral 2 to central",
        ]
    );
}

#[test]
fn a_subject_that_eliminates_nothing_has_no_steady_state_and_the_others_have_theirs() {
    // A transfer at 0.3 per h, then elimination at 0.1 per h in the first subject and none in the second.
    let entries = [[-0.3, -0.3], [0.3, 0.3], [0.0, 0.0], [-0.1, 0.0]];
    let [a, b, c, d] = entries.each_ref().map(|column| column.as_slice());
    let system = LinearSystem::any(2, &[a, c, b, d], 2).unwrap();
    let span = vec![12.0; system.padded()];
    let transition = system.response(Integral::None, &span);
    let mut amounts = LaneMatrix::zeros(2, 1, 2);
    amounts.entry_mut(0, 0)[..2].fill(1.0);
    let none = system.solve_steady(&transition, &span, &mut amounts).unwrap_err();
    assert_eq!(none.subjects, [1]);
    // Geometric sums of the first state's decay and of the Bateman function.
    let sum = |rate: f64| 1.0 / (1.0 - (-12.0 * rate).exp());
    let expected = [sum(0.3), 0.3 / (0.1 - 0.3) * (sum(0.3) - sum(0.1))];
    for (state, expected) in expected.into_iter().enumerate() {
        assert!((amounts.entry(state, 0)[0] / expected - 1.0).abs() < 1e-12, "state {state}");
    }
}
