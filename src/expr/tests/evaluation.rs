use proptest::prelude::*;

use super::*;

/// The same value; which of the many NaNs it is does not count.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

proptest! {
    #[test]
    fn a_block_gives_the_bits_of_one_subject_after_another(
        texts in prop::collection::vec(random::expression(false), 1..4),
        seed in any::<u64>(),
        count in prop_oneof![0usize..20, 60usize..70, 250usize..530],
        scalars in any::<[bool; 3]>(),
        moving in 0usize..3,
    ) {
        let expressions: Vec<Checked> = texts.iter().filter_map(|text| random::checked(text)).collect();
        let program = Program::compile(&expressions.iter().collect::<Vec<_>>());
        let mut state = seed;
        let columns: [Vec<f64>; 3] = std::array::from_fn(|_| {
            (0..count.max(1)).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Halves among them, so that equalities happen.
                if state >> 60 == 0 { ((state >> 50) & 7) as f64 / 2.0 } else { (state >> 11) as f64 / 2f64.powi(51) }
            }).collect()
        });
        let inputs: [Column<'_>; 3] = std::array::from_fn(|i| {
            if scalars[i] { Column::Scalar(columns[i][0]) } else { Column::Slice(&columns[i]) }
        });
        let mut block = vec![vec![f64::NAN; count]; expressions.len()];
        let mut scratch = Scratch::new();
        let mut outputs: Vec<&mut [f64]> = block.iter_mut().map(Vec::as_mut_slice).collect();
        program.run_block(&inputs, &mut outputs, &mut scratch);
        let mut one = vec![f64::NAN; expressions.len()];
        for subject in 0..count {
            let inputs: Vec<f64> =
                (0..3).map(|i| columns[i][if scalars[i] { 0 } else { subject }]).collect();
            program.run(&inputs, &mut one, &mut scratch);
            for (i, value) in one.iter().enumerate() {
                prop_assert!(same(block[i][subject], *value), "{}: {} and {}", texts.join("; "), block[i][subject], value);
                // Compiled alone, nothing is shared with the others.
                prop_assert!(same(run(&expressions[i], &inputs), *value));
            }
        }
        // Held but for an input that moves, the subjects seated in another order.
        let width = 16;
        let mut held = program.hold(&inputs, count, width, |slot| (slot == moving).then_some((0, 0)));
        let mut out = vec![f64::NAN; expressions.len() * width];
        for first in (0..count).step_by(width) {
            let subject = |lane: usize| (first + (5 * lane) % width).min(count - 1);
            let place = |lane: usize| if scalars[moving] { 0 } else { subject(lane) };
            let moves: Vec<f64> = (0..width).map(|lane| columns[moving][place(lane)]).collect();
            (0..width).for_each(|lane| held.seat(lane, subject(lane)));
            held.run(&[&moves], &mut out);
            for (i, row) in out.chunks_exact(width).enumerate() {
                for (lane, value) in row.iter().enumerate() {
                    prop_assert!(same(*value, block[i][subject(lane)]), "held: {}", texts.join("; "));
                }
            }
        }
    }
}

#[test]
fn equal_outputs_inputs_and_constants_come_out() {
    let scope = scope(&random::NAMES);
    let expressions = ["x + y", "x + y", "x", "2", "(x + y)*2", "y + x"].map(|text| check(text, &scope));
    let program = Program::compile(&expressions.iter().collect::<Vec<_>>());
    assert_eq!(program.operations(), 2);
    assert_eq!(program.slots(), [0, 1]);
    let x: Vec<f64> = (0..300).map(f64::from).collect();
    let mut columns = vec![vec![0.0; 300]; 6];
    let mut outputs: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    program.run_block(&[Column::Slice(&x), Column::Scalar(1.0)], &mut outputs, &mut Scratch::new());
    for (i, &x) in x.iter().enumerate() {
        let values: Vec<f64> = columns.iter().map(|column| column[i]).collect();
        assert_eq!(values, [x + 1.0, x + 1.0, x, 2.0, (x + 1.0) * 2.0, x + 1.0]);
    }
}

#[test]
fn one_scratch_serves_several_programs() {
    let scope = scope(&random::NAMES);
    let (small, large) = (check("x", &scope), check("exp(x)*y + z^2 + x/y", &scope));
    let (small, large) = (Program::compile(&[&small]), Program::compile(&[&large]));
    let (mut scratch, mut out) = (Scratch::new(), [0.0]);
    let expected = by_hand(2.0, 3.0, 4.0);
    for _ in 0..2 {
        large.run(&[2.0, 3.0, 4.0], &mut out, &mut scratch);
        assert_eq!(out[0], expected);
        small.run(&[2.0], &mut out, &mut scratch);
        assert_eq!(out[0], 2.0);
        let inputs = [2.0, 3.0, 4.0].map(Column::Scalar);
        large.run_block(&inputs, &mut [&mut out], &mut scratch);
        assert_eq!(out[0], expected);
    }
}

fn by_hand(x: f64, y: f64, z: f64) -> f64 {
    crate::math::exp(x) * y + z * z + x / y
}

#[test]
fn a_missing_number_is_not_lost() {
    let scope = scope(&random::NAMES);
    for text in
        ["min(x, y)", "max(x, y)", "min(y, x)", "max(y, x)", "x + y", "exp(x)", "x^y", "floor(x)", "abs(x)"]
    {
        assert!(run(&check(text, &scope), &[f64::NAN, 1.0, 1.0]).is_nan(), "{text}");
    }
}

#[test]
fn categories_are_indices_of_their_levels() {
    let scope = population();
    let factor = check("if PATIENT == patient then 0.754 else 1", &scope);
    let quoted = check("if 'axial SpA' != PATIENT then 0 else 3", &scope);
    for (level, expected) in [(0.0, (1.0, 0.0)), (1.0, (0.754, 0.0)), (2.0, (1.0, 3.0))] {
        let mut inputs = [0.0; 10];
        inputs[9] = level;
        assert_eq!((run(&factor, &inputs), run(&quoted, &inputs)), expected);
    }
}

#[test]
fn small_powers_are_products_and_roots() {
    let scope = scope(&random::NAMES);
    for (text, operations) in
        [("x^2", 1), ("x^3", 2), ("x^4", 2), ("x^-1", 1), ("x^0.5", 1), ("x^16", 4), ("x^2 + x^4", 3)]
    {
        assert_eq!(Program::compile(&[&check(text, &scope)]).operations(), operations, "{text}");
    }
    assert_eq!(run(&check("x^3", &scope), &[1.1]), 1.1 * (1.1 * 1.1));
    assert_eq!(run(&check("x^-2", &scope), &[3.0]), 1.0 / 9.0);
}

#[test]
fn definitions_are_shared_and_not_copied() {
    let mut scope = scope(&random::NAMES);
    scope.define("d0", check("x*y + 1", &scope), None).unwrap();
    // Written out, the last of these has 2^60 leaves.
    for i in 1..=60 {
        let last = check(&format!("d{}*d{}", i - 1, i - 1), &scope);
        scope.define(&format!("d{i}"), last, None).unwrap();
    }
    let expression = check("d60 + z", &scope);
    assert!(expression.size() < 70);
    assert_eq!(run(&expression, &[0.0, 1.0, 2.0]), 3.0);
    assert!(expression.differentiate(0).size() < 400);
    assert!(expression.to_string().len() < 100_000);
    assert!(expression == expression.clone());
    assert!(Program::compile(&[&expression]).operations() < 70);
}
