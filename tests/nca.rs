//! Non-compartmental analysis against WinNonlin and against an independent computation.

use exposim::exposure::{Analysis, AucRule, Metric, Nca, Profile, Route, analyse};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn columns(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split(',').collect())
}

/// A metric by the name that WinNonlin gives it.
fn winnonlin(nca: &Nca, name: &str) -> Metric {
    let (name, tail) = match (name.strip_suffix("_obs"), name.strip_suffix("_pred")) {
        (Some(stem), _) => (stem, nca.observed),
        (_, Some(stem)) => (stem, nca.predicted),
        _ => (name, nca.observed),
    };
    match name {
        "Rsq" => Ok(nca.terminal?.r_squared),
        "Rsq_adjusted" => Ok(nca.terminal?.adjusted_r_squared),
        "Corr_XY" => Ok(-nca.terminal?.r_squared.sqrt()),
        "No_points_lambda_z" => Ok(nca.terminal?.points as f64),
        "Lambda_z" => Ok(nca.terminal?.lambda_z),
        "Lambda_z_lower" => Ok(nca.terminal?.from),
        "Lambda_z_upper" => Ok(nca.terminal?.to),
        "HL_Lambda_z" => Ok(nca.terminal?.half_life()),
        "Tlag" => nca.tlag,
        "Tmax" => Ok(nca.tmax),
        "Cmax" => Ok(nca.cmax),
        "Cmax_D" => nca.cmax_per_dose,
        "C0" => nca.c0,
        "Tlast" => nca.tlast,
        "Clast" => nca.clast,
        "AUClast" => Ok(nca.auc_last),
        "AUCall" => Ok(nca.auc_all),
        "AUMClast" => Ok(nca.aumc_last),
        "MRTlast" => nca.mrt_last,
        "AUCINF" => Ok(tail?.auc_inf),
        "AUCINF_D" => tail?.auc_inf_per_dose,
        "AUC_%Extrap" => Ok(tail?.auc_extrapolated),
        "AUC_%Back_Ext" => tail?.auc_back_extrapolated,
        "AUMCINF" => Ok(tail?.aumc_inf),
        "AUMC_%Extrap" => Ok(tail?.aumc_extrapolated),
        "MRTINF" => Ok(tail?.mrt),
        "Vz" | "Vz_F" => tail?.volume_z,
        "Cl" | "Cl_F" => tail?.clearance,
        "Vss" => tail?.volume_ss,
        other => panic!("unknown parameter {other}"),
    }
}

/// Half a unit of the last printed digit, and what the floating-point noise of fifteen digits adds.
fn printed(value: &str) -> f64 {
    let digits = value.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    0.5 * 10f64.powi(-(digits as i32)) + 2e-14 * value.parse::<f64>().unwrap().abs()
}

type Profiles = BTreeMap<String, (Vec<f64>, Vec<f64>)>;

fn profiles(path: &Path, time: usize, concentration: usize) -> Option<Profiles> {
    let text = fs::read_to_string(path).ok()?;
    let mut found = Profiles::new();
    for row in columns(&text) {
        let (t, c) = found.entry(row[0].to_string()).or_default();
        t.push(row[time].parse().unwrap());
        c.push(row[concentration].parse().unwrap());
    }
    Some(found)
}

