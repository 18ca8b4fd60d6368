//! Event scenarios of mrgsolve 2.0.2, within 1e-6; after a reset NONMEM's meaning wins.

use std::fs;

use exposim::diagnostic::Source;
use exposim::dosing::dataset::DataSet;
use serde_json::Value;

use super::case::{Attributes, Model, Way};
use super::reference;

/// Where NONMEM's meaning is another one and wins: the scenario, and how many of its rows differ for that reason.
///
/// mrgsolve keeps additional doses pending over EVID 3 and 4; NONMEM (its case 092) and we cancel them. `recsort=4`
/// puts additional doses after observations at the same time (0.6024 and 0.7838 where we have 2.6024 and 2.7838);
/// NONMEM (its cases 015 to 017) and we put them before.
const NONMEM_WINS: [(&str, usize); 3] =
    [("26_iv1_evid4_addl.csv", 49), ("27_iv1_evid3_addl.csv", 73), ("30_iv1_tied_recsort4.csv", 2)];

fn model(scenario: &Value, columns: &[String]) -> Model {
    let kind = scenario["model"].as_str().unwrap();
    let oral = kind.ends_with("oral");
    let (states, flows, volume): (usize, Vec<(usize, usize, &str)>, &str) = match kind {
        "1iv" => (1, vec![(1, 0, "CL/V")], "A1/V"),
        "1oral" => (2, vec![(1, 2, "KA"), (2, 0, "CL/V")], "A2/V"),
        "2iv" => (2, vec![(1, 0, "CL/V1"), (1, 2, "Q/V1"), (2, 1, "Q/V2")], "A1/V1"),
        "2oral" => (3, vec![(1, 2, "KA"), (2, 0, "CL/V2"), (2, 3, "Q/V2"), (3, 2, "Q/V3")], "A2/V2"),
        other => panic!("{other}"),
    };
    let parameters = scenario["params"].as_object().unwrap();
    let attributes = |n: u8| Attributes {
        fraction: Some(format!("F{n}")),
        lag: Some(format!("LAG{n}")),
        duration: Some(format!("D{n}")),
        rate: Some(format!("R{n}")),
    };
    let mut by_compartment = vec![(if oral { 2 } else { 1 }, attributes(2))];
    if oral {
        by_compartment.push((1, attributes(1)));
    }
    let mut all: Vec<(String, String)> = parameters.iter().map(|(k, v)| (k.clone(), v.to_string())).collect();
    all.retain(|(name, _)| !columns.contains(name));
    Model {
        states,
        parameters: all,
        flows: flows.into_iter().map(|(from, to, k)| (from, to, k.to_owned())).collect(),
        attributes: by_compartment.into_iter().collect(),
        default_dose: 1,
        observe: vec![("pred".into(), volume.into())],
        ..Model::default()
    }
}

#[test]
fn mrgsolve_scenarios() {
    let Some(folder) = reference("mrgsolve") else { return };
    let index: Value = serde_json::from_str(&fs::read_to_string(folder.join("index.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let (mut worst, mut rows) = (0.0_f64, 0);
    for scenario in index["scenarios"].as_array().unwrap() {
        let file = scenario["file"].as_str().unwrap();
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let (data, _) = DataSet::read(&Source::new(file, text)).unwrap_or_else(|p| panic!("{file}\n{p}"));
        let predicted = model(scenario, data.columns()).predict(&data, Way::Exact);
        let theirs = data.covariate("pred_closed", exposim::dosing::record::Carry::Backward).unwrap();
        let highest = theirs.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let mut differ = 0;
        let expected = NONMEM_WINS.iter().find(|(name, _)| *name == file).map_or(0, |(_, rows)| *rows);
        for (row, (ours, theirs)) in predicted.iter().zip(&theirs).enumerate() {
            // On a dose record mrgsolve shows the state before the dose, NONMEM that after it.
            if data.records()[row].dose().is_some() {
                continue;
            }
            rows += 1;
            let off = (ours[0] - theirs).abs() / theirs.abs().max(1e-9 * highest);
            if off <= 1e-6 {
                worst = worst.max(off);
            } else {
                differ += 1;
                if expected == 0 {
                    wrong.push(format!("{file} row {}: {} for {theirs}", row + 1, ours[0]));
                }
            }
        }
        if expected > 0 && differ != expected {
            wrong.push(format!("{file}: {differ} rows differ where {expected} do for NONMEM's sake"));
        }
    }
    println!("{rows} rows, largest relative difference {worst:e}");
    assert!(wrong.is_empty(), "{} values differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
