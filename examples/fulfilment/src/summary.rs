//! How a run has ended, as a table or as one JSON object.

use std::time::Duration;

use comfy_table::Table;
use serde::{Serialize, Serializer};

use crate::table::{right, table};

/// How many orders have come to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Ends {
    pub(crate) completed: u64,
    pub(crate) compensated: u64,
    pub(crate) parked: u64,
}

impl Ends {
    pub(crate) fn all(self) -> u64 {
        self.completed + self.compensated + self.parked
    }
}

/// What was done to bring them there, by whatever process: steps with their undos, or events without an orchestrator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Work {
    pub(crate) steps: u64,
    /// Attempts that came to nothing and were made again.
    pub(crate) retries: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) orders: u64,
    #[serde(flatten)]
    pub(crate) ends: Ends,
    /// Those that have no end.
    pub(crate) running: u64,
    #[serde(flatten)]
    pub(crate) work: Work,
    #[serde(serialize_with = "seconds")]
    pub(crate) seconds: Duration,
}

impl Summary {
    /// A table for people.
    pub(crate) fn table(&self) -> Table {
        let Self { orders, ends, running, work, seconds } = self;
        let mut table = table(["orders", &orders.to_string()]);
        for (name, number) in [
            ("completed", ends.completed),
            ("compensated", ends.compensated),
            ("parked", ends.parked),
            ("running", *running),
            ("steps", work.steps),
            ("retries", work.retries),
        ] {
            table.add_row([name.to_owned(), number.to_string()]);
        }
        table.add_row(["seconds".to_owned(), format!("{:.3}", seconds.as_secs_f64())]);
        right(&mut table, [1]);
        table
    }
}

fn seconds<S: Serializer>(seconds: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds.as_secs_f64() * 1_000.0).round() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_its_eight_fields() {
        let ends = Ends { completed: 7, compensated: 2, parked: 1 };
        let work = Work { steps: 50, retries: 3 };
        let seconds = Duration::from_micros(1_234_567);
        let summary = Summary { orders: 11, ends, running: 1, work, seconds };
        assert_eq!(
            serde_json::to_string(&summary).unwrap(),
            r#"{"orders":11,"completed":7,"compensated":2,"parked":1,"running":1,"steps":50,"retries":3,"seconds":1.235}"#
        );
    }
}
