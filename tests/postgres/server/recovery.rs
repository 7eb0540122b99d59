//! What recovery reads: the events that the append can have written, however long the stream is.

use std::time::Duration;

use kenning::PostgresStore;
use kenning::Version;
use kenning::store::{Append, EventStore as _, Expect};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection};

use super::super::{event, prepared, stream};
use crate::support::database;
use crate::support::proxy::{Proxy, Strike};

const LONG: i64 = 200_000;

async fn long_stream(admin: &mut PgConnection) {
    let fill = format!(
        "insert into kenning.events (position, version, recorded_at, event_id, schema_version, stream, name, payload)
         select nextval('kenning.event_positions'), n, now(), gen_random_uuid(), 1, 'note-long', 'noted', '{{}}'
         from generate_series(1, {LONG}) n"
    );
    admin.execute(sqlx::AssertSqlSafe(fill)).await.unwrap();
    admin.execute("analyze kenning.events").await.unwrap();
}

/// How many rows of events were read so far, by any plan.
async fn rows_read(admin: &mut PgConnection) -> i64 {
    // A session tells what it has read when it ends, or a second after it was idle.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    admin.execute("select pg_stat_clear_snapshot()").await.unwrap();
    let read = "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables
                where schemaname = 'kenning' and relname = 'events'";
    sqlx::query_scalar(read).fetch_one(admin).await.unwrap()
}

/// Fails without `server.recovery-reads`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_recovery_reads_only_what_the_append_can_have_written() {
    let url = database().await;
    let proxy = Proxy::before(&url).await;
    let store = prepared(PostgresStore::options(), &proxy.url(&url)).await;
    let mut admin: PgConnection =
        url.parse::<sqlx::postgres::PgConnectOptions>().unwrap().connect().await.unwrap();
    long_stream(&mut admin).await;
    // The appender is connected, and knows a position.
    store.append(Append::to(stream("short"), Expect::New, vec![event()])).await.unwrap();
    let at = |version: i64| Expect::Exactly(Version::new(version.unsigned_abs()));
    for (nth, (expect, events, strike)) in [
        (at(LONG), 1, Strike::LoseAnswer),
        (Expect::Any, 3, Strike::LoseAnswer),
        (Expect::Any, 1, Strike::LoseStatement),
    ]
    .into_iter()
    .enumerate()
    {
        let before = rows_read(&mut admin).await;
        let events: Vec<_> = (0..events).map(|_| event()).collect();
        let count = events.len() as u64;
        proxy.arm(events[0].id.as_bytes().to_vec(), strike);
        let appended = store.append(Append::to(stream("long"), expect, events)).await.unwrap();
        assert_eq!(proxy.strikes(), nth as u64 + 1);
        assert_eq!(appended.streams[0].positions.len() as u64, count);
        let read = rows_read(&mut admin).await - before;
        assert!(read < 5_000, "{read} rows were read for case {nth}");
    }
    let long = store.append(Append::to(stream("long"), Expect::Any, vec![event()])).await.unwrap();
    assert_eq!(long.streams[0].version, Version::new(LONG.unsigned_abs() + 6), "each append was done once");
}

/// Others have written to the stream since, more than a page.
#[tokio::test(flavor = "multi_thread")]
async fn p2_recovery_finds_an_append_behind_later_ones_of_its_stream() {
    let url = database().await;
    let proxy = Proxy::before(&url).await;
    let store = prepared(PostgresStore::options(), &proxy.url(&url)).await;
    let other = prepared(PostgresStore::options(), &url).await;
    store.append(Append::to(stream("a"), Expect::New, vec![event()])).await.unwrap();
    let (one, two) = (event(), event());
    proxy.arm(one.id.as_bytes().to_vec(), Strike::LoseAnswer);
    proxy.refuse(true);
    // The server has done the append, and no connection is accepted until the others have written.
    let append = store.append(Append::to(stream("a"), Expect::Any, vec![one, two]));
    let others = async {
        proxy.struck(1).await;
        let more = (0..2_500).map(|_| event()).collect();
        other.append(Append::to(stream("a"), Expect::Any, more)).await.unwrap();
        proxy.refuse(false);
    };
    let (appended, ()) = tokio::join!(append, others);
    assert_eq!(appended.unwrap().streams[0].version, Version::new(3));
}
