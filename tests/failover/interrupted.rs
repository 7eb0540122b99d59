//! The failover comes in the middle of a consumer's batch, and in the middle of a saga's step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kenning::prelude::*;
use kenning::saga::{SagaOptions, StepError};
use kenning::{CancellationToken, ConsumerOptions, HandlerError, RunError};
use kenning_tests::failover::TallyRow;
use kenning_tests::storm::{Add, Added, Tally, TallyEvent};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::checker::settled;
use super::pair::{Pair, Replication};
use super::past::accepted;
use super::{hasty, prepare};
use crate::adversary::postgres::{session, stored};
use crate::adversary::{in_time, until};

/// Holds the first that comes, until it is opened.
#[derive(Debug, Default)]
struct Gate {
    holds: AtomicBool,
    reached: Notify,
    opened: Notify,
}

impl Gate {
    fn shut() -> Arc<Self> {
        Arc::new(Self { holds: AtomicBool::new(true), ..Self::default() })
    }

    async fn pass(&self) {
        if self.holds.swap(false, Ordering::AcqRel) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
    }
}

/// Sees events as `TallySeen` does; at the fifth one it waits at the gate, in the middle of its
/// transaction.
struct Held(Arc<Gate>);

#[projection(name = "held", version = 1, events = TallyEvent)]
impl Held {
    #[on]
    async fn added(&self, event: &Recorded<Added>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
        if event.position() == 5 {
            self.0.pass().await;
        }
        sqlx::query("insert into tally_seen (position, event_id, stream, version) values ($1, $2, $3, $4)")
            .bind(i64::try_from(event.position().get())?)
            .bind(event.metadata().id)
            .bind(event.stream().as_str())
            .bind(i64::try_from(event.version().get())?)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

/// The effects of shipments: rows in the same database, by its own connections.
struct Docks {
    pool: PgPool,
    gate: Arc<Gate>,
}

/// Writes a row, waits at the gate, then sends a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Saga)]
#[kenning(name = "shipment", version = 1, id = tag)]
struct Shipment {
    tag: Uuid,
}

#[saga(services = Docks, retry(attempts = 10_000, backoff = "5ms..100ms"), timeout = "60s")]
impl Shipment {
    #[step(undo = unload)]
    async fn load(&self, cx: &StepContext<Docks>) -> Result<Uuid, StepError> {
        sqlx::query("insert into errand_notes (key, tag) values ($1, $2) on conflict (key) do nothing")
            .bind(cx.key())
            .bind(self.tag)
            .execute(&cx.services().pool)
            .await?;
        cx.services().gate.pass().await;
        Ok(cx.key())
    }
    #[undo]
    async fn unload(&self, cx: &StepContext<Docks>, _: Option<&Uuid>) -> Result<(), StepError> {
        sqlx::query("update errand_notes set undone = true where tag = $1")
            .bind(self.tag)
            .execute(&cx.services().pool)
            .await?;
        Ok(())
    }

    #[send(pivot)]
    fn add(&self) -> Add {
        Add { tally: 7, tag: self.tag, events: 1, even_only: false }
    }
}

/// An application with both, whose consumers and sagas run.
struct Scene {
    pair: Pair,
    app: Kenning,
    gate: Arc<Gate>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

impl Scene {
    async fn new(replication: Replication) -> Self {
        let pair = Pair::new(replication).await;
        prepare(&pair.primary.url).await;
        let (url, gate) = (pair.url(), Gate::shut());
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&url).expect("a URL");
        let app = Kenning::builder(hasty(&url).await)
            .lease(Duration::from_millis(1_500))
            .sagas(SagaOptions::new().poll(Duration::from_millis(100)))
            .aggregate::<Tally>()
            .read_model::<TallyRow>()
            .projection_with(Held(Arc::clone(&gate)), ConsumerOptions::new().batch(20))
            .saga::<Shipment>(Docks { pool, gate: Arc::clone(&gate) })
            .build()
            .await
            .expect("an application");
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(run(app.clone(), stop.clone())), pair, app, gate, stop }
    }

    async fn reached(&self) {
        in_time("the gate to be reached", self.gate.reached.notified()).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("no panic").expect("it ends in good order");
    }

    /// Status, length of the log, notes, events of a shipment, at the survivor.
    async fn shipment(&self, tag: Uuid) -> Option<(String, i64, i64)> {
        let sql = "select status, \
                   sequence - (select count(*) from kenning.saga_log l where l.instance = s.instance), \
                   (select count(*) from errand_notes where tag::text = s.id and not undone) \
                   from kenning.sagas s where id = $1";
        let mut session = session(&self.pair.standby.url).await;
        sqlx::query_as(sql).bind(tag.to_string()).fetch_optional(&mut session).await.expect("an answer")
    }

    async fn completed(&self, tag: Uuid) {
        until("the shipment to end", async || {
            self.shipment(tag).await.is_some_and(|(status, ..)| status != "running" && status != "waiting")
        })
        .await;
        assert_eq!(self.shipment(tag).await, Some(("completed".to_owned(), 0, 1)));
        let events = stored(&self.pair.standby.url).await;
        assert_eq!(events.iter().filter(|event| event.tag == tag).count(), 1);
    }
}

async fn run(app: Kenning, stop: CancellationToken) -> Result<(), RunError> {
    app.run(stop).await
}

/// Four events of the batch are written, the fifth is being handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_failover_in_the_middle_of_a_batch_hands_out_every_event_once() {
    for replication in [Replication::Synchronous, Replication::Asynchronous] {
        let scene = Scene::new(replication).await;
        for nth in 0..10 {
            accepted(&scene.app, Add::one(nth % 3)).await;
        }
        scene.reached().await;
        scene.pair.caught_up().await;
        scene.pair.fail_over().await;
        scene.gate.opened.notify_one();
        for nth in 0..10 {
            accepted(&scene.app, Add::one(nth % 3)).await;
        }
        assert_eq!(settled(&scene.pair.standby.url).await, Vec::<String>::new(), "{replication:?}");
        scene.stop().await;
    }
}

/// The effect of the step is done, its outcome is not recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_failover_in_the_middle_of_a_step_loses_and_repeats_nothing() {
    let scene = Scene::new(Replication::Synchronous).await;
    let tag = Uuid::now_v7();
    scene.app.start(Shipment { tag }).await.expect("the standby has it");
    scene.reached().await;
    scene.pair.fail_over().await;
    scene.gate.opened.notify_one();
    scene.completed(tag).await;
    scene.stop().await;
}

/// The instance is lost with the primary while its step runs: its outcome is recorded nowhere. It
/// can be started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_saga_that_was_lost_with_the_primary_goes_no_further_until_it_is_started_again() {
    let scene = Scene::new(Replication::Asynchronous).await;
    scene.pair.caught_up().await;
    scene.pair.part();
    let tag = Uuid::now_v7();
    scene.app.start(Shipment { tag }).await.expect("it is started");
    scene.reached().await;
    scene.pair.fail_over().await;
    scene.gate.opened.notify_one();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(scene.shipment(tag).await, None);
    let events = stored(&scene.pair.standby.url).await;
    assert_eq!(events.iter().filter(|event| event.tag == tag).count(), 0, "a command of the lost time");
    until("the saga to be started", async || scene.app.start(Shipment { tag }).await.is_ok()).await;
    scene.completed(tag).await;
    scene.stop().await;
}
