//! The rules over a saga's data.

use syn::ext::IdentExt;

use super::ast::Saga;
use crate::ctxt::Ctxt;
use crate::suggest::nearest;
use crate::symbol::{ID, NAME};
use crate::text::{same, text};
use crate::{event, generics, names, schema};

pub(super) fn check(cx: &Ctxt, saga: &Saga<'_>) {
    if let Some(name) = &saga.name {
        names::check_consumer(cx, name, "the name of a saga");
    }
    if !saga.missing.is_empty() {
        report_missing(cx, saga);
    }
    let help = "an instance is kept for months, in one shape: name the types, and own them";
    generics::refuse(cx, &saga.original.generics, "a saga", help);
    check_id(cx, saga);
    check_migrations(cx, saga);
    schema::check_formats(cx, &saga.schema);
    schema::check_round_trip(cx, &saga.schema);
    event::check_evolution(cx, &saga.original.attrs, "instances");
    for field in &saga.fields {
        // With a lifetime parameter, the borrowed fields are the same mistake.
        if saga.original.generics.lifetimes().next().is_none() {
            event::check_portable(cx, field);
        }
        event::check_evolution(cx, &field.attrs, "instances");
    }
}

/// One report, however many are missing: they are typed in one go.
fn report_missing(cx: &Ctxt, saga: &Saga<'_>) {
    let ident = &saga.original.ident;
    let word = names::consumer_of(&ident.unraw().to_string()).replace('_', "-");
    let field = saga.fields.iter().filter_map(|field| field.ident.as_ref()).map(ToString::to_string);
    let field =
        field.into_iter().min_by_key(|name| !name.contains("id")).unwrap_or_else(|| "order_id".to_owned());
    let form = |key: &&str| match *key {
        NAME => format!("name = \"{word}\""),
        ID => format!("id = {field}"),
        version => format!("{version} = 1"),
    };
    let missing: Vec<String> = saga.missing.iter().map(|key| format!("`{key}`")).collect();
    let forms: Vec<String> = saga.missing.iter().map(form).collect();
    let help = format!("write `#[kenning({})]`", forms.join(", "));
    cx.help(ident, format_args!("the saga `{ident}` has no {}", missing.join(", no ")), help);
}

fn check_id(cx: &Ctxt, saga: &Saga<'_>) {
    let (Some(id), false) = (&saga.id, saga.fields.is_empty()) else { return };
    if saga.id_field().is_some() {
        return;
    }
    let name = id.unraw().to_string();
    let names: Vec<String> = saga
        .fields
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .map(|ident| ident.unraw().to_string())
        .collect();
    let by_type = saga.fields.iter().find(|field| same(&field.ty, id)).and_then(|field| field.ident.as_ref());
    let help = match (by_type, nearest(&name, names.iter().map(String::as_str))) {
        (Some(field), _) => format!("name the field, not its type: `id = {field}`"),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => {
            let fields: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("its fields are {}", fields.join(", "))
        }
    };
    cx.help(id, format_args!("`{}` has no field `{name}`", saga.original.ident), help);
}

fn check_migrations(cx: &Ctxt, saga: &Saga<'_>) {
    for (at, function) in saga.migrations.iter().enumerate() {
        if saga.migrations.iter().take(at).any(|before| same(before, function)) {
            let message = format!("`{}` takes over two versions at once", text(function));
            cx.help(function, message, "each version has a function of its own, oldest first");
        }
    }
    let version = saga.version.as_ref().map_or(1, |(version, _)| *version);
    let (earlier, given) = (version - 1, saga.migrations.len());
    if saga.broken || saga.missing.contains(&crate::symbol::VERSION) || given as u64 <= u64::from(earlier) {
        return;
    }
    let before = match earlier {
        0 => "no version".to_owned(),
        1 => "1 version".to_owned(),
        several => format!("{several} versions"),
    };
    let are = if given == 1 { "1 function is".to_owned() } else { format!("{given} functions are") };
    let help = format!(
        "write `version = {}`, or leave out what takes over no earlier version",
        given.saturating_add(1)
    );
    let message = format!("version {version} has {before} before it, but {are} given");
    cx.help(saga.migrations.first(), message, help);
}
