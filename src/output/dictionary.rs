use std::fmt::Write;

use super::{Column, ColumnKind};

/// The columns of result tables as YAML: for each file its columns with name, type, unit, label and levels.
pub fn dictionary(tables: &[(&str, &[Column])]) -> String {
    let mut text = String::new();
    for (file, columns) in tables {
        let mut line = |indent: &str, key: &str, value: &str| {
            let _ = writeln!(text, "{indent}{key}: {}", quoted(value));
        };
        line("- ", "file", file);
        let _ = writeln!(text, "  columns:");
        for column in *columns {
            let mut line = |indent: &str, key: &str, value: &str| {
                let _ = writeln!(text, "{indent}{key}: {}", quoted(value));
            };
            line("    - ", "name", &column.name);
            line("      ", "type", column.kind.word());
            line("      ", "unit", &column.unit);
            line("      ", "label", &column.label);
            if let ColumnKind::Level(levels) = &column.kind
                && !levels.is_empty()
            {
                let levels = levels.iter().map(|level| quoted(level)).collect::<Vec<_>>().join(", ");
                let _ = writeln!(text, "      levels: [{levels}]");
            }
        }
    }
    text
}

/// A YAML scalar that is read as this text by any reader: double quotes always, so that `no`, `1e3` or `~` stay words.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_yaml_would_read_as_something_else_stay_words() {
        let levels = vec!["no".to_owned(), "1e3".to_owned(), "a: \"b\" \\ #\n\u{1}".to_owned()];
        let columns = [
            Column::new("ARM", ColumnKind::Level(levels), "", "Arm"),
            Column::new("CTROUGH", ColumnKind::Real, "ng/mL", "24 h trough"),
        ];
        // Read back with PyYAML 6.0.3: the same strings.
        let expected = r##"- file: "subjects.parquet"
  columns:
    - name: "ARM"
      type: "level"
      unit: ""
      label: "Arm"
      levels: ["no", "1e3", "a: \"b\" \\ #\n\u0001"]
    - name: "CTROUGH"
      type: "real"
      unit: "ng/mL"
      label: "24 h trough"
"##;
        assert_eq!(dictionary(&[("subjects.parquet", &columns)]), expected);
    }
}
