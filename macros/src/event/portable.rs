//! Refuses fields whose encoding differs between machines, or that cannot be read back. An alias hides a type from this check; its schema does not.

use proc_macro2::TokenTree;
use syn::{Attribute, Field, GenericArgument, PathArguments, ReturnType, Type};

use crate::ctxt::Ctxt;
use crate::symbol::KENNING;
use crate::text::text;

/// Types by their last name: what is wrong with them, what to write.
const UNPORTABLE: &[(&str, &str, &str)] = &[
    ("usize", "is as large as the machine's addresses", "u64"),
    ("isize", "is as large as the machine's addresses", "i64"),
    ("NonZeroUsize", "is as large as the machine's addresses", "NonZeroU64"),
    ("NonZeroIsize", "is as large as the machine's addresses", "NonZeroI64"),
    ("AtomicUsize", "is as large as the machine's addresses", "u64"),
    ("AtomicIsize", "is as large as the machine's addresses", "i64"),
    ("Instant", "means nothing outside the process that took it", "time::OffsetDateTime"),
    ("SystemTime", "is of another precision on another system", "time::OffsetDateTime"),
    ("OsString", "is encoded differently on other systems", "String"),
    ("OsStr", "is encoded differently on other systems", "String"),
    ("PathBuf", "is encoded differently on other systems", "String"),
    ("Path", "is encoded differently on other systems", "String"),
];

/// Checks one field of an event. `#[kenning(schema = …)]` says that the user knows the format, so that the type does not matter.
pub(crate) fn check(cx: &Ctxt, field: &Field) {
    if !field.attrs.iter().any(names_schema) {
        check_type(cx, &field.ty);
    }
}

fn names_schema(attr: &Attribute) -> bool {
    let names = |token| matches!(token, TokenTree::Ident(ident) if ident == "schema");
    attr.path().is_ident(KENNING)
        && attr.meta.require_list().is_ok_and(|list| list.tokens.clone().into_iter().any(names))
}

fn check_type(cx: &Ctxt, ty: &Type) {
    match ty {
        Type::Path(path) => check_path(cx, ty, path),
        Type::Array(array) => check_type(cx, &array.elem),
        Type::Slice(slice) => check_type(cx, &slice.elem),
        Type::Paren(paren) => check_type(cx, &paren.elem),
        Type::Group(group) => check_type(cx, &group.elem),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| check_type(cx, elem)),
        Type::Reference(reference) => {
            let target = text(&reference.elem);
            let help = format!("write `{}`", if target == "str" { "String" } else { &target });
            cx.help(ty, "an event owns its data: a reference cannot be read back from the store", help);
        }
        Type::Ptr(_) | Type::FnPtr(_) => {
            cx.help(ty, "an address cannot be stored", "store what it leads to, or its name");
        }
        Type::TraitObject(_) | Type::ImplTrait(_) => {
            cx.help(
                ty,
                "an event's fields have known types",
                "name the type, or write an enum of those that are possible",
            );
        }
        _ => {}
    }
}

fn check_path(cx: &Ctxt, ty: &Type, path: &syn::TypePath) {
    let Some(last) = path.path.segments.last() else { return };
    if let Some((name, problem, better)) = UNPORTABLE.iter().find(|(name, ..)| last.ident == name) {
        cx.help(
            ty,
            format_args!("`{name}` {problem}, so it cannot be stored"),
            format_args!("write `{better}`"),
        );
    }
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            for argument in &arguments.args {
                if let GenericArgument::Type(ty) = argument {
                    check_type(cx, ty);
                }
            }
        }
        PathArguments::Parenthesized(arguments) => {
            arguments.inputs.iter().for_each(|input| check_type(cx, &input.ty));
            if let ReturnType::Type(_, ty) = &arguments.output {
                check_type(cx, ty);
            }
        }
        PathArguments::None => {}
    }
}
