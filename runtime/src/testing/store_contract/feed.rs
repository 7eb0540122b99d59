//! The feed of all streams.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use uuid::{NoContext, Timestamp, Uuid};

use super::support::{
    Store, append, event, feed, follow, named, number, numbers, position, positions, stream, stream_in,
    within,
};
use crate::limits::MAX_PAGE;
use crate::number::Position;
use crate::store::{Append, Expect, FeedQuery, NewEvent};

/// Everything, in the order of positions, page by page, from any position.
pub async fn the_feed_delivers_everything_in_order(store: Store) {
    let page = within(store.read_feed(FeedQuery::after(0))).await.expect("an empty feed can be read");
    assert_eq!((page.events.len(), page.through, page.is_at_head()), (0, Position::ZERO, true));
    let mut written = Vec::new();
    for nth in 0..50 {
        written.push(position(
            &append(&*store, &stream(&format!("s{}", nth % 7)), Expect::Any, vec![event(nth)]).await,
        ));
    }
    assert_eq!(positions(&feed(&*store).await), written);
    for limit in [1, 7, 49, 50, 51] {
        let (delivered, _) = follow(&*store, FeedQuery::after(0).limit(limit)).await;
        assert_eq!(numbers(&delivered), (0..50).collect::<Vec<_>>(), "limit {limit}");
    }
    for nth in [0, 24, 49] {
        let (delivered, through) = follow(&*store, FeedQuery::after(written[nth])).await;
        assert_eq!(positions(&delivered), written[nth + 1..]);
        assert!(through >= written[49]);
    }
    for beyond in [written[49].plus(1_000), Position::new(u64::MAX)] {
        let page = within(store.read_feed(FeedQuery::after(beyond))).await.expect("there is nothing yet");
        assert_eq!((page.events.len(), page.through), (0, beyond));
    }
}

/// Categories and names, alone and together; an empty list wants nothing.
pub async fn the_feed_filters(store: Store) {
    let kinds = [("cat", "cat.fed"), ("cat", "cat.lost"), ("dog", "dog.fed"), ("catfish", "cat.fed")];
    for nth in 0..40 {
        let (category, name) = kinds[nth % 4];
        append(&*store, &stream_in(category, "one"), Expect::Any, vec![named(name, nth as u64)]).await;
    }
    let all = FeedQuery::after(0).limit(3);
    let wanted = async |query: FeedQuery, of: &[usize]| {
        let (delivered, through) = follow(&*store, query.clone()).await;
        let expected: Vec<u64> =
            (0..40).filter(|nth| of.contains(&(nth % 4))).map(|nth| nth as u64).collect();
        assert_eq!(numbers(&delivered), expected, "{query:?}");
        let health = store.health().await.expect("the store is healthy");
        assert_eq!(through, health.watermark, "what is not wanted has been considered as well");
    };
    wanted(all.clone(), &[0, 1, 2, 3]).await;
    wanted(all.clone().categories(["cat"]), &[0, 1]).await;
    wanted(all.clone().categories(["cat", "dog"]), &[0, 1, 2]).await;
    wanted(all.clone().names(["cat.fed"]), &[0, 3]).await;
    wanted(all.clone().names(["cat.lost", "dog.fed"]), &[1, 2]).await;
    wanted(all.clone().categories(["cat"]).names(["cat.fed", "dog.fed"]), &[0]).await;
    wanted(all.clone().categories(["bird"]), &[]).await;
    wanted(all.clone().categories(Vec::<String>::new()), &[]).await;
    wanted(all.names(Vec::<String>::new()), &[]).await;
}

/// Trap 20: a consumer that wants nothing of a long stretch gets past it.
///
/// A store whose page ends at the last event that it delivers fails this.
pub async fn trap_20_unwanted_events_still_advance(store: Store) {
    let noise = (0..4_000).map(event).collect();
    append(&*store, &stream("noise"), Expect::New, noise).await;
    let wanted =
        append(&*store, &stream_in("wanted", "one"), Expect::New, vec![named("wanted.once", 1)]).await;
    append(&*store, &stream("noise"), Expect::Any, vec![event(9)]).await;
    let query = FeedQuery::after(0).limit(10).names(["wanted.once"]);
    let (delivered, through) = follow(&*store, query.clone()).await;
    assert_eq!(positions(&delivered), [position(&wanted)]);
    assert!(through > position(&wanted));
    let (delivered, again) = follow(&*store, FeedQuery { after: through, ..query }).await;
    assert_eq!((delivered.len(), again), (0, through));
}

