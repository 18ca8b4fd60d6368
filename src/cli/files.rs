//! Opens files: shipped ones by name, the user's by path; a Parquet table as the CSV that says the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::{Files, Shipped, not_found};
use crate::output::{read_numbers, read_results};
use crate::run::results::Results;

/// Shipped files by name, and files on disk by path, relative to the file that names them.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Paths count from the folder of a file.
    pub(super) fn beside(file: &Path) -> Self {
        Disk { folder: file.parent().map_or_else(PathBuf::new, Path::to_path_buf) }
    }
}

impl Files for Disk {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        if let Ok(source) = Shipped.open(name) {
            return Ok(source);
        }
        let path = self.folder.join(name);
        if !path.exists() {
            return Err(not_found(name));
        }
        if path.extension().is_some_and(|e| e == "parquet") {
            return Ok(Source::new(path.display().to_string(), read_numbers(&path, name)?.to_csv()));
        }
        read(&path)
    }
}

/// Reads a file that a user named (E0109).
pub(super) fn read(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    let shown = path.display().to_string();
    let refuse = |reason: String, help: &str| {
        Diagnostic::error("E0109", format!("`{shown}` cannot be read: {reason}")).help(help)
    };
    match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(Source::new(shown, text)),
        Ok(Err(_)) => Err(refuse("it is not UTF-8 text".into(), "save it as UTF-8; is it the right file?")),
        Err(error) => Err(refuse(error.to_string(), "check the path and its permissions")),
    }
}

/// A file that a command names: a path, or the name of a shipped file.
pub(super) fn named(name: &str) -> Result<Arc<Source>, Diagnostic> {
    let path = Path::new(name);
    if path.exists() { read(path) } else { Shipped.open(name.strip_suffix(".toml").unwrap_or(name)) }
}

/// The results in the out folder of a finished run (E0910).
pub(super) fn finished(folder: &Path) -> Result<Results, Problems> {
    let source = read(&folder.join("results.json"))?;
    read_results(source.text()).map_err(|e| {
        let told = Diagnostic::error("E0910", format!("{} holds no results: {e}", source.name()));
        told.help("name the out folder of a finished run").into()
    })
}
