//! The database goes back to an earlier time: nothing of the lost time is used (P13). Every process
//! that lived through it goes on without a restart.

use std::sync::Arc;

use kenning::store::EventStore;
use kenning::{CancellationToken, Kenning};
use kenning_tests::failover::TallyRow;
use kenning_tests::storm::{Add, Tally};

use super::checker::{are_idle, settled};
use super::past::{Kind, Past, accepted};
use super::{app, prepare};
use crate::adversary::{postgres, states_equal_replays, until};

const TALLIES: u32 = 5;

/// Whether the process that lives through it writes as well, or only follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Writer,
    Follower,
}

async fn nothing_of_the_lost_time_is_used(kind: Kind, part: Part) {
    let mut past = Past::new(kind).await;
    prepare(&past.direct()).await;
    let (survivor, store) = app(&past.url()).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (survivor, stop) = (survivor.clone(), stop.clone());
        async move { survivor.run(stop).await }
    });
    // The writer of the lost time is either the process that survives, or another one that does
    // not.
    let (other, other_store) = app(&past.url()).await;
    let writer = if part == Part::Writer { &survivor } else { &other };

    execute(writer, 30).await;
    until("the followers", async || are_idle(&past.direct()).await).await;
    past.remember().await;
    execute(writer, 40).await;
    until("the followers of the lost time", async || are_idle(&past.direct()).await).await;
    for tally in 0..TALLIES {
        survivor.load::<Tally>(tally).await.expect("it can be loaded");
    }
    if part == Part::Follower {
        other_store.close().await;
    }
    past.go_back().await;

    // Another process is first: other events get the versions and some of the positions of the lost
    // ones.
    let url = past.survivor();
    let store_of_fresh = postgres::store(&url).await;
    let fresh = postgres::app(&store_of_fresh).await;
    let left = postgres::stored(&url).await.len();
    assert!((30..70).contains(&left), "{left} events are left: this proves nothing");
    execute(&fresh, 25).await;
    assert_eq!(settled(&url).await, Vec::<String>::new());

    for nth in 0..10 {
        let tally = nth % TALLIES;
        let version = accepted(&survivor, Add::one(tally)).await;
        let waited = survivor.execute(Add::one(tally)).wait_for::<TallyRow>().await;
        let waited = waited.expect("the survivor answers").version();
        assert_eq!(waited, version + 1, "tally {tally}");
        let row = survivor.query::<TallyRow>().filter(TallyRow::TALLY.eq(tally)).fetch_one().await;
        let row = row.expect("the row is there");
        assert!(row.events.cast_unsigned() >= waited.get(), "waited for version {waited}: {row:?}");
    }
    // Far beyond everything that was lost.
    execute(&fresh, 60).await;
    assert_eq!(settled(&url).await, Vec::<String>::new());
    let store: Arc<dyn EventStore> = Arc::new(store);
    states_equal_replays(&survivor, &store, TALLIES).await;
    stop.cancel();
    running.await.expect("no panic").expect("it ends in good order");
}

async fn execute(app: &Kenning, commands: u32) {
    for nth in 0..commands {
        accepted(app, Add::one(nth % TALLIES)).await;
    }
}

macro_rules! lost {
    ($($name:ident: $kind:ident, $part:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            nothing_of_the_lost_time_is_used(Kind::$kind, Part::$part).await;
        })*
    };
}

lost! {
    p13_nothing_lost_with_the_primary_is_used_by_a_process_that_writes: LostPrimary, Writer;
    p13_nothing_lost_with_the_primary_is_used_by_a_process_that_follows: LostPrimary, Follower;
    p13_nothing_written_to_an_old_primary_is_used_after_the_address_moved: LivePrimary, Writer;
    p13_nothing_is_used_after_a_copy_of_the_folder_took_its_place_for_writers: Folder, Writer;
    p13_nothing_is_used_after_a_copy_of_the_folder_took_its_place_for_followers: Folder, Follower;
    p13_nothing_is_used_after_a_recovery_to_a_point_in_time: PointInTime, Writer;
    p13_nothing_is_used_after_a_copy_of_the_database_took_its_name_for_writers: Renamed, Writer;
    p13_nothing_is_used_after_a_copy_of_the_database_took_its_name_for_followers: Renamed, Follower;
}
