//! Types that cannot be shared between threads, by what their fields hold.

use syn::{Data, DeriveInput, GenericArgument, Path, PathArguments, Type, TypeParamBound, TypeTraitObject};

/// The name of what cannot be shared, the type around it, and what to write.
pub(super) struct Unshared {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) better: &'static str,
}

/// Types that can be shared when their arguments can.
const CONTAINERS: &[&str] =
    &["Arc", "BTreeMap", "BTreeSet", "Box", "HashMap", "HashSet", "Option", "Result", "Vec", "VecDeque"];

const STD: &[&str] =
    &["Any", "Debug", "Display", "Error", "Fn", "FnMut", "FnOnce", "Iterator", "Read", "Write"];

/// What the type holds that no other thread may see. `text` is the file: a type of the same name
/// may be another one.
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
        Type::TraitObject(object) => return object_held(object, locked),
        _ => return None,
    };
    let last = path.segments.last()?;
    let name = last.ident.to_string();
    match name.as_str() {
        "Rc" if is_of_std(path, "rc", "Rc", text) => return Some((name, "std::sync::Arc")),
        "RefCell" | "Cell" if !locked && is_of_std(path, "cell", &name, text) => {
            return Some((name, "std::sync::Mutex"));
        }
        _ => {}
    }
    let lock = matches!(name.as_str(), "Mutex" | "RwLock");
    if !lock && !CONTAINERS.contains(&name.as_str()) {
        // Of another type it is not known what it asks of its arguments.
        return None;
    }
    let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
    args.args.iter().find_map(|arg| match arg {
        GenericArgument::Type(ty) => held(ty, text, locked || lock),
        _ => None,
    })
}

/// Traits of the standard library do not ask for threads; another one may.
fn object_held(object: &TypeTraitObject, locked: bool) -> Option<(String, &'static str)> {
    let mut bounds = Vec::new();
    for bound in &object.bounds {
        match bound {
            TypeParamBound::Trait(bound) => bounds.push(bound.path.segments.last()?.ident.to_string()),
            TypeParamBound::Lifetime(_) => {}
            _ => return None,
        }
    }
    let has = |name: &str| bounds.iter().any(|bound| bound == name);
    let shared = has("Send") && (locked || has("Sync"));
    let known =
        bounds.iter().all(|bound| STD.contains(&bound.as_str()) || bound == "Send" || bound == "Sync");
    (known && !shared).then(|| (crate::text::text(object), "… + Send + Sync"))
}

/// Whether the name is that of the standard library, which the file has to say in plain words.
fn is_of_std(path: &Path, module: &str, name: &str, text: &str) -> bool {
    if path.segments.len() > 1 {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        return segments == ["std", module, name];
    }
    text.contains(&format!("use std::{module}::{name};"))
        || text.split(&format!("use std::{module}::{{")).skip(1).any(|rest| {
            let listed = rest.split('}').next().unwrap_or_default();
            listed.split(',').any(|one| one.trim() == name)
        })
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::unshared;

    #[test]
    fn what_cannot_be_shared_is_found() {
        let text = "use std::cell::{Cell, RefCell}; use std::rc::Rc;";
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
                    struct A(Vec<Rc<u8>>);
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
            let other = unshared(&item, "use mine::{Rc, RefCell};").map(|found| found.name);
            assert!(other.is_none_or(|name| name.starts_with("dyn")));
        }
        let whole = parse_quote!(
            struct A(std::rc::Rc<str>, ::std::cell::RefCell<u8>);
        );
        assert_eq!(unshared(&whole, "").map(|found| found.name).as_deref(), Some("Rc"));
    }
}
