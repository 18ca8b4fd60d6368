//! Working programs off: one subject at a time, or a block of subjects side by side.

use crate::math::dispatch::{Kernel, dispatch};

use super::functions as f;
use super::graph::{Binary, Unary};
use super::program::{Home, Instruction, Operation, Program};

/// One input over a block of subjects.
#[derive(Clone, Copy, Debug)]
pub enum Column<'a> {
    /// The same value for every subject. What depends on such inputs only is worked out once.
    Scalar(f64),
    /// A value for each subject.
    Slice(&'a [f64]),
}

/// Room for intermediate results. One scratch serves any program and is made ready for it on first use, so that
/// repeated runs of one program allocate nothing.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    file: Vec<f64>,
    varies: Vec<bool>,
    active: Vec<u32>,
    columns: Vec<Vec<f64>>,
}

impl Scratch {
    /// An empty scratch.
    pub fn new() -> Self {
        Scratch::default()
    }
}

impl Program {
    /// Works the program off for one subject: `inputs[slot]` is the input of a slot, `outputs[i]` becomes the value
    /// of expression `i`, all in coherent units.
    ///
    /// # Panics
    /// If there are fewer inputs than the largest slot in [`Program::slots`] asks for, or fewer outputs than
    /// [`Program::outputs`].
    pub fn run(&self, inputs: &[f64], outputs: &mut [f64], scratch: &mut Scratch) {
        let (slots, first) = (self.slots.len(), self.first());
        scratch.file.resize(first + self.instructions.len(), 0.0);
        let file = scratch.file.as_mut_slice();
        for (value, &slot) in file.iter_mut().zip(&self.slots) {
            *value = inputs[slot];
        }
        file[slots..first].copy_from_slice(&self.constants);
        for (place, instruction) in (first..).zip(&self.instructions) {
            file[place] = instruction.apply(file);
        }
        for (out, &place) in outputs[..self.outputs.len()].iter_mut().zip(&self.outputs) {
            *out = file[place as usize];
        }
    }

    /// Works the program off for a block of subjects: `inputs[slot]` is the input of a slot for all of them,
    /// `outputs[i]` the values of expression `i`, all in coherent units. The block is as long as the outputs.
    ///
    /// # Panics
    /// If there are fewer inputs than the largest slot in [`Program::slots`] asks for, fewer outputs than
    /// [`Program::outputs`], or columns that are shorter than the first output.
    pub fn run_block(&self, inputs: &[Column<'_>], outputs: &mut [&mut [f64]], scratch: &mut Scratch) {
        let outputs = &mut outputs[..self.outputs.len()];
        let count = outputs.first().map_or(0, |column| column.len());
        self.run_scalars(inputs, scratch);
        scratch.columns.resize_with(scratch.columns.len().max(self.columns), Vec::new);
        for column in &mut scratch.columns[..self.columns] {
            column.resize(column.len().max(self.lanes), 0.0);
        }
        let mut start = 0;
        while start < count {
            let lanes = self.lanes.min(count - start);
            dispatch(Chunk { program: self, inputs, outputs, scratch, start, lanes });
            start += lanes;
        }
    }

    /// Finds which values differ between the subjects, and works out those that do not.
    fn run_scalars(&self, inputs: &[Column<'_>], scratch: &mut Scratch) {
        let Scratch { file, varies, active, .. } = scratch;
        file.clear();
        varies.clear();
        active.clear();
        for &slot in &self.slots {
            let (value, varying) = match inputs[slot] {
                Column::Scalar(value) => (value, false),
                Column::Slice(_) => (0.0, true),
            };
            file.push(value);
            varies.push(varying);
        }
        file.extend_from_slice(&self.constants);
        varies.resize(file.len(), false);
        for (i, instruction) in (0..).zip(&self.instructions) {
            let varying = instruction.operands().any(|operand| varies[operand as usize]);
            let value = if varying { 0.0 } else { instruction.apply(file) };
            if varying {
                active.push(i);
            }
            file.push(value);
            varies.push(varying);
        }
    }
}

/// The subjects that are worked off side by side: as many as fit into the cache.
struct Chunk<'c, 'o, 'i> {
    program: &'c Program,
    inputs: &'c [Column<'i>],
    outputs: &'c mut [&'o mut [f64]],
    scratch: &'c mut Scratch,
    start: usize,
    lanes: usize,
}

