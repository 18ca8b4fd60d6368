//! The book: every chapter is listed, every file in it is read, every command in it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A block of a chapter: what stands behind the fence, and the text.
struct Block {
    info: Vec<String>,
    text: String,
}

impl Block {
    fn is(&self, word: &str) -> bool {
        self.info.iter().any(|own| own == word)
    }

    fn file(&self) -> Option<&str> {
        self.info.iter().find_map(|own| own.strip_prefix("file="))
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn blocks(chapter: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in chapter.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                let info = info.split(',').map(str::to_owned).collect();
                open = Some(Block { info, text: String::new() });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Runs a command of the book in a folder: `exposim …`, with `# exit N` behind it where it must end so.
fn run(line: &str, folder: &Path) {
    let (command, note) = line.split_once('#').unwrap_or((line, ""));
    let wanted = note.trim().strip_prefix("exit ").map_or(0, |code| code.parse().unwrap());
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("exposim"), "{line}");
    let output =
        Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(folder).args(words).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(wanted), "{line}: {told}");
}

/// Goes through a chapter from top to bottom, in a folder of its own.
fn walk(name: &str) {
    let chapter = fs::read_to_string(docs().join(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for block in blocks(&chapter) {
        match block.info[0].as_str() {
            "toml" if !block.is("wrong") => {
                toml::from_str::<toml::Table>(&block.text).unwrap_or_else(|e| panic!("{name}: {e}"));
            }
            "sh" => block.text.lines().for_each(|line| run(line, folder.path())),
            _ => {}
        }
        if let Some(file) = block.file() {
            fs::write(folder.path().join(file), &block.text).unwrap();
            if block.is("toml") {
                let wanted = if block.is("wrong") { "# exit 2" } else { "" };
                run(&format!("exposim check {file} {wanted}"), folder.path());
            }
        }
    }
}

#[test]
fn getting_started() {
    walk("getting-started.md");
}

#[test]
fn files_by_example() {
    walk("files.md");
}

#[test]
fn models_and_event_rules() {
    walk("models.md");
    walk("event-rules.md");
}

#[test]
fn evidence() {
    walk("evidence.md");
}

#[test]
fn trials() {
    walk("trials.md");
}

#[test]
fn results() {
    walk("results.md");
}

#[test]
fn promises_and_validation() {
    for name in [
        "introduction.md",
        "promises.md",
        "proof.md",
        "performance.md",
        "validation.md",
        "evidence-validation.md",
    ] {
        walk(name);
    }
}

#[test]
fn every_chapter_is_listed_and_walked_through() {
    let summary = fs::read_to_string(docs().join("SUMMARY.md")).unwrap();
    let own = include_str!("book.rs");
    for entry in fs::read_dir(docs()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            assert!(summary.contains(&format!("({name})")), "{name} is not in SUMMARY.md");
            assert!(own.contains(&format!("\"{name}\"")), "no test walks through {name}");
        }
    }
    for name in summary.split('(').skip(1).filter_map(|part| part.split(')').next()) {
        assert!(docs().join(name).exists(), "SUMMARY.md names {name}, which is not there");
    }
}

#[test]
fn a_block_that_is_wrong_is_found() {
    let chapter = "text\n```toml,file=a.toml\nx = \n```\n```sh\nexposim run nowhere.toml   # exit 2\n```\n";
    let found = blocks(chapter);
    assert_eq!((found.len(), found[0].file(), found[0].is("toml")), (2, Some("a.toml"), true));
    assert!(toml::from_str::<toml::Table>(&found[0].text).is_err());
    let folder = tempfile::tempdir().unwrap();
    run(found[1].text.trim(), folder.path());
    let fails = || run("exposim run nowhere.toml", Path::new("/"));
    assert!(std::panic::catch_unwind(fails).is_err());
}
