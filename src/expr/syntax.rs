use std::ops::Range;

use crate::units::Unit;

use super::parse;
use super::{Checked, ExprError, Scope, check};

/// An expression that was parsed: its form is right, its names and dimensions are not yet looked at.
#[derive(Clone, Debug)]
pub struct Expression {
    pub(super) text: String,
    /// Operands stand before what uses them; the last node is the whole expression.
    pub(super) nodes: Vec<Node>,
}

pub(super) type NodeId = usize;

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) form: Form,
    pub(super) span: Range<usize>,
    /// The span with the brackets around it.
    pub(super) outer: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    Number {
        value: f64,
        unit: Option<Unit>,
        /// Names that were read as units although an operator stands before them.
        joined: Vec<Range<usize>>,
    },
    Name,
    /// A level in quotes: the text between them.
    Quoted(Range<usize>),
    Negate(NodeId),
    Not(NodeId),
    Binary(Operator, NodeId, NodeId),
    If(NodeId, NodeId, NodeId),
    Call(Function, Vec<NodeId>),
    Unchecked(NodeId, Unit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Operator {
    pub(super) fn text(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Power => "^",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::And => "and",
            Operator::Or => "or",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Exp,
    Log,
    Log10,
    Log2,
    Sqrt,
    Abs,
    Min,
    Max,
    Floor,
    Logit,
    Expit,
    Phi,
    Gamma,
    Lgamma,
    Pow,
    BoxCox,
    Unchecked,
}

/// The functions by name, with the fewest and most arguments they take.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("exp", Function::Exp, 1, 1),
    ("log", Function::Log, 1, 1),
    ("ln", Function::Log, 1, 1),
    ("log10", Function::Log10, 1, 1),
    ("log2", Function::Log2, 1, 1),
    ("sqrt", Function::Sqrt, 1, 1),
    ("abs", Function::Abs, 1, 1),
    ("min", Function::Min, 2, usize::MAX),
    ("max", Function::Max, 2, usize::MAX),
    ("floor", Function::Floor, 1, 1),
    ("logit", Function::Logit, 1, 1),
    ("expit", Function::Expit, 1, 1),
    ("phi", Function::Phi, 1, 1),
    ("gamma", Function::Gamma, 1, 1),
    ("lgamma", Function::Lgamma, 1, 1),
    ("pow", Function::Pow, 2, 2),
    ("boxcox", Function::BoxCox, 2, 2),
    ("unchecked", Function::Unchecked, 2, 2),
];

/// Words with a meaning of their own.
pub(super) const KEYWORDS: &[&str] = &["if", "then", "else", "and", "or", "not"];

impl Function {
    pub(super) fn named(name: &str) -> Option<Function> {
        FUNCTIONS.iter().find(|(n, ..)| *n == name).map(|&(_, function, ..)| function)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(name, ..)| *name)
    }

    pub(super) fn arguments(self) -> (usize, usize) {
        FUNCTIONS
            .iter()
            .find(|(_, function, ..)| *function == self)
            .map_or((1, 1), |&(_, _, fewest, most)| (fewest, most))
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Text that is no expression, or one larger than the bounds ([`Expression::LONGEST`], [`Expression::DEEPEST`],
    /// [`Expression::MOST_NODES`]).
    pub fn parse(text: &str) -> Result<Expression, ExprError> {
        parse::expression(text)
    }

    /// Most bytes of text in an expression.
    pub const LONGEST: usize = 50_000;
    /// Most levels of brackets, calls, powers and signs within each other.
    pub const DEEPEST: usize = 200;
    /// Most numbers, names and operations in an expression.
    pub const MOST_NODES: usize = 10_000;

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names in the expression and where they stand, in the order of the text. Levels of categories are among
    /// them: only [`Expression::check`] can tell which they are.
    pub fn names(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.nodes
            .iter()
            .filter(|node| matches!(node.form, Form::Name))
            .map(|node| (&self.text[node.span.clone()], node.span.clone()))
    }

    /// Whether a part of the expression stands in `unchecked(…)`, which the report tells its reader.
    pub fn has_unchecked(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.form, Form::Unchecked(..)))
    }

    /// Looks up the names and checks the dimensions of a numerical expression.
    ///
    /// # Errors
    /// All the names that are not known, and all the places where dimensions do not fit together.
    pub fn check(&self, scope: &Scope) -> Result<Checked, Vec<ExprError>> {
        check::number(self, scope)
    }

    /// Looks up the names and checks the dimensions of a condition, such as `HB < 80 g/L`. Its value is 1 where it
    /// holds and 0 where it does not.
    ///
    /// # Errors
    /// As [`Expression::check`].
    pub fn check_condition(&self, scope: &Scope) -> Result<Checked, Vec<ExprError>> {
        check::condition(self, scope)
    }
}
