//! A store with many events and instances beside an empty one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kenning::store::{EventStore as _, SagaStatus};
use kenning::{Kenning, PostgresStore};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Result;
use crate::cpu::Cpu;
use crate::domain::Account;
use crate::driver::{Bank as _, Mix, Wish, drive, opening};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::ours::Ours;
use crate::workload::{CONNECTIONS, Context, sagas};

/// How much the large store has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) events: i64,
    pub(crate) instances: i64,
}

impl Size {
    /// For every run.
    pub(crate) const SMALL: Self = Self { events: 200_000, instances: 50_000 };
    /// With `--large`.
    pub(crate) const LARGE: Self = Self { events: 5_000_000, instances: 1_000_000 };
}

/// What is done on both stores.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Commands,
    Loads,
    Claims,
    Pages,
    Counts,
}

const LARGE: &str = "large";
const EMPTY: &str = "ours";

/// How many accounts loads are spread over.
const ACCOUNTS: usize = 500;

/// Operations a second on the large store, beside the empty one.
pub(crate) async fn large(context: Context, what: What) -> Result<Workload> {
    let pool = context.pool().await?;
    fill(&context, &pool).await?;
    sqlx::query("DROP SCHEMA IF EXISTS ours CASCADE").execute(&pool).await?;
    let mut sides = Vec::new();
    for (name, schema) in [("large", LARGE), ("empty", EMPTY)] {
        sides.push(match what {
            What::Commands => commands(name, schema, &context).await?,
            What::Loads => loads(name, schema, &context).await?,
            What::Claims => sagas::backlog(name, schema, &context, &pool).await?,
            What::Pages | What::Counts => lists(name, schema, &context, what).await?,
        });
    }
    Ok(Workload {
        unit: Unit::PerSecond,
        sides,
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.9))],
    })
}

async fn connect(context: &Context, schema: &str) -> Result<PostgresStore> {
    let store =
        PostgresStore::options().schema(schema).max_connections(CONNECTIONS).connect(&context.url).await?;
    store.prepare().await?;
    Ok(store)
}

/// Fills the large store, unless it is as large as wanted: ten events of each account; of eight
/// instances one is completed, one is parked, and the others wait for times far away.
async fn fill(context: &Context, pool: &PgPool) -> Result<()> {
    let Size { events, instances } = context.size;
    drop(connect(context, LARGE).await?);
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM large.sagas").fetch_one(pool).await?;
    if found >= instances {
        return Ok(());
    }
    eprintln!("  filling a store with {events} events and {instances} instances");
    let payload = serde_json::to_string(&opening(Uuid::nil()).details)?;
    let events_sql = "INSERT INTO large.events (position, version, recorded_at, event_id, correlation_id, schema_version, stream, name, payload) \
         SELECT nextval('large.event_positions'), 1 + n / ($1 / 10), clock_timestamp(), gen_random_uuid(), gen_random_uuid(), 1, \
             'account-' || md5((n % ($1 / 10))::text)::uuid, 'account.opened', $2::json \
         FROM generate_series(0, $1 - 1) n";
    sqlx::query(events_sql).bind(events).bind(payload).execute(pool).await?;
    let instances_sql = "INSERT INTO large.sagas (instance, correlation_id, version, definition, epoch, due_at, started_at, updated_at, sequence, \
             messages, messages_seen, saga, id, status, step, state) \
         SELECT gen_random_uuid(), gen_random_uuid(), 1, $2, 1, CASE WHEN n % 8 > 1 THEN clock_timestamp() + interval '1 day' + n * interval '1 ms' END, \
             clock_timestamp(), clock_timestamp(), 2, 0, 0, 'delivery', 'old-' || n, \
             CASE n % 8 WHEN 0 THEN 'completed' WHEN 1 THEN 'parked' ELSE 'waiting' END, 'charge', $3::json \
         FROM generate_series(1, $1) n";
    sqlx::query(instances_sql)
        .bind(instances)
        .bind(sagas::definition().cast_signed())
        .bind(sagas::STATE)
        .execute(pool)
        .await?;
    let logs = "INSERT INTO large.saga_log (instance, at, sequence, attempt, kind, step) \
         SELECT s.instance, s.started_at, n, 1, CASE n WHEN 1 THEN 'intent' ELSE 'done' END, 'reserve' \
         FROM large.sagas s CROSS JOIN generate_series(1, 2) n";
    sqlx::query(logs).execute(pool).await?;
    sqlx::query("VACUUM ANALYZE").execute(pool).await?;
    sqlx::query("CHECKPOINT").execute(pool).await?;
    Ok(())
}

async fn commands(name: &'static str, schema: &'static str, context: &Context) -> Result<Side> {
    let ours = Arc::new(Ours::on(connect(context, schema).await?).await?);
    Ok(Side::new(name, move |duration| {
        let ours = Arc::clone(&ours);
        async move { drive(&ours, Mix::HalfNew, 16, duration).await }
    }))
}

/// Loads of accounts, one after the other, each from the store.
async fn loads(name: &'static str, schema: &'static str, context: &Context) -> Result<Side> {
    let ours = Ours::on(connect(context, schema).await?).await?;
    let ids: Vec<Uuid> = (0..ACCOUNTS).map(|_| Uuid::now_v7()).collect();
    for id in &ids {
        ours.execute(Wish::Open(opening(*id))).await?;
    }
    let ids = Arc::new(ids);
    let context = context.clone();
    Ok(Side::new(name, move |duration: Duration| {
        let (ids, context) = (Arc::clone(&ids), context.clone());
        async move {
            // A new application has nothing in its cache.
            let app = Ours::on(connect(&context, schema).await?).await?.app;
            let (before, began) = (Cpu::now(), Instant::now());
            let mut count = 0;
            while began.elapsed() < duration {
                let loaded = app.load::<Account>(&ids[count % ids.len()]).await?;
                if loaded.version().get() == 0 {
                    return Err("an account has no events".into());
                }
                count += 1;
            }
            let sample = Sample::rate(count as u64, began.elapsed()).cpu(&before, &Cpu::now());
            app.close().await;
            Ok(sample)
        }
    }))
}

async fn lists(name: &'static str, schema: &'static str, context: &Context, what: What) -> Result<Side> {
    let store = connect(context, schema).await?;
    let app: Kenning = Kenning::builder(store).sagas(kenning::saga::SagaOptions::new()).build().await?;
    let pool = context.pool().await?;
    for id in 0..100 {
        // The page of the empty store is as full.
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "INSERT INTO {schema}.sagas (instance, correlation_id, version, definition, epoch, started_at, updated_at, sequence, messages, \
                 messages_seen, saga, id, status, step, state) \
             VALUES (gen_random_uuid(), gen_random_uuid(), 1, 1, 1, clock_timestamp(), clock_timestamp(), 0, 0, 0, 'delivery', 'new-' || $1, \
                 'parked', 'charge', '{{}}') ON CONFLICT DO NOTHING"
        )))
        .bind(id)
        .execute(&pool)
        .await?;
    }
    Ok(Side::new(name, move |duration: Duration| {
        let app = app.clone();
        async move {
            let (before, began) = (Cpu::now(), Instant::now());
            let mut count = 0;
            while began.elapsed() < duration {
                match what {
                    What::Counts => drop(app.sagas().count().await?),
                    _ => {
                        let page = app.sagas().saga("delivery").status(SagaStatus::Parked).limit(50);
                        if page.list().await?.len() != 50 {
                            return Err("a page is not full".into());
                        }
                    }
                }
                count += 1;
            }
            Ok(Sample::rate(count, began.elapsed()).cpu(&before, &Cpu::now()))
        }
    }))
}
