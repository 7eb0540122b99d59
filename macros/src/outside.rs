//! `#[apply]`, `#[command]`: inside their block they are marks that the block's macro takes away, so that these macros only run outside of it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ImplItemFn;

/// The item, and where the mark belongs.
pub(crate) fn attribute(mark: &str, block: &str, item: &TokenStream) -> TokenStream {
    let message = format!(
        "`#[{mark}]` stands outside of an `#[{block}]` block\nhelp: write `#[{block}]` on the `impl` block of this function"
    );
    let place = match syn::parse2::<ImplItemFn>(item.clone()) {
        Ok(function) => function.sig.ident.into_token_stream(),
        Err(_) => item.clone(),
    };
    let error = syn::Error::new_spanned(place, message).into_compile_error();
    quote! { #item #error }
}
