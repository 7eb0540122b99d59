//! Where generated code finds kenning: `::kenning`, or what `crate = path` says.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Path, Type, parse_quote};

use crate::attr::Value;

/// The path of the crate kenning. Every path in generated code starts with it, or with `::core`, `::std`.
#[derive(Clone)]
pub(crate) struct Krate {
    path: Path,
}

impl Default for Krate {
    fn default() -> Self {
        Self { path: parse_quote!(::kenning) }
    }
}

impl Krate {
    /// Reads `crate = path`. A relative path would mean another thing in another module, so it is refused.
    pub(crate) fn parse(value: &Value<'_>) -> syn::Result<Self> {
        let path = value.path()?;
        let absolute =
            path.leading_colon.is_some() || path.segments.first().is_some_and(|first| first.ident == "crate");
        if absolute {
            return Ok(Self { path });
        }
        let text = path.to_token_stream().to_string().replace(' ', "");
        let message = format!(
            "the path `{text}` depends on the module that it stands in\nhelp: write `crate = ::{text}` for a crate, or `crate = crate::…` for a module of this one"
        );
        Err(syn::Error::new_spanned(path, message))
    }

    /// A type that there is not, after a mistake: what depends on it is no mistake as well.
    pub(crate) fn unknown(&self) -> Type {
        parse_quote!(#self::UnknownAfterTheErrorAbove)
    }

    /// The same path under tokens of the user's: what is generated for them and does not hold is reported there.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        let place = |mut token: TokenTree| {
            token.set_span(span);
            token
        };
        self.path.to_token_stream().into_iter().map(place).collect()
    }

    /// The name that the crate goes by here.
    pub(crate) fn name(&self) -> Option<&proc_macro2::Ident> {
        self.path.segments.last().map(|last| &last.ident)
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.path.to_tokens(tokens);
    }
}
