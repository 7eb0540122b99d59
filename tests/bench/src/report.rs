//! The table, and the same as JSON.

use std::path::Path;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, CellAlignment, Table};

use crate::Result;
use crate::measure::{Line, Target, Unit};

/// Prints every line.
pub(crate) fn print(lines: &[Line]) {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "workload",
        "floor",
        "ours",
        "floor's",
        "ratio",
        "spread",
        "target",
        "met",
        "CPU us/op ours",
        "floor's",
    ]);
    for line in lines {
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(line.workload),
            Cell::new(line.floor_name),
            right(value(line.ours, line.unit)),
            right(value(line.floor, line.unit)),
            right(format!("{:.2}", line.ratio)),
            right(format!("{:.2} to {:.2}", line.least, line.most)),
            right(target(line.target)),
            Cell::new(line.met.map_or("", |met| if met { "yes" } else { "NO" })),
            right(micros(line.ours_micros)),
            right(micros(line.floor_micros)),
        ]);
    }
    println!("{table}");
}

/// Writes every line, with the values of each round.
pub(crate) fn write(path: &Path, lines: &[Line]) -> Result<()> {
    std::fs::write(path, serde_json::to_string_pretty(lines)?)?;
    Ok(())
}

fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond => format!("{value:.0}/s"),
        Unit::Milliseconds => format!("{value:.2} ms"),
        Unit::Mebibytes => format!("{value:.0} MiB"),
        Unit::Count => format!("{value:.2}"),
    }
}

fn target(target: Target) -> String {
    match target {
        Target::AtLeast(least) => format!("at least {least}"),
        Target::AtMost(most) => format!("at most {most}"),
        Target::Within(most) => format!("within {most} ms"),
        Target::Shown => String::new(),
    }
}

fn micros(micros: Option<(f64, f64)>) -> String {
    micros.map_or_else(String::new, |(client, server)| format!("{client:.1} + {server:.1}"))
}
