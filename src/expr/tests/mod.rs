//! The promises of the language, one file each.

mod bounds;
mod derivatives;
mod dimensions;
mod display;
mod evaluation;
mod parts;
mod precedence;
mod random;
mod wrong;

use super::*;

/// A scope whose symbols have slots in the order of the list.
fn scope(symbols: &[(&str, &str)]) -> Scope {
    let mut scope = Scope::new();
    for (slot, (name, unit)) in symbols.iter().enumerate() {
        scope.symbol(name, Symbol { slot, unit: unit.parse().unwrap(), levels: None }).unwrap();
    }
    scope
}

/// Names of a population model, with a category.
fn population() -> Scope {
    let mut scope = scope(&[
        ("CL", "L/h"),
        ("V", "L"),
        ("WT", "kg"),
        ("central", "mg"),
        ("t", "h"),
        ("tad", "h"),
        ("eta.CL", "1"),
        ("CRCL", "mL/min"),
        ("KA", "1/h"),
    ]);
    let levels = Some(vec!["healthy".to_string(), "patient".to_string(), "axial SpA".to_string()]);
    scope.symbol("PATIENT", Symbol { slot: 9, unit: crate::units::Unit::one(), levels }).unwrap();
    scope
}

fn check(text: &str, scope: &Scope) -> Checked {
    Expression::parse(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .check(scope)
        .unwrap_or_else(|e| panic!("{text}: {}", e[0]))
}

/// The value of an expression without names.
fn value(text: &str) -> f64 {
    let checked = check(text, &Scope::new());
    checked.constant().unwrap_or_else(|| panic!("{text} is not constant: {checked}"))
}

/// The value of an expression of one subject.
fn run(expression: &Checked, inputs: &[f64]) -> f64 {
    let mut out = [f64::NAN];
    Program::compile(&[expression]).run(inputs, &mut out, &mut Scratch::new());
    out[0]
}
