//! Waiting until a consumer has done an event.

use std::sync::Arc;
use std::time::Duration;

use super::host::{Consumer, Host, partition_of};
use crate::number::Position;
use crate::store::{ConsumerStore, StoreError};
use crate::stream::StreamName;

/// How often the store is asked, at first and at last, while another process runs the consumer.
const FIRST: Duration = Duration::from_millis(2);
const LAST: Duration = Duration::from_millis(100);

/// Waits until the live generation of a consumer has done a stream's event at a position.
pub(super) async fn seen<S: ConsumerStore>(
    host: &Host<S>,
    consumer: &Consumer<S>,
    stream: &StreamName,
    position: Position,
) -> Result<(), StoreError> {
    let mut changed = host.board.listen();
    let mut pause = FIRST;
    loop {
        changed.mark_unchanged();
        match host
            .board
            .live(&consumer.spec.name, host.store.timeline(), |partitions| partition_of(stream, partitions))
        {
            Some(at) if at >= position => return Ok(()),
            Some(_) => {
                if changed.changed().await.is_err() {
                    return Err(StoreError::Closed);
                }
                continue;
            }
            None => {}
        }
        // A store that does not answer now may do so before the caller's patience is at its end.
        match stored(host, &consumer.spec.name, stream, position).await {
            Ok(true) => return Ok(()),
            Err(error) if !error.is_retryable() => return Err(error),
            Ok(false) | Err(_) => {}
        }
        // It may begin to run here meanwhile.
        drop(tokio::time::timeout(pause, changed.changed()).await);
        pause = (pause * 2).min(LAST);
    }
}

/// Whether the stored checkpoint says so.
async fn stored<S: ConsumerStore>(
    host: &Host<S>,
    name: &Arc<str>,
    stream: &StreamName,
    position: Position,
) -> Result<bool, StoreError> {
    let records = host.store.checkpoints().await?;
    let Some(live) = records.iter().find(|record| record.live && record.name == *name) else {
        return Ok(false);
    };
    let partitions = u16::try_from(live.partitions.len()).unwrap_or(u16::MAX);
    let own = live.partitions.get(usize::from(partition_of(stream, partitions)));
    Ok(own.is_some_and(|own| own.position >= position))
}
