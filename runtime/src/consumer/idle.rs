//! Waiting until all that was there is done.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::host::{Consumer, Host};
use super::{Beside, RunError};
use crate::number::Position;
use crate::store::{ConsumerRecord, ConsumerStore, FeedQuery, Needs, ParkedQuery, StoreError};

/// How often other processes and requests on parked events are looked after, at first and at last.
const FIRST: Duration = Duration::from_millis(5);
const LAST: Duration = Duration::from_millis(200);

/// After a long wait it is a tenth of that, up to this.
const LONGEST: Duration = Duration::from_secs(60);

/// How many parked events are looked at at a time.
const PAGE: u32 = 1_000;

/// How often the store may fail in a row.
const PATIENCE: u32 = 8;

/// Waits until every consumer of this process has done what was there when this was called, the requests on parked events included, and what was being built has
/// taken its place; whether this process does it, or others. What runs beside them has to be idle as well. With reactors and sagas, what is appended meanwhile is waited for: most of it is theirs.
pub(super) async fn idle<S: ConsumerStore>(host: &Host<S>, beside: &dyn Beside) -> Result<(), RunError> {
    let mut until = host.store.health().await?.drawn;
    let mut changed = host.board.listen();
    let (mut pause, mut failures) = (FIRST, 0);
    let began = tokio::time::Instant::now();
    loop {
        changed.mark_unchanged();
        match rest(host, beside, &mut until).await {
            Ok(Left::Nothing) => return Ok(()),
            Ok(Left::Something) => failures = 0,
            Ok(Left::Waits { consumer, problem }) => return Err(RunError::Failing { consumer, problem }),
            Err(error) if error.is_retryable() && failures < PATIENCE => failures += 1,
            Err(error) => return Err(error.into()),
        }
        if let Some(((consumer, ..), problem)) = host.board.failing(patience(host)) {
            return Err(RunError::Failing { consumer: consumer.to_string(), problem });
        }
        // A change here is looked at soon, but not more often than the pause says.
        tokio::time::sleep(pause).await;
        // Whoever waits for months need not look five times a second.
        let longest = (began.elapsed() / 10).clamp(LAST, LONGEST);
        if tokio::time::timeout(longest, changed.changed()).await.is_err() {
            pause = LAST;
        } else {
            pause = (pause * 2).min(LAST);
        }
    }
}

/// What is left to do.
enum Left {
    Nothing,
    Something,
    /// Nothing but what no running release can do.
    Waits {
        consumer: String,
        problem: String,
    },
}

/// How often a partition may fail in a row.
fn patience<S>(host: &Host<S>) -> u32 {
    host.consumers
        .iter()
        .map(|consumer| consumer.options.attempts.get())
        .max()
        .unwrap_or(PATIENCE)
        .max(PATIENCE)
}

/// Whether anything is left to do. What runs beside the consumers follows from what they do, and the other way round: both have to be idle with nothing new in the feed.
async fn rest<S: ConsumerStore>(
    host: &Host<S>,
    beside: &dyn Beside,
    until: &mut Position,
) -> Result<Left, StoreError> {
    let left = left(host, *until).await?;
    if matches!(left, Left::Something) || !beside.is_idle().await? {
        return Ok(Left::Something);
    }
    let drawn = host.store.health().await?.drawn;
    let causes = host.consumers.iter().any(|consumer| consumer.spec.kind.goes_on());
    let more = (causes || beside.waits_for_more()) && std::mem::replace(until, drawn) != drawn;
    Ok(if more { Left::Something } else { left })
}

