//! Bounds that generated impls repeat. What a type lacks is then reported where it is declared, and not by each impl and each body again.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Attribute;
use syn::spanned::Spanned;

use crate::krate::Krate;

/// `for<'a> Type: check::Bound`: a bound on a plain type that need not hold, since it is of all lifetimes.
pub(crate) fn given(krate: &Krate, ty: impl ToTokens, bound: &str) -> TokenStream {
    let bound = Ident::new(bound, Span::call_site());
    quote!(for<'__kenning> #ty: #krate::check::#bound)
}

/// `impl check::Asks<Type> for Declared {}`: asks once for what the impls take for given, under the type's tokens.
pub(crate) fn asked<'a>(
    krate: &Krate,
    cfgs: impl Iterator<Item = &'a Attribute>,
    declared: impl ToTokens,
    ty: impl ToTokens,
    asks: &str,
) -> TokenStream {
    let ty = ty.to_token_stream();
    let kenning = krate.at(ty.span());
    let asks = Ident::new(asks, ty.span());
    quote_spanned! {ty.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #kenning::check::#asks<#ty> for #declared {}
    }
}
