//! The read models folded by hand from what is stored, without any of the library's code.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::{PgPool, Row};

/// A stored event, read past the library: stream, version, name, payload.
pub type StoredEvent = (String, i64, String, Value);

/// Every stored event, in the order of the positions.
///
/// # Panics
/// When the database does not answer.
pub async fn stored(pool: &PgPool) -> Vec<StoredEvent> {
    let rows = sqlx::query("select stream, version, name, payload from kenning.events order by position")
        .fetch_all(pool)
        .await
        .expect("the events can be read");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

/// The rows of `meter_summaries`: meter, place, readings, units, trail.
///
/// # Panics
/// When what is stored is nothing of a meter.
#[must_use]
pub fn by_hand(events: &[StoredEvent]) -> Vec<(i64, String, i64, i64, i64)> {
    let mut rows = BTreeMap::new();
    for (stream, _, name, payload) in events {
        let meter: i64 = stream.strip_prefix("meter-").expect("a meter's").parse().expect("a number");
        match name.as_str() {
            "meter.installed" => {
                rows.insert(meter, (payload["place"].as_str().expect("a place").to_owned(), 0, 0, 1_i64));
            }
            "meter.measured" => {
                let units = payload["units"].as_i64().expect("a number");
                let row = rows.get_mut(&meter).expect("it is installed");
                *row = (
                    std::mem::take(&mut row.0),
                    row.1 + 1,
                    row.2 + units,
                    row.3.wrapping_mul(31).wrapping_add(units),
                );
            }
            "meter.removed" => {
                rows.remove(&meter);
            }
            other => panic!("{other} is no event of a meter"),
        }
    }
    rows.into_iter()
        .map(|(meter, (place, readings, units, trail))| (meter, place, readings, units, trail))
        .collect()
}

/// The rows of `place_totals`: place, readings, units, trail.
///
/// # Panics
/// When what is stored is nothing of a meter.
#[must_use]
pub fn by_place(events: &[StoredEvent]) -> Vec<(String, i64, i64, i64)> {
    let mut rows = BTreeMap::<String, (i64, i64, i64)>::new();
    for (_, _, name, payload) in events {
        if name == "meter.measured" {
            let (place, units) = (payload["place"].as_str().expect("a place"), payload["units"].as_i64());
            let units = units.expect("a number");
            let row = rows.entry(place.to_owned()).or_insert((0, 0, 1));
            *row = (row.0 + 1, row.1 + units, row.2.wrapping_mul(31).wrapping_add(units));
        }
    }
    rows.into_iter().map(|(place, (readings, units, trail))| (place, readings, units, trail)).collect()
}
