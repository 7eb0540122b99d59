//! Half-typed functions: read as far as they go, so that the rest of their block keeps its meaning while the user types.

use std::cell::Cell;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::TokenStreamExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, FnArg, Ident, ReturnType, Signature, Token, Type, Visibility, parse_quote};

use super::{Function, Item};

/// Takes the tokens of an item that does not parse; None where no function can have been meant.
pub(super) fn broken(input: ParseStream<'_>) -> Option<Item> {
    let attrs = input.call(Attribute::parse_outer).ok()?;
    let mut tokens = TokenStream::new();
    let mut function = false;
    while !input.is_empty() {
        // Where the next item begins, this one ends.
        let mark = input.peek(Token![#]) && input.peek2(syn::token::Bracket);
        if mark && !tokens.is_empty() || function && begins(input) {
            break;
        }
        function |= input.peek(Token![fn]);
        let token: TokenTree = input.parse().ok()?;
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
        tokens.append(token);
        if ends {
            break;
        }
    }
    if tokens.is_empty() {
        return None;
    }
    let sig = signature(&tokens);
    let body = Group::new(Delimiter::Brace, TokenStream::new()).into();
    let reported = Cell::new(false);
    let function = Function { attrs, vis: Visibility::Inherited, sig, body, broken: true, reported };
    Some(Item::Broken { function: Box::new(function), tokens })
}

/// Whether the compiler surely reports it: there are no parameters, or one without a type.
pub(super) fn is_reported(tokens: &TokenStream) -> bool {
    let inputs = tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    });
    let Some(inputs) = inputs else { return true };
    split(inputs).any(|piece| {
        let colon = |token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
        !piece.is_empty() && syn::parse2::<FnArg>(piece.clone()).is_err() && !piece.into_iter().any(colon)
    })
}

fn begins(input: ParseStream<'_>) -> bool {
    input.peek(Token![fn]) || input.peek(Token![pub]) || input.peek(Token![async])
}

/// The signature, as far as it can be read.
fn signature(tokens: &TokenStream) -> Signature {
    let mut rest = tokens.clone().into_iter().skip_while(|token| !is(token, "fn")).skip(1).peekable();
    let ident = rest.next_if(|token| matches!(token, TokenTree::Ident(_)));
    let ident = match ident {
        Some(TokenTree::Ident(ident)) => ident,
        _ => {
            let first = tokens.clone().into_iter().next();
            Ident::new("unnamed", first.map_or_else(Span::call_site, |token| token.span()))
        }
    };
    let inputs = rest.find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    });
    let asyncness = tokens.clone().into_iter().any(|token| is(&token, "async"));
    let mut sig: Signature =
        if asyncness { parse_quote!(async fn #ident()) } else { parse_quote!(fn #ident()) };
    sig.inputs = split(inputs.unwrap_or_default()).filter_map(parameter).collect();
    sig.output = returned.parse2(rest.collect()).unwrap_or(ReturnType::Default);
    sig
}

fn is(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// The tokens between the commas, but not those between angle brackets.
pub(crate) fn split(tokens: TokenStream) -> impl Iterator<Item = TokenStream> {
    let (mut pieces, mut depth) = (vec![TokenStream::new()], 0_i32);
    let mut before = None;
    for token in tokens {
        match &token {
            // A comma behind an opening bracket separates what is half typed.
            TokenTree::Punct(punct) if punct.as_char() == ',' && before == Some('<') => depth -= 1,
            _ => {}
        }
        // An arrow closes nothing.
        let last = if let TokenTree::Punct(punct) = &token { Some(punct.as_char()) } else { None };
        let arrow = last == Some('>') && before == Some('-');
        before = last;
        match &token {
            _ if arrow => {}
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth -= 1,
            TokenTree::Punct(punct) if punct.as_char() == ',' && depth <= 0 => {
                depth = 0;
                pieces.push(TokenStream::new());
                continue;
            }
            _ => {}
        }
        if let Some(piece) = pieces.last_mut() {
            piece.append(token);
        }
    }
    pieces.into_iter()
}

/// A parameter. Where it is not written as one, the first type in it is its type.
fn parameter(tokens: TokenStream) -> Option<FnArg> {
    if let Ok(whole) = syn::parse2(tokens.clone()) {
        return Some(whole);
    }
    let mut rest = tokens.into_iter();
    let name = match rest.next()? {
        TokenTree::Ident(name) => name,
        _ => return None,
    };
    while rest.clone().next().is_some() {
        let prefix = |input: ParseStream<'_>| {
            let ty: Type = input.parse()?;
            input.parse::<TokenStream>()?;
            Ok(ty)
        };
        if let Ok(ty) = prefix.parse2(rest.clone().collect()) {
            return Some(parse_quote!(#name: #ty));
        }
        rest.next();
    }
    None
}

/// What is returned, before the body.
fn returned(input: ParseStream<'_>) -> syn::Result<ReturnType> {
    let ahead = input.fork();
    let output = ahead.parse();
    if output.is_ok() {
        input.advance_to(&ahead);
    }
    input.parse::<TokenStream>()?;
    output
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens, quote};

    use crate::impl_block::ImplBlock;

    fn read(function: proc_macro2::TokenStream) -> Vec<String> {
        let block = quote!(impl Order { #[apply] #function #[apply] fn last(&mut self, event: &Last) {} });
        let block = ImplBlock::parse(&block).unwrap();
        assert!(block.is_broken(), "{function}");
        block.functions().map(|function| function.sig.to_token_stream().to_string()).collect()
    }

    #[test]
    fn a_half_typed_function_is_read_as_far_as_it_goes() {
        let cases = [
            (quote!(fn), "fn unnamed ()"),
            (quote!(fn placed), "fn placed ()"),
            (
                quote!(fn placed(&mut self, event &OrderPlaced) {}),
                "fn placed (& mut self , event : & OrderPlaced)",
            ),
            (quote!(async fn placed(&self, cx, b: &B) -> u8 {}), "async fn placed (& self , b : & B) -> u8"),
            (quote!(fn placed(&self, event: &Recorded<..>) -> Self {}), "fn placed (& self) -> Self"),
            (quote!(fn placed(&self, event: &Placed) -> {}), "fn placed (& self , event : & Placed)"),
        ];
        for (function, expected) in cases {
            assert_eq!(read(function), [expected, "fn last (& mut self , event : & Last)"]);
        }
    }
}
