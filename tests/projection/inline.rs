//! Inline projections: what holds on both stores.

use std::time::Duration;

use futures_util::future::join_all;
use kenning::ExecuteError;
use kenning::read_model::HandleError;
use uuid::Uuid;

use super::clerk::{Book, Desk, Enter, Note, Refused, Then, Way, stored};
use crate::support::on_both_stores;

on_both_stores! {
    p2_events_and_the_projections_writes_are_there_together
    p2_what_a_projection_refuses_is_not_stored
    p2_a_panic_of_a_projection_stores_nothing
    p2_a_projection_that_never_returns_stores_nothing
    p2_an_event_before_the_one_that_fails_is_not_stored
    p3_a_command_sent_again_is_not_followed_again
    a_conflict_decided_again_runs_the_projection_once
    commands_at_once_are_followed_once_each
    an_ignored_event_is_not_followed
    p2_a_command_that_is_given_up_leaves_all_or_nothing
}

async fn p2_events_and_the_projections_writes_are_there_together(home: impl Desk) {
    let rows = home.rows().await;
    let (app, calls) = home.open(&rows, Way::Inline).await;
    let command = Enter { book: "a".to_owned(), entries: vec![(5, Then::Go), (7, Then::Go)] };
    let executed = app.execute(command).await.unwrap();
    let written = rows.all().await;
    assert_eq!(written, stored(&app, &["a"]).await);
    let found: Vec<_> = written.iter().map(|row| (row.version, row.cents)).collect();
    assert_eq!((found, calls.count()), (vec![(1, 5), (2, 7)], 2));
    assert_eq!(
        executed.position().map(|position| position.get().cast_signed()),
        written.last().map(|row| row.position)
    );
    // It has no checkpoint, and nothing to run.
    assert!(app.consumers().await.unwrap().is_empty());
}

/// Executes what makes the projection fail; nothing may be left of it, and everything has to go on.
async fn fails(home: impl Desk, command: Enter, check: impl Fn(&(dyn std::error::Error + 'static))) {
    let rows = home.rows().await;
    let (app, _) = home.open(&rows, Way::Inline).await;
    app.execute(Enter::one("a", 1)).await.unwrap();
    for _ in 0..2 {
        let error = app.execute(command.clone()).await.unwrap_err();
        assert!(!error.is_retryable());
        let ExecuteError::Projection { projection, source } = error else { panic!("{error:?}") };
        assert_eq!(projection, "clerk");
        check(&*source);
    }
    let written = rows.all().await;
    assert_eq!((written.len(), &written), (1, &stored(&app, &["a"]).await));
    // The stream is free, its state was not touched, and the feed is not held back.
    let after = app.execute(Enter::one("a", 2)).await.unwrap();
    assert_eq!((after.version().get(), app.load::<Book>("a".to_owned()).await.unwrap().balance), (2, 3));
    let mut feed = app.feed();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(feed.next().await.unwrap().events);
    }
    assert_eq!(rows.all().await, stored(&app, &["a"]).await);
}

/// Taken out (the append is committed whatever the handler says), this test fails.
async fn p2_what_a_projection_refuses_is_not_stored(home: impl Desk) {
    fails(home, Enter::then("a", 13, Then::Fail), |source| {
        assert!(source.downcast_ref::<Refused>().is_some_and(|refused| refused.cents == 13), "{source}");
    })
    .await;
}

async fn p2_a_panic_of_a_projection_stores_nothing(home: impl Desk) {
    fails(home, Enter::then("a", 13, Then::Panic), |source| {
        let Some(HandleError::Panic(text)) = source.downcast_ref() else { panic!("{source:?}") };
        assert_eq!(text, "the clerk faints");
    })
    .await;
}

async fn p2_a_projection_that_never_returns_stores_nothing(home: impl Desk) {
    fails(home, Enter::then("a", 13, Then::Hang), |source| {
        assert!(matches!(source.downcast_ref(), Some(HandleError::TimedOut(_))), "{source:?}");
    })
    .await;
}

async fn p2_an_event_before_the_one_that_fails_is_not_stored(home: impl Desk) {
    let command =
        Enter { book: "a".to_owned(), entries: vec![(5, Then::Go), (7, Then::Fail), (9, Then::Go)] };
    fails(home, command, |source| assert_eq!(source.to_string(), "the clerk refuses 7")).await;
}

async fn p3_a_command_sent_again_is_not_followed_again(home: impl Desk) {
    let rows = home.rows().await;
    let (app, calls) = home.open(&rows, Way::Inline).await;
    let id = Uuid::now_v7();
    let first = app.execute(Enter::one("a", 5)).id(id).await.unwrap();
    let again = app.execute(Enter::one("a", 5)).id(id).await.unwrap();
    assert_eq!((again.replayed(), again.version()), (true, first.version()));
    // What was refused is not remembered: the same command may be decided again.
    let refused = Uuid::now_v7();
    for _ in 0..2 {
        let error = app.execute(Enter::then("a", 5, Then::Fail)).id(refused).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Projection { .. }), "{error:?}");
    }
    assert_eq!((rows.all().await.len(), calls.count()), (1, 3));
}

