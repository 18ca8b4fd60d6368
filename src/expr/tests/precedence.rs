use super::*;

#[test]
fn operators_bind_as_in_r_and_nonmem() {
    for (text, expected) in [
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2^-1", 0.5),
        ("2^-2^2", 0.0625),
        ("-2^-2", -0.25),
        ("(-2)^2", 4.0),
        ("1 - 2 - 3", -4.0),
        ("24/4/2", 3.0),
        ("24/4*2", 12.0),
        ("2*3^2", 18.0),
        ("-2*-3", 6.0),
        ("1 + 2*3", 7.0),
        ("(1 + 2)*3", 9.0),
        ("- - 2", 2.0),
        ("+3 - +2", 1.0),
        ("if 1 < 2 then 3 else 4 + 5", 3.0),
        ("if 1 > 2 then 3 else 4 + 5", 9.0),
        ("if 1 > 2 then 3 else if 2 > 1 then 4 else 5", 4.0),
        ("if not 1 > 2 and 2 > 1 then 1 else 0", 1.0),
        ("if 1 > 2 or 2 > 1 and 1 > 2 then 1 else 0", 0.0),
        ("if not (1 > 2 or 2 > 1) then 1 else 0", 0.0),
        ("if 1 + 1 == 2 then 1 else 0", 1.0),
        ("1e3 + 1_000", 2000.0),
        ("min(3, 1, 2) + max(3, 1, 2)", 4.0),
        ("pow(2, 10)", 1024.0),
        ("4^0.5", 2.0),
        ("ln(exp(1))", 1.0),
        ("log2(8) + log10(1000)", 6.0),
        ("floor(-1.5)", -2.0),
        ("abs(-1.5)", 1.5),
        ("gamma(5)", 24.0),
        ("phi(0)", 0.5),
        ("expit(logit(0.25))", 0.25),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn units_bind_tighter_than_operators() {
    for (text, expected) in [
        ("148 kg/74 kg", 2.0),
        ("1/0.5 1/h * 1 1/h", 2.0),
        ("108.7 mL/min", 108.7 * 60.0 / 1000.0),
        ("5 10^9/L", 5e9),
        ("90 mL/min/1.73 m^2", 90.0 * 0.06 / 173.0),
        ("2 kg^2/1 kg^2", 2.0),
        ("(2 kg)^2/1 kg^2", 4.0),
        ("12 weeks / 1 d", 84.0),
        ("5 ng h/mL", 5e-3),
        ("5 ng*h/mL", 5e-3),
        ("50 % + 1", 1.5),
        ("50%", 0.5),
        ("10 µg/mL", 10.0),
        ("if 1 h < 2 h then 1 else 0", 1.0),
        ("unchecked(2 kg * 3, L/h)", 6.0),
        ("unchecked(2 + 1, mL/min)", 3.0 / (1000.0 / 60.0)),
    ] {
        let got = value(text);
        assert!((got / expected - 1.0).abs() < 1e-15, "{text}: {got} is not {expected}");
    }
}
