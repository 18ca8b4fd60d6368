//! Biomarkers in time within a trial: what the cohort reports, what the doses of each subject do to them, and that
//! nothing depends on how subjects are put together.

use exposim::diagnostic::{Diagnostic, Source};
use exposim::document::{Files, SHIPPED, Shipped};
use exposim::evidence::paper::CoursePaper;
use exposim::evidence::{Evidence, Inputs, fit};
use exposim::model::{Choices, Model};
use exposim::response::Draw;
use exposim::run::{kind, simulator};
use exposim::trial::{Outcomes, Reason, Representatives, Response, Study, Trial};
use exposim::units::Quantity;

const HEAD: &str = r#"
title = "biomarkers"
model = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects = 1200
seed = 5
draws = 0
"#;

const ARMS: &str = r#"
[regimens]
induction = "45 mg ER every 24 h for 12 weeks"
full = "30 mg ER every 24 h for 40 weeks"
reduced = "15 mg ER every 24 h for 40 weeks"
[arms.full]
phases = ["induction", "full"]
[arms.reduced]
phases = ["induction", "reduced"]
[responses]
HB = { model = "haemoglobin-red-cells" }
FLAT = { model = "haemoglobin-red-cells-flat" }
ANC = { model = "neutrophils-kloft" }
ALB = { model = "albumin-fang" }
CRP = { model = "crp-fang" }
FCP = { model = "calprotectin-fang" }
SESCD = { model = "ses-cd-fang" }
ALC = { model = "lymphocytes-crossing" }
"#;

fn read(text: &str) -> Result<Study, Vec<Diagnostic>> {
    Study::read(&Source::new("study.toml", text), &Shipped, &kind)
        .map(|(study, _)| study)
        .map_err(|problems| problems.list().to_vec())
}

fn study(endpoints: &str) -> Study {
    read(&format!("{HEAD}{ARMS}[endpoints]\n{endpoints}")).unwrap_or_else(|p| panic!("{p:?}"))
}

fn trial(study: &Study) -> Trial<'_> {
    Trial::new(study, study.responses.iter().map(|_| Response::Course(None)).collect()).unwrap()
}

