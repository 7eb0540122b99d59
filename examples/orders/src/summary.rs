//! The sum of an import, as a table or as one JSON object.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde::{Serialize, Serializer};

use crate::import::{Answer, Step};
use crate::views::Spender;
use orders::{Entry, OrderSummary};

/// What an import has read and done. `orders` is `placed`, `already_placed`, `rejected` and those skipped for a malformed line.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// Orders read.
    pub orders: u64,
    /// Orders placed by this run.
    pub placed: u64,
    /// Orders that an earlier run had placed.
    pub already_placed: u64,
    /// Orders that were turned down.
    pub rejected: u64,
    /// Malformed lines.
    pub malformed: u64,
    /// Lines read, without the header and blank ones.
    pub lines: u64,
    /// Lines of quantity 0.
    pub lines_dropped: u64,
    /// Events stored by this run.
    pub events: u64,
    /// What the orders of the file cost that are placed, by this run or an earlier one.
    pub total_cents: i128,
    #[serde(serialize_with = "seconds")]
    pub seconds: Duration,
    /// The customers who spent most, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<Vec<Spender>>,
    /// The newest orders of a customer, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Vec<OrderSummary>>,
    /// Orders among the rejected which no rule of the shop has turned down: they contradict an earlier run or cannot be stored.
    #[serde(skip)]
    pub faulty: u64,
}

impl Summary {
    pub(crate) fn add(&mut self, step: &Step) {
        match step {
            Step::Sent { lines, dropped, answer, .. } => {
                self.orders += 1;
                self.lines += lines;
                self.lines_dropped += dropped;
                self.answer(answer);
            }
            Step::Passed(Entry::Malformed { .. }) => {
                self.lines += 1;
                self.malformed += 1;
            }
            Step::Passed(Entry::Skipped { lines, dropped, again }) => {
                self.orders += u64::from(!again);
                self.lines += lines;
                self.lines_dropped += dropped;
            }
            Step::Passed(Entry::Order(_)) => {}
        }
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Placed { events, total } => {
                self.placed += 1;
                self.events += *events as u64;
                self.total_cents += i128::from(total.0);
            }
            Answer::AlreadyPlaced { total } => {
                self.already_placed += 1;
                self.total_cents += i128::from(total.0);
            }
            Answer::Rejected(_) => self.rejected += 1,
            Answer::Contradicts | Answer::Unfit(_) => {
                self.rejected += 1;
                self.faulty += 1;
            }
            Answer::Failed(_) => {}
        }
    }

    /// Whether every line could be read and every order had an answer of the shop.
    pub(crate) fn is_clean(&self) -> bool {
        self.malformed == 0 && self.faulty == 0
    }

    /// A table for people.
    pub(crate) fn table(&self) -> Table {
        let Self {
            orders, placed, already_placed, rejected, malformed, lines, lines_dropped, events, ..
        } = *self;
        let skipped = orders - placed - already_placed - rejected;
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.add_row(["orders read".to_owned(), grouped(orders.into())]);
        table.add_row(["  placed".to_owned(), grouped(placed.into())]);
        table.add_row(["  placed by an earlier run".to_owned(), grouped(already_placed.into())]);
        table.add_row(["  rejected".to_owned(), grouped(rejected.into())]);
        table.add_row(["  skipped".to_owned(), grouped(skipped.into())]);
        table.add_row(["lines read".to_owned(), grouped(lines.into())]);
        table.add_row(["  of quantity 0, dropped".to_owned(), grouped(lines_dropped.into())]);
        table.add_row(["  malformed".to_owned(), grouped(malformed.into())]);
        table.add_row(["events stored".to_owned(), grouped(events.into())]);
        table.add_row(["total of the placed orders".to_owned(), dollars(self.total_cents)]);
        table.add_row(["seconds".to_owned(), format!("{:.3}", self.seconds.as_secs_f64())]);
        if let Some(numbers) = table.column_mut(1) {
            numbers.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

/// `$1,234.56`
pub(crate) fn dollars(cents: i128) -> String {
    format!("${}.{:02}", grouped(cents / 100), cents % 100)
}

/// `1,234,567`
pub(crate) fn grouped(number: i128) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn seconds<S: Serializer>(seconds: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds.as_secs_f64() * 1_000.0).round() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (15_085_609, "15,085,609")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn the_json_has_its_ten_fields_and_a_total_beyond_64_bits() {
        let summary = Summary { total_cents: i128::from(i64::MAX) * 4, ..Summary::default() };
        assert_eq!(
            serde_json::to_string(&summary).unwrap(),
            r#"{"orders":0,"placed":0,"already_placed":0,"rejected":0,"malformed":0,"lines":0,"lines_dropped":0,"events":0,"total_cents":36893488147419103228,"seconds":0.0}"#
        );
    }
}
