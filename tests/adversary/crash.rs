//! What a crash of the server may take back: positions that nobody committed. A server of the test's own.

use kenning::store::{Append, EventStore, FeedQuery, TransactionalStore};
use kenning_tests::storm::numbered;
use uuid::Uuid;

use super::postgres::{Server, store};

fn one(stream: &str) -> Append {
    numbered(Uuid::now_v7(), &[(stream.to_owned(), 0)], 1)
}

/// A sequence's numbers are durable with a later commit alone. Numbers drawn and rolled back may be drawn once more after a crash: a reader that was told that the
/// feed has been considered up to them would never see the events that get them then. Taken out (a reader goes to the watermark, not to the last
/// committed event), this test fails: the readers were sent on to 201, the new event came below and was delivered to neither.
#[tokio::test]
async fn p1_position_drawn_again_after_a_crash_is_delivered() {
    let server = Server::start().await;
    let before = store(&server.url).await;
    before.append(one("tally-0")).await.expect("a free stream");
    server.pause_wal_writer().await;
    let mut undone = before.begin().await.expect("a transaction");
    let many = numbered(Uuid::now_v7(), &[("tally-1".to_owned(), 0)], 200);
    before.append_in(&mut undone, many).await.expect("a free stream");
    before.rollback(undone).await.expect("a rollback");
    let queries = [FeedQuery::after(0), FeedQuery::after(0).names(["tally.added"])];
    let mut reached = Vec::new();
    for query in queries.clone() {
        let page = before.read_feed(query).await.expect("a page");
        assert!(page.is_at_head() && page.events.len() == 1, "{page:?}");
        reached.push(page.through);
    }

    server.crash().await;
    let revived = store(&server.url).await;
    let told = revived.append(one("tally-2")).await.expect("a free stream");
    assert!(
        told.streams[0].positions[0].get() < 200,
        "the positions drawn before the crash are kept: this proves nothing"
    );
    for (mut query, after) in queries.into_iter().zip(reached) {
        query.after = after;
        let page = revived.read_feed(query).await.expect("a page");
        let given: Vec<_> = page.events.iter().map(|event| event.metadata.stream.as_str()).collect();
        assert_eq!(given, ["tally-2"]);
    }
}
