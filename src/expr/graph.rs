//! A store of operations in which equal ones are the same one, and sums and products with 0 and 1 are not stored.

use std::collections::HashMap;

use super::functions as f;

pub(super) type Id = usize;

/// One operation on values that stand before it in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// The bits of a finite number.
    Constant(u64),
    /// The slot of an input.
    Symbol(usize),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// The second where the first is not 0, else the third.
    Select(Id, Id, Id),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unary {
    Negate,
    Not,
    Exp,
    Log,
    Log10,
    Log2,
    Sqrt,
    Abs,
    Floor,
    Logit,
    Expit,
    Phi,
    Gamma,
    Lgamma,
    /// Derivatives of the logarithm of the gamma function; the language has no name for them.
    Polygamma(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

pub(super) fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

impl Unary {
    #[inline(always)]
    pub(super) fn apply(self, x: f64) -> f64 {
        match self {
            Unary::Negate => -x,
            Unary::Not => truth(x == 0.0),
            Unary::Exp => f::exp(x),
            Unary::Log => f::log(x),
            Unary::Log10 => f::log10(x),
            Unary::Log2 => f::log2(x),
            Unary::Sqrt => x.sqrt(),
            Unary::Abs => x.abs(),
            Unary::Floor => x.floor(),
            Unary::Logit => f::log(x / (1.0 - x)),
            Unary::Expit => 1.0 / (1.0 + f::exp(-x)),
            Unary::Phi => f::phi(x),
            Unary::Gamma => f::gamma(x),
            Unary::Lgamma => f::lgamma(x),
            Unary::Polygamma(order) => f::polygamma(order, x),
        }
    }
}

impl Binary {
    #[inline(always)]
    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Binary::Add => a + b,
            Binary::Subtract => a - b,
            Binary::Multiply => a * b,
            Binary::Divide => a / b,
            Binary::Power => f::pow(a, b),
            // A missing number (NaN) on either side is the result: it must not be lost.
            Binary::Min => {
                if a < b || a.is_nan() {
                    a
                } else {
                    b
                }
            }
            Binary::Max => {
                if a > b || a.is_nan() {
                    a
                } else {
                    b
                }
            }
            Binary::Less => truth(a < b),
            Binary::LessOrEqual => truth(a <= b),
            Binary::Equal => truth(a == b),
            Binary::NotEqual => truth(a != b),
            Binary::And => truth(a != 0.0 && b != 0.0),
            Binary::Or => truth(a != 0.0 || b != 0.0),
        }
    }

    /// Whether the value jumps or kinks where one side passes the other.
    pub(super) fn switches(self) -> bool {
        use Binary as B;
        matches!(self, B::Less | B::LessOrEqual | B::Equal | B::NotEqual | B::Min | B::Max)
    }

    fn commutes(self) -> bool {
        use Binary as B;
        // Not min and max: of 0 and -0 they give the second.
        matches!(self, B::Add | B::Multiply | B::Equal | B::NotEqual | B::And | B::Or)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    index: HashMap<Node, Id>,
}

impl Graph {
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn node(&self, id: Id) -> Node {
        self.nodes[id]
    }

    fn intern(&mut self, node: Node) -> Id {
        let key = match node {
            Node::Binary(op, a, b) if op.commutes() && b < a => Node::Binary(op, b, a),
            other => other,
        };
        *self.index.entry(key).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    pub(super) fn constant(&mut self, value: f64) -> Id {
        self.intern(Node::Constant(value.to_bits()))
    }

    pub(super) fn symbol(&mut self, slot: usize) -> Id {
        self.intern(Node::Symbol(slot))
    }

    pub(super) fn value(&self, id: Id) -> Option<f64> {
        match self.nodes[id] {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn is(&self, id: Id, value: f64) -> bool {
        self.value(id) == Some(value)
    }

    /// An operation without constant value; one whose value would not be finite stays an operation.
    fn folded(&mut self, value: Option<f64>, node: Node) -> Id {
        match value {
            Some(value) if value.is_finite() => self.constant(value),
            _ => self.intern(node),
        }
    }

    pub(super) fn unary(&mut self, op: Unary, a: Id) -> Id {
        match (op, self.nodes[a]) {
            (Unary::Negate, Node::Unary(Unary::Negate, inner)) => return inner,
            (Unary::Negate, Node::Binary(Binary::Subtract, x, y)) => {
                return self.binary(Binary::Subtract, y, x);
            }
            _ => {}
        }
        let value = self.value(a).map(|x| op.apply(x));
        self.folded(value, Node::Unary(op, a))
    }

    fn negate(&mut self, a: Id) -> Id {
        self.unary(Unary::Negate, a)
    }

    fn negated(&self, id: Id) -> Option<Id> {
        match self.nodes[id] {
            Node::Unary(Unary::Negate, inner) => Some(inner),
            _ => None,
        }
    }

    pub(super) fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        if let Some(simple) = self.simple(op, a, b) {
            return simple;
        }
        let value = match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) if op == Binary::Power => Some(power(x, y)),
            (Some(x), Some(y)) => Some(op.apply(x, y)),
            _ => None,
        };
        self.folded(value, Node::Binary(op, a, b))
    }

    /// The operation by the algebra of 0, 1 and signs, if that says what it is.
    fn simple(&mut self, op: Binary, a: Id, b: Id) -> Option<Id> {
        let both_constant = self.value(a).is_some() && self.value(b).is_some();
        if both_constant {
            return None;
        }
        match op {
            Binary::Add if self.is(a, 0.0) => Some(b),
            Binary::Add | Binary::Subtract if self.is(b, 0.0) => Some(a),
            Binary::Add => self.negated(b).map(|b| self.binary(Binary::Subtract, a, b)),
            Binary::Subtract if self.is(a, 0.0) => Some(self.negate(b)),
            Binary::Subtract if a == b => Some(self.constant(0.0)),
            Binary::Subtract => self.negated(b).map(|b| self.binary(Binary::Add, a, b)),
            Binary::Multiply => self.simple_product(a, b),
            Binary::Divide if self.is(a, 0.0) => Some(a),
            Binary::Divide if self.is(b, 1.0) => Some(a),
            Binary::Divide if self.is(b, -1.0) => Some(self.negate(a)),
            Binary::Divide => {
                let a = self.negated(a)?;
                let quotient = self.binary(Binary::Divide, a, b);
                Some(self.negate(quotient))
            }
            Binary::Power if self.is(b, 0.0) => Some(self.constant(1.0)),
            Binary::Power if self.is(b, 1.0) => Some(a),
            Binary::Min | Binary::Max if a == b => Some(a),
            // Conditions are 0 or 1.
            Binary::And | Binary::Or => {
                let (known, other) = if self.value(a).is_some() { (a, b) } else { (b, a) };
                let holds = self.value(known)? != 0.0;
                Some(if holds == (op == Binary::And) { other } else { known })
            }
            _ => None,
        }
    }

    fn simple_product(&mut self, a: Id, b: Id) -> Option<Id> {
        for (x, y) in [(a, b), (b, a)] {
            if self.is(x, 0.0) {
                return Some(self.constant(0.0));
            }
            if self.is(x, 1.0) {
                return Some(y);
            }
            if self.is(x, -1.0) {
                return Some(self.negate(y));
            }
        }
        let (a, b) = match (self.negated(a), self.negated(b)) {
            (Some(a), Some(b)) => return Some(self.binary(Binary::Multiply, a, b)),
            (Some(a), None) => (a, b),
            (None, Some(b)) => (a, b),
            (None, None) => return None,
        };
        let product = self.binary(Binary::Multiply, a, b);
        Some(self.negate(product))
    }

    pub(super) fn select(&mut self, condition: Id, then: Id, otherwise: Id) -> Id {
        match self.value(condition) {
            Some(value) => {
                if value == 0.0 {
                    otherwise
                } else {
                    then
                }
            }
            None if then == otherwise => then,
            None => self.intern(Node::Select(condition, then, otherwise)),
        }
    }

    /// An operation of another store, simplified, whose operands are here what `of` says.
    pub(super) fn adopt(&mut self, node: Node, of: impl Fn(Id) -> Id) -> Id {
        match node {
            Node::Constant(bits) => self.constant(f64::from_bits(bits)),
            Node::Symbol(slot) => self.symbol(slot),
            Node::Unary(op, a) => self.unary(op, of(a)),
            Node::Binary(op, a, b) => self.binary(op, of(a), of(b)),
            Node::Select(c, a, b) => self.select(of(c), of(a), of(b)),
        }
    }

    /// Takes over operations whose operands stand before them; where each went.
    pub(super) fn import(&mut self, nodes: &[Node]) -> Vec<Id> {
        let mut place: Vec<Id> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let id = match *node {
                Node::Unary(op, a) => self.intern(Node::Unary(op, place[a])),
                Node::Binary(op, a, b) => self.intern(Node::Binary(op, place[a], place[b])),
                Node::Select(c, a, b) => self.intern(Node::Select(place[c], place[a], place[b])),
                leaf => self.intern(leaf),
            };
            place.push(id);
        }
        place
    }

    /// The operations that `root` needs and no others, in the order in which the formula reads.
    pub(super) fn extract(&self, root: Id) -> Vec<Node> {
        let mut place: Vec<Option<Id>> = vec![None; self.nodes.len()];
        let mut out = Vec::new();
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            if place[id].is_some() {
                open.pop();
                continue;
            }
            let node = self.nodes[id];
            let waiting = open.len();
            open.extend(operands(node).into_iter().rev().flatten().filter(|&o| place[o].is_none()));
            if open.len() > waiting {
                continue;
            }
            let at = |id: Id| place[id].unwrap_or(0);
            out.push(match node {
                Node::Unary(op, a) => Node::Unary(op, at(a)),
                Node::Binary(op, a, b) => Node::Binary(op, at(a), at(b)),
                Node::Select(c, a, b) => Node::Select(at(c), at(a), at(b)),
                leaf => leaf,
            });
            place[id] = Some(out.len() - 1);
            open.pop();
        }
        out
    }
}

pub(super) fn operands(node: Node) -> [Option<Id>; 3] {
    match node {
        Node::Constant(_) | Node::Symbol(_) => [None; 3],
        Node::Unary(_, a) => [Some(a), None, None],
        Node::Binary(_, a, b) => [Some(a), Some(b), None],
        Node::Select(c, a, b) => [Some(c), Some(a), Some(b)],
    }
}

/// A constant to a constant power, as the compiled program would work it out.
fn power(x: f64, y: f64) -> f64 {
    match f::whole_exponent(y) {
        Some(whole) => {
            let mut product = 1.0;
            let (mut square, mut left) = (x, whole.unsigned_abs());
            while left > 0 {
                if left & 1 == 1 {
                    product *= square;
                }
                square *= square;
                left >>= 1;
            }
            if whole < 0 { 1.0 / product } else { product }
        }
        None if y == 0.5 => x.sqrt(),
        None => f::pow(x, y),
    }
}
