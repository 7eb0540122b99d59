//! `#[apply]`, `#[command]`, `#[on]`: inside their block they are marks that the block's macro takes away, so that these macros only run outside of it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ImplItemFn;

use crate::text::listed;

/// The item, and where the mark belongs.
pub(crate) fn attribute(mark: &str, blocks: &[&str], item: &TokenStream) -> TokenStream {
    let article = if blocks.iter().any(|block| block.starts_with(['a', 'e'])) { "an" } else { "a" };
    let blocks: Vec<String> = blocks.iter().map(|block| format!("`#[{block}]`")).collect();
    let blocks = listed(&blocks);
    let message = format!(
        "`#[{mark}]` stands outside of {article} {blocks} block\nhelp: write {blocks} on the `impl` block of this function"
    );
    let place = match syn::parse2::<ImplItemFn>(item.clone()) {
        Ok(function) => function.sig.ident.into_token_stream(),
        Err(_) => item.clone(),
    };
    let error = syn::Error::new_spanned(place, message).into_compile_error();
    quote! { #item #error }
}
