//! Columns of numbers, one for each subject of a block.

/// How many subjects are worked on at a time. A block is padded to a multiple of it.
pub const LANES: usize = 16;

/// One number for each of [`LANES`] subjects.
pub type Lane = [f64; LANES];

/// Reads the lanes of a chunk.
#[inline(always)]
pub(crate) fn load(column: &[f64], at: usize) -> Lane {
    let mut lane = [0.0; LANES];
    lane.copy_from_slice(&column[at..at + LANES]);
    lane
}

/// Writes the lanes of a chunk.
#[inline(always)]
pub(crate) fn store(column: &mut [f64], at: usize, lane: &Lane) {
    column[at..at + LANES].copy_from_slice(lane);
}

/// A matrix whose entries are columns over the subjects of a block: entry (row, column) of all subjects is one slice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneMatrix {
    rows: usize,
    columns: usize,
    padded: usize,
    data: Vec<f64>,
}

impl LaneMatrix {
    /// A matrix of zeros for a number of subjects.
    pub fn zeros(rows: usize, columns: usize, subjects: usize) -> Self {
        let padded = subjects.div_ceil(LANES) * LANES;
        LaneMatrix { rows, columns, padded, data: vec![0.0; rows * columns * padded] }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of subjects, up to the next multiple of [`LANES`].
    pub fn padded(&self) -> usize {
        self.padded
    }

    /// Where an entry begins in [`data`](Self::data).
    #[inline(always)]
    pub(crate) fn offset(&self, row: usize, column: usize) -> usize {
        (row * self.columns + column) * self.padded
    }

    /// An entry, one number for each subject and the padding.
    pub fn entry(&self, row: usize, column: usize) -> &[f64] {
        let at = self.offset(row, column);
        &self.data[at..at + self.padded]
    }

    /// An entry to be changed.
    pub fn entry_mut(&mut self, row: usize, column: usize) -> &mut [f64] {
        let at = self.offset(row, column);
        &mut self.data[at..at + self.padded]
    }

    /// All entries, row after row.
    pub(crate) fn data(&self) -> &[f64] {
        &self.data
    }

    /// All entries, row after row, to be changed.
    pub(crate) fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// Sets every entry to zero.
    pub(crate) fn clear(&mut self) {
        self.data.fill(0.0);
    }
}

/// A column of a number per subject, padded with the last subject's.
pub(crate) fn padded(column: &[f64]) -> Vec<f64> {
    let mut whole = column.to_vec();
    let last = column.last().copied().unwrap_or(0.0);
    whole.resize(column.len().div_ceil(LANES) * LANES, last);
    whole
}
