//! The impls of a set of events. The only `match` over events that any macro generates is here, where all variants are known.

use std::collections::HashSet;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Data;
use syn::spanned::Spanned;

use super::ast::{EventSet, Variant};
use super::project_into;
use crate::declared::{self, Lacking};
use crate::fallback;
use crate::text::text;

/// ```ignore
/// impl EventSet for OrderEvent {
///     const EVENTS: &'static [EventInfo] = &[<OrderPlaced as Event>::INFO, …];
///     fn encode(&self) -> … { match self { Self::Placed(event) => <OrderPlaced as Event>::encode(event), … } }
///     fn decode(event: &RawEvent<'_>) -> … { match event.name { <OrderPlaced as Event>::NAME => …, … } }
/// }
/// impl<A: Apply<OrderPlaced> + …> ApplyTo<A> for OrderEvent { … }
/// impl<M: On<OrderPlaced> + …> FoldInto<M> for OrderEvent {
///     const REACH: &'static [Reach] = &[<M as On<OrderPlaced>>::REACH, …];
///     fn handled_by(self, metadata: Metadata) -> Handled<M> { match self { Self::Placed(event) => Handled::new(event, metadata), … } }
/// }
/// impl<P: Projection + Project<OrderPlaced> + …> ProjectInto<P> for OrderEvent { … }
/// // for each event:
/// impl From<OrderPlaced> for OrderEvent { … }
/// impl Includes<OrderPlaced> for OrderEvent { … }
/// impl IntoEvents<OrderEvent> for OrderPlaced { … }
/// ```
pub(super) fn expand(set: &EventSet<'_>) -> TokenStream {
    let main = event_set(set);
    let apply_to = apply_to(set);
    let fold_into = fold_into(set);
    let project_into = project_into::expand(set);
    let names = distinct_names(set);
    let members = set.variants.iter().map(|variant| member(set, variant));
    quote! { #main #apply_to #fold_into #project_into #(#members)* #names }
}

/// The errors, and impls under which the set can be used everywhere.
pub(super) fn inert(set: &EventSet<'_>, error: &syn::Error) -> TokenStream {
    let errors = error.to_compile_error();
    if !set.original.generics.params.is_empty() {
        return errors;
    }
    let (krate, ident) = (&set.krate, &set.original.ident);
    let (state, model) = (parameter(set, STATE), parameter(set, MODEL));
    let main = fallback::inert_impl(
        set.original,
        quote!(#krate::EventSet),
        quote!(::core::marker::Sized),
        quote! {
            const EVENTS: &'static [#krate::EventInfo] = &[];
            fn encode(&self) -> ::core::result::Result<#krate::EncodedEvent, #krate::EncodeError> {
                ::core::unreachable!()
            }
            fn decode(_: &#krate::RawEvent<'_>) -> ::core::result::Result<Self, #krate::DecodeError> {
                ::core::unreachable!()
            }
        },
    );
    let project_into = project_into::inert(set);
    let members = distinct(set).map(|variant| member(set, variant));
    let unread = set.variants.iter().any(|variant| variant.boxed.is_some())
        || match &set.original.data {
            Data::Enum(data) => data.variants.len() > set.variants.len(),
            // Another kind of type may be an event itself.
            _ => declared::derived(ident).is_some_and(|derived| !derived.contains(&Lacking::Event)),
        };
    let members: TokenStream = if unread { every(set) } else { members.collect() };
    quote! {
        #errors
        #main
        #[automatically_derived]
        impl<#state> #krate::ApplyTo<#state> for #ident {
            fn apply_to(&self, _: &mut #state) {
                ::core::unreachable!()
            }
        }
        #[automatically_derived]
        impl<#model> #krate::FoldInto<#model> for #ident {
            const REACH: &'static [#krate::read_model::Reach] = &[];
            fn handled_by(self, _: #krate::Metadata) -> #krate::read_model::Handled<#model> {
                ::core::unreachable!()
            }
        }
        #project_into
        #members
    }
}

