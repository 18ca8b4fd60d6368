//! Formulas that are worked off again and again while few of their inputs move, in operations that cost less.

use super::checked::Checked;
use super::functions::whole_exponent;
use super::graph::{Binary, Graph, Id, Node, Unary, operands};

impl Checked {
    /// The formula with products by the reciprocal instead of quotients by what is held, and with exp(y ln x) instead of
    /// powers: the same value up to rounding, but not a number where a power has a negative base. Of what the inputs that
    /// `moving` names do not enter nothing changes: it is worked out once.
    pub(crate) fn swift(&self, moving: impl Fn(usize) -> bool) -> Checked {
        let nodes = self.nodes();
        let mut moves = vec![false; nodes.len()];
        let mut graph = Graph::default();
        let mut placed: Vec<Id> = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            moves[at] = match *node {
                Node::Symbol(slot) => moving(slot),
                _ => operands(*node).into_iter().flatten().any(|operand| moves[operand]),
            };
            placed.push(match *node {
                Node::Binary(Binary::Divide, a, b) if moves[a] && !moves[b] => {
                    let one = graph.constant(1.0);
                    let reciprocal = graph.binary(Binary::Divide, one, placed[b]);
                    graph.binary(Binary::Multiply, placed[a], reciprocal)
                }
                Node::Binary(Binary::Power, a, b) if moves[a] && !is_cheap(&nodes[b]) => {
                    let logarithm = match nodes[a] {
                        Node::Binary(Binary::Divide, x, y) if moves[x] != moves[y] => {
                            let [x, y] = [x, y].map(|side| graph.unary(Unary::Log, placed[side]));
                            graph.binary(Binary::Subtract, x, y)
                        }
                        _ => graph.unary(Unary::Log, placed[a]),
                    };
                    let product = graph.binary(Binary::Multiply, placed[b], logarithm);
                    graph.unary(Unary::Exp, product)
                }
                other => graph.adopt(other, |operand| placed[operand]),
            });
        }
        let root = placed.last().copied().unwrap_or(0);
        Checked::new(&graph, root, self.symbols(), self.kind())
    }
}

/// Whether a power with this exponent is compiled to products or a root.
fn is_cheap(exponent: &Node) -> bool {
    match *exponent {
        Node::Constant(bits) => {
            let value = f64::from_bits(bits);
            value == 0.5 || whole_exponent(value).is_some()
        }
        _ => false,
    }
}
