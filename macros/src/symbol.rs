//! The names that users write, each in one place.

/// The helper attribute of every derive.
pub(crate) const KENNING: &str = "kenning";

// Keys of `#[kenning(…)]` and of the attribute macros, and the words among their values.
pub(crate) const AFTER: &str = "after";
pub(crate) const AGGREGATE: &str = "aggregate";
pub(crate) const ATTEMPTS: &str = "attempts";
pub(crate) const BACKOFF: &str = "backoff";
pub(crate) const CATEGORY: &str = "category";
pub(crate) const COLUMN: &str = "column";
pub(crate) const CRATE: &str = "crate";
pub(crate) const CREATES: &str = "creates";
pub(crate) const DEADLINE: &str = "deadline";
pub(crate) const EVENTS: &str = "events";
pub(crate) const FAIL: &str = "fail";
pub(crate) const FOREVER: &str = "forever";
pub(crate) const FOLD: &str = "fold";
pub(crate) const FROM: &str = "from";
pub(crate) const ID: &str = "id";
pub(crate) const IDEMPOTENT: &str = "idempotent";
pub(crate) const IGNORE: &str = "ignore";
pub(crate) const INDEX: &str = "index";
pub(crate) const INLINE: &str = "inline";
pub(crate) const IRREVERSIBLE: &str = "irreversible";
pub(crate) const JSON: &str = "json";
pub(crate) const KEEP: &str = "keep";
pub(crate) const KEY: &str = "key";
pub(crate) const KEYS: &str = "keys";
pub(crate) const LATE: &str = "late";
pub(crate) const MIGRATE: &str = "migrate";
pub(crate) const MISSING: &str = "missing";
pub(crate) const NAME: &str = "name";
pub(crate) const ON_TIMEOUT: &str = "on_timeout";
pub(crate) const PARK: &str = "park";
pub(crate) const PIVOT: &str = "pivot";
pub(crate) const PRESENT: &str = "present";
pub(crate) const READ_ONLY: &str = "read_only";
pub(crate) const RENAMED_FROM: &str = "renamed_from";
pub(crate) const REPLACE: &str = "replace";
pub(crate) const RETRY: &str = "retry";
pub(crate) const SCHEMA: &str = "schema";
pub(crate) const SERVICES: &str = "services";
pub(crate) const SNAPSHOT_EVERY: &str = "snapshot_every";
pub(crate) const TABLE: &str = "table";
pub(crate) const TIMEOUT: &str = "timeout";
pub(crate) const UNDO_RETRY: &str = "undo_retry";
pub(crate) const UNIQUE: &str = "unique";
pub(crate) const VERSION: &str = "version";
pub(crate) const WITHIN: &str = "within";

// Attributes on the functions of an `#[aggregate]` block.
pub(crate) const APPLY: &str = "apply";
pub(crate) const COMMAND: &str = "command";

// The attributes of the `impl` blocks of consumers, and that on their functions.
pub(crate) const BEGIN: &str = "begin";
pub(crate) const ON: &str = "on";
pub(crate) const PROJECTION: &str = "projection";
pub(crate) const REACTOR: &str = "reactor";
pub(crate) const READ_MODEL: &str = "read_model";

// The attribute of a saga's `impl` block, and those on its functions; a function that takes a step back has the name of the key that names it.
pub(crate) const FAILED: &str = "failed";
pub(crate) const SAGA: &str = "saga";
pub(crate) const SEND: &str = "send";
pub(crate) const START: &str = "start";
pub(crate) const STEP: &str = "step";
pub(crate) const UNDO: &str = "undo";
pub(crate) const WAIT: &str = "wait";

// Attributes of serde.
pub(crate) const SERDE: &str = "serde";
