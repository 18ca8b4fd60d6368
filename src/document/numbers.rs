use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Source};

/// A table of numbers from a file of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The values, row-major: rows x columns.
    pub rows: Vec<f64>,
}

impl Numbers {
    /// Reads a table from CSV: a line of names, then numbers.
    ///
    /// # Errors
    /// E0111 where a cell is no number or a line has too many or few of them.
    pub fn from_csv(source: &Arc<Source>) -> Result<Self, Diagnostic> {
        let wrong = |message: String| Diagnostic::error("E0111", format!("{}: {message}", source.name()));
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source.text().as_bytes());
        let headers = reader.headers().map_err(|error| wrong(error.to_string()))?;
        let columns: Vec<String> = headers.iter().map(str::to_string).collect();
        let mut rows = Vec::new();
        for (row, record) in reader.records().enumerate() {
            // The header is the first line.
            for cell in &record.map_err(|error| wrong(error.to_string()))? {
                rows.push(
                    cell.parse().map_err(|_| wrong(format!("line {}: `{cell}` is no number", row + 2)))?,
                );
            }
        }
        Ok(Numbers { columns, rows })
    }

    /// The table as CSV; every number reads back to the bit.
    pub fn to_csv(&self) -> String {
        let quoted: Vec<String> =
            self.columns.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
        let mut text = quoted.join(",") + "\n";
        for row in self.rows.chunks(self.columns.len().max(1)) {
            for (place, value) in row.iter().enumerate() {
                let _ = write!(text, "{}{value:?}", if place > 0 { "," } else { "" });
            }
            text.push('\n');
        }
        text
    }

    /// The SHA-256 of names and values, in hexadecimal digits: the same in whatever kind of file they stand.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for name in &self.columns {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        self.rows.iter().for_each(|value| hash.update(value.to_bits().to_le_bytes()));
        hexadecimal(&hash.finalize())
    }
}

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_and_what_is_none_refused() {
        let numbers = Numbers::from_csv(&Source::new("d.csv", "a,b\n1,2\n3,4.5\n")).unwrap();
        assert_eq!((numbers.columns.join(" "), numbers.rows), ("a b".into(), vec![1.0, 2.0, 3.0, 4.5]));
        for text in ["a,b\n1,x\n", "a,b\n1\n"] {
            assert_eq!(Numbers::from_csv(&Source::new("d.csv", text)).unwrap_err().code, "E0111");
        }
        let odd = Numbers { columns: vec!["a, \"b\"".into()], rows: vec![0.1 + 0.2, -1e-300, 3.0] };
        let again = Numbers::from_csv(&Source::new("d.csv", odd.to_csv())).unwrap();
        assert_eq!((again.hash(), &again), (odd.hash(), &odd));
        assert_ne!(Numbers { rows: vec![0.3, -1e-300, 3.0], ..odd.clone() }.hash(), odd.hash());
        // FIPS 180-2, appendix B.1.
        assert!(sha256(b"abc").starts_with("ba7816bf8f01cfea"));
    }
}
