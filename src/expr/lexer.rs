//! Characters to tokens. A number takes its unit with it, so that a unit binds tighter than any operator.

use std::ops::Range;

use crate::units::Unit;

use super::ExprError;
use super::error::{NUMBER, UNCLOSED, UNEXPECTED, UNIT, unit_error};
use super::syntax::{KEYWORDS, Operator};

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum TokenKind {
    Number { value: f64, unit: Option<Unit>, joined: Vec<Range<usize>> },
    Name,
    Quoted(Range<usize>),
    Operator(Operator),
    Open,
    Close,
    Comma,
    End,
}

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// The length of the name at the start of the text: letters, digits, `_`, and dots within (`eta.CL`).
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(starts_name) {
        return 0;
    }
    let mut end = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((i, c)) = characters.next() {
        let inner_dot =
            c == '.' && characters.peek().is_some_and(|&(_, next)| next.is_alphanumeric() || next == '_');
        if !(c.is_alphanumeric() || c == '_' || inner_dot) {
            break;
        }
        end = i + c.len_utf8();
    }
    end
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'_').count()
}

/// The length of the number at the start of the text, without sign.
fn number_length(text: &str) -> usize {
    let mut end = digits(text);
    if text[end..].starts_with('.') {
        end += 1 + digits(&text[end + 1..]);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(&text[end + 1 + sign..]);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

fn is_unit(name: &str) -> bool {
    !KEYWORDS.contains(&name) && name.parse::<Unit>().is_ok()
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// The text up to the next closing bracket, trimmed, and the place of it: a unit as an argument.
    pub(super) fn until_close(&mut self) -> (&'a str, Range<usize>) {
        self.skip_space();
        let raw = &self.rest()[..self.rest().find(')').unwrap_or(self.rest().len())];
        let start = self.at;
        self.at += raw.len();
        let text = raw.trim_end();
        (text, start..start + text.len())
    }

    pub(super) fn next(&mut self) -> Result<Token, ExprError> {
        self.skip_space();
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Ok(Token { kind: TokenKind::End, span: start..start });
        };
        let second_digit = self.rest()[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        if first.is_ascii_digit() || (first == '.' && second_digit) {
            return self.number();
        }
        if starts_name(first) {
            self.at += name_length(self.rest());
            return Ok(Token { kind: TokenKind::Name, span: start..self.at });
        }
        if first == '\'' || first == '"' {
            return self.quoted(first);
        }
        let (kind, length) = self.symbol(first)?;
        self.at += length;
        Ok(Token { kind, span: start..self.at })
    }

    fn quoted(&mut self, quote: char) -> Result<Token, ExprError> {
        let start = self.at;
        let Some(length) = self.rest()[1..].find(quote) else {
            return Err(ExprError::new(UNCLOSED, start..self.text.len(), "a quote is not closed")
                .label("opened here")
                .help(format!("close it with `{quote}`")));
        };
        self.at += length + 2;
        Ok(Token { kind: TokenKind::Quoted(start + 1..start + 1 + length), span: start..self.at })
    }

    fn symbol(&self, first: char) -> Result<(TokenKind, usize), ExprError> {
        use Operator as O;
        let rest = self.rest();
        let two = |text: &str| rest.starts_with(text);
        let wrong = |length: usize, help: &str| {
            let written = &rest[..length];
            Err(ExprError::new(
                UNEXPECTED,
                self.at..self.at + length,
                format!("`{written}` is no operator here"),
            )
            .label("not part of the language")
            .help(help))
        };
        let operator = |operator, length| Ok((TokenKind::Operator(operator), length));
        match first {
            '*' if two("**") => wrong(2, "write a power with `^`, as in `x^2`"),
            '&' => wrong(if two("&&") { 2 } else { 1 }, "write `and`"),
            '|' => wrong(if two("||") { 2 } else { 1 }, "write `or`"),
            '=' if two("==") => operator(O::Equal, 2),
            '=' => wrong(1, "write `==` to compare"),
            '!' if two("!=") => operator(O::NotEqual, 2),
            '!' => wrong(1, "write `not`"),
            '<' if two("<=") => operator(O::LessOrEqual, 2),
            '<' if two("<>") => wrong(2, "write `!=`"),
            '<' => operator(O::Less, 1),
            '>' if two(">=") => operator(O::GreaterOrEqual, 2),
            '>' => operator(O::Greater, 1),
            '+' => operator(O::Add, 1),
            '-' => operator(O::Subtract, 1),
            '*' => operator(O::Multiply, 1),
            '/' => operator(O::Divide, 1),
            '^' => operator(O::Power, 1),
            '(' => Ok((TokenKind::Open, 1)),
            ')' => Ok((TokenKind::Close, 1)),
            ',' => Ok((TokenKind::Comma, 1)),
            ';' => wrong(1, "an expression is one formula; separate arguments with `,`"),
            '%' => wrong(1, "`%` is a unit and stands after a number, as in `5 %`"),
            other => Err(ExprError::new(UNEXPECTED, self.at..self.at + other.len_utf8(), unreadable(other))
                .label("not part of the language")),
        }
    }

    fn number(&mut self) -> Result<Token, ExprError> {
        let start = self.at;
        let length = number_length(self.rest());
        let written = &self.rest()[..length];
        self.at += length;
        let value = written.replace('_', "").parse::<f64>().ok().filter(|v| v.is_finite());
        let Some(value) = value else {
            let range = "a number is at most about 1.8e308";
            return Err(ExprError::new(
                NUMBER,
                start..self.at,
                format!("`{}` is out of range", shorten(written)),
            )
            .label(range));
        };
        let mut joined = Vec::new();
        let unit = self.unit(&mut joined)?;
        Ok(Token { kind: TokenKind::Number { value, unit, joined }, span: start..self.at })
    }

    /// The unit after a number, if there is one. Names that stand after a `/` or `*` of the unit go to `joined`:
    /// each might have been meant as a symbol.
    fn unit(&mut self, joined: &mut Vec<Range<usize>>) -> Result<Option<Unit>, ExprError> {
        let after_number = self.at;
        self.skip_space();
        let start = self.at;
        if !self.first_factor(start > after_number)? {
            self.at = after_number;
            return Ok(None);
        }
        loop {
            self.power(start)?;
            let here = self.at;
            let rest = self.rest();
            let operator = rest.chars().next().filter(|c| matches!(c, '/' | '*' | '·'));
            self.at += operator.map_or(0, char::len_utf8);
            if operator.is_none() {
                self.skip_space();
            }
            let Some(name) = self.unit_name() else {
                self.at = here;
                break;
            };
            if operator.is_some() {
                joined.push(self.at..self.at + name.len());
            }
            self.at += name.len();
        }
        let text = &self.text[start..self.at];
        text.parse::<Unit>().map(Some).map_err(|error| unit_error(start..self.at, &error))
    }

    /// The name of a unit that stands here, unless it is called like a function.
    fn unit_name(&self) -> Option<&'a str> {
        let rest = self.rest();
        let name = if rest.starts_with('%') { "%" } else { &rest[..name_length(rest)] };
        let called = rest[name.len()..].trim_start().starts_with('(');
        (!name.is_empty() && !called && is_unit(name)).then_some(name)
    }

    /// Moves past the first factor of a unit: a name, or a number as in `1/h` and `10^9/L`. False if none is here.
    fn first_factor(&mut self, spaced: bool) -> Result<bool, ExprError> {
        let rest = self.rest();
        if let Some(name) = self.unit_name() {
            self.at += name.len();
            return Ok(true);
        }
        let name = &rest[..name_length(rest)];
        if !name.is_empty() && !KEYWORDS.contains(&name) {
            let span = self.at..self.at + name.len();
            let name = shorten(name);
            return Err(ExprError::new(UNIT, span, format!("`{name}` is not a unit"))
                .label("a name right after a number is its unit")
                .help(format!("to multiply, write `*` before `{name}`")));
        }
        if !spaced || !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(false);
        }
        // `0.3 1/h`, `5 10^9/L`: a number opens a unit if what follows is below the line.
        let mut length = number_length(rest);
        if rest[length..].starts_with('^') {
            length += 1 + digits(&rest[length + 1..]);
        }
        let below = rest[length..].strip_prefix('/').map_or("", |below| &below[..name_length(below)]);
        let opens = !below.is_empty() && is_unit(below);
        if opens {
            self.at += length;
        }
        Ok(opens)
    }

    /// Moves past the power of a factor. A `^` after a unit always belongs to the unit.
    fn power(&mut self, start: usize) -> Result<(), ExprError> {
        let Some(after) = self.rest().trim_start().strip_prefix('^') else { return Ok(()) };
        let sign = usize::from(after.starts_with('-'));
        let length = sign + after[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let more = after[length..].starts_with(|c: char| c == '.' || starts_name(c));
        if length == sign || more || self.rest().starts_with(' ') {
            let from = self.text.len() - after.len();
            let beyond = |c: char| !(c == '.' || c == '-' || c.is_alphanumeric());
            let end = after.find(beyond).unwrap_or(after.len());
            return Err(ExprError::new(
                UNIT,
                from - 1..from + end,
                "a `^` after a unit is a power of that unit",
            )
            .label("a whole number must follow, without spaces")
            .help(format!(
                "to raise the whole quantity, put it into brackets, as in `(5 {})^2`",
                shorten(&self.text[start..self.at])
            )));
        }
        self.at = self.text.len() - after.len() + length;
        Ok(())
    }
}

fn unreadable(c: char) -> String {
    if c.is_control() { "a control character cannot be read".into() } else { format!("`{c}` cannot be read") }
}

/// At most forty characters of a text, for a message.
pub(super) fn shorten(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= 40 { words } else { words.chars().take(39).chain(['…']).collect() }
}
