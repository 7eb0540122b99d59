//! The values of keys.

use std::time::Duration;

use proc_macro2::{Group, Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, LitInt, LitStr, Token, Type, parenthesized};

use crate::ctxt::Ctxt;
use crate::duration;
use crate::keys::{Key, Place};

/// What stands after a key.
pub(crate) struct Value<'a> {
    key: &'static Key,
    /// The key as the user wrote it.
    pub(crate) ident: &'a Ident,
    input: ParseStream<'a>,
}

impl<'a> Value<'a> {
    pub(super) fn new(key: &'static Key, ident: &'a Ident, input: ParseStream<'a>) -> Self {
        Self { key, ident, input }
    }
}

impl Value<'_> {
    /// Whether it is `= "…"`.
    pub(crate) fn is_string(&self) -> bool {
        self.input.peek2(LitStr)
    }

    /// `= "…"`.
    pub(crate) fn string(&self) -> syn::Result<LitStr> {
        self.assigned()
    }

    /// `= 7`, above zero.
    pub(crate) fn positive<N>(&self) -> syn::Result<(N, LitInt)>
    where
        N: std::str::FromStr<Err: std::fmt::Display> + Default + PartialEq,
    {
        let literal: LitInt = self.assigned()?;
        match literal.base10_parse::<N>() {
            Ok(number) if number != N::default() => Ok((number, literal)),
            Ok(_) => Err(self.misfit(&literal, "is 1 or more")),
            Err(_) => Err(self.misfit(&literal, "does not hold this number")),
        }
    }

    /// `= Type`.
    pub(crate) fn ty(&self) -> syn::Result<Type> {
        self.assigned()
    }

    /// `= path`.
    pub(crate) fn path(&self) -> syn::Result<syn::Path> {
        self.input.parse::<Token![=]>().map_err(|_| self.badly_written())?;
        self.input.call(syn::Path::parse_mod_style).map_err(|_| self.badly_written())
    }

    /// `= expression`.
    pub(crate) fn expr(&self) -> syn::Result<Expr> {
        self.assigned()
    }

    /// `= name`.
    pub(crate) fn name(&self) -> syn::Result<Ident> {
        self.assigned()
    }

    /// `= name`, or `= name("…")`.
    pub(crate) fn name_with_text(&self) -> syn::Result<(Ident, Option<LitStr>)> {
        let name = self.assigned()?;
        if !self.input.peek(syn::token::Paren) {
            return Ok((name, None));
        }
        let content;
        parenthesized!(content in self.input);
        let text = content.parse().map_err(|_| self.badly_written())?;
        Ok((name, Some(text)))
    }

    /// `= "5s"`.
    pub(crate) fn duration(&self) -> syn::Result<Duration> {
        let literal = self.string()?;
        duration::parse(&literal.value()).map_err(|error| syn::Error::new_spanned(&literal, error))
    }

    /// `= "100ms..10s"`.
    pub(crate) fn range(&self) -> syn::Result<(Duration, Duration)> {
        let literal = self.string()?;
        duration::parse_range(&literal.value()).map_err(|error| syn::Error::new_spanned(&literal, error))
    }

    /// `(key = …)`, at least one, each legal at a place of its own.
    pub(crate) fn nested(
        &self,
        cx: &Ctxt,
        place: Place,
        take: impl FnMut(&'static str, &Value<'_>) -> syn::Result<()>,
    ) -> syn::Result<()> {
        if !self.input.peek(syn::token::Paren) {
            return Err(self.badly_written());
        }
        let content;
        parenthesized!(content in self.input);
        if content.is_empty() {
            return Err(self.badly_written());
        }
        super::read_args(cx, content.parse()?, place, take);
        Ok(())
    }

    /// `= word`, one of these.
    pub(crate) fn word(&self, legal: &[&'static str]) -> syn::Result<&'static str> {
        let word: Ident = self.assigned()?;
        legal.iter().find(|legal| word == **legal).copied().ok_or_else(|| {
            let forms: Vec<String> =
                legal.iter().map(|legal| format!("`{} = {legal}`", self.key.name)).collect();
            let message = format!("`{}` is not `{word}`\nhelp: write {}", self.key.name, forms.join(" or "));
            syn::Error::new_spanned(&word, message)
        })
    }

    /// `(Type, Type)`, at least one.
    pub(crate) fn types(&self) -> syn::Result<Vec<Type>> {
        self.listed(Type::parse)
    }

    /// `(name, name)`, at least one.
    pub(crate) fn names(&self) -> syn::Result<Vec<Ident>> {
        self.listed(Ident::parse_any)
    }

    /// `(name, name)`, or `()`.
    pub(crate) fn names_or_none(&self) -> syn::Result<Vec<Ident>> {
        let ahead = self.input.fork();
        if ahead.parse::<Group>().is_ok_and(|group| group.stream().is_empty()) {
            self.input.parse::<Group>()?;
            return Ok(Vec::new());
        }
        self.names()
    }

    /// `(path, path)`, at least one.
    pub(crate) fn paths(&self) -> syn::Result<Vec<syn::Path>> {
        self.listed(syn::Path::parse_mod_style)
    }

    fn listed<T>(&self, parser: fn(ParseStream<'_>) -> syn::Result<T>) -> syn::Result<Vec<T>> {
        if !self.input.peek(syn::token::Paren) {
            return Err(self.badly_written());
        }
        let content;
        parenthesized!(content in self.input);
        let entries = Punctuated::<T, Token![,]>::parse_terminated_with(&content, parser);
        // What is left over would be reported once more.
        content.parse::<TokenStream>()?;
        match entries {
            Ok(entries) if !entries.is_empty() => Ok(entries.into_iter().collect()),
            Ok(_) => Err(self.badly_written()),
            Err(error) => Err(syn::Error::new(error.span(), self.how_written())),
        }
    }

    /// Nothing: the key alone.
    pub(crate) fn flag(&self) -> syn::Result<Ident> {
        if self.input.is_empty() || self.input.peek(Token![,]) {
            return Ok(self.ident.clone());
        }
        Err(self.badly_written())
    }

    fn assigned<T: Parse>(&self) -> syn::Result<T> {
        self.input.parse::<Token![=]>().map_err(|_| self.badly_written())?;
        self.input.parse().map_err(|_| self.badly_written())
    }

    fn badly_written(&self) -> syn::Error {
        let message = self.how_written();
        // At the end of the list there is no token left to point at but the key.
        if self.input.is_empty() {
            syn::Error::new_spanned(self.ident, message)
        } else {
            self.input.error(message)
        }
    }

    fn how_written(&self) -> String {
        let Key { name, form, .. } = self.key;
        format!("`{name}` is not written like this\nhelp: write `{form}`")
    }

    fn misfit(&self, literal: &LitInt, rule: &str) -> syn::Error {
        let Key { name, form, .. } = self.key;
        syn::Error::new_spanned(literal, format!("`{name}` {rule}\nhelp: write, for instance, `{form}`"))
    }
}
