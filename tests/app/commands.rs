//! Commands: what is accepted is stored, what is not stored is an error.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use kenning::store::{Append, AppendError, Expect};
use kenning::{ExecuteError, StreamName, Version};

use super::account::{Account, Move, Overdrawn, app, hasty_app, raw, replayed};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    trap_2_ten_commands_at_once_on_one_aggregate_lose_none
    trap_2_two_processes_on_one_aggregate_lose_none
    trap_3_a_conflict_at_version_10_and_above_is_a_conflict
    trap_5_after_a_failed_save_the_next_one_writes
    trap_8_a_command_without_events_changes_nothing
    trap_9_commands_never_wait_for_each_other_for_ever
    trap_11_a_rejection_is_an_error_and_records_nothing
    trap_22_a_corrupt_event_is_an_error_of_its_stream_alone
}

async fn trap_2_ten_commands_at_once_on_one_aggregate_lose_none(home: impl Home) {
    let app = app(&home).await;
    let sent = (0..10).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { app.execute(Move::once("busy", 100)).await })
    });
    let mut versions = BTreeSet::new();
    for answer in join_all(sent).await {
        versions.insert(answer.unwrap().unwrap().version().get());
    }
    assert_eq!(versions, (1..=10).collect());
    assert_eq!(replayed(&app, "busy").await, Account { balance: 1_000, moves: 10 });
}

async fn trap_2_two_processes_on_one_aggregate_lose_none(home: impl Home) {
    let apps = [app(&home).await, app(&home).await];
    // Each of them goes on until it is accepted, as a caller does that is told that trying again helps.
    let sent = (0..40).map(|nth| {
        let app = apps[nth % 2].clone();
        tokio::spawn(async move {
            loop {
                match app.execute(Move::once("shared", 1)).await {
                    Ok(executed) => return executed.version().get(),
                    Err(error) => assert!(error.is_retryable(), "{error:?}"),
                }
            }
        })
    });
    let versions: BTreeSet<u64> = join_all(sent).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(versions, (1..=40).collect(), "each was accepted at a version of its own");
    for app in &apps {
        let loaded = app.load::<Account>("shared".to_owned()).await.unwrap();
        assert_eq!(*loaded, Account { balance: 40, moves: 40 });
    }
}

async fn trap_3_a_conflict_at_version_10_and_above_is_a_conflict(home: impl Home) {
    let (hasty, other) = (hasty_app(&home).await, app(&home).await);
    for version in [9, 99] {
        let known = hasty.load::<Account>("long".to_owned()).await.unwrap().version().get();
        let executed = hasty.execute(Move::times("long", 1, (version - known) as u32)).await.unwrap();
        assert_eq!(executed.version(), version);
        // The other process writes one more, which the hasty one has not seen.
        other.execute(Move::once("long", 1)).await.unwrap();
        let error = hasty.execute(Move::once("long", 1)).await.unwrap_err();
        assert!(error.is_retryable());
        let ExecuteError::Conflict(conflict) = error else { panic!("{error:?}") };
        assert_eq!(
            (conflict.expected, conflict.actual),
            (Expect::Exactly(Version::new(version)), Version::new(version + 1))
        );
    }
    assert_eq!(replayed(&other, "long").await, Account { balance: 100, moves: 100 });
}

async fn trap_5_after_a_failed_save_the_next_one_writes(home: impl Home) {
    let (hasty, other) = (hasty_app(&home).await, app(&home).await);
    hasty.execute(Move::once("failed", 1)).await.unwrap();
    other.execute(Move::once("failed", 10)).await.unwrap();
    let failed = hasty.execute(Move::once("failed", 100)).await.unwrap_err();
    assert!(matches!(failed, ExecuteError::Conflict(_)), "{failed:?}");
    let second = hasty.execute(Move::once("failed", 100)).await.unwrap();
    assert_eq!(second.version(), 3);
    assert_eq!(replayed(&other, "failed").await, Account { balance: 111, moves: 3 });
}

