use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};
use crate::units::UnitError;

/// What is wrong with an expression, and where in its text.
///
/// The span counts bytes from the start of the expression; whoever took the expression out of a file shifts it to
/// the place in that file ([`ExprError::in_source`]).
#[derive(Clone, Debug, PartialEq)]
pub struct ExprError {
    /// A stable code, `E0301` to `E0399`.
    pub code: &'static str,
    /// The bytes of the expression that are wrong.
    pub span: Range<usize>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// A short remark for the place itself.
    pub label: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl ExprError {
    pub(super) fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        ExprError { code, span, message: message.into(), label: String::new(), help: None }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether the error is that a name is not known; the span is then the name's.
    pub fn is_unknown_name(&self) -> bool {
        self.code == UNKNOWN_NAME
    }

    /// The same error where the expression stands at byte `offset` of a larger text.
    #[must_use]
    pub fn shifted(mut self, offset: usize) -> Self {
        self.span = self.span.start + offset..self.span.end + offset;
        self
    }

    /// The error as a problem of the file in whose text the expression begins at byte `offset`.
    pub fn in_source(&self, source: &Arc<Source>, offset: usize) -> Diagnostic {
        let span = self.span.start + offset..self.span.end + offset;
        Diagnostic::from(self.clone()).at(source, span)
    }
}

/// Without a place: whoever knows the file adds it.
impl From<ExprError> for Diagnostic {
    fn from(error: ExprError) -> Self {
        let diagnostic = Diagnostic::error(error.code, error.message).label(error.label);
        match error.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ExprError {}

/// An expression is larger than any that a person writes.
pub(super) const TOO_LARGE: &str = "E0301";
/// Something else was expected here.
pub(super) const UNEXPECTED: &str = "E0302";
/// A bracket or quote is not closed.
pub(super) const UNCLOSED: &str = "E0303";
/// A number cannot be read.
pub(super) const NUMBER: &str = "E0304";
/// A unit cannot be read.
pub(super) const UNIT: &str = "E0305";
/// A name is not known.
pub(super) const UNKNOWN_NAME: &str = "E0306";
/// A function is not known.
pub(super) const UNKNOWN_FUNCTION: &str = "E0307";
/// A function got too few or too many arguments.
pub(super) const ARGUMENTS: &str = "E0308";
/// A name cannot be given to a symbol.
pub(super) const BAD_NAME: &str = "E0309";
/// Two sides have different dimensions.
pub(super) const DIMENSIONS: &str = "E0310";
/// A pure number is needed.
pub(super) const NOT_PURE: &str = "E0311";
/// An exponent does not suit what is raised to it.
pub(super) const EXPONENT: &str = "E0312";
/// A condition stands where a number is needed, or the other way round.
pub(super) const CONDITION: &str = "E0313";
/// A category has no such level.
pub(super) const LEVEL: &str = "E0314";
/// A category is used as if it were a number.
pub(super) const CATEGORY: &str = "E0315";
/// A division by zero.
pub(super) const ZERO_DIVISION: &str = "E0316";
/// A part without symbols has no finite value.
pub(super) const NOT_FINITE: &str = "E0317";
/// A name is both a unit and a symbol.
pub(super) const AMBIGUOUS: &str = "E0318";
/// A name is given twice.
pub(super) const TWICE: &str = "E0319";
/// A definition enters `unchecked` and has no unit in which it could be a number.
pub(super) const NO_UNIT: &str = "E0320";

pub(super) fn unit_error(span: Range<usize>, error: &UnitError) -> ExprError {
    ExprError::new(UNIT, span, error.to_string())
}
