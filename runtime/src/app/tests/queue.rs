use super::account::{Account, move_cents};
use super::faulty::{Calls, Faulty};
use crate::{ExecuteError, Kenning, Version};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_02_concurrent_commands_on_one_aggregate_are_all_kept() {
    let store = Faulty::default();
    let app = store.app().await;
    let commands: Vec<_> =
        (0..100).map(|_| tokio::spawn(app.execute(move_cents("ann", 1)).into_future())).collect();
    for command in commands {
        command.await.unwrap().unwrap();
    }
    let account = app.load::<Account>("ann".to_owned()).await.unwrap();
    assert_eq!((account.cents, account.version()), (100, Version::new(100)));
    assert_eq!(Calls::count(&store.calls.conflicts), 0);
    assert_eq!(Calls::count(&store.calls.appends), 100);
}

#[tokio::test]
async fn commands_of_one_stream_are_executed_in_the_order_of_their_sending() {
    let store = Faulty::default();
    let app = store.app().await;
    let (arrived, go) = store.hold();
    let mut commands = vec![tokio::spawn(app.execute(move_cents("ann", 1)).into_future())];
    arrived.notified().await;
    for cents in 2..=9 {
        commands.push(tokio::spawn(app.execute(move_cents("ann", cents)).into_future()));
        tokio::task::yield_now().await;
    }
    go.notify_one();
    for (command, version) in commands.into_iter().zip(1..) {
        assert_eq!(command.await.unwrap().unwrap().version(), Version::new(version));
    }
}

#[tokio::test]
async fn more_than_the_bound_are_turned_away_and_other_streams_flow() {
    let store = Faulty::default();
    let app = Kenning::builder(store.clone()).aggregate::<Account>().queue(1).build().await.unwrap();
    let (arrived, go) = store.hold();
    let held = tokio::spawn(app.execute(move_cents("ann", 1)).into_future());
    arrived.notified().await;
    let waiting = tokio::spawn(app.execute(move_cents("ann", 1)).into_future());
    tokio::task::yield_now().await;
    let error = app.execute(move_cents("ann", 1)).await.unwrap_err();
    assert!(matches!(&error, ExecuteError::Overloaded { stream } if stream.as_str() == "account-ann"));
    assert!(error.is_retryable());
    app.execute(move_cents("bob", 1)).await.unwrap();
    go.notify_one();
    held.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    app.execute(move_cents("ann", 1)).await.unwrap();
}

#[tokio::test]
async fn an_evicted_stream_is_read_again() {
    let store = Faulty::default();
    let app = Kenning::builder(store.clone()).aggregate::<Account>().cache(1).build().await.unwrap();
    for id in ["ann", "bob", "ann", "bob"] {
        app.execute(move_cents(id, 5)).await.unwrap();
    }
    app.execute(move_cents("ann", -10)).await.unwrap();
    assert_eq!(Calls::count(&store.calls.conflicts), 0);
    assert_eq!(Calls::count(&store.calls.rehydrates), 5);
}