async fn trap_8_a_command_without_events_changes_nothing(home: impl Home) {
    let app = app(&home).await;
    let executed = app.execute(Move::times("quiet", 5, 0)).await.unwrap();
    assert_eq!((executed.version(), executed.position(), executed.events().len()), (Version::ZERO, None, 0));
    assert!(!app.load::<Account>("quiet".to_owned()).await.unwrap().exists());
    app.execute(Move::once("quiet", 5)).await.unwrap();
    let executed = app.execute(Move::times("quiet", 5, 0)).await.unwrap();
    assert_eq!(
        (executed.version(), executed.position(), executed.events().len()),
        (Version::new(1), None, 0)
    );
    assert_eq!(replayed(&app, "quiet").await, Account { balance: 5, moves: 1 });
}

async fn trap_9_commands_never_wait_for_each_other_for_ever(home: impl Home) {
    let app = app(&home).await;
    // Far more than there are connections; the cache does not help, each needs a load, an append and now and then a snapshot.
    let sent = (0..300).map(|nth| {
        let app = app.clone();
        tokio::spawn(
            async move { app.execute(Move::times(&format!("a{}", nth % 100), 1, 2)).await.map(drop) },
        )
    });
    let answers = tokio::time::timeout(std::time::Duration::from_secs(120), join_all(sent))
        .await
        .expect("they wait for ever");
    for answer in answers {
        answer.unwrap().unwrap();
    }
    for nth in 0..100 {
        assert_eq!(replayed(&app, &format!("a{nth}")).await, Account { balance: 6, moves: 6 });
    }
}

async fn trap_11_a_rejection_is_an_error_and_records_nothing(home: impl Home) {
    let app = app(&home).await;
    let id = uuid::Uuid::now_v7();
    app.execute(Move::once("poor", 10)).await.unwrap();
    let rejected = app.execute(Move::once("poor", -50)).id(id).await.unwrap_err();
    assert_eq!(rejected.rejection(), Some(&Overdrawn));
    assert!(!rejected.is_retryable());
    assert_eq!(replayed(&app, "poor").await, Account { balance: 10, moves: 1 });
    assert_eq!(app.store().find_command(id).await.unwrap(), None);
    // On a richer account the same command is accepted.
    app.execute(Move::once("poor", 40)).await.unwrap();
    let accepted = app.execute(Move::once("poor", -50)).id(id).await.unwrap();
    assert!(!accepted.replayed());
    assert_eq!(replayed(&app, "poor").await, Account { balance: 0, moves: 3 });
}

async fn trap_22_a_corrupt_event_is_an_error_of_its_stream_alone(home: impl Home) {
    let app = app(&home).await;
    for (account, corrupt) in [
        ("unknown", raw("account.exploded", "{}")),
        ("unfit", raw("account.moved", r#"{"cents":"many"}"#)),
        ("newer", kenning::store::NewEvent { schema_version: 9, ..raw("account.moved", r#"{"cents":1}"#) }),
    ] {
        app.execute(Move::once(account, 1)).await.unwrap();
        let stream = StreamName::new("account", account).unwrap();
        let appended: Result<_, AppendError> =
            app.store().append(Append::to(stream, Expect::Any, vec![corrupt])).await;
        appended.unwrap();
        // From a cached state, and by a process that knows nothing yet: neither skips it.
        for app in [app.clone(), super::account::app(&home).await] {
            let error = app.execute(Move::once(account, 1)).await.unwrap_err();
            assert!(matches!(error, ExecuteError::Rehydrate(_)), "{error:?}");
            assert!(app.load::<Account>(account.to_owned()).await.is_err());
        }
    }
    app.execute(Move::once("sound", 1)).await.unwrap();
    assert_eq!(replayed(&app, "sound").await, Account { balance: 1, moves: 1 });
}
