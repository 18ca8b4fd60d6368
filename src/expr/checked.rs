use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::units::{Dimension, Unit};

use super::graph::{Binary, Graph, Id, Node, Unary, operands};
use super::{derivative, display};

/// An expression whose names are inputs and whose dimensions fit: ready to be taken apart, put together with others,
/// differentiated and compiled. Values are in coherent units (mg, dm, h, mol).
///
/// Equal parts are held once, whatever was substituted, so that a model of many definitions stays small. Two
/// expressions are equal if they are the same formula up to the order in sums and products of two.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What each operation needs stands before it; the last is the value.
    nodes: Arc<[Node]>,
    symbols: Arc<BTreeMap<usize, Known>>,
    kind: Kind,
}

/// What is known of an input.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) name: Arc<str>,
    pub(super) dimension: Dimension,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number(Dimension),
    Condition,
}

impl Checked {
    pub(super) fn new(graph: &Graph, root: Id, symbols: &BTreeMap<usize, Known>, kind: Kind) -> Self {
        let nodes = graph.extract(root);
        let used: BTreeSet<usize> = slots(&nodes).collect();
        let symbols =
            symbols.iter().filter(|(slot, _)| used.contains(slot)).map(|(s, k)| (*s, k.clone())).collect();
        Checked { nodes: nodes.into(), symbols: Arc::new(symbols), kind }
    }

    /// A number in coherent units.
    pub fn number(value: f64, dimension: Dimension) -> Self {
        let nodes = [Node::Constant(value.to_bits())].into();
        Checked { nodes, symbols: Arc::default(), kind: Kind::Number(dimension) }
    }

