//! The impls of an event.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Data;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::ast::Event;
use crate::{fallback, schema, spans};

/// ```ignore
/// impl Schema for OrderPlaced { … }                                     // as `#[derive(Schema)]` writes it
/// impl Event for OrderPlaced {
///     const NAME: &'static str = "order.placed";
///     const VERSION: u32 = 2;                                         // only above 1, like what follows
///     fn decode(version: u32, payload: &[u8]) -> Result<Self, DecodeError> {
///         match version {
///             1 => { let value = Payload::read::<OrderPlacedV1>(Self::NAME, version, payload)?; … Ok(value) }
///             2 => Payload::read(Self::NAME, version, payload),
///             _ => Err(DecodeError::unknown_version(Self::NAME, version, 2)),
///         }
///     }
///     fn earlier_shapes(shapes: &mut Shapes) -> Vec<Shape> { vec![<OrderPlacedV1 as Schema>::shape(shapes)] }
/// }
/// ```
pub(super) fn expand(event: &Event<'_>) -> TokenStream {
    let (krate, ident, name) = (&event.krate, &event.original.ident, &event.name);
    let upcasts = (!event.from.is_empty()).then(|| upcasts(event));
    let schema = schema::expand_impl(krate, &event.schema);
    quote_spanned! {ident.span()=>
        #schema

        #[automatically_derived]
        impl #krate::Event for #ident {
            const NAME: &'static str = #name;
            #upcasts
        }
    }
}

fn upcasts(event: &Event<'_>) -> TokenStream {
    let (krate, from) = (&event.krate, &event.from);
    let today = Literal::u32_unsuffixed(event.version.number);
    let earlier = (1..)
        .map(Literal::u32_unsuffixed)
        .zip(0..)
        .take(from.len())
        .map(|(number, at)| upcast(event, &number, at));
    let shapes = from.iter().map(|ty| quote!(<#ty as #krate::Schema>::shape(shapes)));
    quote! {
        const VERSION: u32 = #today;

        fn decode(version: u32, payload: &[u8]) -> ::core::result::Result<Self, #krate::DecodeError> {
            match version {
                #(#earlier)*
                #today => #krate::Payload::read(Self::NAME, version, payload),
                _ => ::core::result::Result::Err(#krate::DecodeError::unknown_version(Self::NAME, version, #today)),
            }
        }

        fn earlier_shapes(shapes: &mut #krate::Shapes) -> ::std::vec::Vec<#krate::Shape> {
            ::std::vec::Vec::from([#(#shapes),*])
        }
    }
}

/// The arm of one earlier version: read it, then go up step by step. Each step is spanned at the type that it starts from.
fn upcast(event: &Event<'_>, number: &Literal, at: usize) -> TokenStream {
    let krate = &event.krate;
    let today = &event.original.ident;
    let chain: Vec<TokenStream> =
        event.from.iter().skip(at).map(ToTokens::to_token_stream).chain([quote!(#today)]).collect();
    let read = chain.first();
    let steps = chain.windows(2).map(|step| {
        let (before, span) = (step.first(), step.first().span());
        let (after, kenning) = (spans::under(step.last(), span), krate.at(span));
        // The whole path is under the earlier type, so that a missing `From` is reported there.
        quote_spanned!(span=> <#after as #kenning::check::UpcastFrom<#before>>::upcast)
    });
    quote! {
        #number => {
            let value = #krate::Payload::read::<#read>(Self::NAME, version, payload)?;
            #(let value = #steps(value);)*
            ::core::result::Result::Ok(value)
        }
    }
}

/// The errors, and an event that can be used everywhere, under a name that no other has.
pub(super) fn inert(event: &Event<'_>, error: &syn::Error) -> TokenStream {
    let (krate, errors) = (&event.krate, error.to_compile_error());
    // serde has no impls for a union, so that an event of it would only be more errors.
    if matches!(event.original.data, Data::Union(_)) {
        return errors;
    }
    let name = event.original.ident.unraw().to_string();
    let schema = schema::inert(krate, event.original);
    let supertraits = quote!(#krate::Schema + #krate::__private::Serialize + #krate::__private::DeserializeOwned + ::core::marker::Send + ::core::marker::Sync + 'static);
    let event = fallback::inert_impl(
        event.original,
        quote!(#krate::Event),
        supertraits,
        quote! { const NAME: &'static str = #name; },
    );
    quote! { #errors #schema #event }
}
