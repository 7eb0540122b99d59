use super::account::{Account, PANICS, Refused, move_cents};
use super::faulty::{Calls, Faulty};
use crate::Version;

#[tokio::test]
async fn a_future_dropped_in_its_append_leaves_neither_state_nor_turn_behind() {
    let store = Faulty::default();
    let app = store.app().await;
    app.execute(move_cents("ann", 5)).await.unwrap();
    let (arrived, _go) = store.hold();
    let dropped = tokio::spawn(app.execute(move_cents("ann", 5)).into_future());
    arrived.notified().await;
    let waiting = tokio::spawn(app.execute(move_cents("ann", 1)).into_future());
    tokio::task::yield_now().await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    assert_eq!(waiting.await.unwrap().unwrap().version(), Version::new(2));
    assert_eq!(app.load::<Account>("ann".to_owned()).await.unwrap().cents, 6);
    assert_eq!(Calls::count(&store.calls.conflicts), 0);
}

#[tokio::test]
async fn a_future_dropped_in_the_queue_lets_the_next_pass() {
    let store = Faulty::default();
    let app = store.app().await;
    let (arrived, go) = store.hold();
    let held = tokio::spawn(app.execute(move_cents("ann", 1)).into_future());
    arrived.notified().await;
    let dropped = tokio::spawn(app.execute(move_cents("ann", 10)).into_future());
    let last = tokio::spawn(app.execute(move_cents("ann", 100)).into_future());
    tokio::task::yield_now().await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    go.notify_one();
    held.await.unwrap().unwrap();
    last.await.unwrap().unwrap();
    assert_eq!(app.load::<Account>("ann".to_owned()).await.unwrap().cents, 101);
}

#[tokio::test]
async fn a_handler_that_panics_harms_nobody_else() {
    let store = Faulty::default();
    let app = store.app().await;
    app.execute(move_cents("ann", 5)).await.unwrap();
    let panicked = tokio::spawn(app.execute(move_cents("ann", PANICS)).into_future()).await;
    assert!(panicked.unwrap_err().is_panic());
    let error = app.execute(move_cents("ann", -6)).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&Refused::Overdrawn { missing: 1 }));
    app.execute(move_cents("ann", -5)).await.unwrap();
    app.close().await;
}
