//! A study without evidence to fit, which runs in a moment, and a folder that holds it.

use std::fs;

use tempfile::TempDir;

/// Two arms of 700 subjects, 25 draws, two endpoints.
pub const STUDY: &str = r#"
title      = "Troughs on 15 mg"
model      = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects   = 700
seed       = 3
draws      = 25

[regimens]
low  = "15 mg ER every 24 h for 4 weeks"
high = "30 mg ER every 24 h for 4 weeks"

[arms.low]
phases = ["low"]
[arms.high]
phases = ["high"]

[endpoints]
trough = "Ctrough at week 4"
area   = "AUCtau at week 4"
"#;

/// A new folder with a study as `study.toml`.
pub fn folder_with(study: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), study).unwrap();
    folder
}