/// Of a set with a variant that could not be read: every event may be one of it.
fn every(set: &EventSet<'_>) -> TokenStream {
    let EventSet { krate, original, .. } = set;
    let ident = &original.ident;
    let answers = distinct(set).map(|variant| into_events(set, variant));
    let read: Vec<String> = distinct(set).map(|variant| text(variant.event)).collect();
    let mut others = declared::events_beside(ident);
    others.retain(|event| !read.contains(&event.to_string()));
    quote! {
        #[automatically_derived]
        impl<E: #krate::Event> ::core::convert::From<E> for #ident {
            fn from(_: E) -> Self {
                ::core::unreachable!()
            }
        }

        #[automatically_derived]
        impl<E: #krate::Event> #krate::Includes<E> for #ident {
            fn get(&self) -> ::core::option::Option<&E> {
                ::core::unreachable!()
            }
        }

        #(#answers)*

        #(
            #[automatically_derived]
            impl #krate::IntoEvents<#ident> for #others {
                type Rejection = ::core::convert::Infallible;

                fn into_events(
                    self,
                    _: &mut ::std::vec::Vec<#ident>,
                ) -> ::core::result::Result<(), Self::Rejection> {
                    ::core::unreachable!()
                }
            }
        )*
    }
}

/// The variants, each event once.
fn distinct<'s, 'a>(set: &'s EventSet<'a>) -> impl Iterator<Item = &'s Variant<'a>> {
    let mut seen = HashSet::new();
    set.variants.iter().filter(move |variant| seen.insert(text(variant.event)))
}

fn event_set(set: &EventSet<'_>) -> TokenStream {
    let EventSet { krate, original, variants } = set;
    let ident = &original.ident;
    let variant: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    // All of each path is under the event's tokens, so that what is no event is reported there, once.
    let of_event = |item: &str| -> Vec<TokenStream> {
        let path = |event: &syn::Type| {
            let (span, kenning) = (event.span(), krate.at(event.span()));
            let item = Ident::new(item, span);
            quote_spanned!(span=> <#event as #kenning::Event>::#item)
        };
        variants.iter().map(|variant| path(variant.event)).collect()
    };
    let (info, name, encode, decode) =
        (of_event("INFO"), of_event("NAME"), of_event("encode"), of_event("decode"));
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl #krate::EventSet for #ident {
            const EVENTS: &'static [#krate::EventInfo] = &[#(#info),*];

            fn encode(&self) -> ::core::result::Result<#krate::EncodedEvent, #krate::EncodeError> {
                match self {
                    #(Self::#variant(event) => #encode(event),)*
                }
            }

            // Two events of one name are reported as that, by a check of its own.
            #[allow(unreachable_patterns)]
            fn decode(raw: &#krate::RawEvent<'_>) -> ::core::result::Result<Self, #krate::DecodeError> {
                match raw.name {
                    #(#name => #decode(raw.schema_version, raw.payload).map(Self::#variant),)*
                    unknown => ::core::result::Result::Err(#krate::DecodeError::unknown_name(unknown)),
                }
            }
        }
    }
}

fn apply_to(set: &EventSet<'_>) -> TokenStream {
    let EventSet { krate, original, variants } = set;
    let ident = &original.ident;
    let variant = variants.iter().map(|variant| variant.ident);
    let event: Vec<_> = variants.iter().map(|variant| variant.event).collect();
    let state = parameter(set, STATE);
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl<#state: #(#krate::Apply<#event>)+*> #krate::ApplyTo<#state> for #ident {
            fn apply_to(&self, state: &mut #state) {
                match self {
                    #(Self::#variant(event) => #krate::Apply::<#event>::apply(state, event),)*
                }
            }
        }
    }
}

