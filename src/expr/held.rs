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

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
enum Place {
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
        let (mut block, mut steps, mut copies): (Vec<Vec<f64>>, _, _) = (Vec::new(), Vec::new(), Vec::new());
        let mut places: Vec<(Place, bool)> = Vec::new();
        for &slot in &self.slots {
            let place = match (moving(slot), &inputs[slot]) {
                (Some((source, row)), _) => (Place::Moving(source, row), true),
                (None, Column::Scalar(value)) => (Place::Number(*value), false),
                (None, Column::Slice(values)) => {
                    block.push(values[..subjects].to_vec());
                    (Place::Column(block.len() - 1), false)
                }
            };
            places.push(place);
        }
        places.extend(self.constants.iter().map(|value| (Place::Number(*value), false)));
        let last_uses = self.last_uses();
        let mut free = Vec::new();
        for (i, instruction) in self.instructions.iter().enumerate() {
            let of = |operand: u32| places[operand as usize];
            let operands = [of(instruction.a), of(instruction.b), of(instruction.c)];
            let count = instruction.operands().count();
            let moves = operands[..count].iter().any(|(_, moves)| *moves);
            let to = match self.own_output(i).filter(|_| moves) {
                Some(output) => Target::Output(output),
                None => Target::Column(free.pop().filter(|_| moves).unwrap_or_else(|| {
                    block.push(vec![0.0; if moves { 0 } else { subjects }]);
                    block.len() - 1
                })),
            };
            let step =
                Step { operation: instruction.operation, operands: operands.map(|(place, _)| place), to };
            if moves {
                steps.push(step);
            } else {
                dispatch(Work {
                    columns: &mut block,
                    steps: &[step],
                    width: subjects,
                    sources: &[],
                    out: &mut [],
                });
            }
            places.push((
                if let Target::Column(column) = to { Place::Column(column) } else { Place::Number(0.0) },
                moves,
            ));
            for (k, (place, moves)) in operands[..count].iter().enumerate() {
                let operand = [instruction.a, instruction.b, instruction.c][k] as usize;
                let again = instruction.operands().take(k).any(|earlier| earlier as usize == operand);
                if let (Place::Column(column), true, false) =
                    (place, *moves && last_uses[operand] == i, again)
                {
                    free.push(*column);
                }
            }
        }
        for (output, place) in self.outputs.iter().enumerate() {
            let producer = (*place as usize).checked_sub(self.first());
            let there = producer.is_some_and(|p| self.own_output(p).is_some() && places[*place as usize].1);
            if !there {
                copies.push((output, places[*place as usize].0));
            }
        }
        let columns = vec![vec![0.0; width]; block.len()];
        let mut held = Held { width, block, columns, steps, copies };
        (0..width.min(subjects)).for_each(|lane| held.seat(lane, lane));
        held
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
    fn own_output(&self, instruction: usize) -> Option<usize> {
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
