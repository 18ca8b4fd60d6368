//! Logistic regression against published fits: R (stats, MASS, logistf), Stata and textbooks.
//!
//! The data and the fits are not part of the project; without them the tests say so and pass.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use exposim::evidence::{Design, Estimator, LogisticFit};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/logistic");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no reference data");
    None
}

struct Data {
    columns: HashMap<String, Vec<String>>,
}

impl Data {
    fn read(folder: &Path, name: &str) -> Data {
        let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv"))).unwrap();
        let headers: Vec<String> = reader.headers().unwrap().iter().map(str::to_string).collect();
        let mut columns: HashMap<String, Vec<String>> =
            headers.iter().map(|header| (header.clone(), Vec::new())).collect();
        for record in reader.records() {
            for (header, cell) in headers.iter().zip(record.unwrap().iter()) {
                columns.get_mut(header).unwrap().push(cell.to_string());
            }
        }
        Data { columns }
    }

    fn text(&self, name: &str) -> &[String] {
        &self.columns[name]
    }

    fn number(&self, name: &str) -> Vec<f64> {
        self.text(name).iter().map(|cell| cell.parse().unwrap()).collect()
    }

    fn is(&self, name: &str, level: &str) -> Vec<f64> {
        self.text(name).iter().map(|cell| f64::from(u8::from(cell == level))).collect()
    }

    fn codes(&self, name: &str, levels: &[&str]) -> Vec<f64> {
        let code = |cell: &String| levels.iter().position(|level| level == cell).unwrap() as f64 + 1.0;
        self.text(name).iter().map(code).collect()
    }
}

/// The published figures of one data set and model: (term, statistic) to the printed text.
fn published(folder: &Path, dataset: &str, model: &str, method: &str) -> Vec<(String, String, String)> {
    let mut reader = csv::Reader::from_path(folder.join("reference_fits.csv")).unwrap();
    let rows = reader
        .records()
        .map(Result::unwrap)
        .filter(|row| &row[0] == dataset && row[1].contains(model) && row[2].contains(method));
    let rows: Vec<_> = rows.map(|row| (row[3].to_string(), row[4].to_string(), row[5].to_string())).collect();
    assert!(!rows.is_empty(), "{dataset} {model} {method}");
    rows
}

/// Within half a unit of the last printed digit, and a relative slack for what the reference's own iteration left.
fn assert_prints(what: &str, got: f64, printed: &str, slack: f64) {
    let value: f64 = printed.parse().unwrap();
    let places = printed.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let half = 0.5 * 10f64.powi(-i32::try_from(places).unwrap());
    let allowed = half * 1.001 + slack * value.abs();
    assert!((got - value).abs() <= allowed, "{what}: {got} is not {printed}");
}

fn check(folder: &Path, dataset: &str, model: &str, method: &str, design: &Design, fit: &LogisticFit) {
    let (deviance, null) = fit.deviances(design);
    let mut checked = 0;
    for (term, statistic, printed) in published(folder, dataset, model, method) {
        let index = design.names().iter().position(|name| *name == term);
        let what = format!("{dataset} {term} {statistic}");
        match (statistic.as_str(), index) {
            ("coef", Some(j)) => assert_prints(&what, fit.coefficients[j], &printed, 5e-7),
            // R and Stata take standard errors from the weights of the last but one step.
            ("se", Some(j)) => assert_prints(&what, fit.errors[j], &printed, 2.5e-5),
            ("profile_lower95", Some(j)) => {
                assert_prints(&what, fit.profile_interval(design, j)[0], &printed, 5e-6);
            }
            ("profile_upper95", Some(j)) => {
                assert_prints(&what, fit.profile_interval(design, j)[1], &printed, 5e-6);
            }
            ("log_likelihood" | "penalized_log_likelihood", _) => {
                assert_prints(&what, fit.log_likelihood, &printed, 1e-9);
            }
            ("deviance" | "residual_deviance", _) => assert_prints(&what, deviance, &printed, 1e-9),
            // Of grouped data it has the binomial coefficients as well.
            ("AIC", _) if design.trials().iter().all(|n| *n == 1.0) => {
                let aic = 2.0 * fit.coefficients.len() as f64 - 2.0 * fit.log_likelihood;
                assert_prints(&what, aic, &printed, 1e-9);
            }
            ("null_deviance", _) => assert_prints(&what, null, &printed, 1e-9),
            (other, Some(j)) if other.starts_with("penalized_LR_p") => {
                let p = fit.likelihood_ratio(design, j).unwrap().1;
                assert_prints(&what, p, &printed, 1e-6);
            }
            _ => continue,
        }
        checked += 1;
    }
    assert!(checked >= 4, "{dataset}: only {checked} figures");
}

