//! Futures that are dropped, handlers that panic, a close while everybody works: nothing gets stuck, nothing is half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use kenning::{ExecuteError, Kenning, MemoryStore};
use kenning_tests::storm::{Add, Boom, Tally};

use super::postgres;
use crate::support::database;

const TALLIES: u32 = 4;

/// Drops executions after a random time, some at once; then every stream works, and what is stored is whole. Returns how many were dropped before their
/// answer.
async fn drop_at_random(app: Kenning) -> u32 {
    let store = Arc::clone(app.store());
    let mut tasks = Vec::new();
    for seed in 0..240_u64 {
        let app = app.clone();
        tasks.push(tokio::spawn(async move {
            let mut rng = fastrand::Rng::with_seed(seed);
            let command = Add { events: 2, ..Add::one(rng.u32(0..TALLIES)) };
            let execution = app.execute(command.clone()).id(command.tag).into_future();
            let patience = Duration::from_micros(rng.u64(0..40_000));
            let told = match seed % 3 {
                0 => Some(execution.await),
                // Polled once and dropped.
                1 => execution.now_or_never(),
                _ => tokio::time::timeout(patience, execution).await.ok(),
            };
            (command, told.map(|told| told.map(|told| told.version().get())))
        }));
    }
    let told = super::in_time("the executions", join_all(tasks)).await;
    // Work that goes on after its caller has left is over when a later command of the same stream is answered.
    for tally in 0..TALLIES {
        let after = super::in_time("a command after the storm", app.execute(Add::one(tally))).await;
        after.expect("the stream works");
    }
    let mut given_up = 0;
    for one in told {
        let (command, told) = one.expect("no panic");
        // The resend tells what became of it, and the answer given before stays.
        let again = super::in_time("the resend", app.execute(command.clone()).id(command.tag)).await;
        let again = again.expect("nothing turns it down");
        match told {
            Some(told) => {
                assert_eq!(told.expect("nothing turns it down"), again.version().get());
                assert!(again.replayed(), "it was accepted before");
            }
            None => given_up += 1,
        }
        assert_eq!(again.events().len(), 2);
    }
    let mut total = 0;
    for tally in 0..TALLIES {
        total += super::replayed(&*store, tally).await.count;
    }
    assert_eq!(total, u64::from(TALLIES) + 2 * 240, "each command has its effect once");
    super::states_equal_replays(&app, &store, TALLIES).await;
    given_up
}

async fn panic_in_a_handler(app: Kenning) {
    app.execute(Add::one(1)).await.expect("a command");
    for _ in 0..3 {
        let (panicking, waiting) = (app.clone(), app.clone());
        let panicking = tokio::spawn(async move { panicking.execute(Boom { tally: 1 }).await });
        let waiting = tokio::spawn(async move { waiting.execute(Add::one(1)).await });
        let panicked = super::in_time("the panic", panicking).await.expect_err("the handler panics");
        assert!(panicked.is_panic(), "the panic is the caller's");
        super::in_time("who waited behind it", waiting).await.expect("no panic").expect("a command");
    }
    let state = app.load::<Tally>(1).await.expect("a tally").into_state();
    assert_eq!(state.count, 4);
    assert_eq!(state, super::replayed(&**app.store(), 1).await);
}

/// What was accepted before the close is finished, what comes later is refused; both are told so.
async fn close_while_busy(app: Kenning) -> Vec<u64> {
    let working = Arc::new(AtomicU64::new(0));
    let tasks = (0..32_u32).map(|nth| {
        let (app, working) = (app.clone(), Arc::clone(&working));
        tokio::spawn(async move {
            let (tally, mut reached) = (nth % TALLIES, 0);
            loop {
                match app.execute(Add::one(tally)).await {
                    Ok(told) => reached = told.version().get(),
                    Err(ExecuteError::Closed) => return (tally, reached),
                    Err(other) => panic!("a command is neither finished nor refused: {other:?}"),
                }
                working.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    super::until("some work", async || working.load(Ordering::Relaxed) > 100).await;
    super::in_time("the close", app.close()).await;
    let mut accepted = vec![0; TALLIES as usize];
    for ended in super::in_time("the answers", join_all(tasks)).await {
        let (tally, version) = ended.expect("no panic");
        accepted[tally as usize] = version.max(accepted[tally as usize]);
    }
    assert!(matches!(app.execute(Add::one(0)).await, Err(ExecuteError::Closed)));
    super::in_time("the second close", app.close()).await;
    accepted
}

async fn in_memory() -> Kenning {
    Kenning::builder(MemoryStore::new()).aggregate::<Tally>().build().await.expect("an application")
}

async fn in_postgres() -> Kenning {
    postgres::app(&postgres::store(&database().await).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_dropped_executions_leave_nothing_stuck_in_memory() {
    drop_at_random(in_memory().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_dropped_executions_leave_nothing_stuck_in_postgres() {
    assert!(drop_at_random(in_postgres().await).await > 0, "nobody answers at the first poll");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_21_panicking_handler_harms_its_caller_alone() {
    panic_in_a_handler(in_memory().await).await;
    panic_in_a_handler(in_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_close_while_busy_finishes_what_was_accepted() {
    close_while_busy(in_memory().await).await;
    let url = database().await;
    let accepted = close_while_busy(postgres::app(&postgres::store(&url).await).await).await;
    let revived = postgres::store(&url).await;
    for (tally, version) in (0..).zip(accepted) {
        assert_eq!(super::replayed(&revived, tally).await.count, version, "tally {tally}");
    }
}
