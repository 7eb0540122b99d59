//! Snapshots.

use futures_util::future::join_all;

use super::support::{Store, stream, within};
use crate::limits::MAX_SNAPSHOTS;
use crate::number::Version;
use crate::payload::Payload;
use crate::store::Snapshot;
use crate::stream::StreamName;

fn snapshot(stream: &StreamName, fingerprint: u64, version: u64) -> Snapshot {
    let state = Payload::from_stored(format!("{{\"by\":{fingerprint}, \"at\":{version}}}"));
    Snapshot { stream: stream.clone(), fingerprint, version: Version::new(version), state }
}

async fn save(store: &Store, snapshot: Snapshot) {
    within(store.save_snapshot(snapshot)).await.expect("it can be saved");
}

async fn load(store: &Store, stream: &StreamName, fingerprint: u64) -> Option<Snapshot> {
    within(store.load_snapshot(stream, fingerprint)).await.expect("it can be loaded")
}

/// The newest stays, whatever order they come in.
pub async fn the_newest_snapshot_stays(store: Store) {
    let stream = stream("kept");
    assert_eq!(load(&store, &stream, 1).await, None);
    for (saved, newest) in [(100, 100), (300, 300), (200, 300), (300, 300), (301, 301)] {
        save(&store, snapshot(&stream, 1, saved)).await;
        assert_eq!(load(&store, &stream, 1).await, Some(snapshot(&stream, 1, newest)));
    }
}

/// Trap 13: two shapes of a state, two streams, never share a snapshot.
pub async fn trap_13_two_views_never_share_a_snapshot(store: Store) {
    let (one, other) = (stream("one"), stream("other"));
    let fingerprints = [0, 1, 1 << 63, u64::MAX];
    for (nth, fingerprint) in fingerprints.into_iter().enumerate() {
        assert_eq!(load(&store, &one, fingerprint).await, None);
        save(&store, snapshot(&one, fingerprint, 10 - nth as u64)).await;
    }
    for (nth, fingerprint) in fingerprints.into_iter().enumerate() {
        assert_eq!(load(&store, &one, fingerprint).await, Some(snapshot(&one, fingerprint, 10 - nth as u64)));
        assert_eq!(load(&store, &other, fingerprint).await, None);
    }
}

/// Of many saved at once the newest stays.
pub async fn snapshots_saved_at_once_leave_the_newest(store: Store) {
    let stream = stream("raced");
    let savers = (1..=32_u64).map(|nth| {
        let (store, stream) = (store.clone(), stream.clone());
        tokio::spawn(async move { save(&store, snapshot(&stream, 1, nth * 7 % 33)).await })
    });
    for saved in within(join_all(savers)).await {
        saved.expect("no saver panics");
    }
    assert_eq!(load(&store, &stream, 1).await, Some(snapshot(&stream, 1, 32)));
}

/// The snapshots of shapes that no release has any more do not stay for ever.
pub async fn old_shapes_of_a_state_are_pruned(store: Store) {
    let (one, other) = (stream("pruned"), stream("untouched"));
    save(&store, snapshot(&other, 1, 1)).await;
    let most = MAX_SNAPSHOTS as u64;
    for shape in 1..=most + 2 {
        save(&store, snapshot(&one, shape, 10 * shape)).await;
    }
    for shape in 1..=most + 2 {
        let kept = load(&store, &one, shape).await;
        assert_eq!(kept.is_some(), shape > 2, "shape {shape}");
    }
    // Two releases that take turns keep each other's; an older release that comes back gets a place.
    for version in 1..=5 {
        save(&store, snapshot(&one, most + 1, 100 * version)).await;
        save(&store, snapshot(&one, most + 2, 100 * version)).await;
    }
    save(&store, snapshot(&one, 1, 501)).await;
    for shape in [1, most + 1, most + 2] {
        assert!(load(&store, &one, shape).await.is_some(), "shape {shape}");
    }
    assert!(load(&store, &other, 1).await.is_some());
}
