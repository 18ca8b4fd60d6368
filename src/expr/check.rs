//! Names to inputs, and dimensions up the tree: from [`Expression`] to [`Checked`].

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::diagnostic::did_you_mean;
use crate::units::{Dimension, Unit};

use super::checked::{Kind, Known, from_unit, to_unit};
use super::error::{
    AMBIGUOUS, CATEGORY, CONDITION, DIMENSIONS, EXPONENT, LEVEL, NO_UNIT, NOT_FINITE, NOT_PURE, TOO_LARGE,
    UNKNOWN_NAME, ZERO_DIVISION, is_dimension,
};
use super::graph::{Binary, Graph, Id, Unary};
use super::lexer::{name_length, shorten};
use super::scope::Entry;
use super::syntax::{Expression, Form, Function, Node, NodeId, Operator};
use super::{Checked, ExprError, Scope};

/// Most operations in an expression into which its definitions were put.
const LARGEST: usize = 100_000;

pub(super) fn number(expression: &Expression, scope: &Scope) -> Result<Checked, Vec<ExprError>> {
    let whole = 0..expression.text.len();
    checked(expression, scope, |kind| match kind {
        Type::Condition => {
            Err(ExprError::new(CONDITION, whole, "a number is needed here, and this is a condition")
                .label("a condition")
                .help("choose between two numbers with `if … then … else …`"))
        }
        Type::Number(dimension) => Ok(Kind::Number(dimension)),
        _ => Ok(Kind::Number(Dimension::ONE)),
    })
}

pub(super) fn condition(expression: &Expression, scope: &Scope) -> Result<Checked, Vec<ExprError>> {
    let whole = 0..expression.text.len();
    checked(expression, scope, |kind| match kind {
        Type::Condition => Ok(Kind::Condition),
        _ => Err(ExprError::new(CONDITION, whole, "a condition is needed here, and this is a number")
            .label("a number")
            .help("compare it with something, as in `HB < 80 g/L`")),
    })
}

fn checked(
    expression: &Expression,
    scope: &Scope,
    accept: impl FnOnce(Type) -> Result<Kind, ExprError>,
) -> Result<Checked, Vec<ExprError>> {
    let mut checker = Checker::new(expression, scope);
    for id in 0..expression.nodes.len() {
        let typed = checker.node(id);
        checker.done.push(typed);
        if checker.graph.nodes().len() > LARGEST {
            let message = format!("with its definitions the expression has more than {LARGEST} operations");
            return Err(vec![ExprError::new(TOO_LARGE, 0..expression.text.len(), message)]);
        }
    }
    let Some(&root) = checker.done.last() else { return Err(checker.errors) };
    if checker.errors.is_empty() {
        match accept(root.kind) {
            Ok(kind) => return Ok(Checked::new(&checker.graph, root.id, &checker.symbols, kind)),
            Err(error) => checker.errors.push(error),
        }
    }
    checker.errors.sort_by_key(|error| (error.span.start, error.span.end));
    Err(checker.errors)
}

/// What a part of an expression is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    Number(Dimension),
    /// The literal 0, which has any dimension.
    Zero,
    Condition,
    /// A category or a level: fit for a comparison only.
    Category,
    /// Already reported.
    Wrong,
}

#[derive(Clone, Copy, Debug)]
struct Typed {
    id: Id,
    kind: Type,
}

/// What the nodes above a node say about it.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// It stands in `unchecked(…)`.
    unchecked: bool,
    /// It is compared with this node, which may be a category.
    compared: Option<NodeId>,
}

struct Checker<'a> {
    text: &'a str,
    nodes: &'a [Node],
    scope: &'a Scope,
    places: Vec<Place>,
    graph: Graph,
    symbols: BTreeMap<usize, Known>,
    /// Definitions that were put in already.
    inserted: HashMap<&'a str, Id>,
    done: Vec<Typed>,
    errors: Vec<ExprError>,
}

