//! How a study is cut into blocks and blocks into shards. The cut of blocks depends on the study alone.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::replicates::LOOK;
use crate::trial::Study;

/// How many subjects are computed and summed together. Part of the promise that results stay the same: sums run over a
/// leaf first, then over the leaves.
pub(super) const LEAF: u64 = 512;

/// A study has about so many blocks, if it has so many leaves.
const BLOCKS: u64 = 512;

/// A block has at most so many leaves, or so many times the replicates between two looks; bounds memory, and what is lost
/// with a block.
const LARGEST: u64 = 64;

/// The blocks of a study: first those of subjects, each a number of leaves through all draws and arms, then those of
/// replicates of its simulated trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    subjects: u64,
    /// Leaves of a block.
    leaves: u64,
    replicates: u32,
    /// Replicates of a block.
    size: u32,
    /// What a replicate costs, in subjects at one draw; and how many draws a subject goes through.
    replicate: u64,
    draws: u64,
}

/// What a block holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Subjects, leaf by leaf.
    Subjects(Vec<Range<u64>>),
    /// Replicates of the simulated trials, from 0 on.
    Replicates(Range<u32>),
}

impl Cut {
    /// The cut of a study.
    pub fn of(study: &Study) -> Self {
        let (replicates, replicate) = study.replication.as_ref().map_or((0, 0), |design| {
            let patients: u64 = design.patients.iter().copied().map(u64::from).sum();
            (design.replicates, patients * design.parameters.len() as u64)
        });
        Cut::new(study.subjects, u64::from(study.draws) + 1, (replicates, replicate))
    }

    fn new(subjects: u64, draws: u64, (replicates, replicate): (u32, u64)) -> Self {
        let leaves = (subjects.div_ceil(LEAF) / BLOCKS).clamp(1, LARGEST);
        let looks = (u64::from(replicates / LOOK) / BLOCKS).clamp(1, LARGEST);
        let size = LOOK * u32::try_from(looks).unwrap_or(1);
        Cut { subjects, leaves, replicates, size, replicate, draws }
    }

    /// The number of blocks of subjects.
    pub(super) fn carried(&self) -> u32 {
        u32::try_from(self.subjects.div_ceil(self.leaves * LEAF)).unwrap_or(u32::MAX)
    }

    /// The number of blocks.
    pub fn blocks(&self) -> u32 {
        self.carried().saturating_add(self.replicates.div_ceil(self.size))
    }

    /// What a block holds.
    pub fn part(&self, block: u32) -> Part {
        match block.checked_sub(self.carried()) {
            None => Part::Subjects(self.leaves(block).collect()),
            Some(place) => {
                let first = place.saturating_mul(self.size).min(self.replicates);
                Part::Replicates(first..first.saturating_add(self.size).min(self.replicates))
            }
        }
    }

    /// The subjects of a block, leaf by leaf.
    pub(super) fn leaves(&self, block: u32) -> impl Iterator<Item = Range<u64>> + use<> {
        let first = u64::from(block) * self.leaves;
        let subjects = self.subjects;
        (first..first + self.leaves)
            .map(move |leaf| leaf * LEAF..((leaf + 1) * LEAF).min(subjects))
            .filter(|leaf| leaf.start < leaf.end)
    }

    /// What a block costs, in units of one subject through all draws and arms; about, for replicates.
    pub fn cost(&self, block: u32) -> u64 {
        match self.part(block) {
            Part::Subjects(leaves) => leaves.iter().map(|leaf| leaf.end - leaf.start).sum(),
            Part::Replicates(range) => u64::from(range.end - range.start) * self.replicate / self.draws,
        }
    }

    /// What some blocks cost.
    pub fn costs(&self, blocks: Range<u32>) -> u64 {
        blocks.map(|block| self.cost(block)).sum()
    }

    /// The blocks of a shard: the shards are runs of blocks of about the same cost.
    pub fn shard(&self, shard: Shard) -> Range<u32> {
        let total: u128 = (0..self.blocks()).map(|block| u128::from(self.cost(block))).sum();
        let mut before = 0_u128;
        let mut range = 0..0;
        for block in 0..self.blocks() {
            let cost = u128::from(self.cost(block));
            // The shard in which the middle of the block falls.
            let place = (2 * before + cost) * u128::from(shard.of) / (2 * total).max(1);
            before += cost;
            match place.cmp(&u128::from(shard.number - 1)) {
                std::cmp::Ordering::Less => range = block + 1..block + 1,
                std::cmp::Ordering::Equal => range.end = block + 1,
                std::cmp::Ordering::Greater => break,
            }
        }
        range
    }
}

/// One of the parts in which a run is spread over machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// The shard of a number, from 1 on, among so many; none where there is no such shard.
    pub fn new(number: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&number).then_some(Shard { number, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Shard::new(i.parse().ok()?, n.parse().ok()?));
        parts.ok_or_else(|| format!("`{text}` is no shard; expected i/n with i from 1 to n, such as 3/64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_subject_is_in_one_leaf_and_every_block_in_one_shard(
            subjects in prop_oneof![1u64..5000, 1u64..40_000_000],
            replicates in prop_oneof![Just(0u32), 1u32..5000, 1u32..10_000_000],
            of in 1u32..100,
        ) {
            let cut = Cut::new(subjects, 101, (replicates, 200));
            let (mut next, mut replicate) = (0, 0);
            let mut largest = 0;
            for number in 1..=of {
                let blocks = cut.shard(Shard::new(number, of).unwrap());
                largest = largest.max(cut.costs(blocks.clone()));
                for block in blocks {
                    match cut.part(block) {
                        Part::Subjects(leaves) => for leaf in leaves {
                            prop_assert_eq!(leaf.start, next);
                            next = leaf.end;
                        },
                        Part::Replicates(range) => {
                            prop_assert_eq!(range.start, replicate);
                            replicate = range.end;
                        }
                    }
                }
            }
            prop_assert_eq!((next, replicate), (subjects, replicates));
            // No shard has a block more than its share.
            let block = cut.cost(0).max(cut.cost(cut.carried()));
            prop_assert!(largest <= cut.costs(0..cut.blocks()) / u64::from(of) + 2 * block, "{largest}");
        }
    }

    #[test]
    fn shards_are_numbered_from_one() {
        assert_eq!("3/64".parse(), Ok(Shard { number: 3, of: 64 }));
        for wrong in ["0/4", "5/4", "1", "a/b", "1/0", "-1/4", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
