//! P5 and P6 under a storm over processes that are killed and stopped at random. PostgreSQL alone: processes share no memory.

use std::collections::BTreeMap;
use std::time::Duration;

use kenning_tests::parcels::Parcel;

use super::{check, couriers, ended, office};
use crate::support::database;

const LEASE: Duration = Duration::from_millis(1_200);

/// How long it rages: a fifth of `KENNING_STORM_SECONDS`, 5 if nothing is said.
fn duration() -> Duration {
    let seconds = std::env::var("KENNING_STORM_SECONDS").ok().and_then(|seconds| seconds.parse::<u64>().ok());
    Duration::from_secs(seconds.map_or(5, |seconds| seconds / 3).max(5))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_p5_p6_couriers_killed_and_stopped_at_random_bring_every_parcel_to_its_end() {
    let url = database().await;
    let (app, pool) = office(&url).await;
    let mut processes = couriers(&url, LEASE, Duration::from_millis(15), 20);
    for _ in 0..3 {
        processes.start().await;
    }
    let end = tokio::time::Instant::now() + duration();
    let (mut parcels, mut blows) = (0, 0);
    while tokio::time::Instant::now() < end {
        for _ in 0..10 {
            parcels += 1;
            app.start(Parcel { id: parcels }).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(50..400))).await;
        let victim = fastrand::usize(..processes.running.len());
        if fastrand::bool() {
            processes.kill(victim).await;
            processes.start().await;
        } else {
            processes.signal(victim, "-STOP").await;
            // Longer than its lease, or not quite.
            tokio::time::sleep(LEASE.mul_f64(0.5 + fastrand::f64())).await;
            processes.signal(victim, "-CONT").await;
        }
        blows += 1;
    }
    let mut wrong = Vec::new();
    let mut ends = BTreeMap::new();
    for id in 1..=parcels {
        let whole = ended(&app, id).await;
        *ends.entry(whole.record.status.as_str()).or_insert(0) += 1;
        wrong.extend(check(&pool, &whole).await);
    }
    processes.stop().await;
    wrong.truncate(20);
    assert_eq!(wrong, Vec::<String>::new());
    assert!(blows > 2 && ends.len() == 2, "{blows} blows are no storm: {ends:?}");
    app.close().await;
}
