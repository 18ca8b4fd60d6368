//! Protocols that cannot be are refused where they stand, with what would mend them.

use exposim::diagnostic::{Problems, Source};
use exposim::document::Shipped;
use exposim::run::kind;
use exposim::trial::Study;

const STUDY: &str = include_str!("../examples/dose-reduction.toml");

/// What a good protocol adds to the example; each case changes one thing in it.
const PROTOCOL: &str = r#"
[visits]
schedule = "week 2, 4, 8, 12, then every 8 weeks"
window = "3 days"
missed = "5 %"
measure = ["HB", "endoscopic_remission"]
[assays.HB]
cv = "2 %"
[adherence]
missed = "5 %"
holidays = { every = "26 weeks", last = "4 days" }
[discontinuation]
persistence = { "month 3" = "87.5 %", "month 12" = "75.4 %" }
reasons = { "lack of effect" = 17, "adverse event" = 3 }
ratios = { "ALB <= 35 g/L" = 3.05 }
[rules.low]
when = "HB < 80 g/L at 2 visits"
do = "hold until HB >= 80 g/L"
[rules.rescue]
when = "no endoscopic_remission and HB > 90 g/L"
do = "rescue with high for 12 weeks"
arms = ["15 mg from week 12"]
[rules.renal]
when = "CRCL < 30 mL/min"
do = "step down"
"#;

fn base() -> String {
    let top = "ladder = [\"15 mg\", \"30 mg\", \"45 mg\"]\n\n[regimens]\nhigh = \"45 mg ER every 24 h for 12 weeks\"\n";
    let endpoints = "[endpoints]\nlost = \"discontinuation for lack of effect by week 52\"\nhold_days = \"days on hold by week 52\"\nanaemic = \"any HB < 80 g/L\"\ntrough = \"Ctrough before dose 84\"\n";
    // The example has a protocol of its own.
    let (before, rest) = STUDY.split_once("[visits]\n").unwrap();
    let (_, after) = rest.split_once("[responses]\n").unwrap();
    let bare = format!("{before}[responses]\n{after}");
    bare.replacen("[regimens]\n", top, 1).replacen("[endpoints]\n", endpoints, 1) + PROTOCOL
}

fn read(text: &str) -> Result<(), Problems> {
    Study::read(&Source::new("study.toml", text), &Shipped, &kind).map(|_| ())
}