impl<'a> Checker<'a> {
    fn new(expression: &'a Expression, scope: &'a Scope) -> Self {
        let nodes = &expression.nodes;
        let mut places = vec![Place::default(); nodes.len()];
        if let Some(last) = places.last_mut() {
            last.unchecked = scope.is_unchecked();
        }
        // Operands stand before what uses them, so backwards every node is met before its operands.
        for (id, node) in nodes.iter().enumerate().rev() {
            let unchecked = places[id].unchecked || matches!(node.form, Form::Unchecked(..));
            for operand in operands(&node.form) {
                places[operand].unchecked = unchecked;
            }
            if let Form::Binary(Operator::Equal | Operator::NotEqual, a, b) = node.form {
                places[a].compared = Some(b);
                places[b].compared = Some(a);
            }
        }
        Checker {
            text: &expression.text,
            nodes,
            scope,
            places,
            graph: Graph::default(),
            symbols: BTreeMap::new(),
            inserted: HashMap::new(),
            done: Vec::with_capacity(nodes.len()),
            errors: Vec::new(),
        }
    }

    fn span(&self, node: NodeId) -> Range<usize> {
        self.nodes[node].span.clone()
    }

    fn shown(&self, node: NodeId) -> String {
        shorten(&self.text[self.span(node)])
    }

    fn wrong(&mut self, error: ExprError) -> Typed {
        self.errors.push(error);
        self.known_wrong()
    }

    fn known_wrong(&mut self) -> Typed {
        Typed { id: self.graph.constant(0.0), kind: Type::Wrong }
    }

    fn node(&mut self, node: NodeId) -> Typed {
        match &self.nodes[node].form {
            Form::Number { value, unit, joined } => self.literal(node, *value, unit.as_ref(), joined),
            Form::Name => self.name(node, self.span(node)),
            Form::Quoted(inner) => match self.levels_beside(node) {
                Some(levels) => self.level(node, inner.clone(), levels),
                None => {
                    let message = "a text in quotes is the level of a category and is compared with one";
                    self.wrong(
                        ExprError::new(CATEGORY, self.span(node), message)
                            .label("not compared with a category")
                            .help("write as in `PATIENT == 'healthy volunteer'`"),
                    )
                }
            },
            &Form::Negate(a) => self.negated(a),
            &Form::Not(a) => {
                if self.condition(a, "`not`") {
                    let id = self.graph.unary(Unary::Not, self.done[a].id);
                    Typed { id, kind: Type::Condition }
                } else {
                    self.known_wrong()
                }
            }
            &Form::Binary(operator, a, b) => self.operation(node, operator, a, b),
            &Form::If(condition, then, otherwise) => self.choice(node, condition, then, otherwise),
            Form::Call(function, arguments) => self.call(node, *function, arguments),
            Form::Unchecked(inner, unit) => self.unchecked(node, *inner, unit),
        }
    }

    // ---- leaves

    fn literal(&mut self, node: NodeId, value: f64, unit: Option<&Unit>, joined: &[Range<usize>]) -> Typed {
        for span in joined {
            let name = &self.text[span.clone()];
            if self.scope.get(name).is_some() {
                let message = format!("`{name}` is a unit and also a name of this model");
                let error = ExprError::new(AMBIGUOUS, span.clone(), message)
                    .label("unit or name?")
                    .help(format!("put the quantity before it into brackets if you mean the name `{name}`"));
                return self.wrong(error);
            }
        }
        let unchecked = self.places[node].unchecked;
        let (value, kind) = match unit {
            None if value == 0.0 => (value, Type::Zero),
            Some(unit) if !unchecked => (unit.to_coherent(value), Type::Number(unit.dimension())),
            _ => (value, Type::Number(Dimension::ONE)),
        };
        if !value.is_finite() {
            let error = ExprError::new(NOT_FINITE, self.span(node), "the quantity is out of range");
            return self.wrong(error.label("too large"));
        }
        Typed { id: self.graph.constant(value), kind }
    }

