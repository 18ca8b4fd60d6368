//! From a model file to columns of rate constants: which compartments the doses reach, whether they form a shape
//! with a closed form, and one program that computes every rate and every route over a block of subjects.

use super::block::{Entry, Formulation, Output, Route};
use super::linear::{LinearSystem, Shape, SystemError};
use crate::expr::{Checked, Column, Program, Scratch};
use crate::model::{Input, Model, Structure};
use crate::units::Dimension;

/// Why a model cannot be solved over blocks of subjects.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockModelError {
    /// The equations are not linear with constant coefficients.
    #[error("{0}")]
    Nonlinear(String),
    /// A compartment that the doses reach has an input of its own.
    #[error("compartment {0} has a constant input, which regular dosing does not know")]
    ConstantInput(String),
    /// The output is not the amount in one compartment times something constant.
    #[error("output {0} is not proportional to the amount in one compartment")]
    Output(String),
    /// The equations know the time since the last dose.
    #[error("the equations depend on the time since the last dose, which a block of subjects does not know")]
    DoseClock,
    /// Tolerances are of no use.
    #[error("{0}")]
    Settings(crate::ode::SettingsError),
}

/// A model's linear kinetics, ready for blocks of subjects.
#[derive(Clone, Debug)]
pub struct BlockModel {
    structure: BlockStructure,
    compartments: Vec<usize>,
    formulations: Vec<Vec<BlockRoute>>,
    program: Program,
    rates: usize,
    /// State of the output; its coefficient is the last result of the program.
    output: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockStructure {
    Closed(Shape),
    Any,
}

/// A route as places in the block's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BlockRoute {
    compartment: usize,
    /// Place of the fraction; lag and, for a zero-order input, duration follow.
    first: usize,
    zero_order: bool,
}

/// The kinetics of a block of subjects.
#[derive(Clone, Debug)]
pub struct BlockKinetics {
    system: LinearSystem,
    output: Output,
    columns: Vec<Vec<f64>>,
}

impl BlockKinetics {
    /// The systems; their states stand in the order of [`BlockModel::compartments`].
    pub fn system(&self) -> &LinearSystem {
        &self.system
    }

    /// The output, such as the plasma concentration.
    pub fn output(&self) -> &Output {
        &self.output
    }
}

impl BlockModel {
    /// Prepares the kinetics that some formulations of a model (by their places) need for one output.
    ///
    /// # Errors
    /// Where the equations are not linear, where a compartment has an input of its own, or where the output is not
    /// proportional to amounts.
    pub fn new(model: &Model, formulations: &[usize], output: usize) -> Result<Self, BlockModelError> {
        let Structure::Linear { matrix, input } = model.structure() else { return Err(nonlinear(model)) };
        let routes: Vec<_> = formulations.iter().filter_map(|&f| model.formulations().get(f)).collect();
        let targets = routes.iter().flat_map(|f| f.routes.iter().map(|r| r.compartment));
        let reached = reached(targets, matrix, model.compartments().len());
        if let Some((row, _)) = input.iter().find(|(row, _)| reached.contains(row)) {
            return Err(BlockModelError::ConstantInput(model.compartments()[*row].name.clone()));
        }
        let entry = |row: usize, column: usize| {
            matrix.iter().find(|(r, c, _)| (*r, *c) == (row, column)).map(|(.., value)| value.clone())
        };
        let (structure, compartments, mut values) = match mammillary(&reached, &entry) {
            Some((shape, order, rates)) => (BlockStructure::Closed(shape), order, rates),
            None => {
                let zero = || Checked::number(0.0, Dimension::RATE);
                let entries = reached
                    .iter()
                    .flat_map(|&row| reached.iter().map(move |&column| (row, column)))
                    .map(|(row, column)| entry(row, column).unwrap_or_else(zero))
                    .collect();
                (BlockStructure::Any, reached, entries)
            }
        };
        let rates = values.len();
        let place = |compartment: usize| compartments.iter().position(|&c| c == compartment).unwrap_or(0);
        let mut block_routes = vec![Vec::new(); model.formulations().len()];
        for (&f, formulation) in formulations.iter().zip(&routes) {
            for route in &formulation.routes {
                let compartment = place(route.compartment);
                let first = values.len();
                values.extend([route.fraction.clone(), route.lag.clone()]);
                let zero_order = match &route.input {
                    Input::ZeroOrder(duration) => {
                        values.push(duration.clone());
                        true
                    }
                    Input::Bolus => false,
                };
                block_routes[f].push(BlockRoute { compartment, first, zero_order });
            }
        }
        let (output, coefficient) = coefficient(model, output, &compartments)?;
        values.push(coefficient);
        let program = Program::compile(&values.iter().collect::<Vec<_>>());
        Ok(BlockModel { structure, compartments, formulations: block_routes, program, rates, output })
    }

