//! What a finished block hands over, and its bytes.

use serde::{Deserialize, Serialize};

use super::replicates::{self, Replicate};
use super::rows::RowBatch;
use super::tally::{Counts, Sums};
use crate::trial::Study;

/// The results of a block of subjects (the sums of each leaf, counts, and the rows if they are wanted) or of replicates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Block {
    pub(super) number: u32,
    pub(super) leaves: Vec<Sums>,
    pub(super) counts: Counts,
    pub(super) rows: Vec<RowBatch>,
    /// What each replicate came to at each kind of parameters.
    pub(super) replicates: Vec<Vec<Replicate>>,
}

impl Block {
    pub(super) fn new(number: u32, study: &Study) -> Self {
        let counts = Counts::new(study);
        Block { number, leaves: Vec::new(), counts, rows: Vec::new(), replicates: Vec::new() }
    }

    /// Its place among the blocks of the study.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its bytes; they read back to the bit.
    ///
    /// # Errors
    /// None that a block can cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(self)
    }

    /// A block of a study from its bytes; none where they are not those of such a block.
    pub fn from_bytes(bytes: &[u8], study: &Study) -> Option<Self> {
        let block: Block = postcard::from_bytes(bytes).ok()?;
        let leaves = block.leaves.iter().all(|leaf| leaf.fits(study));
        let fits = leaves && block.counts.fits(study) && replicates::fit(&block.replicates, study);
        fits.then_some(block)
    }
}
