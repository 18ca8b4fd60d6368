//! Followers carried from dose to dose. Where the leading compartments enter the followers' equations only as factors of
//! terms, a step may be as long as a dosing interval, whatever happens within it.
//!
//! What the leading compartments make up in the equations, the drives, is known in advance. Over a step each drive is
//! replaced by the polynomial of degree 2 that has its first three Legendre moments. What is left out is orthogonal to
//! all such polynomials: at the end of the step it counts only as far as the followers' answer to a push, as a function
//! of when the push came, differs from a parabola, however fast the drive moves. The followers are then integrated by a
//! method of order 8 (`caravan` says how long the steps are).

use super::field::Field;
use crate::expr::{Checked, Column, Held, Program};
use crate::model::{Method, Model};

/// The equations of the followers, and apart from them what drives them.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    following: Program,
    drives: Program,
    /// The leading compartments that drives depend on, by their rows in [`super::lead::Led::at`].
    seen: Vec<usize>,
    /// Slots of followers, of those leading compartments, and of drives.
    followers: Vec<usize>,
    leaders: Vec<usize>,
    parts: Vec<usize>,
    slots: usize,
}

impl Pace {
    /// Takes the drives out of the followers' equations; `None` where there are no leaders that all doses go to, or where
    /// the equations are not sums of terms with a drive at most.
    pub(super) fn new(model: &Model, field: &Field) -> Option<Self> {
        let layout = model.layout();
        let leading: Vec<usize> = field.lead().compartments().collect();
        let led = |compartment: &usize| leading.contains(compartment);
        let mut routes = model.formulations().iter().flat_map(|formulation| &formulation.routes);
        let (none, stiff) = (field.followers().is_empty(), model.solver().method == Method::Stiff);
        if leading.is_empty() || none || stiff || !routes.all(|route| led(&route.compartment)) {
            return None;
        }
        let slot = |compartments: &[usize]| -> Vec<usize> {
            compartments.iter().map(|compartment| layout.compartment(*compartment)).collect()
        };
        let (followers, leaders) = (slot(field.followers()), slot(&leading));
        let clocks = layout.clocks().map(|(slot, _)| slot);
        let mut drives: Vec<Checked> = Vec::new();
        let mut place = |part: Checked| {
            let found = drives.iter().position(|drive| *drive == part);
            layout.count()
                + found.unwrap_or_else(|| {
                    drives.push(part);
                    drives.len() - 1
                })
        };
        let equations: Vec<Checked> = field
            .followers()
            .iter()
            .map(|row| &model.equations()[*row].value)
            .map(|equation| {
                let besides = |slot: usize| followers.contains(&slot) || clocks.contains(&slot);
                equation.with_parts(|slot| leaders.contains(&slot), besides, &mut place)
            })
            .collect();
        let parts: Vec<usize> = (0..drives.len()).map(|drive| layout.count() + drive).collect();
        let timeless = |equation: &Checked| !clocks.iter().any(|clock| equation.depends_on(*clock));
        let affine = equations.iter().all(|e| timeless(e) && e.is_affine_in(&parts));
        let smooth = drives.iter().all(|drive| leaders.iter().all(|slot| drive.is_smooth_in(*slot)));
        let seen: Vec<usize> = (0..leading.len())
            .filter(|row| drives.iter().any(|drive| drive.depends_on(leaders[*row])))
            .collect();
        let swift = |formulas: &[Checked], moving: &[&[usize]]| {
            let moves = |slot: usize| moving.iter().any(|slots| slots.contains(&slot));
            let formulas: Vec<Checked> = formulas.iter().map(|formula| formula.swift(moves)).collect();
            Program::compile(&formulas.iter().collect::<Vec<_>>())
        };
        (affine && smooth && !drives.is_empty()).then(|| Pace {
            following: swift(&equations, &[&followers, &parts]),
            drives: swift(&drives, &[&leaders]),
            leaders: seen.iter().map(|row| leaders[*row]).collect(),
            seen,
            followers,
            parts,
            slots: layout.count(),
        })
    }

    /// The inputs of a block with room for the drives.
    pub(super) fn inputs<'a>(&self, inputs: &[Column<'a>]) -> Vec<Column<'a>> {
        let mut inputs = inputs.to_vec();
        inputs.resize(self.slots + self.parts.len(), Column::Scalar(0.0));
        inputs
    }

    /// The equations of the followers over lanes: what moves are these, a row each, and the drives.
    pub(super) fn following(&self, inputs: &[Column<'_>], subjects: usize, width: usize) -> Held {
        self.following.hold(inputs, subjects, width, |slot| {
            let state = row(&self.followers, slot).map(|row| (0, row));
            state.or(row(&self.parts, slot).map(|row| (1, row)))
        })
    }

    /// The drives over lanes: what moves are the leading compartments of [`Pace::seen`].
    pub(super) fn drives(&self, inputs: &[Column<'_>], subjects: usize, width: usize) -> Held {
        self.drives.hold(inputs, subjects, width, |slot| row(&self.leaders, slot).map(|row| (0, row)))
    }

    /// The rows in [`super::lead::Led::at`] of the leading compartments that drives depend on.
    pub(super) fn seen(&self) -> &[usize] {
        &self.seen
    }

    /// How many drives there are.
    pub(super) fn parts(&self) -> usize {
        self.parts.len()
    }
}

/// Where a slot stands among others.
fn row(slots: &[usize], slot: usize) -> Option<usize> {
    slots.iter().position(|other| *other == slot)
}
