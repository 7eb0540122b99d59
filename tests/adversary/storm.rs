//! P1, P2 and P3 under a storm: writers in several processes, killed and replaced, their sessions terminated, foreign transactions left open, greedy
//! readers beside them. Afterwards the history is checked against the table.

use std::sync::Arc;
use std::time::Duration;

use kenning::store::EventStore;
use kenning_tests::storm::{Entry, check_delivery, check_effects, check_streams};
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio::time::Instant;

use super::postgres::{self, run, session, stored};
use super::reader::{MANNERS, follow};
use super::writers::Writers;
use crate::support::database;

const TALLIES: u32 = 40;
const PROCESSES: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_p2_p3_trap_18_storm_of_writers_in_several_processes() {
    let url = database().await;
    let store = postgres::store(&url).await;
    let mut writers = Writers::new(&url, TALLIES);
    let foreigners = foreigners(&url).await;

    let (end, ended) = watch::channel(None);
    let shared: Arc<dyn EventStore> = Arc::new(store.clone());
    let readers =
        MANNERS.map(|manner| (manner, tokio::spawn(follow(Arc::clone(&shared), manner, ended.clone()))));
    let naive = tokio::spawn(follow_naively(url.clone(), ended));
    for _ in 0..PROCESSES {
        writers.start();
    }
    let over = Instant::now() + super::storm_time();
    let mut terminator = session(&url).await;
    let (mut round, mut terminated) = (0_u32, 0);
    let patience = over + super::HANG;
    // On a busy machine it takes longer until it is a storm.
    while Instant::now() < over || (stored(&url).await.len() <= 500 && Instant::now() < patience) {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(150..500))).await;
        round += 1;
        terminated += terminate(&mut terminator, fastrand::u32(1..3)).await;
        if round % 6 == 0 {
            writers.kill_one().await;
            writers.start();
        }
    }
    writers.stop().await;

    let events = stored(&url).await;
    let entries = writers.entries();
    end.send_replace(Some(events.last().map_or(0, |event| event.position)));
    let mut violations = check_streams(&events);
    violations.extend(check_effects(&entries, &events));
    for (manner, reader) in readers {
        let delivered = super::in_time(manner.name, reader).await.expect("a reader does not panic");
        violations.extend(check_delivery(manner.name, &events, &delivered));
    }
    let naively = super::in_time("the naive reader", naive).await.expect("it does not panic");
    println!(
        "{} events of {} attempts in {} processes, {terminated} sessions terminated; a naive reader missed {}",
        events.len(),
        entries.iter().filter(|entry| matches!(entry, Entry::Intent(_))).count(),
        writers.started(),
        events.len().saturating_sub(naively),
    );
    violations.truncate(20);
    assert_eq!(violations, Vec::<String>::new());
    assert!(
        terminated > 0 && events.len() > 500,
        "{} events, {terminated} terminated: no storm",
        events.len()
    );
    super::states_equal_replays(&postgres::app(&store).await, &shared, TALLIES).await;
    drop(foreigners);
}

/// Sessions that have nothing to do with the feed and must not stall it: transactions left open in this database and another one, advisory locks.
async fn foreigners(url: &str) -> Vec<PgConnection> {
    let mut foreigners = Vec::new();
    for url in [url, &database().await] {
        let mut foreigner = session(url).await;
        run(
            &mut foreigner,
            "create table notes (text text); select pg_advisory_lock(1), pg_advisory_lock(7, 7)",
        )
        .await;
        run(
            &mut foreigner,
            "begin; insert into notes values ('left open'); select pg_advisory_xact_lock_shared(0)",
        )
        .await;
        foreigners.push(foreigner);
    }
    foreigners
}

/// Terminates sessions of writers and readers, whatever they are doing.
async fn terminate(session: &mut PgConnection, most: u32) -> i64 {
    let sql = "select count(pg_terminate_backend(pid)) from ( \
        select pid from pg_stat_activity where datname = current_database() and application_name = 'kenning' order by random() limit $1) s";
    sqlx::query_scalar(sql)
        .bind(i64::from(most))
        .fetch_one(session)
        .await
        .expect("sessions can be terminated")
}

/// The reader that everybody writes first: everything after the last position seen. How many events it was given.
async fn follow_naively(url: String, end: watch::Receiver<Option<u64>>) -> usize {
    let mut session = session(&url).await;
    let (mut after, mut given) = (0_i64, 0);
    loop {
        let done = end.borrow().is_some_and(|end| after.cast_unsigned() >= end);
        if done {
            return given;
        }
        let sql = "select position from kenning.events where position > $1 order by position limit 100";
        let page: Vec<i64> =
            sqlx::query_scalar(sql).bind(after).fetch_all(&mut session).await.expect("a page");
        given += page.len();
        after = page.last().copied().unwrap_or(after);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
