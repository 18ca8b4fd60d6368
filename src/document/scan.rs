//! Lines and fields of a data file, by their places in the text.
//!
//! The `csv` crate reads one separator and gives no places within a line; here fields are separated by commas or by
//! runs of blanks, and every field keeps its bytes for the message that may be needed.

use std::ops::Range;

/// What stands between two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A comma.
    Comma,
    /// One blank or more.
    Blanks,
}

impl Separator {
    /// The one that the header uses.
    pub fn of(header: &str) -> Self {
        if header.contains(',') { Separator::Comma } else { Separator::Blanks }
    }
}

/// The lines of a text without their ends, each with its bytes.
pub fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let rest = &text[start..];
        let length = rest.find('\n').unwrap_or(rest.len());
        let line = rest[..length].trim_end_matches('\r').len();
        let found = start..start + line;
        start += length + 1;
        Some(found)
    })
}

/// The fields of one line, without blanks and quotes around them.
///
/// # Errors
/// The place of a quote that is not closed.
pub fn fields(
    text: &str,
    line: Range<usize>,
    separator: Separator,
    out: &mut Vec<Range<usize>>,
) -> Result<(), Range<usize>> {
    out.clear();
    let bytes = text.as_bytes();
    let mut at = line.start;
    loop {
        while at < line.end && is_blank(bytes[at]) {
            at += 1;
        }
        if at >= line.end {
            // Blanks at the end of a line are no field, nothing after a comma is one.
            if separator == Separator::Comma {
                out.push(line.end..line.end);
            }
            return Ok(());
        }
        let start = at;
        if bytes[at] == b'"' || bytes[at] == b'\'' {
            let quote = bytes[at];
            let closing = (at + 1..line.end).find(|i| bytes[*i] == quote).ok_or(start..line.end)?;
            out.push(start + 1..closing);
            at = closing + 1;
            while at < line.end && !ends_field(bytes[at], separator) {
                at += 1;
            }
        } else {
            while at < line.end && !ends_field(bytes[at], separator) {
                at += 1;
            }
            let field = text[start..at].trim_end();
            out.push(start..start + field.len());
        }
        while at < line.end && is_blank(bytes[at]) {
            at += 1;
        }
        if at >= line.end {
            return Ok(());
        }
        if separator == Separator::Comma {
            at += 1;
        }
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn ends_field(byte: u8, separator: Separator) -> bool {
    match separator {
        Separator::Comma => byte == b',',
        Separator::Blanks => is_blank(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, separator: Separator) -> Vec<&str> {
        let mut out = Vec::new();
        fields(line, 0..line.len(), separator, &mut out).unwrap();
        out.into_iter().map(|r| &line[r]).collect()
    }

    #[test]
    fn commas_and_blanks_separate() {
        assert_eq!(split("1, 2 ,,x y,", Separator::Comma), ["1", "2", "", "x y", ""]);
        assert_eq!(split("  1\t2   3  ", Separator::Blanks), ["1", "2", "3"]);
        assert_eq!(split("1 \"1 08:30\" 'a, b'", Separator::Blanks), ["1", "1 08:30", "a, b"]);
        assert_eq!(split("\"a, b\",2", Separator::Comma), ["a, b", "2"]);
        assert_eq!(split("é,ü", Separator::Comma), ["é", "ü"]);
        assert!(fields("1,\"2", 0..4, Separator::Comma, &mut Vec::new()).is_err());
    }

    #[test]
    fn lines_have_no_ends_and_no_byte_order_mark() {
        let text = "\u{feff}a\r\nb\n\nc";
        assert_eq!(lines(text).map(|r| &text[r]).collect::<Vec<_>>(), ["a", "b", "", "c"]);
    }
}
