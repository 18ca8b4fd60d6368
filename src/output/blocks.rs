use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::OutputError;
use super::folder::{BLOCKS, UNFINISHED};
use crate::document::sha256;
use crate::run::{Block, Failed, Inputs, Store, VERSION};
use crate::trial::Study;

/// The file beside the blocks that says what they belong to.
pub(super) const IDENTITY: &str = "inputs.json";

/// The form of the files; another form is another number.
const FORMAT: u32 = 2;

/// What a run is: everything that went into it, and the version that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the program.
    pub version: String,
    /// The hash of the inputs and the version.
    pub hash: String,
    /// The inputs.
    pub inputs: Inputs,
}

impl Identity {
    /// Of a run of this program.
    pub fn of(inputs: &Inputs) -> Self {
        Identity { version: VERSION.to_owned(), hash: inputs.hash(), inputs: inputs.clone() }
    }

    /// As JSON.
    ///
    /// # Errors
    /// None that inputs can cause.
    pub fn json(&self) -> Result<String, OutputError> {
        let text =
            serde_json::to_string_pretty(self).map_err(|error| OutputError::Shape(error.to_string()))?;
        Ok(text + "\n")
    }

    /// The identity of the blocks in an out folder; none where it has none.
    ///
    /// # Errors
    /// [`OutputError::NotReadable`]: the file is none that this program wrote.
    pub fn of_blocks(out: &Path) -> Result<Option<Self>, OutputError> {
        Self::read(out.join(BLOCKS).join(IDENTITY))
    }

    /// The identity of the finished run in an out folder; none where there is none.
    ///
    /// # Errors
    /// As [`Identity::of_blocks`].
    pub fn of_results(out: &Path) -> Result<Option<Self>, OutputError> {
        Self::read(out.join(IDENTITY))
    }

    fn read(path: PathBuf) -> Result<Option<Self>, OutputError> {
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OutputError::NotReadable { file: path, source: Box::new(error) }),
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| OutputError::NotReadable { file: path, source: Box::new(error) }),
        }
    }
}

/// The first line of a block's file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    format: u32,
    version: String,
    study: String,
    block: u32,
    bytes: usize,
    sha256: String,
}

/// The blocks of a run as files, one a block: a line that says what it is, then its bytes, compressed. A file has its
/// name only when all of it is on the disk.
#[derive(Debug)]
pub struct BlockFolder<'s> {
    folder: PathBuf,
    study: &'s Study,
    identity: Identity,
    since: Instant,
    /// Blocks that are finished earlier than this are not worth a file.
    after: Duration,
    made: bool,
    computed: u64,
    found: u64,
}

impl<'s> BlockFolder<'s> {
    /// The blocks of a run in its out folder. Those that are finished within `after` are not kept, so that a short run
    /// writes none.
    ///
    /// # Errors
    /// [`OutputError::Foreign`]: the blocks there are those of another study, other settings or another version.
    pub fn new(out: &Path, inputs: &Inputs, study: &'s Study, after: Duration) -> Result<Self, OutputError> {
        let identity = Identity::of(inputs);
        let found = Identity::of_blocks(out)?;
        if let Some(found) = &found
            && found.hash != identity.hash
        {
            return Err(OutputError::Foreign { folder: out.to_path_buf(), why: foreign(found, &identity) });
        }
        let folder = out.join(BLOCKS);
        Ok(BlockFolder {
            folder,
            study,
            identity,
            since: Instant::now(),
            after,
            made: found.is_some(),
            computed: 0,
            found: 0,
        })
    }

    /// Whether any block was kept, now or before.
    pub fn is_used(&self) -> bool {
        self.made
    }

    /// How many blocks were handed over to be kept, and how many were found.
    pub fn counts(&self) -> (u64, u64) {
        (self.computed, self.found)
    }

