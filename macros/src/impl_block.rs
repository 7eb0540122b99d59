//! An `impl` block as attribute macros take it: signatures are parsed, bodies are not, and what is emitted is what was written.

mod mend;

use std::cell::Cell;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, ItemImpl, Signature, Token, Visibility};

use crate::ctxt::Ctxt;
use crate::declared;
use crate::krate::Krate;
use crate::text::text;

pub(crate) use self::mend::split;

/// An `impl` block. Half-typed bodies do no harm: each is one opaque group.
pub(crate) struct ImplBlock {
    /// Everything but the items.
    pub(crate) header: ItemImpl,
    items: Vec<Item>,
}

enum Item {
    Function(Box<Function>),
    /// A constant, a type, a macro call.
    Other {
        attrs: Vec<Attribute>,
        tokens: TokenStream,
    },
    /// A half-typed function: its tokens, and the function as far as it can be read.
    Broken {
        function: Box<Function>,
        tokens: TokenStream,
    },
}

/// A function of an `impl` block.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
    pub(crate) sig: Signature,
    /// A group, or the semicolon of a function whose body is missing.
    body: TokenTree,
    /// Whether it is half typed, so that nothing can call it.
    pub(crate) broken: bool,
    /// Whether a mistake was found in its signature: what its body says would be read against that.
    reported: Cell<bool>,
}

