use std::cell::RefCell;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use super::shape::{self, Kind};
use super::tree::{Entry, Node, Value};
use super::{Spanned, child_path};
use crate::diagnostic::{Collector, Diagnostic, Source, did_you_mean};
use crate::units::{Dimension, Quantity, Unit};

/// A table that is being read. Each accessor takes note of its key; [`Table::finish`] refuses the keys that nobody
/// asked for. An accessor returns `None` where the key is absent or its value is wrong, and has then reported it.
#[derive(Debug)]
pub struct Table<'a> {
    source: &'a Arc<Source>,
    problems: &'a Collector,
    path: String,
    node: &'a Node,
    asked: RefCell<Vec<String>>,
}

/// A value of any kind that is being read.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    source: &'a Arc<Source>,
    problems: &'a Collector,
    path: String,
    node: &'a Node,
}

/// A quantity is text, or a bare number where it is pure.
const QUANTITY: &[Kind] = &[Kind::String, Kind::Number];

impl<'a> Table<'a> {
    pub(super) fn new(
        source: &'a Arc<Source>,
        problems: &'a Collector,
        path: String,
        node: &'a Node,
    ) -> Self {
        Table { source, problems, path, node, asked: RefCell::default() }
    }

    /// Lays the table over a node.
    pub(super) fn lay_over(&self, under: &mut Node) {
        self.node.lay_over(under);
    }

    fn raw(&self) -> &'a [Entry] {
        match &self.node.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The path of the table in the file, such as `arms.step down`; empty for the whole file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The bytes of the file that hold the table (for a `[header]`, the header).
    pub fn span(&self) -> Range<usize> {
        self.node.span.clone()
    }

