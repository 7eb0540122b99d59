//! Events and commands that cannot be any, as they are generic or borrow. The compiler reports each
//! signature that names one; here the name is replaced by a type that is never reported.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Data, Type};

use super::lacking::derives;
use super::{Lacking, look_up};
use crate::krate::Krate;

/// The tokens with another type in place of each of these, if there is one.
pub(crate) fn veiled(tokens: TokenStream) -> Option<TokenStream> {
    if !proc_macro::is_available() {
        return None;
    }
    let mut found = false;
    let veiled = veil(tokens, &mut found);
    found.then_some(veiled)
}

fn veil(tokens: TokenStream, found: &mut bool) -> TokenStream {
    let (mut out, mut before) = (TokenStream::new(), ' ');
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let last = std::mem::replace(&mut before, ' ');
        match token {
            TokenTree::Ident(ident) => {
                let next = match tokens.peek() {
                    Some(TokenTree::Punct(punct)) => punct.as_char(),
                    Some(TokenTree::Group(_)) => '(',
                    _ => ' ',
                };
                let named = last != ':' && last != '\'' && !matches!(next, '<' | ':' | '(' | '!');
                if named && is_broken(&ident) {
                    *found = true;
                    Krate::default().unknown().to_tokens(&mut out);
                } else {
                    ident.to_tokens(&mut out);
                }
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), veil(group.stream(), found));
                inner.set_span(group.span());
                inner.to_tokens(&mut out);
            }
            TokenTree::Punct(punct) => {
                // What follows one colon is a type, and what follows two is the rest of a path.
                let double = punct.as_char() == ':' && last == ';';
                before = match punct.as_char() {
                    ':' if double => ':',
                    ':' => ';',
                    ';' => ' ',
                    other => other,
                };
                punct.to_tokens(&mut out);
            }
            TokenTree::Literal(literal) => literal.to_tokens(&mut out),
        }
    }
    out
}

fn is_broken(ident: &Ident) -> bool {
    let name = ident.to_string();
    if !name.starts_with(char::is_uppercase) {
        return false;
    }
    let Some((_, file)) = super::file(ident.span().unwrap()) else { return false };
    if !file.may_be_broken(&name) {
        return false;
    }
    let Some(declared) = look_up(ident) else { return false };
    declared.found.iter().all(|found| {
        let derived = derives(&found.item.attrs).unwrap_or_default();
        let event = derived.contains(&Lacking::Event);
        let borrows = match &found.item.data {
            Data::Struct(data) => data.fields.iter().any(|field| matches!(field.ty, Type::Reference(_))),
            _ => false,
        };
        let generic = !found.item.generics.params.is_empty();
        (event && (generic || borrows)) || (generic && derived.contains(&Lacking::Command))
    })
}
