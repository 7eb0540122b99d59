//! Everything that can be killed is killed, and what can be stopped is stopped, at random: the services, two processes that fulfil orders, the database. Then all are left to finish, and the checker
//! holds the ledger against the store: P5 and P6, traps 24, 25, 30, 31 and 39 over real processes.
//!
//! `KENNING_CHAOS_SECONDS` says for how long, `KENNING_CHAOS_SEED` repeats what was drawn, though not what the processes make of it.

mod postgres;
mod storm;
mod victim;

use std::sync::LazyLock;

use tokio::sync::Mutex;

use self::storm::Storm;

/// One storm at a time is enough for a machine.
static ALONE: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_p6_every_order_comes_to_one_sound_end_by_its_saga() {
    let _alone = ALONE.lock().await;
    Storm::begin(&[]).await.rage().await.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_p6_every_order_comes_to_one_sound_end_by_reactors() {
    let _alone = ALONE.lock().await;
    Storm::begin(&["--choreography"]).await.rage().await.settle().await;
}
