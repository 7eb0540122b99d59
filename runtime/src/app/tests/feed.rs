use std::time::Duration;

use super::account::{move_cents, open};
use super::faulty::Faulty;
use crate::Position;

#[tokio::test]
async fn a_feed_delivers_what_is_there_and_waits_for_what_comes() {
    let store = Faulty::default();
    let app = store.app().await;
    for id in ["ann", "bob", "carl"] {
        app.execute(open(id)).await.unwrap();
    }
    // An hour between looks: what comes is heard by the wake-up.
    let mut feed = app.feed().limit(2).poll_every(Duration::from_secs(3_600));
    let first = feed.next().await.unwrap();
    assert_eq!(
        first.events.iter().map(|event| event.metadata.stream.id()).collect::<Vec<_>>(),
        ["ann", "bob"]
    );
    assert_eq!(feed.next().await.unwrap().events.len(), 1);
    let waiting = tokio::spawn(async move { (feed.next().await, feed) });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    app.execute(move_cents("ann", 1)).await.unwrap();
    let (page, feed) = waiting.await.unwrap();
    let page = page.unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(feed.position(), page.through);
}

#[tokio::test(start_paused = true)]
async fn a_feed_looks_by_itself_when_no_wakeup_comes() {
    let store = Faulty { silent: true, ..Faulty::default() };
    let app = store.app().await;
    let mut feed = app.feed();
    let waiting = tokio::spawn(async move { feed.next().await });
    tokio::task::yield_now().await;
    app.execute(open("ann")).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().events.len(), 1);
}

#[tokio::test]
async fn trap_20_events_that_are_not_wanted_still_advance_the_feed() {
    let store = Faulty::default();
    let app = store.app().await;
    for id in ["ann", "bob", "carl"] {
        app.execute(open(id)).await.unwrap();
    }
    let mut feed = app.feed().names(["account.moved"]);
    let page = feed.next().await.unwrap();
    assert_eq!((page.events.len(), page.through), (0, Position::new(3)));
    app.execute(move_cents("ann", 1)).await.unwrap();
    assert_eq!(feed.next().await.unwrap().events.len(), 1);
    let mut other = app.feed().after(1).categories(["order"]);
    assert_eq!(other.next().await.unwrap().through, Position::new(4));
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let store = Faulty::default();
    let app = store.app().await;
    let mut feed = app.feed().poll_every(Duration::from_secs(3_600));
    assert!(tokio::time::timeout(Duration::from_millis(5), feed.next()).await.is_err());
    app.execute(open("ann")).await.unwrap();
    assert_eq!(feed.next().await.unwrap().events.len(), 1);
}
