//! Any text as an expression: parsed, checked, printed, differentiated, compiled and evaluated.

#![no_main]

use exposim::expr::{Checked, Expression, Program, Scope, Scratch, Symbol};
use libfuzzer_sys::fuzz_target;

/// The names that the expressions of the shipped models use most.
const NAMES: &[(&str, &str)] = &[
    ("TVCL", "L/h"),
    ("TVV", "L"),
    ("KA", "1/h"),
    ("CL", "L/h"),
    ("V", "L"),
    ("Q", "L/h"),
    ("WT", "kg"),
    ("CRCL", "mL/min"),
    ("eta.CL", "1"),
    ("central", "mg"),
    ("depot", "mg"),
    ("t", "h"),
    ("tad", "h"),
];

fn scope() -> Scope {
    let mut scope = Scope::new();
    for (slot, (name, unit)) in NAMES.iter().enumerate() {
        let symbol = Symbol { slot, unit: unit.parse().unwrap(), levels: None };
        scope.symbol(name, symbol).unwrap();
    }
    let levels = Some(vec!["male".to_owned(), "female".to_owned()]);
    scope.symbol("SEXF", Symbol { slot: NAMES.len(), unit: "1".parse().unwrap(), levels }).unwrap();
    scope
}

fn through(checked: &Checked) {
    let derivative = checked.differentiate(9);
    let _ = (checked.to_string(), derivative.to_string(), checked.terms().len(), checked.switches_at(11));
    let program = Program::compile(&[checked, &derivative]);
    let (inputs, mut outputs) = (vec![1.5; NAMES.len() + 1], [0.0; 2]);
    program.run(&inputs, &mut outputs, &mut Scratch::new());
}

fuzz_target!(|text: &str| {
    let Ok(parsed) = Expression::parse(text) else { return };
    for scope in [scope(), Scope::unchecked()] {
        if let Ok(checked) = parsed.check(&scope) {
            through(&checked);
        }
    }
});
