//! Programs that run again and again over the same lanes while few of their inputs move: right-hand sides of
//! differential equations.

use crate::math::dispatch::{Kernel, dispatch};

use super::evaluate::{Column, Operand, binary, select, unary};
use super::program::{Operation, Program};

/// A program whose inputs are held, but for those that move. What depends on held inputs alone has been worked out, for
/// a whole block; [`Held::seat`] takes subjects of the block into lanes. The results have the bits that [`Program::run`]
/// gives.
#[derive(Debug)]
pub struct Held {
    width: usize,
    /// Over the block: what is held. Columns that are not held are empty.
    block: Vec<Vec<f64>>,
    /// Over the lanes: what is held, and room for what is not.
    columns: Vec<Vec<f64>>,
    steps: Vec<Step>,
    /// Outputs that no step writes to their place.
    copies: Vec<(usize, Place)>,
}

/// What of a program does not move.
pub(super) struct Still {
    /// Columns over the subjects of a block.
    pub(super) block: Vec<Vec<f64>>,
    /// Where each value of the program's file stands; none for those that move.
    pub(super) places: Vec<Option<Place>>,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Number(f64),
    Column(usize),
    /// A row of one of the sources of what moves.
    Moving(usize, usize),
}

#[derive(Clone, Copy, Debug)]
struct Step {
    operation: Operation,
    operands: [Place; 3],
    to: Target,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Column(usize),
    /// A row of the outputs.
    Output(usize),
}