fn named(columns: Vec<(&str, Vec<f64>)>) -> Vec<(String, Vec<f64>)> {
    columns.into_iter().map(|(name, column)| (name.to_string(), column)).collect()
}

fn ml(design: &Design) -> LogisticFit {
    Estimator::MaximumLikelihood.fit(design).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn infert_equals_r() {
    let Some(folder) = folder() else { return };
    let data = Data::read(&folder, "infert");
    let y = data.number("case");
    let small = named(vec![("spontaneous", data.number("spontaneous")), ("induced", data.number("induced"))]);
    let design = Design::new(&small, &y).unwrap();
    check(&folder, "infert", "case ~ spontaneous + induced", "ML", &design, &ml(&design));
    let large = named(vec![
        ("age", data.number("age")),
        ("parity", data.number("parity")),
        ("education6-11yrs", data.is("education", "6-11yrs")),
        ("education12+ yrs", data.is("education", "12+ yrs")),
        ("spontaneous", data.number("spontaneous")),
        ("induced", data.number("induced")),
    ]);
    let design = Design::new(&large, &y).unwrap();
    check(&folder, "infert", "age + parity", "ML", &design, &ml(&design));
}

#[test]
fn esoph_equals_r() {
    let Some(folder) = folder() else { return };
    let data = Data::read(&folder, "esoph");
    let ages = ["25-34", "35-44", "45-54", "55-64", "65-74", "75+"];
    let age = data.codes("agegp", &ages);
    // Orthogonal polynomials over six equally spaced levels (contr.poly), as tabulated by Fisher and Yates.
    let contrasts: [(&str, [f64; 6]); 5] = [
        ("agegp.L", [-5.0, -3.0, -1.0, 1.0, 3.0, 5.0]),
        ("agegp.Q", [5.0, -1.0, -4.0, -4.0, -1.0, 5.0]),
        ("agegp.C", [-5.0, 7.0, 4.0, -4.0, -7.0, 5.0]),
        ("agegp^4", [1.0, -3.0, 2.0, 2.0, -3.0, 1.0]),
        ("agegp^5", [-1.0, 5.0, -10.0, 10.0, -5.0, 1.0]),
    ];
    let mut columns: Vec<(String, Vec<f64>)> = contrasts
        .iter()
        .map(|(name, values)| {
            let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
            (name.to_string(), age.iter().map(|&a| values[a as usize - 1] / norm).collect())
        })
        .collect();
    let tobacco = ["0-9g/day", "10-19", "20-29", "30+"];
    let alcohol = ["0-39g/day", "40-79", "80-119", "120+"];
    columns.push(("unclass(tobgp)".into(), data.codes("tobgp", &tobacco)));
    columns.push(("unclass(alcgp)".into(), data.codes("alcgp", &alcohol)));
    let cases = data.number("ncases");
    let controls = data.number("ncontrols_pre_R_4_0_4");
    let trials: Vec<f64> = cases.iter().zip(&controls).map(|(a, b)| a + b).collect();
    let design = Design::grouped(&columns, &cases, &trials, true).unwrap();
    check(&folder, "esoph", "unclass", "ML", &design, &ml(&design));
}

#[test]
fn birth_weights_equal_stata_and_mass() {
    let Some(folder) = folder() else { return };
    let data = Data::read(&folder, "lbw_stata");
    let mut columns = named(vec![("age", data.number("age")), ("lwt", data.number("lwt"))]);
    columns.extend(named(vec![
        ("race_black", data.is("race", "black")),
        ("race_other", data.is("race", "other")),
    ]));
    for name in ["smoke", "ptl", "ht", "ui"] {
        columns.push((name.to_string(), data.number(name)));
    }
    let design = Design::new(&columns, &data.number("low")).unwrap();
    check(&folder, "lbw_stata", "low ~", "ML", &design, &ml(&design));

    let data = Data::read(&folder, "birthwt");
    let visits = data.number("ftv");
    let any = |column: Vec<f64>| column.into_iter().map(|x| f64::from(u8::from(x > 0.0))).collect();
    let columns = named(vec![
        ("age", data.number("age")),
        ("lwt", data.number("lwt")),
        ("raceblack", data.is("race", "2")),
        ("raceother", data.is("race", "3")),
        ("smokeTRUE", data.number("smoke")),
        ("ptdTRUE", any(data.number("ptl"))),
        ("htTRUE", data.number("ht")),
        ("uiTRUE", data.number("ui")),
        ("ftv1", data.is("ftv", "1")),
        ("ftv2+", visits.iter().map(|&v| f64::from(u8::from(v >= 2.0))).collect()),
    ]);
    let design = Design::new(&columns, &data.number("low")).unwrap();
    check(&folder, "birthwt", "low ~", "ML", &design, &ml(&design));
}

#[test]
fn spector_chdage_and_budworm_equal_stata_and_textbooks() {
    let Some(folder) = folder() else { return };
    let data = Data::read(&folder, "spector");
    let columns = ["GPA", "TUCE", "PSI"].map(|name| (name.to_string(), data.number(name)));
    let design = Design::new(&columns, &data.number("GRADE")).unwrap();
    check(&folder, "spector", "GRADE", "ML", &design, &ml(&design));

    let data = Data::read(&folder, "chdage");
    let design = Design::new(&named(vec![("age", data.number("age"))]), &data.is("chd", "Yes")).unwrap();
    check(&folder, "chdage", "chd", "ML", &design, &ml(&design));

    // The dose that kills a share of females: (logit p - a)/b with the standard error of the delta method.
    let data = Data::read(&folder, "budworm");
    let columns = named(vec![
        ("sexF", data.is("sex", "F")),
        ("sexM", data.is("sex", "M")),
        ("ldose", data.number("ldose")),
    ]);
    let (dead, alive) = (data.number("numdead"), data.number("numalive"));
    let trials: Vec<f64> = dead.iter().zip(&alive).map(|(a, b)| a + b).collect();
    let design = Design::grouped(&columns, &dead, &trials, false).unwrap();
    let fit = ml(&design);
    for (term, statistic, printed) in published(&folder, "budworm", "sexF".trim_end_matches('F'), "ML logit")
    {
        let p: f64 = term.trim_start_matches("p=").parse().unwrap();
        let (a, b) = (fit.coefficients[0], fit.coefficients[2]);
        let dose = ((p / (1.0 - p)).ln() - a) / b;
        let gradient = [-1.0 / b, 0.0, -dose / b];
        let variance: f64 = (0..3)
            .flat_map(|i| (0..3).map(move |j| (i, j)))
            .map(|(i, j)| gradient[i] * fit.covariance[3 * i + j] * gradient[j])
            .sum();
        let got = if statistic == "dose" { dose } else { variance.sqrt() };
        assert_prints(&format!("budworm {term} {statistic}"), got, &printed, 2.5e-5);
    }
}

/// Variances as logistf has them since version 1.24: from the information of the data to which Firth's correction adds
/// half a patient's leverage to either side, W(1 + h).
fn augmented_variances(columns: &[(String, Vec<f64>)], design: &Design, fit: &LogisticFit) -> Vec<f64> {
    let width = fit.coefficients.len();
    let p = design.probabilities(&fit.coefficients);
    let row = |i: usize| -> Vec<f64> {
        std::iter::once(1.0).chain(columns.iter().map(|(_, column)| column[i])).collect()
    };
    let mut information = nalgebra::DMatrix::<f64>::zeros(width, width);
    for (i, p) in p.iter().enumerate() {
        let x = nalgebra::DVector::from_vec(row(i));
        let covariance = nalgebra::DMatrix::from_row_slice(width, width, &fit.covariance);
        let weight = p * (1.0 - p);
        let leverage = weight * (x.transpose() * covariance * &x)[0];
        information += weight * (1.0 + leverage) * &x * x.transpose();
    }
    let inverse = information.try_inverse().unwrap();
    (0..width).map(|j| inverse[(j, j)]).collect()
}

#[test]
fn penalised_fits_equal_logistf() {
    let Some(folder) = folder() else { return };
    let firth =
        |design: &Design| Estimator::Firth.fit(design).unwrap_or_else(|problems| panic!("{problems}"));
    let data = Data::read(&folder, "sex2");
    let columns =
        ["age", "oc", "vic", "vicl", "vis", "dia"].map(|name| (name.to_string(), data.number(name)));
    let design = Design::new(&columns, &data.number("case")).unwrap();
    check(&folder, "sex2", "case", "Firth", &design, &firth(&design));

    let data = Data::read(&folder, "endometrial");
    let columns = ["NV", "PI", "EH"].map(|name| (name.to_string(), data.number(name)));
    let design = Design::new(&columns, &data.number("HG")).unwrap();
    check(&folder, "endometrial", "HG", "Firth", &design, &firth(&design));
    // Separation: the maximum of the likelihood does not exist, and the coefficient that runs away is named.
    let problems = Estimator::MaximumLikelihood.fit(&design).unwrap_err();
    assert_eq!(problems.list()[0].code, "E0754");
    assert!(problems.list()[0].message.contains("`NV`") && !problems.list()[0].message.contains("`PI`"));

    // The others are those of the patients whom the runaway coefficient does not fit perfectly.
    let rest: Vec<usize> = (0..columns[0].1.len()).filter(|row| columns[0].1[*row] == 0.0).collect();
    let keep = |column: &[f64]| rest.iter().map(|row| column[*row]).collect::<Vec<_>>();
    let others: Vec<_> = columns[1..].iter().map(|(name, column)| (name.clone(), keep(column))).collect();
    let design = Design::new(&others, &keep(&data.number("HG"))).unwrap();
    check(&folder, "endometrial", "HG", "finite part", &design, &ml(&design));

    let data = Data::read(&folder, "quasi_separation");
    let columns = ["x1", "x2", "x3", "x4"].map(|name| (name.to_string(), data.number(name)));
    let design = Design::new(&columns, &data.number("y")).unwrap();
    let fit = firth(&design);
    let rows = published(&folder, "quasi_separation", "y ~", "Firth");
    let augmented = augmented_variances(&columns, &design, &fit);
    for (term, statistic, printed) in rows {
        let j = design.names().iter().position(|name| *name == term).unwrap();
        let what = format!("quasi_separation {term} {statistic}");
        match statistic.as_str() {
            "coef" => assert_prints(&what, fit.coefficients[j], &printed, 4e-7),
            "profile_lower95" => assert_prints(&what, fit.profile_interval(&design, j)[0], &printed, 1e-6),
            "profile_upper95" => assert_prints(&what, fit.profile_interval(&design, j)[1], &printed, 1e-6),
            other if other.starts_with("penalized_LR_p") => {
                assert_prints(&what, fit.likelihood_ratio(&design, j).unwrap().1, &printed, 1e-5);
            }
            "se" => assert_prints(&what, augmented[j].sqrt(), &printed, 5e-6),
            other => panic!("{other}"),
        }
    }
    assert!(Estimator::MaximumLikelihood.fit(&design).is_err());
}
