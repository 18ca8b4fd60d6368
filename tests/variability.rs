//! Variability of every kind: what is drawn has the law that the model file declares.

use exposim::diagnostic::Source;
use exposim::dosing::dataset::DataSet;
use exposim::model::{Choices, Model};
use exposim::population::{FIRST_OCCASION, Individuals};
use exposim::run::simulate::{BetweenSubjects, Request, Residual, Simulation, simulate};

fn model(text: &str) -> Model {
    Model::read(&Source::new("m.toml", text), &Choices::default()).unwrap_or_else(|p| panic!("{p}")).0
}

fn refused(text: &str) -> String {
    Model::read(&Source::new("m.toml", text), &Choices::default()).expect_err("accepted").to_string()
}

fn run(model_text: &str, data_text: &str, request: &Request) -> Simulation {
    let (data, _) = DataSet::read(&Source::new("d.csv", data_text)).unwrap_or_else(|p| panic!("{p}"));
    simulate(&model(model_text), &data, request).unwrap_or_else(|p| panic!("{p}"))
}

fn column(simulation: &Simulation, name: &str) -> Vec<f64> {
    let place = simulation.columns.iter().position(|c| c.name == name).unwrap();
    simulation.rows.iter().map(|row| row.values.as_ref().unwrap()[place]).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (a.len() - 1) as f64
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    covariance(a, b) / (covariance(a, a) * covariance(b, b)).sqrt()
}

fn near(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected} within {tolerance}");
}

/// A state that stands still, so that outputs show parameters and errors alone.
fn still(parts: &str, outputs: &str) -> String {
    format!(
        "[model]\ntitle = \"still\"\n{parts}\n[equations]\nx = \"-0 1/h*x\"\n[initial]\nx = \"1 mg\"\n[outputs]\n{outputs}\n"
    )
}

/// One observation record a subject.
fn subjects(count: usize, header: &str, rows: &[&str]) -> String {
    let mut text = format!("ID,TIME,EVID,AMT{header}\n");
    for id in 1..=count {
        for row in rows {
            text += &format!("{id},{row}\n");
        }
    }
    text
}

const OCCASIONS: &str = "[random-effects]\nS = { sd = 0.3 }\nO = { sd = 0.4, by-occasion = true }";
const EFFECTS: &str = "E = \"eta.S + eta.O\"";

#[test]
fn variances_within_and_between_subjects_are_those_of_the_file() {
    let data = subjects(10_000, ",OCC", &["0,2,.,1", "1,0,.,1", "2,0,.,2", "3,0,.,2", "4,0,.,7"]);
    let simulation = run(&still(OCCASIONS, EFFECTS), &data, &Request::default());
    let e = column(&simulation, "E");
    let at = |row: usize| e.iter().skip(row).step_by(4).copied().collect::<Vec<f64>>();
    let (first, second, again, third) = (at(0), at(1), at(2), at(3));
    assert_eq!(second, again);
    // The standard error of a covariance of 10,000 pairs with variance 0.25 is below 0.0036.
    near(covariance(&first, &first), 0.25, 0.014);
    near(covariance(&first, &second), 0.09, 0.012);
    near(covariance(&second, &third), 0.09, 0.012);
}

#[test]
fn without_occasions_in_the_data_each_dose_record_begins_one() {
    let data = subjects(2, "", &["0,0,.", "1,1,10", "2,0,.", "3,1,10", "4,0,."]);
    let by_dose = column(&run(&still(OCCASIONS, EFFECTS), &data, &Request::default()), "E");
    assert_eq!(by_dose[0], by_dose[1]);
    assert_ne!(by_dose[1], by_dose[2]);
    let numbered = subjects(2, ",OCC", &["0,0,.,1", "1,1,10,1", "2,0,.,1", "3,1,10,2", "4,0,.,2"]);
    assert_eq!(by_dose, column(&run(&still(OCCASIONS, EFFECTS), &numbered, &Request::default()), "E"));
    let typical = Request { between: BetweenSubjects::Typical, ..Request::default() };
    assert!(column(&run(&still(OCCASIONS, EFFECTS), &data, &typical), "E").iter().all(|e| *e == 0.0));
    let data = DataSet::read(&Source::new("d.csv", subjects(1, ",OCC", &["0,0,.,1.5"]))).unwrap().0;
    let shown =
        simulate(&model(&still(OCCASIONS, EFFECTS)), &data, &Request::default()).unwrap_err().to_string();
    assert!(shown.contains("1.5 is no occasion") && shown.contains("OCC"), "{shown}");
}

#[test]
fn an_effect_of_occasions_disturbs_none_of_subjects() {
    let both = model(&still(OCCASIONS, EFFECTS));
    let one = model(&still("[random-effects]\nS = { sd = 0.3 }", "E = \"eta.S\""));
    let draw =
        |model: &Model, occasion| Individuals::new(model, Vec::new(), 3).effects(&(5..9).into(), occasion, 0);
    assert_eq!(draw(&both, 1)[0], draw(&one, FIRST_OCCASION)[0]);
    assert_eq!(draw(&both, 1)[0], draw(&both, 2)[0]);
    assert_ne!(draw(&both, 1)[1], draw(&both, 2)[1]);
    let all = Individuals::new(&both, Vec::new(), 3).effects(&(0..9).into(), 2, 0);
    assert_eq!(draw(&both, 2)[1], all[1][5..]);
}

