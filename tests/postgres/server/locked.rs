//! Streams, and the whole table, that another transaction has locked.

use std::time::Duration;

use kenning::PostgresStore;
use kenning::store::{Append, AppendError, EventStore as _, Expect, StoreError};
use sqlx::Executor as _;
use tokio::task::JoinSet;

use super::super::{event, prepared, stream};
use crate::support::database;

fn any(id: impl ToString) -> Append {
    Append::to(stream(id), Expect::Any, vec![event()])
}

async fn waiting_sessions(store: &PostgresStore) -> i64 {
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    sqlx::query_scalar(waiting).fetch_one(store.pool()).await.unwrap()
}

/// Fails without `server.locked-line` or `server.locked-limit`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_locked_stream_costs_its_own_callers_alone() {
    let options = PostgresStore::options().queue(32, 1 << 20, Duration::from_secs(10));
    let store = prepared(options, &database().await).await;
    let mut open = store.pool().begin().await.unwrap();
    store.append_in(&mut open, any("locked")).await.unwrap();
    let (mut blocked, mut free) = (JoinSet::new(), JoinSet::new());
    for nth in 0..100 {
        let (one, other) = (store.clone(), store.clone());
        blocked.spawn(async move { one.append(any("locked")).await });
        free.spawn(async move { other.append(any(nth)).await });
    }
    let answered = tokio::time::timeout(Duration::from_secs(20), async {
        while let Some(answer) = free.join_next().await {
            answer.unwrap().expect("its stream is free");
        }
    });
    answered.await.expect("appends to other streams do not wait for the lock");
    assert!(waiting_sessions(&store).await <= 1, "one session waits for a stream");
    open.rollback().await.unwrap();
    let (mut written, mut refused) = (0, 0);
    while let Some(answer) = blocked.join_next().await {
        match answer.unwrap() {
            Ok(_) => written += 1,
            Err(AppendError::Store(StoreError::Overloaded)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(written >= 32 && refused > 0, "{written} written, {refused} refused");
}

/// As `create index` of an operator. Fails without `server.locked-table`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_locked_table_is_waited_for_by_one_session() {
    let store = prepared(PostgresStore::options(), &database().await).await;
    store.append(any("first")).await.unwrap();
    let mut open = store.pool().begin().await.unwrap();
    open.execute("lock table kenning.events in share mode").await.unwrap();
    let mut appends = JoinSet::new();
    for nth in 0..64 {
        let store = store.clone();
        appends.spawn(async move { store.append(any(nth)).await });
    }
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(waiting_sessions(&store).await <= 1, "the appender looks at the lock now and then");
    }
    open.rollback().await.unwrap();
    while let Some(answer) = appends.join_next().await {
        answer.unwrap().expect("the table is free");
    }
}
