//! Random expressions over the pure numbers `x`, `y` and `z`.

use proptest::prelude::*;

use super::*;

pub(super) const NAMES: [(&str, &str); 3] = [("x", "1"), ("y", "1"), ("z", "1")];

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["x", "y", "z"]).prop_map(String::from),
        1 => (1u32..40).prop_map(|n| format!("{}", f64::from(n) / 8.0)),
    ]
}

fn condition(inner: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let comparison = (inner.clone(), prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]), inner)
        .prop_map(|(a, op, b)| format!("({a} {op} {b})"));
    comparison.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["and", "or"]), inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.prop_map(|a| format!("(not {a})")),
        ]
    })
}

/// The text of an expression. `smooth` leaves out what is not differentiable everywhere.
pub(super) fn expression(smooth: bool) -> impl Strategy<Value = String> {
    leaf().prop_recursive(5, 40, 3, move |inner| {
        let functions = if smooth {
            vec!["exp", "log", "log10", "log2", "sqrt", "expit", "logit", "phi", "gamma", "lgamma", "-"]
        } else {
            vec![
                "exp", "log", "log10", "log2", "sqrt", "expit", "logit", "phi", "gamma", "lgamma", "-",
                "abs", "floor",
            ]
        };
        let operators =
            if smooth { vec!["+", "-", "*", "/", "^"] } else { vec!["+", "-", "*", "/", "^", "min", "max"] };
        prop_oneof![
            4 => (inner.clone(), prop::sample::select(operators), inner.clone()).prop_map(move |(a, op, b)| {
                match op {
                    "min" | "max" => format!("{op}({a}, {b})"),
                    // A negative base has a power only where the exponent does not move.
                    "^" if smooth => format!("((0.1 + ({a})^2) ^ {b})"),
                    _ => format!("({a} {op} {b})"),
                }
            }),
            1 => (inner.clone(), prop::sample::select(vec!["-3", "-1", "0.5", "2", "3", "7", "0.256"]))
                .prop_map(|(a, power)| format!("({a}^{power})")),
            2 => (prop::sample::select(functions), inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            1 => (condition(inner.clone()), inner.clone(), inner)
                .prop_map(|(c, a, b)| format!("(if {c} then {a} else {b})")),
        ]
    })
}

/// The expression, unless it divides by zero or has a part that is not finite.
pub(super) fn checked(text: &str) -> Option<Checked> {
    let parsed = Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    match parsed.check(&scope(&NAMES)) {
        Ok(checked) => Some(checked),
        Err(errors) => {
            assert!(errors.iter().all(|e| ["E0316", "E0317"].contains(&e.code)), "{text}: {}", errors[0]);
            None
        }
    }
}