/// Trap 10: whoever loses a race leaves nothing behind that the feed waits for.
pub async fn trap_10_a_loser_does_not_stall_the_feed(store: Store) {
    let stream = stream("raced");
    append(&*store, &stream, Expect::New, vec![event(1)]).await;
    for _ in 0..20 {
        super::support::conflict(store.append(Append::to(stream.clone(), Expect::New, vec![event(0)])).await);
    }
    append(&*store, &stream, Expect::Any, vec![event(2)]).await;
    assert_eq!(numbers(&feed(&*store).await), [1, 2]);
    let health = store.health().await.expect("the store is healthy");
    assert_eq!((health.drawn, health.holder), (health.watermark, None));
}

/// Trap 19: ids are drawn by the writers' clocks, which may be years apart; the feed goes by positions alone.
pub async fn trap_19_skewed_clocks_change_nothing(store: Store) {
    const YEAR: u64 = 365 * 24 * 60 * 60;
    let mut written = Vec::new();
    for (nth, years) in [56, 10, 90, 0, 57].into_iter().enumerate() {
        let id = Uuid::new_v7(Timestamp::from_unix(NoContext, years * YEAR, 0));
        let skewed = NewEvent { id, ..event(nth as u64) };
        let stream = stream(if nth % 2 == 0 { "even" } else { "odd" });
        written.push(position(&append(&*store, &stream, Expect::Any, vec![skewed]).await));
        let (delivered, _) = follow(&*store, FeedQuery::after(written[nth.saturating_sub(1)])).await;
        assert_eq!(delivered.len(), nth.min(1), "what comes after a position is delivered after it");
    }
    assert_eq!(positions(&feed(&*store).await), written);
}

/// P1 in small: a reader beside eight writers gets every event once, in order.
pub async fn p1_a_reader_beside_writers_misses_nothing(store: Store) {
    let writers = (0..8_u64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut written = Vec::new();
            for nth in 0..60 {
                let stream = stream(&format!("w{}", (writer + nth) % 5));
                written.push(position(
                    &append(&*store, &stream, Expect::Any, vec![event(writer * 100 + nth)]).await,
                ));
            }
            written
        })
    });
    let writers = tokio::spawn(join_all(writers.collect::<Vec<_>>()));
    let (mut delivered, mut after) = (Vec::new(), Position::ZERO);
    while !writers.is_finished() || delivered.len() < 480 {
        let finished = writers.is_finished();
        let (page, through) = follow(&*store, FeedQuery::after(after).limit(32)).await;
        assert!(through > after || !finished, "all is written, and the feed has stalled after {after}");
        (after, delivered) = (through, [delivered, page].concat());
    }
    let written = within(writers).await.expect("no writer panics");
    let written: HashSet<Position> =
        written.into_iter().flat_map(|ones| ones.expect("no writer panics")).collect();
    let delivered = positions(&delivered);
    assert!(delivered.is_sorted_by(|one, other| one < other), "in order, none twice");
    assert_eq!(delivered.into_iter().collect::<HashSet<_>>(), written);
}

/// A reader that waits is woken by an append.
pub async fn an_append_wakes_readers(store: Store) {
    let stream = stream("woken");
    let mut wakeups = [store.wakeup(), store.wakeup()];
    for round in 0..5 {
        let waiting = wakeups.iter_mut().map(|wakeup| wakeup.wait(Duration::from_secs(60)));
        let appending = append(&*store, &stream, Expect::Any, vec![event(round)]);
        let (woken, _) = within(futures_util::future::join(join_all(waiting), appending)).await;
        assert_eq!(woken, [true, true]);
        let last = feed(&*store).await.pop().expect("the event is there");
        assert_eq!(number(&last), round, "what woke a reader can be read");
    }
}

/// A page is never longer than `MAX_PAGE`, whatever was asked for.
pub async fn pages_are_bounded(store: Store) {
    for nth in 0..3 {
        let batch = (0..4_000).map(|n| event(nth * 4_000 + n)).collect();
        append(&*store, &stream("bounded"), Expect::Any, batch).await;
    }
    let mut greedy = FeedQuery::after(0).limit(usize::MAX);
    assert_eq!(greedy.limit, MAX_PAGE);
    greedy.limit = usize::MAX;
    let page = within(store.read_feed(greedy)).await.expect("the feed can be read");
    assert!(page.events.len() <= MAX_PAGE);
    assert_eq!(feed(&*store).await.len(), 12_000);
}
