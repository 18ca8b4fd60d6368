//! Operations on parts that are checked already.

use crate::units::{Dimension, Unit};

use super::super::ExprError;
use super::super::checked::from_unit;
use super::super::error::{CATEGORY, EXPONENT, NOT_FINITE, NOT_PURE, ZERO_DIVISION};
use super::super::graph::{Binary, Graph, Id, Unary};
use super::super::lexer::name_length;
use super::super::syntax::{Function, NodeId, Operator};
use super::{Checker, Type, Typed};

impl Checker<'_> {
    /// Stores an operation; reports one on constants whose value is not finite.
    fn value(
        &mut self,
        node: NodeId,
        kind: Type,
        build: impl FnOnce(&mut Graph) -> Id,
        operands: &[Id],
    ) -> Typed {
        let constant = operands.iter().all(|&id| self.graph.value(id).is_some());
        let id = build(&mut self.graph);
        if constant && self.graph.value(id).is_none() {
            let message = format!("`{}` has no finite value", self.shown(node));
            return self
                .wrong(ExprError::new(NOT_FINITE, self.span(node), message).label("not a finite number"));
        }
        Typed { id, kind }
    }

    fn apply(&mut self, node: NodeId, kind: Type, op: Unary, a: NodeId) -> Typed {
        let a = self.done[a].id;
        self.value(node, kind, |graph| graph.unary(op, a), &[a])
    }

    fn combine(&mut self, node: NodeId, kind: Type, op: Binary, a: NodeId, b: NodeId) -> Typed {
        let (a, b) = (self.done[a].id, self.done[b].id);
        self.value(node, kind, |graph| graph.binary(op, a, b), &[a, b])
    }

    pub(super) fn negated(&mut self, a: NodeId) -> Typed {
        if !self.number(a, "a sign") {
            return self.known_wrong();
        }
        let Typed { id, kind } = self.done[a];
        Typed { id: self.graph.unary(Unary::Negate, id), kind }
    }

    pub(super) fn operation(&mut self, node: NodeId, operator: Operator, a: NodeId, b: NodeId) -> Typed {
        use Operator as O;
        let user = format!("`{}`", operator.text());
        match operator {
            O::And | O::Or => {
                let (left, right) = (self.condition(a, &user), self.condition(b, &user));
                if !(left && right) {
                    return self.known_wrong();
                }
                let op = if operator == O::And { Binary::And } else { Binary::Or };
                self.combine(node, Type::Condition, op, a, b)
            }
            O::Equal | O::NotEqual if self.categories(node, a, b) => {
                let op = if operator == O::Equal { Binary::Equal } else { Binary::NotEqual };
                if [a, b].iter().any(|&side| self.done[side].kind != Type::Category) {
                    return self.known_wrong();
                }
                self.combine(node, Type::Condition, op, a, b)
            }
            _ if !self.numbers(&[a, b], &user) => self.known_wrong(),
            O::Add | O::Subtract => {
                let (verb, op) =
                    if operator == O::Add { ("add", Binary::Add) } else { ("subtract", Binary::Subtract) };
                match self.common(node, verb, a, b) {
                    Some(kind) => self.combine(node, kind, op, a, b),
                    None => self.known_wrong(),
                }
            }
            O::Multiply => {
                let kind = Type::Number(self.dimension(a) * self.dimension(b));
                self.combine(node, kind, Binary::Multiply, a, b)
            }
            O::Divide => self.quotient(node, a, b),
            O::Power => self.power(node, a, b),
            O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual | O::Equal | O::NotEqual => {
                if self.common(node, "compare", a, b).is_none() {
                    return self.known_wrong();
                }
                let kind = Type::Condition;
                match operator {
                    O::Less => self.combine(node, kind, Binary::Less, a, b),
                    O::LessOrEqual => self.combine(node, kind, Binary::LessOrEqual, a, b),
                    O::Greater => self.combine(node, kind, Binary::Less, b, a),
                    O::GreaterOrEqual => self.combine(node, kind, Binary::LessOrEqual, b, a),
                    O::Equal => self.combine(node, kind, Binary::Equal, a, b),
                    _ => self.combine(node, kind, Binary::NotEqual, a, b),
                }
            }
        }
    }

    /// Whether one of two compared sides is a category; reports the other if it is neither category nor level.
    fn categories(&mut self, node: NodeId, a: NodeId, b: NodeId) -> bool {
        let is_category = |kind: Type| kind == Type::Category;
        let (left, right) = (self.done[a].kind, self.done[b].kind);
        if !is_category(left) && !is_category(right) {
            return false;
        }
        let (category, other) = if is_category(left) { (a, b) } else { (b, a) };
        if !matches!(self.done[other].kind, Type::Category | Type::Wrong) {
            let (category, other) = (self.shown(category), self.shown(other));
            let message = format!("`{category}` is a category, and `{other}` is not one of its levels");
            self.wrong(
                ExprError::new(CATEGORY, self.span(node), message)
                    .label("a category compared with something else")
                    .help(format!("compare it with a level by name, in quotes if it is no plain name: `{category} == '…'`")),
            );
        }
        true
    }

    fn quotient(&mut self, node: NodeId, a: NodeId, b: NodeId) -> Typed {
        if self.graph.value(self.done[b].id) == Some(0.0) {
            let message = format!("`{}` divides by zero", self.shown(node));
            return self.wrong(ExprError::new(ZERO_DIVISION, self.span(b), message).label("this is zero"));
        }
        let kind = Type::Number(self.dimension(a) / self.dimension(b));
        self.combine(node, kind, Binary::Divide, a, b)
    }

    fn power(&mut self, node: NodeId, a: NodeId, b: NodeId) -> Typed {
        if !self.pure(b, "an exponent", "divide it by a reference value first") {
            return self.known_wrong();
        }
        let base = self.dimension(a);
        if base.is_one() {
            return self.combine(node, Type::Number(base), Binary::Power, a, b);
        }
        // The cast is exact: the value is whole and small.
        #[allow(clippy::cast_possible_truncation)]
        let whole = self
            .graph
            .value(self.done[b].id)
            .filter(|y| *y == y.trunc() && y.abs() <= 127.0)
            .map(|y| y as i32);
        match whole.and_then(|whole| base.checked_pow(whole)) {
            Some(dimension) => self.combine(node, Type::Number(dimension), Binary::Power, a, b),
            None => {
                let (base_text, exponent) = (self.shown(a), self.shown(b));
                let message = format!(
                    "`{base_text}` is {base}, so that its exponent must be a whole number, and `{exponent}` is not"
                );
                self.wrong(
                    ExprError::new(EXPONENT, self.span(node), message)
                        .label(format!("a power of {base}"))
                        .help(format!(
                            "divide by a reference value first, as in `({base_text}/(…))^{exponent}`"
                        )),
                )
            }
        }
    }

    pub(super) fn choice(&mut self, node: NodeId, condition: NodeId, a: NodeId, b: NodeId) -> Typed {
        let asked = self.condition(condition, "`if`");
        let both_conditions = [a, b].iter().all(|&side| self.done[side].kind == Type::Condition);
        let values = both_conditions || self.numbers(&[a, b], "a branch of an `if`");
        if !(asked && values) {
            return self.known_wrong();
        }
        let Some(kind) = self.common(node, "choose between two dimensions", a, b) else {
            return self.known_wrong();
        };
        let id = self.graph.select(self.done[condition].id, self.done[a].id, self.done[b].id);
        // A zero in one branch only is a number like any other.
        Typed { id, kind }
    }

    pub(super) fn call(&mut self, node: NodeId, function: Function, arguments: &[NodeId]) -> Typed {
        let text = &self.text[self.span(node)];
        let user = format!("`{}`", &text[..name_length(text)]);
        if !self.numbers(arguments, &user) {
            return self.known_wrong();
        }
        match (function, arguments) {
            (Function::Pow, &[a, b]) => self.power(node, a, b),
            (Function::BoxCox, &[a, shape]) => self.box_cox(node, a, shape),
            (Function::Min | Function::Max, &[first, ref rest @ ..]) => {
                let op = if function == Function::Min { Binary::Min } else { Binary::Max };
                self.extreme(node, op, first, rest)
            }
            (Function::Abs, &[a]) => self.apply(node, self.done[a].kind, Unary::Abs, a),
            (Function::Sqrt, &[a]) => {
                let dimension = self.dimension(a);
                match dimension.sqrt() {
                    Some(root) => self.apply(node, Type::Number(root), Unary::Sqrt, a),
                    None => {
                        let shown = self.shown(a);
                        let message = format!("`{shown}` is {dimension}, which has no square root");
                        let error =
                            ExprError::new(NOT_PURE, self.span(a), message).label(dimension.to_string());
                        self.wrong(error.help("divide it by a reference value first"))
                    }
                }
            }
            (_, &[a]) => {
                let Some(op) = pure_function(function) else { return self.known_wrong() };
                let help = "divide it by a reference value first, as in `log(CL/(1 L/h))`";
                if !self.pure(a, &user, help) {
                    return self.known_wrong();
                }
                self.apply(node, Type::Number(Dimension::ONE), op, a)
            }
            _ => self.known_wrong(),
        }
    }

    /// (x^shape - 1)/shape, and log(x) where the shape is 0 (Box & Cox 1964, J R Stat Soc B 26:211, eq. 1).
    fn box_cox(&mut self, node: NodeId, a: NodeId, shape: NodeId) -> Typed {
        let help = "divide it by a reference value first";
        if ![a, shape].into_iter().all(|part| self.pure(part, "`boxcox`", help)) {
            return self.known_wrong();
        }
        let (x, shape) = (self.done[a].id, self.done[shape].id);
        let build = |graph: &mut Graph| {
            let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
            let power = graph.binary(Binary::Power, x, shape);
            let rise = graph.binary(Binary::Subtract, power, one);
            let curved = graph.binary(Binary::Divide, rise, shape);
            let straight = graph.unary(Unary::Log, x);
            let none = graph.binary(Binary::Equal, shape, zero);
            graph.select(none, straight, curved)
        };
        self.value(node, Type::Number(Dimension::ONE), build, &[x, shape])
    }

    fn extreme(&mut self, node: NodeId, op: Binary, first: NodeId, rest: &[NodeId]) -> Typed {
        let mut so_far = self.done[first];
        // Messages name the first argument that has a dimension.
        let mut named = first;
        for &next in rest {
            let Some(kind) = self.common(node, "compare", named, next) else { return self.known_wrong() };
            if self.done[named].kind == Type::Zero {
                named = next;
            }
            let (a, b) = (so_far.id, self.done[next].id);
            so_far = self.value(node, kind, |graph| graph.binary(op, a, b), &[a, b]);
        }
        so_far
    }

    pub(super) fn unchecked(&mut self, node: NodeId, inner: NodeId, unit: &Unit) -> Typed {
        if !self.number(inner, "`unchecked`") {
            return self.known_wrong();
        }
        let id = self.done[inner].id;
        if self.places[node].unchecked {
            return Typed { id, kind: Type::Number(Dimension::ONE) };
        }
        let kind = Type::Number(unit.dimension());
        self.value(node, kind, |graph| from_unit(graph, id, unit), &[id])
    }
}

/// The functions of a pure number.
fn pure_function(function: Function) -> Option<Unary> {
    Some(match function {
        Function::Exp => Unary::Exp,
        Function::Log => Unary::Log,
        Function::Log10 => Unary::Log10,
        Function::Log2 => Unary::Log2,
        Function::Floor => Unary::Floor,
        Function::Logit => Unary::Logit,
        Function::Expit => Unary::Expit,
        Function::Phi => Unary::Phi,
        Function::Gamma => Unary::Gamma,
        Function::Lgamma => Unary::Lgamma,
        _ => return None,
    })
}
