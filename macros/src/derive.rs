//! The frame of every derive.

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// Parses the item and hands it over.
pub(crate) fn run(input: TokenStream, derive: impl FnOnce(&DeriveInput) -> TokenStream) -> TokenStream {
    match syn::parse2(input) {
        Ok(input) => derive(&input),
        Err(error) => error.into_compile_error(),
    }
}
