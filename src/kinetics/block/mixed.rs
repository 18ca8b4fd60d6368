//! Blocks whose subjects went different ways.

use super::formulation::Input;
use super::interval::{Output, State};

impl State {
    /// Takes the subjects that are not chosen from another state of the same system.
    pub fn choose(&mut self, chosen: &[bool], other: &State) {
        let stays = |lane: usize| chosen.get(lane).copied().unwrap_or(true);
        for compartment in 0..self.x.rows() {
            let theirs = other.x.entry(compartment, 0);
            for (lane, own) in self.x.entry_mut(compartment, 0).iter_mut().enumerate() {
                if !stays(lane) {
                    *own = theirs[lane];
                }
            }
        }
        let only = |input: &mut Input, wanted: bool| {
            for (lane, amount) in input.amount.iter_mut().enumerate() {
                if stays(lane) != wanted {
                    *amount = 0.0;
                }
            }
        };
        self.pending.iter_mut().for_each(|input| only(input, true));
        for mut input in other.pending.iter().cloned() {
            only(&mut input, false);
            self.pending.push(input);
        }
    }
}

impl Output {
    /// The output of a state: one number for each subject.
    pub fn of(&self, state: &State, subjects: usize) -> Vec<f64> {
        self.scaled(&state.amounts(self.compartment())[..subjects.min(self.scale().len())])
    }

    /// The output of amounts in its compartment.
    pub fn scaled(&self, amounts: &[f64]) -> Vec<f64> {
        amounts.iter().zip(self.scale()).map(|(x, scale)| x * scale).collect()
    }
}