    /// The levels of the category that a node is compared with.
    fn levels_beside(&self, node: NodeId) -> Option<&'a [String]> {
        let other = &self.nodes[self.places[node].compared?];
        let name = &self.text[other.span.clone()];
        match (&other.form, self.scope.get(name)?) {
            (Form::Name, Entry::Symbol(symbol)) => symbol.levels.as_deref(),
            _ => None,
        }
    }

    fn level(&mut self, node: NodeId, written: Range<usize>, levels: &[String]) -> Typed {
        let name = &self.text[written];
        if let Some(index) = levels.iter().position(|level| level == name) {
            #[allow(clippy::cast_precision_loss)] // no category has 2^53 levels
            let id = self.graph.constant(index as f64);
            return Typed { id, kind: Type::Category };
        }
        let category = self.places[node].compared.map(|other| self.shown(other)).unwrap_or_default();
        let message = format!("`{}` is not a level of `{category}`", shorten(name));
        let error = ExprError::new(LEVEL, self.span(node), message).label("not one of its levels");
        let all = shorten(&levels.join(", "));
        let error = match did_you_mean(name, levels.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("its levels are {all}")),
        };
        self.wrong(error)
    }

    fn name(&mut self, node: NodeId, span: Range<usize>) -> Typed {
        let name = &self.text[span.clone()];
        if let Some(levels) = self.levels_beside(node) {
            let also_category = matches!(self.scope.get(name), Some(Entry::Symbol(symbol)) if symbol.levels.as_deref() == Some(levels));
            if !also_category {
                return self.level(node, span, levels);
            }
        }
        match self.scope.get(name) {
            Some(Entry::Symbol(symbol)) => {
                let known = Known { name: name.into(), dimension: symbol.unit.dimension() };
                self.symbols.entry(symbol.slot).or_insert(known);
                let id = self.graph.symbol(symbol.slot);
                if symbol.levels.is_some() {
                    return Typed { id, kind: Type::Category };
                }
                if self.places[node].unchecked {
                    let id = to_unit(&mut self.graph, id, &symbol.unit);
                    return Typed { id, kind: Type::Number(Dimension::ONE) };
                }
                Typed { id, kind: Type::Number(symbol.unit.dimension()) }
            }
            Some(Entry::Definition { value, unit }) => self.definition(node, name, value, unit.as_ref()),
            None => self.unknown(node, name),
        }
    }

    fn definition(&mut self, node: NodeId, name: &'a str, value: &Checked, unit: Option<&Unit>) -> Typed {
        let id = match self.inserted.get(name) {
            Some(&id) => id,
            None => {
                let place = self.graph.import(value.nodes());
                let id = place.last().copied().unwrap_or_default();
                for (slot, known) in value.symbols() {
                    self.symbols.entry(*slot).or_insert_with(|| known.clone());
                }
                self.inserted.insert(name, id);
                id
            }
        };
        if value.kind() == Kind::Condition {
            return Typed { id, kind: Type::Condition };
        }
        if !self.places[node].unchecked {
            return Typed { id, kind: Type::Number(value.dimension()) };
        }
        match unit {
            Some(unit) => {
                let id = to_unit(&mut self.graph, id, unit);
                Typed { id, kind: Type::Number(Dimension::ONE) }
            }
            None if value.dimension().is_one() => Typed { id, kind: Type::Number(Dimension::ONE) },
            None => {
                let message =
                    format!("`{name}` has no unit of its own, so that it is no number in `unchecked`");
                let error =
                    ExprError::new(NO_UNIT, self.span(node), message).label("a number in which unit?");
                self.wrong(
                    error.help(format!(
                        "divide it by one of its unit outside, or declare the unit of `{name}`"
                    )),
                )
            }
        }
    }

    fn unknown(&mut self, node: NodeId, name: &str) -> Typed {
        let error =
            ExprError::new(UNKNOWN_NAME, self.span(node), format!("`{}` is not known here", shorten(name)))
                .label("not a name that is defined");
        let near = did_you_mean(name, self.scope.names());
        let error = if let Some(near) = near {
            error.help(format!("did you mean `{near}`?"))
        } else if name.parse::<Unit>().is_ok() {
            error.help(format!(
                "a unit follows its number without an operator, as in `1 {name}` or `2 1/{name}`"
            ))
        } else if self.scope.names().next().is_none() {
            error.help("no names are defined here")
        } else {
            let names = self.scope.names().take(12).collect::<Vec<_>>().join(", ");
            let more = if self.scope.names().nth(12).is_some() { ", …" } else { "" };
            error.help(format!("names that are defined: {names}{more}"))
        };
        self.wrong(error)
    }

    // ---- what parts must be

    /// Whether a part is a condition; reports it if it is not.
    fn condition(&mut self, node: NodeId, user: &str) -> bool {
        match self.done[node].kind {
            Type::Condition => true,
            Type::Wrong => false,
            _ => {
                let message = format!("{user} needs a condition, and `{}` is a number", self.shown(node));
                self.wrong(
                    ExprError::new(CONDITION, self.span(node), message)
                        .label("a number")
                        .help("compare it with something, as in `WT > 100 kg`"),
                );
                false
            }
        }
    }

    /// Whether a part is a number; reports it if it is not.
    fn number(&mut self, node: NodeId, user: &str) -> bool {
        let shown = self.shown(node);
        let error = match self.done[node].kind {
            Type::Number(_) | Type::Zero => return true,
            Type::Wrong => return false,
            Type::Condition => {
                let message = format!("{user} needs a number, and `{shown}` is a condition");
                ExprError::new(CONDITION, self.span(node), message)
                    .label("a condition")
                    .help("choose between two numbers with `(if … then … else …)`")
            }
            Type::Category => {
                let message = format!("{user} needs a number, and `{shown}` is a category");
                ExprError::new(CATEGORY, self.span(node), message)
                    .label("a category")
                    .help(format!("compare it with one of its levels, as in `if {shown} == … then … else …`"))
            }
        };
        self.wrong(error);
        false
    }

    fn numbers(&mut self, nodes: &[NodeId], user: &str) -> bool {
        // Every one is looked at, so that every wrong one is reported.
        nodes.iter().filter(|&&node| !self.number(node, user)).count() == 0
    }

    fn dimension(&self, node: NodeId) -> Dimension {
        match self.done[node].kind {
            Type::Number(dimension) => dimension,
            _ => Dimension::ONE,
        }
    }

    /// Whether a number is a pure one; reports it if it is not.
    fn pure(&mut self, node: NodeId, user: &str, help: &str) -> bool {
        let dimension = self.dimension(node);
        if dimension.is_one() {
            return true;
        }
        let shown = self.shown(node);
        let message = format!("{user} needs a pure number, and `{shown}` {}", is_dimension(dimension));
        self.wrong(
            ExprError::new(NOT_PURE, self.span(node), message).label(dimension.to_string()).help(help),
        );
        false
    }

    /// The common type of numbers that are added, compared or chosen between; reports it if there is none.
    fn common(&mut self, node: NodeId, verb: &str, a: NodeId, b: NodeId) -> Option<Type> {
        match (self.done[a].kind, self.done[b].kind) {
            (Type::Zero, other) | (other, Type::Zero) => Some(other),
            (left, right) if left == right => Some(left),
            _ => {
                let (left, right) = (self.dimension(a), self.dimension(b));
                let message =
                    format!("cannot {verb}: `{}` is {left}, `{}` is {right}", self.shown(a), self.shown(b));
                let label = format!("{left} and {right}");
                self.wrong(
                    ExprError::new(DIMENSIONS, self.span(node), message)
                        .label(label)
                        .help("both sides need the same dimension"),
                );
                None
            }
        }
    }

    // ---- operations

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

    fn negated(&mut self, a: NodeId) -> Typed {
        if !self.number(a, "a sign") {
            return self.known_wrong();
        }
        let Typed { id, kind } = self.done[a];
        Typed { id: self.graph.unary(Unary::Negate, id), kind }
    }

    fn operation(&mut self, node: NodeId, operator: Operator, a: NodeId, b: NodeId) -> Typed {
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

    fn choice(&mut self, node: NodeId, condition: NodeId, a: NodeId, b: NodeId) -> Typed {
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

    fn call(&mut self, node: NodeId, function: Function, arguments: &[NodeId]) -> Typed {
        let text = &self.text[self.span(node)];
        let user = format!("`{}`", &text[..name_length(text)]);
        if !self.numbers(arguments, &user) {
            return self.known_wrong();
        }
        match (function, arguments) {
            (Function::Pow, &[a, b]) => self.power(node, a, b),
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

    fn unchecked(&mut self, node: NodeId, inner: NodeId, unit: &Unit) -> Typed {
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

fn operands(form: &Form) -> Vec<NodeId> {
    match form {
        Form::Number { .. } | Form::Name | Form::Quoted(_) => Vec::new(),
        &Form::Negate(a) | &Form::Not(a) | &Form::Unchecked(a, _) => vec![a],
        &Form::Binary(_, a, b) => vec![a, b],
        &Form::If(a, b, c) => vec![a, b, c],
        Form::Call(_, arguments) => arguments.clone(),
    }
}
