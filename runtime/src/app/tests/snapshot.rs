use super::account::{Account, move_cents, open};
use super::faulty::{Calls, Faulty};
use crate::store::{EventStore, Snapshot};
use crate::{Payload, StreamName, Version, fingerprint};

fn stream() -> StreamName {
    StreamName::parse("account-ann").unwrap()
}

async fn snapshot(store: &Faulty) -> Option<Snapshot> {
    store.load_snapshot(&stream(), fingerprint::<Account>()).await.unwrap()
}

#[tokio::test]
async fn trap_01_the_state_with_snapshots_equals_a_full_replay() {
    let store = Faulty::default();
    let app = store.app().await;
    app.execute(open("ann")).await.unwrap();
    for nth in 1..=20 {
        app.execute(move_cents("ann", 100)).await.unwrap();
        let version = Version::new(nth + 1);
        let replayed = app.load::<Account>("ann".to_owned()).at_version(version).await.unwrap();
        // A process that has nothing at hand begins with the snapshot.
        let loaded = store.app().await.load::<Account>("ann".to_owned()).await.unwrap();
        assert_eq!((loaded.version(), loaded.cents), (version, 100 * i64::try_from(nth).unwrap()));
        assert_eq!(loaded, replayed);
        assert_eq!(
            snapshot(&store).await.map(|snapshot| snapshot.version.get()),
            (nth > 1).then_some((nth + 1) / 3 * 3)
        );
    }
}

#[tokio::test]
async fn trap_13_an_unreadable_snapshot_is_a_full_replay() {
    let store = Faulty::default();
    let app = store.app().await;
    for _ in 0..4 {
        app.execute(move_cents("ann", 1)).await.unwrap();
    }
    for text in ["{}", "", r#"{"owner":null,"cents":"#, "null"] {
        let corrupt = Snapshot {
            stream: stream(),
            fingerprint: fingerprint::<Account>(),
            version: Version::new(4),
            state: Payload::from_stored(text),
        };
        let store = Faulty::default();
        for _ in 0..4 {
            store.write(stream(), 1).await;
        }
        store.save_snapshot(corrupt).await.unwrap();
        let loaded = store.app().await.load::<Account>("ann".to_owned()).await.unwrap();
        assert_eq!((loaded.cents, loaded.version()), (4, Version::new(4)), "{text}");
        store.app().await.execute(move_cents("ann", -4)).await.unwrap();
    }
}

#[tokio::test]
async fn trap_13_a_snapshot_of_another_shape_is_not_seen() {
    let store = Faulty::default();
    for _ in 0..4 {
        store.write(stream(), 1).await;
    }
    let other = Snapshot {
        stream: stream(),
        fingerprint: fingerprint::<Account>() ^ 1,
        version: Version::new(4),
        state: Payload::from_stored(r#"{"owner":null,"cents":999}"#),
    };
    store.save_snapshot(other).await.unwrap();
    assert_eq!(store.app().await.load::<Account>("ann".to_owned()).await.unwrap().cents, 4);
}

#[tokio::test]
async fn a_snapshot_ahead_of_its_stream_is_found_out_by_the_append() {
    let store = Faulty::default();
    store.write(stream(), 1).await;
    let ahead = Snapshot {
        stream: stream(),
        fingerprint: fingerprint::<Account>(),
        version: Version::new(9),
        state: Payload::from_stored(r#"{"owner":null,"cents":999}"#),
    };
    store.save_snapshot(ahead).await.unwrap();
    let moved = store.app().await.execute(move_cents("ann", 1)).await.unwrap();
    assert_eq!(moved.version(), Version::new(2));
    assert_eq!(Calls::count(&store.calls.conflicts), 1);
}
