//! The rules over a whole command.

use syn::ext::IdentExt;
use syn::{Field, Type};

use super::ast::Command;
use crate::ctxt::Ctxt;
use crate::{generics, names};

pub(super) fn check(cx: &Ctxt, command: &Command<'_>) {
    let help = "its body enters the command ledger, which holds one shape: name the types, and own them";
    generics::refuse(cx, &command.original.generics, "a command", help);
    if let Some(name) = &command.name {
        names::check_command(cx, name);
    }
    check_id(cx, command);
    for field in &command.fields {
        check_order(cx, field);
    }
}

fn check_id(cx: &Ctxt, command: &Command<'_>) {
    let ident = &command.original.ident;
    if command.ids.is_empty() && !command.broken_id {
        let help = match command.fields.as_slice() {
            [] => format!("add a field for it: `struct {ident} {{ #[kenning(id)] id: … }}`"),
            fields => format!("write `#[kenning(id)]` on one of its fields{}", listed(fields)),
        };
        cx.help(ident, format_args!("the command `{ident}` does not say which aggregate it is for"), help);
    }
    for second in command.ids.iter().skip(1) {
        cx.help(
            &second.mark,
            "a command is for one aggregate, but this is another id",
            "leave `#[kenning(id)]` on one field",
        );
    }
}

fn listed(fields: &[&Field]) -> String {
    let names: Vec<String> = fields
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .map(|ident| format!("`{}`", ident.unraw()))
        .collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

/// The ledger tells a resend from another body by the body's text, so that has to be the same each time. Maps are sorted by key before; a set is a list.
fn check_order(cx: &Ctxt, field: &Field) {
    if let Type::Path(path) = &field.ty
        && path.path.segments.last().is_some_and(|last| last.ident == "HashSet")
    {
        let message = "`HashSet` is written in another order each time, so a resend of this command would look like another one";
        cx.help(&field.ty, message, "write `BTreeSet`, or `Vec`");
    }
}