#[test]
fn a_block_is_the_same_in_every_form() {
    let forms = [
        "A = { variance = 0.111 }\nB = { variance = 0.593 }\n[random-effects.covariances]\n\"A, B\" = -0.16",
        "[random-effects.blocks]\n\"A, B\" = [0.111, -0.16, 0.593]",
        "[random-effects.blocks]\n\"A, B\" = { correlation = [0.33316662497915363, -0.6236395461839459, 0.7700649323271382] }",
    ];
    for form in forms {
        let model = model(&still(&format!("[random-effects]\n{form}"), "E = \"eta.A + eta.B\""));
        let columns = Individuals::new(&model, Vec::new(), 1).effects(&(0..40_000).into(), FIRST_OCCASION, 0);
        near(covariance(&columns[0], &columns[0]), 0.111, 0.003);
        near(covariance(&columns[0], &columns[1]), -0.16, 0.006);
        near(covariance(&columns[1], &columns[1]), 0.593, 0.017);
    }
}

#[test]
fn an_effect_may_act_in_every_way_and_on_several_parameters() {
    let parts = "[random-effects]\nA = { sd = 0.5 }\n[individual]\nLN = \"10*exp(eta.A)\"\nN = \"10 + eta.A\"\nLOGIT = \"expit(logit(0.3) + eta.A)\"\nBC = \"10*exp(boxcox(exp(eta.A), 0.7))\"\nBC0 = \"10*exp(boxcox(exp(eta.A), 0))\"";
    let outputs = ["LN", "N", "LOGIT", "BC", "BC0"].map(|name| format!("{name}_OUT = \"{name}\"")).join("\n");
    let simulation = run(&still(parts, &outputs), &subjects(10, "", &["0,0,."]), &Request::default());
    let eta: Vec<f64> = column(&simulation, "N_OUT").iter().map(|n| n - 10.0).collect();
    for (i, eta) in eta.iter().enumerate() {
        let of = |name: &str| column(&simulation, &format!("{name}_OUT"))[i];
        near(of("LN"), 10.0 * eta.exp(), 1e-9);
        near(of("LOGIT"), 1.0 / (1.0 + (0.7 / 0.3) * (-eta).exp()), 1e-12);
        // Petersson et al. 2009: the transformed effect is (exp(eta)^lambda - 1)/lambda.
        near(of("BC"), 10.0 * (((0.7 * eta).exp() - 1.0) / 0.7).exp(), 1e-9);
        near(of("BC0"), of("LN"), 1e-9);
    }
}

fn drawn() -> Request {
    Request { residual: Residual::Drawn, between: BetweenSubjects::Typical, ..Request::default() }
}

/// Observations of 10,000 subjects with a prediction of 1 mg.
fn observations(residual: &str) -> Vec<f64> {
    let outputs = format!("Y = {{ value = \"x\", unit = \"mg\", residual = {{ {residual} }} }}");
    let simulation = run(&still("", &outputs), &subjects(10_000, "", &["0,0,."]), &drawn());
    column(&simulation, "Y_DV")
}

#[test]
fn residual_errors_have_their_moments() {
    let moments = |residual: &str| {
        let y = observations(residual);
        (mean(&y), covariance(&y, &y).sqrt())
    };
    for (residual, m, s) in [
        ("proportional = 0.3", 1.0, 0.3),
        ("additive = \"400 ug\"", 1.0, 0.4),
        ("proportional = 0.3, additive = \"0.4 mg\"", 1.0, 0.5),
        ("additive = \"0.2 mg*(Y/1 mg)^0.75\"", 1.0, 0.2),
        // Moments of the log-normal law.
        ("log = 0.5", 0.125f64.exp(), (0.25f64.exp() * (0.25f64.exp() - 1.0)).sqrt()),
        // Moments of the normal law truncated at zero (mean 1, SD 1): the hazard at -1 is 0.2875999709391784.
        (
            "proportional = 1, below-zero = \"truncate\"",
            1.287_599_970_939_178_4,
            0.629_686_285_776_605_4f64.sqrt(),
        ),
    ] {
        let (mean, sd) = moments(residual);
        near(mean, m, 0.04 * s);
        near(sd, s, 0.04 * s);
    }
    let (kept, cut) =
        (observations("proportional = 1"), observations("proportional = 1, below-zero = \"truncate\""));
    assert!(kept.iter().any(|y| *y < 0.0) && cut.iter().all(|y| *y > 0.0));
    let clipped = observations("proportional = 1, below-zero = \"clip\"");
    assert!(kept.iter().zip(&clipped).all(|(kept, clipped)| kept.max(0.0) == *clipped));
}

