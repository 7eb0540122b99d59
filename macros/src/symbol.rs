//! The names that users write, each in one place.

/// The helper attribute of every derive.
pub(crate) const KENNING: &str = "kenning";

// Keys of `#[kenning(…)]`.
pub(crate) const AGGREGATE: &str = "aggregate";
pub(crate) const CATEGORY: &str = "category";
pub(crate) const COLUMN: &str = "column";
pub(crate) const CRATE: &str = "crate";
pub(crate) const CREATES: &str = "creates";
pub(crate) const EVENTS: &str = "events";
pub(crate) const FROM: &str = "from";
pub(crate) const ID: &str = "id";
pub(crate) const IGNORE: &str = "ignore";
pub(crate) const INDEX: &str = "index";
pub(crate) const INLINE: &str = "inline";
pub(crate) const JSON: &str = "json";
pub(crate) const KEY: &str = "key";
pub(crate) const KEYS: &str = "keys";
pub(crate) const MISSING: &str = "missing";
pub(crate) const NAME: &str = "name";
pub(crate) const PRESENT: &str = "present";
pub(crate) const REPLACE: &str = "replace";
pub(crate) const SCHEMA: &str = "schema";
pub(crate) const SNAPSHOT_EVERY: &str = "snapshot_every";
pub(crate) const TABLE: &str = "table";
pub(crate) const UNIQUE: &str = "unique";
pub(crate) const VERSION: &str = "version";

// Attributes on the functions of an `#[aggregate]` block.
pub(crate) const APPLY: &str = "apply";
pub(crate) const COMMAND: &str = "command";

// The attributes of the `impl` blocks of consumers, and that on their functions.
pub(crate) const ON: &str = "on";
pub(crate) const PROJECTION: &str = "projection";
pub(crate) const READ_MODEL: &str = "read_model";

// Attributes of serde.
pub(crate) const SERDE: &str = "serde";
