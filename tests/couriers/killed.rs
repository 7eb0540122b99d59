//! A process is killed after an effect and before its record. PostgreSQL alone: processes share no memory.

use std::time::Duration;

use kenning::store::SagaStatus;
use kenning_tests::parcels::Parcel;

use super::{check, couriers, ended, office, until};
use crate::support::database;

/// SIGKILL, with the effect done and the answer under way: the step is done again under its key by whoever takes over, what comes after it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_p6_trap_30_a_process_killed_after_the_effect_has_it_done_again_under_its_key() {
    let url = database().await;
    let (app, pool) = office(&url).await;
    app.start(Parcel { id: 1 }).await.unwrap();
    app.start(Parcel { id: 3 }).await.unwrap();
    let mut processes = couriers(&url, Duration::from_millis(1_500), Duration::from_millis(400), 0);
    processes.start().await;
    let done = "select count(*) = 2 from post_effects where effect = 'load'";
    until(&pool, "two parcels to be loaded", done).await;
    processes.kill(0).await;
    processes.start().await;
    for (id, end) in [(1, SagaStatus::Completed), (3, SagaStatus::Compensated)] {
        let whole = ended(&app, id).await;
        assert_eq!(whole.record.status, end);
        assert_eq!(check(&pool, &whole).await, Vec::<String>::new(), "{whole:#?}");
    }
    let again: Vec<(String, i64, i64)> = sqlx::query_as(
        "select effect, count(*), count(distinct key) from post_calls where parcel = '1' group by effect order by min(nth)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let expected = [("take", 1, 1), ("load", 2, 1), ("drive", 1, 1)];
    assert_eq!(again, expected.map(|(effect, calls, keys)| (effect.to_owned(), calls, keys)));
    processes.stop().await;
    app.close().await;
}
