//! Half-typed items: the fields and variants that can be read.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, DeriveInput, Field, Ident, Token, Variant, Visibility};

use crate::impl_block::split;

/// The item without what cannot be read.
pub(super) fn item(input: TokenStream) -> syn::Result<DeriveInput> {
    let parse = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        let is_enum = input.peek(Token![enum]);
        let mut tokens = quote!(#(#attrs)* #vis);
        while !input.is_empty() {
            let token: TokenTree = input.parse()?;
            match token {
                TokenTree::Group(group) if group.delimiter() != Delimiter::Bracket => {
                    let read = if is_enum { variant } else { field };
                    let tuple = group.delimiter() == Delimiter::Parenthesis;
                    let parts = split(group.stream()).filter_map(|part| read(part, tuple));
                    let mut mended = Group::new(group.delimiter(), quote!(#(#parts,)*));
                    mended.set_span(group.span());
                    mended.to_tokens(&mut tokens);
                }
                token => token.to_tokens(&mut tokens),
            }
        }
        Ok(tokens)
    };
    syn::parse2(parse.parse2(input)?)
}

fn variant(tokens: TokenStream, _: bool) -> Option<TokenStream> {
    syn::parse2::<Variant>(tokens).ok().map(ToTokens::into_token_stream)
}

/// A field. One whose type cannot be read is there, as a text.
fn field(tokens: TokenStream, tuple: bool) -> Option<TokenStream> {
    let whole = if tuple { Field::parse_unnamed } else { Field::parse_named };
    if let Ok(field) = whole.parse2(tokens.clone()) {
        return Some(field.into_token_stream());
    }
    let begun = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        let ident: Ident = input.parse()?;
        let option = input.peek(Token![:]) && input.peek2(Ident) && {
            input.parse::<Token![:]>()?;
            input.parse::<Ident>()? == "Option"
        };
        input.parse::<TokenStream>()?;
        let mut ty = quote!(::std::string::String);
        if option {
            ty = quote!(::core::option::Option<#ty>);
        }
        Ok(quote!(#(#attrs)* #vis #ident: #ty))
    };
    begun.parse2(tokens).ok().filter(|_| !tuple)
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens, quote};

    use super::item;

    #[test]
    fn what_can_be_read_stays() {
        let cases = [
            (quote!(struct A { a: u8, pub b }), "struct A { a : u8 , pub b : :: std :: string :: String , }"),
            (quote!(struct A { a: u8, b: }), "struct A { a : u8 , b : :: std :: string :: String , }"),
            (quote!(struct A { a: u8, pub }), "struct A { a : u8 , }"),
            (
                quote!(struct A { b: Option<, a: u8 }),
                "struct A { b : :: core :: option :: Option < :: std :: string :: String > , a : u8 , }",
            ),
            (quote!(enum A { B(C), D(E F) }), "enum A { B (C) , }"),
        ];
        for (input, expected) in cases {
            let mended = item(input.clone()).map(|item| item.to_token_stream().to_string());
            assert_eq!(
                mended.unwrap_or_default().replace(", }", "}"),
                expected.replace(", }", "}"),
                "{input}"
            );
        }
    }
}
