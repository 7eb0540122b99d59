//! Types that cannot be shared between threads, by what their fields hold.

use syn::{Data, DeriveInput, GenericArgument, PathArguments, Type};

/// The name of what cannot be shared, the type around it, and what to write.
pub(super) struct Unshared {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) better: &'static str,
}

/// What the type holds that no other thread may see. `text` is the file: a type of the same name may be another one.
pub(super) fn unshared(item: &DeriveInput, text: &str) -> Option<Unshared> {
    let fields: Vec<&syn::Field> = match &item.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    fields.into_iter().find_map(|field| {
        let (name, better) = held(&field.ty, text, false)?;
        Some(Unshared { name, ty: field.ty.clone(), better })
    })
}

fn held(ty: &Type, text: &str, locked: bool) -> Option<(String, &'static str)> {
    let path = match ty {
        Type::Path(path) => &path.path,
        Type::Array(array) => return held(&array.elem, text, locked),
        Type::Group(group) => return held(&group.elem, text, locked),
        Type::Paren(paren) => return held(&paren.elem, text, locked),
        Type::Tuple(tuple) => return tuple.elems.iter().find_map(|elem| held(elem, text, locked)),
        _ => return None,
    };
    let last = path.segments.last()?;
    let name = last.ident.to_string();
    match name.as_str() {
        "Rc" if text.contains("rc::") => return Some((name, "std::sync::Arc")),
        "RefCell" | "Cell" | "OnceCell" if !locked && text.contains("cell::") => {
            return Some((name, "std::sync::Mutex"));
        }
        "PhantomData" => return None,
        _ => {}
    }
    let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
    let locked = locked || matches!(name.as_str(), "Mutex" | "RwLock");
    args.args.iter().find_map(|arg| match arg {
        GenericArgument::Type(ty) => held(ty, text, locked),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::unshared;

    #[test]
    fn what_cannot_be_shared_is_found() {
        let text = "use std::{cell::RefCell, rc::Rc};";
        for (item, name) in [
            (
                parse_quote!(
                    struct A {
                        a: Vec<Rc<str>>,
                    }
                ),
                Some("Rc"),
            ),
            (
                parse_quote!(
                    struct A {
                        a: Mutex<Rc<str>>,
                    }
                ),
                Some("Rc"),
            ),
            (
                parse_quote!(
                    struct A(Arc<RefCell<u8>>);
                ),
                Some("RefCell"),
            ),
            (
                parse_quote!(
                    struct A {
                        a: Arc<Mutex<RefCell<u8>>>,
                    }
                ),
                None,
            ),
            (
                parse_quote!(
                    struct A {
                        a: PhantomData<Rc<u8>>,
                    }
                ),
                None,
            ),
        ] {
            assert_eq!(unshared(&item, text).map(|found| found.name).as_deref(), name);
            assert!(unshared(&item, "use mine::Rc;").is_none());
        }
    }
}