fn outcomes(study: &Study, subjects: std::ops::Range<u64>) -> Outcomes {
    let trial = trial(study);
    let mut outcomes = Outcomes::default();
    trial.simulate(&trial.block(&subjects.into()), 0, &mut outcomes);
    outcomes
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn medians_come_to_those_of_the_cohort() {
    // Fang et al., medians at weeks 12 and 24 (coherent units: mg/L, ratios). The tolerance is twice the standard error of
    // the median of 1200 log-normal subjects at the reported spread.
    let reported = [
        ("ALB", "week 12", 45.00e3, 0.011),
        ("ALB", "week 24", 45.80e3, 0.011),
        ("CRP", "week 12", 1.84, 0.15),
        ("CRP", "week 24", 1.28, 0.15),
        ("FCP", "week 12", 131.32e-6, 0.15),
        ("FCP", "week 24", 90.18e-6, 0.15),
        ("SESCD", "week 30", 4.0, 0.07),
    ];
    let lines =
        reported.iter().enumerate().map(|(i, (name, time, ..))| format!("e{i} = \"{name} at {time}\"\n"));
    let study = study(&lines.collect::<String>());
    let outcomes = outcomes(&study, 0..study.subjects);
    for (i, (name, time, expected, tolerance)) in reported.into_iter().enumerate() {
        let found = median(outcomes.endpoint(0, i));
        assert!((found / expected - 1.0).abs() < tolerance, "{name} {time}: {found} for {expected}");
    }
}

#[test]
fn a_lower_dose_gives_back_what_the_drug_took() {
    let study = study(
        "hb = \"HB at week 52\"\nflat = \"FLAT at week 52\"\nanc = \"ANC at week 52\"\nfall = \"fall of HB > 20 g/L at week 52\"\nlow = \"ALC < 0.5 10^9/L at week 52\"",
    );
    let outcomes = outcomes(&study, 0..study.subjects);
    let pairs = |e: usize| -> Vec<(f64, f64)> {
        outcomes.endpoint(0, e).iter().copied().zip(outcomes.endpoint(1, e).iter().copied()).collect()
    };
    for e in [0, 2] {
        // In every patient, and not only on average.
        assert!(pairs(e).iter().all(|(full, reduced)| reduced > full), "{e}");
    }
    assert!(pairs(1).iter().all(|(full, reduced)| reduced == full), "a flat effect knows no dose");
    for e in [3, 4] {
        assert!(pairs(e).iter().all(|(full, reduced)| reduced <= full));
        assert!(pairs(e).iter().map(|(full, _)| full).sum::<f64>() > 0.0);
    }
}

#[test]
fn blocks_of_any_size_give_the_same_bits() {
    let study = study("hb = \"HB at week 52\"\nanc = \"ANC at week 30\"\ncrp = \"CRP at week 24\"");
    let whole = outcomes(&study, 0..100);
    for part in [0..1, 7..30, 99..100] {
        let places = usize::try_from(part.start).unwrap()..usize::try_from(part.end).unwrap();
        let own = outcomes(&study, part);
        for e in 0..3 {
            assert_eq!(whole.endpoint(1, e)[places.clone()], *own.endpoint(1, e));
        }
    }
}

#[test]
fn another_biomarker_changes_no_other() {
    let alone = format!("{HEAD}{}[endpoints]\nhb = \"HB at week 52\"", ARMS.split("FLAT").next().unwrap());
    let alone = read(&alone).unwrap();
    let together = study("hb = \"HB at week 52\"");
    assert_eq!(outcomes(&alone, 0..64).endpoint(0, 0), outcomes(&together, 0..64).endpoint(0, 0));
}

#[test]
fn held_doses_act_on_the_biomarker_of_those_who_are_held() {
    let held = format!(
        "{HEAD}{ARMS}[visits]\nschedule = \"week 4, 8, 12, 24, 36, 48\"\n[rules.anaemia]\nwhen = \"HB < 100 g/L\"\ndo = \"hold until HB >= 110 g/L\"\n[endpoints]\nhb = \"HB at week 52\""
    );
    let held = read(&held).unwrap_or_else(|p| panic!("{p:?}"));
    let free = study("hb = \"HB at week 52\"");
    let trial = trial(&held);
    let records = trial.records(&trial.block(&(0..400).into()), 0);
    let holds = |lane| records.ledger().iter().any(|e| e.lane == lane && matches!(e.reason, Reason::Held(_)));
    let (held, free) = (outcomes(&held, 0..400), outcomes(&free, 0..400));
    let mut higher = 0;
    for (lane, (held, free)) in held.endpoint(0, 0).iter().zip(free.endpoint(0, 0)).enumerate() {
        // Visits cut the year into other segments: what is not held differs by rounding and by the exposure of segments.
        let same = (held / free - 1.0).abs() < 2e-3;
        assert!(if holds(lane) { held > free || same } else { same }, "{lane}: {held} {free}");
        higher += u32::from(*held > 1.002 * free);
    }
    assert!(higher > 10, "{higher}");
}

#[test]
fn evidence_reaches_the_subjects_of_a_study() {
    let text = format!(
        "{HEAD}{}[responses]\nHB = \"psa-haemoglobin-course-upadacitinib\"\n[endpoints]\nhb = \"HB at week 52\"",
        ARMS.split("[responses]").next().unwrap()
    );
    let study = read(&text).unwrap_or_else(|p| panic!("{p:?}"));
    let source = Shipped.open("psa-haemoglobin-course-upadacitinib").unwrap();
    let (evidence, _) = Evidence::read(&source).unwrap();
    let courses = |paper: &CoursePaper, patients: usize| simulator(&Shipped, "", paper, patients);
    let inputs = Inputs { draws: 100, courses: &courses, ..Inputs::new(1) };
    let draws = fit(&evidence, &inputs).unwrap().course.unwrap().draws;
    let trial = Trial::new(&study, vec![Response::Course(Some(draws.clone()))]).unwrap();
    let block = trial.block(&(0..200).into());
    let emax = draws.column("EMAX").unwrap();
    // The stronger the drawn effect, the more a lower dose gives back, in every patient.
    let gain = |draw: u32| -> f64 {
        let mut outcomes = Outcomes::default();
        trial.simulate(&block, draw, &mut outcomes);
        let pairs = outcomes.endpoint(0, 0).iter().zip(outcomes.endpoint(1, 0));
        pairs.map(|(full, reduced)| reduced - full).sum::<f64>() / 200.0
    };
    assert!(gain(0) > 500.0, "{}", gain(0));
    let (least, most) = (1..=100).fold((1, 1), |(least, most), d| {
        let value = |d: u32| draws.get(Draw::Number(usize::try_from(d - 1).unwrap()))[emax];
        (if value(d) < value(least) { d } else { least }, if value(d) > value(most) { d } else { most })
    });
    assert!(gain(least) < gain(0) && gain(0) < gain(most));
}

#[test]
fn what_is_no_biomarker_is_refused() {
    let refused = |response: &str| -> Vec<String> {
        let text = format!(
            "{HEAD}{}[responses]\nHB = {response}\n[endpoints]\nhb = \"HB at week 52\"",
            ARMS.split("[responses]").next().unwrap()
        );
        read(&text).unwrap_err().iter().map(|d| format!("{} {}", d.code, d.message)).collect()
    };
    let kinetics = refused("{ model = \"upadacitinib-klunder-2019\" }");
    assert!(kinetics[0].contains("E0810") && kinetics[0].contains("driver"), "{kinetics:?}");
    let unknown = refused("{ model = \"haemoglobin\" }");
    assert!(unknown[0].starts_with("E0108"), "{unknown:?}");
}

/// Changes of the typical patient from a baseline under a constant average concentration, worked out by hand: where the
/// equations rest, or the exponential approach to it.
#[test]
fn every_biomarker_changes_as_its_equations_say() {
    let figures = [
        // Production in the end: 1.133 (1 - 0.101/2) and 1.133 (1 - 0.027) times that of the baseline.
        ("haemoglobin-red-cells", "HB = 137 g/L", "58.6 ng/mL", "200 weeks", "10.38233950 g/L"),
        ("haemoglobin-red-cells-flat", "HB = 137 g/L", "30 ng/mL", "200 weeks", "14.03003300 g/L"),
        // The feedback holds where (1 - 0.0245) (ANC/circulating)^0.1445 = 1.
        ("neutrophils-kloft", "ANC = 5.22 10^9/L", "50 ng/mL", "200 weeks", "-0.82338169 10^9/L"),
        ("albumin-fang", "ALB = 40 g/L", "30 ng/mL", "12 weeks", "5.15023003 g/L"),
        ("crp-fang", "CRP = 20 mg/L", "30 ng/mL", "12 weeks", "-16.83315774 mg/L"),
        ("calprotectin-fang", "FCP = 500 ug/g", "30 ng/mL", "24 weeks", "-448.28325282 ug/g"),
        ("ses-cd-fang", "SESCD = 12 score", "30 ng/mL", "30 weeks", "-7.63834446 score"),
        ("lymphocytes-crossing", "", "14.4 ng/mL", "28 d", "-0.17679210 10^9/L"),
    ];
    let quantity = |text: &str| text.parse::<Quantity>().unwrap_or_else(|_| panic!("{text}"));
    for (name, covariate, average, time, expected) in figures {
        let (model, _) = Model::read(&Shipped.open(name).unwrap(), &Choices::default()).unwrap();
        let effects: Vec<String> = model.effects().list().iter().map(|e| format!("sd {}", e.name)).collect();
        let covariates: Vec<(String, Quantity)> = covariate
            .split_once(" = ")
            .map(|(name, value)| (name.to_owned(), quantity(value)))
            .into_iter()
            .collect();
        let patient = Representatives::new(model, &[], &covariates, 1).unwrap();
        let (average, hours) = ([quantity(average).coherent()], quantity(time).coherent());
        let found = patient.changes(&effects, &vec![0.0; effects.len()], &average, hours)[0];
        let expected = quantity(expected).coherent();
        assert!((found / expected - 1.0).abs() < 2e-3, "{name}: {found} for {expected}");
    }
    for (name, _) in SHIPPED.iter().filter(|(_, text)| text.contains("\n[drivers]")) {
        assert!(figures.iter().any(|figure| figure.0 == *name), "{name} is tested on no figure");
    }
}
