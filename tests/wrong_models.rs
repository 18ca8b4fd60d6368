//! Model files that are wrong, each with what the reader says of it: the messages are the snapshot.

use exposim::diagnostic::Source;
use exposim::model::{Choices, Model};

const RIGHT: &str = r#"
[model]
title = "right"
source = "none"

[choices]
phase = { options = ["one", "two"], default = "one" }

[covariates]
WT = { unit = "kg", reference = 70, range = [40, 120] }
SEXF = { levels = ["male", "female"] }

[parameters]
TVCL = { value = 5, unit = "L/h", rse = 10 }
TVV = { value = 50, unit = "L" }
TVKA = { value = 1, unit = "1/h" }

[random-effects]
CL = { sd = 0.3 }
V = { sd = 0.2 }
KA = { sd = { one = 0.4, two = 0.5 } }
correlations = { "CL, V" = 0.5 }

[individual]
CL = "TVCL * (WT/70 kg)^0.75 * exp(eta.CL)"
V = "TVV * exp(eta.V)"
KA = "TVKA * exp(eta.KA)"

[formulations.oral]
to.depot = { lag = "0.5 h" }

[modifiers.halved]
multiply = { CL = 0.5 }

[initial]
central = "0 mg"

[equations]
depot = "-KA*depot"
central = "KA*depot - (CL/V)*central"

[outputs]
CP = { value = "central/V", unit = "mg/L", residual = { proportional = 0.2 } }

[[checks]]
what = "c"
dose = "100 mg oral once"
figure = "CP at 4 h"
expected = "1 mg/L"
tolerance = "1 %"
basis = "computed"
source = "by hand"
"#;

/// What is wrong, what is replaced, and by what.
const WRONG: &[(&str, &str, &str)] = &[
    ("no title", "title = \"right\"\n", ""),
    ("a section that there is not", "[formulations.oral]", "[formulation.oral]"),
    ("a key that there is not", "rse = 10", "rsd = 10"),
    ("a parameter without its unit", "value = 5, unit = \"L/h\"", "value = 5"),
    ("a unit that there is not", "unit = \"L/h\"", "unit = \"L/hh\""),
    ("a covariate without unit and levels", "WT = { unit = \"kg\",", "WT = {"),
    ("a range the wrong way round", "range = [40, 120]", "range = [120, 40]"),
    ("one level", "[\"male\", \"female\"]", "[\"male\"]"),
    (
        "a reference that is no level",
        "[\"male\", \"female\"] }",
        "[\"male\", \"female\"], reference = \"femal\" }",
    ),
    ("a level that there is not", "exp(eta.V)\"", "(if SEXF == femal then 0.9 else 1)\""),
    ("a level compared with a number", "exp(eta.V)\"", "(if SEXF < 1 then 0.9 else 1)\""),
    ("a name that is not known", "exp(eta.CL)\"", "exp(eta.CLL)\""),
    ("a name used before it is defined", "TVCL * (WT", "TVCL * V/V * (WT"),
    ("a definition in terms of itself", "KA = \"TVKA", "KA = \"KA*TVKA"),
    (
        "two definitions that need each other",
        "V = \"TVV * exp(eta.V)\"\nKA = \"TVKA",
        "V = \"TVV*KA/TVKA\"\nKA = \"V/V*TVKA",
    ),
    ("a compartment in an individual parameter", "TVKA * exp", "depot/depot * TVKA * exp"),
    ("a name defined twice", "KA = \"TVKA", "TVV = \"TVKA"),
    ("a name that is a function", "TVV = {", "exp = {"),
    ("a name that is a word of the language", "V = \"TVV", "if = \"TVV"),
    ("a name that is the time", "V = \"TVV", "t = \"TVV"),
    ("a name that is no name", "TVKA = {", "\"1KA\" = {"),
    ("a compartment called as a parameter", "depot = \"-KA*depot\"", "KA = \"-KA*KA\""),
    ("an exponential of an amount", "-KA*depot\"", "-KA*exp(depot)\""),
    ("a logarithm of a weight", "(WT/70 kg)^0.75", "log(WT)"),
    ("a sum of litres and hours", "KA*depot - (CL/V)*central", "KA*depot - (CL + V)*central"),
    ("a power with a unit in its exponent", "^0.75", "^(0.75 kg)"),
    ("an equation that is no rate", "-KA*depot\"", "-depot\""),
    ("an output in the wrong unit", "unit = \"mg/L\"", "unit = \"mg\""),
    ("a lag in litres", "lag = \"0.5 h\"", "lag = \"0.5 L\""),
    ("a route to nowhere", "to.depot", "to.depott"),
    ("a formulation without a route", "to.depot = { lag = \"0.5 h\" }", "to = {}"),
    ("an initial state of no compartment", "[initial]\ncentral", "[initial]\ncentre"),
    ("a negative standard deviation", "CL = { sd = 0.3 }", "CL = { sd = -0.3 }"),
    ("two spreads at once", "V = { sd = 0.2 }", "V = { sd = 0.2, cv = 20 }"),
    ("a correlation beyond 1", "= 0.5 }\n\n[ind", "= 1.5 }\n\n[ind"),
    ("a correlation with an effect that there is not", "\"CL, V\" = 0.5", "\"CL, Q\" = 0.5"),
    (
        "a matrix that is no covariance",
        "\"CL, V\" = 0.5",
        "\"CL, V\" = 0.9, \"CL, KA\" = 0.9, \"V, KA\" = -0.9",
    ),
    ("an option without a value", "{ one = 0.4, two = 0.5 }", "{ one = 0.4 }"),
    ("a default that is no option", "default = \"one\"", "default = \"three\""),
    ("two kinds of residual error", "proportional = 0.2", "proportional = 0.2, log = 0.3"),
    ("a negative residual error", "proportional = 0.2", "proportional = -0.2"),
    ("division by zero", "TVKA * exp", "TVKA/0 * exp"),
    ("a bracket that is not closed", "exp(eta.V)\"", "exp(eta.V\""),
    ("an operator without its right side", "exp(eta.CL)\"", "\""),
    ("a sign of assignment", "exp(eta.V)\"", "exp(eta.V) = 3\""),
    ("a function with too many arguments", "exp(eta.V)\"", "exp(eta.V, 2)\""),
    ("a number with two units", "(WT/70 kg)", "(WT/70 kg lb)"),
    ("if without else", "exp(eta.V)\"", "(if SEXF == female then 2)\""),
    ("a modifier of nothing", "multiply = { CL = 0.5 }", "multiply = { CLX = 0.5 }"),
    ("a modifier by zero", "multiply = { CL = 0.5 }", "multiply = { CL = 0 }"),
    ("a modifier that sets an unknown level", "multiply = { CL = 0.5 }", "set = { SEXF = \"woman\" }"),
    ("a check of no output", "CP at 4 h", "CX at 4 h"),
    ("a check at no time", "CP at 4 h", "area of CP from 4 h to 4 L"),
    ("a check in another unit", "expected = \"1 mg/L\"", "expected = \"1 mg\""),
    ("a check that nothing backs", "basis = \"computed\"", "basis = \"guessed\""),
    ("text that is no TOML", "[covariates]", "[covariates"),
];

