//! Compares what the survivor has with what the followers made of it, by SQL.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kenning_tests::failover::trail;
use kenning_tests::storm::{Stored, check_streams};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::adversary::postgres::{session, stored};

/// A follower that does nothing for so long has come to its end, or to none.
const STILL: Duration = Duration::from_secs(15);

type Row = (i64, i64, i64);

/// The rows of the read model as the events say.
fn folded(events: &[Stored]) -> Vec<Row> {
    let mut rows: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for event in events {
        let tally = event.stream.strip_prefix("tally-").expect("a tally's").parse().expect("a number");
        let row = rows.entry(tally).or_insert((0, 1));
        *row = (row.0 + 1, trail(row.1, event.tag, event.number));
    }
    rows.into_iter().map(|(tally, (events, trail))| (tally, events, trail)).collect()
}

async fn rows(session: &mut PgConnection) -> Vec<Row> {
    sqlx::query_as("select tally::bigint, events, trail from kenning.tally_rows order by tally")
        .fetch_all(session)
        .await
        .expect("the read model can be read")
}

async fn seen(session: &mut PgConnection) -> Vec<(i64, Uuid, String, i64)> {
    sqlx::query_as("select position, event_id, stream, version from tally_seen order by nth")
        .fetch_all(session)
        .await
        .expect("the projection's table can be read")
}

/// Whether the followers have handled as many events as there are.
pub(super) async fn are_idle(url: &str) -> bool {
    let sql = "select (select count(*) from kenning.events where name = 'tally.added') \
               <= least((select count(*) from tally_seen), \
               (select coalesce(sum(events), 0) from kenning.tally_rows))";
    sqlx::query_scalar(sql).fetch_one(&mut session(url).await).await.unwrap_or(false)
}

/// Waits until the followers have handled everything, or until they have stood still for a while;
/// then says what is wrong.
pub(super) async fn settled(url: &str) -> Vec<String> {
    let mut last = (Instant::now(), String::new());
    while !are_idle(url).await && last.0.elapsed() < STILL {
        let now = format!("{:?}", progress(url).await);
        if now != last.1 {
            last = (Instant::now(), now);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    check_followers(url).await
}

async fn progress(url: &str) -> Option<(i64, i64)> {
    let sql = "select (select count(*) from tally_seen), \
               (select coalesce(sum(events), 0)::bigint from kenning.tally_rows)";
    sqlx::query_as(sql).fetch_one(&mut session(url).await).await.ok()
}

/// What is wrong with the streams, the read model and the projection.
pub(super) async fn check_followers(url: &str) -> Vec<String> {
    let events = stored(url).await;
    let mut wrong = check_streams(&events);
    let mut session = session(url).await;
    let (expected, found) = (folded(&events), rows(&mut session).await);
    if expected != found {
        wrong.push(format!("the read model is {found:?}, the events say {expected:?}"));
    }
    let seen = seen(&mut session).await;
    let mut times: BTreeMap<(i64, Uuid), usize> = BTreeMap::new();
    let mut versions: BTreeMap<&str, i64> = BTreeMap::new();
    for (position, id, stream, version) in &seen {
        *times.entry((*position, *id)).or_default() += 1;
        let last = versions.entry(stream).or_default();
        if *version != *last + 1 {
            wrong.push(format!("the projection saw version {version} of {stream} after {last}"));
        }
        *last = *version;
    }
    for event in &events {
        match times.remove(&(event.position.cast_signed(), event.id)) {
            Some(1) => {}
            Some(times) => wrong.push(format!("the projection saw {} {times} times", event.position)),
            None => wrong.push(format!("the projection never saw {} of {}", event.position, event.stream)),
        }
    }
    wrong.extend(
        times.keys().map(|(position, id)| format!("the projection saw {id} at {position}: not stored")),
    );
    let parked: Vec<String> =
        sqlx::query_scalar("select consumer || ': ' || coalesce(error, 'waits') from kenning.parked_events")
            .fetch_all(&mut session)
            .await
            .expect("the parked events can be read");
    wrong.extend(parked.into_iter().map(|parked| format!("parked by {parked}")));
    wrong
}
