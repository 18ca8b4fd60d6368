use super::*;
use crate::units::{Dimension, Unit};

fn unit(text: &str) -> Unit {
    text.parse().unwrap()
}

#[test]
fn dimensions_follow_the_operations() {
    let scope = population();
    for (text, expected) in [
        ("CL/V", "1/time"),
        ("-(CL/V)*central", "mass/time"),
        ("central/V", "mass/volume"),
        ("40.9 L/h*(WT/74 kg)^0.75", "volume/time"),
        ("WT^2", "mass^2"),
        ("WT^(1 + 1)", "mass^2"),
        ("sqrt(WT^2)", "mass"),
        ("abs(WT - 70 kg)", "mass"),
        ("max(WT - 70 kg, 0)", "mass"),
        ("min(0, WT, 3 kg)", "mass"),
        ("if tad < 24 h then 0 else WT", "mass"),
        ("if tad < 24 h then WT else 0", "mass"),
        ("0 + WT", "mass"),
        ("exp(-CL/V*t)", "a pure number"),
        ("log(WT/70 kg)", "a pure number"),
        ("floor(t/24 h)", "a pure number"),
        ("unchecked(WT*CRCL + t, mg/L)", "mass/volume"),
        ("pow(WT, 2)", "mass^2"),
        ("KA*5 mg", "mass/time"),
        ("5 mg/V", "mass/volume"),
    ] {
        assert_eq!(check(text, &scope).dimension().to_string(), expected, "{text}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_both_sides_named() {
    let scope = population();
    for (text, code, message) in [
        ("CL + WT", "E0310", "cannot add: `CL` is volume/time, `WT` is mass"),
        ("CL - 3", "E0310", "cannot subtract: `CL` is volume/time, `3` is a pure number"),
        ("WT < 70", "E0310", "cannot compare: `WT` is mass, `70` is a pure number"),
        ("t == WT", "E0310", "cannot compare: `t` is time, `WT` is mass"),
        ("max(WT, CL)", "E0310", "cannot compare: `WT` is mass, `CL` is volume/time"),
        ("min(0, WT, CL)", "E0310", "cannot compare: `WT` is mass, `CL` is volume/time"),
        (
            "if t < 1 h then WT else CL",
            "E0310",
            "cannot choose between two dimensions: `WT` is mass, `CL` is volume/time",
        ),
        ("exp(V)", "E0311", "`exp` needs a pure number, and `V` is volume"),
        ("log(CL)", "E0311", "`log` needs a pure number, and `CL` is volume/time"),
        ("ln(CL)", "E0311", "`ln` needs a pure number, and `CL` is volume/time"),
        ("floor(t)", "E0311", "`floor` needs a pure number, and `t` is time"),
        ("phi(t)", "E0311", "`phi` needs a pure number, and `t` is time"),
        ("sqrt(WT)", "E0311", "`WT` is mass, which has no square root"),
        ("2^t", "E0311", "an exponent needs a pure number, and `t` is time"),
        ("WT^0.75", "E0312", "`WT` is mass, so that its exponent must be a whole number, and `0.75` is not"),
        (
            "WT^eta.CL",
            "E0312",
            "`WT` is mass, so that its exponent must be a whole number, and `eta.CL` is not",
        ),
        (
            "(WT^100)^100",
            "E0312",
            "`WT^100` is mass^100, so that its exponent must be a whole number, and `100` is not",
        ),
        ("CL*(t + V)", "E0310", "cannot add: `t` is time, `V` is volume"),
    ] {
        let errors = Expression::parse(text).unwrap().check(&scope).expect_err(text);
        assert_eq!((errors[0].code, errors[0].message.as_str()), (code, message), "{text}");
        assert_eq!(errors.len(), 1, "{text}");
    }
}

#[test]
fn values_are_coherent_and_unchecked_ones_are_as_written() {
    let scope = population();
    let mut inputs = [0.0; 10];
    inputs[2] = 74e6; // mg
    inputs[7] = 6.0; // L/h, 100 mL/min
    assert_eq!(run(&check("WT/74 kg", &scope), &inputs), 1.0);
    assert_eq!(run(&check("CRCL + 10 mL/min", &scope), &inputs), 6.6);
    assert_eq!(run(&check("unchecked(WT*2, 1)", &scope), &inputs), 148.0);
    assert_eq!(run(&check("unchecked(CRCL, 1)", &scope), &inputs), 100.0);
    assert_eq!(run(&check("unchecked(CRCL + 20 mL/min, mL/min)", &scope), &inputs), 120.0 / (1000.0 / 60.0));
    assert_eq!(run(&check("unchecked(WT + unchecked(CRCL, L/h), kg)", &scope), &inputs), 174e6);
    assert_eq!(run(&check("1 L/h + unchecked(WT + CRCL, L/h)", &scope), &inputs), 175.0);
}

#[test]
fn definitions_have_a_unit_in_unchecked_or_are_refused() {
    let mut scope = population();
    scope.define("K", check("CL/V", &scope), Some(unit("1/d"))).unwrap();
    scope.define("AMOUNT", check("central", &scope), None).unwrap();
    scope
        .define("LATE", Expression::parse("t > 10 h").unwrap().check_condition(&scope).unwrap(), None)
        .unwrap();
    let mut inputs = [1.0; 10];
    inputs[1] = 4.0;
    assert_eq!(run(&check("unchecked(K, 1)", &scope), &inputs), 6.0);
    assert_eq!(run(&check("if LATE then K else 2*K", &scope), &inputs), 0.5);
    let errors = Expression::parse("unchecked(AMOUNT, 1)").unwrap().check(&scope).unwrap_err();
    assert_eq!(errors[0].code, "E0320");
}

#[test]
fn a_model_may_be_unchecked_throughout() {
    let mut scope = Scope::unchecked();
    scope.symbol("WT", Symbol { slot: 0, unit: unit("kg"), levels: None }).unwrap();
    let cl = check("5 + WT^0.75*exp(WT/100)", &scope);
    assert_eq!(cl.dimension(), Dimension::ONE);
    let in_unit = check("WT*2", &scope).in_unit(&unit("mL/h"));
    assert_eq!((in_unit.dimension(), run(&in_unit, &[70e6])), (Dimension::CLEARANCE, 140.0 / 1000.0));
    scope.define("CL", in_unit, Some(unit("mL/h"))).unwrap();
    assert_eq!(run(&check("CL + WT", &scope), &[70e6]), 210.0);
}

#[test]
fn zero_fits_everywhere() {
    let scope = population();
    assert!(check("0", &scope).fits(Dimension::MASS));
    assert!(check("central - central", &scope).fits(Dimension::TIME));
    assert!(!check("1", &scope).fits(Dimension::MASS));
    assert!(check("CL", &scope).fits(Dimension::CLEARANCE));
}

#[test]
fn arithmetic_of_checked_expressions_keeps_dimensions() {
    let scope = population();
    let (cl, v) = (check("CL", &scope), check("V", &scope));
    let k = cl.div(&v);
    assert_eq!((k.dimension(), k == check("CL/V", &scope)), (Dimension::RATE, true));
    assert_eq!(k.mul(&v).dimension(), Dimension::CLEARANCE);
    assert_eq!(Checked::number(0.0, Dimension::ONE).add(&cl).dimension(), Dimension::CLEARANCE);
    assert!(cl.sub(&cl).is_zero());
    assert!(cl.add(&cl.neg()).is_zero());
    assert!(cl.neg().neg() == cl);
    assert!(check("CL*V", &scope) == check("V*CL", &scope));
    assert!(check("CL/V", &scope) != check("V/CL", &scope));
    assert_eq!(k.slots().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(k.with_slots(|slot| (slot == 1).then_some(7)).slots().collect::<Vec<_>>(), [0, 7]);
    assert_eq!(Checked::input("A", 3, Dimension::MASS).to_string(), "A");
    let terms = check("KA*central - (CL/V)*central - central/(1 h)", &scope).terms();
    let terms: Vec<String> = terms.iter().map(ToString::to_string).collect();
    assert_eq!(terms, ["KA*central", "-(CL/V*central)", "-central"]);
}
