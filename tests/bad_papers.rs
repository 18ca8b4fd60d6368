//! Papers that contradict themselves are refused, each with its reason; figures that may be misprints are flagged.

use exposim::diagnostic::{Diagnostic, Source};
use exposim::evidence::{Evidence, Inputs, fit};

/// The problems of reading or fitting a file, and its warnings.
fn problems(text: &str, data: Option<&str>) -> Vec<Diagnostic> {
    let source = Source::new("paper.toml", text);
    let (evidence, mut warnings) = match Evidence::read(&source) {
        Ok(read) => read,
        Err(problems) => return problems.list().to_vec(),
    };
    match fit(&evidence, &Inputs { data, draws: 50, ..Inputs::new(1) }) {
        Ok(fit) => {
            warnings.extend(fit.summary.warnings);
            warnings
        }
        Err(problems) => problems.list().to_vec(),
    }
}

const QUANTILES: &str = r#"
[evidence]
title = "t"
outcome = "remission"
kind = "reported-quantiles"
class = "A"
source = "s"
[exposure]
metric = "Ctrough"
unit = "ng/mL"
[[splits]]
outcome = "remission"
p = "0.023"
with = { n = 7, median = "27.15", quartiles = ["14.79", "106.66"] }
without = { n = 17, median = "10.18", quartiles = ["3.24", "17.86"] }
[fit]
method = "discriminant"
"#;

const NESTED: &str = r#"
[[splits]]
outcome = "response"
p = "0.436"
with = { n = 14, median = "14.79", quartiles = ["5.58", "72.96"] }
without = { n = 10, median = "12.37", quartiles = ["4.45", "17.81"] }
[fit]
"#;

const ARMS: &str = r#"
[evidence]
title = "t"
outcome = "event"
kind = "arm-counts"
class = "A"
source = "s"
[exposure]
metric = "Cavg"
unit = "ng/mL"
[[arms]]
trial = "T"
name = "placebo"
patients = 100
events = 2
regimen = "placebo"
[[arms]]
trial = "T"
name = "15 mg"
patients = 100
events = 7
exposure = { median = "15.4 ng/mL", cv = "38 %" }
[fit]
forms = [{ form = "log2-one-plus", scale = "15 ng/mL" }]
"#;

const MEANS: &str = r#"
[evidence]
title = "t"
outcome = "change"
kind = "arm-means"
class = "A"
source = "s"
[exposure]
metric = "Cavg"
unit = "ng/mL"
[biomarker]
unit = "g/L"
time = "24 weeks"
[[arms]]
name = "placebo"
n = 100
mean = -0.7
sd = 7.4
regimen = "placebo"
[[arms]]
name = "15 mg"
n = 100
mean = -3.6
sd = 9.4
exposure = { median = "15.4 ng/mL", cv = "38 %" }
[fit]
forms = [{ form = "linear", scale = "10 ng/mL" }]
"#;

const PERSISTENCE: &str = r#"
[evidence]
title = "t"
outcome = "discontinuation"
kind = "persistence"
class = "A"
source = "s"
[persistence]
patients = 108
times = ["3 months", "6 months"]
percent = ["87.50", "83.7"]
at-risk = [104, 69]
[[factors]]
covariate = "ALB"
at-most = "35 g/L"
patients = 26
value = "3.05"
interval = ["1.26", "7.36"]
with = ["71.64", "67.16"]
without = ["92.59", "89.14"]
[fit]
hazard = "weibull"
"#;

const DATA: &str = r#"
[evidence]
title = "t"
outcome = "remission"
kind = "individual"
class = "A"
source = "s"
[exposure]
metric = "Ctrough"
unit = "ng/mL"
[data]
file = "own.csv"
outcome = "REM"
exposure = "CT"
[fit]
form = { form = "log2-ratio", reference = "12.5 ng/mL" }
"#;

const RATIOS: &str = r#"
[evidence]
title = "t"
outcome = "remission"
kind = "ratios"
class = "A"
source = "s"
[[ratios]]
predictor = "ALB <= 35 g/L"
measure = "odds"
value = "0.22"
interval = ["0.07", "0.62"]
p = "0.006"
"#;

#[test]
fn the_sound_papers_pass() {
    for text in [QUANTILES, ARMS, MEANS, RATIOS] {
        assert_eq!(problems(text, None), [], "{text}");
    }
    let data = "CT,REM\n2,0\n4,0\n8,1\n9,0\n12,1\n15,0\n30,1\n60,1\n";
    assert_eq!(problems(DATA, Some(data)), []);
}

