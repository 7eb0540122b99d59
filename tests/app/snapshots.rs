//! Snapshots make loads short, and change nothing else.

use kenning::store::Snapshot;
use kenning::{Kenning, Payload, StreamName, Version, fingerprint};

use super::account::{Account, Move, MovePeak, Peak, app, replayed};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    trap_1_the_state_after_a_command_equals_a_full_replay
    trap_13_a_corrupt_snapshot_is_a_full_replay
    trap_13_a_snapshot_ahead_of_its_stream_is_a_full_replay
    trap_13_two_views_of_one_stream_never_share_a_snapshot
    p12_a_corrected_fold_does_not_use_snapshots_of_the_earlier_one
}

fn stream(account: &str) -> StreamName {
    StreamName::new("account", account).unwrap()
}

async fn trap_1_the_state_after_a_command_equals_a_full_replay(home: impl Home) {
    let warm = app(&home).await;
    for nth in 1..=10 {
        warm.execute(Move::once("saved", 100)).await.unwrap();
        let expected = Account { balance: 100 * nth, moves: nth as u64 };
        assert_eq!(replayed(&warm, "saved").await, expected);
        // The cached state, and that of a process which starts from a snapshot.
        for app in [warm.clone(), app(&home).await] {
            let loaded = app.load::<Account>("saved".to_owned()).await.unwrap();
            assert_eq!((loaded.version().get(), loaded.state()), (nth as u64, &expected));
            let all = app.execute(Move::times("saved", -100 * nth - 1, 1)).await;
            assert!(all.is_err(), "it decides on the same balance");
        }
    }
    let snapshot = warm.store().load_snapshot(&stream("saved"), fingerprint::<Account>()).await.unwrap();
    assert!(snapshot.is_some(), "there were snapshots, or this has proven nothing");
}

async fn trap_13_a_corrupt_snapshot_is_a_full_replay(home: impl Home) {
    let writer = app(&home).await;
    writer.execute(Move::times("torn", 7, 2)).await.unwrap();
    for (state, nth) in [("{}", 1), (r#"{"balance":"x","moves":2}"#, 2), ("[", 3), ("null", 4)] {
        let state = Payload::from_stored(state);
        let torn = Snapshot {
            stream: stream("torn"),
            fingerprint: fingerprint::<Account>(),
            version: Version::new(2),
            state,
        };
        // A store may refuse what is no JSON at all; then it is not there to be read either.
        let kept = writer.store().save_snapshot(torn).await.is_ok();
        assert!(kept || nth == 3);
        let cold = app(&home).await;
        assert_eq!(*cold.load::<Account>("torn".to_owned()).await.unwrap(), replayed(&writer, "torn").await);
        assert!(cold.execute(Move::once("torn", -15)).await.is_err());
    }
    let cold = app(&home).await;
    assert_eq!(cold.execute(Move::once("torn", -14)).await.unwrap().version(), 3);
}

async fn trap_13_a_snapshot_ahead_of_its_stream_is_a_full_replay(home: impl Home) {
    let writer = app(&home).await;
    writer.execute(Move::times("ahead", 7, 2)).await.unwrap();
    let state = Payload::of("account", &Account { balance: 700, moves: 100 }).unwrap();
    let ahead = Snapshot {
        stream: stream("ahead"),
        fingerprint: fingerprint::<Account>(),
        version: Version::new(100),
        state,
    };
    writer.store().save_snapshot(ahead).await.unwrap();
    let cold = app(&home).await;
    let executed = cold.execute(Move::once("ahead", 1)).await.unwrap();
    assert_eq!(executed.version(), 3);
    assert_eq!(replayed(&cold, "ahead").await, Account { balance: 15, moves: 3 });
}

async fn trap_13_two_views_of_one_stream_never_share_a_snapshot(home: impl Home) {
    let accounts = app(&home).await;
    let peaks = || async {
        Kenning::builder(home.store().await)
            .aggregate::<Peak>()
            .build()
            .await
            .expect("the application starts")
    };
    let warm = peaks().await;
    for _ in 0..6 {
        accounts.execute(Move::once("both", 10)).await.unwrap();
        warm.execute(MovePeak(Move::once("both", -5))).await.unwrap();
    }
    let expected = (Account { balance: 30, moves: 12 }, Peak { highest: 35, balance: 30 });
    for peaks in [warm, peaks().await] {
        assert_eq!(*peaks.load::<Peak>("both".to_owned()).await.unwrap(), expected.1);
    }
    for accounts in [accounts, app(&home).await] {
        assert_eq!(*accounts.load::<Account>("both".to_owned()).await.unwrap(), expected.0);
    }
    assert_ne!(fingerprint::<Account>(), fingerprint::<Peak>());
}

/// The releases differ in what `#[apply]` adds, and in the version of the fold.
macro_rules! release {
    ($release:ident: $times:literal $(, $fold:ident = $version:literal)?) => {
        mod $release {
            use kenning::prelude::*;

            #[derive(Clone, Debug, Serialize, Deserialize, Event)]
            #[kenning(name = "purse.filled")]
            pub struct Filled {
                pub cents: i64,
            }

            #[derive(Clone, Debug, EventSet)]
            pub enum PurseEvent {
                Filled(Filled),
            }

            #[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
            #[kenning(category = "purse", id = u64, events = PurseEvent, snapshot_every = 2 $(, $fold = $version)?)]
            pub struct Purse {
                pub cents: i64,
            }

            #[derive(Clone, Debug, Serialize, Deserialize, Command)]
            #[kenning(aggregate = Purse)]
            pub struct Fill {
                #[kenning(id)]
                pub id: u64,
            }

            #[aggregate]
            impl Purse {
                #[command]
                fn fill(&self, _: &Fill) -> Filled {
                    Filled { cents: 100 }
                }

                #[apply]
                fn filled(&mut self, event: &Filled) {
                    self.cents += $times * event.cents;
                }
            }

            /// The state as it is loaded, and as it is replayed.
            pub async fn cents(home: &impl crate::support::Home) -> (i64, i64) {
                let builder = kenning::Kenning::builder(home.store().await).aggregate::<Purse>();
                let app = builder.build().await.unwrap();
                app.execute(Fill { id: 1 }).await.unwrap();
                let loaded = app.load::<Purse>(1).await.unwrap();
                let replayed = app.load::<Purse>(1).at_version(loaded.version().get()).await.unwrap();
                (loaded.cents, replayed.cents)
            }
        }
    };
}

release!(wrong: 2);
release!(corrected: 1, fold = 2);

/// Fails without `snapshots.fold`: see tests/guards.
async fn p12_a_corrected_fold_does_not_use_snapshots_of_the_earlier_one(home: impl Home) {
    for nth in 1..=5 {
        assert_eq!(wrong::cents(&home).await, (200 * nth, 200 * nth));
    }
    assert_eq!(corrected::cents(&home).await, (600, 600));
    // In a rolling deploy each release keeps its own.
    assert_eq!(wrong::cents(&home).await, (1_400, 1_400));
    assert_eq!(corrected::cents(&home).await, (800, 800));
    assert_ne!(
        kenning::Catalog::new().aggregate::<wrong::Purse>().aggregates().next().unwrap().fold,
        kenning::Catalog::new().aggregate::<corrected::Purse>().aggregates().next().unwrap().fold,
    );
}
