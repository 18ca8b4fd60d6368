//! Kinetics that change during a trial: between-occasion effects and covariates that depend on time.
//!
//! The rule: each phase of an arm is an occasion, numbered from 1 in the order of the arm, and time-varying covariates
//! stand through a phase as they are at its beginning. Arms share occasions, so that contrasts stay paired.

use super::{Arm, Study};
use crate::population::FIRST_OCCASION;

/// What the kinetics of a phase depend on beside the subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Epoch {
    /// The occasion of between-occasion effects.
    pub(super) occasion: u32,
    /// The time at which covariates are taken (h).
    pub(super) time: f64,
}

/// The epochs of a study.
#[derive(Clone, Debug)]
pub(super) struct Epochs {
    /// The different ones; the first is that of the beginning.
    pub(super) list: Vec<Epoch>,
    /// By arm and phase: its place in the list.
    pub(super) places: Vec<Vec<usize>>,
}

impl Epochs {
    pub(super) fn new(study: &Study) -> Self {
        let first = Epoch { occasion: FIRST_OCCASION, time: 0.0 };
        let by_occasion = study.model.effects().by_occasion();
        let varies = study.population.varies();
        let mut list = vec![first];
        let mut place = |(occasion, start): (u32, f64)| {
            let epoch = Epoch {
                occasion: if by_occasion { occasion } else { first.occasion },
                time: if varies { start } else { first.time },
            };
            list.iter().position(|e| *e == epoch).unwrap_or_else(|| {
                list.push(epoch);
                list.len() - 1
            })
        };
        let of_arm = |arm: &Arm| (FIRST_OCCASION..).zip(&arm.phases).map(|(n, p)| (n, p.start)).collect();
        let keys: Vec<Vec<(u32, f64)>> = study.arms.iter().map(of_arm).collect();
        let places = keys.into_iter().map(|arm| arm.into_iter().map(&mut place).collect()).collect();
        Epochs { list, places }
    }
}
