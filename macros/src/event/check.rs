//! The rules over a whole event.

use syn::Attribute;

use super::ast::Event;
use super::portable;
use crate::ctxt::Ctxt;
use crate::schema::Serde;
use crate::text::{same, text};
use crate::{generics, names, schema};

pub(super) fn check(cx: &Ctxt, event: &Event<'_>) {
    if let Some(name) = &event.name {
        names::check_event(cx, name);
    }
    let help = "persisted data has one shape: name the types, and own them";
    generics::refuse(cx, &event.original.generics, "an event", help);
    check_versions(cx, event);
    schema::check_formats(cx, &event.schema);
    schema::check_round_trip(cx, &event.schema);
    check_evolution(cx, &event.original.attrs, "events");
    for field in &event.fields {
        // With a lifetime parameter, the borrowed fields are the same mistake.
        if event.original.generics.lifetimes().next().is_none() {
            portable::check(cx, field);
        }
        check_evolution(cx, &field.attrs, "events");
    }
}

fn check_versions(cx: &Ctxt, event: &Event<'_>) {
    for (at, earlier) in event.from.iter().enumerate() {
        let written = text(earlier);
        if event.from.iter().take(at).any(|before| same(before, earlier)) {
            cx.help(
                earlier,
                format_args!("`{written}` is two versions at once"),
                "each version has a type of its own, oldest first",
            );
        } else if written == "Self" || event.original.ident == written {
            let help = "list the types of the versions before it, oldest first";
            cx.help(earlier, "this is the version written today", help);
        }
    }
    let (version, earlier) = (u64::from(event.version.number), event.from.len() as u64);
    if event.version.broken || version == earlier + 1 {
        return;
    }
    let message = format!(
        "version {version} has {} before it, but {} given",
        counted(version - 1, "version"),
        match earlier {
            0 => "no earlier type is".to_owned(),
            1 => "1 earlier type is".to_owned(),
            n => format!("{n} earlier types are"),
        },
    );
    let ident = &event.original.ident;
    let help = if version > earlier + 1 {
        let types: Vec<String> = (1..version).take(4).map(|number| format!("{ident}V{number}")).collect();
        let dots = if version > 5 { ", …" } else { "" };
        format!("write `from({}{dots})`, oldest first, and a `From` for each step", types.join(", "))
    } else {
        format!("write `version = {}`, or leave out what is not an earlier version", earlier + 1)
    };
    match &event.version.literal {
        Some(literal) => cx.help(literal, message, help),
        None => cx.help(event.from.first(), message, help),
    }
}

/// Refuses what serde can be told that keeps this release and the next one from reading each other's events.
pub(crate) fn check_evolution(cx: &Ctxt, attrs: &[Attribute], noun: &str) {
    let serde = Serde::read(attrs);
    for (key, problem, help) in [
        (
            "deny_unknown_fields",
            format!("makes {noun} of a newer release unreadable"),
            "leave it out: what is not known is passed over",
        ),
        (
            "untagged",
            format!("makes stored {noun} ambiguous as soon as there is another variant"),
            "leave it out: a tag tells variants apart",
        ),
        (
            "flatten",
            "mixes the fields of two types, so that neither can get a new one".to_owned(),
            "leave it out: nest the fields",
        ),
    ] {
        if let Some(entry) = serde.first(&[key]) {
            cx.help(&entry.key, format_args!("`{key}` {problem}"), help);
        }
    }
}

fn counted(number: u64, noun: &str) -> String {
    match number {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
