//! Two releases on one store: how the newer one is deployed, and what must hold at the end of it.

use std::collections::BTreeMap;
use std::time::Duration;

use kenning::saga::SagaOptions;
use kenning::store::{SagaRecord, SagaStatus};
use kenning::{ConsumerStatus, Kenning, RunError};
use tokio::time::Instant;

use super::declare::Label;
use super::domain::{Open, Outside, Pay, Receive, Weigh, without_saga, wrong_elsewhere};
use super::rows::{ROWS, with};
use super::table::{Must, Row};
use crate::releases::consumers::Both;
use crate::releases::run::{Running, Seen, until};

/// How the newer release comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deploy {
    /// The older one is stopped first.
    Forward,
    /// It has run, is rolled back to the older one, and runs again at the end.
    Back,
    /// Both run, then the newer one alone.
    Rolling,
    /// It runs beside the older one and dies; the older one runs alone; at the end the newer one again.
    Canary,
}

/// Most of what these tests wait for is the end of leases.
const LEASE: Duration = Duration::from_millis(1_000);

/// A guard against hanging, never a measure.
const PATIENCE: Duration = Duration::from_secs(40);

const OLDER: bool = false;
const NEWER: bool = true;

/// A store, and what the releases have done.
struct World<H> {
    home: H,
    seen: Seen,
    outside: Outside,
    wrong: Vec<String>,
}

/// The instances by saga and id, and the consumers.
struct Look {
    instances: BTreeMap<(String, String), SagaRecord>,
    consumers: Vec<ConsumerStatus>,
}

impl Look {
    async fn at(app: &Kenning) -> Self {
        let list = app.sagas().limit(1_000).list().await.expect("the store answers");
        let named = |record: SagaRecord| ((record.saga.to_string(), record.id.to_string()), record);
        let consumers = app.consumers().await.expect("the store answers");
        Self { instances: list.into_iter().map(named).collect(), consumers }
    }

    fn record(&self, row: &Row, id: u64) -> Option<&SagaRecord> {
        self.instances.get(&(row.saga.to_owned(), id.to_string()))
    }

    fn status(&self, row: &Row, id: u64) -> Option<SagaStatus> {
        self.record(row, id).map(|record| record.status)
    }

    /// Whether the consumer of the saga waits in front of an event of the other release.
    fn waits(&self, row: &Row) -> bool {
        let own = self.consumers.iter().filter(|consumer| *consumer.name == *row.saga);
        own.flat_map(|consumer| &consumer.partitions).any(|partition| partition.waits_for.is_some())
    }

    /// One that a killed release has just started is parked, until its release is back.
    fn is_in_flight(&self, row: &Row, id: u64) -> bool {
        let status = self.status(row, id);
        status.is_some_and(|status| status.is_end() || status == SagaStatus::Waiting)
            || status == Some(SagaStatus::Parked) && self.is_as(row, id, Must::Wait)
    }

    fn is_as(&self, row: &Row, id: u64, must: Must) -> bool {
        let record = self.record(row, id);
        let reason = record.and_then(|record| record.reason.as_deref()).unwrap_or_default();
        match (self.status(row, id), must) {
            (Some(SagaStatus::Completed), must) => must == Must::Continue,
            (Some(SagaStatus::Parked), Must::Park(text)) => reason.contains(text),
            (Some(SagaStatus::Parked), Must::Wait) => reason.contains("it follows version"),
            (_, Must::Wait) => self.waits(row),
            _ => false,
        }
    }
}

impl<H: Both> World<H> {
    async fn run(&self, newer: bool) -> Running {
        let options = SagaOptions::new().poll(Duration::from_millis(50));
        let builder = Kenning::builder(self.home.store().await).lease(LEASE).sagas(options);
        let builder = with(newer, without_saga(builder, &self.seen).aggregate::<Label>(), &self.outside);
        Running::new(builder.build().await.unwrap_or_else(|error| panic!("newer: {newer}: {error}")))
    }

