use super::account::{Account, move_cents};
use super::faulty::Faulty;
use crate::store::StoreError;
use crate::{ExecuteError, LoadError, Position};

#[tokio::test]
async fn a_close_finishes_what_was_accepted_and_refuses_the_rest() {
    let store = Faulty::default();
    let app = store.app().await;
    let (arrived, go) = store.hold();
    let held = tokio::spawn(app.execute(move_cents("ann", 1)).into_future());
    arrived.notified().await;
    let queued = tokio::spawn(app.execute(move_cents("ann", 1)).into_future());
    let mut feed = app.feed();
    let following = tokio::spawn(async move { feed.next().await });
    tokio::task::yield_now().await;
    let closing = tokio::spawn({
        let app = app.clone();
        async move { app.close().await }
    });
    assert!(
        matches!(following.await.unwrap(), Err(StoreError::Closed)),
        "a waiting feed ends with the application"
    );
    assert!(matches!(app.execute(move_cents("bob", 1)).await, Err(ExecuteError::Closed)));
    assert!(matches!(app.load::<Account>("bob".to_owned()).await, Err(LoadError::Closed)));
    assert!(!closing.is_finished());
    go.notify_one();
    held.await.unwrap().unwrap();
    queued.await.unwrap().unwrap();
    closing.await.unwrap();
    app.close().await;
    assert!(matches!(app.feed().after(Position::ZERO).next().await, Err(StoreError::Closed)));
}
