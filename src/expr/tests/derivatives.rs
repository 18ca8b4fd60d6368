use proptest::prelude::*;

use super::super::graph::{Binary, Node, Unary};
use super::*;

/// The slope by central differences with two step widths, if they agree and the middle does not jump out of line (a
/// condition can turn on the last bit).
fn slope(expression: &Checked, at: [f64; 3], slot: usize) -> Option<f64> {
    let middle = run(expression, &at);
    let difference = |h: f64| {
        let (mut up, mut down) = (at, at);
        up[slot] += h;
        down[slot] -= h;
        let (above, below) = (run(expression, &up), run(expression, &down));
        let in_line =
            (above + below - 2.0 * middle).abs() <= 0.1 * (above - below).abs() + 1e-7 * middle.abs();
        if in_line { (above - below) / (up[slot] - down[slot]) } else { f64::NAN }
    };
    let (wide, narrow) = (difference(1e-4), difference(5e-5));
    let size = wide.abs().max(narrow.abs());
    // Rounding of a large value would drown the slope.
    let noise = middle.abs() * 1e-15 / 5e-5;
    let agree = (wide - narrow).abs() <= 1e-5 * size + 10.0 * noise;
    (wide.is_finite() && narrow.is_finite() && agree && noise <= 1e-7 * size.max(1.0)).then_some(narrow)
}

/// Whether every part of the expression is finite and no power has vanished: elsewhere a slope is an accident.
fn is_regular(expression: &Checked, at: [f64; 3]) -> bool {
    let mut values: Vec<f64> = Vec::new();
    for node in expression.nodes() {
        values.push(match *node {
            Node::Constant(bits) => f64::from_bits(bits),
            Node::Symbol(slot) => at[slot],
            Node::Unary(op, a) => op.apply(values[a]),
            Node::Binary(op, a, b) => op.apply(values[a], values[b]),
            Node::Select(c, a, b) => values[if values[c] != 0.0 { a } else { b }],
        });
    }
    let vanished = |node: &Node, value: f64| {
        matches!(node, Node::Binary(Binary::Power, ..) | Node::Unary(Unary::Exp | Unary::Gamma, _))
            && value.abs() < 1e-100
    };
    values.iter().all(|value| value.abs() < 1e100)
        && !expression.nodes().iter().zip(&values).any(|(node, &value)| vanished(node, value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn derivatives_are_the_limits_of_differences(
        text in random::expression(true),
        at in [0.3f64..1.9, 0.3f64..1.9, 0.3f64..1.9],
    ) {
        let Some(expression) = random::checked(&text) else { return Ok(()) };
        prop_assume!(is_regular(&expression, at));
        for slot in 0..3 {
            let derivative = expression.differentiate(slot);
            prop_assert!(expression.depends_on(slot) || derivative.is_zero());
            let Some(expected) = slope(&expression, at, slot) else { continue };
            let got = run(&derivative, &at);
            let close = (got - expected).abs() <= 1e-4 * expected.abs() + 1e-6;
            prop_assert!(close, "{text} by {slot} at {at:?}: {derivative} = {got}, not {expected}");
        }
    }
}

#[test]
fn derivatives_are_simple() {
    let scope = scope(&[("k", "1"), ("x", "1"), ("y", "1"), ("vm", "1"), ("km", "1")]);
    for (text, slot, expected) in [
        ("k*x - k*y", 1, "k"),
        ("-k*x", 1, "-k"),
        ("k/y*x", 1, "k/y"),
        ("k*y", 1, "0"),
        ("x^2", 1, "2*x"),
        ("x^0.75", 1, "0.75*x^-0.25"),
        ("exp(-k*x)", 1, "-(exp(-(k*x))*k)"),
        ("log(x)", 1, "1/x"),
        ("max(x, y)", 1, "if y < x then 1 else 0"),
        ("min(x, y)", 1, "if x < y then 1 else 0"),
        ("abs(x)", 1, "if x < 0 then -1 else 1"),
        ("if x < y then k*x else y", 1, "if x < y then k else 0"),
        ("if y < 1 then k*x else y", 2, "if y < 1 then 0 else 1"),
        ("floor(x)", 1, "0"),
        ("vm*x/(km + x)", 1, "(vm - vm*x/(km + x))/(km + x)"),
        ("sqrt(x)", 1, "1/(2*sqrt(x))"),
        ("lgamma(x)", 1, "polygamma(0, x)"),
    ] {
        let derivative = check(text, &scope).differentiate(slot);
        assert_eq!(derivative.to_string(), expected, "{text}");
    }
}

#[test]
fn a_term_linear_in_the_states_has_a_second_derivative_of_zero() {
    let scope = population();
    let linear = check("-(CL/V)*central + KA*5 mg", &scope);
    assert!(linear.differentiate(3).differentiate(3).is_zero());
    assert!(!linear.differentiate(3).depends_on(3));
    let saturated = check("5 mg/h*central/(10 mg + central)", &scope);
    assert!(saturated.differentiate(3).depends_on(3));
    assert_eq!(linear.differentiate(3).dimension(), crate::units::Dimension::RATE);
}

#[test]
fn what_is_constant_between_switches_says_where_they_are() {
    let scope = population();
    let t = 4;
    for (text, expected) in [
        ("if t < 24 h then KA else if t >= 48 h then 2*KA else 3*KA", Some(vec!["24", "48"])),
        ("if CL/V*10 h*1 h > t then 1 else 2", Some(vec!["CL/V*10"])),
        ("max(t, tad)", Some(vec!["tad"])),
        ("KA*exp(-KA*t)", Some(vec![])),
        ("if t < 24 h and 24 h < t then 1 else 2", Some(vec!["24"])),
        ("if 2*t < 24 h then 1 else 2", None),
        ("floor(t/24 h)", None),
        ("if t < exp(-KA*t)*1 h then 1 else 2", None),
    ] {
        let switches = check(text, &scope).switches_at(t);
        let shown = switches.map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(shown, expected.map(|list| list.into_iter().map(String::from).collect()), "{text}");
    }
    let steps = check("if t < 24 h then KA else 2*KA", &scope);
    assert!(steps.differentiate(t).is_zero() && steps.depends_on(t));
}

#[test]
fn polygamma_equals_published_values() {
    // Abramowitz & Stegun 1964, 6.3.2, 6.3.3, 6.4.2 and 6.4.4; the rest mpmath 1.3, psi(order, x) at 30 digits.
    for (order, x, expected) in [
        (0u8, 1.0, -0.577_215_664_901_532_9),
        (0, 0.5, -1.963_510_026_021_423_5),
        (0, 10.0, 2.251_752_589_066_721),
        (0, -0.5, 0.036_489_973_978_576_52),
        (0, 1e-3, -1_000.575_571_931_810_3),
        (1, 1.0, 1.644_934_066_848_226_4),
        (1, 0.5, 4.934_802_200_544_679),
        (2, 1.0, -2.404_113_806_319_188_6),
        (3, 1.0, 6.493_939_402_266_829),
    ] {
        let got = super::super::functions::polygamma(order, x);
        assert!((got / expected - 1.0).abs() < 1e-13, "{order}, {x}: {got} is not {expected}");
    }
    assert!(super::super::functions::polygamma(0, -2.0).is_nan());
}