    /// Removes what a killed run left half-written among these blocks.
    ///
    /// # Errors
    /// A file could not be removed.
    pub fn sweep(&self, blocks: Range<u32>) -> Result<(), OutputError> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Ok(()) };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let number = name.split('.').next().and_then(|n| n.parse().ok());
            if name.ends_with(UNFINISHED) && number.is_none_or(|n| blocks.contains(&n)) {
                fs::remove_file(&path).map_err(|error| OutputError::writing(path, 0, Box::new(error)))?;
            }
        }
        Ok(())
    }

    /// Removes all blocks: their run is finished.
    ///
    /// # Errors
    /// They could not be removed.
    pub fn remove(self) -> Result<(), OutputError> {
        if !self.folder.exists() {
            return Ok(());
        }
        fs::remove_dir_all(&self.folder)
            .map_err(|error| OutputError::writing(self.folder.clone(), 0, Box::new(error)))
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:06}.block"))
    }

    /// Makes the folder and says in it what the blocks belong to.
    fn make(&mut self) -> Result<(), OutputError> {
        if !self.made {
            fs::create_dir_all(&self.folder)
                .map_err(|error| OutputError::writing(self.folder.clone(), 0, Box::new(error)))?;
            write_whole(&self.folder.join(IDENTITY), &[self.identity.json()?.as_bytes()])?;
            self.made = true;
        }
        Ok(())
    }

    fn write(&mut self, block: &Block) -> Result<(), OutputError> {
        if !self.made && self.since.elapsed() < self.after {
            return Ok(());
        }
        self.make()?;
        let shape = |error: &dyn std::error::Error| OutputError::Shape(error.to_string());
        let bytes = block.to_bytes().map_err(|error| shape(&error))?;
        let bytes = snap::raw::Encoder::new().compress_vec(&bytes).map_err(|error| shape(&error))?;
        let mut header =
            serde_json::to_string(&self.header(block.number(), &bytes)).map_err(|error| shape(&error))?;
        header.push('\n');
        write_whole(&self.path(block.number()), &[header.as_bytes(), &bytes])
    }

    fn header(&self, block: u32, bytes: &[u8]) -> Header {
        Header {
            format: FORMAT,
            version: self.identity.version.clone(),
            study: self.identity.hash.clone(),
            block,
            bytes: bytes.len(),
            sha256: sha256(bytes),
        }
    }

    /// The block of a file's bytes; none where they are not whole.
    fn read(&self, number: u32, file: &[u8]) -> Result<Option<Block>, OutputError> {
        let Some(end) = file.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let (line, bytes) = (&file[..end], &file[end + 1..]);
        let Ok(header) = serde_json::from_slice::<Header>(line) else { return Ok(None) };
        if (header.format, &header.study) != (FORMAT, &self.identity.hash) {
            let why = format!("block {number} is of study {} by version {}", header.study, header.version);
            return Err(OutputError::Foreign { folder: self.folder.clone(), why });
        }
        if header != self.header(number, bytes) {
            return Ok(None);
        }
        let bytes = snap::raw::Decoder::new().decompress_vec(bytes).ok();
        let block = bytes.and_then(|bytes| Block::from_bytes(&bytes, self.study));
        Ok(block.filter(|block| block.number() == number))
    }
}

impl Store for BlockFolder<'_> {
    /// A file that is not whole is as good as none.
    fn get(&mut self, number: u32) -> Result<Option<Block>, Failed> {
        let path = self.path(number);
        match fs::read(&path) {
            Ok(file) => {
                let block = self.read(number, &file)?;
                self.found += u64::from(block.is_some());
                Ok(block)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OutputError::NotReadable { file: path, source: Box::new(error) }.into()),
        }
    }

    fn put(&mut self, block: &Block) -> Result<(), Failed> {
        self.computed += 1;
        Ok(self.write(block)?)
    }
}

/// How two runs differ.
fn foreign(found: &Identity, own: &Identity) -> String {
    if found.version != own.version {
        return format!("they were made by version {}, this is {}", found.version, own.version);
    }
    if found.inputs.study.text != own.inputs.study.text {
        return format!("the text of {} has changed", own.inputs.study.name);
    }
    let changed = own.inputs.files.iter().find(|file| !found.inputs.files.contains(file));
    match changed {
        Some(file) => format!("the text of {} has changed", file.name),
        None if found.inputs.settings == own.inputs.settings => "other files were read".to_owned(),
        None => format!("the settings were {:?} and are {:?}", found.inputs.settings, own.inputs.settings),
    }
}

/// Writes a file under a name of its own and renames it when all of it is on the disk.
fn write_whole(path: &Path, parts: &[&[u8]]) -> Result<(), OutputError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}{UNFINISHED}", std::process::id()));
    let unfinished = PathBuf::from(name);
    let mut written = 0;
    let mut write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&unfinished)?;
        for part in parts {
            file.write_all(part)?;
            written += part.len() as u64;
        }
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    let result = write();
    result.map_err(|error| {
        // What cannot be removed bears the name of something unfinished.
        let _ = fs::remove_file(&unfinished);
        OutputError::writing(path.to_path_buf(), written, Box::new(error))
    })
}
