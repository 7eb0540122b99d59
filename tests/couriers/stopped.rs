//! A process is stopped longer than its lease, and goes on when others have its instances. PostgreSQL alone: processes share no memory.

use std::time::Duration;

use kenning::store::{SagaEntryKind, SagaStatus};
use kenning_tests::parcels::Parcel;

use super::{check, couriers, ended, office, until};
use crate::support::database;

/// It is stopped in the middle of a step of each of many parcels. What it records after it has woken up is refused: each log has one outcome, that of the process that took over.
///
/// Taken out (epoch, owner and sequence in `write_sagas`), this test fails: logs go on after their end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_p5_trap_24_a_stopped_process_that_wakes_up_records_nothing() {
    let url = database().await;
    let (app, pool) = office(&url).await;
    for id in 1..=9 {
        app.start(Parcel { id }).await.unwrap();
    }
    let mut processes = couriers(&url, Duration::from_millis(1_500), Duration::from_millis(800), 0);
    processes.start().await;
    let sleeper = i64::from(processes.running[0].id().expect("it is running"));
    until(&pool, "the parcels to be loaded", "select count(*) = 9 from post_effects where effect = 'load'")
        .await;
    processes.signal(0, "-STOP").await;
    processes.start().await;
    until(
        &pool,
        "all to be driven by another",
        "select count(*) = 9 from post_effects where effect = 'drive'",
    )
    .await;
    processes.signal(0, "-CONT").await;
    let mut taken_over = 0;
    for id in 1..=9 {
        let whole = ended(&app, id).await;
        assert_eq!(
            whole.record.status,
            if id % 3 == 0 { SagaStatus::Compensated } else { SagaStatus::Completed }
        );
        assert_eq!(check(&pool, &whole).await, Vec::<String>::new(), "{whole:#?}");
        // What a step returns here is the process that has done it.
        let loaded = whole.log.iter().map(|entry| &entry.entry);
        let loaded =
            loaded.filter(|entry| entry.kind == SagaEntryKind::Done && entry.step.as_deref() == Some("load"));
        let by: Vec<i64> =
            loaded.map(|entry| entry.output.as_ref().unwrap().as_str().parse().unwrap()).collect();
        assert_eq!(by.len(), 1, "{by:?}");
        // One whose outcome was recorded before the process was stopped is its own.
        if by[0] != sleeper {
            assert!(whole.record.epoch >= 3, "it has changed hands");
            taken_over += 1;
        }
    }
    assert!(taken_over > 0, "it was stopped in the middle of a step");
    // It has begun anew, and takes its part of what comes.
    for id in 20..40 {
        app.start(Parcel { id }).await.unwrap();
    }
    for id in 20..40 {
        let whole = ended(&app, id).await;
        assert_eq!(check(&pool, &whole).await, Vec::<String>::new());
    }
    processes.stop().await;
    app.close().await;
}
