//! Names to inputs, and dimensions up the tree: from [`Expression`] to [`Checked`].

mod leaves;
mod operations;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::units::Dimension;

use super::checked::{Kind, Known};
use super::error::{CATEGORY, CONDITION, DIMENSIONS, NOT_PURE, TOO_LARGE};
use super::graph::{Graph, Id, Unary};
use super::lexer::shorten;
use super::syntax::{Expression, Form, Node, NodeId, Operator};
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
        let message = format!("{user} needs a pure number, and `{shown}` is {dimension}");
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