#[test]
fn each_bad_paper_is_refused_with_its_reason() {
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        // base, what is replaced, by what, code, part of the message
        (QUANTILES, "kind = \"reported-quantiles\"", "kind = \"reported-quantile\"", "E0707", "did you mean"),
        (QUANTILES, "class = \"A\"", "class = \"Z\"", "E0707", "evidence class"),
        (QUANTILES, "metric = \"Ctrough\"", "metric = \"Cmin\"", "E0707", "exposure metric"),
        (QUANTILES, "unit = \"ng/mL\"", "unit = \"mg\"", "E0106", "mass"),
        (QUANTILES, "median = \"27.15\"", "median = 27.15", "E0712", "as text"),
        (QUANTILES, "median = \"27.15\"", "median = \"about 27\"", "E0712", "no printed number"),
        (QUANTILES, "\"14.79\", \"106.66\"", "\"106.66\", \"14.79\"", "E0713", "comes before"),
        (QUANTILES, "\"14.79\", \"106.66\"", "\"14.79\"", "E0713", "two numbers"),
        (QUANTILES, "median = \"10.18\"", "median = \"1.18\"", "E0713", "comes before"),
        (QUANTILES, "\"3.24\"", "\"-3.24\"", "E0713", "negative"),
        (QUANTILES, "n = 7,", "n = 0,", "E0714", "between 1 and 10000"),
        (QUANTILES, "n = 7,", "n = 2,", "E0711", "no estimate"),
        (
            QUANTILES,
            "outcome = \"remission\"\nkind",
            "outcome = \"healing\"\nkind",
            "E0715",
            "no split is by `healing`",
        ),
        (QUANTILES, "p = \"0.023\"", "p = \"1.2\"", "E0716", "no probability"),
        (QUANTILES, "method = \"discriminant\"", "method = \"guess\"", "E0707", "method"),
        (QUANTILES, "method = \"discriminant\"", "convention = \"type-10\"", "E0707", "convention"),
        (ARMS, "events = 7", "events = 107", "E0721", "cannot be"),
        (ARMS, "events = 7", "events = 7\npercent = \"7\"", "E0721", "not both"),
        (ARMS, "events = 7", "percent = 7", "E0712", "as text"),
        (ARMS, "exposure = { median = \"15.4 ng/mL\", cv = \"38 %\" }", "", "E0727", "no exposure"),
        (
            ARMS,
            "exposure = { median = \"15.4 ng/mL\", cv = \"38 %\" }",
            "regimen = \"15 mg\"",
            "E0727",
            "neither given nor simulated",
        ),
        (ARMS, "cv = \"38 %\"", "cv = \"-38 %\"", "E0723", "positive"),
        (ARMS, "median = \"15.4 ng/mL\"", "median = \"15.4 mg\"", "E0106", "wrong unit"),
        (
            ARMS,
            "regimen = \"placebo\"",
            "exposure = { median = \"15.4 ng/mL\", cv = \"38 %\" }",
            "E0722",
            "different exposures",
        ),
        (ARMS, "scale = \"15 ng/mL\"", "scale = \"0 ng/mL\"", "E0702", "constants"),
        (ARMS, "form = \"log2-one-plus\", scale", "form = \"log2-ratio\", reference", "E0725", "placebo"),
        (ARMS, "forms = [{", "risk = \"rate\"\nforms = [{", "E0724", "time at risk"),
        (ARMS, "forms = [{", "risk = \"hazard\"\nforms = [{", "E0707", "scale of risk"),
        (MEANS, "sd = 9.4", "sd = 0", "E0728", "positive SD"),
        (MEANS, "sd = 9.4", "se = 0.9", "E0102", "unknown key `se`"),
        (RATIOS, "\"0.07\", \"0.62\"", "\"0.07\"", "E0717", "two numbers"),
        (RATIOS, "value = \"0.22\"", "value = \"-0.22\"", "E0717", "positive"),
        (RATIOS, "value = \"0.22\"", "value = \"0.92\"", "E0731", "not within"),
        (RATIOS, "\"0.62\"", "\"0.23\"", "E0731", "centred"),
        (RATIOS, "p = \"0.006\"", "p = \"0.6\"", "E0731", "the paper prints 0.6"),
        (PERSISTENCE, "\"3 months\", \"6 months\"", "\"6 months\", \"3 months\"", "E0761", "must rise"),
        (PERSISTENCE, "\"87.50\", \"83.7\"", "\"83.7\", \"87.50\"", "E0761", "never rises"),
        (PERSISTENCE, "\"87.50\", \"83.7\"", "\"87.50\"", "E0761", "1 percentages for 2 times"),
        (PERSISTENCE, "[104, 69]", "[69, 104]", "E0762", "nobody joins later"),
        (PERSISTENCE, "patients = 26", "patients = 126", "E0763", "126 of 108"),
        (PERSISTENCE, "\"92.59\"", "\"98.59\"", "E0764", "the paper prints 87.50"),
        (PERSISTENCE, "\"7.36\"", "\"3.36\"", "E0731", "centred"),
        (PERSISTENCE, "\"weibull\"", "\"gamma\"", "E0707", "law of a hazard"),
    ];
    for (base, from, to, code, part) in cases {
        assert!(base.contains(from), "{from}");
        let found = problems(&base.replacen(from, to, 1), None);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        let hit =
            found.iter().zip(&shown).any(|(problem, shown)| problem.code == *code && shown.contains(part));
        assert!(hit, "{from} -> {to}: no {code} with `{part}` in\n{}", shown.join("\n"));
    }
    assert!(cases.len() >= 20);
}

