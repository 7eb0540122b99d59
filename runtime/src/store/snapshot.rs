//! Snapshots of aggregates.

use crate::number::Version;
use crate::payload::Payload;
use crate::stream::StreamName;

/// An aggregate's state at a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The stream.
    pub stream: StreamName,
    /// The fingerprint of the state's shape.
    pub fingerprint: u64,
    /// The version of the stream that the state has.
    pub version: Version,
    /// The state.
    pub state: Payload,
}
