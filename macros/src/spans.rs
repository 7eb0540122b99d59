//! Moves generated tokens under the user's, where a mistake is to be reported.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens under another place; what they mean stays.
pub(crate) fn under(tokens: impl ToTokens, place: Span) -> TokenStream {
    let moved = tokens.into_token_stream().into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut moved = Group::new(group.delimiter(), under(group.stream(), place));
            moved.set_span(group.span().located_at(place));
            moved.into()
        }
        mut token => {
            token.set_span(token.span().located_at(place));
            token
        }
    });
    moved.collect()
}