#[test]
fn theoph_and_indometh_as_winnonlin_prints_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/nca");
    let (Some(theoph), Some(indometh)) =
        (profiles(&folder.join("theoph.csv"), 3, 4), profiles(&folder.join("indometh.csv"), 1, 2))
    else {
        println!("skipped: no reference data");
        return;
    };
    let table = fs::read_to_string(folder.join("winnonlin_reference_long.csv")).unwrap();
    let (mut analyses, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    for row in columns(&table) {
        let (times, concentrations) = &if row[0] == "theoph" { &theoph } else { &indometh }[row[6]];
        let route = match row[2] {
            "Extravascular" => Route::Extravascular,
            "Bolus" => Route::Bolus,
            _ => Route::Infusion { duration: row[5].parse().unwrap() },
        };
        let rule = if row[3] == "linear" { AucRule::Linear } else { AucRule::LinearUpLogDown };
        let analysis = Analysis { route, dose: Some(row[4].parse().unwrap()), rule };
        let nca = analyse(&Profile::new(times, concentrations).unwrap(), &analysis);
        let (expected, found) = (row[8].parse::<f64>().unwrap(), winnonlin(&nca, row[7]).unwrap());
        *analyses.entry(row[1].to_string()).or_default() += 1;
        if (found - expected).abs() > printed(row[8]) {
            wrong.push(format!("{} subject {} {}: {found}, WinNonlin {}", row[1], row[6], row[7], row[8]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((analyses.len(), analyses.values().sum::<usize>()), (8, 2100));
}

/// The profiles of `scripts/reference/nca.py`.
const ORAL: ([f64; 13], [f64; 13]) = (
    [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 36.0],
    [0.0, 1.31, 6.02, 9.87, 11.2, 10.9, 8.83, 6.04, 4.41, 2.02, 1.19, 0.337, 0.0],
);
const INJECTED: ([f64; 10], [f64; 10]) = (
    [0.1, 0.3, 0.75, 1.5, 3.0, 5.0, 8.0, 12.0, 18.0, 24.0],
    [18.7, 14.9, 9.41, 5.02, 2.83, 2.11, 1.43, 0.902, 0.451, 0.219],
);

#[test]
fn made_up_profiles_as_scipy_has_them() {
    let mut compared = 0;
    for row in columns(include_str!("reference/nca.csv")) {
        let profile = if row[0] == "oral" {
            Profile::new(&ORAL.0, &ORAL.1).unwrap()
        } else {
            Profile::new(&INJECTED.0, &INJECTED.1).unwrap()
        };
        let (route, dose) = match row[1] {
            "extravascular" => (Route::Extravascular, 150.0),
            "bolus" => (Route::Bolus, 40.0),
            _ => (Route::Infusion { duration: 0.1 }, 40.0),
        };
        let rule = match row[2] {
            "linear" => AucRule::Linear,
            "linear-up/log-down" => AucRule::LinearUpLogDown,
            _ => AucRule::LinearThenLog,
        };
        let nca = analyse(&profile, &Analysis { route, dose: Some(dose), rule });
        let tail = if row[3].starts_with("observed") { nca.observed } else { nca.predicted };
        let found = match row[3].rsplit('.').next().unwrap() {
            "cmax" => nca.cmax,
            "tmax" => nca.tmax,
            "tlast" => nca.tlast.unwrap(),
            "clast" => nca.clast.unwrap(),
            "auc_last" => nca.auc_last,
            "auc_all" => nca.auc_all,
            "aumc_last" => nca.aumc_last,
            "lambda_z" => nca.terminal.unwrap().lambda_z,
            "adjusted_r_squared" => nca.terminal.unwrap().adjusted_r_squared,
            "points" => nca.terminal.unwrap().points as f64,
            "auc_inf" => tail.unwrap().auc_inf,
            "auc_extrapolated" => tail.unwrap().auc_extrapolated,
            "aumc_inf" => tail.unwrap().aumc_inf,
            "mrt" => tail.unwrap().mrt,
            "clearance" => tail.unwrap().clearance.unwrap(),
            "volume_z" => tail.unwrap().volume_z.unwrap(),
            "volume_ss" => tail.unwrap().volume_ss.unwrap(),
            other => panic!("unknown metric {other}"),
        };
        let expected: f64 = row[4].parse().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-9, "{row:?}: {found}");
        compared += 1;
    }
    assert!(compared > 190, "{compared}");
}

#[test]
fn what_a_profile_cannot_give_has_its_reason() {
    use exposim::exposure::Absent;
    let of = |t: &[f64], c: &[f64], route, dose| {
        analyse(&Profile::new(t, c).unwrap(), &Analysis { route, dose, rule: AucRule::LinearUpLogDown })
    };
    let zeros = of(&[0.0, 1.0], &[0.0, 0.0], Route::Extravascular, Some(1.0));
    assert_eq!((zeros.cmax, zeros.auc_last, zeros.auc_all), (0.0, 0.0, 0.0));
    assert_eq!(zeros.tlast, Err(Absent::NothingMeasured));
    assert_eq!(zeros.tlag, Err(Absent::NothingMeasured));
    assert_eq!(zeros.mrt_last, Err(Absent::ZeroDenominator));
    assert_eq!(zeros.observed, Err(Absent::NothingMeasured));
    let short = of(&[0.0, 1.0, 2.0], &[0.0, 2.0, 1.0], Route::Extravascular, None);
    assert_eq!(short.observed, Err(Absent::TooFewTerminalPoints));
    assert_eq!((short.cmax_per_dose, short.c0), (Err(Absent::NoDose), Err(Absent::OtherRoute)));
    let (t, c) = ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 8.0, 4.0, 2.0, 1.0]);
    let nameless = of(&t, &c, Route::Extravascular, None).observed.unwrap();
    assert_eq!((nameless.clearance, nameless.volume_ss), (Err(Absent::NoDose), Err(Absent::NoDose)));
    assert_eq!(nameless.auc_back_extrapolated, Err(Absent::OtherRoute));
    let dosed = of(&t, &c, Route::Extravascular, Some(10.0)).observed.unwrap();
    assert_eq!(dosed.volume_ss, Err(Absent::OtherRoute));
    // A bolus whose first two samples do not decline begins at the first of them.
    assert_eq!(of(&[1.0, 2.0, 3.0], &[2.0, 3.0, 1.0], Route::Bolus, None).c0, Ok(2.0));
    // An observed concentration at time 0 stands.
    assert_eq!(of(&[0.0, 1.0, 2.0], &[9.0, 3.0, 1.0], Route::Bolus, None).c0, Ok(9.0));
}
