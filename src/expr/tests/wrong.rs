use super::*;

/// What is written, and what is said of it: the code, the marked part, the message and the help.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

#[test]
fn wrong_expressions_are_refused_with_place_message_and_help() {
    let scope = population();
    let mut said: Vec<(String, ExprError)> = Vec::new();
    let mut texts: Vec<&str> = WRONG.iter().map(|row| row.0).collect();
    texts.dedup();
    for text in texts {
        let result =
            Expression::parse(text).map_err(|error| vec![error]).and_then(|parsed| parsed.check(&scope));
        let errors = result.map(|checked| checked.to_string()).expect_err(text);
        said.extend(errors.into_iter().map(|error| (text.to_string(), error)));
    }
    assert_eq!(said.len(), WRONG.len());
    for ((text, error), (expected_text, code, marked, message, help)) in said.iter().zip(WRONG) {
        let got = (text.as_str(), error.code, &text[error.span.clone()], error.message.as_str());
        assert_eq!(
            (got, error.help.as_deref().unwrap_or("")),
            ((*expected_text, *code, *marked, *message), *help)
        );
        assert!(!error.label.is_empty() || code == &"E0305", "{text}");
    }
}

#[test]
fn a_name_that_may_be_a_unit_is_refused_and_brackets_decide() {
    let scope = scope(&[("d", "1"), ("V", "L")]);
    let error = Expression::parse("5 mg/d").unwrap().check(&scope).unwrap_err().remove(0);
    assert_eq!((error.code, error.span.clone()), ("E0318", 5..6));
    assert_eq!(error.message, "`d` is a unit and also a name of this model");
    assert_eq!(check("(5 mg)/d", &scope).dimension(), crate::units::Dimension::MASS);
    assert_eq!(check("5 mg / d", &scope).dimension(), crate::units::Dimension::MASS);
    assert_eq!(check("5 mg/V", &scope).dimension(), crate::units::Dimension::CONCENTRATION);
}

