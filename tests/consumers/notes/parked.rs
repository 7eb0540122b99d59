//! P7: what cannot be handled is parked, and all else flows.

use kenning::store::Parked;
use kenning::{Kenning, Position};
use uuid::Uuid;

use super::domain::{Rows, corrupt, heal, word};
use super::{append, idle, noted};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_trap_27_a_poison_event_holds_back_its_stream_and_nothing_else
    p7_trap_22_an_event_that_cannot_be_read_is_parked
    p7_trap_21_a_panicking_handler_surfaces_and_the_other_consumers_go_on
    p7_a_discarded_event_is_passed_over_and_what_waits_behind_it_is_done
    p7_a_retry_that_fails_again_keeps_the_order_and_the_newer_error
    p7_what_is_parked_survives_another_process
}

async fn parked(app: &Kenning) -> Vec<Parked> {
    app.parked().consumer("note_words").list().await.expect("they can be listed")
}

/// Two streams, the words of one by turns with those of the other; the second word of the first is poison.
async fn poisoned<H: Home>(home: &H) -> (Kenning, String) {
    let store = home.store().await;
    let app = super::app(store).await;
    let poison = format!("poison {}", Uuid::now_v7());
    for (one, other) in [("a", "1"), (poison.as_str(), "2"), ("c", "3"), ("d", "4")] {
        append(&**app.store(), "one", vec![word(one)]).await;
        append(&**app.store(), "other", vec![word(other)]).await;
    }
    idle(&app).await;
    (app, poison)
}

/// Fails without `consumers.blocked`: see tests/guards.
async fn p7_trap_27_a_poison_event_holds_back_its_stream_and_nothing_else<H: Home>(home: H) {
    let (app, poison) = poisoned(&home).await;
    assert_eq!(noted(&app, "one").await.as_deref(), Some("a"));
    assert_eq!(noted(&app, "other").await.as_deref(), Some("1234"));
    let listed = parked(&app).await;
    let versions: Vec<_> = listed.iter().map(|event| (event.version.get(), event.error.is_some())).collect();
    assert_eq!(versions, [(2, true), (3, false), (4, false)]);
    assert!(listed[0].error.as_ref().expect("why").contains("is poison"), "{listed:?}");
    assert!(listed.iter().all(|event| event.stream.as_str() == "note-one"));

    heal(&poison);
    app.parked().retry(&listed[0]).await.expect("it can be asked for");
    append(&**app.store(), "one", vec![word("e")]).await;
    idle(&app).await;
    assert_eq!(noted(&app, "one").await, Some(format!("a{poison}cde")));
    assert_eq!(parked(&app).await, []);
    app.close().await;
}

async fn p7_trap_22_an_event_that_cannot_be_read_is_parked<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    append(&**app.store(), "one", vec![word("a"), corrupt(), word("c")]).await;
    append(&**app.store(), "other", vec![word("1")]).await;
    idle(&app).await;
    assert_eq!(noted(&app, "one").await.as_deref(), Some("a"));
    assert_eq!(noted(&app, "other").await.as_deref(), Some("1"));
    let listed = app.parked().list().await.expect("they can be listed");
    let of: Vec<_> =
        listed.iter().map(|event| (&*event.consumer, event.version.get(), event.error.is_some())).collect();
    // Both read models follow the event, and each has parked it.
    assert_eq!(
        of,
        [
            ("note_counts", 2, true),
            ("note_counts", 3, false),
            ("note_words", 2, true),
            ("note_words", 3, false)
        ]
    );
    app.close().await;
}

async fn p7_trap_21_a_panicking_handler_surfaces_and_the_other_consumers_go_on<H: Home>(home: H) {
    let (app, _) = poisoned(&home).await;
    let counts = app.query::<Rows>().order_by(Rows::ID.asc()).fetch().await.expect("it can be asked");
    let counts: Vec<_> = counts.into_iter().map(|row| (row.id, row.words)).collect();
    assert_eq!(counts, [("one".to_owned(), 4), ("other".to_owned(), 4)]);
    let consumers = app.consumers().await.expect("they can be listed");
    let of = |name: &str| {
        let consumer = consumers.iter().find(|consumer| &*consumer.name == name).expect("it is there");
        (consumer.failed, consumer.waiting)
    };
    assert_eq!((of("note_words"), of("note_counts")), ((1, 2), (0, 0)));
    app.close().await;
}

async fn p7_a_discarded_event_is_passed_over_and_what_waits_behind_it_is_done<H: Home>(home: H) {
    let (app, _) = poisoned(&home).await;
    let listed = parked(&app).await;
    app.parked().discard(&listed[0], "nobody can read it").await.expect("it can be asked for");
    idle(&app).await;
    assert_eq!(noted(&app, "one").await.as_deref(), Some("acd"));
    assert_eq!(parked(&app).await, []);
    app.close().await;
}

async fn p7_a_retry_that_fails_again_keeps_the_order_and_the_newer_error<H: Home>(home: H) {
    let (app, poison) = poisoned(&home).await;
    let second = format!("poison {}", Uuid::now_v7());
    append(&**app.store(), "one", vec![word(&second), word("f")]).await;
    idle(&app).await;
    let listed = parked(&app).await;
    app.parked().retry(&listed[0]).await.expect("it can be asked for");
    idle(&app).await;
    let again = parked(&app).await;
    assert_eq!(again.len(), 5);
    assert!(again[0].attempts > listed[0].attempts && again[0].request.is_none(), "{:?}", again[0]);

    heal(&poison);
    app.parked().retry(&again[0]).await.expect("it can be asked for");
    idle(&app).await;
    assert_eq!(noted(&app, "one").await, Some(format!("a{poison}cd")));
    let behind: Vec<_> =
        parked(&app).await.iter().map(|event| (event.version.get(), event.error.is_some())).collect();
    assert_eq!(behind, [(5, true), (6, false)]);
    app.close().await;
}

async fn p7_what_is_parked_survives_another_process<H: Home>(home: H) {
    let (app, poison) = poisoned(&home).await;
    let listed = parked(&app).await;
    let next = super::app(home.store().await).await;
    heal(&poison);
    append(&**next.store(), "one", vec![word("e")]).await;
    idle(&next).await;
    assert_eq!(noted(&next, "one").await.as_deref(), Some("a"), "what is blocked stays so");
    assert_eq!(parked(&next).await.len(), 4);
    let shown = next.parked().show("note_words", listed[0].position).await.expect("it can be shown");
    assert_eq!(shown.map(|(_, event)| event.metadata.position), Some(listed[0].position));
    assert!(listed[0].position > Position::ZERO);
    next.parked().retry(&listed[0]).await.expect("it can be asked for");
    idle(&next).await;
    assert_eq!(noted(&next, "one").await, Some(format!("a{poison}cde")));
}
