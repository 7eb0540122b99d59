//! How far orders are that reactors fulfil.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use fulfilment::{OrderCancelled, OrderPlaced, OrderShipped};
use kenning::store::StoreError;
use kenning::{ConsumerError, Event, Feed, Kenning};
use tokio::time::{Instant, sleep, timeout};

use crate::Failure;
use crate::place::{PATIENCE, PAUSE, number};
use crate::summary::{Ends, Work};

/// Where orders and departments tell what they have done.
pub(crate) const CATEGORIES: [&str; 4] = ["order", "inventory", "payments", "shipping"];

/// How often it is looked whether an order is parked.
const LOOK: Duration = Duration::from_secs(1);

/// The most parked events that are looked at.
pub(crate) const PARKED: u32 = 100_000;

/// Follows the orders up to a number.
pub(crate) struct Followed {
    feed: Feed,
    orders: u64,
    /// Orders with an end, and whether that is completion.
    ended: HashMap<u64, bool>,
    parked: HashSet<u64>,
    steps: u64,
}

impl Followed {
    pub(crate) fn new(app: &Kenning, orders: u64) -> Self {
        let feed = app.feed().categories(CATEGORIES).limit(1_000);
        Self { feed, orders, ended: HashMap::new(), parked: HashSet::new(), steps: 0 }
    }

    /// Waits until all have come to their end.
    pub(crate) async fn wait(&mut self, app: &Kenning) -> Result<(), Failure> {
        let mut answered = Instant::now();
        let mut looked = Instant::now();
        while (self.ended.len() + self.parked.len()) as u64 != self.orders {
            let read = timeout(LOOK, self.read()).await;
            let looked_now = if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.look(app).await
            } else {
                Ok(())
            };
            match read.unwrap_or(Ok(())).map_err(Failure::from).and(looked_now.map_err(Failure::from)) {
                Ok(()) => answered = Instant::now(),
                // A store that is away comes back.
                Err(_) if answered.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what has happened since.
    async fn read(&mut self) -> Result<(), StoreError> {
        let page = self.feed.next().await?;
        for event in &page.events {
            let Some(number) = number(event.metadata.stream.id()).filter(|&number| number <= self.orders)
            else {
                continue;
            };
            if *event.name != *OrderPlaced::NAME {
                self.steps += 1;
            }
            if *event.name == *OrderShipped::NAME || *event.name == *OrderCancelled::NAME {
                self.parked.remove(&number);
                self.ended.insert(number, *event.name == *OrderShipped::NAME);
            }
        }
        Ok(())
    }

    /// Looks which orders nobody goes on with by itself.
    async fn look(&mut self, app: &Kenning) -> Result<(), ConsumerError> {
        let parked = app.parked().failed().limit(PARKED).list().await?;
        self.parked = parked
            .iter()
            .filter_map(|parked| number(parked.stream.id()))
            .filter(|number| *number <= self.orders && !self.ended.contains_key(number))
            .collect();
        Ok(())
    }

    pub(crate) fn ends(&self) -> Ends {
        let completed = self.ended.values().filter(|&&completed| completed).count();
        Ends {
            completed: completed as u64,
            compensated: (self.ended.len() - completed) as u64,
            parked: self.parked.len() as u64,
        }
    }

    pub(crate) fn work(&self, retries: u64) -> Work {
        Work { steps: self.steps, retries }
    }
}
