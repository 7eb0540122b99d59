//! What a type may lack, and which derives it has.

use syn::punctuated::Punctuated;
use syn::{Attribute, Path, Token};

use Lacking::{Deserialize, Serialize};

use crate::suggest::nearest;

/// What a type may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Lacking {
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    Schema,
    Aggregate,
    Command,
    Event,
    EventSet,
    ReadModel,
    Saga,
    /// No derive: what it takes to be used by several threads.
    Threads,
    /// No derive: to be as public as a type that shows it.
    Public,
    /// No derive: to be in the set that the user of the event names.
    Member,
    /// No derive: to be one string or one number.
    Id,
}

/// What is stored has these.
pub(crate) const STORED: &[Lacking] = &[Serialize, Deserialize, Lacking::Schema];

/// Attributes that change nothing about what a type derives.
const INERT: &[&str] = &[
    "aggregate",
    "command",
    "read_model",
    "saga",
    "allow",
    "automatically_derived",
    "cfg",
    "default",
    "deny",
    "derive",
    "display",
    "doc",
    "error",
    "expect",
    "kenning",
    "must_use",
    "non_exhaustive",
    "repr",
    "schemars",
    "serde",
    "sqlx",
    "strum",
    "warn",
];

/// Derives that have nothing to do with what is looked for.
const OTHERS: &[&str] = &[
    "Error",
    "Display",
    "From",
    "Into",
    "FromStr",
    "AsRef",
    "Deref",
    "DerefMut",
    "Constructor",
    "Add",
    "Sub",
    "Sum",
    "FromRow",
    "Type",
    "ToSchema",
    "JsonSchema",
    "Arbitrary",
    "Builder",
    "TypedBuilder",
    "EnumIter",
    "EnumString",
    "Validate",
    "Projection",
    "Reactor",
];

impl Lacking {
    const ALL: [Self; 18] = [
        Self::Clone,
        Self::Copy,
        Self::Debug,
        Self::PartialEq,
        Self::Eq,
        Self::PartialOrd,
        Self::Ord,
        Self::Hash,
        Self::Default,
        Serialize,
        Deserialize,
        Self::Schema,
        Self::Aggregate,
        Self::Command,
        Self::Event,
        Self::EventSet,
        Self::ReadModel,
        Self::Saga,
    ];

    /// The name of the derive and of the trait.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clone => "Clone",
            Self::Copy => "Copy",
            Self::Debug => "Debug",
            Self::PartialEq => "PartialEq",
            Self::Eq => "Eq",
            Self::PartialOrd => "PartialOrd",
            Self::Ord => "Ord",
            Self::Hash => "Hash",
            Self::Default => "Default",
            Self::Serialize => "Serialize",
            Self::Deserialize => "Deserialize",
            Self::Schema => "Schema",
            Self::Aggregate => "Aggregate",
            Self::Command => "Command",
            Self::Event => "Event",
            Self::EventSet => "EventSet",
            Self::ReadModel => "ReadModel",
            Self::Saga => "Saga",
            Self::Threads => "Send",
            Self::Public => "pub",
            Self::Member | Self::Id => "",
        }
    }

    /// What a type with the derive is, and what its `#[kenning(…)]` says where it has to say something.
    pub(crate) fn role(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Aggregate => Some(("an aggregate", "category = \"…\", id = …, events = …")),
            Self::Command => Some(("a command", "aggregate = …")),
            Self::Event => Some(("an event", "name = \"…\"")),
            Self::EventSet => Some(("a set of events", "")),
            Self::ReadModel => Some(("a read model", "table = \"…\", version = 1, events = …")),
            Self::Saga => Some(("a saga", "name = \"…\", version = 1, id = …")),
            _ => None,
        }
    }

    /// Whether a derive of the type around it asks its fields for the same.
    pub(crate) fn of_the_language(self) -> bool {
        self < Self::Default
    }

    /// What this derive asks for besides.
    pub(crate) fn beside(self) -> &'static [Self] {
        match self {
            Self::Aggregate => &[Self::Default],
            Self::Command => &[Serialize],
            Self::Event | Self::Saga => &[Serialize, Deserialize],
            Self::Eq => &[Self::PartialEq],
            Self::Copy => &[Self::Clone],
            _ => &[],
        }
    }
}

/// Which of all derives a type has, if that is certain.
pub(super) fn derives(attrs: &[Attribute]) -> Option<Vec<Lacking>> {
    let mut derived = Vec::new();
    for attr in attrs {
        if !INERT.iter().any(|inert| attr.path().is_ident(inert)) {
            return None;
        }
        if !attr.path().is_ident("derive") {
            continue;
        }
        for path in attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok()? {
            let name = path.segments.last()?.ident.to_string();
            match Lacking::ALL.into_iter().find(|derive| derive.name() == name) {
                Some(derive) => derived.push(derive),
                None if OTHERS.contains(&name.as_str()) => {}
                // Mistyped: the compiler says so, too.
                None if is_mistyped(&name) => {}
                None => return None,
            }
        }
    }
    Some(derived)
}

fn is_mistyped(name: &str) -> bool {
    let ours = Lacking::ALL.into_iter().filter(|derive| !derive.of_the_language());
    nearest(name, ours.map(Lacking::name)).is_some_and(|meant| meant.len().abs_diff(name.len()) <= 1)
}