async fn a_conflict_decided_again_runs_the_projection_once(home: impl Desk) {
    let rows = home.rows().await;
    let ((app, calls), (other, others)) =
        (home.open(&rows, Way::Inline).await, home.open(&rows, Way::Inline).await);
    app.execute(Enter::one("a", 1)).await.unwrap();
    other.execute(Enter::one("a", 2)).await.unwrap();
    // What the first one has at hand is old by now.
    let executed = app.execute(Enter::one("a", 4)).await.unwrap();
    assert_eq!((executed.version().get(), calls.count(), others.count()), (3, 2, 1));
    let written = rows.all().await;
    assert_eq!(written, stored(&app, &["a"]).await);
    assert_eq!(written.iter().map(|row| row.cents).collect::<Vec<_>>(), [1, 2, 4]);
}

async fn commands_at_once_are_followed_once_each(home: impl Desk) {
    let rows = home.rows().await;
    let ((app, calls), (other, others)) =
        (home.open(&rows, Way::Inline).await, home.open(&rows, Way::Inline).await);
    let books = ["a", "b", "c"];
    let commands = (0..60).map(|nth| {
        let app = if nth % 2 == 0 { &app } else { &other };
        let then = if nth % 10 == 0 { Then::Fail } else { Then::Go };
        app.execute(Enter::then(books[nth % 3], 1, then)).into_future()
    });
    let answers = join_all(commands).await;
    let mut accepted = 0;
    for answer in answers {
        match answer {
            Ok(_) => accepted += 1,
            Err(ExecuteError::Projection { .. } | ExecuteError::Conflict(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let written = rows.all().await;
    assert_eq!((written.len(), &written), (accepted, &stored(&app, &books).await));
    assert!(calls.count() + others.count() >= accepted as u64);
}

async fn an_ignored_event_is_not_followed(home: impl Desk) {
    let rows = home.rows().await;
    let (app, calls) = home.open(&rows, Way::Inline).await;
    app.execute(Note { book: "a".to_owned() }).await.unwrap();
    app.execute(Enter::one("a", 5)).await.unwrap();
    app.execute(Note { book: "a".to_owned() }).await.unwrap();
    let written = rows.all().await;
    assert_eq!((written.len(), calls.count(), written.first().map(|row| row.version)), (1, 1, Some(2)));
}

/// Futures that are dropped anywhere between their first poll and their answer.
async fn p2_a_command_that_is_given_up_leaves_all_or_nothing(home: impl Desk) {
    let rows = home.rows().await;
    let (app, _) = home.open(&rows, Way::Inline).await;
    let books = ["a", "b", "c"];
    for nth in 0..150 {
        let command = app.execute(Enter::one(books[nth % 3], 1)).into_future();
        let patience = Duration::from_micros(fastrand::u64(0..4_000));
        if let Ok(answer) = tokio::time::timeout(patience, command).await {
            answer.unwrap();
        }
    }
    // Waits for whatever was left behind to let its stream go.
    for book in books {
        app.execute(Enter::one(book, 1)).await.unwrap();
    }
    let written = rows.all().await;
    assert!(written.len() >= 3);
    assert_eq!(written, stored(&app, &books).await);
}
