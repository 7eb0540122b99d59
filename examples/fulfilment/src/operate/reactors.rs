//! Orders that reactors fulfil: there is no log of them but their events, and what no reactor gets over is parked.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::Table;
use fulfilment::{FulfilledBy, OrderCancelled, OrderPlaced, OrderShipped};
use kenning::store::Parked;
use kenning::{Event, Kenning, RecordedEvent};
use tokio::time::timeout;

use super::timed;
use crate::Failure;
use crate::by_reactors::{CATEGORIES, PARKED};
use crate::place::number;
use crate::table::table;

/// A feed that says nothing for so long has nothing to say.
const SILENCE: Duration = Duration::from_secs(2);

/// What happened to the orders that reactors fulfil.
pub(super) struct ByReactors {
    events: BTreeMap<u64, Vec<RecordedEvent>>,
    parked: Vec<Parked>,
}

impl ByReactors {
    pub(super) async fn read(app: &Kenning) -> Result<Self, Failure> {
        let mut feed = app.feed().categories(CATEGORIES).limit(1_000);
        let mut events: BTreeMap<u64, Vec<RecordedEvent>> = BTreeMap::new();
        while let Ok(page) = timeout(SILENCE, feed.next()).await {
            let page = page?;
            let at_head = page.is_at_head();
            for event in page.events {
                let Some(number) = number(event.metadata.stream.id()) else { continue };
                if is_placed(&event)? {
                    events.insert(number, vec![event]);
                } else if let Some(events) = events.get_mut(&number) {
                    events.push(event);
                }
            }
            if at_head {
                break;
            }
        }
        let parked = app.parked().failed().limit(PARKED).list().await?;
        Ok(Self { events, parked })
    }

    pub(super) fn has(&self, order_id: &str) -> bool {
        number(order_id).is_some_and(|number| self.events.contains_key(&number))
    }

    /// The events of an order that could not be handled.
    pub(super) fn parked<'a>(&'a self, order_id: &'a str) -> impl Iterator<Item = &'a Parked> {
        self.parked.iter().filter(move |parked| parked.stream.id() == order_id)
    }

    /// A row for each order: itself, its state, where it is, since when, and why.
    pub(super) fn rows(&self) -> Result<Vec<[String; 5]>, Failure> {
        self.events.values().filter_map(|events| events.last()).map(|last| self.row(last)).collect()
    }

    fn row(&self, last: &RecordedEvent) -> Result<[String; 5], Failure> {
        let order_id = last.metadata.stream.id();
        let (state, step, why) = if *last.name == *OrderShipped::NAME {
            ("completed", String::new(), String::new())
        } else if *last.name == *OrderCancelled::NAME {
            let cancelled = OrderCancelled::decode(last.schema_version, last.payload.as_bytes())?;
            ("compensated", String::new(), cancelled.reason)
        } else if let Some(parked) = self.parked(order_id).next() {
            ("parked", parked.consumer.to_string(), parked.error.clone().unwrap_or_default())
        } else {
            ("running", last.name.to_string(), String::new())
        };
        let since = timed(last.metadata.recorded_at)?;
        Ok([order_id.to_owned(), state.to_owned(), step, since, why])
    }

    /// Everything that happened to an order.
    pub(super) fn history(&self, order_id: &str) -> Result<Table, Failure> {
        let mut table = table(["at", "event", "with"]);
        let events = number(order_id).and_then(|number| self.events.get(&number));
        for event in events.into_iter().flatten() {
            table.add_row([
                timed(event.metadata.recorded_at)?,
                event.name.to_string(),
                event.payload.as_str().to_owned(),
            ]);
        }
        for parked in self.parked(order_id) {
            let error = parked.error.clone().unwrap_or_default();
            table.add_row([timed(parked.parked_at)?, format!("parked by {}", parked.consumer), error]);
        }
        Ok(table)
    }
}

fn is_placed(event: &RecordedEvent) -> Result<bool, Failure> {
    if *event.name != *OrderPlaced::NAME {
        return Ok(false);
    }
    let placed = OrderPlaced::decode(event.schema_version, event.payload.as_bytes())?;
    Ok(placed.fulfilled_by == FulfilledBy::Reactors)
}