    /// The input of a slot, known to its readers under a name.
    pub fn input(name: &str, slot: usize, dimension: Dimension) -> Self {
        let symbols = [(slot, Known { name: name.into(), dimension })].into();
        Checked {
            nodes: [Node::Symbol(slot)].into(),
            symbols: Arc::new(symbols),
            kind: Kind::Number(dimension),
        }
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn symbols(&self) -> &BTreeMap<usize, Known> {
        &self.symbols
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The dimension of the value; that of a condition is a pure number.
    pub fn dimension(&self) -> Dimension {
        match self.kind {
            Kind::Number(dimension) => dimension,
            Kind::Condition => Dimension::ONE,
        }
    }

    /// Whether the value may stand where this dimension is asked for: it has it, or it is 0.
    pub fn fits(&self, dimension: Dimension) -> bool {
        self.dimension() == dimension || self.is_zero()
    }

    /// Whether this is a condition, with the values 0 and 1.
    pub fn is_condition(&self) -> bool {
        self.kind == Kind::Condition
    }

    /// The slots of the inputs that the value depends on, ascending.
    pub fn slots(&self) -> impl Iterator<Item = usize> {
        self.symbols.keys().copied()
    }

    /// The name of the input in a slot, if the value depends on it.
    pub fn name(&self, slot: usize) -> Option<&str> {
        self.symbols.get(&slot).map(|known| &*known.name)
    }

    /// Whether the value depends on an input.
    pub fn depends_on(&self, slot: usize) -> bool {
        self.symbols.contains_key(&slot)
    }

    /// Whether the expression is the number 0.
    pub fn is_zero(&self) -> bool {
        self.constant() == Some(0.0)
    }

    /// The value, if it depends on no input.
    pub fn constant(&self) -> Option<f64> {
        match self.nodes.last() {
            Some(Node::Constant(bits)) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// How many operations, numbers and inputs the expression holds, equal ones counted once.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The derivative by the input in a slot, simplified. Steps (`if`, `min`, `max`, `abs`, `floor`, conditions) are
    /// differentiated piece by piece, as if the borders between pieces were not there.
    #[must_use]
    pub fn differentiate(&self, slot: usize) -> Checked {
        derivative::by(self, slot)
    }

    /// The terms of the expression as a sum, each with its sign; the expression itself if it is no sum.
    pub fn terms(&self) -> Vec<Checked> {
        let mut graph = Graph::default();
        let place = graph.import(&self.nodes);
        let mut terms = Vec::new();
        let mut open: Vec<(Id, bool)> = place.last().map(|&root| (root, false)).into_iter().collect();
        while let Some((id, negative)) = open.pop() {
            match graph.node(id) {
                Node::Binary(Binary::Add, a, b) => open.extend([(b, negative), (a, negative)]),
                Node::Binary(Binary::Subtract, a, b) => open.extend([(b, !negative), (a, negative)]),
                Node::Unary(Unary::Negate, a) => open.push((a, !negative)),
                _ => terms.push((id, negative)),
            }
            // Shared parts can stand for exponentially many terms.
            if terms.len() + open.len() > display::MOST_TERMS {
                return vec![self.clone()];
            }
        }
        terms
            .into_iter()
            .map(|(id, negative)| {
                let id = if negative { graph.unary(Unary::Negate, id) } else { id };
                Checked::new(&graph, id, &self.symbols, self.kind)
            })
            .collect()
    }

    /// Where an input makes the expression switch, as by `t < 24 h` or `max(tad, D2)`: the values of the input, each an
    /// expression of the others. `None` if it also switches in another way, as by `2*t < 24 h` or `floor(t/24 h)`.
    ///
    /// An expression whose derivative by the time is 0 and whose switches are known is constant between them.
    pub fn switches_at(&self, slot: usize) -> Option<Vec<Checked>> {
        let mut graph = Graph::default();
        let place = graph.import(&self.nodes);
        let mut depends: Vec<bool> = Vec::with_capacity(place.len());
        let mut found: Vec<Checked> = Vec::new();
        let dimension = self.symbols.get(&slot).map(|known| known.dimension).unwrap_or_default();
        for node in &*self.nodes {
            depends.push(match *node {
                Node::Symbol(s) => s == slot,
                _ => operands(*node).into_iter().flatten().any(|operand| depends[operand]),
            });
            let other = match *node {
                Node::Binary(op, a, b) if op.switches() && (depends[a] || depends[b]) => {
                    match (self.nodes[a], self.nodes[b]) {
                        (Node::Symbol(s), _) if s == slot && !depends[b] => b,
                        (_, Node::Symbol(s)) if s == slot && !depends[a] => a,
                        _ => return None,
                    }
                }
                Node::Unary(Unary::Abs | Unary::Floor, a) if depends[a] => return None,
                _ => continue,
            };
            let at = Checked::new(&graph, place[other], &self.symbols, Kind::Number(dimension));
            if !found.contains(&at) {
                found.push(at);
            }
        }
        Some(found)
    }

    /// A plain number read as one in a unit, as the result of an unchecked model is.
    #[must_use]
    pub fn in_unit(&self, unit: &Unit) -> Checked {
        let mut graph = Graph::default();
        let place = graph.import(&self.nodes);
        let root = from_unit(&mut graph, place[place.len() - 1], unit);
        Checked::new(&graph, root, &self.symbols, Kind::Number(unit.dimension()))
    }

    /// The expression where the input in a slot has a value (coherent units).
    #[must_use]
    pub fn at(&self, slot: usize, value: f64) -> Checked {
        let mut graph = Graph::default();
        let mut place: Vec<Id> = Vec::with_capacity(self.nodes.len());
        for node in self.nodes.iter() {
            let id = match *node {
                Node::Symbol(found) if found == slot => graph.constant(value),
                other => graph.adopt(other, |operand| place[operand]),
            };
            place.push(id);
        }
        Checked::new(&graph, place[place.len() - 1], &self.symbols, self.kind)
    }

    /// The same expression with other slots for its inputs; a slot of which `to` knows nothing stays.
    #[must_use]
    pub fn with_slots(&self, to: impl Fn(usize) -> Option<usize>) -> Checked {
        let moved = |slot: usize| to(slot).unwrap_or(slot);
        let mut graph = Graph::default();
        let nodes: Vec<Node> = self
            .nodes
            .iter()
            .map(|node| match node {
                Node::Symbol(slot) => Node::Symbol(moved(*slot)),
                other => *other,
            })
            .collect();
        let place = graph.import(&nodes);
        let symbols = self.symbols.iter().map(|(slot, known)| (moved(*slot), known.clone())).collect();
        Checked::new(&graph, place[place.len() - 1], &symbols, self.kind)
    }

    fn with(&self, op: Binary, other: &Checked, dimension: Dimension) -> Checked {
        let mut graph = Graph::default();
        let (left, right) = (graph.import(&self.nodes), graph.import(&other.nodes));
        let root = graph.binary(op, left[left.len() - 1], right[right.len() - 1]);
        let mut symbols = (*other.symbols).clone();
        symbols.extend(self.symbols.iter().map(|(slot, known)| (*slot, known.clone())));
        Checked::new(&graph, root, &symbols, Kind::Number(dimension))
    }

    /// The dimension of a sum: that of the side that is not 0.
    fn sum_dimension(&self, other: &Checked) -> Dimension {
        if self.is_zero() { other.dimension() } else { self.dimension() }
    }

    /// The sum. The dimensions must be equal (a side that is 0 has any); the caller has made sure of it.
    #[must_use]
    pub fn add(&self, other: &Checked) -> Checked {
        self.with(Binary::Add, other, self.sum_dimension(other))
    }

    /// The difference, under the condition of [`Checked::add`].
    #[must_use]
    pub fn sub(&self, other: &Checked) -> Checked {
        self.with(Binary::Subtract, other, self.sum_dimension(other))
    }

    /// The product.
    #[must_use]
    pub fn mul(&self, other: &Checked) -> Checked {
        self.with(Binary::Multiply, other, self.dimension() * other.dimension())
    }

    /// The quotient.
    #[must_use]
    pub fn div(&self, other: &Checked) -> Checked {
        self.with(Binary::Divide, other, self.dimension() / other.dimension())
    }

    /// The expression with the other sign.
    #[must_use]
    pub fn neg(&self) -> Checked {
        let mut graph = Graph::default();
        let place = graph.import(&self.nodes);
        let root = graph.unary(Unary::Negate, place[place.len() - 1]);
        Checked::new(&graph, root, &self.symbols, self.kind)
    }
}

impl PartialEq for Checked {
    fn eq(&self, other: &Self) -> bool {
        let mut graph = Graph::default();
        let same = graph.import(&self.nodes).last() == graph.import(&other.nodes).last();
        same && self.kind == other.kind
    }
}

fn slots(nodes: &[Node]) -> impl Iterator<Item = usize> {
    nodes.iter().filter_map(|node| match node {
        Node::Symbol(slot) => Some(*slot),
        _ => None,
    })
}

/// A number in a unit, in coherent units. Multiplies or divides by whichever factor is the larger, because powers of
/// ten above 1 are exact.
pub(super) fn from_unit(graph: &mut Graph, id: Id, unit: &Unit) -> Id {
    scaled(graph, id, unit.to_coherent(1.0), unit.from_coherent(1.0))
}

/// A value in coherent units, as its number in a unit.
pub(super) fn to_unit(graph: &mut Graph, id: Id, unit: &Unit) -> Id {
    scaled(graph, id, unit.from_coherent(1.0), unit.to_coherent(1.0))
}

fn scaled(graph: &mut Graph, id: Id, factor: f64, divisor: f64) -> Id {
    use Binary::{Divide, Multiply};
    let (op, inverse, size) =
        if factor >= 1.0 { (Multiply, Divide, factor) } else { (Divide, Multiply, divisor) };
    let size = graph.constant(size);
    // A value that was just given its unit is the number that it was.
    if let Node::Binary(last, number, by) = graph.node(id)
        && (last, by) == (inverse, size)
    {
        return number;
    }
    graph.binary(op, id, size)
}
