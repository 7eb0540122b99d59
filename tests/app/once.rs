//! P3: a command id has one effect.

use futures_util::future::join_all;
use kenning::ExecuteError;
use uuid::Uuid;

use super::account::{Account, Move, app, replayed};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p3_a_command_sent_again_is_answered_as_the_first_time
    p3_an_id_with_another_body_is_an_error
    trap_12_two_commands_with_one_id_at_the_same_instant
}

async fn p3_a_command_sent_again_is_answered_as_the_first_time(home: impl Home) {
    let (app, other) = (app(&home).await, app(&home).await);
    let id = Uuid::now_v7();
    let first = app.execute(Move::times("once", 5, 2)).id(id).await.unwrap();
    assert!(!first.replayed());
    app.execute(Move::once("once", 1)).await.unwrap();
    for app in [&app, &other] {
        let again = app.execute(Move::times("once", 5, 2)).id(id).await.unwrap();
        assert!(again.replayed());
        assert_eq!(
            (again.version(), again.position(), again.events()),
            (first.version(), first.position(), first.events())
        );
        assert_eq!((again.stream(), again.command_id()), (first.stream(), id));
    }
    assert_eq!(replayed(&app, "once").await, Account { balance: 11, moves: 3 });

    // Sent again when the aggregate would say no by now: it has said yes before.
    let all = Uuid::now_v7();
    app.execute(Move::once("once", -11)).id(all).await.unwrap();
    let again = other.execute(Move::once("once", -11)).id(all).await.unwrap();
    assert!(again.replayed());
    assert_eq!(replayed(&app, "once").await, Account { balance: 0, moves: 4 });
}

async fn p3_an_id_with_another_body_is_an_error(home: impl Home) {
    let app = app(&home).await;
    let id = Uuid::now_v7();
    app.execute(Move::once("mine", 5)).id(id).await.unwrap();
    for other in [Move::once("mine", 6), Move::once("yours", 5), Move::once("yours", -5)] {
        let error = app.execute(other).id(id).await.unwrap_err();
        let ExecuteError::DuplicateCommand { command_id, stream } = &error else { panic!("{error:?}") };
        assert_eq!((*command_id, stream.as_str()), (id, "account-mine"));
        assert!(!error.is_retryable());
    }
    assert_eq!(replayed(&app, "mine").await, Account { balance: 5, moves: 1 });
    assert_eq!(replayed(&app, "yours").await, Account::default());
}

async fn trap_12_two_commands_with_one_id_at_the_same_instant(home: impl Home) {
    let apps = [app(&home).await, app(&home).await];
    for round in 0..20 {
        let (id, account) = (Uuid::now_v7(), format!("r{round}"));
        let sent = (0..8).map(|nth| {
            let (app, command) = (apps[nth % 2].clone(), Move::times(&account, 3, 2));
            tokio::spawn(async move { app.execute(command).id(id).await })
        });
        let answers: Vec<_> =
            join_all(sent).await.into_iter().map(|answer| answer.unwrap().unwrap()).collect();
        assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1, "one has the effect");
        for answer in &answers {
            assert_eq!((answer.version(), answer.position()), (answers[0].version(), answers[0].position()));
            assert_eq!(answer.events(), answers[0].events());
        }
        assert_eq!(replayed(&apps[0], &account).await, Account { balance: 6, moves: 2 });
    }
}
