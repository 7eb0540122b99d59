//! P4, P3: what an event causes is there once, and with it the checkpoint, whatever is done again.

use std::sync::Arc;
use std::time::Duration;

use kenning::{CancellationToken, Start};

use super::shop::{
    Fill, Place, Reserve, Stock, Then, events, feed, journal, notes, open, options, order, parked, place,
    reserved, stock,
};
use super::supplier::Supplier;
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p4_commands_and_events_are_there_once
    p4_an_event_that_is_delivered_again_causes_nothing_again
    p4_commands_see_what_came_before_them_in_the_batch
    p4_a_process_that_dies_before_its_commit_has_caused_nothing
    trap_47_causes_and_conversations_are_carried_on
    trap_1_states_at_hand_are_those_of_the_streams
    readers_of_the_feed_hear_of_what_is_caused
}

async fn p4_commands_and_events_are_there_once<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    app.execute(Fill::with("pen", 100)).await.unwrap();
    let orders: Vec<_> = (0..20).map(|nth| format!("o{nth:02}")).collect();
    place(
        &app,
        orders.iter().map(|order| Place::several(order, &[("pen", Then::Reserve), ("pen", Then::Note)])),
    )
    .await;
    assert_eq!((reserved(&app, "pen").await, notes(&app, "pen").await), (orders.clone(), orders));
    assert_eq!(app.load::<Stock>("pen".to_owned()).await.unwrap().left, 80);
    assert!(parked(&app).await.is_empty());
    app.close().await;
}

/// Taken out (no ids in the ledger), everything is there twice.
async fn p4_an_event_that_is_delivered_again_causes_nothing_again<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    app.execute(Fill::with("pen", 3)).await.unwrap();
    let orders =
        ["a", "b", "c"].map(|order| Place::several(order, &[("pen", Then::Reserve), ("ink", Then::Note)]));
    place(&app, orders).await;
    let before = feed(&app).await;
    // The second time there is nothing left to be reserved: a command that was accepted is not rejected for that.
    app.consumer("clerk").reset_with_effects(Start::Beginning).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(feed(&app).await, before);
    // There is enough for all of it now, and what has been done is not done again for that either.
    app.execute(Fill::with("pen", 50)).await.unwrap();
    app.consumer("clerk").reset_with_effects(Start::Beginning).await.unwrap();
    place(&app, [Place::one("d", "pen", Then::Reserve)]).await;
    assert_eq!(reserved(&app, "pen").await, ["a", "b", "c", "d"]);
    assert_eq!(notes(&app, "ink").await, ["a", "b", "c"]);
    assert!(parked(&app).await.is_empty());
    app.close().await;
}

async fn p4_commands_see_what_came_before_them_in_the_batch<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    app.execute(Fill::with("pen", 5)).await.unwrap();
    let tries = (0..4).map(|nth| Place::one(&format!("o{nth}"), "pen", Then::All));
    for order in tries {
        app.execute(order).await.unwrap();
    }
    app.run_until_idle().await.unwrap();
    // Each takes two of five: the third gets one of them, which it must not keep.
    assert_eq!(reserved(&app, "pen").await, ["o0", "o0", "o1", "o1"]);
    let stock = app.load::<Stock>("pen".to_owned()).await.unwrap().into_state();
    assert_eq!(stock, Stock { left: 1, notes: 2 });
    let parked = parked(&app).await;
    assert_eq!(parked.iter().map(|parked| parked.stream.id()).collect::<Vec<_>>(), ["o2", "o3"]);
    app.close().await;
}

/// The handler has been called, and its supplier too; then the process is gone.
async fn p4_a_process_that_dies_before_its_commit_has_caused_nothing<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let first = open(&home, &supplier, options()).await;
    supplier.answers.send_replace(false);
    for nth in 0..3 {
        let orders = [("pen", Then::Note), ("ink", Then::Call)];
        first.execute(Place::several(&format!("o{nth}"), &orders)).await.unwrap();
    }
    let run = tokio::spawn({
        let first = first.clone();
        async move { first.run(CancellationToken::new()).await }
    });
    supplier.called("ink").await;
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    // The tasks of the run are told to end with it, which they do when they are looked at next: an answer must not come before.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(events(&first, &journal("pen")).await.is_empty());
    supplier.answers.send_replace(true);
    let second = open(&home, &supplier, options()).await;
    second.run_until_idle().await.unwrap();
    assert_eq!(notes(&second, "pen").await, ["o0", "o1", "o2"]);
    assert_eq!(notes(&second, "ink").await, ["ink is coming"; 3]);
    let mut keys = supplier.keys("ink");
    assert!(keys.len() > 3, "it was called again");
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 3, "under the keys that it had");
    first.close().await;
    second.close().await;
}

async fn trap_47_causes_and_conversations_are_carried_on<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    app.execute(Fill::with("pen", 10)).await.unwrap();
    let conversation = uuid::Uuid::now_v7();
    let command = Place::several("a", &[("pen", Then::Reserve), ("pen", Then::Note)]);
    app.execute(command).correlation(conversation).await.unwrap();
    app.run_until_idle().await.unwrap();
    let placed = events(&app, &order("a")).await;
    let reservation = events(&app, &stock("pen")).await.pop().unwrap().metadata;
    let note = events(&app, &journal("pen")).await.pop().unwrap().metadata;
    assert_eq!(reservation.correlation_id, Some(conversation));
    assert_eq!((note.correlation_id, note.causation_id), (Some(conversation), Some(placed[1].metadata.id)));
    // An event of a command names the command, whose id anybody can draw who knows the event.
    let command_id = reservation.causation_id.unwrap();
    let record = app.store().find_command(command_id).await.unwrap().unwrap();
    assert_eq!((record.stream, record.version), (stock("pen"), reservation.version));
    assert_eq!((command_id.get_version_num(), note.id.get_version_num()), (8, 8));
    app.close().await;
}

/// The reactor, commands and another process take turns on one stream, with snapshots.
async fn trap_1_states_at_hand_are_those_of_the_streams<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    let other = open(&home, &Arc::<Supplier>::default(), options()).await;
    for nth in 0..15_u32 {
        app.execute(Fill::with("pen", 2)).await.unwrap();
        place(&app, [Place::one(&format!("o{nth}"), "pen", Then::Reserve)]).await;
        let own = Reserve { item: "pen".to_owned(), order: "own".to_owned(), quantity: 1 };
        let executed = [&app, &other][nth as usize % 2].execute(own).await.unwrap();
        assert_eq!(executed.version().get(), u64::from(nth + 1) * 3);
        assert_eq!(app.load::<Stock>("pen".to_owned()).await.unwrap().left, 0);
    }
    app.close().await;
    other.close().await;
}

async fn readers_of_the_feed_hear_of_what_is_caused<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let app = open(&home, &supplier, options()).await;
    supplier.answers.send_replace(false);
    app.execute(Place::one("a", "ink", Then::Call)).await.unwrap();
    let run = tokio::spawn({
        let app = app.clone();
        async move { app.run_until_idle().await }
    });
    supplier.called("ink").await;
    let mut wakeup = app.store().wakeup();
    supplier.answers.send_replace(true);
    assert!(wakeup.wait(std::time::Duration::from_secs(60)).await);
    run.await.unwrap().unwrap();
    assert_eq!(notes(&app, "ink").await.len(), 1);
    app.close().await;
}