#[test]
fn without_any_event_the_prior_is_told() {
    let found = problems(&ARMS.replace("events = 2", "events = 0").replace("events = 7", "events = 0"), None);
    assert!(
        found.iter().any(|d| d.code == "E0734" && d.message.contains("no arm has an event")),
        "{found:?}"
    );
}

#[test]
fn splits_of_different_patients_are_refused() {
    let nested = QUANTILES.replace("[fit]\nmethod = \"discriminant\"\n", NESTED);
    let cases =
        [("n = 14,", "n = 15,", "not the same"), ("with = { n = 7,", "with = { n = 17,", "not the same")];
    for (from, to, part) in cases {
        let found = problems(&nested.replacen(from, to, 1), None);
        assert!(found[0].code == "E0715" && found[0].to_string().contains(part), "{found:?}");
    }
    let larger =
        nested.replacen("n = 7,", "n = 17,", 1).replacen("without = { n = 17,", "without = { n = 7,", 1);
    let found = problems(&larger, None);
    assert!(found[0].to_string().contains("no larger than its group"), "{found:?}");
}

#[test]
fn quartiles_that_no_data_have_are_named() {
    // Three patients whose median is the printed value and whose quartiles lie so that, by type 7, the smallest would
    // have to be negative: 2 x 1.0 - 10 < 0.
    let impossible = QUANTILES
        .replace("[fit]\nmethod = \"discriminant\"\n", "[fit]\n")
        .replace("p = \"0.023\"\n", "")
        .replace(
            "n = 7, median = \"27.15\", quartiles = [\"14.79\", \"106.66\"]",
            "n = 3, median = \"10.0\", quartiles = [\"1.0\", \"30.0\"]",
        );
    let found = problems(&impossible, None);
    assert_eq!(found[0].code, "E0741", "{found:?}");
    let help = found[0].help.clone().unwrap();
    assert!(help.contains("quantile 0.25 = 1.0 with remission"), "{help}");
    assert!(help.contains("type-1"), "{help}");
}

#[test]
fn a_p_value_that_no_rank_sum_gives_is_told_and_left_out() {
    let text = QUANTILES
        .replace("[fit]\nmethod = \"discriminant\"\n", "[fit]\n")
        .replace("p = \"0.023\"", "p = \"0.0000001\"");
    let found = problems(&text, None);
    assert!(found.iter().any(|d| d.code == "E0742" && d.message.contains("7 against 17")), "{found:?}");
}

#[test]
fn individual_data_that_cannot_be_fitted_are_refused() {
    for (data, code, part) in [
        ("CT,REM\n2,0\n4,0\n8,1\n9,1\n", "E0754", "separated"),
        ("CT,REM\n2,0\n4,0\n", "E0757", "0 of 2"),
        ("CT,REM\n2,0\n4,2\n", "E0752", "neither 0 nor 1"),
        ("CT,REM\n2,0\nx,1\n", "E0756", "line 3, column `CT`"),
        ("CT,REM\n2,0\n-4,1\n", "E0756", "negative"),
        ("C,REM\n2,0\n", "E0756", "no column `CT`"),
        ("CT,REM\n", "E0756", "no rows"),
        ("CT,REM\n4,0\n4,1\n", "E0753", "linearly dependent"),
    ] {
        let found = problems(DATA, Some(data));
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        let hit =
            found.iter().zip(&shown).any(|(problem, shown)| problem.code == code && shown.contains(part));
        assert!(hit, "{data}: no {code} with `{part}` in\n{}", shown.join("\n"));
    }
    assert_eq!(problems(DATA, None)[0].code, "E0756");
}
