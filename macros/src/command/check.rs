//! The rules over a whole command.

use syn::ext::IdentExt;
use syn::{Field, GenericArgument, PathArguments, Type};

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
        check_order(cx, &field.ty);
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
///
/// Behind an alias or in another type a set is not seen here; the ledger sorts those that it can tell from a list.
fn check_order(cx: &Ctxt, ty: &Type) {
    match ty {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            if last.ident.to_string().ends_with("HashSet") {
                let message = format!(
                    "`{}` is written in another order each time, so a resend of this command would look like another one",
                    last.ident
                );
                cx.help(ty, message, "write `BTreeSet`, or `Vec`");
            } else if let PathArguments::AngleBracketed(arguments) = &last.arguments {
                for argument in &arguments.args {
                    if let GenericArgument::Type(ty) = argument {
                        check_order(cx, ty);
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| check_order(cx, ty)),
        Type::Array(array) => check_order(cx, &array.elem),
        Type::Paren(paren) => check_order(cx, &paren.elem),
        Type::Group(group) => check_order(cx, &group.elem),
        _ => {}
    }
}
