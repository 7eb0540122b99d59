//! Changes, what they break, and what to do about it.

use std::fmt;

/// One difference between a lock file and the code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What has changed.
    pub subject: Subject,
    /// Where in its structure: `items[].quantity`; empty for the whole.
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
    /// A version of an event is new.
    VersionAdded,
    /// No event has the name any more.
    EventRemoved {
        /// A new event of the same structure.
        renamed_to: Option<String>,
    },
    /// The event does not read this version any more.
    VersionRemoved,
    /// A field is new that reading does without.
    FieldAdded,
    /// A field is new, and stored events are without it.
    RequiredFieldAdded,
    /// A field is gone, and stored events have it.
    FieldRemoved,
    /// A field has another name, and the old one is not read.
    FieldRenamed {
        /// The new name.
        to: String,
    },
    /// A field has another name, and the old one is read.
    FieldRenamedWithAlias {
        /// The new name.
        to: String,
    },
    /// A field is not read any more.
    FieldIgnored,
    /// Stored events may be without the field, reading is not.
    MadeRequired,
    /// Reading does without the field now.
    MadeOptional,
    /// A former name is read as well.
    AliasAdded {
        /// The former name.
        alias: String,
    },
    /// A former name is not read any more.
    AliasRemoved {
        /// The former name.
        alias: String,
    },
    /// The type was changed to one that reads all that the former one wrote.
    Widened {
        /// The locked type.
        from: String,
        /// The type now.
        to: String,
    },
    /// The type was changed to one that does not read what the former one wrote.
    Retyped {
        /// The locked type.
        from: String,
        /// The type now.
        to: String,
    },
    /// `null` is not read any more, and stored events may have it.
    NullRefused,
    /// The variants of an enum, or the fields of a `flatten`, are told in another way.
    Represented {
        /// The locked representation.
        from: String,
        /// The representation now.
        to: String,
    },
    /// A variant is new.
    VariantAdded,
    /// A variant is gone, and stored events may have it.
    VariantRemoved,
    /// A variant has another name, and the old one is not read.
    VariantRenamed {
        /// The new name.
        to: String,
    },
    /// A variant has another name, and the old one is read.
    VariantRenamedWithAlias {
        /// The new name.
        to: String,
    },
    /// Unknown variants are not read any more.
    OtherRemoved,
    /// Unknown variants are read as this one.
    OtherAdded,
    /// An untagged variant was changed while others are tried after it.
    Shadowing,
    /// Unknown fields are refused now.
    Closed,
    /// Unknown fields are allowed now.
    Opened,
    /// The structure is written in another way and reads the same.
    Rewritten,
}

impl Change {
    /// Whether something stored can no longer be read, or loses something when it is read.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        use ChangeKind as Kind;
        match self.kind {
            Kind::AggregateRemoved
            | Kind::EventLeft { .. }
            | Kind::EventRemoved { .. }
            | Kind::VersionRemoved
            | Kind::RequiredFieldAdded
            | Kind::FieldRemoved
            | Kind::FieldRenamed { .. }
            | Kind::FieldIgnored
            | Kind::MadeRequired
            | Kind::AliasRemoved { .. }
            | Kind::Retyped { .. }
            | Kind::NullRefused
            | Kind::Represented { .. }
            | Kind::VariantRemoved
            | Kind::VariantRenamed { .. }
            | Kind::OtherRemoved
            | Kind::Shadowing
            | Kind::Closed => true,
            Kind::AggregateAdded
            | Kind::EventJoined { .. }
            | Kind::VersionAdded
            | Kind::FieldAdded
            | Kind::FieldRenamedWithAlias { .. }
            | Kind::MadeOptional
            | Kind::AliasAdded { .. }
            | Kind::Widened { .. }
            | Kind::VariantAdded
            | Kind::VariantRenamedWithAlias { .. }
            | Kind::OtherAdded
            | Kind::Opened
            | Kind::Rewritten => false,
        }
    }

    /// What to do about a breaking change; nothing is to be done about a compatible one.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        use ChangeKind as Kind;
        let last = self.path.rsplit('.').next().unwrap_or_default();
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
            Kind::RequiredFieldAdded | Kind::MadeRequired => {
                format!("write `#[serde(default)]` on `{last}`, or make it an `Option`")
            }
            Kind::FieldRemoved => format!("put `{last}` back"),
            Kind::FieldRenamed { to } | Kind::VariantRenamed { to } => {
                format!("write `#[serde(alias = \"{last}\")]` on `{to}`")
            }
            Kind::FieldIgnored => format!("remove `skip_deserializing` from `{last}`"),
            Kind::AliasRemoved { alias } => {
                format!("write `#[serde(alias = \"{alias}\")]` on `{last}` again")
            }
            Kind::Retyped { from, .. } => format!("make it `{from}` again"),
            Kind::NullRefused => format!("make `{last}` an `Option` again"),
            Kind::Represented { .. } => "take the change of the serde attributes back".into(),
            Kind::VariantRemoved => format!("put the variant `{last}` back"),
            Kind::OtherRemoved => format!("write `#[serde(other)]` on `{last}` again"),
            Kind::Shadowing => {
                "give the enum a `#[serde(tag = \"…\")]`, or change its last variant only".into()
            }
            Kind::Closed => "remove `#[serde(deny_unknown_fields)]`".into(),
            _ => return None,
        };
        Some(format!("{first}{}", self.or_new_version()))
    }

    /// The way out that is always there: the former structure stays, as a type of its own.
    fn or_new_version(&self) -> String {
        match &self.subject {
            Subject::Aggregate { .. } => String::new(),
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
        }
    }
}

