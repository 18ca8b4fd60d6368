//! The copy of the sources with the mutants in it, compiled; mutants that the compiler refuses are left out.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::sites::{self, Site};
use crate::weave::{Place, weave};

const AWAKE: &str = include_str!("awake.rs.txt");

/// A file of the copy.
struct File {
    name: String,
    text: String,
    sites: Vec<Site>,
    /// Whether the compiler refuses the site.
    refused: Vec<bool>,
    places: Vec<Option<Place>>,
}

/// A mutant, for good.
#[derive(Clone, Debug)]
pub struct Mutant {
    pub number: u32,
    pub module: String,
    pub file: String,
    pub line: usize,
    pub function: String,
    pub change: String,
}

/// The copy.
pub struct Woven {
    folder: PathBuf,
    target: PathBuf,
    files: Vec<File>,
    modules: Vec<String>,
}

fn failed(what: impl Into<String>) -> io::Error {
    io::Error::other(what.into())
}

fn site_key(file: &str, index: usize, site: &Site) -> String {
    format!("{file}\t{index}\t{}\t{}", site.function, site.change(0))
}

/// Written only where it differs, so that cargo compiles no more than it must.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(path, bytes)
}

impl Woven {
    /// Copies what the repository holds, and finds the sites of the modules.
    pub fn new(root: &Path, folder: PathBuf, target: PathBuf, modules: &[String]) -> io::Result<Woven> {
        let listed = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["ls-files", "-co", "--exclude-standard"])
            .output()?;
        let (mut files, mut of_tests) = (Vec::new(), BTreeSet::new());
        for name in String::from_utf8_lossy(&listed.stdout).lines() {
            let Ok(bytes) = fs::read(root.join(name)) else { continue };
            let mutated = modules.iter().any(|module| name.starts_with(&format!("src/{module}/")));
            if mutated && name.ends_with(".rs") {
                let text = String::from_utf8(bytes).map_err(|_| failed(format!("{name} is no text")))?;
                let (sites, tests) =
                    sites::sites(&text).map_err(|error| failed(format!("{name}: {error}")))?;
                let folder = name.trim_end_matches("mod.rs").trim_end_matches(".rs").trim_end_matches('/');
                of_tests.extend(tests.iter().map(|module| format!("{folder}/{module}")));
                let refused = vec![false; sites.len()];
                files.push(File { name: name.to_owned(), text, sites, refused, places: Vec::new() });
            } else if name == "src/lib.rs" {
                let text = String::from_utf8_lossy(&bytes);
                put(
                    &folder.join(name),
                    format!("{text}\n/// Which mutant is awake.\npub mod awake;\n").as_bytes(),
                )?;
            } else if name == "Cargo.toml" {
                // It lies inside another workspace.
                let text = String::from_utf8_lossy(&bytes);
                put(&folder.join(name), format!("{text}\n[workspace]\n").as_bytes())?;
            } else {
                put(&folder.join(name), &bytes)?;
            }
        }
        for file in &mut files {
            if of_tests.iter().any(|module| file.name.starts_with(module.as_str())) {
                file.sites.clear();
            }
        }
        Ok(Woven { folder, target, files, modules: modules.to_vec() })
    }

    /// The mutants that the compiler takes.
    pub fn mutants(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for file in &self.files {
            let module = self.modules.iter().find(|module| file.name.starts_with(&format!("src/{module}/")));
            for (site, _) in file.sites.iter().zip(&file.refused).filter(|(_, refused)| !**refused) {
                for index in 0..site.instead.len() {
                    mutants.push(Mutant {
                        number: mutants.len() as u32 + 1,
                        module: module.cloned().unwrap_or_default(),
                        file: file.name.clone(),
                        line: site.line,
                        function: site.function.clone(),
                        change: site.change(index),
                    });
                }
            }
        }
        mutants
    }

    fn write(&mut self) -> io::Result<()> {
        let mut next = 1;
        for file in &mut self.files {
            let mut numbers = Vec::new();
            for (site, refused) in file.sites.iter().zip(&file.refused) {
                numbers.push((!refused).then_some(next));
                next += if *refused { 0 } else { site.instead.len() as u32 };
            }
            let (woven, places) = weave(&file.text, &file.sites, &numbers);
            file.places = places;
            put(&self.folder.join(&file.name), woven.as_bytes())?;
        }
        put(&self.folder.join("src/awake.rs"), AWAKE.replace("COUNT", &next.to_string()).as_bytes())
    }

    fn cargo(&self, arguments: &[&str]) -> io::Result<Vec<Value>> {
        let output = Command::new("cargo")
            .args(arguments)
            .args(["--locked", "--message-format=json"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .stderr(std::process::Stdio::inherit())
            .output()?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    /// Writes and compiles the copy, and leaves out what the compiler refuses, until it takes the rest.
    ///
    /// What was refused is kept in a record, so that the next time few rounds are needed.
    pub fn settle(&mut self, record: &Path) -> io::Result<()> {
        let known = fs::read_to_string(record).unwrap_or_default();
        let known: BTreeSet<&str> = known.lines().collect();
        for file in &mut self.files {
            for (index, refused) in file.refused.iter_mut().enumerate() {
                *refused = known.contains(site_key(&file.name, index, &file.sites[index]).as_str());
            }
        }
        for _ in 0..30 {
            self.write()?;
            fs::write(record, self.refused().join("\n"))?;
            let said = self.cargo(&["test", "--no-run", "--lib"])?;
            let errors: Vec<&Value> = said
                .iter()
                .filter(|line| line["reason"] == "compiler-message" && line["message"]["level"] == "error")
                .map(|line| &line["message"])
                .collect();
            if errors.is_empty() {
                return Ok(());
            }
            let mut refused = 0;
            for error in &errors {
                refused += usize::from(self.refuse(error));
            }
            eprintln!("{} errors: {refused} sites left out", errors.len());
            if refused == 0 {
                let text: String = errors.iter().filter_map(|error| error["rendered"].as_str()).collect();
                return Err(failed(format!("no mutant is to blame for\n{text}")));
            }
        }
        Err(failed("the compiler is not content with what is left"))
    }

    fn refused(&self) -> Vec<String> {
        let of = |file: &File| -> Vec<String> {
            let sites = file.sites.iter().enumerate().filter(|(index, _)| file.refused[*index]);
            sites.map(|(index, site)| site_key(&file.name, index, site)).collect()
        };
        self.files.iter().flat_map(of).collect()
    }

    /// Leaves out the innermost site around an error, or the nearest before it.
    fn refuse(&mut self, error: &Value) -> bool {
        for span in error["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true)
        {
            let (Some(name), Some(at)) = (span["file_name"].as_str(), span["byte_start"].as_u64()) else {
                continue;
            };
            let at = at as usize;
            let Some(file) = self.files.iter_mut().find(|file| file.name == name) else { continue };
            let placed =
                || file.places.iter().enumerate().filter_map(|(site, place)| Some((site, (*place)?)));
            let around =
                placed().filter(|(_, place)| place.0 <= at && at < place.1).min_by_key(|(_, p)| p.1 - p.0);
            let near = || placed().filter(|(_, place)| place.0 <= at).max_by_key(|(_, place)| place.0);
            if let Some((site, _)) = around.or_else(near) {
                return !std::mem::replace(&mut file.refused[site], true);
            }
        }
        false
    }

    /// Compiles the unit tests and the behaviour tests.
    pub fn test_binaries(&self) -> io::Result<Vec<PathBuf>> {
        let said = self.cargo(&["test", "--no-run", "--lib", "--test", "main"])?;
        let binaries: Vec<PathBuf> = said
            .iter()
            .filter(|line| line["reason"] == "compiler-artifact" && line["profile"]["test"] == true)
            .filter_map(|line| line["executable"].as_str().map(PathBuf::from))
            .collect();
        if binaries.len() == 2 { Ok(binaries) } else { Err(failed(format!("test binaries: {binaries:?}"))) }
    }
}
