//! What is emitted beside errors: inert impls, so that one mistake does not make every use of the type another error. Nothing that failed to compile runs,
//! so their bodies are never reached.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, parse_quote};

/// An impl of `of` for the item. `bounds` are the supertraits of `of`.
pub(crate) fn inert_impl(
    input: &DeriveInput,
    of: impl ToTokens,
    bounds: impl ToTokens,
    items: impl ToTokens,
) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    // Of a generic type it is not known whether the supertraits hold; of a plain one, a bound that does not hold would be a mistake by itself.
    if !generics.params.is_empty() {
        generics.make_where_clause().predicates.push(parse_quote!(Self: #bounds));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #of for #ident #ty_generics #where_clause {
            #items
        }
    }
}
