//! Compartments that lead: their equations are linear and know nothing of the others, so they are solved exactly, and
//! the integrator of those that follow sees them as functions of time.

use crate::expr::{Checked, Column, Program};
use crate::kinetics::block_model::{clear_rounding, mammillary};
use crate::kinetics::linear::{Motion, Shape};
use crate::model::{Input, Model, Structure};

/// The leading compartments of a model: groups that form shapes with a closed form.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    groups: Vec<Group>,
    /// The rates of all groups, one after another.
    program: Program,
    /// Whether any dose enters at a constant rate.
    fed: bool,
}

#[derive(Clone, Debug)]
struct Group {
    shape: Shape,
    /// In the order of the shape.
    compartments: Vec<usize>,
}

/// The leading compartments of the subjects that are seated in lanes, on their ways.
#[derive(Clone, Debug)]
pub(super) struct Led<'a> {
    lead: &'a Lead,
    motions: Vec<Motion>,
    /// By lane: when it was looked at last on its way, and what was seen of each compartment: the end of a leg is often
    /// looked at twice.
    told: Vec<(f64, Vec<f64>)>,
}

impl Lead {
    /// Finds the compartments that lead.
    pub(super) fn new(model: &Model) -> Self {
        let entries = match model.structure() {
            Structure::Linear { matrix, .. } => matrix,
            Structure::Nonlinear { jacobian, .. } => jacobian,
        };
        let entry = |row: usize, column: usize| {
            entries.iter().find(|(r, c, _)| (*r, *c) == (row, column)).map(|(.., value)| value.clone())
        };
        let slow = slow_inputs(model);
        let mut lead = Lead { groups: Vec::new(), program: Program::compile(&[]), fed: !slow.is_empty() };
        let mut rates = Vec::new();
        for group in connected(&independent(model, entries), entries) {
            // Where a group as a whole has no closed form, those in it that depend on themselves alone still do.
            let alone = || {
                let source = |&c: &usize| !entries.iter().any(|(row, column, _)| *row == c && *column != c);
                group.iter().copied().filter(source).map(|c| vec![c]).collect()
            };
            let closed = |group: &[usize]| {
                let found = mammillary(group, &entry)?;
                let central = found.1[found.0.central()];
                let served = slow.iter().all(|c| *c == central || !group.contains(c));
                (served && found.0.peripherals() < 2).then_some(found)
            };
            let parts: Vec<Vec<usize>> = if closed(&group).is_some() { vec![group.clone()] } else { alone() };
            for (shape, compartments, own) in parts.iter().filter_map(|part| closed(part)) {
                lead.groups.push(Group { shape, compartments });
                rates.extend(own);
            }
        }
        lead.program = Program::compile(&rates.iter().collect::<Vec<_>>());
        lead
    }

    /// The compartments, in the order of the rows of [`Led::at`].
    pub(super) fn compartments(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().flat_map(|group| group.compartments.iter().copied())
    }

    /// Whether any dose of the model enters at a constant rate.
    pub(super) fn fed(&self) -> bool {
        self.fed
    }

