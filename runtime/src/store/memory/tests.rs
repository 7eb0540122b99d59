//! What the contract leaves to a store: in which order waiting appends are served, and what `close` waits for.

use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::*;
use crate::store::{Expect, NewEvent, TransactionalStore};
use crate::{EncodedEvent, Payload, Position};

fn stream(id: &str) -> StreamName {
    StreamName::new("memory", id).unwrap()
}

fn append(id: &str) -> Append {
    let payload = Payload::from_stored("1");
    let event = NewEvent::new(EncodedEvent { name: "counted", schema_version: 1, payload });
    Append::to(stream(id), Expect::Any, vec![event])
}

fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[tokio::test]
async fn waiting_appends_are_served_in_their_order() {
    let store = MemoryStore::new();
    let mut transaction = store.begin().await.unwrap();
    store.append_in(&mut transaction, append("a")).await.unwrap();
    let mut waiting: Vec<_> = (0..10).map(|_| store.append(append("a"))).collect();
    assert!(waiting.iter_mut().all(is_pending));
    // Every third gives up, whether it is about to be served or not.
    let mut nth = 0;
    waiting.retain(|_| {
        nth += 1;
        nth % 3 != 1
    });
    let mut waiting: FuturesUnordered<_> = waiting
        .into_iter()
        .enumerate()
        .map(|(nth, append)| async move { (nth, append.await.unwrap()) })
        .collect();
    store.commit(transaction).await.unwrap();
    let mut served = Vec::new();
    while let Some((nth, appended)) = waiting.next().await {
        served.push((appended.streams[0].version.get(), nth));
    }
    served.sort_unstable();
    assert_eq!(served, [(2, 0), (3, 1), (4, 2), (5, 3), (6, 4), (7, 5)]);
    assert!(store.shared.log().claims.is_empty(), "nobody claims anything any more");
}

#[tokio::test]
async fn an_append_served_and_dropped_at_once_passes_its_turn_on() {
    let store = MemoryStore::new();
    let mut transaction = store.begin().await.unwrap();
    store.append_in(&mut transaction, append("a")).await.unwrap();
    let (mut first, mut second) = (store.append(append("a")), store.append(append("a")));
    assert!(is_pending(&mut first) && is_pending(&mut second));
    store.commit(transaction).await.unwrap();
    // It has been handed the turn, and goes away before it looks.
    drop(first);
    assert_eq!(second.await.unwrap().streams[0].version, 2);
    assert!(store.shared.log().claims.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_close_waits_for_open_transactions_and_for_those_who_wait_for_them() {
    let store = MemoryStore::new();
    let mut transaction = store.begin().await.unwrap();
    store.append_in(&mut transaction, append("a")).await.unwrap();
    let mut waiting = store.append(append("a"));
    assert!(is_pending(&mut waiting));
    let mut close = store.close();
    assert!(tokio::time::timeout(Duration::from_secs(3_600), &mut close).await.is_err());
    assert!(matches!(store.append(append("b")).await, Err(AppendError::Store(StoreError::Closed))));

    store.commit(transaction).await.unwrap();
    assert!(is_pending(&mut close), "one has been accepted and is not written");
    assert_eq!(waiting.await.unwrap().streams[0].position(), Some(Position::new(2)));
    close.await;
}

#[tokio::test(start_paused = true)]
async fn the_holder_of_the_feed_ages_by_the_clock_of_tokio() {
    let store = MemoryStore::new();
    let mut transaction = store.begin().await.unwrap();
    store.append_in(&mut transaction, append("a")).await.unwrap();
    tokio::time::advance(Duration::from_secs(90)).await;
    let health = store.health().await.unwrap();
    assert_eq!((health.lag, health.lag_positions()), (Duration::from_secs(90), 1));
}