impl ImplBlock {
    /// Parses the item that an attribute macro stands on.
    pub(crate) fn parse(item: &TokenStream) -> syn::Result<Self> {
        let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
        let items = match tokens.last_mut() {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                let items = syn::parse::Parser::parse2(items, body.stream())?;
                // The header with an empty body, so that syn need not look into the functions.
                let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
                empty.set_span(body.span());
                *body = empty;
                items
            }
            _ => Vec::new(),
        };
        let mut block = Self { header: syn::parse2(tokens.into_iter().collect())?, items };
        block.items.iter_mut().for_each(Item::veil);
        Ok(block)
    }

    /// Whether it is an inherent `impl` of a type without generics.
    pub(crate) fn is_plain(&self) -> bool {
        self.header.trait_.is_none() && self.header.generics.params.is_empty()
    }

    /// Whether a function is half typed. The compiler reports it; what we could say of the rest would be about code that is being written.
    pub(crate) fn is_broken(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Broken { .. }))
    }

    /// Ends the collection of mistakes. `Err`: what is emitted in place of the mistakes, which is nothing for a half-typed block.
    pub(crate) fn check(&self, cx: Ctxt) -> Result<(), TokenStream> {
        match cx.check() {
            _ if self.is_broken() => Err(TokenStream::new()),
            Ok(()) => Ok(()),
            Err(error) => {
                self.functions().for_each(|function| function.note(&error));
                Err(error.into_compile_error())
            }
        }
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.items.iter().filter_map(|item| match item {
            Item::Function(function) | Item::Broken { function, .. } => Some(&**function),
            Item::Other { .. } => None,
        })
    }

    /// The attributes on what is no function.
    pub(crate) fn attrs_elsewhere(&self) -> impl Iterator<Item = &Attribute> {
        self.items.iter().flat_map(|item| match item {
            Item::Function(_) | Item::Broken { .. } => &[],
            Item::Other { attrs, .. } => attrs.as_slice(),
        })
    }

    /// The conditions under which the block is compiled. Attribute macros see them unresolved.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.header.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The block as it was written, without the attributes that are inert.
    pub(crate) fn without(&self, krate: &Krate, inert: impl Fn(&Attribute) -> bool) -> TokenStream {
        self.rewritten(krate, inert, |function| function.sig.to_token_stream())
    }

    /// As [`without`](Self::without), with other signatures.
    pub(crate) fn rewritten(
        &self,
        krate: &Krate,
        inert: impl Fn(&Attribute) -> bool,
        sig: impl Fn(&Function) -> TokenStream,
    ) -> TokenStream {
        let mut header = self.header.clone();
        header.attrs.retain(|attr| !inert(attr));
        // A mistake that was reported; the functions are none of the trait.
        header.trait_ = None;
        let mut items = TokenStream::new();
        for item in &self.items {
            match item {
                Item::Function(function) => {
                    items.append_all(function.attrs.iter().filter(|attr| !inert(attr)));
                    let silent = function.is_silent();
                    items.extend(silent.then(|| quote!(#[allow(unused)])));
                    function.vis.to_tokens(&mut items);
                    items.extend(sig(function));
                    if silent {
                        items.extend(quote!({ ::core::unreachable!() }));
                    } else {
                        function.body.to_tokens(&mut items);
                    }
                }
                Item::Other { attrs, tokens } => {
                    items.append_all(attrs.iter().filter(|attr| !inert(attr)));
                    items.extend(tokens.clone());
                }
                Item::Broken { function, tokens } => {
                    let attrs = function.attrs.iter().filter(|attr| !inert(attr));
                    let message = format!(
                        "this function cannot be read\nhelp: write `fn {}(…)` with a type for each parameter",
                        function.sig.ident
                    );
                    let unread = syn::Error::new(function.sig.ident.span(), message).into_compile_error();
                    // The compiler has reported already what does not parse. What the body says would be read against half a signature: only an
                    // editor gets it, to complete in.
                    let unread = (!mend::is_reported(tokens)).then_some(unread);
                    let kept =
                        is_editor().then(|| quote!(#krate::__private::verbatim! { #(#attrs)* #tokens }));
                    items.extend(quote!(#kept #unread));
                }
            }
        }
        let mut body = Group::new(Delimiter::Brace, items);
        body.set_span(self.header.brace_token.span.join());
        // The header ends with the empty body that `parse` gave it.
        let mut tokens: Vec<TokenTree> = header.into_token_stream().into_iter().collect();
        tokens.pop();
        tokens.push(body.into());
        tokens.into_iter().collect()
    }
}

impl Function {
    /// The conditions under which the function is compiled.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// Notes whether one of the mistakes is in the signature.
    fn note(&self, error: &syn::Error) {
        if !proc_macro::is_available() {
            return;
        }
        let place = |span: proc_macro::Span| (span.line(), span.column());
        let mut tokens = self.sig.to_token_stream().into_iter();
        let Some(first) = tokens.next() else { return };
        let (begin, end) = (first.span().unwrap(), self.body.span().unwrap());
        let (begin, end) = (place(begin), place(end));
        let reported = error.clone().into_iter().any(|error| {
            let at = place(error.span().unwrap());
            begin <= at && at < end
        });
        if reported {
            self.reported.set(true);
        }
    }

    /// Leaves its body out: a mistake in it was reported, or in what it is written against.
    pub(crate) fn silence(&self) {
        self.reported.set(true);
    }

    /// The tokens of its body.
    pub(crate) fn body(&self) -> TokenStream {
        match &self.body {
            TokenTree::Group(group) => group.stream(),
            _ => TokenStream::new(),
        }
    }

    /// Whether its body is left out. An editor gets it, and so does a signature under which nothing
    /// else is a body.
    fn is_silent(&self) -> bool {
        let block = matches!(&self.body, TokenTree::Group(_)) && self.sig.constness.is_none();
        self.reported.get() && block && !is_editor() && !text(&self.sig.output).contains("impl ")
    }
}

impl Item {
    /// A type that was reported where it is declared is none in the signature.
    fn veil(&mut self) {
        let Self::Function(function) = self else { return };
        let veiled = declared::veiled(function.sig.to_token_stream());
        if let Some(sig) = veiled.and_then(|sig| syn::parse2(sig).ok()) {
            function.sig = sig;
            function.silence();
        }
    }
}

/// The item that is no `impl` block, and where the attribute belongs.
pub(crate) fn not_a_block(item: &TokenStream, error: syn::Error, attribute: &str, help: &str) -> TokenStream {
    let place = match syn::parse2::<syn::Item>(item.clone()) {
        Ok(syn::Item::Struct(item)) => Some(item.ident),
        Ok(syn::Item::Enum(item)) => Some(item.ident),
        Ok(syn::Item::Union(item)) => Some(item.ident),
        Ok(syn::Item::Trait(item)) => Some(item.ident),
        Ok(syn::Item::Mod(item)) => Some(item.ident),
        Ok(syn::Item::Fn(item)) => Some(item.sig.ident),
        _ => None,
    };
    let error = match place {
        Some(ident) => syn::Error::new_spanned(
            &ident,
            format!("`#[{attribute}]` belongs on an `impl` block\nhelp: {help}"),
        ),
        None => error,
    };
    let mut tokens = item.clone();
    tokens.extend(error.into_compile_error());
    tokens
}

fn items(input: ParseStream<'_>) -> syn::Result<Vec<Item>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        let ahead = input.fork();
        match ahead.parse() {
            Ok(item) => {
                input.advance_to(&ahead);
                items.push(item);
            }
            Err(error) => items.push(mend::broken(input).ok_or(error)?),
        }
    }
    Ok(items)
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if is_function(input) {
            let sig = input.parse()?;
            let body = if input.peek(Token![;]) { input.parse()? } else { input.parse::<Group>()?.into() };
            return Ok(Self::Function(Box::new(Function {
                attrs,
                vis,
                sig,
                body,
                broken: false,
                reported: Cell::new(false),
            })));
        }
        let mut tokens = TokenStream::new();
        vis.to_tokens(&mut tokens);
        other(input, &mut tokens)?;
        Ok(Self::Other { attrs, tokens })
    }
}

/// Whether it is not the compiler that expands.
fn is_editor() -> bool {
    let program = std::env::current_exe().ok();
    program.is_some_and(|program| program.to_string_lossy().contains("rust-analyzer"))
}

fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![fn]) {
            return true;
        }
        let modifier = ahead.call(Ident::parse_any).is_ok_and(|word| {
            ["const", "async", "unsafe", "safe", "extern"].iter().any(|modifier| word == modifier)
        });
        if !modifier {
            return false;
        }
        if ahead.peek(syn::LitStr) && ahead.parse::<syn::LitStr>().is_err() {
            return false;
        }
    }
}

/// Takes an item that is no function: up to its semicolon, or up to the braces of a macro call.
fn other(input: ParseStream<'_>, tokens: &mut TokenStream) -> syn::Result<()> {
    let assigns = input.peek(Token![const]) || input.peek(Token![type]) || input.peek(Token![static]);
    while !input.is_empty() {
        let token: TokenTree = input.parse()?;
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => !assigns && group.delimiter() == Delimiter::Brace,
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
        tokens.append(token);
        if ends {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::ImplBlock;
    use crate::krate::Krate;

    #[test]
    fn what_goes_in_comes_out() {
        let block = quote! {
            /// Docs.
            #[cfg(all())]
            impl Order {
                pub const LIMIT: Cents = { Cents(7) };
                const fn limit() -> Cents { Self::LIMIT }
                #[must_use]
                pub(crate) async unsafe fn wait<T>(&self, with: [u8; { 1 + 1 }]) -> T where T: Copy { half typed ( ) . }
                extern "C" fn called() {}
                generated! { fn x() }
                generated!(fn y());
                #[apply]
                fn placed(&mut self, event: &OrderPlaced) { self.status = }
            }
        };
        let parsed = ImplBlock::parse(&block).unwrap();
        assert_eq!(parsed.without(&Krate::default(), |_| false).to_string(), block.to_string());
        let names: Vec<String> = parsed.functions().map(|function| function.sig.ident.to_string()).collect();
        assert_eq!(names, ["limit", "wait", "called", "placed"]);
        let stripped = parsed.without(&Krate::default(), |attr| attr.path().is_ident("apply")).to_string();
        assert!(!stripped.contains("apply") && stripped.contains("must_use"), "{stripped}");
    }
}
