//! Projections behind the feed: their writes and the checkpoint move together, and what they cannot handle is parked.

use kenning::Kenning;

use super::clerk::{Desk, Enter, Note, Row, Then, Way, stored};
use crate::support::{Home as _, Postgres, on_both_stores};

on_both_stores! {
    p4_a_projections_writes_and_its_checkpoint_move_together
    p4_a_batch_at_once_and_its_checkpoint_move_together
    p7_an_event_that_a_projection_fails_on_is_parked
    p7_an_event_that_a_projection_panics_on_is_parked
    p7_an_event_that_a_projection_never_returns_from_is_parked
    p7_a_batch_that_fails_is_handled_one_by_one
}

async fn together(home: impl Desk, way: Way) {
    let rows = home.rows().await;
    let (app, calls) = home.open(&rows, way).await;
    let books = ["a", "b", "c"];
    for round in 1..=3 {
        for nth in 0..15 {
            app.execute(Enter::one(books[nth % 3], 1)).await.unwrap();
            app.execute(Note { book: "a".to_owned() }).await.unwrap();
        }
        app.run_until_idle().await.unwrap();
        assert_eq!((rows.all().await, calls.count()), (stored(&app, &books).await, 15 * round));
    }
    // Another process finds nothing to do.
    let (other, others) = home.open(&rows, way).await;
    other.run_until_idle().await.unwrap();
    assert_eq!((rows.all().await.len(), others.count()), (45, 0));
}

async fn p4_a_projections_writes_and_its_checkpoint_move_together(home: impl Desk) {
    together(home, Way::Behind).await;
}

async fn p4_a_batch_at_once_and_its_checkpoint_move_together(home: impl Desk) {
    together(home, Way::Batches).await;
}

/// An event of the book a makes the projection fail; it alone is parked, and the next one of its book behind it.
async fn parks(home: impl Desk, way: Way, then: Then, reason: &str) {
    let rows = home.rows().await;
    let (app, _) = home.open(&rows, way).await;
    for command in [
        Enter::one("a", 1),
        Enter::one("b", 2),
        Enter::then("a", 3, then),
        Enter::one("a", 4),
        Enter::one("b", 5),
    ] {
        app.execute(command).await.unwrap();
    }
    app.run_until_idle().await.unwrap();
    let cents = |rows: Vec<Row>| rows.iter().map(|row| row.cents).collect::<Vec<_>>();
    assert_eq!(cents(rows.all().await), [1, 2, 5]);
    let parked = reasons(&app).await;
    assert_eq!(parked.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [2, 3]);
    let [(_, Some(error)), (_, None)] = parked.as_slice() else { panic!("{parked:?}") };
    assert!(error.contains(reason), "{error}");

    // Given up, the next one goes on.
    let failed = app.parked().failed().list().await.unwrap();
    app.parked().discard(failed.first().unwrap(), "a test").await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!((cents(rows.all().await), reasons(&app).await), (vec![1, 2, 4, 5], Vec::new()));
}

async fn reasons(app: &Kenning) -> Vec<(u64, Option<String>)> {
    let parked = app.parked().consumer("clerk").list().await.unwrap();
    parked.into_iter().map(|parked| (parked.version.get(), parked.error)).collect()
}

async fn p7_an_event_that_a_projection_fails_on_is_parked(home: impl Desk) {
    parks(home, Way::Behind, Then::Fail, "the clerk refuses 3").await;
}

async fn p7_an_event_that_a_projection_panics_on_is_parked(home: impl Desk) {
    parks(home, Way::Behind, Then::Panic, "the clerk faints").await;
}

async fn p7_an_event_that_a_projection_never_returns_from_is_parked(home: impl Desk) {
    parks(home, Way::Behind, Then::Hang, "did not come to an end").await;
}

async fn p7_a_batch_that_fails_is_handled_one_by_one(home: impl Desk) {
    parks(home, Way::Batches, Then::Fail, "the clerk refuses 3").await;
}

/// The handler says nothing of a statement that failed; its transaction writes nothing more. Taken out (that the checkpoint cannot be moved is no fault of an event), this test
/// fails: the partition begins again for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_an_event_whose_failed_statement_is_passed_over_is_parked() {
    parks(Postgres::new().await, Way::Behind, Then::Hide, "refuses what was to be written").await;
}

/// It is nobody's fault, and is done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_collision_parks_nothing() {
    let home = Postgres::new().await;
    let rows = home.rows().await;
    let (app, calls) = home.open(&rows, Way::Behind).await;
    app.execute(Enter::then("a", 3, Then::Collide)).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!((rows.all().await, calls.count()), (stored(&app, &["a"]).await, 2));
}