#[test]
fn errors_may_switch_after_a_dose_and_differ_between_subjects() {
    let parts = "[random-effects]\nRUV = { sd = 0.58 }";
    let outputs = "SHIFT = \"eta.RUV\"\nY = { value = \"x\", unit = \"mg\", residual = { log = \"(if tad <= 8 h then 0.416 else 0.689)*exp(eta.RUV)\" } }";
    let model = still(parts, outputs).replace("[outputs]", "[doses]\nx = { F = \"0\" }\n[outputs]");
    let data = subjects(5_000, "", &["0,1,10", "8,0,.", "9,0,."]);
    let simulation = run(&model, &data, &Request { residual: Residual::Drawn, ..Request::default() });
    let (y, eta) = (column(&simulation, "Y_DV"), column(&simulation, "SHIFT"));
    for (row, sd) in [(0, 0.416), (1, 0.689)] {
        let errors: Vec<f64> =
            y.iter().zip(&eta).skip(row).step_by(2).map(|(y, eta)| y.ln() / (sd * eta.exp())).collect();
        near(covariance(&errors, &errors), 1.0, 0.08);
    }
}

#[test]
fn errors_of_outputs_are_correlated_as_declared() {
    let outputs = "A = { value = \"x\", unit = \"mg\", residual = { proportional = 0.3, additive = \"0.1 mg\" } }\nB = { value = \"x\", unit = \"mg\", residual = { log = 0.2 } }\nC = { value = \"x\", unit = \"mg\", residual = { log = 0.2 } }\n[residual-correlations]\n\"A, B\" = 0.6";
    let text = still("", outputs);
    let simulation = run(&text, &subjects(10_000, "", &["0,0,."]), &drawn());
    let log = |name: &str| column(&simulation, name).iter().map(|y| y.ln()).collect::<Vec<f64>>();
    let (a, b, c) = (column(&simulation, "A_DV"), log("B_DV"), log("C_DV"));
    near(correlation(&a, &b), 0.6, 0.03);
    near(correlation(&a, &c), 0.0, 0.04);
    assert_eq!(simulation.columns[1].description, "A with residual error: proportional 0.3, additive 0.1 mg");
    for (from, to, words) in [
        ("\"A, B\" = 0.6", "\"A, D\" = 0.6", "no output `D`"),
        ("\"A, B\" = 0.6", "\"A, B\" = 1.6", "between -1 and 1"),
        ("\"A, B\" = 0.6", "\"A, B\" = 0.9\n\"A, C\" = -0.9\n\"B, C\" = 0.9", "not positive definite"),
        ("residual = { log = 0.2 } }\nC", "}\nC", "no residual error to be correlated"),
    ] {
        let shown = refused(&text.replacen(from, to, 1));
        assert!(shown.contains(words) && shown.contains("E0407"), "{shown}");
    }
}

#[test]
fn wrong_variability_is_refused() {
    let effects =
        "[random-effects]\nA = { sd = 0.3 }\nB = { sd = 0.4, by-occasion = true }\nC = { sd = 0.2 }\n";
    for (more, code, words) in [
        ("[random-effects.correlations]\n\"A, B\" = 0.3", "E0405", "cannot be correlated"),
        ("[random-effects.correlations]\n\"A, D\" = 0.3", "E0405", "no random effect `D`"),
        ("[random-effects.correlations]\n\"A\" = 0.3", "E0405", "name two different random effects"),
        ("[random-effects.covariances]\n\"A, C\" = 0.3", "E0405", "a correlation of 5.000"),
        ("[random-effects.blocks]\n\"F, G\" = [0.1, 0.2]", "E0405", "has 3 numbers, not 2"),
        ("[random-effects.blocks]\n\"F, G\" = [0.1, 0.2, 0.1]", "E0405", "a correlation of 2.000"),
        ("[random-effects.blocks]\n\"F, G\" = [0.1, 0.2, 0]", "E0405", "the diagonal of a block is positive"),
        ("[random-effects.blocks]\n\"A, G\" = [0.1, 0, 0.1]", "E0405", "`A` is given twice"),
        (
            "[random-effects.blocks]\n\"F, G, H\" = { correlation = [0.3, 0.9, 0.3, -0.9, 0.9, 0.3] }",
            "E0405",
            "the nearest correlations",
        ),
    ] {
        let shown = refused(&still(&format!("{effects}{more}"), "E = \"eta.A\""));
        assert!(shown.contains(code) && shown.contains(words), "{more}\n{shown}");
    }
    for (residual, words) in [
        ("proportional = -0.1", "not negative"),
        ("additive = 0.1", "expected mass"),
        ("additive = \"0.1 mg/L\"", "expected mass"),
        ("log = 0.1, proportional = 0.1", "does not go with"),
        ("log = 0.1, below-zero = \"clip\"", "gives no negative values"),
        ("proportional = 0.1, below-zero = \"drop\"", "`keep`, `truncate` or `clip`"),
        ("below-zero = \"clip\"", "needs proportional, additive or log"),
        ("proportional = \"0.1*eta.Z\"", "eta.Z"),
        ("proportonal = 0.1", "did you mean `proportional`"),
    ] {
        let outputs = format!("Y = {{ value = \"x\", unit = \"mg\", residual = {{ {residual} }} }}");
        let shown = refused(&still("", &outputs));
        assert!(shown.contains(words), "{residual}\n{shown}");
    }
}
