//! The promises of the language, room by room of the pipeline.

use super::*;

mod precedence;

fn scope(symbols: &[(&str, &str)]) -> Scope {
    let mut scope = Scope::new();
    for (slot, (name, unit)) in symbols.iter().enumerate() {
        scope.symbol(name, Symbol { slot, unit: unit.parse().unwrap(), levels: None }).unwrap();
    }
    scope
}

fn value(text: &str) -> f64 {
    let checked = Expression::parse(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .check(&Scope::new())
        .unwrap_or_else(|e| panic!("{text}: {}", e[0]));
    checked.constant().unwrap_or_else(|| panic!("{text} is not constant: {checked}"))
}
