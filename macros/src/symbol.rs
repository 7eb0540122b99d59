//! The names that users write, each in one place.

/// The helper attribute of every derive.
pub(crate) const KENNING: &str = "kenning";

// Keys of `#[kenning(…)]`.
pub(crate) const AGGREGATE: &str = "aggregate";
pub(crate) const CATEGORY: &str = "category";
pub(crate) const CRATE: &str = "crate";
pub(crate) const CREATES: &str = "creates";
pub(crate) const EVENTS: &str = "events";
pub(crate) const FROM: &str = "from";
pub(crate) const ID: &str = "id";
pub(crate) const NAME: &str = "name";
pub(crate) const SCHEMA: &str = "schema";
pub(crate) const SNAPSHOT_EVERY: &str = "snapshot_every";
pub(crate) const VERSION: &str = "version";

// Attributes on the functions of an `#[aggregate]` block.
pub(crate) const APPLY: &str = "apply";
pub(crate) const COMMAND: &str = "command";

// Attributes of serde.
pub(crate) const SERDE: &str = "serde";
