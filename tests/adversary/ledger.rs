//! P3: a command's id sent again, at the same instant, by others, with another body, after a crash.

use futures_util::future::join_all;
use kenning::{ExecuteError, Kenning, MemoryStore};
use kenning_tests::storm::Journal;
use kenning_tests::storm::{Add, Entry, Outcome, Tally, attempt, check_effects, check_streams};

use super::postgres::{self, stored};
use super::writers::Writers;
use crate::support::database;

/// Sends one command many times at once through several applications; the effect is one, and all are told the same.
async fn send_at_once(apps: &[Kenning]) {
    for events in [1, 2] {
        let command = Add { events, ..Add::one(1) };
        let before = super::replayed(&**apps[0].store(), 1).await.count;
        let sends =
            (0..24).map(|nth| apps[nth % apps.len()].execute(command.clone()).id(command.tag).into_future());
        let told = super::in_time("the answers", join_all(sends)).await;
        let told: Vec<_> = told.into_iter().map(|told| told.expect("each is accepted")).collect();
        assert_eq!(told.iter().filter(|told| !told.replayed()).count(), 1, "one of them had the effect");
        for one in &told {
            assert_eq!(
                (one.version(), one.position(), one.events()),
                (told[0].version(), told[0].position(), told[0].events())
            );
        }
        assert_eq!(super::replayed(&**apps[0].store(), 1).await.count, before + events);
    }
}

async fn other_body_is_refused(app: &Kenning) {
    let command = Add::one(2);
    app.execute(command.clone()).id(command.tag).await.expect("a command");
    let before = super::replayed(&**app.store(), 2).await;
    // Also when the handler would turn the other body down: the count is odd now.
    for even_only in [false, true] {
        for tally in [2, 3] {
            let other = Add { even_only, tally, events: 2, ..command.clone() };
            let told = app.execute(other).id(command.tag).await;
            match told {
                Err(ExecuteError::DuplicateCommand { command_id, .. }) => assert_eq!(command_id, command.tag),
                other => panic!("another body under the same id: {other:?}"),
            }
        }
    }
    assert_eq!(super::replayed(&**app.store(), 2).await, before);
    assert_eq!(super::replayed(&**app.store(), 3).await, Tally::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_trap_12_same_id_at_the_same_instant_has_one_effect_in_memory() {
    let store = MemoryStore::new();
    let mut apps = Vec::new();
    for _ in 0..2 {
        // Two applications on one store know nothing of each other's queues and states.
        apps.push(
            Kenning::builder(store.clone()).aggregate::<Tally>().build().await.expect("an application"),
        );
    }
    send_at_once(&apps).await;
    other_body_is_refused(&apps[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_trap_12_same_id_at_the_same_instant_has_one_effect_in_postgres() {
    let url = database().await;
    let mut apps = Vec::new();
    for _ in 0..2 {
        // Each with a pool, a queue and a committer of its own, as two processes have.
        apps.push(postgres::app(&postgres::store(&url).await).await);
    }
    send_at_once(&apps).await;
    other_body_is_refused(&apps[0]).await;
}

/// A writer is killed at any moment, also after a commit and before its answer. Whoever sends its commands again settles each of them, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_resend_after_a_crash_has_no_second_effect() {
    let url = database().await;
    let app = postgres::app(&postgres::store(&url).await).await;
    let mut writers = Writers::new(&url, 6);
    for round in 1..=4 {
        writers.start();
        super::until("the writer to write", async || stored(&url).await.len() > 40 * round).await;
        writers.kill_one().await;
    }
    let mut entries = writers.entries();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let journal = Journal::open(&folder.path().join("journal"));
    let mut sent = 0;
    for entry in entries.clone() {
        let Entry::Intent(intent) = entry else { continue };
        let Some(command) = intent.command.clone() else { continue };
        let told = super::in_time("the resend", app.execute(command).id(intent.tag)).await;
        let accepted_before = entries
            .iter()
            .any(|entry| matches!(entry, Entry::Outcome(tag, Outcome::Accepted(_)) if *tag == intent.tag));
        if accepted_before {
            assert!(told.as_ref().is_ok_and(kenning::Executed::replayed), "accepted before, now {told:?}");
        }
        entries.push(Entry::Outcome(intent.tag, attempt(&journal, &intent, told)));
        sent += 1;
    }
    let events = stored(&url).await;
    assert_eq!([check_streams(&events), check_effects(&entries, &events)].concat(), Vec::<String>::new());
    assert!(sent > 10, "{sent} commands sent again are too few");
}
