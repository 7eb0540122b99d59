//! What is emitted beside errors: inert impls, so that one mistake does not make every use of the type another error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, WhereClause, parse_quote};

/// The errors, and an impl of a trait for the item that satisfies whoever uses it. The body is never run: nothing is built.
pub(crate) fn inert_impl(
    input: &DeriveInput,
    of: TokenStream,
    bounds: &TokenStream,
    items: TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let mut clause: WhereClause = where_clause.cloned().unwrap_or_else(|| WhereClause {
        where_token: <syn::Token![where]>::default(),
        predicates: syn::punctuated::Punctuated::new(),
    });
    // Of a generic type the supertraits are not known to hold; of a plain one a bound that does not hold would be an error itself.
    if !input.generics.params.is_empty() {
        clause.predicates.push(parse_quote!(Self: #bounds));
    }
    quote! {
        #[automatically_derived]
        impl #impl_generics #of for #ident #ty_generics #clause {
            #items
        }
    }
}
