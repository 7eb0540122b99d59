//! Refuses what serde cannot read through its buffer: inside an enum with an inner tag, or with none.
//! Behind an alias or in a type of its own it is not seen here; the catalog finds it.

use syn::{GenericArgument, Ident, PathArguments, Type};

use crate::ctxt::Ctxt;

const WIDE: &[&str] = &["u128", "i128", "NonZeroU128", "NonZeroI128"];

/// Keys that are no texts, but are written as such.
const KEYS: &[&str] = &[
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "bool",
    "NonZeroU8",
    "NonZeroU16",
    "NonZeroU32",
    "NonZeroU64",
    "NonZeroU128",
    "NonZeroI8",
    "NonZeroI16",
    "NonZeroI32",
    "NonZeroI64",
    "NonZeroI128",
];

/// Checks the type of one field of a variant. `key` is what serde was told: `tag` or `untagged`.
pub(super) fn check(cx: &Ctxt, ty: &Type, key: &Ident) {
    match ty {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            if WIDE.iter().any(|wide| last.ident == wide) {
                let message = format!("`{}` is not read back in an enum with `{key}`", last.ident);
                cx.help(
                    ty,
                    message,
                    "write `content = \"…\"` beside `tag`, or leave `tag` or `untagged` out",
                );
                return;
            }
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return };
            let types: Vec<&Type> = arguments
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
                .collect();
            if last.ident.to_string().ends_with("Map")
                && let Some(Type::Path(first)) = types.first()
                && first.path.segments.last().is_some_and(|last| KEYS.iter().any(|key| last.ident == key))
            {
                let message = format!("a map with these keys is not read back in an enum with `{key}`");
                cx.help(first, message, "use keys that are texts, or write `content = \"…\"` beside `tag`");
                return;
            }
            types.into_iter().for_each(|ty| check(cx, ty, key));
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| check(cx, ty, key)),
        Type::Array(array) => check(cx, &array.elem, key),
        Type::Paren(paren) => check(cx, &paren.elem, key),
        Type::Group(group) => check(cx, &group.elem, key),
        _ => {}
    }
}
