//! What a store refuses before it writes: one place for every size.

/// The most bytes in one event's payload: 1 MiB.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// The most bytes in the names and texts of one event's headers: 8 KiB.
pub const MAX_HEADERS: usize = 8 << 10;

/// The most events in one append: 4,096.
pub const MAX_EVENTS: usize = 4_096;

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
