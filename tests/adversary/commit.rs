//! P2 and trap 6: the connection is cut at one exact message of an append.

use std::time::Duration;

use kenning::store::{EventStore, Expect, StoreError, TransactionalStore};
use kenning::{ExecuteError, Kenning, PostgresStore};
use kenning_tests::storm::{Add, Stored, Tally, number_of, numbered};
use uuid::Uuid;

use super::postgres::{self, stored};
use crate::support::database;
use crate::support::proxy::{Proxy, Strike};

struct Scene {
    /// Past the proxy.
    url: String,
    proxy: Proxy,
    store: PostgresStore,
    app: Kenning,
}

impl Scene {
    async fn set() -> Self {
        let url = database().await;
        let proxy = Proxy::before(&url).await;
        let options = PostgresStore::options().recovery_timeout(Duration::from_secs(20));
        let store = options.connect(&proxy.url(&url)).await.expect("the proxy lets it through");
        let app = postgres::app(&store).await;
        Self { url, proxy, store, app }
    }

    /// A store that gives up finding things out soon.
    async fn hasty(self) -> Self {
        let options = PostgresStore::options()
            .recovery_timeout(Duration::from_millis(300))
            .acquire_timeout(Duration::from_millis(300));
        let store = options.connect(&self.proxy.url(&self.url)).await.expect("the proxy lets it through");
        let app = postgres::app(&store).await;
        Self { store, app, ..self }
    }

    async fn effects(&self, tag: Uuid) -> Vec<Stored> {
        stored(&self.url).await.into_iter().filter(|event| event.tag == tag).collect()
    }

    /// Executes a command whose append is struck; what is answered has to be what is stored, once.
    async fn struck_command(&self, command: Add, strike: Strike) {
        let (tag, events) = (command.tag, command.events);
        let before = self.proxy.strikes();
        self.proxy.arm(tag.to_string(), strike);
        let told = super::in_time("the answer", self.app.execute(command)).await.expect("it is found out");
        assert_eq!(self.proxy.strikes(), before + 1, "the proxy did not strike");
        let effects = self.effects(tag).await;
        let versions: Vec<u64> = effects.iter().map(|event| event.version).collect();
        assert_eq!(told.events().iter().map(number_of).collect::<Vec<_>>(), versions, "{strike:?}");
        assert_eq!((effects.len() as u64, versions.last().copied()), (events, Some(told.version().get())));
        assert_eq!(told.position().map(u64::from), effects.last().map(|event| event.position));
    }
}

/// Taken out (events are not looked for, the append is just repeated), this test fails: what was stored by the lost answer is decided and stored again.
#[tokio::test]
async fn trap_6_p2_answer_or_statement_lost_is_found_out() {
    let scene = Scene::set().await;
    for events in [1, 3] {
        for strike in [Strike::LoseAnswer, Strike::LoseStatement, Strike::LoseAnswer] {
            let command = Add { events, ..Add::one(1) };
            scene.struck_command(command, strike).await;
            scene.app.execute(Add::one(1)).await.expect("the stream goes on");
        }
    }
    let loaded = scene.app.load::<Tally>(1).await.expect("a tally");
    assert_eq!(loaded.into_state(), super::replayed(&scene.store, 1).await);
}

