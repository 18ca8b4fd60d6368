//! What readers ask of files: watched while they read, so that a schema says what the reader knows and nothing else.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Node, Value};
use super::{Document, child_path};
use crate::diagnostic::Source;

/// As what a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Text.
    String,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// An array.
    Array,
    /// A table.
    Table,
}

/// What readers asked of one value of a file, or of all values that stand at its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// As what it was read.
    pub kinds: BTreeSet<Kind>,
    /// The keys that were asked for, of a table.
    pub keys: BTreeMap<String, Shape>,
    /// Those among them without which no table was read.
    pub required: BTreeSet<String>,
    /// Entries under names of the author's choice, of a table that has such.
    pub entries: Option<Box<Shape>>,
    /// The items of an array.
    pub items: Option<Box<Shape>>,
}

/// What was asked of one value.
#[derive(Debug, Default)]
struct Asked {
    kinds: BTreeSet<Kind>,
    /// Keys of a table, and whether they had to be there.
    keys: BTreeMap<String, bool>,
    entries: bool,
}

/// File → path of the value → what was asked of it.
type Watch = BTreeMap<String, BTreeMap<String, Asked>>;

thread_local! {
    /// Set while somebody watches.
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

fn note(source: &Source, path: &str, what: impl FnOnce(&mut Asked)) {
    WATCH.with_borrow_mut(|watch| {
        if let Some(watch) = watch {
            let file = watch.entry(source.name().to_owned()).or_default();
            what(file.entry(path.to_owned()).or_default());
        }
    });
}

/// A value was read as something.
pub(super) fn read_as(source: &Source, path: &str, kinds: &[Kind]) {
    note(source, path, |asked| asked.kinds.extend(kinds));
}

/// A key of a table was asked for.
pub(super) fn asked_for(source: &Source, path: &str, key: &str, required: bool) {
    note(source, path, |asked| *asked.keys.entry(key.to_owned()).or_default() |= required);
}

/// All entries of a table were asked for.
pub(super) fn all_entries(source: &Source, path: &str) {
    note(source, path, |asked| asked.entries = true);
}

/// Runs a reader of a file and tells what it asked of it, with what the reader gave.
pub fn watched<T>(source: &Source, read: impl FnOnce() -> T) -> (T, Shape) {
    let outer = WATCH.replace(Some(Watch::new()));
    let result = read();
    let watch = WATCH.replace(outer).unwrap_or_default();
    let shape = match (Document::tree(source), watch.get(source.name())) {
        (Ok(root), Some(asked)) => shape(asked, "", Some(&root)),
        _ => Shape::default(),
    };
    (result, shape)
}

fn shape(watch: &BTreeMap<String, Asked>, path: &str, node: Option<&Node>) -> Shape {
    let mut found = Shape::default();
    let value = node.map(|node| &node.value);
    if let Some(asked) = watch.get(path) {
        found.kinds.clone_from(&asked.kinds);
        let entries: &[super::tree::Entry] =
            if let Some(Value::Table(entries)) = value { entries } else { &[] };
        for (key, required) in &asked.keys {
            let inner = entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.node);
            found.keys.insert(key.clone(), shape(watch, &child_path(path, key), inner));
            if *required {
                found.required.insert(key.clone());
            }
        }
        if asked.entries {
            let mut each = Shape::default();
            for entry in entries.iter().filter(|entry| !asked.keys.contains_key(&entry.key)) {
                each.join(shape(watch, &child_path(path, &entry.key), Some(&entry.node)));
            }
            found.entries = Some(Box::new(each));
        }
    }
    if let Some(Value::Array(items)) = value {
        let mut each = Shape::default();
        for (place, item) in items.iter().enumerate() {
            each.join(shape(watch, &format!("{path}[{place}]"), Some(item)));
        }
        found.items = Some(Box::new(each));
    }
    found
}

impl Shape {
    /// Takes in what was asked of another value at the same place.
    pub fn join(&mut self, other: Shape) {
        if other == Shape::default() {
            return;
        }
        let first = self.keys.is_empty() && self.entries.is_none();
        let tables = !other.keys.is_empty() || other.entries.is_some();
        if first {
            self.required = other.required;
        } else if tables {
            self.required.retain(|key| other.required.contains(key));
        }
        self.kinds.extend(other.kinds);
        for (key, shape) in other.keys {
            self.keys.entry(key).or_default().join(shape);
        }
        for (own, other) in [(&mut self.entries, other.entries), (&mut self.items, other.items)] {
            if let Some(other) = other {
                own.get_or_insert_default().join(*other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Collector;

    /// A reader: a head, people's own names under `rooms`, and a list of numbers.
    fn read(text: &str) -> Shape {
        let source = Source::new("t.toml", text);
        watched(&source, || {
            let problems = Collector::new();
            let document = Document::parse(&source).unwrap();
            let root = document.root(&problems);
            root.required_string("title");
            root.boolean("open");
            for (_, item) in root.table("rooms").map_or_else(Vec::new, |t| t.entries()) {
                if item.is_string() {
                    item.string();
                } else if let Some(table) = item.table() {
                    table.required_quantity("size", None);
                }
            }
            root.array("list").map(|list| list.value.iter().filter_map(|i| i.number()).count());
        })
        .1
    }

    #[test]
    fn what_is_asked_is_known_whether_it_is_there_or_not() {
        let shape = read("title = 'x'\nlist = [1]\n[rooms]\na = 'large'\nb = { size = '3 L' }\n");
        assert_eq!(shape.keys.keys().collect::<Vec<_>>(), ["list", "open", "rooms", "title"]);
        assert_eq!(shape.required.iter().collect::<Vec<_>>(), ["title"]);
        assert_eq!(shape.keys["open"].kinds, BTreeSet::from([Kind::Boolean]));
        let room = shape.keys["rooms"].entries.as_ref().unwrap();
        assert_eq!(room.kinds, BTreeSet::from([Kind::String, Kind::Table]));
        assert_eq!(room.keys["size"].kinds, BTreeSet::from([Kind::String, Kind::Number]));
        assert_eq!(shape.keys["list"].items.as_ref().unwrap().kinds, BTreeSet::from([Kind::Number]));
    }

    #[test]
    fn joined_shapes_require_what_both_require() {
        let mut joined = Shape::default();
        let with = |required: &[&str]| Shape {
            keys: required.iter().map(|k| ((*k).to_owned(), Shape::default())).collect(),
            required: required.iter().map(|k| (*k).to_owned()).collect(),
            ..Shape::default()
        };
        joined.join(with(&["a", "b"]));
        joined.join(with(&["b", "c"]));
        assert_eq!(joined.required.iter().collect::<Vec<_>>(), ["b"]);
        assert_eq!(joined.keys.len(), 3);
    }
}
