//! What a store refuses before it writes: one place for every size.

/// The most bytes in one event's payload: 1 MiB.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// The most arrays and objects in each other in a stored value: 127, as many as `serde_json` reads.
pub const MAX_NESTING: usize = 127;

/// The most bytes in the names and texts of one event's headers: 8 KiB.
pub const MAX_HEADERS: usize = 8 << 10;

/// The most events in one append: 4,096.
pub const MAX_EVENTS: usize = 4_096;

/// The most bytes in the payloads, names and headers of one append: 64 MiB.
pub const MAX_APPEND_BYTES: usize = 64 << 20;

/// The most bytes that a row of a read model has in its key, and in each of its indexes: 2,600. A
/// column that is no text counts 20. PostgreSQL allows 2,704 for an entry with its header.
pub const MAX_INDEXED: usize = 2_600;

/// The most snapshots of one stream: 4, as two releases of two aggregates have that read it. Each is
/// of another fingerprint; one more replaces the oldest.
pub const MAX_SNAPSHOTS: usize = 4;

/// The most streams in one append: 256.
pub const MAX_STREAMS: usize = 256;

/// The most events in one page of the feed: 10,000.
pub const MAX_PAGE: usize = 10_000;

/// The most bytes in an event's persisted name: 128.
pub const MAX_EVENT_NAME: usize = 128;

/// The most bytes in the name of a read model's table: 48, so that what the library makes of it fits PostgreSQL's 63.
pub const MAX_TABLE_NAME: usize = 48;

/// The most bytes in the name of a projection or a reactor: 128.
pub const MAX_CONSUMER_NAME: usize = 128;

/// The most bytes in the name of a saga's step: 128.
pub const MAX_STEP_NAME: usize = 128;