/// What is changed, to what, and what the message must say.
const CASES: &[(&str, &str, &[&str])] = &[
    // A rule on a signal that no visit measures.
    (
        "measure = [\"HB\", \"endoscopic_remission\"]",
        "measure = [\"endoscopic_remission\"]",
        &["E0812", "no visit measures `HB`", "add `HB`"],
    ),
    (
        "schedule = \"week 2, 4, 8, 12, then every 8 weeks\"",
        "schedule = \"week 60\"",
        &["E0810", "no visit", "week 60"],
    ),
    (
        "schedule = \"week 2, 4, 8, 12, then every 8 weeks\"",
        "schedule = \"2, 4 weeks\"",
        &["E0810", "not a time"],
    ),
    (
        "schedule = \"week 2, 4, 8, 12, then every 8 weeks\"",
        "schedule = { file = \"upadacitinib-label\", name = \"monthly\" }",
        &["E0812", "no `schedules.monthly`"],
    ),
    ("window = \"3 days\"", "window = \"30 h\"", &["E0810", "whole number of days"]),
    ("missed = \"5 %\"\nmeasure", "missed = \"150 %\"\nmeasure", &["E0801", "0 % to 100 %"]),
    (
        "measure = [\"HB\", \"endoscopic_remission\"]",
        "measure = { HB = \"every visit\", endoscopic_remission = \"week 3\" }",
        &["E0810", "`endoscopic_remission` is to be measured when there is no visit"],
    ),
    ("[assays.HB]", "[assays.endoscopic_remission]", &["E0811", "no biomarker"]),
    // Arms that never start.
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [{ washout = \"2 weeks\" }, \"reduced\"]",
        &["E0803", "nothing to wash out"],
    ),
    ("phases = [\"induction\", \"reduced\"]", "phases = []", &["E0802", "has no phases"]),
    // A phase without end.
    (
        "reduced   = \"15 mg ER every 24 h for 40 weeks\"",
        "reduced = \"15 mg ER every 24 h\"",
        &["E0803", "no end", "until"],
    ),
    // Overlapping regimens.
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [\"induction\", { at = \"week 0\", regimen = \"reduced\", until = \"week 52\" }]",
        &["E0803", "overlap"],
    ),
    // Phases in a circle: the later one begins before the earlier.
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [\"induction\", \"reduced\", { at = \"week 4\", regimen = \"induction\" }]",
        &["E0803", "begin at week 4"],
    ),
    // Nobody eligible for randomisation.
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [{ if = \"endoscopic_remission\", randomise = [\"full\", \"reduced\"], else = \"stop\" }]",
        &["E0816", "before the first dose"],
    ),
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [\"induction\", { if = \"HB < 80 g/L and HB > 90 g/L\", randomise = [\"full\", \"reduced\"], else = \"stop\" }]",
        &["E0816", "nobody is eligible"],
    ),
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [\"induction\", { randomise = [\"full\", \"reduced\"], ratio = \"2:1\", block = 4 }]",
        &["E0816", "does not hold the ratio"],
    ),
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [\"induction\", { randomise = [\"full\", \"reduced\"], strata = [\"AGE\"] }]",
        &["E0816", "cut it in two"],
    ),
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [\"induction\", { randomise = [\"full\", \"full\"] }]",
        &["E0816", "differ"],
    ),
    (
        "phases = [\"induction\", \"reduced\"]",
        "phases = [\"induction\", { if = \"endoscopic_remission\", then = \"reduced\" }]",
        &["E0103", "`else` is missing"],
    ),
    // A step below the lowest dose.
    (
        "ladder = [\"15 mg\", \"30 mg\", \"45 mg\"]",
        "ladder = [\"45 mg\", \"30 mg\", \"15 mg\"]",
        &["E0813", "lowest first"],
    ),
    (
        "ladder = [\"15 mg\", \"30 mg\", \"45 mg\"]",
        "ladder = [\"30 mg\", \"45 mg\"]",
        &["E0813", "no rung of the ladder"],
    ),
    ("ladder = [\"15 mg\", \"30 mg\", \"45 mg\"]\n", "", &["E0813", "no ladder"]),
    (
        "\"hold until HB >= 80 g/L\"",
        "\"pause until HB >= 80 g/L\"",
        &["E0812", "nothing a rule can do", "step down"],
    ),
    ("\"HB < 80 g/L at 2 visits\"", "\"HB < 80 mg at 2 visits\"", &["E0812", "mass"]),
    ("\"HB < 80 g/L at 2 visits\"", "\"HB < 80 g/L at no visits\"", &["E0812", "no number of visits"]),
    ("\"HB < 80 g/L at 2 visits\"", "\"HB < 80 g/L and HB > 90 g/L\"", &["E0812", "never acts"]),
    ("\"HB < 80 g/L at 2 visits\"", "\"Hb < 80 g/L\"", &["E0812", "no `Hb`", "did you mean `HB`?"]),
    ("\"CRCL < 30 mL/min\"", "\"SEXF is woman\"", &["E0812", "no level `woman`", "male, female"]),
    (
        "\"CRCL < 30 mL/min\"\ndo = \"step down\"",
        "\"CRCL < 30 mL/min\"\ndo = \"hold\"",
        &["E0812", "do not change"],
    ),
    ("rescue with high for", "rescue with hihg for", &["E0802", "no regimen `hihg`", "did you mean `high`?"]),
    ("high = \"45 mg ER every 24 h for", "high = \"45 mg ER every 18 h for", &["E0808", "does not go with"]),
    ("arms = [\"15 mg from week 12\"]", "arms = [\"15 mg\"]", &["E0812", "no arm `15 mg`"]),
    ("\"month 12\" = \"75.4 %\"", "\"month 12\" = \"91 %\"", &["E0814", "do not fall"]),
    ("reasons = { \"lack of effect\" = 17", "reasons = { \"lack of effect\" = 0", &["E0814", "above zero"]),
    ("\"ALB <= 35 g/L\" = 3.05", "\"HBX <= 35 g/L\" = 3.05", &["E0814", "no `HBX`"]),
    ("last = \"4 days\"", "last = \"40 weeks\"", &["E0815", "holiday"]),
    (
        "missed = \"5 %\"\nholidays",
        "late = { share = \"5 %\", by = \"24 h\" }\nholidays",
        &["E0815", "24 h late where one is due every 24 h"],
    ),
    (
        "missed = \"5 %\"\nholidays",
        "late = [{ share = \"60 %\", by = \"2 h\" }, { share = \"50 %\", by = \"3 h\" }]\nholidays",
        &["E0815", "more doses come late than are taken"],
    ),
    (
        "\"any HB < 80 g/L\"",
        "\"HB < 80 g/L and HB > 90 g/L or HB < 70 g/L at week 4\"",
        &["E0804", "read in two ways"],
    ),
    (
        "\"any HB < 80 g/L\"",
        "{ what = \"grade of HB < 100 g/L, HB at week 4\" }",
        &["E0804", "nothing that a subject has or has not"],
    ),
    (
        "anaemic = \"any HB < 80 g/L\"",
        "low = \"grade of HB < 100 g/L at week 4\"\nlow_1 = \"any HB < 80 g/L\"",
        &["E0804", "two endpoints are called `low_1`"],
    ),
    (
        "discontinuation for lack of effect",
        "discontinuation for lack of affect",
        &["E0804", "did you mean `lack of effect`?"],
    ),
    ("\"days on hold by week 52\"", "\"days on hold at week 52\"", &["E0804", "write \"by\""]),
    ("\"any HB < 80 g/L\"", "\"any HB\"", &["E0804", "no threshold"]),
    ("\"Ctrough before dose 84\"", "\"Ctrough before dose 800\"", &["E0805", "lies outside arm"]),
    (
        "\"any HB < 80 g/L\"",
        "{ what = \"any HB < 80 g/L\", estimand = \"composit\" }",
        &["E0804", "did you mean `composite`?"],
    ),
    (
        "\"any HB < 80 g/L\"",
        "{ what = \"any HB < 80 g/L\", estimand = \"composite\" }",
        &["E0804", "no bad outcome"],
    ),
    (
        "\"any HB < 80 g/L\"",
        "{ what = \"grade of HB < 80 g/L at week 4\", estimand = \"composite\" }",
        &["E0804", "no bad outcome"],
    ),
];

#[test]
fn a_protocol_in_which_all_of_it_is_right_is_read() {
    read(&base()).unwrap_or_else(|p| panic!("{p}"));
}

#[test]
fn wrong_protocols_are_refused_where_they_are_wrong() {
    let base = base();
    for (from, to, parts) in CASES {
        assert!(base.contains(from), "the protocol has no `{from}`");
        let text = base.replacen(from, to, 1);
        let shown = match read(&text) {
            Ok(()) => panic!("`{from}` → `{to}` was accepted"),
            Err(problems) => problems.to_string(),
        };
        for part in *parts {
            assert!(shown.contains(part), "`{from}` → `{to}`: `{part}` is not in\n{shown}");
        }
        // The line of what was changed; for what was taken away, of what misses it.
        let line =
            text.lines().position(|l| to.lines().any(|t| !t.is_empty() && l.contains(t))).map(|l| l + 1);
        let near = line.is_none_or(|line| {
            (line.saturating_sub(1)..=line + 1).any(|l| shown.contains(&format!("study.toml:{l}:")))
        });
        let elsewhere = parts.iter().any(|p| {
            p.contains("no visit measures")
                || p.contains("rung")
                || p.contains("does not go")
                || p.contains("has no phases")
                || p.contains("no end")
        });
        assert!(near || elsewhere, "`{from}` → `{to}`: not at line {line:?}\n{shown}");
    }
}

#[test]
fn rules_and_schedules_of_the_label_are_named() {
    let population = include_str!("../models/crohn-anti-tnf-failure.toml");
    assert!(!population.contains("CYP3A4"));
    let text = base()
        .replacen("schedule = \"week 2, 4, 8, 12, then every 8 weeks\"", "schedule = { file = \"upadacitinib-label\", name = \"three-monthly\" }", 1)
        .replacen("[rules.low]", "[rules]\nanaemia = \"upadacitinib-label\"\nsevere-renal-impairment = \"upadacitinib-label\"\n[rules.low]", 1);
    read(&text).unwrap_or_else(|p| panic!("{p}"));
    let named = |name: &str| {
        let what =
            format!("{{ what = {{ file = \"crohn-definitions\", name = \"{name}\", at = \"week 12\" }} }}");
        let endpoints = format!("[endpoints]\nnamed = {what}\n");
        let responses = "[responses]\nSESCD = { model = \"ses-cd-fang\" }\n";
        text.replacen("[endpoints]\n", &endpoints, 1).replacen("[responses]\n", responses, 1)
    };
    read(&named("endoscopic-remission-celest")).unwrap_or_else(|p| panic!("{p}"));
    for (name, part) in [
        ("endoscopic-remission-celset", "did you mean `endoscopic-remission-celest`?"),
        ("clinical-remission-fang", "`HBI` is neither"),
    ] {
        let shown = read(&named(name)).unwrap_err().to_string();
        assert!(shown.contains(part), "{name}: {shown}");
    }
    let unknown = text.replacen("anaemia = ", "strong-inhibitor = \"upadacitinib-label\"\nanaemia = ", 1);
    let shown = read(&unknown).unwrap_err().to_string();
    assert!(
        shown.contains("no `CYP3A4` to look at") && shown.contains("upadacitinib-label.toml:"),
        "{shown}"
    );
}

fn study(text: &str) -> Study {
    Study::read(&Source::new("study.toml", text), &Shipped, &kind).unwrap_or_else(|p| panic!("{p}")).0
}

#[test]
fn visits_may_measure_one_response_more_seldom_than_another() {
    let measure = "measure = { HB = \"every visit\", endoscopic_remission = \"week 4, 12\" }";
    let study = study(&base().replacen("measure = [\"HB\", \"endoscopic_remission\"]", measure, 1));
    let place = |name: &str| study.responses.iter().position(|response| response.name == name).unwrap();
    let weeks = |weeks: f64| weeks * 168.0;
    let expected =
        [(place("HB"), None), (place("endoscopic_remission"), Some(vec![weeks(4.0), weeks(12.0)]))];
    assert_eq!(study.visits.unwrap().measured, expected);
}

#[test]
fn the_failure_budget_is_a_share_of_the_subjects() {
    let with = |budget: &str| base().replacen("subjects ", &format!("max-failures = {budget}\nsubjects "), 1);
    assert_eq!(study(&base()).max_failures, 0.001);
    assert!((study(&with("\"0.2 %\"")).max_failures - 0.002).abs() < 1e-15);
    assert_eq!(study(&with("0.25")).max_failures, 0.25);
    assert_eq!(study(&with("1")).max_failures, 1.0);
    for wrong in ["\"150 %\"", "-0.1"] {
        let shown = read(&with(wrong)).unwrap_err().to_string();
        assert!(shown.contains("E0801") && shown.contains("0 % to 100 %"), "{wrong}: {shown}");
    }
}
