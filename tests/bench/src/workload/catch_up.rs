//! A read model that catches up with a store full of events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kenning::store::{Append, EventStore, Expect, NewEvent, StreamAppend};
use kenning::{ConsumerOptions, Kenning, PostgresStore, Start, StreamName};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Result;
use crate::cpu::Cpu;
use crate::domain::{Account, AccountEvent, AccountSummary, Turnover};
use crate::driver::{entry, opening};
use crate::floor::{self, catch_up};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::workload::{CONNECTIONS, Context};

/// How many events an account has: it is opened, and then paid into.
const EVENTS: u64 = 10;

/// In which order the events of the accounts stand in the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locality {
    /// All events of an account stand together.
    Streams,
    /// Every account has its first event before any has its second.
    None,
}

/// Two hundred thousand events of twenty thousand accounts, folded into a table: by a read model and by hand.
pub(crate) async fn read_model(context: Context, locality: Locality) -> Result<Workload> {
    let (pool, store) = filled(&context, 20_000, locality).await?;
    let app = Arc::new(application(store, ConsumerOptions::new()).await?);
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![ours("ours", app, pool.clone(), 20_000), by_hand(pool, 20_000)],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.8))],
    })
}

/// The same by four partitions and by one.
pub(crate) async fn partitions(context: Context) -> Result<Workload> {
    let (pool, store) = filled(&context, 20_000, Locality::None).await?;
    let mut sides = Vec::new();
    for (name, partitions) in [("four partitions", 4), ("one", 1)] {
        // Each has a schema of its own, where the other's checkpoints are not in the way.
        let options = ConsumerOptions::new().partitions(partitions);
        sides.push(Side::new(name, {
            let (pool, store) = (pool.clone(), store.clone());
            move |_| {
                let (pool, store, options) = (pool.clone(), store.clone(), options.clone());
                async move {
                    forget(&pool).await?;
                    let app = application(store, options).await?;
                    caught_up(&app, &pool, 20_000).await
                }
            }
        }));
    }
    Ok(Workload {
        unit: Unit::PerSecond,
        sides,
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(1.3))],
    })
}

/// The same with an event at the end that a later release has written, and that this one leaves
/// alone, and without: what release safety costs where it has nothing to do.
pub(crate) async fn unknown_event(context: Context) -> Result<Workload> {
    let (pool, store) = filled(&context, 20_000, Locality::None).await?;
    let app = Arc::new(application(store, ConsumerOptions::new()).await?);
    app.run_until_idle().await?;
    let side = |name, is_there: bool| {
        let (app, pool) = (Arc::clone(&app), pool.clone());
        Side::new(name, move |_: Duration| {
            let (app, pool) = (Arc::clone(&app), pool.clone());
            async move {
                sqlx::query("DELETE FROM ours.events WHERE stream = 'account-later'").execute(&pool).await?;
                if is_there {
                    let later = "INSERT INTO ours.events (position, version, recorded_at, event_id, schema_version, stream, name, payload) \
                        SELECT nextval('ours.event_positions'), 1, clock_timestamp(), gen_random_uuid(), 99, 'account-later', name, payload \
                        FROM ours.events WHERE position = (SELECT min(position) FROM ours.events)";
                    sqlx::query(later).execute(&pool).await?;
                }
                app.consumer("account_summaries").reset(Start::Beginning).await?;
                sqlx::query("TRUNCATE ours.account_summaries").execute(&pool).await?;
                let stop = kenning::CancellationToken::new();
                let (before, began) = (Cpu::now(), Instant::now());
                let running = tokio::spawn({
                    let (app, stop) = (Arc::clone(&app), stop.clone());
                    async move { app.run(stop).await }
                });
                // It comes to no rest at an event that it leaves alone.
                let entries = "SELECT coalesce(sum(entries), 0)::bigint FROM ours.account_summaries";
                while sqlx::query_scalar::<_, i64>(entries).fetch_one(&pool).await? != totals(20_000).1 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                let sample = Sample::rate(20_000 * EVENTS, began.elapsed()).cpu(&before, &Cpu::now());
                stop.cancel();
                running.await??;
                same(catch_up::totals(&pool, "ours.account_summaries").await?, totals(20_000))?;
                Ok(sample)
            }
        })
    };
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![side("with", true), side("without", false)],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.95))],
    })
}