/// Whether anything is left to do by the consumers.
async fn left<S: ConsumerStore>(host: &Host<S>, until: Position) -> Result<Left, StoreError> {
    let records = host.store.consumers().await?;
    let mut by_name: BTreeMap<&str, Vec<&ConsumerRecord>> = BTreeMap::new();
    for record in &records {
        by_name.entry(&record.name).or_default().push(record);
    }
    let (mut behind, mut waits): (Option<Position>, _) = (None, None);
    for consumer in &host.consumers {
        let own = by_name.get(&*consumer.spec.name).map_or(&[][..], Vec::as_slice);
        if is_to_be_lowered(host, consumer, own).await? {
            return Ok(Left::Something);
        }
        // A later release has it, under another name.
        if own.is_empty() && records.iter().any(|record| record.was_named(&consumer.spec.name)) {
            continue;
        }
        if own.iter().any(|record| record.paused || (record.live && record.version > consumer.spec.version)) {
            continue;
        }
        let waiting = own.iter().find_map(|record| Some((record, waits_for(record)?)));
        if let Some((record, (needs, problem))) = waiting {
            if is_done_somewhere(host, consumer, record, needs).await? {
                return Ok(Left::Something);
            }
            waits = Some(Left::Waits { consumer: consumer.spec.name.to_string(), problem });
            continue;
        }
        let live = own.iter().find(|record| record.live && record.version == consumer.spec.version);
        let building = own.iter().find(|record| !record.live && record.version == consumer.spec.version);
        // One that waits for the operator's word is at rest.
        if building.is_some_and(|building| !is_blocked(building) || done(host, building) < until) {
            return Ok(Left::Something);
        }
        let record = match (live, building) {
            (Some(live), _) => live,
            (None, Some(building)) => building,
            (None, None) => return Ok(Left::Something),
        };
        let least = done(host, record);
        if least < until {
            behind = Some(behind.map_or(least, |other| other.min(least)));
        }
        if record.retrying > 0 {
            return Ok(Left::Something);
        }
        if record.failed + record.waiting > 0 && requested(host, consumer).await? {
            return Ok(Left::Something);
        }
    }
    // The last positions drawn may have been rolled back: then nobody gets there before the next event.
    match behind {
        None => {}
        Some(least) => {
            let page = host.store.read_feed(FeedQuery::after(least).limit(1)).await?;
            if page.through > least {
                return Ok(Left::Something);
            }
        }
    }
    Ok(waits.unwrap_or(Left::Nothing))
}

/// Whether the version of a release was live that was rolled back: it is lowered, and this process
/// continues in its place.
async fn is_to_be_lowered<S: ConsumerStore>(
    host: &Host<S>,
    consumer: &Consumer<S>,
    own: &[&ConsumerRecord],
) -> Result<bool, StoreError> {
    let newer = |record: &&ConsumerRecord| record.live && record.version > consumer.spec.version;
    if !consumer.spec.kind.goes_on() || !own.iter().copied().any(|record| newer(&record)) {
        return Ok(false);
    }
    host.store.lower_consumer(&consumer.spec).await
}

/// The event that a partition waits with, and the words for it.
fn waits_for(record: &ConsumerRecord) -> Option<(&Needs, String)> {
    record.partitions.iter().find_map(|partition| {
        let waits = super::status::waits_for(partition)?;
        Some((partition.blocked()?, waits.to_string()))
    })
}

/// Whether this release can do an event, or another one that runs.
async fn is_done_somewhere<S: ConsumerStore>(
    host: &Host<S>,
    consumer: &Consumer<S>,
    record: &ConsumerRecord,
    needs: &Needs,
) -> Result<bool, StoreError> {
    let known = host.store.known_reads(&record.name).await?;
    let runs = |release: &str, running: bool| running || *release == *consumer.release;
    let mut releases = known.releases.iter().filter(|one| runs(&one.release, one.running));
    Ok(releases.any(|one| known.can_do(&one.release, needs)))
}

/// Whether a generation that is being built does not replace the live one because events have failed.
fn is_blocked(building: &ConsumerRecord) -> bool {
    building.failed > 0 && building.retrying == 0 && building.replace_anyway.is_none()
}

/// How far all partitions of a consumer are.
fn done<S>(host: &Host<S>, record: &ConsumerRecord) -> Position {
    let partitions = record.partitions.iter().map(|partition| {
        let here = host.board.get(&(Arc::clone(&record.name), record.generation, partition.partition));
        let here = here.filter(|cell| cell.epoch == partition.epoch).map(|cell| cell.position);
        partition.position.max(here.unwrap_or_default())
    });
    partitions.min().unwrap_or_default()
}

/// Whether anything was asked for that is not done yet. What was asked for an event that waits behind another has to wait with it.
async fn requested<S: ConsumerStore>(host: &Host<S>, consumer: &Consumer<S>) -> Result<bool, StoreError> {
    let mut query =
        ParkedQuery { consumer: Some(consumer.spec.name.to_string()), limit: PAGE, ..ParkedQuery::default() };
    let mut streams = HashSet::new();
    loop {
        let parked = host.store.parked(&query).await?;
        query.after = parked.last().map(|last| (last.consumer.to_string(), last.position));
        let last = parked.len() < PAGE as usize;
        for parked in parked {
            if streams.insert(parked.stream) && parked.request.is_some() {
                return Ok(true);
            }
        }
        if last {
            return Ok(false);
        }
    }
}