/// The message is under way while its sender is back and asks what became of it: the answer must stay true when the message arrives.
#[tokio::test]
async fn trap_6_p2_statement_that_arrives_late_does_nothing() {
    let scene = Scene::set().await;
    for _ in 0..3 {
        let command = Add::one(1);
        let tag = command.tag;
        scene.struck_command(command, Strike::DeliverLate).await;
        scene.proxy.release();
        // Whatever the server does with the late message, it has done it before it serves what comes after.
        scene.app.execute(Add::one(1)).await.expect("the stream goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(scene.effects(tag).await.len(), 1);
    }
    for delay in [0, 1, 2, 4, 8, 16] {
        let command = Add { events: 2, ..Add::one(1) };
        let tag = command.tag;
        let strikes = scene.proxy.strikes();
        let race = async {
            scene.proxy.struck(strikes + 1).await;
            tokio::time::sleep(Duration::from_millis(delay)).await;
            scene.proxy.release();
        };
        tokio::join!(scene.struck_command(command, Strike::DeliverLate), race);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(scene.effects(tag).await.len(), 2, "the race of {delay} ms");
    }
}

/// Without an expected version nothing but the end of the old session keeps the late message from
/// being done a second time. Fails without `server.terminate`: see tests/guards.
#[tokio::test]
async fn trap_6_p2_late_statement_that_expects_nothing_does_nothing() {
    let scene = Scene::set().await;
    for events in [1, 2] {
        let tag = Uuid::now_v7();
        let mut append = numbered(tag, &[("tally-1".to_owned(), 0)], events);
        append.streams[0].expect = Expect::Any;
        scene.proxy.arm(tag.to_string(), Strike::DeliverLate);
        super::in_time("the answer", scene.store.append(append)).await.expect("it is found out");
        scene.proxy.release();
        scene.app.execute(Add::one(2)).await.expect("others go on");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(scene.effects(tag).await.len() as u64, events);
    }
}

/// A command is still loading when the application is closed: it was let in, so it is finished.
///
/// Taken out (the gate that counts what is inside), this test fails: the command is told `Closed`.
#[tokio::test]
async fn p2_close_waits_for_a_command_that_was_let_in() {
    let scene = Scene::set().await;
    let command = Add::one(77);
    scene.proxy.arm("tally-77", Strike::HoldAnswer);
    let strikes = scene.proxy.strikes();
    let running = tokio::spawn(scene.app.execute(command.clone()).into_future());
    super::in_time("the load", scene.proxy.struck(strikes + 1)).await;
    let closing = tokio::spawn({
        let app = scene.app.clone();
        async move { app.close().await }
    });
    super::until("the close to begin", async || {
        matches!(scene.app.execute(Add::one(1)).await, Err(ExecuteError::Closed))
    })
    .await;
    scene.proxy.release();
    let told = super::in_time("the command", running).await.expect("no panic");
    assert_eq!(told.expect("it was let in").version(), 1);
    super::in_time("the close", closing).await.expect("no panic");
    assert_eq!(scene.effects(command.tag).await.len(), 1);
}

/// Nobody waits for the append any more, but it was accepted: a close does not return before it is
/// decided. Fails without `server.close-waits`: see tests/guards.
#[tokio::test]
async fn p2_close_waits_for_an_append_whose_caller_has_left() {
    let scene = Scene::set().await;
    let command = Add::one(1);
    scene.proxy.arm(command.tag.to_string(), Strike::HoldAnswer);
    let strikes = scene.proxy.strikes();
    tokio::select! {
        told = scene.app.execute(command.clone()).into_future() => panic!("answered while held: {told:?}"),
        () = scene.proxy.struck(strikes + 1) => {}
    }
    let closing = tokio::spawn({
        let app = scene.app.clone();
        async move { app.close().await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!closing.is_finished(), "the close returned before the append was decided");
    scene.proxy.release();
    super::in_time("the close", closing).await.expect("no panic");
    assert_eq!(scene.effects(command.tag).await.len(), 1);
}

/// One connection carries the appends of many: each of them learns its own fate.
#[tokio::test]
async fn trap_6_p2_group_commit_that_is_cut_is_found_out_for_each() {
    let scene = Scene::set().await;
    for strike in [Strike::LoseAnswer, Strike::LoseStatement] {
        let commands: Vec<Add> = (0..40).map(|tally| Add { events: 2, ..Add::one(tally) }).collect();
        let Some(last) = commands.last() else { unreachable!("there are forty") };
        let strikes = scene.proxy.strikes();
        scene.proxy.arm(last.tag.to_string(), strike);
        let told = futures_util::future::join_all(
            commands.iter().cloned().map(|command| scene.app.execute(command).into_future()),
        );
        for (command, told) in commands.iter().zip(super::in_time("the answers", told).await) {
            let told = told.expect("it is found out");
            let effects = scene.effects(command.tag).await;
            assert_eq!(effects.len(), 2, "{strike:?}");
            assert_eq!(effects.last().map(|event| event.version), Some(told.version().get()));
        }
        assert_eq!(scene.proxy.strikes(), strikes + 1, "the proxy did not strike");
    }
}

/// Trap 5 with it: what failed once is done, and reported, once.
#[tokio::test]
async fn p2_unknown_outcome_is_said_and_a_resend_settles_it() {
    let scene = Scene::set().await.hasty().await;
    for (strike, is_there) in [(Strike::LoseAnswer, true), (Strike::LoseStatement, false)] {
        scene.app.execute(Add::one(1)).await.expect("all is well");
        let command = Add::one(1);
        let strikes = scene.proxy.strikes();
        scene.proxy.arm(command.tag.to_string(), strike);
        let away = async {
            scene.proxy.struck(strikes + 1).await;
            scene.proxy.refuse(true);
        };
        scene.proxy.refuse(false);
        let (told, ()) = tokio::join!(scene.app.execute(command.clone()).id(command.tag).into_future(), away);
        let effects = scene.effects(command.tag).await;
        assert_eq!(effects.len(), usize::from(is_there));
        match told {
            Err(ExecuteError::Store(StoreError::OutcomeUnknown { event_ids, .. })) => {
                assert_eq!(event_ids.len(), 1);
                assert!(effects.iter().all(|event| event.id == event_ids[0]), "another event is named");
            }
            other => panic!("{strike:?} with the server away: {other:?}"),
        }
        scene.proxy.refuse(false);
        let again = super::in_time("the resend", async {
            loop {
                match scene.app.execute(command.clone()).id(command.tag).await {
                    Err(error) if error.is_retryable() => tokio::time::sleep(Duration::from_millis(20)).await,
                    done => return done.expect("the server is back"),
                }
            }
        })
        .await;
        assert_eq!(again.replayed(), is_there);
        assert_eq!(scene.effects(command.tag).await.len(), 1);
    }
}

#[tokio::test]
async fn p2_own_transaction_cut_at_commit_is_unknown() {
    let scene = Scene::set().await;
    for (strike, stored) in [(Strike::LoseAnswer, 1), (Strike::LoseStatement, 0)] {
        let tag = Uuid::now_v7();
        let mut transaction = scene.store.begin().await.expect("a transaction");
        let append = numbered(tag, &[(format!("tally-{stored}"), 0)], 1);
        scene.store.append_in(&mut transaction, append).await.expect("a free stream");
        scene.proxy.arm("COMMIT", strike);
        let told = super::in_time("the answer", scene.store.commit(transaction)).await;
        assert!(matches!(told, Err(StoreError::OutcomeUnknown { .. })), "{told:?}");
        super::until("the server to have decided", async || {
            let health = postgres::store(&scene.url).await.health().await.expect("the store's health");
            health.holder.is_none() && scene.effects(tag).await.len() == stored
        })
        .await;
    }
}

/// The answer takes its time; its reader has gone. What the server does is done once, and the stream is not stuck.
#[tokio::test]
async fn p2_answer_that_nobody_waits_for_any_more_harms_nobody() {
    let scene = Scene::set().await;
    let command = Add::one(1);
    let tag = command.tag;
    scene.proxy.arm(tag.to_string(), Strike::HoldAnswer);
    let strikes = scene.proxy.strikes();
    tokio::select! {
        told = scene.app.execute(command.clone()).id(tag).into_future() => panic!("answered while held: {told:?}"),
        () = scene.proxy.struck(strikes + 1) => {}
    }
    scene.proxy.release();
    let again = super::in_time("the resend", scene.app.execute(command).id(tag)).await.expect("it is found");
    assert!(again.replayed());
    assert_eq!(scene.effects(tag).await.len(), 1);
}
