//! What makes a schema impossible, or the data unreadable.

mod buffered;

use super::ast::{Body, Field, Model};
use super::serde::Serde;
use crate::ctxt::Ctxt;
use crate::event;
use crate::text::text;

/// Keys of serde that hand a value to functions of the user's own.
const CUSTOM: &[&str] = &["with", "serialize_with", "deserialize_with"];

/// The rules for a type of its own; an event and an aggregate have stricter ones.
pub(super) fn check_item(cx: &Ctxt, model: &Model<'_>) {
    if let Body::Union = model.body {
        let help = "write a struct or an enum in place of the union";
        cx.help(&model.original.ident, "a union has no shape as JSON", help);
    }
    if model.format.is_none() && model.original.generics.lifetimes().next().is_none() {
        let stored = model.fields().into_iter().filter(|field| !field.is_skipped());
        stored.for_each(|field| event::check_portable(cx, field.original));
    }
    for lifetime in model.original.generics.lifetimes() {
        let help = "own the data, as in `String` for `&str`";
        cx.help(lifetime, "a type that borrows cannot be read back from the store", help);
    }
}

/// Refuses formats that nobody has described.
pub(crate) fn check_formats(cx: &Ctxt, model: &Model<'_>) {
    if model.format.is_some() {
        return;
    }
    for key in ["from", "try_from", "into"] {
        if let Some(literal) = model.serde.literal(key) {
            cx.ok(literal.parse::<syn::Type>());
        }
    }
    for field in model.fields() {
        if field.format.is_none() && !field.is_skipped() {
            custom(cx, &field.serde);
        }
    }
    if let Body::Enum(variants) = &model.body {
        for variant in variants.iter().filter(|variant| variant.format.is_none()) {
            custom(cx, &variant.serde);
        }
    }
}

fn custom(cx: &Ctxt, serde: &Serde) {
    if let Some(entry) = serde.first(CUSTOM) {
        let message = format!("`{}` writes a format that nothing here tells", entry.key);
        let help = "write `#[kenning(schema = \"rfc3339\")]` beside it: a name that is changed with the format, or a type like it";
        cx.help(&entry.key, message, help);
    }
}

/// Refuses what serde writes and does not read back.
pub(crate) fn check_round_trip(cx: &Ctxt, model: &Model<'_>) {
    check_spelling(cx, &model.serde);
    model.fields().into_iter().for_each(|field| check_field(cx, field));
    check_names(cx, model);
    let Body::Enum(variants) = &model.body else { return };
    if let Some(entry) = model.serde.first(&["tag", "untagged"])
        && !model.serde.has("content")
    {
        let kept = model.fields().into_iter().filter(|field| !field.is_skipped() && field.format.is_none());
        kept.for_each(|field| buffered::check(cx, &field.original.ty, &entry.key));
    }
    for variant in variants {
        check_spelling(cx, &variant.serde);
        check_rename(cx, &variant.serde);
        if let Some(entry) = variant.serde.first(&["skip_deserializing"])
            && !variant.serde.has("skip_serializing")
        {
            cx.help(&entry.key, "the variant is written and cannot be read back", "write `skip`");
        }
    }
}

/// Two fields under one key, or two variants under one name, are read as one of the two.
fn check_names(cx: &Ctxt, model: &Model<'_>) {
    let twice = |fields: &super::ast::Fields<'_>| {
        let kept: Vec<_> =
            fields.all.iter().filter(|field| !field.is_skipped() && !field.name.is_empty()).collect();
        for (nth, field) in kept.iter().enumerate() {
            if let Some(first) = kept.iter().take(nth).find(|first| meet(first, field)) {
                let name = shared((&first.name, &first.serde), &field.name);
                let ident = first.original.ident.as_ref();
                let message = format!("this field and `{}` have the key `{name}` in common", text(ident));
                cx.help(&field.original.ident, message, "give each field a key that no other is read from");
            }
        }
    };
    match &model.body {
        Body::Struct(fields) => twice(fields),
        Body::Enum(variants) => {
            variants.iter().for_each(|variant| twice(&variant.fields));
            for (nth, variant) in variants.iter().enumerate().filter(|(_, variant)| !variant.is_skipped()) {
                let meets = |first: &&super::ast::Variant<'_>| {
                    !first.is_skipped()
                        && named_alike((&first.name, &first.serde), (&variant.name, &variant.serde))
                };
                if let Some(first) = variants.iter().take(nth).find(meets) {
                    let name = shared((&first.name, &first.serde), &variant.name);
                    let ident = &first.original.ident;
                    let message = format!("this variant and `{ident}` have the name `{name}` in common");
                    cx.help(
                        &variant.original.ident,
                        message,
                        "give each variant a name that no other is read from",
                    );
                }
            }
        }
        Body::Union => {}
    }
}

fn meet(one: &Field<'_>, other: &Field<'_>) -> bool {
    let flattened = one.serde.has("flatten") || other.serde.has("flatten");
    !flattened && named_alike((&one.name, &one.serde), (&other.name, &other.serde))
}

/// The name that two have in common, of which the second is called `name`.
fn shared<'a>((first, told): (&'a String, &Serde), name: &'a String) -> &'a String {
    if told.aliases().contains(name) { name } else { first }
}

fn named_alike((one, told): (&String, &Serde), (other, other_told): (&String, &Serde)) -> bool {
    one == other || told.aliases().contains(other) || other_told.aliases().contains(one)
}

fn check_field(cx: &Ctxt, field: &Field<'_>) {
    check_rename(cx, &field.serde);
    let absent = field.serde.first(&["skip_serializing", "skip_serializing_if"]);
    if let Some(entry) = absent
        && !field.has_default()
        && !field.is_option()
        && !field.serde.has("skip_deserializing")
    {
        let message =
            format!("`{}` leaves the field out, and without a default it cannot be read back", entry.key);
        cx.help(&entry.key, message, "write `default` beside it");
    }
}

fn check_rename(cx: &Ctxt, serde: &Serde) {
    let (written, read) = (serde.written("rename"), serde.read_as("rename"));
    let Some(entry) = serde.first(&["rename"]) else { return };
    if written != read && !written.is_some_and(|written| serde.aliases().contains(&written)) {
        let message = "it is written under one name and read under another";
        cx.help(&entry.key, message, "write `rename = \"…\"`, and `alias = \"…\"` for each former name");
    }
}

/// One spelling for both ways, and one that there is.
fn check_spelling(cx: &Ctxt, serde: &Serde) {
    for key in ["rename_all", "rename_all_fields"] {
        if serde.written(key) != serde.read_as(key)
            && let Some(entry) = serde.first(&[key])
        {
            let message = "names are written in one spelling and read in another";
            cx.help(&entry.key, message, format_args!("write `{key} = \"…\"`"));
        }
    }
}

/// Refuses what a snapshot would leave out: a state read from one has to equal the state of a replay.
pub(crate) fn check_complete(cx: &Ctxt, model: &Model<'_>) {
    for field in model.fields().into_iter().filter(|field| !field.is_phantom()) {
        if let Some(entry) = field.serde.first(&["skip", "skip_serializing", "skip_deserializing"]) {
            let message = format!(
                "`{}` leaves the field out of snapshots, and a state read from one would differ from a replayed one",
                entry.key
            );
            cx.help(&entry.key, message, "store the field, or leave out `snapshot_every`");
        }
    }
}
