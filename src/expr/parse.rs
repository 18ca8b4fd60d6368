//! Tokens to a tree, by precedence climbing.
//!
//! From loose to tight: `if`, `or`, `and`, `not`, comparisons, `+ -`, `* /`, sign, `^`, unit. `^` groups to the
//! right, and a sign binds less than it: `-2^2` is -4 and `2^3^2` is 512, as in R and NONMEM.

use std::ops::Range;

use crate::diagnostic::did_you_mean;
use crate::units::Unit;

use super::ExprError;
use super::error::{ARGUMENTS, BAD_NAME, TOO_LARGE, UNCLOSED, UNEXPECTED, UNKNOWN_FUNCTION, unit_error};
use super::lexer::{Lexer, Token, TokenKind, shorten};
use super::syntax::{Expression, Form, Function, KEYWORDS, Node, NodeId, Operator};

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const SUM: u8 = 5;
const PRODUCT: u8 = 6;
const SIGN: u8 = 7;
const POWER: u8 = 8;

fn binding(operator: Operator) -> u8 {
    use Operator as O;
    match operator {
        O::Or => OR,
        O::And => AND,
        O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual | O::Equal | O::NotEqual => COMPARISON,
        O::Add | O::Subtract => SUM,
        O::Multiply | O::Divide => PRODUCT,
        O::Power => POWER,
    }
}

