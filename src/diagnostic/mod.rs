//! Problems in the files a person writes: what is wrong, where, and what would mend it.
//!
//! Reading a file never stops at the first problem: a [`Collector`] gathers [`Diagnostic`]s and hands them over
//! together as [`Problems`], the error type of everything that reads.

mod render;

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that was read, and the name under which the user knows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// A source from its name (a path, or the name of a shipped file) and its text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }

    /// The name under which the user knows the text.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column (both from 1, columns in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }
}

/// Whether a problem stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The work goes on; the user should know.
    Warning,
    /// The input is refused.
    Error,
}

/// One problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// A stable code such as `E0102`, by which documentation and tests name the problem.
    pub code: &'static str,
    /// Whether it stops the work.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where: the source and the bytes in it.
    pub place: Option<(Arc<Source>, Range<usize>)>,
    /// A short remark printed at the place.
    pub label: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            label: String::new(),
            help: None,
        }
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>) -> Self {
        self.place = Some((Arc::clone(source), span));
        self
    }

    /// The same problem with a remark at its place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same problem with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Line and column of the place, both from 1.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|(source, span)| source.line_column(span.start))
    }
}

/// As plain text, with the line and a caret under the place.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::render(self, false))
    }
}

/// The problems found in reading: at least one, in the order in which they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Problems(Vec<Diagnostic>);

impl Problems {
    /// All of them.
    pub fn list(&self) -> &[Diagnostic] {
        &self.0
    }

    /// As text for a terminal that shows colours.
    pub fn coloured(&self) -> String {
        self.0.iter().map(|d| render::render(d, true)).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Diagnostic> for Problems {
    fn from(diagnostic: Diagnostic) -> Self {
        Problems(vec![diagnostic])
    }
}

/// Gathers problems while something is read.
#[derive(Debug, Default)]
pub struct Collector {
    found: RefCell<Vec<Diagnostic>>,
}

impl Collector {
    /// An empty collector.
    pub fn new() -> Self {
        Collector::default()
    }

    /// Takes note of a problem.
    pub fn push(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// Takes note of several problems.
    pub fn extend(&self, problems: Problems) {
        self.found.borrow_mut().extend(problems.0);
    }

    /// How many errors (not warnings) there are so far.
    pub fn errors(&self) -> usize {
        self.found.borrow().iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// The value with its warnings if there was no error, else all problems.
    ///
    /// # Errors
    /// Everything that was collected, if any of it is an error or there is no value.
    pub fn finish<T>(self, value: Option<T>) -> Result<(T, Vec<Diagnostic>), Problems> {
        let errors = self.errors();
        let mut found = self.found.into_inner();
        match value {
            Some(value) if errors == 0 => Ok((value, found)),
            _ => {
                if found.is_empty() {
                    found.push(Diagnostic::error("E0001", "the input could not be read"));
                }
                Err(Problems(found))
            }
        }
    }
}

/// The candidate most like `written`, if any is near enough to be what was meant.
pub fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&written.to_lowercase(), &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_shows_the_line_and_a_caret() {
        let source = Source::new("study.toml", "title = \"x\"\nsubjets = 10\n");
        let shown = Diagnostic::error("E0102", "unknown key `subjets`")
            .at(&source, 12..19)
            .label("not a key of a study")
            .help("did you mean `subjects`?")
            .to_string();
        for part in ["E0102", "study.toml:2:1", "subjets = 10", "^^^^^^^", "did you mean `subjects`?"] {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn places_beyond_the_text_do_no_harm() {
        let source = Source::new("a", "é");
        assert_eq!(source.line_column(1), (1, 1));
        assert_eq!(source.line_column(99), (1, 2));
        let shown = Diagnostic::error("E0001", "m").at(&source, 1..99).to_string();
        assert!(shown.contains("E0001"));
    }

    #[test]
    fn only_near_names_are_offered() {
        assert_eq!(did_you_mean("subjets", ["subjects", "seed"]), Some("subjects"));
        assert_eq!(did_you_mean("xyz", ["subjects", "seed"]), None);
    }
}
