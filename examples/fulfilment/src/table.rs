//! Tables for people.

use comfy_table::{CellAlignment, Table, presets};

pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header);
    table
}

/// Numbers stand on the right.
pub(crate) fn right<const N: usize>(table: &mut Table, columns: [usize; N]) {
    for column in columns {
        if let Some(numbers) = table.column_mut(column) {
            numbers.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// `$1,234.56`
pub(crate) fn dollars(cents: i64) -> String {
    let whole = (cents / 100).to_string();
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    format!("${}.{:02}", groups.join(","), cents % 100)
}