    /// The file.
    pub fn source(&self) -> &'a Arc<Source> {
        self.source
    }

    /// Where problems go.
    pub fn problems(&self) -> &'a Collector {
        self.problems
    }

    /// Reports an error at a place in this file.
    pub fn error(&self, code: &'static str, span: Range<usize>, message: impl Into<String>) {
        self.problems.push(Diagnostic::error(code, message).at(self.source, span));
    }

    /// Reports a problem at a place in this file.
    pub fn report(&self, diagnostic: Diagnostic, span: Range<usize>) {
        self.problems.push(diagnostic.at(self.source, span));
    }

    /// The keys of a table within this one. Does not count as asking for them.
    pub fn keys(&self, table: &str) -> impl Iterator<Item = &'a str> {
        let entries: &[Entry] =
            match self.raw().iter().find(|entry| entry.key == table).map(|e| &e.node.value) {
                Some(Value::Table(entries)) => entries,
                _ => &[],
            };
        entries.iter().map(|entry| entry.key.as_str())
    }

    /// The place of a key of a table within this one. Does not count as asking for it.
    pub fn key_span(&self, table: &str, key: &str) -> Option<Range<usize>> {
        let inner = self.raw().iter().find(|entry| entry.key == table)?;
        let Value::Table(entries) = &inner.node.value else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_span.clone())
    }

    /// Whether the key is there. Does not count as asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.raw().iter().any(|entry| entry.key == key)
    }

    /// All entries in file order, each with the place of its key; all count as asked for.
    pub fn entries(&self) -> Vec<(Spanned<String>, Item<'a>)> {
        shape::all_entries(self.source, &self.path);
        self.raw()
            .iter()
            .map(|entry| {
                self.asked.borrow_mut().push(entry.key.clone());
                let name = Spanned { value: entry.key.clone(), span: entry.key_span.clone() };
                (name, self.child(entry))
            })
            .collect()
    }

    fn child(&self, entry: &'a Entry) -> Item<'a> {
        let path = child_path(&self.path, &entry.key);
        Item { source: self.source, problems: self.problems, path, node: &entry.node }
    }

    /// The value of a key that is read as one of these kinds.
    fn of(&self, key: &str, kinds: &[Kind]) -> Option<Item<'a>> {
        shape::read_as(self.source, &child_path(&self.path, key), kinds);
        self.item(key)
    }

    /// The value of a key that must be there and is read as one of these kinds.
    fn required_of(&self, key: &str, kinds: &[Kind]) -> Option<Item<'a>> {
        shape::read_as(self.source, &child_path(&self.path, key), kinds);
        self.required(key)
    }

    /// The value of a key, of whatever kind.
    pub fn item(&self, key: &str) -> Option<Item<'a>> {
        shape::asked_for(self.source, &self.path, key, false);
        self.asked.borrow_mut().push(key.to_string());
        self.raw().iter().find(|entry| entry.key == key).map(|entry| self.child(entry))
    }

    /// The value of a key that must be there (E0103).
    pub fn required(&self, key: &str) -> Option<Item<'a>> {
        shape::asked_for(self.source, &self.path, key, true);
        let item = self.item(key);
        if item.is_none() {
            let place = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
            let span = self.node.span.clone();
            // A misspelt key is the likely reason; the whole file is no useful place.
            let span = if self.path.is_empty() { 0..0 } else { span };
            let near = did_you_mean(key, self.raw().iter().map(|entry| entry.key.as_str()));
            let help = near.map_or_else(
                || format!("add `{key} = …`"),
                |near| format!("`{near}` is there; is it meant?"),
            );
            self.problems.push(
                Diagnostic::error("E0103", format!("`{key}` is missing{place}"))
                    .at(self.source, span)
                    .help(help),
            );
        }
        item
    }

    /// A string.
    pub fn string(&self, key: &str) -> Option<Spanned<String>> {
        self.of(key, &[Kind::String])?.string()
    }

    /// A string that must be there.
    pub fn required_string(&self, key: &str) -> Option<Spanned<String>> {
        self.required_of(key, &[Kind::String])?.string()
    }

    /// A number without a unit.
    pub fn number(&self, key: &str) -> Option<Spanned<f64>> {
        self.of(key, &[Kind::Number])?.number()
    }

    /// A number without a unit that must be there.
    pub fn required_number(&self, key: &str) -> Option<Spanned<f64>> {
        self.required_of(key, &[Kind::Number])?.number()
    }

    /// A whole number.
    pub fn integer(&self, key: &str) -> Option<Spanned<i64>> {
        self.of(key, &[Kind::Integer])?.integer()
    }

    /// A whole number that must be there.
    pub fn required_integer(&self, key: &str) -> Option<Spanned<i64>> {
        self.required_of(key, &[Kind::Integer])?.integer()
    }

    /// True or false.
    pub fn boolean(&self, key: &str) -> Option<Spanned<bool>> {
        self.of(key, &[Kind::Boolean])?.boolean()
    }

    /// A quantity such as `"45 mg"`, of a given dimension or of any.
    pub fn quantity(&self, key: &str, dimension: Option<Dimension>) -> Option<Spanned<Quantity>> {
        self.of(key, QUANTITY)?.quantity(dimension)
    }

    /// A quantity that must be there.
    pub fn required_quantity(&self, key: &str, dimension: Option<Dimension>) -> Option<Spanned<Quantity>> {
        self.required_of(key, QUANTITY)?.quantity(dimension)
    }

    /// A unit such as `"ng/mL"`, of a given dimension or of any.
    pub fn unit(&self, key: &str, dimension: Option<Dimension>) -> Option<Spanned<Unit>> {
        self.of(key, &[Kind::String])?.unit(dimension)
    }

    /// A unit that must be there.
    pub fn required_unit(&self, key: &str, dimension: Option<Dimension>) -> Option<Spanned<Unit>> {
        self.required_of(key, &[Kind::String])?.unit(dimension)
    }

    /// A table within this one.
    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        self.of(key, &[Kind::Table])?.table()
    }

    /// A table within this one that must be there.
    pub fn required_table(&self, key: &str) -> Option<Table<'a>> {
        self.required_of(key, &[Kind::Table])?.table()
    }

    /// An array.
    pub fn array(&self, key: &str) -> Option<Spanned<Vec<Item<'a>>>> {
        self.of(key, &[Kind::Array])?.array()
    }

    /// An array that must be there.
    pub fn required_array(&self, key: &str) -> Option<Spanned<Vec<Item<'a>>>> {
        self.required_of(key, &[Kind::Array])?.array()
    }

    /// Refuses every key that nobody asked for (E0102).
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for entry in self.raw().iter().filter(|entry| !asked.contains(&entry.key)) {
            let unread = asked.iter().map(String::as_str).filter(|name| !self.has(name));
            let place = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
            let mut known: Vec<&str> = asked.iter().map(String::as_str).collect();
            known.sort_unstable();
            known.dedup();
            let help = match did_you_mean(&entry.key, unread.chain(known.iter().copied())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("keys that may stand here: {}", known.join(", ")),
            };
            self.problems.push(
                Diagnostic::error("E0102", format!("unknown key `{}`{place}", entry.key))
                    .at(self.source, entry.key_span.clone())
                    .help(help),
            );
        }
    }
}

