//! The program checks itself, and says so.

use std::fs;

use assert_cmd::Command;

#[test]
fn the_program_qualifies_and_writes_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_exposim"));
    let output =
        command.current_dir(folder.path()).args(["qualify", "--json", "--out", "q"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["passed"], true);
    let checks = found["checks"].as_array().unwrap();
    for area in
        ["three witnesses", "event rules", "model library", "sampler", "evidence fits", "threads and shards"]
    {
        assert!(checks.iter().any(|check| check["area"] == area), "{area} is not checked");
    }
    let page = fs::read_to_string(folder.path().join("q/qualification.html")).unwrap();
    assert!(
        page.contains("Qualification passed") && page.contains("SS 1 replaces what was there, SS 2 adds")
    );
    assert!(folder.path().join("q/qualification.json").exists());
}
