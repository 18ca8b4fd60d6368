use super::checked::Checked;
use super::graph::{Binary, Graph, Id, Node, Unary};
use super::lower::lower;

/// Several expressions compiled together: what they share is worked out once.
///
/// A program holds a file of values: first the inputs that it uses, then its constants, then the result of each
/// instruction. [`Program::run`] works it off for one subject, [`Program::run_block`] for many side by side; both
/// give the same bits.
///
/// No machine code is made at run time: over a block the choice of an instruction is spread over so many lanes that
/// what remains are the loops that somebody would write by hand.
#[derive(Clone, Debug)]
pub struct Program {
    /// The slot of each input that is used; input `k` is value `k` of the file.
    pub(super) slots: Vec<usize>,
    /// The constants, which follow the inputs in the file.
    pub(super) constants: Vec<f64>,
    /// The instructions, which follow the constants; each uses only values before it.
    pub(super) instructions: Vec<Instruction>,
    /// Where in the file the value of each output is.
    pub(super) outputs: Vec<u32>,
    /// Where over a block the result of each instruction is kept.
    pub(super) homes: Vec<Home>,
    /// How many columns of intermediate results a block needs.
    pub(super) columns: usize,
    /// Lanes worked off at a time, so that inputs and columns stay in the first-level cache.
    pub(super) lanes: usize,
}

/// Where the result of an instruction is kept while a block is worked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    Column(u32),
    Output(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) operation: Operation,
    /// Operands as places in the file; those that the operation does not have are 0.
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) c: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Unary(Unary),
    Binary(Binary),
    Select,
}

impl Instruction {
    pub(super) fn operands(&self) -> impl Iterator<Item = u32> {
        let count = match self.operation {
            Operation::Unary(_) => 1,
            Operation::Binary(_) => 2,
            Operation::Select => 3,
        };
        [self.a, self.b, self.c].into_iter().take(count)
    }

    #[inline(always)]
    pub(super) fn apply(&self, file: &[f64]) -> f64 {
        let a = file[self.a as usize];
        match self.operation {
            Operation::Unary(op) => op.apply(a),
            Operation::Binary(op) => op.apply(a, file[self.b as usize]),
            Operation::Select => file[if a != 0.0 { self.b } else { self.c } as usize],
        }
    }
}

/// Bytes of inputs and columns that a chunk of a block may take: two thirds of a first-level cache of 48 kB.
const CACHE: usize = 32 * 1024;
const FEWEST_LANES: usize = 64;
const MOST_LANES: usize = 256;

impl Program {
    /// Compiles expressions; output `i` of the program is the value of expression `i`.
    pub fn compile(expressions: &[&Checked]) -> Program {
        let (graph, roots) = lower(expressions);
        let order = reachable(&graph, &roots);
        let mut file = File { place: vec![0; graph.nodes().len()], slots: Vec::new(), constants: Vec::new() };
        file.lay_out(&graph, &order);
        let first = file.slots.len() + file.constants.len();
        let mut instructions = Vec::new();
        for &id in &order {
            let at = |id: Id| file.place[id];
            let (operation, a, b, c) = match graph.node(id) {
                Node::Constant(_) | Node::Symbol(_) => continue,
                Node::Unary(op, a) => (Operation::Unary(op), at(a), 0, 0),
                Node::Binary(op, a, b) => (Operation::Binary(op), at(a), at(b), 0),
                Node::Select(c, a, b) => (Operation::Select, at(c), at(a), at(b)),
            };
            file.place[id] = index(first + instructions.len());
            instructions.push(Instruction { operation, a, b, c });
        }
        let outputs: Vec<u32> = roots.iter().map(|&root| file.place[root]).collect();
        let (homes, columns) = homes(first, &instructions, &outputs);
        let width = 8 * (columns + file.slots.len() + outputs.len()).max(1);
        let lanes = (CACHE / width / 16 * 16).clamp(FEWEST_LANES, MOST_LANES);
        Program { slots: file.slots, constants: file.constants, instructions, outputs, homes, columns, lanes }
    }

    /// How many outputs there are.
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// The slots of the inputs that are used, ascending.
    pub fn slots(&self) -> &[usize] {
        &self.slots
    }

    /// How many operations one subject costs.
    pub fn operations(&self) -> usize {
        self.instructions.len()
    }

    /// Where the results of instructions begin in the file.
    pub(super) fn first(&self) -> usize {
        self.slots.len() + self.constants.len()
    }
}

/// A place in the file. Programs come from expressions of bounded size; the bound holds far below 2^32.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The operations that the roots need, each after its operands.
fn reachable(graph: &Graph, roots: &[Id]) -> Vec<Id> {
    let mut needed = vec![false; graph.nodes().len()];
    for &root in roots {
        if let Some(flag) = needed.get_mut(root) {
            *flag = true;
        }
    }
    for id in (0..needed.len()).rev() {
        if needed[id] {
            for operand in super::graph::operands(graph.node(id)).into_iter().flatten() {
                needed[operand] = true;
            }
        }
    }
    (0..needed.len()).filter(|&id| needed[id]).collect()
}

/// Places of inputs and constants.
struct File {
    /// The place of each operation of the graph.
    place: Vec<u32>,
    slots: Vec<usize>,
    constants: Vec<f64>,
}

impl File {
    fn lay_out(&mut self, graph: &Graph, order: &[Id]) {
        let mut symbols = Vec::new();
        let mut constants = Vec::new();
        for &id in order {
            match graph.node(id) {
                Node::Symbol(slot) => symbols.push((slot, id)),
                Node::Constant(bits) => constants.push((f64::from_bits(bits), id)),
                _ => {}
            }
        }
        symbols.sort_unstable();
        for (slot, id) in symbols {
            self.place[id] = index(self.slots.len());
            self.slots.push(slot);
        }
        for (value, id) in constants {
            self.place[id] = index(self.slots.len() + self.constants.len());
            self.constants.push(value);
        }
    }
}

/// Where each instruction keeps its result over a block: an output's own column, or one that is free by then. No
/// instruction writes where it reads.
fn homes(first: usize, instructions: &[Instruction], outputs: &[u32]) -> (Vec<Home>, usize) {
    let of = |place: u32| (place as usize).checked_sub(first);
    let mut last_use: Vec<usize> = (0..instructions.len()).collect();
    for (i, instruction) in instructions.iter().enumerate() {
        for producer in instruction.operands().filter_map(of) {
            last_use[producer] = i;
        }
    }
    let mut homes: Vec<Option<Home>> = vec![None; instructions.len()];
    for (output, &place) in outputs.iter().enumerate() {
        if let Some(producer) = of(place) {
            homes[producer].get_or_insert(Home::Output(index(output)));
        }
    }
    let (mut free, mut columns) = (Vec::new(), 0);
    let homes = (0..instructions.len())
        .map(|i| {
            let home = homes[i].unwrap_or_else(|| {
                Home::Column(free.pop().unwrap_or_else(|| {
                    columns += 1;
                    columns - 1
                }))
            });
            homes[i] = Some(home);
            let mut operands: Vec<usize> = instructions[i].operands().filter_map(of).collect();
            operands.dedup();
            operands.sort_unstable();
            operands.dedup();
            for producer in operands {
                if let (true, Some(Home::Column(column))) = (last_use[producer] == i, homes[producer]) {
                    free.push(column);
                }
            }
            home
        })
        .collect();
    (homes, columns as usize)
}
