//! The impls of an aggregate's state.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::ast::Aggregate;
use crate::signature::argument;
use crate::{declared, schema};

/// ```ignore
/// impl Aggregate for Order {
///     const CATEGORY: &'static str = "order";
///     type Id = OrderId;
///     type Events = OrderEvent;
///     const SNAPSHOTS: Option<Snapshots<Self>> = Some(Snapshots::every(100).fold(2));     // with `snapshot_every`, `fold`
/// }
/// impl Schema for Order { … }                                             // with `snapshot_every`
/// const _: () = assert_scalar_id::<Order>();
/// ```
pub(super) fn expand(aggregate: &Aggregate<'_>) -> TokenStream {
    let Aggregate { krate, original, category, id, events, snapshots, fold, schema } = aggregate;
    let ident = &original.ident;
    let schema = snapshots.is_some().then(|| schema::expand_impl(krate, schema));
    let snapshots = snapshots.as_ref().map(|snapshots| {
        let every = Literal::u64_unsuffixed(snapshots.events);
        let span = snapshots.key.span();
        let kenning = krate.at(span);
        let fold = fold.as_ref().map(|(version, key)| {
            let version = Literal::u32_unsuffixed(*version);
            quote_spanned!(key.span()=> .fold(#version))
        });
        let every = quote_spanned!(span=> #kenning::Snapshots::<Self>::every(#every));
        let every = quote!(#every #fold);
        quote! {
            const SNAPSHOTS: ::core::option::Option<#krate::Snapshots<Self>> = ::core::option::Option::Some(#every);
        }
    });
    // A type that is not as public as the aggregate is reported under its tokens.
    let id_type = match id {
        // That it is several values is reported; commands have one of them.
        Some(Type::Tuple(tuple)) if tuple.elems.len() > 1 => tuple.elems.first(),
        Some(id) if declared::is_no_id(id) => argument(id, 0).or(Some(id)),
        id => id.as_ref(),
    };
    let id_type = quote_spanned!(id.span()=> type Id = #id_type;);
    let events_type = quote_spanned!(events.span()=> type Events = #events;);
    let kenning = krate.at(id.span());
    let told = id.as_ref().is_some_and(declared::is_no_id);
    let scalar = (!told).then(|| {
        let scalar = quote_spanned!(id.span()=> #kenning::__private::assert_scalar_id::<#ident>());
        quote!(const _: () = #scalar;)
    });
    quote! {
        #[automatically_derived]
        impl #krate::Aggregate for #ident {
            const CATEGORY: &'static str = #category;
            #id_type
            #events_type
            #snapshots
        }

        #schema

        #scalar
    }
}

/// The errors, and an aggregate as far as its types are known.
pub(super) fn inert(aggregate: &Aggregate<'_>, error: &syn::Error) -> TokenStream {
    let Aggregate { krate, original, id, events, .. } = aggregate;
    let (errors, ident) = (error.to_compile_error(), &original.ident);
    if !original.generics.params.is_empty() {
        return errors;
    }
    let unknown = krate.unknown();
    let (id, events) = (id.as_ref().unwrap_or(&unknown), events.as_ref().unwrap_or(&unknown));
    let schema = aggregate.snapshots.is_some().then(|| schema::inert(krate, original));
    quote! {
        #errors
        #schema

        #[automatically_derived]
        impl #krate::Aggregate for #ident {
            const CATEGORY: &'static str = "";
            type Id = #id;
            type Events = #events;
        }
    }
}
