//! The rules over a whole read model.

use std::collections::HashMap;

use syn::ext::IdentExt;
use syn::{GenericArgument, PathArguments, Type};

use super::ast::{Field, Index, ReadModel};
use crate::ctxt::Ctxt;
use crate::signature::last_name;
use crate::suggest::nearest;
use crate::{generics, names};

pub(super) fn check(cx: &Ctxt, model: &ReadModel<'_>) {
    let help = "its table has one kind of rows: name the types, and own them";
    generics::refuse(cx, &model.original.generics, "a read model", help);
    if let Some(table) = &model.table {
        names::check_table(cx, table);
    }
    check_key(cx, model);
    for field in &model.fields {
        check_field(cx, field);
    }
    check_columns(cx, model);
    check_indexes(cx, model);
}

fn check_key(cx: &Ctxt, model: &ReadModel<'_>) {
    let ident = &model.original.ident;
    let mut keys = model.fields.iter().filter_map(|field| Some((field, field.key.as_ref()?)));
    let Some((field, _)) = keys.next() else {
        if !model.broken {
            let help = match model.fields.first() {
                Some(first) => {
                    format!("write `#[kenning(key)]` on one of its fields, as on `{}`", first.ident)
                }
                None => "give it a field with `#[kenning(key)]`".to_owned(),
            };
            cx.help(ident, format_args!("nothing tells one row of `{ident}` from another"), help);
        }
        return;
    };
    for (_, second) in keys {
        let help = format!(
            "leave `#[kenning(key)]` on one field, as on `{}`; for other columns that no two rows share write `#[kenning(unique)]`",
            field.ident
        );
        cx.help(second, "a row is told from others by one field, but this is another key", help);
    }
}

fn check_field(cx: &Ctxt, field: &Field<'_>) {
    let Field { ident, key, index, unique, json, .. } = field;
    if let (Some(_), Some(json)) = (key, json) {
        cx.help(
            json,
            "the key is compared, which JSON cannot be",
            "leave `json` out, or make another field the key",
        );
    } else if field.is_option() && key.is_some() {
        cx.help(
            field.ty,
            "the key of a row is always there, so that it cannot be an `Option`",
            "leave `Option` out",
        );
    }
    if json.is_none() && is_option_of_option(field.ty) {
        let help = "leave one `Option` out, or write `#[kenning(json)]` on the field";
        cx.help(field.ty, "a column that holds nothing does not tell which of two `None`s it was", help);
    }
    for mark in [index, unique].into_iter().flatten() {
        if json.is_some() {
            let help = format!("leave `{mark}` out, or give what is looked for a column of its own");
            cx.help(mark, format_args!("`{ident}` is kept as JSON, and JSON has no index"), help);
        } else if key.is_some() {
            cx.help(
                mark,
                "the key has an index of its own, and no two rows share it",
                format_args!("leave `{mark}` out"),
            );
        }
    }
    if let (Some(index), Some(_)) = (index, unique) {
        cx.help(index, "`unique` is an index already", "leave `index` out");
    }
}

fn is_option_of_option(ty: &Type) -> bool {
    let inner = |ty: &Type| -> Option<Type> {
        let Type::Path(path) = ty else { return None };
        let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => Some(inner.clone()),
            _ => None,
        }
    };
    inner(ty).is_some_and(|inner| last_name(&inner).is_some_and(|name| name == "Option"))
}

fn check_columns(cx: &Ctxt, model: &ReadModel<'_>) {
    let mut seen: HashMap<&str, &Field<'_>> = HashMap::new();
    for field in &model.fields {
        match &field.renamed {
            Some(name) => names::check_column(cx, name, &field.column),
            None => names::check_column(cx, field.ident, &field.column),
        }
        let Some(first) = seen.insert(&field.column, field) else { continue };
        let message = format!("the field `{}` has the column `{}` already", first.ident, field.column);
        let help = "give each field a column of its own";
        match (&field.renamed, &first.renamed) {
            (Some(name), _) | (None, Some(name)) => cx.help(name, message, help),
            (None, None) => cx.help(field.ident, message, help),
        }
    }
}

fn check_indexes(cx: &Ctxt, model: &ReadModel<'_>) {
    let mut seen: Vec<Vec<usize>> = Vec::new();
    let marked = |field: &Field<'_>| field.index.is_some() || field.unique.is_some() || field.key.is_some();
    seen.extend(
        model.fields.iter().enumerate().filter(|(_, field)| marked(field)).map(|(place, _)| vec![place]),
    );
    for Index { fields, .. } in &model.indexes {
        let mut places = Vec::new();
        for name in fields {
            let Some((place, field)) =
                model.place(name).and_then(|place| Some((place, model.fields.get(place)?)))
            else {
                unknown(cx, model, name);
                continue;
            };
            if field.json.is_some() {
                let help = "leave it out, or give what is looked for a column of its own";
                cx.help(name, format_args!("`{name}` is kept as JSON, and JSON has no index"), help);
            } else if places.contains(&place) {
                cx.help(name, format_args!("`{name}` is in this index twice"), "remove one of the two");
            }
            places.push(place);
        }
        if places.len() == fields.len() && seen.contains(&places) {
            cx.help(fields.first(), "there is an index over these columns already", "remove one of the two");
        }
        seen.push(places);
    }
}

fn unknown(cx: &Ctxt, model: &ReadModel<'_>, name: &syn::Ident) {
    if model.broken && model.fields.is_empty() {
        return;
    }
    let fields: Vec<String> = model.fields.iter().map(|field| field.ident.unraw().to_string()).collect();
    let help = match nearest(&name.unraw().to_string(), fields.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "its fields are {}",
            fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    cx.help(name, format_args!("`{}` has no field `{name}`", model.original.ident), help);
}
