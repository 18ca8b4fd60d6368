//! The rooms of the house use one another in one direction only.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("math", &[]),
    ("statistics", &["math"]),
    ("units", &[]),
    ("diagnostic", &[]),
    ("document", &["units", "diagnostic"]),
    ("random", &["math"]),
    ("expr", &["math", "units", "diagnostic"]),
    ("dosing", &["units", "diagnostic", "document"]),
    ("ode", &["math"]),
    ("model", &["expr", "units", "dosing", "diagnostic", "document", "math"]),
    ("kinetics", &["model", "dosing", "ode", "math", "expr", "units"]),
    ("population", &["model", "expr", "random", "math", "units", "diagnostic", "document"]),
    ("exposure", &["math"]),
    ("response", &["math", "expr", "random", "units", "diagnostic", "document"]),
    (
        "evidence",
        &["response", "exposure", "math", "random", "units", "diagnostic", "document", "statistics"],
    ),
    (
        "trial",
        &[
            "kinetics",
            "population",
            "exposure",
            "response",
            "random",
            "model",
            "dosing",
            "expr",
            "math",
            "statistics",
            "units",
            "diagnostic",
            "document",
        ],
    ),
    (
        "run",
        &[
            "trial",
            "evidence",
            "kinetics",
            "population",
            "exposure",
            "response",
            "random",
            "model",
            "dosing",
            "expr",
            "math",
            "statistics",
            "units",
            "diagnostic",
            "document",
        ],
    ),
    (
        "output",
        &[
            "run",
            "trial",
            "evidence",
            "response",
            "population",
            "model",
            "exposure",
            "dosing",
            "units",
            "diagnostic",
            "document",
        ],
    ),
    (
        "qualify",
        &[
            "run",
            "trial",
            "evidence",
            "response",
            "kinetics",
            "dosing",
            "ode",
            "random",
            "math",
            "diagnostic",
            "document",
        ],
    ),
    (
        "report",
        &[
            "run",
            "qualify",
            "trial",
            "evidence",
            "response",
            "population",
            "model",
            "exposure",
            "units",
            "diagnostic",
            "math",
            "statistics",
        ],
    ),
    ("cli", &["*"]),
];

/// Every Rust source below a folder.
pub fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn arrows_between_rooms_go_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let room = relative.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            assert!(["lib", "main"].contains(&room.as_str()), "{room} is no room of the house");
            continue;
        };
        // Tests may look around.
        if file.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for part in line.split("crate::").skip(1) {
                let used: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if used != room
                    && !used.is_empty()
                    && !allowed.contains(&used.as_str())
                    && !allowed.contains(&"*")
                {
                    wrong.push(format!("{}:{}: {room} uses {used}", relative.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the table does not have:\n{}", wrong.join("\n"));
}
