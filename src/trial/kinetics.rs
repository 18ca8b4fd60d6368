//! The kinetics of a study over blocks of subjects: exact where they are linear, integrated where they are not.

use crate::expr::{Column, Scratch};
use crate::kinetics::{BlockKinetics, BlockModel, BlockModelError, DosedBlock, DosedModel};
use crate::model::Model;

/// How a model is solved.
#[derive(Debug)]
pub(super) enum Solver {
    Exact(Box<BlockModel>),
    Integrated(Box<DosedModel>),
}

/// The kinetics of a block of subjects.
#[derive(Debug)]
pub(super) enum Kinetics {
    Exact(BlockKinetics),
    Integrated(DosedBlock),
}

impl Solver {
    /// The way to the output of a model under some of its formulations (by their places).
    pub(super) fn new(model: &Model, formulations: &[usize], output: usize) -> Result<Self, BlockModelError> {
        match BlockModel::new(model, formulations, output) {
            Ok(exact) => Ok(Solver::Exact(Box::new(exact))),
            Err(_) => Ok(Solver::Integrated(Box::new(DosedModel::new(model, output)?))),
        }
    }

    /// The kinetics of a block from the inputs of the model's programs; `None` where the columns do not fit.
    pub(super) fn prepare(
        &self,
        inputs: &[Column<'_>],
        lanes: usize,
        scratch: &mut Scratch,
    ) -> Option<Kinetics> {
        match self {
            Solver::Exact(model) => model.prepare(inputs, lanes, scratch).ok().map(Kinetics::Exact),
            Solver::Integrated(model) => Some(Kinetics::Integrated(model.prepare(inputs, lanes, scratch))),
        }
    }
}