    /// The shape with a closed form, where there is one.
    pub fn shape(&self) -> Option<Shape> {
        match self.structure {
            BlockStructure::Closed(shape) => Some(shape),
            BlockStructure::Any => None,
        }
    }

    /// The model's compartments in the order of the states.
    pub fn compartments(&self) -> &[usize] {
        &self.compartments
    }

    /// The kinetics of a block from the inputs of the model's programs (see [`crate::model::Layout`]).
    ///
    /// # Errors
    /// Where the columns do not fit one another.
    pub fn prepare(
        &self,
        inputs: &[Column<'_>],
        subjects: usize,
        scratch: &mut Scratch,
    ) -> Result<BlockKinetics, SystemError> {
        let mut columns = vec![vec![0.0; subjects]; self.program.outputs()];
        {
            let mut outputs: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
            self.program.run_block(inputs, &mut outputs, scratch);
        }
        if let BlockStructure::Closed(shape) = self.structure {
            let elimination = 2 * shape.depots();
            clear_rounding(&mut columns[..self.rates], elimination);
        }
        let rates: Vec<&[f64]> = columns[..self.rates].iter().map(Vec::as_slice).collect();
        let system = match self.structure {
            BlockStructure::Closed(shape) => LinearSystem::closed(shape, &rates, subjects)?,
            BlockStructure::Any => LinearSystem::any(self.compartments.len(), &rates, subjects)?,
        };
        let scale = columns.pop().unwrap_or_default();
        let output = Output::new(&system, self.output, &scale)?;
        Ok(BlockKinetics { system, output, columns })
    }

    /// A formulation (by its place in the model) for a block; `None` where it was not asked for.
    pub fn formulation(&self, formulation: usize, block: &BlockKinetics) -> Option<Formulation> {
        let routes = self.formulations.get(formulation).filter(|routes| !routes.is_empty())?;
        let column = |place: usize| block.columns.get(place).cloned().unwrap_or_default();
        let routes: Vec<Route> = routes
            .iter()
            .map(|route| Route {
                compartment: route.compartment,
                fraction: column(route.first),
                lag: column(route.first + 1),
                entry: match route.zero_order {
                    true => Entry::ZeroOrder { duration: column(route.first + 2) },
                    false => Entry::Bolus,
                },
            })
            .collect();
        Formulation::new(&block.system, &routes).ok()
    }
}

/// A rate that is the difference of two computed sums may miss 0 by rounding.
pub(super) fn clear_rounding(rates: &mut [Vec<f64>], elimination: usize) {
    let scale: Vec<f64> = (0..rates.first().map_or(0, Vec::len))
        .map(|lane| rates.iter().map(|column| column[lane].abs()).fold(0.0, f64::max))
        .collect();
    for (place, column) in rates.iter_mut().enumerate() {
        if place > elimination || (place < elimination && place % 2 == 0) {
            continue;
        }
        for (value, scale) in column.iter_mut().zip(&scale) {
            if *value < 0.0 && *value > -1e-13 * scale {
                *value = 0.0;
            }
        }
    }
}

fn nonlinear(model: &Model) -> BlockModelError {
    let Structure::Nonlinear { why, .. } = model.structure() else {
        return BlockModelError::Output(String::new());
    };
    BlockModelError::Nonlinear(why.first().map_or_else(String::new, ToString::to_string))
}

type Matrix = [(usize, usize, Checked)];

/// The compartments that something in the given ones can reach, ascending.
fn reached(from: impl Iterator<Item = usize>, matrix: &Matrix, states: usize) -> Vec<usize> {
    let mut found: Vec<usize> = from.filter(|&c| c < states).collect();
    let mut next = 0;
    while next < found.len() {
        let column = found[next];
        for (row, _, _) in matrix.iter().filter(|(row, c, _)| *c == column && row != c) {
            if !found.contains(row) {
                found.push(*row);
            }
        }
        next += 1;
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The shape of the compartments with their order and rate constants, if they are depots around a central compartment
/// that exchanges with peripheral ones.
pub(super) fn mammillary(
    compartments: &[usize],
    entry: &dyn Fn(usize, usize) -> Option<Checked>,
) -> Option<(Shape, Vec<usize>, Vec<Checked>)> {
    let linked = |to: usize, from: usize| to != from && entry(to, from).is_some();
    compartments.iter().find_map(|&central| {
        let others = || compartments.iter().copied().filter(move |&c| c != central);
        let outer_link = others().any(|a| others().any(|b| linked(a, b)));
        let feeds_central = others().all(|c| linked(central, c));
        if outer_link || !feeds_central {
            return None;
        }
        let depots: Vec<usize> = others().filter(|&c| !linked(c, central)).collect();
        let peripherals: Vec<usize> = others().filter(|&c| linked(c, central)).collect();
        let shape = Shape::new(depots.len(), peripherals.len())?;
        let mut rates = Vec::new();
        for &depot in &depots {
            let absorption = entry(central, depot)?;
            rates.extend([absorption.clone(), loss(entry(depot, depot), &[absorption])]);
        }
        let out: Vec<Checked> = peripherals.iter().filter_map(|&p| entry(p, central)).collect();
        rates.push(loss(entry(central, central), &out));
        for (&peripheral, out) in peripherals.iter().zip(out) {
            let back = entry(central, peripheral)?;
            if !loss(entry(peripheral, peripheral), std::slice::from_ref(&back)).is_zero() {
                return None;
            }
            rates.extend([out, back]);
        }
        let order = depots.into_iter().chain([central]).chain(peripherals).collect();
        Some((shape, order, rates))
    })
}

/// What leaves the system: the total rate out of a compartment (minus its diagonal entry) less what goes elsewhere.
/// Terms that are the same formula cancel exactly.
fn loss(diagonal: Option<Checked>, elsewhere: &[Checked]) -> Checked {
    let zero = Checked::number(0.0, Dimension::RATE);
    let mut terms = diagonal.map_or_else(Vec::new, |d| d.neg().terms());
    let mut rest = Vec::new();
    for out in elsewhere {
        match terms.iter().position(|t| t == out) {
            Some(place) => {
                terms.remove(place);
            }
            None => rest.push(out),
        }
    }
    let total = terms.iter().fold(zero, |sum, term| sum.add(term));
    rest.into_iter().fold(total, |sum, out| sum.sub(out))
}

/// The state that the output is proportional to, and the factor.
fn coefficient(
    model: &Model,
    output: usize,
    compartments: &[usize],
) -> Result<(usize, Checked), BlockModelError> {
    let output = model.outputs().get(output).ok_or_else(|| BlockModelError::Output(String::new()))?;
    let layout = model.layout();
    let slots: Vec<usize> = (0..model.compartments().len()).map(|c| layout.compartment(c)).collect();
    let clocks = layout.clocks().map(|(slot, _)| slot);
    let moves = |value: &Checked| slots.iter().chain(&clocks).any(|&slot| value.depends_on(slot));
    let rest = slots.iter().fold(output.value.clone(), |rest, &slot| rest.at(slot, 0.0));
    let coefficients: Vec<(usize, Checked)> = compartments
        .iter()
        .map(|&c| output.value.differentiate(layout.compartment(c)))
        .enumerate()
        .filter(|(_, value)| !value.is_zero())
        .collect();
    match &coefficients[..] {
        [(state, factor)] if rest.is_zero() && !moves(factor) => Ok((*state, factor.clone())),
        _ => Err(BlockModelError::Output(output.name.clone())),
    }
}