impl<'a> Item<'a> {
    /// The path of the value in the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The bytes of the file that hold the value.
    pub fn span(&self) -> Range<usize> {
        self.node.span.clone()
    }

    /// The file.
    pub fn source(&self) -> &'a Arc<Source> {
        self.source
    }

    /// Reports an error at this value.
    pub fn error(&self, code: &'static str, message: impl Into<String>) {
        self.problems.push(Diagnostic::error(code, message).at(self.source, self.span()));
    }

    /// Reports a problem at this value.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic.at(self.source, self.span()));
    }

    /// Reports a problem at a part of this string: the bytes of its content, from 0. Exact where the string is
    /// written without escapes.
    pub fn report_within(&self, diagnostic: Diagnostic, part: Range<usize>) {
        let span = self.span();
        let written = self.source.text().get(span.clone()).unwrap_or("");
        let mut quotes = written.chars().take_while(|c| matches!(c, '"' | '\'')).count();
        // An empty string is two quotes of which one opens.
        if quotes == 2 {
            quotes = 1;
        }
        let start = (span.start + quotes + part.start).min(span.end);
        let end = (span.start + quotes + part.end).clamp(start, span.end.max(start));
        self.problems.push(diagnostic.at(self.source, start..end));
    }

    /// Whether the value is a table.
    pub fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// Whether the value is a string.
    pub fn is_string(&self) -> bool {
        matches!(self.node.value, Value::String(_))
    }

    /// Whether the value is a number without a unit.
    pub fn is_number(&self) -> bool {
        matches!(self.node.value, Value::Integer(_) | Value::Float(_))
    }

    /// Whether the value is an array.
    pub fn is_array(&self) -> bool {
        matches!(self.node.value, Value::Array(_))
    }

    fn here<T>(&self, value: T) -> Option<Spanned<T>> {
        Some(Spanned { value, span: self.span() })
    }

    fn wrong<T>(&self, wanted: &str) -> Option<T> {
        self.error("E0104", format!("`{}` must be {wanted}, not {}", self.path, self.node.value.kind()));
        None
    }

    /// The value as a string.
    pub fn string(&self) -> Option<Spanned<String>> {
        shape::read_as(self.source, &self.path, &[Kind::String]);
        match &self.node.value {
            Value::String(text) => self.here(text.clone()),
            _ => self.wrong("a string"),
        }
    }

    /// The value as a number without a unit.
    pub fn number(&self) -> Option<Spanned<f64>> {
        shape::read_as(self.source, &self.path, &[Kind::Number]);
        match self.node.value {
            Value::Float(value) => self.here(value),
            // Whole numbers in files are far below 2^53; larger ones lose nothing that matters.
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(value) => self.here(value as f64),
            _ => self.wrong("a number"),
        }
    }

    /// The value as a whole number.
    pub fn integer(&self) -> Option<Spanned<i64>> {
        shape::read_as(self.source, &self.path, &[Kind::Integer]);
        match self.node.value {
            Value::Integer(value) => self.here(value),
            _ => self.wrong("a whole number"),
        }
    }

    /// The value as true or false.
    pub fn boolean(&self) -> Option<Spanned<bool>> {
        shape::read_as(self.source, &self.path, &[Kind::Boolean]);
        match self.node.value {
            Value::Boolean(value) => self.here(value),
            _ => self.wrong("true or false"),
        }
    }

    /// The value as an array.
    pub fn array(&self) -> Option<Spanned<Vec<Item<'a>>>> {
        shape::read_as(self.source, &self.path, &[Kind::Array]);
        match &self.node.value {
            Value::Array(nodes) => self.here(
                nodes
                    .iter()
                    .enumerate()
                    .map(|(i, node)| Item {
                        source: self.source,
                        problems: self.problems,
                        path: format!("{}[{i}]", self.path),
                        node,
                    })
                    .collect(),
            ),
            _ => self.wrong("an array"),
        }
    }

    /// The value as a table.
    pub fn table(&self) -> Option<Table<'a>> {
        shape::read_as(self.source, &self.path, &[Kind::Table]);
        match self.node.value {
            Value::Table(_) => Some(Table::new(self.source, self.problems, self.path.clone(), self.node)),
            _ => self.wrong("a table"),
        }
    }

    /// The value as a quantity, of a given dimension or of any. A bare number stands for a pure number.
    pub fn quantity(&self, dimension: Option<Dimension>) -> Option<Spanned<Quantity>> {
        shape::read_as(self.source, &self.path, QUANTITY);
        let quantity = match &self.node.value {
            Value::String(text) => match Quantity::from_str(text) {
                Ok(quantity) => quantity,
                Err(error) => {
                    self.error("E0105", format!("`{}`: {error}", self.path));
                    return None;
                }
            },
            Value::Integer(_) | Value::Float(_) => Quantity::new(self.number()?.value, Unit::one()),
            _ => return self.wrong("a quantity such as \"45 mg\""),
        };
        if let Some(wanted) = dimension
            && wanted != quantity.unit().dimension()
        {
            let found = quantity.unit().dimension();
            let diagnostic = if found.is_one() && quantity.unit().text() == "1" {
                let written = quantity.value();
                Diagnostic::error("E0105", format!("`{}` has no unit", self.path))
                    .label(format!("expected {wanted}"))
                    .help(format!("write the unit with the number, as in \"{written} {}\"", example(wanted)))
            } else {
                Diagnostic::error("E0106", format!("`{}` has the wrong unit", self.path))
                    .label(format!("`{}` is {found}, expected {wanted}", quantity.unit()))
                    .help(format!("write it in a unit such as {}", example(wanted)))
            };
            self.report(diagnostic);
            return None;
        }
        self.here(quantity)
    }

    /// The value as a unit, of a given dimension or of any.
    pub fn unit(&self, dimension: Option<Dimension>) -> Option<Spanned<Unit>> {
        let text = self.string()?;
        match Unit::from_str(&text.value) {
            Ok(unit) => {
                if let Some(wanted) = dimension
                    && wanted != unit.dimension()
                {
                    let found = unit.dimension();
                    self.report(
                        Diagnostic::error("E0106", format!("`{}` has the wrong dimension", self.path))
                            .label(format!("`{unit}` is {found}, expected {wanted}"))
                            .help(format!("write a unit such as {}", example(wanted))),
                    );
                    return None;
                }
                self.here(unit)
            }
            Err(error) => {
                self.error("E0105", format!("`{}`: {error}", self.path));
                None
            }
        }
    }
}

/// A usual unit of a dimension, for advice.
fn example(dimension: Dimension) -> &'static str {
    [
        (Dimension::MASS, "mg"),
        (Dimension::VOLUME, "L"),
        (Dimension::TIME, "h"),
        (Dimension::RATE, "1/h"),
        (Dimension::CLEARANCE, "L/h"),
        (Dimension::CONCENTRATION, "ng/mL"),
        (Dimension::SUBSTANCE, "nmol"),
        (Dimension::ONE, "1"),
        (Dimension::MASS / Dimension::TIME, "mg/h"),
        (Dimension::MASS / Dimension::LENGTH / Dimension::LENGTH, "kg/m^2"),
        (Dimension::ONE / Dimension::VOLUME, "10^9/L"),
    ]
    .into_iter()
    .find(|(d, _)| *d == dimension)
    .map_or("that fits", |(_, unit)| unit)
}
