use std::collections::BTreeMap;

use crate::units::Unit;

use super::error::{BAD_NAME, TWICE};
use super::lexer::{name_length, shorten};
use super::syntax::{Function, KEYWORDS};
use super::{Checked, ExprError};

/// A name that stands for an input of the compiled program.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// The place of its value among the inputs.
    pub slot: usize,
    /// The unit in which its author speaks of it; its values are in coherent units all the same.
    pub unit: Unit,
    /// For a category: the names of its levels. Its value is the index of the level.
    pub levels: Option<Vec<String>>,
}

/// Why a name that its author has written down is not known in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Its own definition is wrong, which has been reported.
    Broken,
    /// It is defined further down.
    Later,
}

#[derive(Clone, Debug)]
pub(super) enum Entry {
    Symbol(Symbol),
    Definition { value: Checked, unit: Option<Unit> },
}

/// The names that an expression may use.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: BTreeMap<String, Entry>,
    /// Names that are known to their author but not here.
    absent: BTreeMap<String, Absent>,
    unchecked: bool,
}

impl Scope {
    /// A scope without names, whose expressions are checked for dimensions.
    pub fn new() -> Self {
        Scope::default()
    }

    /// A scope in which no dimension is checked, as if every expression stood in `unchecked(…)`: each symbol enters
    /// as its number in its declared unit, and the result is a plain number. [`Checked::in_unit`] gives it a unit.
    pub fn unchecked() -> Self {
        Scope { unchecked: true, ..Scope::default() }
    }

    /// Whether dimensions are left unchecked throughout.
    pub fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    /// Makes a symbol known.
    ///
    /// # Errors
    /// A name that is no name, is a word or function of the language, or is taken. The span is that of the name.
    pub fn symbol(&mut self, name: &str, symbol: Symbol) -> Result<(), ExprError> {
        self.enter(name, Entry::Symbol(symbol))
    }

    /// Makes a definition known: wherever its name is used, its expression is put. `unit` is the one in which its
    /// author speaks of it, needed where the name is used in `unchecked(…)`.
    ///
    /// # Errors
    /// As [`Scope::symbol`].
    pub fn define(&mut self, name: &str, value: Checked, unit: Option<Unit>) -> Result<(), ExprError> {
        self.enter(name, Entry::Definition { value, unit })
    }

    /// Takes note of a name that its author has written down and that is not known here.
    pub fn absent(&mut self, name: &str, why: Absent) {
        self.absent.insert(name.to_owned(), why);
    }

    /// Why a name is not known although its author has written it down.
    pub fn why_absent(&self, name: &str) -> Option<Absent> {
        self.absent.get(name).copied().filter(|_| !self.names.contains_key(name))
    }

    /// The names in the scope, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Whether the name can be given to a symbol.
    ///
    /// # Errors
    /// A name that is no name, or is a word or function of the language.
    pub fn check_name(name: &str) -> Result<(), ExprError> {
        let wrong = |message: String, label: &str| {
            Err(ExprError::new(BAD_NAME, 0..name.len(), message).label(label).help("choose another name"))
        };
        let shown = shorten(name);
        if KEYWORDS.contains(&name) {
            return wrong(format!("`{shown}` is a word of the equation language"), "cannot be a name");
        }
        if Function::named(name).is_some() {
            return wrong(format!("`{shown}` is a function of the equation language"), "cannot be a name");
        }
        if name.is_empty() || name_length(name) != name.len() {
            let rule = "a name starts with a letter and holds letters, digits, `_` and inner dots";
            return wrong(format!("`{shown}` is not a name: {rule}"), "not a name");
        }
        Ok(())
    }

    fn enter(&mut self, name: &str, entry: Entry) -> Result<(), ExprError> {
        Scope::check_name(name)?;
        if self.names.contains_key(name) {
            return Err(ExprError::new(TWICE, 0..name.len(), format!("`{name}` is defined twice"))
                .label("already defined")
                .help("give one of the two another name"));
        }
        self.names.insert(name.to_string(), entry);
        Ok(())
    }

    /// The first category that has a level of this name.
    pub(super) fn category_with(&self, level: &str) -> Option<&str> {
        let has = |entry: &Entry| match entry {
            Entry::Symbol(Symbol { levels: Some(levels), .. }) => levels.iter().any(|l| l == level),
            _ => false,
        };
        self.names.iter().find(|(_, entry)| has(entry)).map(|(name, _)| name.as_str())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.names.get(name)
    }
}
