//! Endpoints that are worked out from finished rows are those that the study would have had.

use std::fs;

use assert_cmd::Command;

const STUDY: &str = r#"
title = "rows"
model = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects = 600
seed = 3
draws = 0
[regimens]
low = "15 mg ER every 24 h for 12 weeks"
high = "45 mg ER every 24 h for 12 weeks"
[arms.high]
phases = ["high"]
[arms.low]
phases = ["low"]
[responses]
HB = { model = "haemoglobin-red-cells" }
SESCD = { model = "ses-cd-fang" }
[endpoints]
hb_12 = "HB at week 12"
sescd_12 = "SESCD at week 12"
both = { what = "HB >= 110 g/L and SESCD <= 4 at week 12", better = "higher" }
"#;

#[test]
fn endpoints_of_finished_rows_are_those_of_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("rows.toml"), STUDY).unwrap();
    let exposim = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(at).args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), text.concat())
    };
    let (code, told) = exposim(&["run", "rows.toml", "--out", "out", "--quiet"]);
    assert_eq!(code, Some(0), "{told}");
    let again = "again = hb_12 >= 11 g/dL and sescd_12 <= 4";
    let (code, shown) = exposim(&["endpoints", "out", again, "neither = no both and hb_12 < 80 g/L"]);
    assert_eq!(code, Some(0), "{shown}");
    let summary = fs::read_to_string(at.join("out/summary.csv")).unwrap();
    for arm in ["high", "low"] {
        let share = |line: &&str| line.starts_with(&format!("base,{arm},,both,proportion,"));
        let line = summary.lines().find(share).unwrap();
        let percent: f64 = line.split(',').nth(5).unwrap().parse().unwrap();
        let events = (percent * 6.0).round();
        let row = |line: &&str| line.trim_start().starts_with("again") && line.contains(&format!(" {arm} "));
        let line = shown.lines().find(row).unwrap();
        assert!(events > 0.0 && line.contains(&format!(" {events}/600 ")), "{events}: {shown}");
    }
    let (code, told) = exposim(&["endpoints", "out", "x = hb_13 < 80 g/L"]);
    assert!(code == Some(2) && told.contains("E0832") && told.contains("did you mean `hb_12`?"), "{told}");
}
