//! What a type may lack, and which derives it has.

use syn::punctuated::Punctuated;
use syn::{Attribute, Path, Token};

use Lacking::{Deserialize, Serialize};

use crate::suggest::nearest;

/// What a type may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Lacking {
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
    "Clone",
    "Copy",
    "Debug",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Hash",
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
    const ALL: [Self; 10] = [
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
        }
    }

    /// What a type with the derive is, and what its `#[kenning(…)]` says where it has to say something.
    pub(super) fn role(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Aggregate => Some(("an aggregate", "category = \"…\", id = …, events = …")),
            Self::Command => Some(("a command", "aggregate = …")),
            Self::Event => Some(("an event", "name = \"…\"")),
            Self::EventSet => Some(("a set of events", "")),
            Self::ReadModel => Some(("a read model", "table = \"…\", version = 1, events = …")),
            Self::Saga => Some(("a saga", "name = \"…\", version = 1, id = …")),
            Self::Default | Self::Serialize | Self::Deserialize | Self::Schema | Self::Threads => None,
        }
    }

    /// What this derive asks for besides.
    pub(crate) fn beside(self) -> &'static [Self] {
        match self {
            Self::Aggregate => &[Self::Default],
            Self::Command => &[Serialize],
            Self::Event | Self::Saga => &[Serialize, Deserialize],
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
    nearest(name, Lacking::ALL.map(Lacking::name)).is_some_and(|meant| meant.len().abs_diff(name.len()) <= 1)
}