impl Program {
    /// Holds the inputs of the `subjects` of a block, of whom `width` can be seated at a time; at first these are those
    /// from the first on. An input for whose slot `moving` names a source and a row in it is read from there at every
    /// run.
    pub fn hold(
        &self,
        inputs: &[Column<'_>],
        subjects: usize,
        width: usize,
        moving: impl Fn(usize) -> Option<(usize, usize)>,
    ) -> Held {
        let Still { mut block, places } = self.still(inputs, subjects, |slot| moving(slot).is_some());
        let (mut steps, mut copies) = (Vec::new(), Vec::new());
        let moves: Vec<bool> = places.iter().map(Option::is_none).collect();
        let sources =
            self.slots.iter().map(|slot| moving(*slot).map(|(source, row)| Place::Moving(source, row)));
        let mut places: Vec<Place> = places
            .into_iter()
            .zip(sources.chain(std::iter::repeat(None)))
            .map(|(still, source)| still.or(source).unwrap_or(Place::Number(0.0)))
            .collect();
        let last_uses = self.last_uses();
        let mut free = Vec::new();
        for (i, instruction) in self.instructions.iter().enumerate().filter(|(i, _)| moves[self.first() + i])
        {
            let to = match self.own_output(i) {
                Some(output) => Target::Output(output),
                None => Target::Column(free.pop().unwrap_or_else(|| {
                    block.push(Vec::new());
                    block.len() - 1
                })),
            };
            let operands =
                [instruction.a, instruction.b, instruction.c].map(|operand| places[operand as usize]);
            steps.push(Step { operation: instruction.operation, operands, to });
            if let Target::Column(column) = to {
                places[self.first() + i] = Place::Column(column);
            }
            for (k, operand) in instruction.operands().enumerate() {
                let again = instruction.operands().take(k).any(|earlier| earlier == operand);
                let operand = operand as usize;
                if let (Place::Column(column), true, false) =
                    (places[operand], moves[operand] && last_uses[operand] == i, again)
                {
                    free.push(column);
                }
            }
        }
        for (output, place) in self.outputs.iter().enumerate() {
            let producer = (*place as usize).checked_sub(self.first());
            let there = producer.is_some_and(|p| self.own_output(p).is_some() && moves[*place as usize]);
            if !there {
                copies.push((output, places[*place as usize]));
            }
        }
        let columns = vec![vec![0.0; width]; block.len()];
        let mut held = Held { width, block, columns, steps, copies };
        (0..width.min(subjects)).for_each(|lane| held.seat(lane, lane));
        held
    }

    /// Works out for the subjects of a block what depends on none of the inputs that move.
    pub(super) fn still(
        &self,
        inputs: &[Column<'_>],
        subjects: usize,
        moving: impl Fn(usize) -> bool,
    ) -> Still {
        let mut block: Vec<Vec<f64>> = Vec::new();
        let mut places: Vec<Option<Place>> = Vec::new();
        for &slot in &self.slots {
            places.push(match &inputs[slot] {
                _ if moving(slot) => None,
                Column::Scalar(value) => Some(Place::Number(*value)),
                Column::Slice(values) => {
                    block.push(values[..subjects].to_vec());
                    Some(Place::Column(block.len() - 1))
                }
            });
        }
        places.extend(self.constants.iter().map(|value| Some(Place::Number(*value))));
        for instruction in &self.instructions {
            let of = |operand: u32| places[operand as usize];
            let still = instruction.operands().all(|operand| of(operand).is_some());
            places.push(still.then(|| {
                let operands = [instruction.a, instruction.b, instruction.c]
                    .map(|operand| of(operand).unwrap_or(Place::Number(0.0)));
                block.push(vec![0.0; subjects]);
                let to = Target::Column(block.len() - 1);
                let step = Step { operation: instruction.operation, operands, to };
                let work =
                    Work { columns: &mut block, steps: &[step], width: subjects, sources: &[], out: &mut [] };
                dispatch(work);
                Place::Column(block.len() - 1)
            }));
        }
        Still { block, places }
    }

    /// The instruction that uses each value of the file last; none for outputs.
    fn last_uses(&self) -> Vec<usize> {
        let mut last = vec![usize::MAX; self.first() + self.instructions.len()];
        for (i, instruction) in self.instructions.iter().enumerate() {
            for operand in instruction.operands() {
                last[operand as usize] = i;
            }
        }
        for output in &self.outputs {
            last[*output as usize] = usize::MAX;
        }
        last
    }

    /// The output that is all that an instruction is for.
    pub(super) fn own_output(&self, instruction: usize) -> Option<usize> {
        let place = self.first() + instruction;
        let mut outputs = (0..self.outputs.len()).filter(|output| self.outputs[*output] as usize == place);
        let read =
            self.instructions.iter().flat_map(|i| i.operands()).any(|operand| operand as usize == place);
        match (outputs.next(), outputs.next()) {
            (Some(output), None) if !read => Some(output),
            _ => None,
        }
    }
}

impl Held {
    /// Takes a subject of the block into a lane.
    pub fn seat(&mut self, lane: usize, subject: usize) {
        for (column, held) in self.columns.iter_mut().zip(&self.block) {
            if let (Some(place), Some(value)) = (column.get_mut(lane), held.get(subject)) {
                *place = *value;
            }
        }
    }

    /// Works the program off. Each of the `sources` holds rows of inputs that move, a number a lane; output i becomes row
    /// i of `out`.
    ///
    /// # Panics
    /// If sources or outputs have fewer rows than the program asks for.
    pub fn run(&mut self, sources: &[&[f64]], out: &mut [f64]) {
        let Held { width, columns, steps, copies, .. } = self;
        let width = *width;
        dispatch(Work { columns, steps, width, sources, out });
        for (output, place) in copies {
            let row = &mut out[*output * width..][..width];
            match *place {
                Place::Number(value) => row.fill(value),
                Place::Column(column) => row.copy_from_slice(&columns[column]),
                Place::Moving(source, from) => row.copy_from_slice(&sources[source][from * width..][..width]),
            }
        }
    }
}

/// Some steps over the lanes, compiled for the widest instructions.
struct Work<'a> {
    columns: &'a mut [Vec<f64>],
    steps: &'a [Step],
    width: usize,
    sources: &'a [&'a [f64]],
    out: &'a mut [f64],
}

impl Kernel for Work<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Work { columns, steps, width, sources, out } = self;
        for step in steps {
            // The place of the result is taken out while the operands are read.
            let mut taken = Vec::new();
            let result = match step.to {
                Target::Output(row) => &mut out[row * width..][..width],
                Target::Column(column) => {
                    taken = std::mem::take(&mut columns[column]);
                    &mut taken[..]
                }
            };
            let operand = |k: usize| match step.operands[k] {
                Place::Number(value) => Operand::Scalar(value),
                Place::Column(column) => Operand::Lanes(&columns[column]),
                Place::Moving(source, row) => Operand::Lanes(&sources[source][row * width..][..width]),
            };
            match step.operation {
                Operation::Unary(op) => unary(op, operand(0), result),
                Operation::Binary(op) => binary(op, operand(0), operand(1), result),
                Operation::Select => select(operand(0), operand(1), operand(2), result),
            }
            if let Target::Column(column) = step.to {
                columns[column] = taken;
            }
        }
    }
}
