//! What a set of events says of itself.

use syn::{Data, DeriveInput, Fields, Ident, Type};

use crate::attr;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::krate::Krate;
use crate::signature::{argument, last_name};

pub(super) struct EventSet<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a DeriveInput,
    pub(super) variants: Vec<Variant<'a>>,
}

pub(super) struct Variant<'a> {
    pub(super) ident: &'a Ident,
    pub(super) event: &'a Type,
    /// The type that is written, where the event is in a box, by mistake.
    pub(super) boxed: Option<&'a Type>,
}

impl<'a> EventSet<'a> {
    pub(super) fn parse(cx: &Ctxt, input: &'a DeriveInput) -> Self {
        let mut krate = Krate::default();
        attr::read(cx, &input.attrs, Place::EventSet, |_, value| {
            krate = Krate::parse(value)?;
            Ok(())
        });
        Self { krate, original: input, variants: variants(cx, input) }
    }
}

fn variants<'a>(cx: &Ctxt, input: &'a DeriveInput) -> Vec<Variant<'a>> {
    let Data::Enum(data) = &input.data else {
        let help = format!(
            "write an enum with one variant for each event, as in `enum {} {{ Placed(OrderPlaced) }}`",
            input.ident
        );
        cx.help(&input.ident, "a set of events is an enum", help);
        return Vec::new();
    };
    if data.variants.is_empty() {
        cx.help(
            &input.ident,
            "this set has no event",
            "add a variant for each event, as in `Placed(OrderPlaced)`",
        );
    }
    data.variants.iter().filter_map(|variant| parse_variant(cx, variant)).collect()
}

fn parse_variant<'a>(cx: &Ctxt, variant: &'a syn::Variant) -> Option<Variant<'a>> {
    attr::read(cx, &variant.attrs, Place::EventVariant, |_, _| Ok(()));
    let ident = &variant.ident;
    let help = match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            return fields.unnamed.first().map(|field| {
                let inner = last_name(&field.ty)
                    .filter(|name| ["Box", "Arc", "Rc"].iter().any(|other| *name == other))
                    .and_then(|_| argument(&field.ty, 0));
                Variant { ident, event: inner.unwrap_or(&field.ty), boxed: inner.map(|_| &field.ty) }
            });
        }
        Fields::Unnamed(_) => {
            format!("keep its data in one struct with `#[derive(Event)]`, and write `{ident}(…)`")
        }
        Fields::Named(_) => {
            format!("move the fields to a struct with `#[derive(Event)]`, and write `{ident}(…)`")
        }
        Fields::Unit => format!("declare a struct with `#[derive(Event)]`, and write `{ident}(…)`"),
    };
    cx.help(variant, format_args!("the variant `{ident}` does not hold exactly one event"), help);
    None
}
