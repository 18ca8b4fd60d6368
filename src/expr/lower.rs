//! From the language's operations to those that programs have: small powers become products, some functions others.

use super::checked::Checked;
use super::functions::whole_exponent;
use super::graph::{Binary, Graph, Id, Node, Unary};

/// One graph of all expressions in a program's operations, and where the value of each is.
pub(super) fn lower(expressions: &[&Checked]) -> (Graph, Vec<Id>) {
    let mut graph = Graph::default();
    let roots = expressions
        .iter()
        .map(|expression| {
            let mut place: Vec<Id> = Vec::with_capacity(expression.nodes().len());
            for node in expression.nodes() {
                let id = operation(&mut graph, *node, &place);
                place.push(id);
            }
            place.last().copied().unwrap_or_default()
        })
        .collect();
    (graph, roots)
}

fn operation(graph: &mut Graph, node: Node, place: &[Id]) -> Id {
    match node {
        Node::Unary(Unary::Logit, a) => {
            let one = graph.constant(1.0);
            let rest = graph.binary(Binary::Subtract, one, place[a]);
            let odds = graph.binary(Binary::Divide, place[a], rest);
            graph.unary(Unary::Log, odds)
        }
        Node::Unary(Unary::Expit, a) => {
            let one = graph.constant(1.0);
            let falling = graph.unary(Unary::Negate, place[a]);
            let exp = graph.unary(Unary::Exp, falling);
            let sum = graph.binary(Binary::Add, one, exp);
            graph.binary(Binary::Divide, one, sum)
        }
        Node::Binary(Binary::Power, a, b) => {
            let exponent = graph.value(place[b]);
            match exponent.and_then(whole_exponent) {
                Some(whole) => product(graph, place[a], whole),
                None if exponent == Some(0.5) => graph.unary(Unary::Sqrt, place[a]),
                None => graph.binary(Binary::Power, place[a], place[b]),
            }
        }
        other => graph.adopt(other, |operand| place[operand]),
    }
}

/// `a` to a whole power by squaring.
fn product(graph: &mut Graph, a: Id, exponent: i32) -> Id {
    let one = graph.constant(1.0);
    let (mut power, mut square, mut left) = (one, a, exponent.unsigned_abs());
    while left > 0 {
        if left & 1 == 1 {
            power = graph.binary(Binary::Multiply, power, square);
        }
        left >>= 1;
        if left > 0 {
            square = graph.binary(Binary::Multiply, square, square);
        }
    }
    if exponent < 0 { graph.binary(Binary::Divide, one, power) } else { power }
}