fn told(text: String) -> Option<String> {
    Model::read(&Source::new("m.toml", text), &Choices::default()).err().map(|problems| problems.to_string())
}

#[test]
fn the_model_is_right_before_it_is_made_wrong() {
    assert_eq!(told(RIGHT.to_owned()), None);
}

#[test]
fn every_wrong_model_is_told_what_is_wrong() {
    let mut all = String::new();
    for (what, from, to) in WRONG {
        assert!(RIGHT.contains(from), "{what}: there is no `{from}`");
        let message = told(RIGHT.replacen(from, to, 1)).unwrap_or_else(|| panic!("{what} is accepted"));
        all.push_str(&format!("## {what}\n{message}\n\n"));
    }
    insta::assert_snapshot!(all);
}

/// Expressions of a size that would exhaust a reader without bounds. They are refused in a message that can be read.
#[test]
fn monstrous_expressions_are_refused_in_few_words() {
    let deep = |n: usize, open: &str, inner: &str, close: &str| open.repeat(n) + inner + &close.repeat(n);
    let monsters = [
        ("parentheses 10,000 deep", deep(10_000, "(", "1", ")")),
        ("10 MB of parentheses", "(".repeat(10_000_000)),
        ("functions 10,000 deep", deep(10_000, "exp(", "1", ")")),
        ("signs 10,000 deep", deep(10_000, "-", "1", "")),
        ("powers 10,000 deep", deep(10_000, "2^", "1", "")),
        ("branches 10,000 deep", deep(10_000, "if 1 < 2 then ", "1", " else 1")),
        ("a sum of a million terms", "1+".repeat(1_000_000) + "1"),
        ("a name of 10 MB", "a".repeat(10_000_000)),
        ("a number of 10 MB", "1".repeat(10_000_000)),
    ];
    let mut all = String::new();
    for (what, monster) in monsters {
        let text = RIGHT.replacen("TVV * exp(eta.V)", &format!("TVV * {monster}"), 1);
        let message = told(text).unwrap_or_else(|| panic!("{what} is accepted"));
        assert!(message.len() < 4_000, "{what}: a message of {} bytes", message.len());
        let said: Vec<&str> = message.lines().filter(|l| l.starts_with("error")).collect();
        all.push_str(&format!("## {what}\n{}\n\n", said.join("\n")));
    }
    insta::assert_snapshot!(all);
}
