//! Changes, what they break, and what to do about it.

use std::fmt;

use super::consumer::{ConsumerChange, start};
use crate::saga::SagaChange;
use crate::schema::ShapeChange;
use crate::store::ConsumerKind;

/// One difference between a lock file and the code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What has changed.
    pub subject: Subject,
    /// Where in its structure: `items[].quantity`; of a saga, the step; empty for the whole.
    pub path: String,
    /// How it has changed.
    pub kind: ChangeKind,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Subject {
    /// The aggregate of a category.
    Aggregate {
        /// The category.
        category: String,
    },
    /// A version of an event.
    Event {
        /// The persisted name.
        name: String,
        /// The version.
        version: u32,
        /// The version that the code writes; the locked one, where the event is gone.
        current: u32,
    },
    /// A version of a saga.
    Saga {
        /// The persisted name.
        name: String,
        /// The version.
        version: u32,
        /// The newest version in the code; the locked one, where the saga is gone.
        current: u32,
    },
    /// A reactor, a projection or a read model, or a saga as a consumer.
    Consumer {
        /// Its kind.
        kind: ConsumerKind,
        /// The persisted name.
        name: String,
        /// The version in the code; the locked one, where the consumer is gone.
        version: u32,
    },
}

/// How something has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// An aggregate is new.
    AggregateAdded,
    /// No aggregate has the category any more.
    AggregateRemoved,
    /// The aggregate reads an event that it did not read.
    EventJoined {
        /// The event.
        event: String,
    },
    /// The aggregate does not read an event any more that its streams may hold.
    EventLeft {
        /// The event.
        event: String,
    },
    /// The aggregate's fold has another version: its snapshots are taken again.
    FoldVersion {
        /// The locked version.
        from: u32,
        /// The version in the code.
        to: u32,
    },
    /// A version of an event or a saga is new.
    VersionAdded,
    /// No event has the name any more.
    EventRemoved {
        /// A new event of the same structure.
        renamed_to: Option<String>,
    },
    /// The event does not read this version any more.
    VersionRemoved,
    /// Its structure has changed.
    Structure(ShapeChange),
    /// A reactor, a projection, a read model or the partitions of a saga have changed.
    Consumer(ConsumerChange),
    /// No saga of the lock file has the name.
    SagaAdded,
    /// The data or a step of a saga has changed, while its version has not.
    Saga(SagaChange),
    /// No saga has the name any more.
    SagaRemoved {
        /// A new saga that does the same.
        renamed_to: Option<String>,
    },
    /// A later version goes on with the instances of this one.
    SagaMigrated {
        /// The later version.
        to: u32,
    },
    /// No version goes on with the instances of this one.
    SagaStranded {
        /// What the newest version does otherwise, first of all that they do not survive; `None`: this one is not described here.
        differs: Option<SagaChange>,
    },
}

impl Change {
    pub(super) fn whole(subject: Subject, kind: ChangeKind) -> Self {
        Self { subject, path: String::new(), kind }
    }

