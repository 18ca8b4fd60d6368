//! Formulas taken apart by what their parts depend on, and written in operations that cost less.

use super::random::{checked, expression};
use super::*;
use proptest::prelude::*;

/// Slots of the names of a small kinetic model.
fn model() -> Scope {
    scope(&[("A", "mg"), ("V", "L"), ("K", "1/h"), ("X", "1"), ("Y", "1"), ("C50", "mg/L"), ("G", "1")])
}

const A: usize = 0;
const X: usize = 3;
const Y: usize = 4;

/// The formula with its parts of A alone, or A and what is constant, taken out, and these.
fn taken_apart(text: &str) -> (Checked, Vec<Checked>) {
    let mut parts: Vec<Checked> = Vec::new();
    let formula = check(text, &model());
    let rest = formula.with_parts(
        |slot| slot == A,
        |slot| slot == X || slot == Y,
        |part| {
            parts.push(part);
            100 + parts.len() - 1
        },
    );
    (rest, parts)
}

#[test]
fn the_largest_parts_are_taken_out() {
    let (rest, parts) = taken_apart("K*X*(1 - A/V/(C50 + A/V)) - K*Y");
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].to_string(), check("1 - A/V/(C50 + A/V)", &model()).to_string());
    assert!(rest.depends_on(100) && !rest.depends_on(A));
    assert!(rest.is_affine_in(&[100]));
    // A formula of A alone is a part as a whole; one without it stays.
    let (rest, parts) = taken_apart("exp(-A/V/C50)");
    assert_eq!((rest.slots().collect::<Vec<_>>(), parts.len()), (vec![100], 1));
    let (rest, parts) = taken_apart("K*X*Y");
    assert_eq!((rest, parts.len()), (check("K*X*Y", &model()), 0));
}

#[test]
fn a_sum_of_terms_with_one_factor_each_is_affine() {
    let affine = |text: &str| check(text, &model()).is_affine_in(&[X, Y]);
    assert!(affine("G*X + Y - 2"));
    assert!(affine("X/(1 + G) + exp(-G)*Y"));
    assert!(affine("K"));
    for text in ["X*Y", "X^2", "exp(X)", "1/(1 + Y)", "max(X, 0)", "if X > 1 then X else 1"] {
        assert!(!affine(text), "{text}");
    }
}

#[test]
fn cheap_operations_are_put_in_the_place_of_dear_ones() {
    let swift = |text: &str| check(text, &model()).swift(|slot| slot == X || slot == Y).to_string();
    assert_eq!(swift("X/G"), check("X*(1/G)", &model()).to_string());
    assert_eq!(swift("(G/X)^0.17"), "exp(0.17*(log(G) - log(X)))");
    assert_eq!(swift("X^G"), "exp(G*log(X))");
    // What is held is worked out once, and these cost little as they are.
    for text in ["G^0.17*X", "X^2", "X^0.5", "G/X"] {
        assert_eq!(swift(text), check(text, &model()).to_string(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_formula_is_its_parts_put_together(
        text in expression(false),
        inputs in proptest::collection::vec(0.1f64..3.0, 3),
        own in 0usize..3,
        besides in 0usize..3,
    ) {
        let Some(whole) = checked(&text) else { return Ok(()) };
        let mut parts: Vec<Checked> = Vec::new();
        let rest = whole.with_parts(
            |slot| slot == own,
            |slot| slot == besides && slot != own,
            |part| {
                parts.push(part);
                10 + parts.len() - 1
            },
        );
        let mut with = inputs.clone();
        with.resize(10 + parts.len(), 0.0);
        for (k, part) in parts.iter().enumerate() {
            prop_assert!(part.depends_on(own));
            with[10 + k] = run(part, &inputs);
        }
        let (found, exact) = (run(&rest, &with), run(&whole, &inputs));
        prop_assert!(found == exact || (found.is_nan() && exact.is_nan()), "{text}: {found} {exact}");
    }

    #[test]
    fn a_swift_formula_has_the_same_value(
        text in expression(true),
        inputs in proptest::collection::vec(0.1f64..3.0, 3),
        moving in 0usize..3,
    ) {
        let Some(formula) = checked(&text) else { return Ok(()) };
        let (found, exact) = (run(&formula.swift(|slot| slot == moving), &inputs), run(&formula, &inputs));
        // A power of a negative number is none.
        let same = (found - exact).abs() <= 1e-9 * (1.0 + exact.abs());
        prop_assert!(same || found.is_nan() || !exact.is_finite(), "{text}: {found} {exact}");
    }
}
