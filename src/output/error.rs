use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;

/// Why result files could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The folder holds something already.
    #[error("the out folder {folder:?} is not empty: it holds {found}")]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// What it holds, in words.
        found: String,
    },
    /// A file stands where the folder should be.
    #[error("{0:?} is a file, not a folder")]
    NotAFolder(PathBuf),
    /// The folder cannot be made, read or written to.
    #[error("the out folder {folder:?} cannot be used: {source}")]
    NotWritable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file name that is not plain, or is taken.
    #[error("{name:?} cannot be the name of a result file: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The disk is full.
    #[error("the disk is full: {file:?} stopped after {written} bytes ({source})")]
    DiskFull {
        /// The file, under the name it would have had.
        file: PathBuf,
        /// Bytes written before.
        written: u64,
        /// What the system says.
        source: io::Error,
    },
    /// Writing failed for another reason.
    #[error("{file:?} could not be written: {source}")]
    Write {
        /// The file, under the name it would have had.
        file: PathBuf,
        /// What failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A result file could not be read.
    #[error("{file:?} could not be read: {source}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Blocks of another study, of other settings or of another version.
    #[error("the blocks in {folder:?} cannot be used: {why}")]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What is different.
        why: String,
    },
    /// A file of an unfinished run cannot be read.
    #[error("{file:?} cannot be read: {source}")]
    NotReadable {
        /// The file.
        file: PathBuf,
        /// What failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The values do not fit the columns.
    #[error("values do not fit the columns: {0}")]
    Shape(String),
}

impl OutputError {
    /// Whether the user named a folder or file that cannot serve (exit code 2), rather than the run failing on its way
    /// (exit code 1).
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::NotEmpty { .. }
                | Self::NotAFolder(_)
                | Self::NotWritable { .. }
                | Self::Read { .. }
                | Self::Foreign { .. }
        )
    }

    /// The error as a problem with a code and advice.
    pub fn diagnostic(&self) -> Diagnostic {
        let (code, help) = match self {
            Self::NotEmpty { .. } => (
                "E0951",
                "name a new folder with `--out`, empty this one, or continue a run that was stopped with `--resume`",
            ),
            Self::NotAFolder(_) => ("E0952", "name a folder with `--out`"),
            Self::NotWritable { .. } => {
                ("E0953", "name a folder with `--out` in which you may make and write files")
            }
            Self::DiskFull { .. } => (
                "E0954",
                "nothing unfinished was kept and no finished block is lost; free some space and continue with \
                 `--resume`, or name a folder on another disk with `--out`",
            ),
            Self::Write { .. } => ("E0955", "nothing unfinished was kept; mend the cause and run again"),
            Self::Name { .. } => ("E0956", "result files have plain names such as `summary.csv`"),
            Self::Read { .. } => ("E0958", "name the out folder of a finished run of this program"),
            Self::Foreign { .. } => (
                "E0962",
                "continue with the study, the options and the version of the run that was stopped, or name a new \
                 folder with `--out`",
            ),
            Self::NotReadable { .. } => {
                ("E0959", "remove the file and continue with `--resume`: what is missing is computed again")
            }
            Self::Shape(_) => ("E0957", "this is a fault of the program: please report it"),
        };
        Diagnostic::error(code, self.to_string()).help(help)
    }

    /// The error of a file, from whatever a writer over it reported: a full disk is found at any depth of causes.
    pub(super) fn writing(file: PathBuf, written: u64, source: Box<dyn Error + Send + Sync>) -> Self {
        match full_disk(source.as_ref()) {
            Some(source) => Self::DiskFull { file, written, source },
            None => Self::Write { file, source },
        }
    }
}

fn full_disk(error: &(dyn Error + 'static)) -> Option<io::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return Some(io::Error::new(io.kind(), io.to_string()));
        }
        cause = error.source();
    }
    None
}
