//! Projections on PostgreSQL whose handlers fail in every way there is.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::EventStore;
use kenning::{ConsumerOptions, HandlerError, Kenning};

use super::domain::{LookedAt, NoteEvent, Written, word};
use super::{append, idle};
use crate::support::{Home, Postgres};

/// Writes each word into `words`; some words are too much for it.
struct Words {
    tried: AtomicU32,
}

#[projection(name = "words", version = 1, events = NoteEvent, ignore(LookedAt))]
impl Words {
    #[on]
    async fn written(
        &self,
        event: &Recorded<Written>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), HandlerError> {
        sqlx::query("insert into words (stream, word) values ($1, $2)")
            .bind(event.stream().as_str())
            .bind(&event.word)
            .execute(&mut **tx)
            .await?;
        match event.word.as_str() {
            "wrong" => Err("the word is wrong".into()),
            "twice" => {
                sqlx::query("insert into words_once values (1), (1)").execute(&mut **tx).await?;
                Ok(())
            }
            "for ever" => std::future::pending().await,
            "panic" => panic!("no such word"),
            // The session is ended under its hands, twice; the third time it may go on.
            "cut" if self.tried.fetch_add(1, Ordering::Relaxed) < 2 => {
                sqlx::query("select pg_terminate_backend(pg_backend_pid())").execute(&mut **tx).await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

async fn app() -> (Kenning, kenning::PostgresStore) {
    let home = <Postgres as Home>::new().await;
    let store = home.store().await;
    sqlx::raw_sql(
        "create table words (nth bigint generated always as identity, stream text not null, word text not null); \
         create table words_once (word int primary key)",
    )
    .execute(store.pool())
    .await
    .expect("the tables can be made");
    let options = ConsumerOptions::new()
        .attempts(3)
        .backoff(Duration::from_millis(1), Duration::from_millis(10))
        .timeout(Duration::from_millis(500));
    let app = Kenning::builder(store.clone())
        .projection_with(Words { tried: AtomicU32::new(0) }, options)
        .build()
        .await
        .expect("it fits together");
    (app, store)
}

async fn words(store: &kenning::PostgresStore, stream: &str) -> String {
    sqlx::query_scalar("select coalesce(string_agg(word, ' ' order by nth), '') from words where stream = $1")
        .bind(stream)
        .fetch_one(store.pool())
        .await
        .expect("the words can be read")
}

async fn parks(poison: &str, why: &str) {
    let (app, store) = app().await;
    for (one, other) in [("a", "1"), (poison, "2"), ("c", "3")] {
        append(&store, "one", vec![word(one)]).await;
        append(&store, "other", vec![word(other)]).await;
    }
    idle(&app).await;
    assert_eq!(words(&store, "note-one").await, "a", "what failed has left no trace");
    assert_eq!(words(&store, "note-other").await, "1 2 3");
    let parked = app.parked().list().await.expect("they can be listed");
    assert_eq!(parked.iter().map(|event| event.version.get()).collect::<Vec<_>>(), [2, 3]);
    let error = parked[0].error.as_deref().expect("why");
    assert!(error.contains(why), "{error}");
    assert_eq!(parked[0].attempts, 3);
    app.close().await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_trap_21_a_handler_that_fails_is_tried_again_and_then_parks_the_event() {
    parks("wrong", "the word is wrong").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_statement_that_the_database_refuses_parks_the_event() {
    parks("twice", "duplicate key").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_trap_21_a_handler_that_never_returns_parks_the_event() {
    parks("for ever", "did not come to an end").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_trap_21_a_handler_that_panics_parks_the_event() {
    parks("panic", "no such word").await;
}

/// A lost connection is no failure of the event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_trap_23_a_session_that_is_ended_in_a_handler_parks_nothing() {
    let (app, store) = app().await;
    append(&store, "one", vec![word("a"), word("cut"), word("c")]).await;
    idle(&app).await;
    assert_eq!(words(&store, "note-one").await, "a cut c");
    assert_eq!(app.parked().list().await.expect("they can be listed"), []);
    app.close().await;
    store.close().await;
}
