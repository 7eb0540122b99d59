//! How one structure differs from another.

/// How something in a structure has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeChange {
    /// A field is new that reading does without.
    FieldAdded,
    /// A field is new, and what is stored is without it.
    RequiredFieldAdded,
    /// A field is gone, and what is stored has it.
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
    /// What is stored may be without the field, reading is not.
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
        /// The type before.
        from: String,
        /// The type now.
        to: String,
    },
    /// The type was changed to one that does not read what the former one wrote.
    Retyped {
        /// The type before.
        from: String,
        /// The type now.
        to: String,
    },
    /// `null` is not read any more, and what is stored may have it.
    NullRefused,
    /// The variants of an enum, or the fields of a `flatten`, are told in another way.
    Represented {
        /// The representation before.
        from: String,
        /// The representation now.
        to: String,
    },
    /// A variant is new.
    VariantAdded,
    /// A variant is gone, and what is stored may have it.
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

impl ShapeChange {
    /// Whether something stored can no longer be read, or loses something when it is read.
    #[must_use]
    pub const fn is_breaking(&self) -> bool {
        match self {
            Self::RequiredFieldAdded
            | Self::FieldRemoved
            | Self::FieldRenamed { .. }
            | Self::FieldIgnored
            | Self::MadeRequired
            | Self::AliasRemoved { .. }
            | Self::Retyped { .. }
            | Self::NullRefused
            | Self::Represented { .. }
            | Self::VariantRemoved
            | Self::VariantRenamed { .. }
            | Self::OtherRemoved
            | Self::Shadowing
            | Self::Closed => true,
            Self::FieldAdded
            | Self::FieldRenamedWithAlias { .. }
            | Self::MadeOptional
            | Self::AliasAdded { .. }
            | Self::Widened { .. }
            | Self::VariantAdded
            | Self::VariantRenamedWithAlias { .. }
            | Self::OtherAdded
            | Self::Opened
            | Self::Rewritten => false,
        }
    }

    /// What has changed at a place, in words.
    pub(crate) fn text(&self, path: &str) -> String {
        let path = if path.is_empty() { "it".to_owned() } else { format!("`{path}`") };
        match self {
            Self::FieldAdded => format!("{path} is new, and may be absent"),
            Self::RequiredFieldAdded => format!("{path} is new and required; what is stored is without it"),
            Self::FieldRemoved => {
                format!("{path} was removed; what is stored has it, and it would be lost")
            }
            Self::FieldRenamed { to } => {
                format!("{path} was renamed to `{to}`; what is stored has the former name")
            }
            Self::FieldRenamedWithAlias { to } | Self::VariantRenamedWithAlias { to } => {
                format!("{path} was renamed to `{to}`, and is read under both names")
            }
            Self::FieldIgnored => {
                format!("{path} is not read any more; what is stored in it would be lost")
            }
            Self::MadeRequired => format!("{path} was made required; what is stored may be without it"),
            Self::MadeOptional => format!("{path} may be absent"),
            Self::AliasAdded { alias } => format!("{path} is read from `{alias}` as well"),
            Self::AliasRemoved { alias } => {
                format!("{path} is not read from `{alias}` any more, its name in what was stored earlier")
            }
            Self::Widened { from, to } => format!("{path} was `{from}` and is `{to}`, which reads both"),
            Self::Retyped { from, to } => {
                format!("{path} was `{from}` and is `{to}`; what is stored does not fit")
            }
            Self::NullRefused => {
                format!("{path} may be `null` in what is stored, and is no `Option` any more")
            }
            Self::Represented { from, to } => {
                format!("{path} was written as `{from}` and is `{to}`; what is stored does not fit")
            }
            Self::VariantAdded => format!("{path} is a new variant"),
            Self::VariantRemoved => format!("the variant {path} was removed; what is stored may have it"),
            Self::VariantRenamed { to } => {
                format!("the variant {path} was renamed to `{to}`; what is stored has the former name")
            }
            Self::OtherRemoved => format!("unknown variants are not read as {path} any more"),
            Self::OtherAdded => format!("unknown variants are read as {path}"),
            Self::Shadowing => format!(
                "{path} was changed, and is tried before other untagged variants; it may take what was stored as another"
            ),
            Self::Closed => format!("{path} refuses unknown fields now, which may be stored"),
            Self::Opened => format!("{path} allows unknown fields now"),
            Self::Rewritten => format!("{path} is described in another way and reads the same"),
        }
    }

    /// What takes a breaking change at a place back, or makes it compatible.
    pub(crate) fn remedy(&self, path: &str) -> Option<String> {
        let last = path.rsplit('.').next().unwrap_or_default();
        Some(match self {
            Self::RequiredFieldAdded | Self::MadeRequired => {
                format!("write `#[serde(default)]` on `{last}`, or make it an `Option`")
            }
            Self::FieldRemoved => format!("put `{last}` back"),
            Self::FieldRenamed { to } | Self::VariantRenamed { to } => {
                format!("write `#[serde(alias = \"{last}\")]` on `{to}`")
            }
            Self::FieldIgnored => format!("remove `skip_deserializing` from `{last}`"),
            Self::AliasRemoved { alias } => {
                format!("write `#[serde(alias = \"{alias}\")]` on `{last}` again")
            }
            Self::Retyped { from, .. } => format!("make it `{from}` again"),
            Self::NullRefused => format!("make `{last}` an `Option` again"),
            Self::Represented { .. } => "take the change of the serde attributes back".into(),
            Self::VariantRemoved => format!("put the variant `{last}` back"),
            Self::OtherRemoved => format!("write `#[serde(other)]` on `{last}` again"),
            Self::Shadowing => {
                "give the enum a `#[serde(tag = \"…\")]`, or change its last variant only".into()
            }
            Self::Closed => "remove `#[serde(deny_unknown_fields)]`".into(),
            Self::FieldAdded
            | Self::FieldRenamedWithAlias { .. }
            | Self::MadeOptional
            | Self::AliasAdded { .. }
            | Self::Widened { .. }
            | Self::VariantAdded
            | Self::VariantRenamedWithAlias { .. }
            | Self::OtherAdded
            | Self::Opened
            | Self::Rewritten => return None,
        })
    }
}
