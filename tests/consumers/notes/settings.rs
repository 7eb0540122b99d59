//! Where consumers begin, and how an operator holds them.

use kenning::store::{Append, EventStore, Expect, TransactionalStore};
use kenning::{ConsumerOptions, Kenning, Position, Start, StreamName};

use super::domain::{Row, looked_at, word};
use super::{append, idle, noted};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    a_consumer_begins_where_it_is_told
    a_paused_consumer_stands_still_until_it_is_resumed
    a_reset_read_model_is_folded_anew
    trap_20_unwanted_events_still_advance_a_consumer
    one_event_in_order_of_its_stream
    positions_that_were_rolled_back_keep_nobody_from_being_idle
}

async fn starting<H: Home>(home: &H, start: Start) -> Kenning {
    let options = ConsumerOptions::new().start(start);
    Kenning::builder(home.store().await)
        .read_model_with::<Row>(options)
        .build()
        .await
        .expect("it fits together")
}

async fn a_consumer_begins_where_it_is_told<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.expect("it can be prepared");
    for text in ["a", "b", "c"] {
        append(&store, "one", vec![word(text)]).await;
    }
    let app = starting(&home, Start::After(Position::new(2))).await;
    idle(&app).await;
    assert_eq!(noted(&app, "one").await.as_deref(), Some("c"));
    for (start, expected) in [(Start::End, None), (Start::Beginning, Some("abc"))] {
        app.consumer("note_words").reset(start).await.expect("it is there");
        idle(&app).await;
        assert_eq!(noted(&app, "one").await.as_deref(), expected, "{start:?}");
    }
    let second = app.feed().next().await.expect("a page").events[1].metadata.recorded_at;
    app.consumer("note_words").reset(Start::At(second)).await.expect("it is there");
    idle(&app).await;
    let from_second = noted(&app, "one").await;
    assert!(matches!(from_second.as_deref(), Some("bc" | "abc")), "{from_second:?}");
    app.close().await;
}

async fn a_paused_consumer_stands_still_until_it_is_resumed<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    append(&**app.store(), "one", vec![word("a")]).await;
    idle(&app).await;
    app.consumer("note_words").pause().await.expect("it is there");
    append(&**app.store(), "one", vec![word("b")]).await;
    idle(&app).await;
    assert_eq!(noted(&app, "one").await.as_deref(), Some("a"));
    let status = app.consumer("note_words").status().await.expect("it is there");
    assert!(status.paused && status.lag_positions > 0, "{status:?}");
    app.consumer("note_words").resume().await.expect("it is there");
    idle(&app).await;
    assert_eq!(noted(&app, "one").await.as_deref(), Some("ab"));
    app.close().await;
}

async fn a_reset_read_model_is_folded_anew<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    append(&**app.store(), "one", vec![word("a"), word("b")]).await;
    idle(&app).await;
    app.consumer("note_words").reset(Start::Beginning).await.expect("it is there");
    assert_eq!(noted(&app, "one").await, None, "its table is empty");
    idle(&app).await;
    assert_eq!(noted(&app, "one").await.as_deref(), Some("ab"));
    app.close().await;
}

async fn trap_20_unwanted_events_still_advance_a_consumer<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    append(&**app.store(), "one", vec![word("a")]).await;
    for _ in 0..30 {
        append(&**app.store(), "one", (0..50).map(|_| looked_at()).collect()).await;
    }
    idle(&app).await;
    for consumer in app.consumers().await.expect("they can be listed") {
        assert_eq!(consumer.lag_positions, 0, "{} stands where the feed ends", consumer.name);
    }
    app.close().await;
}

/// The last positions that were drawn have no event.
async fn positions_that_were_rolled_back_keep_nobody_from_being_idle<H: Home>(home: H) {
    let store = home.store().await;
    let app = super::app(home.store().await).await;
    for round in 1..=2 {
        append(&store, "one", vec![word("a")]).await;
        let mut transaction = store.begin().await.expect("it begins");
        let undone = Append::to(StreamName::new("note", "two").unwrap(), Expect::Any, vec![word("b")]);
        store.append_in(&mut transaction, undone).await.expect("it is accepted");
        store.rollback(transaction).await.expect("it is rolled back");
        idle(&app).await;
        assert_eq!(noted(&app, "one").await, Some("a".repeat(round)));
    }
    app.close().await;
}

async fn one_event_in_order_of_its_stream<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    let mut expected = String::new();
    for nth in 0..700 {
        let text = format!("{nth},");
        append(&**app.store(), "one", vec![word(&text)]).await;
        expected.push_str(&text);
    }
    idle(&app).await;
    assert_eq!(noted(&app, "one").await, Some(expected));
    app.close().await;
}
