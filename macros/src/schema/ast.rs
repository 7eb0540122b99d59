//! What a type says of its shape: its fields and variants, what serde is told, and what `#[kenning(schema = …)]` adds.

use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, LitStr, Type};

use super::rename::Spelling;
use super::serde::Serde;
use crate::attr::{self, Value};
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::symbol::SCHEMA;

/// A type as JSON.
pub(crate) struct Model<'a> {
    pub(super) original: &'a DeriveInput,
    pub(super) serde: Serde,
    /// `#[kenning(schema = …)]` on the type.
    pub(super) format: Option<Format>,
    pub(super) body: Body<'a>,
}

pub(super) enum Body<'a> {
    Struct(Fields<'a>),
    Enum(Vec<Variant<'a>>),
    Union,
}

/// The fields of a struct or of a variant.
pub(super) struct Fields<'a> {
    pub(super) style: Style,
    pub(super) all: Vec<Field<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Unit,
    Newtype,
    Tuple,
    Named,
}

pub(super) struct Field<'a> {
    pub(super) original: &'a syn::Field,
    /// The key under which it is written; empty where it has none.
    pub(super) name: String,
    pub(super) serde: Serde,
    pub(super) format: Option<Format>,
    /// Whether the struct as a whole has a default.
    pub(super) in_default: bool,
}

pub(super) struct Variant<'a> {
    pub(super) original: &'a syn::Variant,
    pub(super) name: String,
    pub(super) serde: Serde,
    pub(super) format: Option<Format>,
    pub(super) fields: Fields<'a>,
}

/// What `#[kenning(schema = …)]` says.
pub(super) enum Format {
    /// The format's name.
    Named(LitStr),
    /// The type whose schema holds.
    Like(Box<Type>),
}

impl<'a> Model<'a> {
    /// Reads serde's attributes, and the keys of `#[kenning(…)]` that are legal on fields and variants at the place.
    pub(crate) fn parse(cx: &Ctxt, input: &'a DeriveInput, place: Place) -> Self {
        let serde = Serde::read(&input.attrs);
        let spelled = spelling(&serde, "rename_all");
        let body = match &input.data {
            Data::Struct(data) => {
                Body::Struct(fields(cx, &data.fields, spelled, serde.has("default"), place))
            }
            Data::Enum(data) => {
                let within = spelling(&serde, "rename_all_fields");
                let variant = |variant| self::variant(cx, variant, spelled, within, place);
                Body::Enum(data.variants.iter().map(variant).collect())
            }
            Data::Union(_) => Body::Union,
        };
        Self { original: input, serde, format: None, body }
    }

    pub(super) fn with_format(self, format: Option<Format>) -> Self {
        Self { format, ..self }
    }

    /// Every field, of all variants.
    pub(super) fn fields(&self) -> Vec<&Field<'a>> {
        match &self.body {
            Body::Struct(fields) => fields.all.iter().collect(),
            Body::Enum(variants) => variants.iter().flat_map(|variant| &variant.fields.all).collect(),
            Body::Union => Vec::new(),
        }
    }
}

impl Format {
    pub(super) fn parse(value: &Value<'_>) -> syn::Result<Self> {
        if value.is_string() {
            value.string().map(Self::Named)
        } else {
            value.ty().map(|ty| Self::Like(Box::new(ty)))
        }
    }
}

impl Field<'_> {
    /// Neither written nor read.
    pub(super) fn is_skipped(&self) -> bool {
        self.serde.has("skip") || (self.serde.has("skip_serializing") && self.serde.has("skip_deserializing"))
    }

    pub(super) fn has_default(&self) -> bool {
        self.in_default || self.serde.has("default")
    }

    /// As far as can be seen: an alias of `Option` is no `Option` here.
    pub(super) fn is_option(&self) -> bool {
        last_is(&self.original.ty, "Option")
    }

    /// serde's transparent structs pass over it.
    pub(super) fn is_phantom(&self) -> bool {
        last_is(&self.original.ty, "PhantomData")
    }
}

impl Variant<'_> {
    /// Never read.
    pub(super) fn is_skipped(&self) -> bool {
        self.serde.has("skip") || self.serde.has("skip_deserializing")
    }
}

fn last_is(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// How names are spelled that no `rename` gives.
fn spelling(serde: &Serde, key: &str) -> Option<Spelling> {
    serde.written(key).and_then(|name| Spelling::named(&name))
}

fn fields<'a>(
    cx: &Ctxt,
    fields: &'a syn::Fields,
    rule: Option<Spelling>,
    in_default: bool,
    place: Place,
) -> Fields<'a> {
    let style = match fields {
        syn::Fields::Unit => Style::Unit,
        syn::Fields::Unnamed(places) if places.unnamed.len() == 1 => Style::Newtype,
        syn::Fields::Unnamed(_) => Style::Tuple,
        syn::Fields::Named(_) => Style::Named,
    };
    let field = |original: &'a syn::Field| {
        let serde = Serde::read(&original.attrs);
        let ident = original.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
        let spelled = rule.map_or(ident.clone(), |rule| rule.of_field(&ident));
        Field {
            original,
            name: serde.written("rename").unwrap_or(spelled),
            format: format(cx, &original.attrs, place),
            serde,
            in_default,
        }
    };
    Fields { style, all: fields.iter().map(field).collect() }
}

fn variant<'a>(
    cx: &Ctxt,
    original: &'a syn::Variant,
    rule: Option<Spelling>,
    within: Option<Spelling>,
    place: Place,
) -> Variant<'a> {
    let serde = Serde::read(&original.attrs);
    let ident = original.ident.unraw().to_string();
    let spelled = rule.map_or(ident.clone(), |rule| rule.of_variant(&ident));
    let within = spelling(&serde, "rename_all").or(within);
    Variant {
        original,
        name: serde.written("rename").unwrap_or(spelled),
        format: format(cx, &original.attrs, place),
        fields: fields(cx, &original.fields, within, false, place),
        serde,
    }
}

fn format(cx: &Ctxt, attrs: &[Attribute], place: Place) -> Option<Format> {
    let mut format = None;
    attr::read(cx, attrs, place, |key, value| {
        match key {
            SCHEMA => format = Some(Format::parse(value)?),
            // Of no meaning for the shape; taken so that the reader can go on.
            _ => drop(value.flag()?),
        }
        Ok(())
    });
    format
}