    /// Waits until all rows are as they must; notes what is not in time.
    async fn check(&mut self, app: &Kenning, what: &str, is: impl Fn(&Look, &Row) -> bool) {
        let all = until(what, async || {
            let look = Look::at(app).await;
            ROWS.iter().all(|row| is(&look, row)).then_some(())
        });
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            let look = Look::at(app).await;
            for row in ROWS.iter().filter(|row| !is(&look, row)) {
                let mut found = Vec::new();
                for id in 1..4_u64 {
                    let whole = app.sagas().instance(row.saga, id.to_string()).show().await;
                    found.push(match whole.expect("the store answers") {
                        Some(whole) if whole.record.status.is_end() => whole.record.status.to_string(),
                        Some(whole) => format!("{whole:?}"),
                        None => "not started".to_owned(),
                    });
                }
                let (change, waits) = (row.change, look.waits(row));
                let found = found.join("; ");
                self.wrong.push(format!("{change} ({}): {what}: {found}; waits: {waits}", row.saga));
            }
        }
    }

    /// Opens a parcel, and waits until its instances are in flight.
    async fn open(&mut self, app: &Kenning, watched: &Kenning, newer: bool, id: u64) {
        app.execute(Open { id }).await.expect("it is opened");
        let is = |look: &Look, row: &Row| look.is_in_flight(row, id) || newer && row.saga == "start-other";
        self.check(watched, &format!("{id} in flight"), is).await;
    }
}

/// Everything that instances of either release wait for. What starts an instance comes first.
async fn settle(app: &Kenning, ids: &[u64]) {
    for id in ids {
        app.execute(Weigh { id: *id }).await.expect("it is weighed");
    }
    for id in ids {
        app.execute(Pay { id: *id }).await.expect("it is paid");
    }
    for id in ids {
        app.execute(Receive { id: *id }).await.expect("it is received");
    }
}

/// Runs all rows.
pub(super) async fn deployed<H: Both>(home: H, deploy: Deploy) {
    let mut world = World { home, seen: Seen::default(), outside: Outside::default(), wrong: Vec::new() };
    let last = match deploy {
        Deploy::Forward => {
            let older = world.run(OLDER).await;
            world.open(&older.app, &older.app, OLDER, 1).await;
            world.open(&older.app, &older.app, OLDER, 2).await;
            older.stop().await;
            let newer = world.run(NEWER).await;
            world.open(&newer.app, &newer.app, NEWER, 3).await;
            settle(&newer.app, &[1, 2, 3]).await;
            let forward = |look: &Look, row: &Row| [1, 2].iter().all(|id| look.is_as(row, *id, row.forward));
            world.check(&newer.app, "older instances under the newer release", forward).await;
            newer
        }
        Deploy::Back => {
            // Which release is the newer one is told by the order in which they first ran.
            world.run(OLDER).await.stop().await;
            let newer = world.run(NEWER).await;
            world.open(&newer.app, &newer.app, NEWER, 1).await;
            world.open(&newer.app, &newer.app, NEWER, 2).await;
            newer.stop().await;
            let older = world.run(OLDER).await;
            world.open(&older.app, &older.app, NEWER, 3).await;
            settle(&older.app, &[1, 2, 3]).await;
            let back = |look: &Look, row: &Row| [1, 2].iter().all(|id| look.is_as(row, *id, row.back));
            world.check(&older.app, "newer instances under the older release", back).await;
            // Its own ones do not wait, but where they stand behind an event of the newer release.
            let own = |look: &Look, row: &Row| {
                look.status(row, 3) == Some(SagaStatus::Completed)
                    || row.starts_otherwise() && look.waits(row)
            };
            world.check(&older.app, "older instances under the older release", own).await;
            older.stop().await;
            world.run(NEWER).await
        }
        Deploy::Rolling => {
            let older = world.run(OLDER).await;
            world.open(&older.app, &older.app, OLDER, 1).await;
            let newer = world.run(NEWER).await;
            world.open(&newer.app, &older.app, NEWER, 2).await;
            world.open(&older.app, &newer.app, NEWER, 3).await;
            settle(&newer.app, &[1, 3]).await;
            settle(&older.app, &[2]).await;
            let all = |look: &Look, row: &Row| {
                let later = row.continues_later();
                (1..4).all(|id| later || look.status(row, id) == Some(SagaStatus::Completed))
            };
            world.check(&newer.app, "all instances under both releases", all).await;
            older.stop().await;
            newer
        }
        Deploy::Canary => {
            let older = world.run(OLDER).await;
            world.open(&older.app, &older.app, OLDER, 1).await;
            let canary = world.run(NEWER).await;
            world.open(&canary.app, &older.app, NEWER, 2).await;
            canary.kill().await;
            world.open(&older.app, &older.app, NEWER, 3).await;
            settle(&older.app, &[1, 2, 3]).await;
            let rested = |look: &Look, row: &Row| {
                let one = |id| [Must::Continue, Must::Wait].iter().any(|must| look.is_as(row, id, *must));
                (1..4).all(|id| one(id) || row.continues_later())
            };
            world.check(&older.app, "all instances under the older release", rested).await;
            older.stop().await;
            world.run(NEWER).await
        }
    };
    ended(&mut world, last).await;
    assert!(world.wrong.is_empty(), "{deploy:?}\n{}", world.wrong.join("\n"));
}

