//! `exposim check` on every kind of file, `--json` with positions, `exposim show` and its diagram.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use exposim::document::SHIPPED;
use serde_json::Value;

fn exposim(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn each_kind_of_file_is_known_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("d.csv"), "ID,TIME,AMT\n1,0,100\n1,1,.\n").unwrap();
    fs::write(folder.path().join("study.toml"), include_str!("../examples/dose-reduction.toml")).unwrap();
    for (file, kind) in [
        ("warfarin", "a model"),
        ("crohn-anti-tnf-failure", "a population"),
        ("crohn-endoscopic-remission-fang", "evidence"),
        ("study.toml", "a study"),
        ("d.csv", "a data set"),
    ] {
        let (code, out, err) = exposim(folder.path(), &["check", file]);
        assert_eq!(code, 0, "{err}");
        assert!(out.starts_with(&format!("{file}: {kind}")), "{out}");
    }
}

#[test]
fn json_has_code_message_and_the_place_in_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let (_, model) = SHIPPED.iter().find(|(name, _)| *name == "theophylline").unwrap();
    let wrong =
        model.replace("-(CL/V)*central", "-(CLL/V)*central").replace("- (CL/V)*central", "- (CLL/V)*central");
    fs::write(folder.path().join("é.toml"), &wrong).unwrap();
    fs::write(folder.path().join("d.csv"), "ID,TIME,AMT\n1,0,100\n1,x,.\n").unwrap();
    let (code, out, err) = exposim(folder.path(), &["check", "--json", "é.toml", "d.csv", "none.toml"]);
    assert_eq!((code, err.as_str()), (2, ""));
    let found: Value = serde_json::from_str(&out).unwrap();
    let list = found.as_array().unwrap();
    let unknown = list.iter().find(|d| d["code"] == "E0306").unwrap();
    let line = wrong.lines().position(|l| l.contains("CLL")).unwrap();
    let column = wrong.lines().nth(line).unwrap().find("CLL").unwrap();
    let place = &unknown["place"];
    assert_eq!(place["file"], "é.toml");
    assert_eq!(
        (place["line"].as_u64().unwrap(), place["column"].as_u64().unwrap()),
        (line as u64 + 1, column as u64 + 1)
    );
    assert_eq!(
        (&place["end-line"], place["end-column"].as_u64().unwrap()),
        (&place["line"], column as u64 + 4)
    );
    assert_eq!(unknown["severity"], "error");
    assert!(unknown["help"].as_str().unwrap().contains("CL"));
    let csv = list.iter().find(|d| d["place"]["file"] == "d.csv").unwrap();
    assert_eq!(csv["place"]["line"], 3);
    assert!(list.iter().any(|d| d["code"] == "E0108" && d["place"].is_null()));
    let (code, out, _) = exposim(folder.path(), &["check", "--json", "warfarin"]);
    assert_eq!((code, out.trim()), (0, "[]"));
}

#[test]
fn a_sheet_says_how_a_model_is_solved_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out, _) = exposim(folder.path(), &["show", "michaelis-menten"]);
    assert!(
        out.contains("central: term VMAX*(central/V)/(KM + central/V) is not linear in central"),
        "{out}"
    );
    let (_, out, _) = exposim(folder.path(), &["show", "tumour-growth-claret"]);
    assert!(out.contains("changes with time"), "{out}");
    let (_, out, _) =
        exposim(folder.path(), &["show", "upadacitinib-klunder-2019", "--modifier", "renal-impairment-mild"]);
    for part in [
        "in closed form",
        "TVCL",
        "40.9 L/h",
        "1.6 %",
        "renal-impairment-mild",
        "acts",
        "CRCL = 75 mL/min",
        "other sources",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
}

#[test]
fn every_model_has_a_sheet_and_a_diagram_of_its_compartments() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in SHIPPED.iter().filter(|(_, text)| text.contains("\n[model]")) {
        let (code, out, err) = exposim(folder.path(), &["show", name]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("how it is solved"), "{out}");
        let (code, dot, err) = exposim(folder.path(), &["show", "--dot", name]);
        assert_eq!(code, 0, "{err}");
        assert!(dot.starts_with("digraph ") && dot.ends_with("}\n"), "{text}\n{dot}");
        assert_eq!(dot.matches('{').count(), dot.matches('}').count(), "{dot}");
    }
    let (_, dot, _) = exposim(folder.path(), &["show", "--dot", "theophylline"]);
    assert!(dot.contains("\"depot\" -> \"central\" [label=\"KA*depot\"]"), "{dot}");
    assert!(dot.contains("\"central\" -> \"out of central"), "{dot}");
}
