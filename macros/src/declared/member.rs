//! Events that their set does not have. The compiler reports each use of such an event.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Data, Fields, FnArg, ReturnType, Type};

use super::lacking::derives;
use super::wants::{plain, values};
use super::{Declared, Lacking, TOLD, look_up, look_up_at};
use crate::impl_block::ImplBlock;
use crate::krate::Krate;
use crate::signature::{argument, last_name};
use crate::symbol::{AGGREGATE, APPLY, COMMAND, EVENTS, ON, PROJECTION, READ_MODEL};

/// The events that the functions of a block take or make, and that the set does not have.
pub(super) fn check(out: &mut TokenStream, attribute: &str, args: &TokenStream, block: &ImplBlock) {
    let set = match attribute {
        AGGREGATE | READ_MODEL => match &*block.header.self_ty {
            Type::Path(path) => path.path.get_ident().and_then(set_of),
            _ => None,
        },
        PROJECTION => {
            let mut set = None;
            values(args.clone(), EVENTS, |ty| {
                let Type::Path(path) = ty else { return };
                set = path.path.get_ident().and_then(|ident| Some((ident.to_string(), look_up(ident)?)));
            });
            set
        }
        _ => None,
    };
    let Some((name, set)) = set else { return };
    let mut check = |ident: &Ident| out.extend(absent(ident, &name, &set));
    for function in block.functions() {
        let has = |mark: &str| {
            let mut names = function.attrs.iter().filter_map(|attr| attr.path().segments.last());
            names.any(|last| last.ident == mark)
        };
        if has(APPLY) || has(ON) {
            for input in &function.sig.inputs {
                let FnArg::Typed(input) = input else { continue };
                let ty = match &*input.ty {
                    Type::Reference(reference) if reference.mutability.is_none() => &*reference.elem,
                    _ => continue,
                };
                plain(ty, &mut check);
            }
        } else if has(COMMAND)
            && let ReturnType::Type(_, ty) = &function.sig.output
        {
            let made = argument(ty, 0).filter(|_| last_name(ty).is_some_and(|name| name == "Result"));
            plain(made.unwrap_or(ty), &mut check);
        }
    }
}

/// The set that the type names, and where it is declared.
fn set_of(owner: &Ident) -> Option<(String, Declared)> {
    let owner = look_up(owner)?;
    let [found] = owner.found.as_slice() else { return None };
    let attrs = found.item.attrs.iter().filter(|attr| attr.path().is_ident("kenning"));
    let mut name = None;
    for attr in attrs {
        let list = attr.meta.require_list().ok()?;
        values(list.tokens.clone(), EVENTS, |ty| {
            let Type::Path(path) = ty else { return };
            name = path.path.get_ident().map(ToString::to_string);
        });
    }
    let name = name?;
    let set = look_up_at(&owner.path, &owner.file, &name, found.place)?;
    Some((name, set))
}

/// The error, and impls as if the set had the event, if it certainly does not.
fn absent(event: &Ident, name: &str, set: &Declared) -> Option<TokenStream> {
    let declared = look_up(event)?;
    let ([found], [of]) = (declared.found.as_slice(), set.found.as_slice()) else { return None };
    let is = |item: &syn::DeriveInput, derive: Lacking| {
        item.generics.params.is_empty()
            && derives(&item.attrs).is_some_and(|derived| derived.contains(&derive))
    };
    if declared.path != set.path || !is(&found.item, Lacking::Event) || !is(&of.item, Lacking::EventSet) {
        return None;
    }
    let Data::Enum(data) = &of.item.data else { return None };
    for variant in &data.variants {
        let Fields::Unnamed(fields) = &variant.fields else { return None };
        let ([Some(field)], []) = ([fields.unnamed.first()], variant.attrs.as_slice()) else { return None };
        let Type::Path(path) = &field.ty else { return None };
        let held = path.path.get_ident()?.to_string();
        // What is no struct of this module may be another name of the event.
        let held = look_up_at(&set.path, &set.file, &held, of.place)?;
        if held.found.iter().any(|held| held.place == found.place) {
            return None;
        }
    }
    let mut told = TOLD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !told.insert((declared.path.clone(), found.place, Lacking::Member)) {
        return None;
    }
    let variant = event.to_string();
    let variant = name.strip_suffix("Event").and_then(|prefix| variant.strip_prefix(prefix));
    let variant = variant.filter(|variant| variant.starts_with(char::is_uppercase));
    let variant = variant.map_or_else(|| event.to_string(), str::to_owned);
    let message = format!(
        "`{event}` is not an event of `{name}`\nhelp: add the variant `{variant}({event})` to `{name}`, in line {}, or name an event that it has",
        set.file.line(of.place)
    );
    let error = syn::Error::new_spanned(event, message).into_compile_error();
    let (krate, set) = (Krate::default(), Ident::new(name, event.span()));
    Some(quote! {
        #error

        #[automatically_derived]
        impl ::core::convert::From<#event> for #set {
            fn from(_: #event) -> Self {
                ::core::unreachable!()
            }
        }

        #[automatically_derived]
        impl #krate::Includes<#event> for #set {
            fn get(&self) -> ::core::option::Option<&#event> {
                ::core::unreachable!()
            }
        }

        #[automatically_derived]
        impl #krate::IntoEvents<#set> for #event {
            type Rejection = ::core::convert::Infallible;

            fn into_events(
                self,
                _: &mut ::std::vec::Vec<#set>,
            ) -> ::core::result::Result<(), Self::Rejection> {
                ::core::unreachable!()
            }
        }
    })
}
