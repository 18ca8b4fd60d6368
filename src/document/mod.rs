//! TOML documents with places: every value knows its bytes in the file, unknown keys are refused, quantities have
//! units, and problems are gathered rather than thrown.
//!
//! ```
//! use exposim::diagnostic::{Collector, Source};
//! use exposim::document::Document;
//! use exposim::units::Dimension;
//!
//! let source = Source::new("m.toml", "[parameters]\nCL = { value = \"40.9 L/h\", rse = 1.6 }\n");
//! let problems = Collector::new();
//! let document = Document::parse(&source)?;
//! let root = document.root(&problems);
//! if let Some(parameters) = root.required_table("parameters") {
//!     let cl = parameters.required_table("CL").unwrap();
//!     let value = cl.required_quantity("value", Some(Dimension::CLEARANCE)).unwrap();
//!     assert_eq!(value.value.coherent(), 40.9);
//!     let rse = cl.number("rse").unwrap();
//!     assert_eq!(rse.value, 1.6);
//!     cl.finish();
//!     parameters.finish();
//! }
//! root.finish();
//! problems.finish(Some(()))?;
//! # Ok::<(), exposim::diagnostic::Problems>(())
//! ```

mod library;
mod numbers;
pub mod scan;
mod shape;
mod sheet;
mod table;
mod tree;

pub use library::{Files, Recorder, SHIPPED, Shipped, beside, not_found};
pub use numbers::{Numbers, hexadecimal, sha256};
pub use shape::{Kind, Shape, watched};
pub use sheet::Sheet;
pub use table::{Item, Table};

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Collector, Diagnostic, Problems, Source};

/// A value with the place where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The bytes of the file that hold it.
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

/// A file that was read as TOML.
#[derive(Debug)]
pub struct Document {
    source: Arc<Source>,
    root: tree::Node,
}

/// Largest file that is read (bytes): far above any model, far below what would exhaust memory.
pub const LARGEST_FILE: usize = 16 << 20;

impl Document {
    /// Reads a source as TOML.
    ///
    /// # Errors
    /// E0101 where the text is no TOML, E0107 where it is larger than [`LARGEST_FILE`] or nested too deeply.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Problems> {
        if source.text().len() > LARGEST_FILE {
            return Err(Diagnostic::error("E0107", format!("{} is too large to be read", source.name()))
                .help(format!("a file may have up to {} MiB", LARGEST_FILE >> 20))
                .into());
        }
        let root = Document::tree(source).map_err(|(message, span)| {
            Diagnostic::error("E0101", format!("this is not TOML: {message}")).at(source, span)
        })?;
        Ok(Document { source: Arc::clone(source), root })
    }

    /// The document with pieces of it laid over it: tables are joined key by key, anything else is replaced. What is
    /// wrong with a piece is told at its own place.
    pub fn over(&self, pieces: &[&Table<'_>]) -> Document {
        let mut root = self.root.clone();
        pieces.iter().for_each(|piece| piece.lay_over(&mut root));
        Document { source: Arc::clone(&self.source), root }
    }

    fn tree(source: &Source) -> Result<tree::Node, (String, Range<usize>)> {
        tree::parse(source.text())
    }

    /// The file's source.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The table of the whole file; problems go to `problems`.
    pub fn root<'a>(&'a self, problems: &'a Collector) -> Table<'a> {
        Table::new(&self.source, problems, String::new(), &self.root)
    }
}

/// The path of the value of a key.
fn child_path(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Dimension;

    fn read(text: &str, f: impl FnOnce(&Table<'_>)) -> String {
        let source = Source::new("t.toml", text);
        let problems = Collector::new();
        let document = match Document::parse(&source) {
            Ok(document) => document,
            Err(problems) => return problems.to_string(),
        };
        let root = document.root(&problems);
        f(&root);
        root.finish();
        problems.finish(Some(())).map_or_else(|p| p.to_string(), |_| String::new())
    }

    #[test]
    fn unknown_keys_are_refused_with_the_near_one() {
        let shown = read("titel = 'x'\n", |t| {
            t.string("title");
        });
        assert!(shown.contains("E0102") && shown.contains("did you mean `title`?"), "{shown}");
        assert!(shown.contains("t.toml:1:1"), "{shown}");
    }

    #[test]
    fn missing_keys_and_wrong_types_are_told() {
        let shown = read("seed = 'a'\n", |t| {
            t.required_integer("seed");
            t.required_string("title");
        });
        assert!(shown.contains("E0104") && shown.contains("E0103"), "{shown}");
    }

    #[test]
    fn a_quantity_without_or_with_the_wrong_unit_is_refused() {
        let shown = read("a = 5\nb = '45 mg'\nc = '4 mgx'\n", |t| {
            for key in ["a", "b", "c"] {
                t.quantity(key, Some(Dimension::CONCENTRATION));
            }
        });
        assert!(shown.contains("E0105") && shown.contains("E0106"), "{shown}");
        assert!(shown.contains("mass/volume"), "{shown}");
        assert_eq!(shown.matches("error").count(), 3, "{shown}");
    }

    #[test]
    fn a_piece_is_laid_over_key_by_key() {
        let text = "piece = { a = { x = 2, z = '3 mgx' } }\n[a]\nx = 1\ny = 1\n";
        let source = Source::new("t.toml", text);
        let problems = Collector::new();
        let document = Document::parse(&source).unwrap();
        let piece = document.root(&problems).table("piece").unwrap();
        let merged = document.over(&[&piece]);
        let root = merged.root(&problems);
        let a = root.table("a").unwrap();
        assert_eq!((a.integer("x").unwrap().value, a.integer("y").unwrap().value), (2, 1));
        assert!(a.quantity("z", None).is_none());
        let shown = problems.finish(Some(())).unwrap_err().to_string();
        assert!(shown.contains("t.toml:1:"), "{shown}");
    }

    #[test]
    fn tables_keep_the_order_of_the_file() {
        read("[z]\na = 1\n[b]\n[a]\n", |t| {
            let names: Vec<_> = t.entries().into_iter().map(|(name, _)| name.value).collect();
            assert_eq!(names, ["z", "b", "a"]);
            t.table("z").unwrap().integer("a");
        });
    }

    #[test]
    fn text_that_is_no_toml_is_told_with_its_place() {
        let shown = read("a = \n", |_| {});
        assert!(shown.contains("E0101") && shown.contains("t.toml:1"), "{shown}");
        let deep = format!("a = {}", "[".repeat(100_000));
        assert!(read(&deep, |_| {}).contains("E0101"));
    }
}