/// One statement for each of twenty thousand events, in transactions of as many events on both sides.
pub(crate) async fn projection(context: Context) -> Result<Workload> {
    const BATCH: usize = 500;
    let (pool, store) = filled(&context, 2_000, Locality::None).await?;
    sqlx::raw_sql("CREATE TABLE ours.turnover (account uuid PRIMARY KEY, turnover bigint NOT NULL)")
        .execute(&pool)
        .await?;
    let options = ConsumerOptions::new().batch(BATCH);
    let app = Arc::new(Kenning::builder(store).projection_with(Turnover, options).build().await?);
    let ours = {
        let pool = pool.clone();
        move |_: Duration| {
            let (app, pool) = (Arc::clone(&app), pool.clone());
            async move {
                app.consumer("turnover").reset(Start::Beginning).await?;
                sqlx::query("TRUNCATE ours.turnover").execute(&pool).await?;
                let (before, began) = (Cpu::now(), Instant::now());
                app.run_until_idle().await?;
                let sample = Sample::rate(20_000, began.elapsed()).cpu(&before, &Cpu::now());
                same(turnover(&pool, "ours.turnover").await?, (2_000, sum(2_000)))?;
                Ok(sample)
            }
        }
    };
    let by_hand = move |_: Duration| {
        let pool = pool.clone();
        async move {
            catch_up::reset(&pool).await?;
            let (before, began) = (Cpu::now(), Instant::now());
            catch_up::project(&pool, BATCH as i64).await?;
            let sample = Sample::rate(20_000, began.elapsed()).cpu(&before, &Cpu::now());
            same(turnover(&pool, "floor.turnover").await?, (2_000, sum(2_000)))?;
            Ok(sample)
        }
    };
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![Side::new("ours", ours), Side::new("same SQL, batched", by_hand)],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.9))],
    })
}

/// How many accounts a projection has seen, and what they were paid.
async fn turnover(pool: &PgPool, table: &'static str) -> Result<(i64, i64)> {
    let sql = format!("SELECT count(*), coalesce(sum(turnover), 0)::bigint FROM {table}");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await?)
}

fn ours(name: &'static str, app: Arc<Kenning>, pool: PgPool, accounts: u64) -> Side {
    Side::new(name, move |_| {
        let (app, pool) = (Arc::clone(&app), pool.clone());
        async move {
            app.consumer("account_summaries").reset(Start::Beginning).await?;
            caught_up(&app, &pool, accounts).await
        }
    })
}

fn by_hand(pool: PgPool, accounts: u64) -> Side {
    Side::new("UNNEST upsert", move |_| {
        let pool = pool.clone();
        async move {
            catch_up::reset(&pool).await?;
            let (before, began) = (Cpu::now(), Instant::now());
            catch_up::catch_up(&pool).await?;
            let sample = Sample::rate(accounts * EVENTS, began.elapsed()).cpu(&before, &Cpu::now());
            same(catch_up::totals(&pool, "floor.account_summaries").await?, totals(accounts))?;
            Ok(sample)
        }
    })
}

/// Lets the read model catch up from the beginning, and checks what has come of it.
pub(crate) async fn caught_up(app: &Kenning, pool: &PgPool, accounts: u64) -> Result<Sample> {
    let (before, began) = (Cpu::now(), Instant::now());
    app.run_until_idle().await?;
    let sample = Sample::rate(accounts * EVENTS, began.elapsed()).cpu(&before, &Cpu::now());
    same(catch_up::totals(pool, "ours.account_summaries").await?, totals(accounts))?;
    Ok(sample)
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("the table holds {found:?}, not {expected:?}").into())
    }
}

