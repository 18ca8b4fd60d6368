//! The examples: each is read, each has its question, command and picture in `examples/README.md`, and each is run by
//! `scripts/examples`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The names of the studies.
fn studies() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .filter(|name| fs::read_to_string(folder().join(name)).unwrap().contains("\n[arms."))
        .collect();
    names.sort();
    names
}

#[test]
fn every_study_can_be_read() {
    let names = studies();
    assert!(names.len() >= 8, "{names:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_exposim"))
        .current_dir(folder())
        .arg("check")
        .args(&names)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_study_has_its_question_its_command_and_its_picture() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/examples");
    let script = fs::read_to_string(script).unwrap();
    for name in studies() {
        let text = fs::read_to_string(folder().join(&name)).unwrap();
        let study: toml::Table = toml::from_str(&text).unwrap();
        let question = study["question"].as_str().unwrap();
        assert!(readme.contains(question), "the question of {name} is not in examples/README.md");
        let command = format!("exposim run examples/{name}");
        assert!(readme.contains(&command) && text.contains(&command), "{command}");
        let stem = name.strip_suffix(".toml").unwrap();
        let picture = format!("images/{stem}.svg");
        assert!(readme.contains(&format!("]({picture})")), "{picture} is not in examples/README.md");
        let picture = fs::read_to_string(folder().join(&picture)).unwrap();
        assert!(picture.starts_with("<svg") && picture.len() < 100_000, "{stem}: {} bytes", picture.len());
        assert!(script.contains(&format!("\n{stem} ")), "scripts/examples does not run {name}");
    }
}
