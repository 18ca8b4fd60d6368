//! Whatever is written as an expression, it is read, or refused with a place inside the text: no panic, no hang.

use exposim::expr::{Checked, Column, ExprError, Expression, Program, Scope, Scratch, Symbol};
use proptest::prelude::*;

/// Formulas as they stand in model files.
const VALID: &[&str] = &[
    "TVCL*(CRCL/108.7 mL/min)^0.256*(WT/74 kg)^0.132*(if PATIENT == patient then 0.754 else 1)*exp(eta.CL)",
    "KA*depot - (CL/V)*central",
    "5 mg/h*central/(3 mg + central)",
    "if t < 24 h and not (tad > 2 h) then 0 else if t >= 48 h then 1 mg else 2 mg",
    "unchecked(9270*WT/(8780 + 244*WT), L/h)",
    "max(0, min(1, phi(eta.CL), expit(logit(0.3) + eta.CL)))",
    "-2^-(t/24 h) + lgamma(floor(t/24 h) + 1)^0.5 - 5 10^9/L*V",
];

fn scope() -> Scope {
    let mut scope = Scope::new();
    let names = ["TVCL", "CRCL", "WT", "CL", "V", "KA", "depot", "central", "t", "tad", "eta.CL"];
    let units = ["L/h", "mL/min", "kg", "L/h", "L", "1/h", "mg", "mg", "h", "h", "1"];
    for (slot, (name, unit)) in names.into_iter().zip(units).enumerate() {
        scope.symbol(name, Symbol { slot, unit: unit.parse().unwrap(), levels: None }).unwrap();
    }
    let levels = Some(vec!["healthy".into(), "patient".into()]);
    scope.symbol("PATIENT", Symbol { slot: 11, unit: "1".parse().unwrap(), levels }).unwrap();
    scope
}

fn is_usable(error: &ExprError, text: &str) -> bool {
    let inside = error.span.start <= error.span.end && error.span.end <= text.len();
    let whole = text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end);
    inside && whole && error.code.starts_with("E03") && !error.message.is_empty() && error.message.len() < 500
}

/// All that can be done with a text; what comes of it.
fn use_up(text: &str) -> Result<Checked, Vec<ExprError>> {
    let expression = Expression::parse(text).map_err(|error| vec![error])?;
    let condition = expression.check_condition(&scope());
    let checked = expression.check(&scope()).or(condition)?;
    let slopes: Vec<Checked> = checked.slots().map(|slot| checked.differentiate(slot)).collect();
    let outputs: Vec<&Checked> = slopes.iter().chain([&checked]).collect();
    let program = Program::compile(&outputs);
    let (mut one, mut scratch) = (vec![0.0; outputs.len()], Scratch::new());
    program.run(&[1.0; 12], &mut one, &mut scratch);
    let mut columns = vec![[0.0; 3]; outputs.len()];
    let mut block: Vec<&mut [f64]> = columns.iter_mut().map(|column| column.as_mut_slice()).collect();
    program.run_block(&[Column::Slice(&[1.0; 3]); 12], &mut block, &mut scratch);
    for (column, value) in columns.iter().zip(&one) {
        assert!(
            column.iter().all(|v| v.to_bits() == value.to_bits() || (v.is_nan() && value.is_nan())),
            "{text}"
        );
    }
    let _ = (checked.to_string(), checked.terms());
    Ok(checked)
}

#[test]
fn the_formulas_are_valid() {
    for text in VALID {
        if let Err(errors) = use_up(text) {
            panic!("{text}: {}", errors[0]);
        }
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let known = vec![
        "WT",
        "CL",
        "V",
        "t",
        "PATIENT",
        "patient",
        "eta.CL",
        "kg",
        "L/h",
        "mL/min",
        "10^9/L",
        "%",
        "µg",
        "1",
        "0",
        "2.5",
        "1e308",
        "1e-9",
        "(",
        ")",
        "(",
        ")",
        "+",
        "-",
        "*",
        "/",
        "^",
        "**",
        "<",
        "<=",
        "==",
        "!=",
        "=",
        ",",
        "if ",
        " then ",
        " else ",
        " and ",
        " or ",
        "not ",
        "exp(",
        "min(",
        "max(",
        "pow(",
        "lgamma(",
        "unchecked(",
        "'",
        "\"",
        ".",
        "_",
        " ",
        "\n",
        "é",
        "\u{0}",
        "·",
    ];
    prop_oneof![20 => prop::sample::select(known).prop_map(String::from), 1 => any::<char>().prop_map(String::from)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>()) {
        if let Err(errors) = use_up(&text) {
            prop_assert!(!errors.is_empty() && errors.iter().all(|e| is_usable(e, &text)), "{errors:?}");
        }
    }

    #[test]
    fn tokens_in_any_order_are_read_or_refused(parts in prop::collection::vec(fragment(), 0..30)) {
        let text = parts.concat();
        if let Err(errors) = use_up(&text) {
            prop_assert!(!errors.is_empty() && errors.iter().all(|e| is_usable(e, &text)), "{errors:?}");
        }
    }

    #[test]
    fn changed_formulas_are_read_or_refused(
        which in 0..VALID.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, fragment()), 1..4),
    ) {
        let mut text: Vec<char> = VALID[which].chars().collect();
        for (at, cut, put) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, put.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(errors) = use_up(&text) {
            prop_assert!(!errors.is_empty() && errors.iter().all(|e| is_usable(e, &text)), "{errors:?}");
        }
    }
}
