//! Changes of consumers, and what to do about them.

use super::kind_text;
use crate::store::ConsumerKind;

/// How a reactor, a projection or a read model has changed, or the partitions of a saga.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsumerChange {
    /// The lock file has no consumer of this name.
    Added {
        /// Whether it is an inline projection.
        inline: bool,
    },
    /// No consumer has the name any more.
    Removed {
        /// A new consumer of the same kind that handles the same events.
        renamed_to: Option<String>,
    },
    /// The consumer takes over from another name, or from none any more.
    Renamed {
        /// The name before.
        from: Option<String>,
    },
    /// The version has changed.
    Version {
        /// The locked version.
        from: u32,
        /// The version in the code.
        to: u32,
        /// Whether a store that has run the locked version refuses the one in the code.
        refused: bool,
    },
    /// A projection became inline, or ceased to be so.
    Inline {
        /// Whether it is inline in the code.
        inline: bool,
    },
    /// The consumer handles an event that it did not handle.
    EventJoined {
        /// The event.
        event: String,
        /// The version to raise the consumer to; `None`: nothing has to be raised.
        raise_to: Option<u32>,
    },
    /// The consumer does not handle an event any more.
    EventLeft {
        /// The event.
        event: String,
        /// The version to raise the consumer to; `None`: nothing has to be raised.
        raise_to: Option<u32>,
    },
    /// The number of partitions has changed.
    Partitions {
        /// The locked number; `None`: the lock file does not have it.
        from: Option<u16>,
        /// The number in the code; `None`: the catalog does not have it.
        to: Option<u16>,
        /// The version to raise the consumer to; `None`: nothing has to be raised.
        raise_to: Option<u32>,
    },
}

impl ConsumerChange {
    /// Whether the change needs something that the code does not say.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        match self {
            Self::Removed { renamed_to } => renamed_to.is_some(),
            Self::Version { refused, .. } => *refused,
            Self::EventJoined { raise_to, .. }
            | Self::EventLeft { raise_to, .. }
            | Self::Partitions { raise_to, .. } => raise_to.is_some(),
            Self::Added { .. } | Self::Renamed { .. } | Self::Inline { .. } => false,
        }
    }

    pub(in crate::testing::lock) fn remedy(&self, kind: ConsumerKind, name: &str) -> Option<String> {
        Some(match self {
            Self::Removed { renamed_to: Some(new) } => format!(
                "write `renamed_from = \"{name}\"` on `{new}`: it then continues where `{name}` is; \
                 if `{new}` is another {}, take the change with `KENNING_LOCK=accept cargo test`",
                kind_text(kind)
            ),
            Self::Version { from, refused: true, .. } => {
                format!("write `version = {from}` or more on `{name}` again")
            }
            Self::EventJoined { raise_to: Some(next), .. } | Self::EventLeft { raise_to: Some(next), .. } => {
                format!("write `version = {next}` on `{name}`: {}", restart(kind))
            }
            Self::Partitions { from: Some(from), raise_to: Some(next), .. } => format!(
                "write `version = {next}` on `{name}`, {}; or `.partitions({from})` again",
                match kind {
                    ConsumerKind::Reactor | ConsumerKind::Saga =>
                        "which continues at the partition that is furthest behind".to_owned(),
                    _ => format!("with which {}", restart(kind)),
                }
            ),
            _ => return None,
        })
    }

    pub(in crate::testing::lock) fn text(&self, kind: ConsumerKind) -> String {
        match self {
            Self::Added { inline: true } => "is new in the lock file: it handles what is appended from now on".to_owned(),
            Self::Added { inline: false } => match kind {
                ConsumerKind::ReadModel => "is new in the lock file: its table is built from all events".to_owned(),
                ConsumerKind::Projection => {
                    "is new in the lock file: it starts at the beginning; if it had another name before, write `renamed_from = \"…\"`"
                        .to_owned()
                }
                _ => start(kind),
            },
            Self::Removed { renamed_to: Some(new) } => {
                format!("is gone; `{new}` handles the same events, was it renamed?")
            }
            Self::Removed { renamed_to: None } => "is gone".to_owned(),
            Self::Renamed { from: Some(from) } => format!("takes over from `{from}`"),
            Self::Renamed { from: None } => "takes over from no other name any more".to_owned(),
            Self::Version { from, to, refused: false } => format!("has version {to}, {from} before"),
            Self::Version { from, to, refused: true } => {
                format!("has version {to}, {from} before: a store that has run version {from} does not run it")
            }
            Self::Inline { inline: true } => "became inline: it leaves the feed".to_owned(),
            Self::Inline { inline: false } => {
                "is not inline any more: it starts at the beginning, and handles again what it has handled inline"
                    .to_owned()
            }
            Self::EventJoined { event, raise_to: None } => format!("handles `{event}` as well"),
            Self::EventJoined { event, raise_to: Some(_) } => format!(
                "handles `{event}` as well, under the same version: it does not get those that it has passed"
            ),
            Self::EventLeft { event, raise_to: None } => format!("does not handle `{event}` any more"),
            Self::EventLeft { event, raise_to: Some(_) } => format!(
                "does not handle `{event}` any more, under the same version: what it wrote for it before stays"
            ),
            Self::Partitions { from: Some(from), to: Some(to), raise_to } => format!(
                "has {to} partitions, {from} before{}",
                if raise_to.is_some() { ", under the same version: `build` refuses it" } else { "" }
            ),
            Self::Partitions { to: Some(to), .. } => format!("has {to} partitions: noted from now on"),
            Self::Partitions { .. } => "its partitions are not noted any more".to_owned(),
        }
    }
}

/// What is said of a reactor or a saga that is new.
pub(in crate::testing::lock) fn start(kind: ConsumerKind) -> String {
    format!(
        "is new in the lock file: if a store has events and does not know it, `build` asks where it starts; \
         write `.{}`, or `Start::Beginning` for all events{}",
        kind.start_call(),
        if kind == ConsumerKind::Reactor {
            "; if it had another name before, write `renamed_from = \"…\"`"
        } else {
            ""
        }
    )
}

/// What a raised version does.
fn restart(kind: ConsumerKind) -> &'static str {
    match kind {
        ConsumerKind::ReadModel => "a second table is built from all events, and replaces the first",
        _ => "it starts again at the beginning, and needs `#[begin]` or `idempotent = \"…\"`",
    }
}