pub(super) fn expression(text: &str) -> Result<Expression, ExprError> {
    if text.len() > Expression::LONGEST {
        let message = format!(
            "the expression has {} bytes of text; at most {} are read",
            text.len(),
            Expression::LONGEST
        );
        return Err(ExprError::new(TOO_LARGE, 0..0, message).help("split it into several named ones"));
    }
    if text.trim().is_empty() {
        return Err(ExprError::new(UNEXPECTED, 0..text.len(), "the expression is empty")
            .label("expected a formula")
            .help("write a formula, such as `CL/V`"));
    }
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    let mut parser = Parser { text, lexer, token, nodes: Vec::new(), depth: 0 };
    parser.whole(0)?;
    if !matches!(parser.token.kind, TokenKind::End) {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(Expression { text: text.to_string(), nodes: parser.nodes })
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    token: Token,
    nodes: Vec<Node>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Result<Token, ExprError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn written(&self, span: &Range<usize>) -> &'a str {
        &self.text[span.clone()]
    }

    fn push(&mut self, form: Form, span: Range<usize>) -> Result<NodeId, ExprError> {
        if self.nodes.len() >= Expression::MOST_NODES {
            let message = format!("the expression has more than {} parts", Expression::MOST_NODES);
            return Err(ExprError::new(TOO_LARGE, span, message).help("split it into several named ones"));
        }
        self.nodes.push(Node { form, outer: span.clone(), span });
        Ok(self.nodes.len() - 1)
    }

    /// The place of a part with the brackets around it.
    fn outer(&self, node: NodeId) -> Range<usize> {
        self.nodes[node].outer.clone()
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.token.kind, TokenKind::Name) && self.written(&self.token.span) == word
    }

    fn unexpected(&self, expected: &str) -> ExprError {
        let span = self.token.span.clone();
        match &self.token.kind {
            TokenKind::End => ExprError::new(
                UNEXPECTED,
                span,
                format!("the expression ends where {expected} should follow"),
            )
            .label(format!("expected {expected}")),
            _ => {
                let found = shorten(self.written(&span));
                let error =
                    ExprError::new(UNEXPECTED, span, format!("found `{found}` instead of {expected}"))
                        .label(format!("expected {expected}"));
                match &self.token.kind {
                    TokenKind::Name | TokenKind::Number { .. } | TokenKind::Open
                        if expected.starts_with("an operator") =>
                    {
                        error.help("a product is written with `*`")
                    }
                    TokenKind::Close if expected.starts_with("an operator") => {
                        error.help("there is no `(` that it closes")
                    }
                    _ => error,
                }
            }
        }
    }

    fn expect_word(&mut self, word: &str, expected: &str) -> Result<(), ExprError> {
        if !self.is_word(word) {
            return Err(self.unexpected(expected));
        }
        self.advance().map(|_| ())
    }

    /// One level deeper; refused where the text nests deeper than any that a person writes.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, ExprError>) -> Result<T, ExprError> {
        if self.depth >= Expression::DEEPEST {
            let message = format!("the expression nests deeper than {} levels", Expression::DEEPEST);
            return Err(ExprError::new(TOO_LARGE, self.token.span.clone(), message)
                .label("too deep from here on")
                .help("split it into several named ones"));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// A part that may be an `if`, or an operation of at least the given binding.
    fn whole(&mut self, least: u8) -> Result<NodeId, ExprError> {
        if self.is_word("if") {
            return self.deeper(Self::choice);
        }
        self.deeper(|parser| parser.operation(least))
    }

    /// `if c then a else if d then b else e`: the chain is a loop, so that a table of many steps is not deep.
    fn choice(&mut self) -> Result<NodeId, ExprError> {
        let mut branches = Vec::new();
        let last = loop {
            let start = self.token.span.start;
            self.expect_word("if", "`if`")?;
            let condition = self.whole(0)?;
            self.expect_word("then", "`then`")?;
            let value = self.whole(0)?;
            if !self.is_word("else") {
                return Err(self
                    .unexpected("an operator or `else`")
                    .help("an `if` needs a value for both cases"));
            }
            self.advance()?;
            branches.push((start, condition, value));
            if !self.is_word("if") {
                break self.whole(0)?;
            }
        };
        let end = self.outer(last).end;
        let mut otherwise = last;
        for (start, condition, value) in branches.into_iter().rev() {
            otherwise = self.push(Form::If(condition, value, otherwise), start..end)?;
        }
        Ok(otherwise)
    }

    fn operator(&self) -> Option<Operator> {
        match self.token.kind {
            TokenKind::Operator(operator) => Some(operator),
            TokenKind::Name => match self.written(&self.token.span) {
                "and" => Some(Operator::And),
                "or" => Some(Operator::Or),
                _ => None,
            },
            _ => None,
        }
    }

    fn operation(&mut self, least: u8) -> Result<NodeId, ExprError> {
        let mut left = self.signed()?;
        while let Some(operator) = self.operator() {
            let strength = binding(operator);
            if strength < least {
                break;
            }
            self.advance()?;
            // To the right of `^` a sign may stand and another `^` groups first.
            let right = match strength {
                POWER => self.deeper(|parser| parser.operation(POWER))?,
                _ => self.deeper(|parser| parser.operation(strength + 1))?,
            };
            let span = self.outer(left).start..self.outer(right).end;
            left = self.push(Form::Binary(operator, left, right), span)?;
            if strength == COMPARISON && self.operator().is_some_and(|next| binding(next) == COMPARISON) {
                let error =
                    ExprError::new(UNEXPECTED, self.token.span.clone(), "comparisons cannot be chained");
                return Err(error.label("a second comparison").help("write `a < b and b < c`"));
            }
        }
        Ok(left)
    }

    /// An operand with the signs before it.
    fn signed(&mut self) -> Result<NodeId, ExprError> {
        let start = self.token.span.start;
        if self.is_word("not") {
            self.advance()?;
            let inner = self.deeper(|parser| parser.operation(NOT))?;
            let end = self.outer(inner).end;
            return self.push(Form::Not(inner), start..end);
        }
        match self.token.kind {
            TokenKind::Operator(Operator::Subtract) => {
                self.advance()?;
                let inner = self.deeper(|parser| parser.operation(SIGN))?;
                let end = self.outer(inner).end;
                self.push(Form::Negate(inner), start..end)
            }
            TokenKind::Operator(Operator::Add) => {
                self.advance()?;
                self.deeper(|parser| parser.operation(SIGN))
            }
            _ => self.operand(),
        }
    }

    fn operand(&mut self) -> Result<NodeId, ExprError> {
        const EXPECTED: &str = "a number, a name or `(`";
        let token = self.token.clone();
        match token.kind {
            TokenKind::Number { value, unit, joined } => {
                self.advance()?;
                self.push(Form::Number { value, unit, joined }, token.span)
            }
            TokenKind::Quoted(inner) => {
                self.advance()?;
                self.push(Form::Quoted(inner), token.span)
            }
            TokenKind::Open => {
                self.advance()?;
                let inner = self.whole(0)?;
                let end = self.close(&token.span)?;
                self.nodes[inner].outer = token.span.start..end;
                Ok(inner)
            }
            TokenKind::Name => {
                let name = self.written(&token.span);
                if name == "if" {
                    return Err(self
                        .unexpected(EXPECTED)
                        .help("put the `if` into brackets: `2*(if a then b else c)`"));
                }
                if KEYWORDS.contains(&name) {
                    return Err(self.unexpected(EXPECTED));
                }
                self.advance()?;
                if matches!(self.token.kind, TokenKind::Open) {
                    return self.call(name, token.span);
                }
                if Function::named(name).is_some() {
                    return Err(ExprError::new(BAD_NAME, token.span, format!("`{name}` is a function"))
                        .label("its arguments are missing")
                        .help(format!("write `{name}(…)`")));
                }
                self.push(Form::Name, token.span)
            }
            _ => Err(self.unexpected(EXPECTED)),
        }
    }

    /// Moves past the closing bracket; its end.
    fn close(&mut self, open: &Range<usize>) -> Result<usize, ExprError> {
        match self.token.kind {
            TokenKind::Close => Ok(self.advance()?.span.end),
            TokenKind::End => Err(ExprError::new(UNCLOSED, open.clone(), "a bracket is not closed")
                .label("opened here")
                .help("close it with `)`")),
            _ => Err(self.unexpected("an operator or `)`")),
        }
    }

    fn call(&mut self, name: &str, span: Range<usize>) -> Result<NodeId, ExprError> {
        let Some(function) = Function::named(name) else {
            let error =
                ExprError::new(UNKNOWN_FUNCTION, span, format!("there is no function `{}`", shorten(name)))
                    .label("not a function");
            return Err(match did_you_mean(name, Function::names()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!(
                    "functions are {}; a product is written with `*`",
                    Function::names().collect::<Vec<_>>().join(", ")
                )),
            });
        };
        let open = self.advance()?.span;
        let mut arguments = Vec::new();
        if function == Function::Unchecked {
            return self.unchecked(span, &open);
        }
        if !matches!(self.token.kind, TokenKind::Close) {
            arguments.push(self.whole(0)?);
            while matches!(self.token.kind, TokenKind::Comma) {
                self.advance()?;
                arguments.push(self.whole(0)?);
            }
        }
        let end = self.close(&open)?;
        let (fewest, most) = function.arguments();
        if arguments.len() < fewest || arguments.len() > most {
            let expected = match (fewest, most) {
                (1, 1) => "one argument".to_string(),
                (2, 2) => "two arguments".to_string(),
                _ => "two or more arguments".to_string(),
            };
            let message = format!("`{name}` takes {expected}, not {}", arguments.len());
            return Err(
                ExprError::new(ARGUMENTS, span.start..end, message).label(format!("expected {expected}"))
            );
        }
        self.push(Form::Call(function, arguments), span.start..end)
    }

    /// `unchecked(expression, unit)`, from after its opening bracket.
    fn unchecked(&mut self, name: Range<usize>, open: &Range<usize>) -> Result<NodeId, ExprError> {
        let inner = self.whole(0)?;
        if !matches!(self.token.kind, TokenKind::Comma) {
            return Err(self.unexpected("an operator or `,`").help("write `unchecked(formula, unit)`"));
        }
        let (text, span) = self.lexer.until_close();
        let unit = text.parse::<Unit>().map_err(|error| unit_error(span, &error))?;
        self.advance()?;
        let end = self.close(open)?;
        self.push(Form::Unchecked(inner, unit), name.start..end)
    }
}
