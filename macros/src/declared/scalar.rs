//! Types that are certainly not one string or one number.

use syn::{Attribute, Data, Fields, PathArguments, Type};

use super::lacking::derives;
use super::{Lacking, look_up};

const NEVER: &[&str] =
    &["BTreeMap", "BTreeSet", "HashMap", "HashSet", "Option", "Vec", "VecDeque", "f32", "f64"];

/// Whether the type cannot be the id of anything.
pub(crate) fn is_no_id(ty: &Type) -> bool {
    let path = match ty {
        Type::Path(path) if path.qself.is_none() => &path.path,
        Type::Tuple(tuple) => return tuple.elems.len() > 1,
        Type::Group(group) => return is_no_id(&group.elem),
        Type::Paren(paren) => return is_no_id(&paren.elem),
        _ => return false,
    };
    let [segment] = path.segments.iter().collect::<Vec<_>>()[..] else { return false };
    if NEVER.iter().any(|never| segment.ident == never) {
        // A list of bytes is a value of its own.
        let bytes = crate::text::text(ty) == "Vec<u8>";
        return !bytes && look_up(&segment.ident).is_none();
    }
    if !matches!(segment.arguments, PathArguments::None) {
        return false;
    }
    let Some(declared) = look_up(&segment.ident) else { return false };
    let written = |attrs: &[Attribute]| attrs.iter().any(|attr| !attr.path().is_ident("doc"));
    declared.found.iter().all(|found| {
        let item = &found.item;
        let plain = derives(&item.attrs).is_some_and(|derived| derived.contains(&Lacking::Schema))
            && !item
                .attrs
                .iter()
                .any(|attr| attr.path().is_ident("serde") || attr.path().is_ident("kenning"));
        let holds = match &item.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => fields.named.iter().all(|field| !written(&field.attrs)),
                Fields::Unnamed(fields) => match fields.unnamed.iter().collect::<Vec<_>>()[..] {
                    [field] => !written(&field.attrs) && is_float(&field.ty),
                    ref fields => fields.len() > 1 && fields.iter().all(|field| !written(&field.attrs)),
                },
                Fields::Unit => false,
            },
            Data::Enum(data) => data.variants.iter().any(|variant| !variant.fields.is_empty()),
            Data::Union(_) => false,
        };
        plain && holds
    })
}

/// Whether it is a floating-point number, or a type around one.
pub(super) fn is_float_id(ty: &Type) -> bool {
    let around = |ty: &Type| {
        let declared = look_up(crate::signature::last_name(ty)?)?;
        let Data::Struct(data) = &declared.found.first()?.item.data else { return None };
        let first = data.fields.iter().next().map(|field| is_float(&field.ty))?;
        Some(first && data.fields.len() == 1)
    };
    is_float(ty) || around(ty) == Some(true)
}

fn is_float(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.is_ident("f32") || path.path.is_ident("f64")
}
