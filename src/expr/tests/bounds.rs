use super::*;

fn refused(text: &str) -> ExprError {
    let result = Expression::parse(text).map_err(|e| vec![e]).and_then(|e| e.check(&Scope::new()));
    result.map(|_| ()).expect_err("was accepted").remove(0)
}

#[test]
fn bombs_are_refused() {
    let deep = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    for text in [
        deep("(", ")", 10_000),
        deep("-", "", 10_000),
        deep("+", "", 10_000),
        deep("not ", "", 10_000),
        deep("exp(", ")", 5_000),
        deep("2^", "", 10_000),
        deep("1 + (", ")", 5_000),
        deep("(if 1 < 2 then ", " else 2)", 1_000),
        "(".repeat(10_000_000),
        "((((".to_string() + &")".repeat(10_000_000),
        "1".repeat(10_000_000),
        "x".repeat(60_000),
        "1+".repeat(12_000) + "1",
        "unchecked(".repeat(2_000),
    ] {
        assert_eq!(refused(&text).code, "E0301", "{}…", &text[..20]);
    }
}

#[test]
fn long_is_not_deep() {
    // A sum of 4,000 terms and a table of 1,000 steps are long, and fine.
    let sum = "1+".repeat(3_999) + "1";
    assert_eq!(value(&sum), 4_000.0);
    let steps: String = (0..1_000).map(|i| format!("if 2000 < {i} then {i} else ")).collect();
    assert_eq!(value(&(steps + "7")), 7.0);
    let chain = "x*".repeat(4_000) + "x";
    let product = check(&chain, &scope(&random::NAMES));
    assert_eq!(run(&product, &[1.0]), 1.0);
    assert!(product.differentiate(0).to_string().len() < 10_000);
}

#[test]
fn numbers_out_of_range_are_refused() {
    for (text, code) in [
        ("1e999", "E0304"),
        ("1e308*1e308", "E0317"),
        ("1e308 + 1e308", "E0317"),
        ("-1e308 - 1e308", "E0317"),
        ("1e308 kg", "E0317"),
        ("exp(1000)", "E0317"),
        ("log(0)", "E0317"),
        ("log(-1)", "E0317"),
        ("sqrt(-1)", "E0317"),
        ("10^10^10", "E0317"),
        ("(-1)^0.5", "E0317"),
        ("0^-1", "E0317"),
        ("gamma(200)", "E0317"),
        ("logit(1)", "E0317"),
        ("unchecked(1e308, kg)", "E0317"),
        ("1/0", "E0316"),
        ("1/(2 - 2)", "E0316"),
        ("0/0", "E0316"),
        ("1e99999999999999999999", "E0304"),
        ("2 kg^999999999999", "E0305"),
        ("1e-400/1e-400", "E0316"),
    ] {
        assert_eq!(refused(text).code, code, "{text}: {}", refused(text));
    }
}

#[test]
fn a_divisor_that_vanishes_with_its_symbols_is_zero() {
    let scope = scope(&random::NAMES);
    for text in ["1/(x - x)", "y/(0*x)", "1/(if x < 1 then 0 else 0)"] {
        assert_eq!(Expression::parse(text).unwrap().check(&scope).unwrap_err()[0].code, "E0316", "{text}");
    }
}
