//! Symbolic derivatives, forward through the operations.

use super::checked::{Checked, Kind};
use super::graph::{Binary, Graph, Id, Node, Unary};

pub(super) fn by(expression: &Checked, slot: usize) -> Checked {
    let mut graph = Graph::default();
    let place = graph.import(expression.nodes());
    let mut slopes: Vec<Id> = Vec::with_capacity(place.len());
    let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
    for (node, &id) in expression.nodes().iter().zip(&place) {
        let slope = match *node {
            Node::Constant(_) => zero,
            Node::Symbol(s) => {
                if s == slot {
                    one
                } else {
                    zero
                }
            }
            Node::Unary(op, a) => {
                if slopes[a] == zero {
                    zero
                } else {
                    unary(&mut graph, op, place[a], id, slopes[a])
                }
            }
            Node::Binary(op, a, b) => {
                if slopes[a] == zero && slopes[b] == zero {
                    zero
                } else {
                    binary(&mut graph, op, (place[a], slopes[a]), (place[b], slopes[b]), id)
                }
            }
            Node::Select(c, a, b) => graph.select(place[c], slopes[a], slopes[b]),
        };
        slopes.push(slope);
    }
    let by = expression.symbols().get(&slot).map(|known| known.dimension).unwrap_or_default();
    let kind = Kind::Number(expression.dimension() / by);
    Checked::new(&graph, slopes.last().copied().unwrap_or(zero), expression.symbols(), kind)
}

/// The slope of a function of `x` that has the value `y` where `x` has the slope `dx`.
fn unary(graph: &mut Graph, op: Unary, x: Id, y: Id, dx: Id) -> Id {
    use Binary as B;
    let number = |graph: &mut Graph, value: f64| graph.constant(value);
    let times = |graph: &mut Graph, factor: Id| graph.binary(B::Multiply, factor, dx);
    let over = |graph: &mut Graph, divisor: Id| graph.binary(B::Divide, dx, divisor);
    match op {
        Unary::Negate => graph.unary(Unary::Negate, dx),
        Unary::Not | Unary::Floor => number(graph, 0.0),
        Unary::Exp => times(graph, y),
        Unary::Log => over(graph, x),
        Unary::Log10 | Unary::Log2 => {
            let base = number(
                graph,
                if op == Unary::Log2 { std::f64::consts::LN_2 } else { std::f64::consts::LN_10 },
            );
            let divisor = graph.binary(B::Multiply, x, base);
            over(graph, divisor)
        }
        Unary::Sqrt => {
            let two = number(graph, 2.0);
            let divisor = graph.binary(B::Multiply, two, y);
            over(graph, divisor)
        }
        Unary::Abs => {
            let zero = number(graph, 0.0);
            let below = graph.binary(B::Less, x, zero);
            let falling = graph.unary(Unary::Negate, dx);
            graph.select(below, falling, dx)
        }
        Unary::Logit => {
            let one = number(graph, 1.0);
            let rest = graph.binary(B::Subtract, one, x);
            let divisor = graph.binary(B::Multiply, x, rest);
            over(graph, divisor)
        }
        Unary::Expit => {
            let one = number(graph, 1.0);
            let rest = graph.binary(B::Subtract, one, y);
            let factor = graph.binary(B::Multiply, y, rest);
            times(graph, factor)
        }
        Unary::Phi => {
            let (square, half) = (graph.binary(B::Multiply, x, x), number(graph, -0.5));
            let exponent = graph.binary(B::Multiply, half, square);
            let bell = graph.unary(Unary::Exp, exponent);
            // 1/sqrt(2 pi)
            let height = number(graph, 0.398_942_280_401_432_7);
            let density = graph.binary(B::Multiply, height, bell);
            times(graph, density)
        }
        Unary::Gamma => {
            let digamma = graph.unary(Unary::Polygamma(0), x);
            let factor = graph.binary(B::Multiply, y, digamma);
            times(graph, factor)
        }
        Unary::Lgamma => {
            let digamma = graph.unary(Unary::Polygamma(0), x);
            times(graph, digamma)
        }
        Unary::Polygamma(order) => {
            let next = graph.unary(Unary::Polygamma(order.saturating_add(1)), x);
            times(graph, next)
        }
    }
}

/// The slope of an operation with the value `y` on two values that are given with their slopes.
fn binary(graph: &mut Graph, op: Binary, (a, da): (Id, Id), (b, db): (Id, Id), y: Id) -> Id {
    use Binary as B;
    match op {
        B::Add | B::Subtract => graph.binary(op, da, db),
        B::Multiply => {
            let (left, right) = (graph.binary(B::Multiply, da, b), graph.binary(B::Multiply, a, db));
            graph.binary(B::Add, left, right)
        }
        B::Divide => {
            // (da - y db)/b, which keeps the quotient that is worked out anyway.
            let change = graph.binary(B::Multiply, y, db);
            let above = graph.binary(B::Subtract, da, change);
            graph.binary(B::Divide, above, b)
        }
        B::Power => power(graph, (a, da), (b, db), y),
        B::Min | B::Max => {
            let first = if op == B::Min { graph.binary(B::Less, a, b) } else { graph.binary(B::Less, b, a) };
            graph.select(first, da, db)
        }
        B::Less | B::LessOrEqual | B::Equal | B::NotEqual | B::And | B::Or => graph.constant(0.0),
    }
}

/// `a^b`: `b a^(b-1) da + a^b log(a) db`, each term only where it is needed.
fn power(graph: &mut Graph, (a, da): (Id, Id), (b, db): (Id, Id), y: Id) -> Id {
    use Binary as B;
    let one = graph.constant(1.0);
    let less = graph.binary(B::Subtract, b, one);
    let lowered = graph.binary(B::Power, a, less);
    let factor = graph.binary(B::Multiply, b, lowered);
    let by_base = graph.binary(B::Multiply, factor, da);
    if graph.value(db) == Some(0.0) {
        return by_base;
    }
    // Where the base is 0 the power stays 0 while the exponent moves; 0*log(0) would not say so.
    let (zero, log) = (graph.constant(0.0), graph.unary(Unary::Log, a));
    let rate = graph.binary(B::Multiply, y, log);
    let at_zero = graph.binary(B::Equal, a, zero);
    let rate = graph.select(at_zero, zero, rate);
    let by_exponent = graph.binary(B::Multiply, rate, db);
    graph.binary(B::Add, by_base, by_exponent)
}