#[test]
fn names_that_the_language_uses_are_not_given_away() {
    let mut scope = Scope::new();
    let symbol = || Symbol { slot: 0, unit: crate::units::Unit::one(), levels: None };
    for name in ["exp", "if", "not", "gamma", "unchecked"] {
        let error = scope.symbol(name, symbol()).unwrap_err();
        assert_eq!((error.code, error.help.as_deref()), ("E0309", Some("choose another name")), "{name}");
    }
    for name in ["", "1x", "a b", "a-b", "x.", ".x", "a+b", "é\u{301}", "5"] {
        assert_eq!(scope.symbol(name, symbol()).unwrap_err().code, "E0309", "{name}");
    }
    for name in ["x", "eta.CL", "iov.1.CL", "_a", "Größe", "t"] {
        scope.symbol(name, symbol()).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    assert_eq!(scope.symbol("t", symbol()).unwrap_err().code, "E0319");
}

#[test]
fn an_error_can_be_moved_to_its_place_in_a_file() {
    let error = Expression::parse("CL + ").unwrap_err().shifted(100);
    assert_eq!(error.span, 105..105);
    let file = crate::diagnostic::Source::new("m.toml", "CL = \"TVCL*exp(V)\"");
    let error =
        Expression::parse("TVCL*exp(V)").unwrap().check(&scope(&[("TVCL", "L/h"), ("V", "L")])).unwrap_err();
    let shown = error[0].in_source(&file, 6).to_string();
    for part in ["E0311", "m.toml:1:16", "needs a pure number, and `V` is volume", "divide it by a reference"]
    {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

#[rustfmt::skip]
const WRONG: &[Row] = &[
    ("", "E0302", "", "the expression is empty", "write a formula, such as `CL/V`"),
    ("   ", "E0302", "   ", "the expression is empty", "write a formula, such as `CL/V`"),
    ("CL +", "E0302", "", "the expression ends where a number, a name or `(` should follow", ""),
    ("CL V", "E0302", "V", "found `V` instead of an operator or the end", "a product is written with `*`"),
    ("2 CL", "E0305", "CL", "`CL` is not a unit", "to multiply, write `*` before `CL`"),
    ("2(3)", "E0302", "(", "found `(` instead of an operator or the end", "a product is written with `*`"),
    ("CL(3)", "E0307", "CL", "there is no function `CL`", "functions are exp, log, ln, log10, log2, sqrt, abs, min, max, floor, logit, expit, phi, gamma, lgamma, pow, boxcox, unchecked; a product is written with `*`"),
    ("(CL", "E0303", "(", "a bracket is not closed", "close it with `)`"),
    ("CL)", "E0302", ")", "found `)` instead of an operator or the end", "there is no `(` that it closes"),
    ("CL + * V", "E0302", "*", "found `*` instead of a number, a name or `(`", ""),
    ("CL ** 2", "E0302", "**", "`**` is no operator here", "write a power with `^`, as in `x^2`"),
    ("a = b", "E0302", "=", "`=` is no operator here", "write `==` to compare"),
    ("WT > 70 kg && t > 1 h", "E0302", "&&", "`&&` is no operator here", "write `and`"),
    ("not", "E0302", "", "the expression ends where a number, a name or `(` should follow", ""),
    ("if t < 1 h then 2", "E0302", "", "the expression ends where an operator or `else` should follow", "an `if` needs a value for both cases"),
    ("if t < 1 h 2 else 3", "E0302", "2", "found `2` instead of `then`", ""),
    ("2*if t < 1 h then 2 else 3", "E0302", "if", "found `if` instead of a number, a name or `(`", "put the `if` into brackets: `2*(if a then b else c)`"),
    ("1 h < t < 2 h", "E0302", "<", "comparisons cannot be chained", "write `a < b and b < c`"),
    ("CLL", "E0306", "CLL", "`CLL` is not known here", "did you mean `CL`?"),
    ("WEIGHT", "E0306", "WEIGHT", "`WEIGHT` is not known here", "names that are defined: CL, CRCL, KA, PATIENT, V, WT, central, eta.CL, t, tad"),
    ("L/2", "E0306", "L", "`L` is not known here", "a unit follows its number without an operator, as in `1 L` or `2 1/L`"),
    ("t/h", "E0306", "h", "`h` is not known here", "a unit follows its number without an operator, as in `1 h` or `2 1/h`"),
    ("exp", "E0309", "exp", "`exp` is a function", "write `exp(…)`"),
    ("exp()", "E0308", "exp()", "`exp` takes one argument, not 0", ""),
    ("exp(1, 2)", "E0308", "exp(1, 2)", "`exp` takes one argument, not 2", ""),
    ("min(1)", "E0308", "min(1)", "`min` takes two or more arguments, not 1", ""),
    ("EXP(1)", "E0307", "EXP", "there is no function `EXP`", "did you mean `exp`?"),
    ("sinh(1)", "E0307", "sinh", "there is no function `sinh`", "functions are exp, log, ln, log10, log2, sqrt, abs, min, max, floor, logit, expit, phi, gamma, lgamma, pow, boxcox, unchecked; a product is written with `*`"),
    ("5 mgg", "E0305", "mgg", "`mgg` is not a unit", "to multiply, write `*` before `mgg`"),
    ("5 kg^0.5", "E0305", "^0.5", "a `^` after a unit is a power of that unit", "to raise the whole quantity, put it into brackets, as in `(5 kg)^2`"),
    ("5 kg^t", "E0305", "^t", "a `^` after a unit is a power of that unit", "to raise the whole quantity, put it into brackets, as in `(5 kg)^2`"),
    ("5 kg ^2", "E0305", "^2", "a `^` after a unit is a power of that unit", "to raise the whole quantity, put it into brackets, as in `(5 kg)^2`"),
    ("1e999", "E0304", "1e999", "`1e999` is out of range", ""),
    ("PATIENT + 1", "E0315", "PATIENT", "`+` needs a number, and `PATIENT` is a category", "compare it with one of its levels, as in `if PATIENT == … then … else …`"),
    ("PATIENT == ill", "E0314", "ill", "`ill` is not a level of `PATIENT`", "its levels are healthy, patient, axial SpA"),
    ("PATIENT == patiennt", "E0314", "patiennt", "`patiennt` is not a level of `PATIENT`", "did you mean `patient`?"),
    ("PATIENT == 1", "E0315", "PATIENT == 1", "`PATIENT` is a category, and `1` is not one of its levels", "compare it with a level by name, in quotes if it is no plain name: `PATIENT == '…'`"),
    ("PATIENT < patient", "E0315", "PATIENT", "`<` needs a number, and `PATIENT` is a category", "compare it with one of its levels, as in `if PATIENT == … then … else …`"),
    ("PATIENT < patient", "E0306", "patient", "`patient` is not known here", "it is a level of `PATIENT`: write `PATIENT == patient`"),
    ("WT == patient", "E0306", "patient", "`patient` is not known here", "it is a level of `PATIENT`: write `PATIENT == patient`"),
    ("'patient' + 1", "E0315", "'patient'", "a text in quotes is the level of a category and is compared with one", "write as in `PATIENT == 'healthy volunteer'`"),
    ("if WT then 1 else 2", "E0313", "WT", "`if` needs a condition, and `WT` is a number", "compare it with something, as in `WT > 100 kg`"),
    ("(t > 1 h) + 1", "E0313", "t > 1 h", "`+` needs a number, and `t > 1 h` is a condition", "choose between two numbers with `(if … then … else …)`"),
    ("t > 1 h", "E0313", "t > 1 h", "a number is needed here, and this is a condition", "choose between two numbers with `if … then … else …`"),
    ("not WT", "E0313", "WT", "`not` needs a condition, and `WT` is a number", "compare it with something, as in `WT > 100 kg`"),
    ("1/0", "E0316", "0", "`1/0` divides by zero", ""),
    ("log(0)", "E0317", "log(0)", "`log(0)` has no finite value", ""),
    ("'open", "E0303", "'open", "a quote is not closed", "close it with `'`"),
    ("CL # V", "E0302", "#", "`#` cannot be read", ""),
    ("é$", "E0302", "$", "`$` cannot be read", ""),
    ("unchecked(CL)", "E0302", ")", "found `)` instead of an operator or `,`", "write `unchecked(formula, unit)`"),
    ("unchecked(CL, )", "E0305", "", "a unit is missing", ""),
    ("unchecked(CL, foo)", "E0305", "foo", "`foo` is not a unit; did you mean `mol`?", ""),
    ("exp(V) + CLL + (WT + t)", "E0311", "V", "`exp` needs a pure number, and `V` is volume", "divide it by a reference value first, as in `log(CL/(1 L/h))`"),
    ("exp(V) + CLL + (WT + t)", "E0306", "CLL", "`CLL` is not known here", "did you mean `CL`?"),
    ("exp(V) + CLL + (WT + t)", "E0310", "WT + t", "cannot add: `WT` is mass, `t` is time", "both sides need the same dimension"),
    ("then", "E0302", "then", "found `then` instead of a number, a name or `(`", ""),
    ("1..2", "E0302", ".2", "found `.2` instead of an operator or the end", "a product is written with `*`"),
    (".", "E0302", ".", "`.` cannot be read", ""),
    ("5 %%", "E0305", "%%", "`%%` is not a unit; did you mean `%`?", ""),
    ("% 5", "E0302", "%", "`%` is no operator here", "`%` is a unit and stands after a number, as in `5 %`"),
    ("1 +\n\t+ ", "E0302", "", "the expression ends where a number, a name or `(` should follow", ""),
    ("exp CL", "E0309", "exp", "`exp` is a function", "write `exp(…)`"),
    ("CL, V", "E0302", ",", "found `,` instead of an operator or the end", ""),
    ("if", "E0302", "", "the expression ends where a number, a name or `(` should follow", ""),
    ("x$y", "E0302", "$", "`$` cannot be read", ""),
    ("{", "E0302", "{", "`{` cannot be read", ""),
    ("WT == 'a", "E0303", "'a", "a quote is not closed", "close it with `'`"),
    ("3 e5", "E0305", "e5", "`e5` is not a unit", "to multiply, write `*` before `e5`"),
    ("t > 1 h and WT", "E0313", "WT", "`and` needs a condition, and `WT` is a number", "compare it with something, as in `WT > 100 kg`"),
];
