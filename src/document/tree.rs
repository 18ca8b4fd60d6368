//! The parsed file as an owned tree in file order.

use std::ops::Range;

use toml::Spanned as TomlSpanned;
use toml::de::{DeTable, DeValue};

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Other(&'static str),
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

impl Node {
    /// Lays the node over another: tables are joined key by key, anything else takes the other's place.
    pub(super) fn lay_over(&self, under: &mut Node) {
        let (Value::Table(own), Value::Table(entries)) = (&self.value, &mut under.value) else {
            *under = self.clone();
            return;
        };
        for entry in own {
            match entries.iter_mut().find(|other| other.key == entry.key) {
                Some(other) => entry.node.lay_over(&mut other.node),
                None => entries.push(entry.clone()),
            }
        }
    }
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::String(_) => "a string",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Other(kind) => kind,
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Node, (String, Range<usize>)> {
    let table = DeTable::parse(text).map_err(|e| (e.message().to_string(), e.span().unwrap_or(0..0)))?;
    let span = table.span();
    Ok(Node { span, value: Value::Table(entries(table.into_inner())?) })
}

fn entries(table: DeTable<'_>) -> Result<Vec<Entry>, (String, Range<usize>)> {
    let mut entries = table
        .into_iter()
        .map(|(key, value)| {
            let key_span = key.span();
            Ok(Entry { key: key.into_inner().into_owned(), key_span, node: node(value)? })
        })
        .collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(|entry| entry.key_span.start);
    Ok(entries)
}

fn node(value: TomlSpanned<DeValue<'_>>) -> Result<Node, (String, Range<usize>)> {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(integer) => {
            let parsed = i64::from_str_radix(integer.as_str(), integer.radix());
            Value::Integer(
                parsed.map_err(|_| ("this whole number is out of range".to_string(), span.clone()))?,
            )
        }
        DeValue::Float(float) => {
            let parsed = float.as_str().parse::<f64>().ok().filter(|value| value.is_finite());
            Value::Float(parsed.ok_or_else(|| ("this number is not finite".to_string(), span.clone()))?)
        }
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::Array(items.into_iter().map(node).collect::<Result<_, _>>()?),
        DeValue::Table(table) => Value::Table(entries(table)?),
    };
    Ok(Node { span, value })
}