/// One operand over a chunk.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a> {
    Scalar(f64),
    Lanes(&'a [f64]),
}

/// The loops over the lanes are compiled for the widest instructions of the processor, so everything down to them is
/// put in line.
impl Kernel for Chunk<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        self.work();
    }
}

impl Chunk<'_, '_, '_> {
    #[inline(always)]
    fn operand(&self, place: u32) -> Operand<'_> {
        let place = place as usize;
        if !self.scratch.varies[place] {
            return Operand::Scalar(self.scratch.file[place]);
        }
        let whole: &[f64] = match place.checked_sub(self.program.first()) {
            None => match self.inputs[self.program.slots[place]] {
                Column::Slice(values) => values,
                Column::Scalar(value) => return Operand::Scalar(value),
            },
            Some(producer) => match self.program.homes[producer] {
                Home::Column(column) => {
                    return Operand::Lanes(&self.scratch.columns[column as usize][..self.lanes]);
                }
                Home::Output(output) => &*self.outputs[output as usize],
            },
        };
        Operand::Lanes(&whole[self.start..self.start + self.lanes])
    }

    #[inline(always)]
    fn work(&mut self) {
        for i in 0..self.scratch.active.len() {
            let i = self.scratch.active[i] as usize;
            let instruction = self.program.instructions[i];
            // The place of the result is taken out while the operands are read.
            match self.program.homes[i] {
                Home::Column(column) => {
                    let mut out = std::mem::take(&mut self.scratch.columns[column as usize]);
                    self.instruction(&instruction, &mut out[..self.lanes]);
                    self.scratch.columns[column as usize] = out;
                }
                Home::Output(output) => {
                    let out = std::mem::take(&mut self.outputs[output as usize]);
                    self.instruction(&instruction, &mut out[self.start..self.start + self.lanes]);
                    self.outputs[output as usize] = out;
                }
            }
        }
        for (output, &place) in (0..).zip(&self.program.outputs) {
            self.deliver(output, place);
        }
    }

    /// Puts a value into its output, unless it was worked out there.
    #[inline(always)]
    fn deliver(&mut self, output: usize, place: u32) {
        let varies = self.scratch.varies[place as usize];
        let producer = (place as usize).checked_sub(self.program.first());
        let there = producer
            .is_some_and(|p| matches!(self.program.homes[p], Home::Output(o) if o as usize == output));
        if varies && there {
            return;
        }
        let column = std::mem::take(&mut self.outputs[output]);
        let out = &mut column[self.start..self.start + self.lanes];
        match self.operand(place) {
            Operand::Scalar(value) => out.fill(value),
            Operand::Lanes(values) => out.copy_from_slice(values),
        }
        self.outputs[output] = column;
    }

    #[inline(always)]
    fn instruction(&self, instruction: &Instruction, out: &mut [f64]) {
        let a = self.operand(instruction.a);
        match instruction.operation {
            Operation::Unary(op) => unary(op, a, out),
            Operation::Binary(op) => binary(op, a, self.operand(instruction.b), out),
            Operation::Select => {
                select(a, self.operand(instruction.b), self.operand(instruction.c), out);
            }
        }
    }
}