    /// The leading compartments of the subjects of a block, of whom `width` can be seated at a time.
    pub(super) fn prepare(&self, inputs: &[Column<'_>], subjects: usize, width: usize) -> Led<'_> {
        let mut rates = vec![0.0; self.program.outputs() * subjects];
        self.program.hold(inputs, subjects, subjects, |_| None).run(&[], &mut rates);
        let mut columns: Vec<Vec<f64>> = rates.chunks_exact(subjects.max(1)).map(<[f64]>::to_vec).collect();
        let motions = self.groups.iter().filter_map(|group| {
            let mut own: Vec<Vec<f64>> = columns.drain(..group.shape.rates()).collect();
            clear_rounding(&mut own, 2 * group.shape.depots());
            Motion::new(group.shape, &own, width, self.fed)
        });
        let told = vec![(f64::NAN, vec![0.0; self.compartments().count()]); width];
        Led { lead: self, motions: motions.collect(), told }
    }
}

impl Led<'_> {
    /// Takes a subject of the block into a lane.
    pub(super) fn seat(&mut self, lane: usize, subject: usize) {
        self.motions.iter_mut().for_each(|motion| motion.seat(lane, subject));
    }

    /// Lets a lane set out from a state of all compartments under these rates (none, or one a compartment).
    pub(super) fn set_out(&mut self, lane: usize, from: f64, state: &[f64], rates: &[f64]) {
        self.told[lane].0 = f64::NAN;
        for (motion, group) in self.motions.iter_mut().zip(&self.lead.groups) {
            let input = rates.get(group.compartments[group.shape.central()]).copied().unwrap_or(0.0);
            motion.set_out(lane, from, group.compartments.iter().map(|c| state[*c]), input);
        }
    }

    /// Writes the leading compartments of every lane at its time.
    pub(super) fn at(&self, t: &[f64], mut rows: &mut [f64]) {
        for motion in &self.motions {
            let (own, rest) = rows.split_at_mut(motion.states() * t.len());
            motion.at(t, own);
            rows = rest;
        }
    }

    /// Writes what becomes of a 1 in each leading compartment by these times after all lanes set out: the rows of
    /// [`Led::at`] for the first, then for the second, and so on.
    pub(super) fn responses(&self, t: &[f64], out: &mut [f64]) {
        let width = t.len();
        let all: usize = self.motions.iter().map(Motion::states).sum();
        let mut first = 0;
        out.fill(0.0);
        for motion in &self.motions {
            let own = motion.states();
            let mut block = vec![0.0; own * own * width];
            motion.responses(t, &mut block);
            for (column, rows) in block.chunks_exact(own * width).enumerate() {
                out[((first + column) * all + first) * width..][..own * width].copy_from_slice(rows);
            }
            first += own;
        }
    }

    /// Writes the leading compartments of one lane into its state of all compartments.
    pub(super) fn of(&mut self, lane: usize, t: f64, state: &mut [f64]) {
        let (time, seen) = &mut self.told[lane];
        if *time != t {
            *time = t;
            let mut seen = &mut seen[..];
            for motion in &self.motions {
                let (own, rest) = seen.split_at_mut(motion.states());
                motion.of(lane, t, own);
                seen = rest;
            }
        }
        for (compartment, value) in self.lead.compartments().zip(seen) {
            state[compartment] = *value;
        }
    }
}

/// Compartments into which some dose enters at a constant rate.
fn slow_inputs(model: &Model) -> Vec<usize> {
    let routes = model.formulations().iter().flat_map(|formulation| &formulation.routes);
    routes.filter(|route| matches!(route.input, Input::ZeroOrder(_))).map(|route| route.compartment).collect()
}

/// Compartments whose equations are linear with constant coefficients and know nothing but one another.
fn independent(model: &Model, entries: &[(usize, usize, Checked)]) -> Vec<usize> {
    let layout = model.layout();
    let states: Vec<usize> = (0..model.compartments().len()).map(|c| layout.compartment(c)).collect();
    let linear = |row: &usize| {
        let equation = &model.equations()[*row].value;
        let clocks = layout.clocks().map(|(slot, _)| slot);
        let moves = |value: &Checked| states.iter().chain(&clocks).any(|slot| value.depends_on(*slot));
        let rest = states.iter().fold(equation.clone(), |rest, slot| rest.at(*slot, 0.0));
        let own = entries.iter().filter(|(r, ..)| r == row);
        rest.is_zero()
            && !clocks.iter().any(|slot| equation.depends_on(*slot))
            && own.clone().all(|e| !moves(&e.2))
    };
    let mut found: Vec<usize> = (0..states.len()).filter(linear).collect();
    loop {
        let within = |row: &usize| {
            entries.iter().filter(|(r, ..)| r == row).all(|(_, column, _)| found.contains(column))
        };
        let rest: Vec<usize> = found.iter().copied().filter(within).collect();
        if rest.len() == found.len() {
            return found;
        }
        found = rest;
    }
}

/// The groups of compartments that are connected with one another.
fn connected(compartments: &[usize], entries: &[(usize, usize, Checked)]) -> Vec<Vec<usize>> {
    let linked =
        |a: usize, b: usize| entries.iter().any(|(r, c, _)| (*r, *c) == (a, b) || (*r, *c) == (b, a));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &compartment in compartments {
        let (mine, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(|other| linked(compartment, *other)));
        groups = others;
        let mut group: Vec<usize> = mine.into_iter().flatten().chain([compartment]).collect();
        group.sort_unstable();
        groups.push(group);
    }
    groups
}
