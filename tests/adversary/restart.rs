//! The server restarts in the middle of a storm: P2 for the writers, P1 for the readers. A server of the test's own.

use std::sync::Arc;
use std::time::Duration;

use kenning::store::EventStore;
use kenning_tests::storm::{check_delivery, check_effects, check_streams};
use tokio::sync::watch;

use super::postgres::{self, Server, stored};
use super::reader::{MANNERS, follow};
use super::writers::Writers;

const TALLIES: u32 = 20;

/// Taken out (the session's `synchronous_commit = on`), this test fails: answers of acceptance whose events the crash took back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_p2_trap_23_server_restarts_in_the_middle_of_a_storm() {
    let server = Server::start().await;
    let store = postgres::store(&server.url).await;
    let shared: Arc<dyn EventStore> = Arc::new(store.clone());
    let (end, ended) = watch::channel(None);
    let readers =
        MANNERS.map(|manner| (manner, tokio::spawn(follow(Arc::clone(&shared), manner, ended.clone()))));
    let mut writers = Writers::new(&server.url, TALLIES);
    writers.start();
    writers.start();
    for crashes in [true, false, true] {
        tokio::time::sleep(Duration::from_secs(2)).await;
        if crashes {
            server.crash().await;
        } else {
            server.restart().await;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    writers.stop().await;

    let events = stored(&server.url).await;
    end.send_replace(Some(events.last().map_or(0, |event| event.position)));
    let mut violations = check_streams(&events);
    violations.extend(check_effects(&writers.entries(), &events));
    for (manner, reader) in readers {
        let delivered = super::in_time(manner.name, reader).await.expect("a reader does not panic");
        violations.extend(check_delivery(manner.name, &events, &delivered));
    }
    violations.truncate(20);
    assert_eq!(violations, Vec::<String>::new());
    assert!(events.len() > 200, "{} events are no storm", events.len());
    super::states_equal_replays(&postgres::app(&store).await, &shared, TALLIES).await;
    store.close().await;
}