#[inline(always)]
pub(super) fn unary(op: Unary, a: Operand<'_>, out: &mut [f64]) {
    let a = match a {
        Operand::Lanes(a) => a,
        Operand::Scalar(a) => return out.fill(op.apply(a)),
    };
    match op {
        Unary::Exp => f::exp_block(a, out),
        Unary::Log => f::log_block(a, out),
        Unary::Negate => each(a, out, |x| -x),
        Unary::Sqrt => each(a, out, f64::sqrt),
        Unary::Abs => each(a, out, f64::abs),
        Unary::Not => each(a, out, |x| Unary::Not.apply(x)),
        other => each(a, out, |x| other.apply(x)),
    }
}

#[inline(always)]
fn each(a: &[f64], out: &mut [f64], f: impl Fn(f64) -> f64) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out = f(a);
    }
}

/// One loop for each operation, so that each is worked off without a choice per subject.
#[inline(always)]
pub(super) fn binary(op: Binary, a: Operand<'_>, b: Operand<'_>, out: &mut [f64]) {
    use Binary as B;
    match op {
        B::Add => pairs(a, b, out, |x, y| B::Add.apply(x, y)),
        B::Subtract => pairs(a, b, out, |x, y| B::Subtract.apply(x, y)),
        B::Multiply => pairs(a, b, out, |x, y| B::Multiply.apply(x, y)),
        B::Divide => pairs(a, b, out, |x, y| B::Divide.apply(x, y)),
        B::Min => pairs(a, b, out, |x, y| B::Min.apply(x, y)),
        B::Max => pairs(a, b, out, |x, y| B::Max.apply(x, y)),
        B::Less => pairs(a, b, out, |x, y| B::Less.apply(x, y)),
        B::LessOrEqual => pairs(a, b, out, |x, y| B::LessOrEqual.apply(x, y)),
        B::Equal => pairs(a, b, out, |x, y| B::Equal.apply(x, y)),
        B::NotEqual => pairs(a, b, out, |x, y| B::NotEqual.apply(x, y)),
        B::And => pairs(a, b, out, |x, y| B::And.apply(x, y)),
        B::Or => pairs(a, b, out, |x, y| B::Or.apply(x, y)),
        B::Power => match (a, b) {
            (Operand::Lanes(a), Operand::Scalar(b)) => f::pow_block(a, b, out),
            (Operand::Lanes(a), Operand::Lanes(b)) => f::pow_columns(a, b, out),
            (Operand::Scalar(a), b) => pairs(Operand::Scalar(a), b, out, f::pow),
        },
    }
}

#[inline(always)]
fn pairs(a: Operand<'_>, b: Operand<'_>, out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (Operand::Lanes(a), Operand::Lanes(b)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = f(a, b);
            }
        }
        (Operand::Lanes(a), Operand::Scalar(b)) => each(a, out, |a| f(a, b)),
        (Operand::Scalar(a), Operand::Lanes(b)) => each(b, out, |b| f(a, b)),
        (Operand::Scalar(a), Operand::Scalar(b)) => out.fill(f(a, b)),
    }
}

#[inline(always)]
pub(super) fn select(condition: Operand<'_>, then: Operand<'_>, otherwise: Operand<'_>, out: &mut [f64]) {
    let conditions = match condition {
        Operand::Lanes(lanes) => lanes,
        Operand::Scalar(value) => {
            match if value != 0.0 { then } else { otherwise } {
                Operand::Scalar(value) => out.fill(value),
                Operand::Lanes(values) => out.copy_from_slice(values),
            }
            return;
        }
    };
    match then {
        Operand::Scalar(value) => each(conditions, out, |c| if c != 0.0 { value } else { 0.0 }),
        Operand::Lanes(values) => out.copy_from_slice(values),
    }
    match otherwise {
        Operand::Scalar(value) => {
            for (out, &c) in out.iter_mut().zip(conditions) {
                *out = if c != 0.0 { *out } else { value };
            }
        }
        Operand::Lanes(values) => {
            for ((out, &c), &value) in out.iter_mut().zip(conditions).zip(values) {
                *out = if c != 0.0 { *out } else { value };
            }
        }
    }
}
