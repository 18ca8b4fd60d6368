//! Tables of sheets.

use comfy_table::{Table, presets};

/// Rows under headings, without borders.
pub(super) fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(head.to_vec());
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt() + "\n"
}
