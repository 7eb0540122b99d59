//! Sagas: how fast their steps are, how fast they start, what they cost while they wait, how soon they are taken over.

mod alone;
mod closed;
mod delivery;
mod history;
mod idle;
mod many;
mod start;
mod takeover;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kenning::saga::SagaOptions;
use kenning::store::{NewSaga, SagaStore, TransactionalStore};
use kenning::{CancellationToken, Kenning, Payload, PostgresStore, SagaDefinition};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) use self::alone::alone;
pub(crate) use self::closed::closed;
use self::delivery::Delivery;
pub(crate) use self::delivery::STATE;
pub(crate) use self::history::writes;
pub(crate) use self::idle::{child as idle_child, idle};
pub(crate) use self::many::many;
pub(crate) use self::start::start;
pub(crate) use self::takeover::takeover;
use crate::Result;
use crate::cpu::Cpu;
use crate::floor::{self, saga};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::workload::{CONNECTIONS, Context};

/// How many instances a round runs to their end for each second that it is to take, about.
const INSTANCES: f64 = 2_000.0;

/// Three steps that do nothing, 64 instances in flight: steps a second.
pub(crate) async fn steps(context: Context) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let (store, app) = application(&context, SagaOptions::new().concurrency(64)).await?;
    let app = Arc::new(app);
    let ours = {
        let pool = pool.clone();
        move |duration: Duration| {
            let (store, app, pool) = (store.clone(), Arc::clone(&app), pool.clone());
            async move { to_their_end(&store, &app, &pool, instances(duration)).await }
        }
    };
    let by_hand = move |duration: Duration| {
        let pool = pool.clone();
        async move {
            let instances = instances(duration);
            saga::fill(&pool, i64::try_from(instances)?, delivery::STATE).await?;
            let (before, began) = (Cpu::now(), Instant::now());
            saga::run(&pool).await?;
            let sample = Sample::rate(3 * instances, began.elapsed()).cpu(&before, &Cpu::now());
            check(saga::completed(&pool, "floor.sagas").await?, instances)?;
            Ok(sample)
        }
    };
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![Side::new("ours", ours), Side::new("batched statements", by_hand)],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.8))],
    })
}

/// Runs a backlog of instances to their end: steps a second.
async fn to_their_end(store: &PostgresStore, app: &Kenning, pool: &PgPool, instances: u64) -> Result<Sample> {
    fill(store, pool, instances).await?;
    let stop = CancellationToken::new();
    let (before, began) = (Cpu::now(), Instant::now());
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    // Whether all have come to their end is asked of an index.
    let left = "SELECT EXISTS (SELECT FROM ours.sagas WHERE owner IS NOT NULL OR due_at IS NOT NULL)";
    while sqlx::query_scalar::<_, bool>(left).fetch_one(pool).await? {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let sample = Sample::rate(3 * instances, began.elapsed()).cpu(&before, &Cpu::now());
    stop.cancel();
    running.await??;
    check(saga::completed(pool, "ours.sagas").await?, instances)?;
    Ok(sample)
}

/// An application whose sagas run.
struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Running {
    fn start(app: &Kenning) -> Self {
        let (app, stop) = (app.clone(), CancellationToken::new());
        let until = stop.clone();
        Self { stop, task: tokio::spawn(async move { Ok(app.run(until).await?) }) }
    }

    async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.task.await?
    }
}

fn instances(duration: Duration) -> u64 {
    (INSTANCES * duration.as_secs_f64()).max(500.0) as u64
}

fn check(found: i64, expected: u64) -> Result<()> {
    if u64::try_from(found)? == expected {
        Ok(())
    } else {
        Err(format!("{found} of {expected} instances have come to their end").into())
    }
}

/// An application on an empty store.
async fn application(context: &Context, options: SagaOptions) -> Result<(PostgresStore, Kenning)> {
    let pool = context.pool().await?;
    sqlx::query("DROP SCHEMA IF EXISTS ours CASCADE").execute(&pool).await?;
    pool.close().await;
    reopened(context, options, Duration::from_secs(15)).await
}

/// An application on what is stored already.
async fn reopened(
    context: &Context,
    options: SagaOptions,
    lease: Duration,
) -> Result<(PostgresStore, Kenning)> {
    let store =
        PostgresStore::options().schema("ours").max_connections(CONNECTIONS).connect(&context.url).await?;
    let builder = Kenning::builder(store.clone()).lease(lease).sagas(options);
    Ok((store, builder.saga::<Delivery>(()).build().await?))
}

/// The fingerprint of the saga of most workloads.
pub(crate) fn definition() -> u64 {
    kenning::saga::SagaDescription::of::<Delivery>().fingerprint()
}

/// Steps a second of a backlog of instances, in a store that may have others.
pub(crate) async fn backlog(
    name: &'static str,
    schema: &'static str,
    context: &Context,
    pool: &PgPool,
) -> Result<Side> {
    let store =
        PostgresStore::options().schema(schema).max_connections(CONNECTIONS).connect(&context.url).await?;
    let builder = Kenning::builder(store.clone()).sagas(SagaOptions::new().concurrency(64));
    let app = builder.saga::<Delivery>(()).build().await?;
    let pool = pool.clone();
    Ok(Side::new(name, move |duration: Duration| {
        let (store, pool, app) = (store.clone(), pool.clone(), app.clone());
        async move {
            let instances = instances(duration);
            start_all(&store, instances).await?;
            let (before, began) = (Cpu::now(), Instant::now());
            let running = Running::start(&app);
            let left = format!(
                "SELECT EXISTS (SELECT FROM {schema}.sagas WHERE owner IS NOT NULL) OR EXISTS \
                 (SELECT FROM {schema}.sagas WHERE saga = 'delivery' AND definition = {} AND owner IS NULL AND due_at <= clock_timestamp())",
                definition().cast_signed()
            );
            while sqlx::query_scalar::<_, bool>(sqlx::AssertSqlSafe(left.clone())).fetch_one(&pool).await? {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let sample = Sample::rate(3 * instances, began.elapsed()).cpu(&before, &Cpu::now());
            running.stop().await?;
            Ok(sample)
        }
    }))
}

/// Puts instances there that are due, and nothing else.
async fn fill(store: &PostgresStore, pool: &PgPool, instances: u64) -> Result<()> {
    sqlx::raw_sql("TRUNCATE ours.sagas, ours.saga_log, ours.saga_messages").execute(pool).await?;
    start_all(store, instances).await
}

async fn start_all(store: &PostgresStore, instances: u64) -> Result<()> {
    let ids: Vec<u64> = (0..instances).collect();
    for some in ids.chunks(1_000) {
        let sagas: Vec<_> = some.iter().map(|id| new(*id)).collect();
        let mut transaction = store.begin().await?;
        store.start_sagas(&mut transaction, &sagas).await?;
        store.commit(transaction).await?;
    }
    Ok(())
}

fn new(id: u64) -> NewSaga {
    NewSaga {
        instance: Uuid::now_v7(),
        saga: <Delivery as kenning::Saga>::NAME.into(),
        id: format!("{id}-{}", Uuid::now_v7()).into(),
        version: 1,
        definition: kenning::saga::SagaDescription::of::<Delivery>().fingerprint(),
        state: Payload::from_stored(delivery::STATE),
        correlation_id: Uuid::now_v7(),
        causation_id: None,
        early_events: false,
    }
}

/// The saga has the steps that the floor has.
const _: () = assert!(<Delivery as SagaDefinition>::STEPS.len() == 3);