    /// Whether something stored can no longer be read, or loses something when it is read.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        use ChangeKind as Kind;
        match &self.kind {
            Kind::AggregateRemoved
            | Kind::EventLeft { .. }
            | Kind::EventRemoved { .. }
            | Kind::VersionRemoved
            | Kind::SagaRemoved { .. }
            | Kind::SagaStranded { .. } => true,
            Kind::AggregateAdded
            | Kind::EventJoined { .. }
            | Kind::FoldVersion { .. }
            | Kind::VersionAdded
            | Kind::SagaAdded
            | Kind::SagaMigrated { .. } => false,
            Kind::Consumer(change) => change.is_breaking(),
            Kind::Saga(change) => !change.survives(),
            Kind::Structure(change) => change.is_breaking(),
        }
    }

    /// What to do about a breaking change; nothing is to be done about a compatible one.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        use ChangeKind as Kind;
        let first = match &self.kind {
            Kind::AggregateRemoved => {
                let Subject::Aggregate { category } = &self.subject else { return None };
                return Some(format!(
                    "give the aggregate back its `category = \"{category}\"`, and add it to the catalog"
                ));
            }
            Kind::EventLeft { event } => {
                return Some(format!(
                    "put `{event}` back into the aggregate's set of events; its `#[apply]` may be empty"
                ));
            }
            Kind::EventRemoved { renamed_to: Some(new) } => {
                let Subject::Event { name, .. } = &self.subject else { return None };
                return Some(format!(
                    "write `name = \"{name}\"` on `{new}`: the Rust type may be renamed, this name may not"
                ));
            }
            Kind::EventRemoved { renamed_to: None } => {
                return Some(
                    "put the event back, and into the catalog: an event once stored is read for ever".into(),
                );
            }
            Kind::VersionRemoved => return self.restore_version(),
            Kind::Saga(_) | Kind::SagaRemoved { .. } | Kind::SagaStranded { .. } => {
                return self.saga_remedy();
            }
            Kind::Consumer(change) => {
                let Subject::Consumer { kind, name, .. } = &self.subject else { return None };
                return change.remedy(*kind, name);
            }
            Kind::Structure(change) => change.remedy(&self.path)?,
            _ => return None,
        };
        Some(format!("{first}{}", self.or_new_version()))
    }

    /// The way out that is always there: the former structure stays, as a type of its own.
    fn or_new_version(&self) -> String {
        match &self.subject {
            Subject::Aggregate { .. } | Subject::Saga { .. } | Subject::Consumer { .. } => String::new(),
            Subject::Event { version, current, .. } if version < current => {
                format!("; version {version} is history: its type stays as it was when it was written")
            }
            Subject::Event { name, current, .. } => {
                let next = current.saturating_add(1);
                format!(
                    "; or keep the former structure as a type of its own, and make this one\n          `#[kenning(name = \"{name}\", version = {next}, from({}…))]`",
                    if *current > 1 { "…, " } else { "" }
                )
            }
        }
    }

    fn saga_remedy(&self) -> Option<String> {
        let Subject::Saga { name, version, current } = &self.subject else { return None };
        Some(match &self.kind {
            ChangeKind::Saga(change) if version < current => format!(
                "{}; version {version} is history: it stays as it was while instances of it are in flight",
                change.reversal()?
            ),
            ChangeKind::Saga(change) => change.remedy(name, *version)?,
            ChangeKind::SagaRemoved { renamed_to: Some(new) } => {
                format!(
                    "write `name = \"{name}\"` on `{new}`: the Rust type may be renamed, this name may not"
                )
            }
            ChangeKind::SagaRemoved { renamed_to: None } => format!(
                "put the saga back, and into the catalog; it may go when the instances of `{name}` have come to their ends"
            ),
            ChangeKind::SagaStranded { .. } if version > current => format!(
                "write `version = {version}` or more on `{name}` again: instances of that version are in flight"
            ),
            ChangeKind::SagaStranded { .. } => format!(
                "name a function for each version from {version} to {} in `migrate(…)`, oldest first, or register the former definition as well, by `finish_saga`",
                current.saturating_sub(1)
            ),
            _ => return None,
        })
    }

    fn restore_version(&self) -> Option<String> {
        let Subject::Event { name, version, current } = &self.subject else { return None };
        Some(if version > current {
            format!(
                "write `version = {version}` or more on `{name}` again: events of that version are stored"
            )
        } else {
            format!(
                "`{name}` is of version {current}: name the types of all versions before it in `from(…)`, oldest first; the one of version {version} is missing"
            )
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate { category } => write!(f, "aggregate {category}"),
            Self::Event { name, version, .. } => write!(f, "event {name} v{version}"),
            Self::Saga { name, version, .. } => write!(f, "saga {name} v{version}"),
            Self::Consumer { kind, name, version } => {
                write!(f, "{} {name} v{version}", kind.as_str().replace('_', " "))
            }
        }
    }
}

/// One line that says what has changed; the [`remedy`](Self::remedy) is not in it.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ChangeKind as Kind;
        write!(f, "{}: ", self.subject)?;
        match &self.kind {
            Kind::AggregateAdded => f.write_str("is new"),
            Kind::AggregateRemoved => f.write_str("is gone; its streams can no longer be read"),
            Kind::EventJoined { event } => write!(f, "reads `{event}` as well"),
            Kind::FoldVersion { from, to } => {
                write!(f, "has version {to} of the fold, {from} before: its snapshots are taken again")
            }
            Kind::EventLeft { event } => {
                write!(f, "does not read `{event}` any more, which its streams may hold")
            }
            Kind::VersionAdded => f.write_str("is new"),
            Kind::SagaAdded => f.write_str(&start(ConsumerKind::Saga)),
            Kind::Consumer(change) => {
                let Subject::Consumer { kind, .. } = &self.subject else { return Ok(()) };
                f.write_str(&change.text(*kind))
            }
            Kind::EventRemoved { renamed_to: Some(new) } => {
                write!(f, "is gone; `{new}` has the same structure, was it renamed?")
            }
            Kind::EventRemoved { renamed_to: None } => {
                f.write_str("is gone; what is stored under the name can no longer be read")
            }
            Kind::VersionRemoved => f.write_str("is not read any more"),
            Kind::Structure(change) => f.write_str(&change.text(&self.path)),
            Kind::Saga(change) => change.fmt(f),
            Kind::SagaRemoved { renamed_to: Some(new) } => {
                write!(f, "is gone; `{new}` does the same, was it renamed?")
            }
            Kind::SagaRemoved { renamed_to: None } => {
                f.write_str("is gone; nothing goes on with its instances in flight")
            }
            Kind::SagaMigrated { to } => write!(f, "its instances in flight go on by version {to}"),
            Kind::SagaStranded { differs: None } => {
                f.write_str("nothing goes on with its instances in flight")
            }
            Kind::SagaStranded { differs: Some(change) } => {
                write!(f, "nothing goes on with its instances in flight: {change}")
            }
        }
    }
}
