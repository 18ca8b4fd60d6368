//! Everything that goes into a run: the files it read and the settings in force. Two runs with the same inputs and the
//! same version of the program give the same results, to the bit.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Source};
use crate::document::{Files, Recorder, hexadecimal, not_found, sha256};
use crate::trial::Study;

/// The version of the program, with its commit in release builds. Only results of one version can be joined.
pub const VERSION: &str = env!("EXPOSIM_VERSION");

/// A file that a run read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The name under which it was asked for.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl InputFile {
    /// Its name without its folder: results are the same wherever the inputs lay.
    pub fn plain_name(&self) -> String {
        let path = std::path::Path::new(&self.name);
        path.file_name().map_or_else(|| self.name.clone(), |n| n.to_string_lossy().into_owned())
    }

    /// SHA-256 of its bytes, in hexadecimal.
    pub fn sha256(&self) -> String {
        sha256(self.text.as_bytes())
    }
}

/// What a study file says and a command line may say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// The seed.
    pub seed: u64,
    /// Subjects in each arm.
    pub subjects: u64,
    /// Draws of the uncertain parameters.
    pub draws: u32,
    /// Whether a row a subject and arm is written.
    pub rows: bool,
    /// Whether the rows are written as CSV as well.
    #[serde(default)]
    pub csv: bool,
    /// The share of subjects that may fail.
    pub max_failures: f64,
}

impl Settings {
    /// Those in force in a study.
    pub fn of(study: &Study) -> Self {
        Settings {
            seed: study.seed,
            subjects: study.subjects,
            draws: study.draws,
            rows: study.rows,
            csv: study.csv,
            max_failures: study.max_failures,
        }
    }

    /// Puts them in force.
    pub fn apply(&self, study: &mut Study) {
        study.seed = self.seed;
        study.subjects = self.subjects;
        study.draws = self.draws;
        study.rows = self.rows;
        study.csv = self.csv;
        study.max_failures = self.max_failures;
    }
}

/// The inputs of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The study file; its name is without folder.
    pub study: InputFile,
    /// Every other file that was read, in the order of their names.
    pub files: Vec<InputFile>,
    /// The settings in force.
    pub settings: Settings,
}

impl Inputs {
    /// Of a study whose files, and those behind its evidence, were opened through a recorder.
    pub fn of(study: &Study, files: &Recorder<'_>) -> Self {
        let own = |source: &Source| InputFile { name: source.name().into(), text: source.text().into() };
        let mut main = study
            .inputs
            .first()
            .map_or_else(|| InputFile { name: String::new(), text: String::new() }, |source| own(source));
        main.name = main.plain_name();
        let opened = files.opened().into_iter();
        let files = opened.map(|(name, source)| InputFile { name, text: source.text().into() }).collect();
        Inputs { study: main, files, settings: Settings::of(study) }
    }

    /// SHA-256 of everything that the results of a block rest on, the version of the program included.
    pub fn hash(&self) -> String {
        let Settings { seed, subjects, draws, rows, csv: _, max_failures: _ } = self.settings;
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        text(VERSION);
        text(&self.study.text);
        for file in &self.files {
            text(&file.name);
            text(&file.text);
        }
        text(&format!("{seed} {subjects} {draws} {rows}"));
        hexadecimal(&hash.finalize())
    }
}

impl Files for Inputs {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        let file = self.files.iter().find(|file| file.name == name).ok_or_else(|| not_found(name))?;
        Ok(Source::new(&file.name, &*file.text))
    }
}