/// What all accounts of the workloads have been paid.
fn sum(accounts: u64) -> i64 {
    let mut random = fastrand::Rng::with_seed(1);
    (0..accounts * (EVENTS - 1)).map(|_| entry(&mut random).amount).sum()
}

fn totals(accounts: u64) -> (i64, i64, i64) {
    (accounts as i64, (accounts * (EVENTS - 1)) as i64, sum(accounts))
}

/// A store and the floor's table with the same events.
pub(crate) async fn filled(
    context: &Context,
    accounts: u64,
    locality: Locality,
) -> Result<(PgPool, PostgresStore)> {
    filled_with(context, accounts, EVENTS, locality).await
}

/// The same with so many events of each account.
pub(crate) async fn filled_with(
    context: &Context,
    accounts: u64,
    events: u64,
    locality: Locality,
) -> Result<(PgPool, PostgresStore)> {
    let pool = context.pool().await?;
    sqlx::query("DROP SCHEMA IF EXISTS ours CASCADE").execute(&pool).await?;
    floor::create(&pool).await?;
    let store =
        PostgresStore::options().schema("ours").max_connections(CONNECTIONS).connect(&context.url).await?;
    store.prepare().await?;
    let ids: Vec<Uuid> = (0..accounts).map(|_| Uuid::now_v7()).collect();
    let mut random = fastrand::Rng::with_seed(1);
    match locality {
        Locality::None => {
            for nth in 0..events {
                for some in ids.chunks(256) {
                    let streams = some.iter().map(|id| stream(*id, nth..nth + 1, &mut random));
                    append(&store, streams.collect::<Result<_>>()?).await?;
                }
            }
        }
        Locality::Streams => {
            for some in ids.chunks(256) {
                let streams = some.iter().map(|id| stream(*id, 0..events, &mut random));
                append(&store, streams.collect::<Result<_>>()?).await?;
            }
        }
    }
    sqlx::raw_sql(
        "INSERT INTO floor.events (stream, version, id, name, schema_version, payload, correlation_id, causation_id, recorded_at) \
         SELECT stream, version, event_id, name, schema_version, payload, correlation_id, causation_id, recorded_at FROM ours.events ORDER BY position",
    )
    .execute(&pool)
    .await?;
    sqlx::query("VACUUM ANALYZE").execute(&pool).await?;
    Ok((pool, store))
}

fn stream(id: Uuid, events: std::ops::Range<u64>, random: &mut fastrand::Rng) -> Result<StreamAppend> {
    let expect = if events.start == 0 { Expect::New } else { Expect::Exactly(events.start.into()) };
    let events = events.map(|nth| {
        let event = match nth {
            0 => AccountEvent::Opened(opening(id).details),
            _ => AccountEvent::Deposited(entry(random)),
        };
        Ok(NewEvent::new(kenning::EventSet::encode(&event)?))
    });
    Ok(StreamAppend {
        stream: StreamName::of::<Account>(&id)?,
        expect,
        events: events.collect::<Result<_>>()?,
    })
}

async fn append(store: &PostgresStore, streams: Vec<StreamAppend>) -> Result<()> {
    store.append(Append { streams, command: None }).await?;
    Ok(())
}

async fn application(store: PostgresStore, options: ConsumerOptions) -> Result<Kenning> {
    Ok(Kenning::builder(store).read_model_with::<AccountSummary>(options).build().await?)
}

/// As if there had never been a consumer here.
async fn forget(pool: &PgPool) -> Result<()> {
    sqlx::raw_sql(
        "DROP TABLE IF EXISTS ours.account_summaries; TRUNCATE ours.consumers, ours.consumer_partitions, ours.consumer_workers, ours.parked_events",
    )
    .execute(pool)
    .await?;
    Ok(())
}
