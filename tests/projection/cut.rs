//! P2 and trap 6: the connection is cut while an inline projection follows, and its transaction collides with others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kenning::store::StoreError;
use kenning::{ExecuteError, Kenning, PostgresStore};

use super::clerk::{Calls, Enter, Rows, Then, Way, on_postgres, stored};
use crate::support::database;
use crate::support::proxy::{Proxy, Strike};

struct Scene {
    proxy: Proxy,
    app: Kenning,
    calls: Arc<Calls>,
    rows: Rows,
}

impl Scene {
    async fn set() -> Self {
        Self::with(PostgresStore::options().recovery_timeout(Duration::from_secs(20))).await
    }

    async fn with(options: kenning::PostgresOptions) -> Self {
        let url = database().await;
        let proxy = Proxy::before(&url).await;
        let store = options.connect(&proxy.url_as_text(&url)).await.expect("the proxy lets it through");
        let (app, calls) = on_postgres(store, Way::Inline).await;
        let rows = Rows::new(&url).await;
        app.execute(Enter::one("a", 1)).await.expect("a first entry");
        Self { proxy, app, calls, rows }
    }

    /// What is stored, which has to be what was followed.
    async fn entries(&self) -> Vec<i64> {
        let written = self.rows.all().await;
        assert_eq!(written, stored(&self.app, &["a"]).await);
        written.into_iter().map(|row| row.cents).collect()
    }
}

/// Taken out (the events are not looked for, the append is told to have failed or is just repeated), this test fails: what was stored by the lost answer is told
/// not to be, or is stored again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_6_p2_an_inline_append_cut_at_its_commit_is_found_out() {
    let scene = Scene::set().await;
    for (strike, calls) in [(Strike::LoseAnswer, 1), (Strike::LoseStatement, 2), (Strike::DeliverLate, 2)] {
        let (strikes, called, before) = (scene.proxy.strikes(), scene.calls.count(), scene.entries().await);
        scene.proxy.arm("COMMIT", strike);
        let told = scene.app.execute(Enter::one("a", 5)).await.expect("it is found out");
        scene.proxy.release();
        scene.proxy.struck(strikes + 1).await;
        let entries = scene.entries().await;
        assert_eq!(
            (entries.len(), told.version().get()),
            (before.len() + 1, entries.len() as u64),
            "{strike:?}"
        );
        assert_eq!(scene.calls.count() - called, calls, "{strike:?}");
    }
}

/// Nobody can be asked: it is said that it is not known, and under which ids to look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_6_p2_an_inline_append_that_cannot_be_found_out_is_unknown() {
    let hasty = PostgresStore::options()
        .recovery_timeout(Duration::from_millis(300))
        .acquire_timeout(Duration::from_millis(300));
    let scene = Scene::with(hasty).await;
    scene.proxy.arm("COMMIT", Strike::LoseAnswer);
    let error = loop {
        scene.proxy.refuse(true);
        let error = scene.app.execute(Enter::one("a", 5)).await.unwrap_err();
        if scene.proxy.strikes() > 0 {
            break error;
        }
        // No connection was at hand, and a new one was refused: nothing was sent.
        scene.proxy.refuse(false);
        scene.entries().await;
    };
    let ExecuteError::Store(StoreError::OutcomeUnknown { event_ids, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!((event_ids.len(), error.is_retryable()), (1, false));
    scene.proxy.refuse(false);
    assert_eq!(scene.entries().await, [1, 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_6_p2_an_inline_append_cut_before_its_commit_is_done_again() {
    let scene = Scene::set().await;
    for message in ["clerk_rows", "append_event"] {
        for strike in [Strike::LoseStatement, Strike::LoseAnswer] {
            let (strikes, before) = (scene.proxy.strikes(), scene.entries().await);
            scene.proxy.arm(message, strike);
            let told = scene.app.execute(Enter::one("a", 5)).await.expect("it is done again");
            assert_eq!(scene.proxy.strikes(), strikes + 1, "{message} was not sent as text");
            let entries = scene.entries().await.len();
            assert_eq!(
                (entries, told.version().get()),
                (before.len() + 1, entries as u64),
                "{message} {strike:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_4_a_collision_in_an_inline_projection_is_decided_again() {
    let scene = Scene::set().await;
    let (app, calls) = on_postgres(scene_store(&scene).await, Way::Inline).await;
    app.execute(Enter::then("a", 5, Then::Collide)).await.expect("it is decided again");
    assert_eq!((scene.entries().await, calls.count()), (vec![1, 5], 2));
}

/// The handler goes on after a statement that failed: PostgreSQL answers the COMMIT of such a transaction with success, and rolls it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_5_a_statement_that_failed_unheard_stores_nothing() {
    let scene = Scene::set().await;
    let error = scene.app.execute(Enter::then("a", 5, Then::Hide)).await.unwrap_err();
    let ExecuteError::Projection { projection: "clerk", source } = &error else { panic!("{error:?}") };
    assert!(matches!(source.downcast_ref(), Some(StoreError::Refused(_))), "{source:?}");
    assert_eq!(scene.entries().await, [1]);
    scene.app.execute(Enter::one("a", 2)).await.expect("the stream goes on");
    assert_eq!(scene.entries().await, [1, 2]);
}

/// Nobody holds one connection while needing a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn trap_9_more_inline_commands_than_connections_all_end() {
    let scene = Scene::with(PostgresStore::options().max_connections(2)).await;
    let books: Vec<String> = (0..10).map(|nth| format!("b{nth}")).collect();
    let commands = (0..100).map(|nth| scene.app.execute(Enter::one(&books[nth % 10], 1)).into_future());
    for answer in join_all(commands).await {
        answer.expect("it is accepted");
    }
    let books: Vec<&str> = ["a"].into_iter().chain(books.iter().map(String::as_str)).collect();
    let written = scene.rows.all().await;
    assert_eq!((written.len(), &written), (101, &stored(&scene.app, &books).await));
}

async fn scene_store(scene: &Scene) -> PostgresStore {
    let Rows::Postgres(url) = &scene.rows else { panic!("rows in memory") };
    PostgresStore::connect(url).await.expect("the database answers")
}
