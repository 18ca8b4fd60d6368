use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::OutputError;
use crate::document::hexadecimal;

/// What an unfinished file is called until everything is complete.
pub(super) const UNFINISHED: &str = ".unfinished";

/// The folder within an out folder that holds the finished blocks of an unfinished run.
pub(super) const BLOCKS: &str = "blocks";

/// The file that is published last: where it stands, a run is complete.
const LAST: &str = "manifest.json";

/// Whether a folder holds a complete run.
pub fn complete(folder: &Path) -> bool {
    folder.join(LAST).exists()
}

/// A complete file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Its name within the folder.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// The folder that receives the results of one run.
///
/// Files are written as `NAME.unfinished` and get their names in [`OutFolder::publish`], in the order in which they
/// were kept; the last one (the manifest) therefore says that all are there. If the folder is dropped before, or
/// publishing fails, every file is removed, and the folder too if it was made for this run.
#[derive(Debug)]
pub struct OutFolder {
    folder: PathBuf,
    made: Vec<PathBuf>,
    open: Vec<String>,
    kept: Vec<WrittenFile>,
    published: bool,
}

impl OutFolder {
    /// Takes `folder` for a run: makes it (with its parents) if it does not exist, and tries that it can be written to.
    ///
    /// Call it before the simulation, so that a wrong folder costs nothing.
    ///
    /// # Errors
    /// [`OutputError::is_input`] errors: the folder holds something, is a file, or cannot be made or written to.
    pub fn create(folder: &Path) -> Result<Self, OutputError> {
        let unusable = |source| OutputError::NotWritable { folder: folder.to_path_buf(), source };
        if folder.exists() && !folder.is_dir() {
            return Err(OutputError::NotAFolder(folder.to_path_buf()));
        }
        let missing = folder.ancestors().take_while(|a| !a.as_os_str().is_empty() && !a.exists());
        let made: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
        let taken =
            OutFolder { folder: folder.to_path_buf(), made, open: vec![], kept: vec![], published: false };
        // From here on, dropping `taken` removes what was made.
        fs::create_dir_all(folder).map_err(unusable)?;
        if let Some(found) = contents(folder).map_err(unusable)? {
            return Err(OutputError::NotEmpty { folder: folder.to_path_buf(), found });
        }
        let trial = folder.join(format!("trial{UNFINISHED}"));
        OpenOptions::new().write(true).create_new(true).open(&trial).map_err(unusable)?;
        fs::remove_file(&trial).map_err(unusable)?;
        Ok(taken)
    }

    /// Takes up the folder of a run that was stopped before its end: removes what it left half-written. Files that it
    /// had published already are replaced. A folder that does not exist or is empty is taken as in
    /// [`OutFolder::create`].
    ///
    /// # Errors
    /// As [`OutFolder::create`]; a folder is not empty if nothing in it is a sign of a stopped run.
    pub fn resume(folder: &Path) -> Result<Self, OutputError> {
        let unusable = |source| OutputError::NotWritable { folder: folder.to_path_buf(), source };
        let stopped = folder.is_dir() && !complete(folder) && {
            let left = unfinished(folder).map_err(unusable)?;
            left.iter().try_for_each(fs::remove_file).map_err(unusable)?;
            !left.is_empty() || folder.join(BLOCKS).is_dir()
        };
        if !stopped {
            return Self::create(folder);
        }
        let path = folder.to_path_buf();
        Ok(OutFolder { folder: path, made: vec![], open: vec![], kept: vec![], published: false })
    }

