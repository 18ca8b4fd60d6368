//! Dosing events mean what they mean in NONMEM and mrgsolve: the cases under `../shared/reference`, where that folder
//! exists.

mod case;
mod mrgsolve;
mod nonmem;

use std::path::{Path, PathBuf};

/// A folder of reference data, or none with a word about it.
fn reference(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference").join(folder);
    if path.is_dir() {
        Some(path)
    } else {
        println!("skipped: no reference data at {}", path.display());
        None
    }
}