/// One line that says what has changed; the [`remedy`](Self::remedy) is not in it.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ChangeKind as Kind;
        write!(f, "{}: ", self.subject)?;
        let path = if self.path.is_empty() { "it".to_owned() } else { format!("`{}`", self.path) };
        match &self.kind {
            Kind::AggregateAdded => f.write_str("is new"),
            Kind::AggregateRemoved => f.write_str("is gone; its streams can no longer be read"),
            Kind::EventJoined { event } => write!(f, "reads `{event}` as well"),
            Kind::EventLeft { event } => {
                write!(f, "does not read `{event}` any more, which its streams may hold")
            }
            Kind::VersionAdded => f.write_str("is new"),
            Kind::EventRemoved { renamed_to: Some(new) } => {
                write!(f, "is gone; `{new}` has the same structure, was it renamed?")
            }
            Kind::EventRemoved { renamed_to: None } => {
                f.write_str("is gone; what is stored under the name can no longer be read")
            }
            Kind::VersionRemoved => f.write_str("is not read any more"),
            Kind::FieldAdded => write!(f, "{path} is new, and may be absent"),
            Kind::RequiredFieldAdded => write!(f, "{path} is new and required; stored events are without it"),
            Kind::FieldRemoved => {
                write!(f, "{path} was removed; stored events have it, and it would be lost")
            }
            Kind::FieldRenamed { to } => {
                write!(f, "{path} was renamed to `{to}`; stored events have the former name")
            }
            Kind::FieldRenamedWithAlias { to } | Kind::VariantRenamedWithAlias { to } => {
                write!(f, "{path} was renamed to `{to}`, and is read under both names")
            }
            Kind::FieldIgnored => {
                write!(f, "{path} is not read any more; what is stored in it would be lost")
            }
            Kind::MadeRequired => write!(f, "{path} was made required; stored events may be without it"),
            Kind::MadeOptional => write!(f, "{path} may be absent"),
            Kind::AliasAdded { alias } => write!(f, "{path} is read from `{alias}` as well"),
            Kind::AliasRemoved { alias } => {
                write!(f, "{path} is not read from `{alias}` any more, its name in older events")
            }
            Kind::Widened { from, to } => write!(f, "{path} was `{from}` and is `{to}`, which reads both"),
            Kind::Retyped { from, to } => {
                write!(f, "{path} was `{from}` and is `{to}`; what is stored does not fit")
            }
            Kind::NullRefused => {
                write!(f, "{path} may be `null` in stored events, and is no `Option` any more")
            }
            Kind::Represented { from, to } => {
                write!(f, "{path} was written as `{from}` and is `{to}`; what is stored does not fit")
            }
            Kind::VariantAdded => write!(f, "{path} is a new variant"),
            Kind::VariantRemoved => write!(f, "the variant {path} was removed; stored events may have it"),
            Kind::VariantRenamed { to } => {
                write!(f, "the variant {path} was renamed to `{to}`; stored events have the former name")
            }
            Kind::OtherRemoved => write!(f, "unknown variants are not read as {path} any more"),
            Kind::OtherAdded => write!(f, "unknown variants are read as {path}"),
            Kind::Shadowing => {
                write!(
                    f,
                    "{path} was changed, and is tried before other untagged variants; it may take what was stored as another"
                )
            }
            Kind::Closed => write!(f, "{path} refuses unknown fields now, which older events may have"),
            Kind::Opened => write!(f, "{path} allows unknown fields now"),
            Kind::Rewritten => write!(f, "{path} is described in another way and reads the same"),
        }
    }
}