    /// Begins a file.
    ///
    /// # Errors
    /// The name is not a plain file name or is taken, or the file cannot be made.
    pub fn file(&mut self, name: &str) -> Result<OutFile, OutputError> {
        let refuse = |why| Err(OutputError::Name { name: name.to_owned(), why });
        let plain = !name.is_empty()
            && !name.starts_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !plain {
            return refuse("letters, digits, `.`, `_` and `-` only, not beginning with `.`");
        }
        if self.open.iter().any(|taken| taken.eq_ignore_ascii_case(name)) {
            return refuse("the run has a file of that name already");
        }
        let path = self.folder.join(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(self.unfinished(name))
            .map_err(|error| OutputError::writing(path.clone(), 0, Box::new(error)))?;
        self.open.push(name.to_owned());
        Ok(OutFile::over(name, path, Box::new(file)))
    }

    /// Completes a file: everything is on the disk when this returns.
    ///
    /// # Errors
    /// The last bytes could not be written.
    pub fn keep(&mut self, file: OutFile) -> Result<(), OutputError> {
        self.kept.push(file.complete()?);
        Ok(())
    }

    /// A whole file from its text.
    ///
    /// # Errors
    /// As [`OutFolder::file`] and [`OutFolder::keep`].
    pub fn text(&mut self, name: &str, text: &str) -> Result<(), OutputError> {
        let mut file = self.file(name)?;
        file.write_all(text.as_bytes()).map_err(|error| file.failure(Box::new(error)))?;
        self.keep(file)
    }

    /// A whole file that is no result, and differs between two runs with the same results.
    ///
    /// # Errors
    /// As [`OutFolder::text`].
    pub fn beside(&mut self, name: &str, text: &str) -> Result<(), OutputError> {
        self.text(name, text)?;
        // The manifest stays the last one.
        self.kept.rotate_right(1);
        Ok(())
    }

    /// The files that are complete so far.
    pub fn kept(&self) -> &[WrittenFile] {
        &self.kept
    }

    /// Gives every kept file its name; files that were begun and not kept are removed.
    ///
    /// # Errors
    /// A file could not be renamed; then none is left.
    pub fn publish(mut self) -> Result<Vec<WrittenFile>, OutputError> {
        for file in &self.kept {
            let path = self.folder.join(&file.name);
            fs::rename(self.unfinished(&file.name), &path)
                .map_err(|source| OutputError::Write { file: path, source: Box::new(source) })?;
        }
        self.published = true;
        Ok(self.kept.clone())
    }

    fn unfinished(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{UNFINISHED}"))
    }
}

impl Drop for OutFolder {
    fn drop(&mut self) {
        // Nobody can be told of an error here, and what stays behind bears the name of something unfinished.
        for name in &self.open {
            let _ = fs::remove_file(self.unfinished(name));
        }
        if !self.published {
            for file in &self.kept {
                let _ = fs::remove_file(self.folder.join(&file.name));
            }
            for folder in &self.made {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// The half-written files of a folder.
fn unfinished(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && path.to_string_lossy().ends_with(UNFINISHED) {
            found.push(path);
        }
    }
    Ok(found)
}

/// What a folder holds, in words; `None` if it is empty.
fn contents(folder: &Path) -> io::Result<Option<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let shown = names.iter().take(3).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    Ok(match names.len() {
        0 => None,
        1..=3 => Some(shown),
        n => Some(format!("{shown} and {} more", n - 3)),
    })
}

/// Where the bytes of an [`OutFile`] go.
trait Sink: Write + Send {
    /// Returns when the bytes are on the disk.
    fn settle(&self) -> io::Result<()>;
}

impl Sink for File {
    fn settle(&self) -> io::Result<()> {
        self.sync_all()
    }
}

/// A file being written; it keeps count of its bytes and their hash.
pub struct OutFile {
    name: String,
    path: PathBuf,
    hash: Sha256,
    bytes: u64,
    sink: BufWriter<Box<dyn Sink>>,
}

impl OutFile {
    fn over(name: &str, path: PathBuf, sink: Box<dyn Sink>) -> Self {
        let sink = BufWriter::with_capacity(1 << 16, sink);
        OutFile { name: name.to_owned(), path, hash: Sha256::new(), bytes: 0, sink }
    }

    /// The path it will have.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The error of this file, from what a writer over it reported.
    pub(super) fn failure(&self, source: Box<dyn std::error::Error + Send + Sync>) -> OutputError {
        OutputError::writing(self.path.clone(), self.bytes, source)
    }

    fn complete(mut self) -> Result<WrittenFile, OutputError> {
        let settled = self.sink.flush().and_then(|()| self.sink.get_ref().settle());
        settled.map_err(|error| self.failure(Box::new(error)))?;
        let sha256 = hexadecimal(&self.hash.finalize());
        Ok(WrittenFile { name: self.name, bytes: self.bytes, sha256 })
    }
}

impl std::fmt::Debug for OutFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutFile")
            .field("path", &self.path)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.sink.write(bytes)?;
        self.hash.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tempfile::tempdir;

    /// A disk with room for so many bytes.
    struct SmallDisk(usize);

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for SmallDisk {
        fn settle(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A file on a disk with room for so many bytes.
    pub(in crate::output) fn on_small_disk(room: usize) -> OutFile {
        OutFile::over("subjects", PathBuf::from("out/subjects"), Box::new(SmallDisk(room)))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_get_their_names_when_all_are_complete() {
        let base = tempdir().unwrap();
        let path = base.path().join("a/out");
        let mut folder = OutFolder::create(&path).unwrap();
        folder.text("summary.csv", "abc").unwrap();
        let begun = folder.file("subjects.parquet").unwrap();
        assert_eq!(names(&path), ["subjects.parquet.unfinished", "summary.csv.unfinished"]);
        drop(begun);
        let written = folder.publish().unwrap();
        assert_eq!(names(&path), ["summary.csv"]);
        // FIPS 180-2, appendix B.1: the SHA-256 of "abc".
        assert_eq!(written[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(written[0].bytes, 3);
    }

    #[test]
    fn what_is_dropped_unpublished_leaves_nothing() {
        let base = tempdir().unwrap();
        let mut folder = OutFolder::create(&base.path().join("a/b")).unwrap();
        folder.text("summary.csv", "x").unwrap();
        drop(folder);
        assert!(names(base.path()).is_empty());

        let mut own = OutFolder::create(base.path()).unwrap();
        own.text("summary.csv", "x").unwrap();
        drop(own);
        assert!(base.path().exists() && names(base.path()).is_empty());
    }

    #[test]
    fn a_failed_rename_leaves_no_file_that_looks_finished() {
        let base = tempdir().unwrap();
        let mut folder = OutFolder::create(base.path()).unwrap();
        folder.text("summary.csv", "x").unwrap();
        folder.text("manifest.json", "y").unwrap();
        fs::create_dir_all(base.path().join("manifest.json/in-the-way")).unwrap();
        let error = folder.publish().unwrap_err();
        assert!(!error.is_input() && error.to_string().contains("manifest.json"), "{error}");
        assert_eq!(names(base.path()), ["manifest.json"]);
    }

    #[test]
    fn a_stopped_run_is_taken_up_and_nothing_else_is() {
        let base = tempdir().unwrap();
        for name in ["subjects.parquet.unfinished", "summary.csv", "notes.txt"] {
            fs::write(base.path().join(name), "old").unwrap();
        }
        let mut folder = OutFolder::resume(base.path()).unwrap();
        folder.text("summary.csv", "new").unwrap();
        folder.text(LAST, "{}").unwrap();
        folder.publish().unwrap();
        assert_eq!(names(base.path()), [LAST, "notes.txt", "summary.csv"]);
        assert_eq!(fs::read(base.path().join("summary.csv")).unwrap(), b"new");
        // It is complete now.
        assert!(matches!(OutFolder::resume(base.path()).unwrap_err(), OutputError::NotEmpty { .. }));

        let other = tempdir().unwrap();
        fs::write(other.path().join("notes.txt"), "mine").unwrap();
        assert!(matches!(OutFolder::resume(other.path()).unwrap_err(), OutputError::NotEmpty { .. }));
        assert!(OutFolder::resume(&other.path().join("new")).is_ok());
    }

    #[test]
    fn a_folder_that_holds_something_is_refused_and_untouched() {
        let base = tempdir().unwrap();
        for name in ["b.csv", "a.csv", "c", "d"] {
            fs::write(base.path().join(name), "old").unwrap();
        }
        let error = OutFolder::create(base.path()).unwrap_err();
        assert!(error.is_input());
        assert!(error.to_string().contains("`a.csv`, `b.csv`, `c` and 1 more"), "{error}");
        assert!(error.diagnostic().to_string().contains("--out"));
        assert_eq!(names(base.path()).len(), 4);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_refused() {
        let base = tempdir().unwrap();
        let path = base.path().join("out");
        fs::write(&path, "x").unwrap();
        assert!(matches!(OutFolder::create(&path).unwrap_err(), OutputError::NotAFolder(_)));
        let below = OutFolder::create(&path.join("deeper")).unwrap_err();
        assert!(below.is_input(), "{below}");
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_cannot_be_written_to_is_refused() {
        let path = Path::new("/proc/self");
        if !path.exists() {
            eprintln!("skipped: no /proc");
            return;
        }
        // Even root cannot make files there.
        let error = OutFolder::create(&path.join("out")).unwrap_err();
        assert!(matches!(error, OutputError::NotWritable { .. }) && error.is_input(), "{error}");
    }

    #[test]
    fn names_with_paths_in_them_are_refused() {
        let base = tempdir().unwrap();
        let mut folder = OutFolder::create(base.path()).unwrap();
        for name in ["", "../x", "a/b", "a\\b", ".hidden", "a b"] {
            assert!(matches!(folder.file(name), Err(OutputError::Name { .. })), "{name}");
        }
        folder.text("a.csv", "").unwrap();
        assert!(matches!(folder.text("A.csv", ""), Err(OutputError::Name { .. })));
    }

    #[test]
    fn a_full_disk_is_named_as_such_with_file_and_place() {
        let mut file = on_small_disk(100_000);
        let error = file.write_all(&[0; 400_000]).map_err(|e| file.failure(Box::new(e))).unwrap_err();
        assert!(matches!(error, OutputError::DiskFull { .. }) && !error.is_input(), "{error}");
        let shown = error.diagnostic().to_string();
        assert!(
            shown.contains("disk is full") && shown.contains("subjects") && shown.contains("--out"),
            "{shown}"
        );
        // What fits the buffer fails at the end, not silently.
        let mut file = on_small_disk(10);
        file.write_all(&[0; 1000]).unwrap();
        assert!(matches!(file.complete(), Err(OutputError::DiskFull { .. })));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_really_full_device_is_named_as_such() {
        let Ok(device) = OpenOptions::new().write(true).open("/dev/full") else {
            eprintln!("skipped: no /dev/full");
            return;
        };
        let mut file = OutFile::over("summary.csv", PathBuf::from("out/summary.csv"), Box::new(device));
        file.write_all(b"scenario").unwrap();
        assert!(matches!(file.complete(), Err(OutputError::DiskFull { .. })));
    }
}
