//! Numbers, names and levels.

use std::ops::Range;

use crate::diagnostic::did_you_mean;
use crate::units::{Dimension, Unit};

use super::super::checked::{Kind, Known, to_unit};
use super::super::error::{AMBIGUOUS, LEVEL, NO_UNIT, NOT_FINITE, UNKNOWN_NAME};
use super::super::lexer::shorten;
use super::super::scope::Entry;
use super::super::syntax::{Form, NodeId};
use super::super::{Checked, ExprError};
use super::{Checker, Type, Typed};

impl<'a> Checker<'a> {
    pub(super) fn literal(
        &mut self,
        node: NodeId,
        value: f64,
        unit: Option<&Unit>,
        joined: &[Range<usize>],
    ) -> Typed {
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
    pub(super) fn levels_beside(&self, node: NodeId) -> Option<&'a [String]> {
        let other = &self.nodes[self.places[node].compared?];
        let name = &self.text[other.span.clone()];
        match (&other.form, self.scope.get(name)?) {
            (Form::Name, Entry::Symbol(symbol)) => symbol.levels.as_deref(),
            _ => None,
        }
    }

    pub(super) fn level(&mut self, node: NodeId, written: Range<usize>, levels: &[String]) -> Typed {
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

    pub(super) fn name(&mut self, node: NodeId, span: Range<usize>) -> Typed {
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
        let error = if let Some(category) = self.scope.category_with(name) {
            error.help(format!("it is a level of `{category}`: write `{category} == {name}`"))
        } else if name.parse::<Unit>().is_ok() {
            error.help(format!(
                "a unit follows its number without an operator, as in `1 {name}` or `2 1/{name}`"
            ))
        } else if let Some(near) = did_you_mean(name, self.scope.names()) {
            error.help(format!("did you mean `{near}`?"))
        } else if self.scope.names().next().is_none() {
            error.help("no names are defined here")
        } else {
            let names = self.scope.names().take(12).collect::<Vec<_>>().join(", ");
            let more = if self.scope.names().nth(12).is_some() { ", …" } else { "" };
            error.help(format!("names that are defined: {names}{more}"))
        };
        self.wrong(error)
    }
}