fn fold_into(set: &EventSet<'_>) -> TokenStream {
    let EventSet { krate, original, variants } = set;
    let ident = &original.ident;
    let variant = variants.iter().map(|variant| variant.ident);
    let event: Vec<_> = variants.iter().map(|variant| variant.event).collect();
    let model = parameter(set, MODEL);
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl<#model: #(#krate::On<#event>)+*> #krate::FoldInto<#model> for #ident {
            const REACH: &'static [#krate::read_model::Reach] = &[#(<#model as #krate::On<#event>>::REACH),*];

            fn handled_by(self, metadata: #krate::Metadata) -> #krate::read_model::Handled<#model> {
                match self {
                    #(Self::#variant(event) => #krate::read_model::Handled::new::<#event>(event, metadata),)*
                }
            }
        }
    }
}

/// What the parameter of an impl over all aggregates is called, and of one over all read models.
const STATE: [&str; 4] = ["A", "S", "T", "__Aggregate"];
const MODEL: [&str; 4] = ["M", "R", "T", "__ReadModel"];
pub(super) const PROJECTION: [&str; 4] = ["P", "R", "T", "__Projection"];

/// A name for a type parameter that is none of the events': messages show it, so that it is a plain one where it can be.
pub(super) fn parameter(set: &EventSet<'_>, [plain @ .., otherwise]: [&str; 4]) -> Ident {
    let taken = |name: &str| {
        set.variants.iter().any(|variant| {
            text(variant.event).split(|letter: char| !letter.is_alphanumeric()).any(|word| word == name)
        })
    };
    let name = plain.into_iter().find(|name| !taken(name)).unwrap_or(otherwise);
    Ident::new(name, Span::call_site())
}

fn member(set: &EventSet<'_>, variant: &Variant<'_>) -> TokenStream {
    let EventSet { krate, original, .. } = set;
    let into_events = into_events(set, variant);
    let set = &original.ident;
    let Variant { ident, event, .. } = variant;
    // Without another variant the pattern is irrefutable, and a second arm unreachable.
    let others = matches!(&original.data, Data::Enum(data) if data.variants.len() > 1);
    let others = others.then(|| quote!(_ => ::core::option::Option::None,));
    // Under the variant's name, so that one event in two variants is reported under both.
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl ::core::convert::From<#event> for #set {
            fn from(event: #event) -> Self {
                Self::#ident(event)
            }
        }

        #[automatically_derived]
        impl #krate::Includes<#event> for #set {
            fn get(&self) -> ::core::option::Option<&#event> {
                match self {
                    Self::#ident(event) => ::core::option::Option::Some(event),
                    #others
                }
            }
        }

        #into_events
    }
}

/// Under the variant's name.
fn into_events(set: &EventSet<'_>, variant: &Variant<'_>) -> TokenStream {
    let (krate, set, Variant { ident, event, boxed }) = (&set.krate, &set.original.ident, variant);
    let push = match boxed {
        Some(_) => {
            quote_spanned!(ident.span()=> let _: &mut ::std::vec::Vec<#set> = events; ::core::unreachable!())
        }
        None => {
            quote_spanned!(ident.span()=> events.push(#set::#ident(self)); ::core::result::Result::Ok(()))
        }
    };
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl #krate::IntoEvents<#set> for #event {
            type Rejection = ::core::convert::Infallible;

            fn into_events(self, events: &mut ::std::vec::Vec<#set>) -> ::core::result::Result<(), Self::Rejection> {
                #push
            }
        }
    }
}

/// One call for each event but the first, each under that event's tokens.
fn distinct_names(set: &EventSet<'_>) -> Option<TokenStream> {
    let EventSet { krate, original, variants } = set;
    let ident = &original.ident;
    let checks = variants.iter().enumerate().skip(1).map(|(index, variant)| {
        let (span, kenning) = (variant.event.span(), krate.at(variant.event.span()));
        let index = Literal::usize_unsuffixed(index);
        quote_spanned! {span=> #kenning::__private::assert_distinct_name::<#ident>(#index); }
    });
    (variants.len() > 1).then(|| quote! { const _: () = { #(#checks)* }; })
}
