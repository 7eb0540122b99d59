//! Reads `#[kenning(…)]` and the arguments of attribute macros against the table in [`keys`](crate::keys).

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, LitInt, LitStr, Token, Type, parenthesized};

use crate::ctxt::Ctxt;
use crate::keys::{self, Key, Place};
use crate::suggest::nearest;
use crate::symbol::{CRATE, KENNING};

/// Which keys the user meant to give: a key that is there but broken, or mistyped beyond doubt, is not missing as well.
pub(crate) struct Given {
    names: Vec<&'static str>,
    /// Whether there is an attribute that could not be read at all.
    broken: bool,
}

impl Given {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.broken || self.names.contains(&name)
    }
}

/// Reads every `#[kenning(…)]` among the attributes, handing each legal key to `take` once. What is unknown, misplaced, given twice or badly written is
/// recorded, and the rest is read all the same.
pub(crate) fn read(
    cx: &Ctxt,
    attrs: &[Attribute],
    place: Place,
    mut take: impl FnMut(&'static str, &Value<'_>) -> syn::Result<()>,
) -> Given {
    let mut given = Given { names: Vec::new(), broken: false };
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(KENNING)) {
        match attr.meta.require_list() {
            Ok(list) => read_list(cx, list.tokens.clone(), place, &mut given, &mut take),
            Err(_) => {
                given.broken = true;
                let help = format!("write `#[kenning(…)]` with {}", forms(place));
                cx.help(&attr.meta, "`#[kenning]` has its keys in parentheses", help);
            }
        }
    }
    given
}

/// Reads the arguments of an attribute macro in the same way.
pub(crate) fn read_args(
    cx: &Ctxt,
    args: TokenStream,
    place: Place,
    mut take: impl FnMut(&'static str, &Value<'_>) -> syn::Result<()>,
) -> Given {
    let mut given = Given { names: Vec::new(), broken: false };
    read_list(cx, args, place, &mut given, &mut take);
    given
}

type Take<'a> = dyn FnMut(&'static str, &Value<'_>) -> syn::Result<()> + 'a;

fn read_list(cx: &Ctxt, list: TokenStream, place: Place, given: &mut Given, take: &mut Take<'_>) {
    let entries = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = read_entry(cx, input, place, given, take) {
                cx.syn(error);
            }
            skip_entry(input);
        }
        Ok(())
    };
    cx.ok(entries.parse2(list));
}

/// Reads one key with its value; the rest up to the comma, if there is any, has been recorded by its error.
fn read_entry(
    cx: &Ctxt,
    input: ParseStream<'_>,
    place: Place,
    given: &mut Given,
    take: &mut Take<'_>,
) -> syn::Result<()> {
    let Ok(ident) = input.call(Ident::parse_any) else {
        return Err(input.error(format_args!("expected a key\nhelp: legal here: {}", forms(place))));
    };
    let name = ident.unraw().to_string();
    let Some(key) = keys::find(place, &name).or_else(|| refuse(cx, &ident, &name, place)) else {
        return Ok(());
    };
    if given.has(key.name) && !key.repeats {
        cx.help(&ident, format_args!("`{name}` is given twice"), "leave one of the two out");
        return Ok(());
    }
    given.names.push(key.name);
    take(key.name, &Value { key, ident: &ident, input })?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error(format_args!("expected a comma after `{name}`\nhelp: write `{}`", key.form)))
}

/// A key that is not legal here: it belongs elsewhere, or is mistyped, or does not exist. The key that was meant, if that is beyond doubt: it is read as
/// that one, so that it is not missing as well.
fn refuse(cx: &Ctxt, ident: &Ident, name: &str, place: Place) -> Option<&'static Key> {
    let homes: Vec<&Key> = keys::elsewhere(place, name).collect();
    if !homes.is_empty() {
        // What another derive on the same item reads is that one's to judge.
        if !place.shares() && !homes.iter().any(|home| home.place.shares()) {
            let places: Vec<String> = homes.iter().map(|home| home.place.to_string()).collect();
            let help = format!("it belongs on {}", places.join(" or "));
            cx.help(ident, format_args!("`{name}` does not belong on {place}"), help);
        }
        return None;
    }
    let legal: Vec<&'static Key> = keys::at(place).collect();
    let meant = match legal.as_slice() {
        [only] if only.name != CRATE => Some(*only),
        several => {
            nearest(name, several.iter().map(|key| key.name)).and_then(|meant| keys::find(place, meant))
        }
    };
    let help = match meant {
        Some(meant) => format!("did you mean `{}`?", meant.name),
        None if legal.is_empty() => format!("{place} takes no key"),
        None => format!("legal here: {}", forms(place)),
    };
    cx.help(ident, format_args!("unknown key `{name}`"), help);
    meant
}

/// Goes on to the next entry.
fn skip_entry(input: ParseStream<'_>) {
    while !input.is_empty() {
        let comma = input.peek(Token![,]);
        // Any token tree will do, so this cannot fail before the end.
        if input.parse::<TokenTree>().is_err() || comma {
            return;
        }
    }
}

fn forms(place: Place) -> String {
    let forms: Vec<String> = keys::at(place).map(|key| format!("`{}`", key.form)).collect();
    forms.join(", ")
}

/// What stands after a key.
pub(crate) struct Value<'a> {
    key: &'static Key,
    /// The key as the user wrote it.
    pub(crate) ident: &'a Ident,
    input: ParseStream<'a>,
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