/// Has all instances end, and checks every effect of every consumer.
async fn ended<H: Both>(world: &mut World<H>, last: Running) {
    let completed =
        |look: &Look, row: &Row| (1..4).all(|id| look.status(row, id) == Some(SagaStatus::Completed));
    let alone = |look: &Look, row: &Row| matches!(row.forward, Must::Park(_)) || completed(look, row);
    world.check(&last.app, "all that continues under the newer release alone", alone).await;
    // The way out of what has no way to the newer release: the older one beside it, and an operator.
    let beside = world.run(OLDER).await;
    let app = last.app.clone();
    let operator = tokio::spawn(async move {
        loop {
            let look = Look::at(&app).await;
            for row in ROWS {
                for id in 1..4_u64 {
                    let handle = app.sagas().instance(row.saga, id.to_string());
                    // Not errors when it has gone on by itself meanwhile.
                    match look.status(row, id) {
                        Some(SagaStatus::Parked) => drop(handle.retry().await),
                        Some(SagaStatus::Waiting) if row.loses_the_event() => {
                            drop(
                                handle
                                    .skip("paid", "it was paid while no release ran that waits for it")
                                    .await,
                            );
                        }
                        _ => {}
                    }
                }
            }
            tokio::time::sleep_until(Instant::now() + LEASE).await;
        }
    });
    world.check(&last.app, "all under both releases", completed).await;
    operator.abort();
    beside.stop().await;
    let last = last.stop().await;
    match last.run_until_idle().await {
        Ok(()) | Err(RunError::Failing { .. }) => {}
        Err(error) => world.wrong.push(error.to_string()),
    }
    let done = world.outside.all();
    let twice = done.iter().filter(|(_, times)| **times != 1);
    world.wrong.extend(twice.map(|(what, times)| format!("{what}: {times} times")));
    for id in 1..4 {
        for row in ROWS {
            let effect = |what: &str| format!("{} {what} {id}", row.saga);
            let missing = row.always.iter().filter(|what| !done.contains_key(&effect(what)));
            world.wrong.extend(missing.map(|what| format!("{} never done", effect(what))));
        }
        // One for each of the rows that send them.
        let labels = last.load::<Label>(id).await.expect("the store answers").times;
        if labels != 4 {
            world.wrong.push(format!("{id} has {labels} labels"));
        }
    }
    world.wrong.extend(wrong_elsewhere(&last, &world.seen, &[1, 2, 3]).await);
}
