//! The files that ship in the binary, and where other files come from.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Numbers;
use crate::diagnostic::{Diagnostic, Source, did_you_mean};

/// Opens the files that other files name. What is below the command line sees files only through this.
pub trait Files {
    /// The text behind a name: a shipped file's name without `.toml`, or a path. Of a table in another form than text,
    /// where such can be read, it is the table as CSV.
    ///
    /// # Errors
    /// E0108 where nothing of that name can be read; E0111 where a table holds what is no number.
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic>;

    /// The table of numbers behind a name.
    ///
    /// # Errors
    /// As [`Files::open`]; E0111 where it is no table.
    fn numbers(&self, name: &str) -> Result<Numbers, Diagnostic> {
        Numbers::from_csv(&self.open(name)?)
    }
}

/// The name of a file that another file names: it is shipped, or stands beside that one.
pub fn beside(file: &str, name: &str) -> String {
    match file.rfind('/') {
        Some(end) if Shipped.open(name).is_err() => format!("{}/{name}", &file[..end]),
        _ => name.to_string(),
    }
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// Every shipped file: its name and its text.
        pub const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../models/", $name, ".toml")))),*];
    };
}

shipped![
    "albumin-fang",
    "calprotectin-fang",
    "crohn-anti-tnf-failure",
    "crohn-clinical-remission-trials",
    "crohn-definitions",
    "crohn-discontinuation-predictors-fang",
    "crohn-endoscopic-remission-celest",
    "crohn-endoscopic-remission-fang",
    "crohn-endoscopic-response-fang",
    "crohn-endoscopic-response-trials",
    "crohn-persistence-fang",
    "crohn-remission-predictors-fang",
    "crp-fang",
    "docetaxel-neutrophils",
    "effect-compartment",
    "haemoglobin-red-cells",
    "haemoglobin-red-cells-flat",
    "indirect-response-1",
    "indirect-response-2",
    "indirect-response-3",
    "indirect-response-4",
    "lymphocytes-crossing",
    "michaelis-menten",
    "neutrophils-kloft",
    "one-compartment",
    "paclitaxel-friberg-2002",
    "parent-metabolite",
    "phenobarbital",
    "psa-haemoglobin-change-upadacitinib",
    "psa-haemoglobin-course-flat-upadacitinib",
    "psa-haemoglobin-course-upadacitinib",
    "psa-neutrophil-change-upadacitinib",
    "psa-neutrophil-course-upadacitinib",
    "ra-haemoglobin-severe-upadacitinib",
    "ra-haemoglobin-upadacitinib",
    "ra-lymphopenia-upadacitinib",
    "ra-neutropenia-upadacitinib",
    "rheumatoid-arthritis-phase-3",
    "ses-cd-fang",
    "theophylline",
    "three-compartments",
    "tmdd",
    "tofacitinib-vong-2021",
    "tofacitinib-xie-2019",
    "transit-absorption",
    "tumour-growth-claret",
    "two-compartments",
    "upadacitinib-bhatnagar-2024",
    "upadacitinib-klunder-2018",
    "upadacitinib-klunder-2019",
    "upadacitinib-label",
    "warfarin",
];

/// The shipped files alone, by name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shipped;

impl Files for Shipped {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        SHIPPED
            .iter()
            .find(|(shipped, _)| *shipped == name)
            .map(|(shipped, text)| Source::new(format!("{shipped}.toml"), *text))
            .ok_or_else(|| not_found(name))
    }
}

/// Opens files through another and remembers them.
pub struct Recorder<'f> {
    files: &'f (dyn Files + Sync),
    opened: Mutex<BTreeMap<String, Arc<Source>>>,
}

impl<'f> Recorder<'f> {
    /// Opens what `files` opens.
    pub fn new(files: &'f (dyn Files + Sync)) -> Self {
        Recorder { files, opened: Mutex::default() }
    }

    /// What was opened so far, by the names under which it was asked for.
    pub fn opened(&self) -> BTreeMap<String, Arc<Source>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Files for Recorder<'_> {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        let source = self.files.open(name)?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert(name.to_owned(), Arc::clone(&source));
        Ok(source)
    }
}

/// The problem of a name behind which there is nothing (E0108).
pub fn not_found(name: &str) -> Diagnostic {
    let shipped = || SHIPPED.iter().map(|(shipped, _)| *shipped);
    let begun = || shipped().filter(|shipped| name.len() > 3 && shipped.starts_with(name));
    let near: Vec<&str> = did_you_mean(name, shipped()).map_or_else(|| begun().collect(), |near| vec![near]);
    let help = if near.is_empty() {
        "name a shipped file (`exposim models` lists them) or give the path of your own".to_string()
    } else {
        format!("did you mean `{}`?", near.join("` or `"))
    };
    Diagnostic::error("E0108", format!("there is no file `{name}`")).help(help)
}
