//! Moves generated tokens under the user's, where a mistake is to be reported.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
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

/// The first and the last place of the tokens. Only nightly joins the two to one.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

/// The arguments of a call, or a parenthesis, that ends at the place: what is reported for all of it is underlined up to there.
pub(crate) fn parenthesized(tokens: impl ToTokens, end: Span) -> TokenStream {
    let mut group = Group::new(Delimiter::Parenthesis, tokens.into_token_stream());
    group.set_span(end);
    TokenTree::Group(group).into()
}
