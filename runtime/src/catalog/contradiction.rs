//! Declarations that contradict each other.

use super::{AggregateEntry, CommandEntry, EventEntry, SagaEntry};

/// Two declarations that cannot both hold. The answer is to change one of the two types; an application is not built before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// Serde writes values of the type as JSON that it does not read back as they were.
    #[error("`{type_name}` cannot be read back as it is written: {problem}")]
    Unreadable {
        /// The event, the saga or the aggregate whose snapshots they are.
        type_name: &'static str,
        /// The field, what is wrong, and what to write.
        problem: String,
    },
    /// Two aggregates keep their streams in one category.
    #[error(
        "`{first}` and `{second}` both keep their streams in the category `{category}`; give one of them a category of its own"
    )]
    Category {
        /// The category.
        category: &'static str,
        /// The aggregate that was there.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// Two types are events of one name.
    #[error(
        "`{first}` and `{second}` are both stored as the event `{name}`; give one of them a name of its own"
    )]
    Event {
        /// The persisted name.
        name: &'static str,
        /// The type that was there.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// Two commands of one aggregate have one name.
    #[error(
        "`{first}` and `{second}` are both the command `{name}` of `{category}`; write `#[kenning(name = \"…\")]` on one of them"
    )]
    Command {
        /// The name.
        name: &'static str,
        /// The category of their aggregate.
        category: &'static str,
        /// The type that was there.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// Two types are one version of one saga.
    #[error(
        "`{first}` and `{second}` are both the saga `{name}` version {version}; give one of them another version, or a name of its own"
    )]
    Saga {
        /// The persisted name.
        name: &'static str,
        /// The version.
        version: u32,
        /// The type that was there.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
}

impl Contradiction {
    pub(super) fn category(first: &AggregateEntry, second: &AggregateEntry) -> Self {
        Self::Category { category: first.category, first: first.type_name, second: second.type_name }
    }

    pub(super) fn event(first: &EventEntry, second: &EventEntry) -> Self {
        Self::Event { name: first.name, first: first.type_name, second: second.type_name }
    }

    pub(super) fn command(first: &CommandEntry, second: &CommandEntry) -> Self {
        Self::Command {
            name: first.name,
            category: first.category,
            first: first.type_name,
            second: second.type_name,
        }
    }

    pub(super) fn saga(first: &SagaEntry, second: &SagaEntry) -> Self {
        Self::Saga {
            name: first.name,
            version: first.version,
            first: first.type_name,
            second: second.type_name,
        }
    }
}
