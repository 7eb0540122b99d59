//! From `prepare` to `close`.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use uuid::Uuid;

use super::support::{Store, all, append, events, position, stream, within};
use crate::number::{Position, Version};
use crate::store::{Append, AppendError, Expect, FeedQuery, RehydrateError, StoreError, StreamQuery};

/// Preparing again, also at the same time, changes nothing.
pub async fn a_store_may_be_prepared_again(store: Store) {
    let stream = stream("prepared");
    append(&*store, &stream, Expect::New, events(1..=1)).await;
    for prepared in within(join_all((0..8).map(|_| store.prepare()))).await {
        prepared.expect("it is prepared already");
    }
    append(&*store, &stream, Expect::Any, events(2..=2)).await;
    assert_eq!(all(&*store, &stream).await.len(), 2);
}

/// With nothing open the feed is at what was drawn last.
pub async fn a_store_at_rest_has_no_lag(store: Store) {
    let health = within(store.health()).await.expect("the store is healthy");
    assert_eq!((health.drawn, health.watermark, health.lag_positions()), (Position::ZERO, Position::ZERO, 0));
    let last = position(&append(&*store, &stream("healthy"), Expect::New, events(1..=1)).await);
    let health = within(store.health()).await.expect("the store is healthy");
    assert_eq!((health.drawn, health.watermark), (last, last));
    assert_eq!((health.lag, health.holder), (Duration::ZERO, None));
}

/// What was accepted before the close is answered; what comes later is told that the store is closed.
pub async fn a_closed_store_says_so(store: Store) {
    let stream = stream("closed");
    let written = append(&*store, &stream, Expect::New, events(1..=1)).await;
    let writers: Vec<_> = (0..32_u64)
        .map(|nth| {
            let (store, append) = (store.clone(), Append::to(stream.clone(), Expect::Any, events(nth..=nth)));
            tokio::spawn(async move { store.append(append).await })
        })
        .collect();
    tokio::task::yield_now().await;
    within(store.close()).await;
    for answer in within(join_all(writers)).await {
        match answer.expect("no writer panics") {
            Ok(appended) => assert!(position(&appended) > position(&written)),
            Err(AppendError::Store(StoreError::Closed)) => {}
            Err(other) => panic!("a writer is answered or told of the close, not {other:?}"),
        }
    }
    within(store.close()).await;

    let refused = within(store.append(Append::to(stream.clone(), Expect::Any, events(2..=2)))).await;
    assert!(matches!(refused, Err(AppendError::Store(StoreError::Closed))), "{refused:?}");
    let read = within(store.read_stream(StreamQuery::forwards(stream.clone())).next()).await;
    assert!(matches!(read, Some(Err(StoreError::Closed))), "{read:?}");
    let replayed = within(store.rehydrate(&stream, Version::ZERO, &mut |_| Ok(()))).await;
    assert!(matches!(replayed, Err(RehydrateError::Store(StoreError::Closed))), "{replayed:?}");
    closed(&within(store.read_feed(FeedQuery::after(0))).await);
    closed(&within(store.find_command(Uuid::now_v7())).await);
    closed(&within(store.load_snapshot(&stream, 1)).await);
    closed(&within(store.health()).await);
}

fn closed<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Closed)), "{answer:?}");
}
