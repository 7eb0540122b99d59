//! Refuses generics where what is persisted has one shape.

use quote::ToTokens;
use syn::Generics;

use crate::ctxt::Ctxt;

/// Records a mistake when there is a type, lifetime or const parameter.
pub(crate) fn refuse(cx: &Ctxt, generics: &Generics, what: &str, help: &str) {
    let Some(first) = generics.params.first() else {
        if let Some(clause) = &generics.where_clause {
            cx.help(clause, format_args!("{what} has no `where` clause"), help);
        }
        return;
    };
    // All of `<T, 'a>` at once: one mistake, however many parameters.
    let mut tokens = first.to_token_stream();
    tokens.extend(generics.params.iter().skip(1).map(ToTokens::to_token_stream));
    cx.help(tokens, format_args!("{what} cannot be generic"), help);
}
