//! Reads `#[kenning(…)]` and the arguments of attribute macros against the table in [`keys`](crate::keys).

mod value;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Token};

pub(crate) use self::value::Value;

use crate::ctxt::Ctxt;
use crate::keys::{self, Key, Place};
use crate::suggest::nearest;
use crate::symbol::{CRATE, KENNING};
use crate::text::listed;

/// Which keys the user meant to give: a key that is there but broken, or mistyped beyond doubt, is not missing as well.
#[derive(Default)]
pub(crate) struct Given {
    names: Vec<&'static str>,
    /// Whether there is an attribute that could not be read at all.
    broken: bool,
}

impl Given {
    /// Of an attribute that could not be read at all: nobody knows what was meant.
    pub(crate) fn unknown() -> Self {
        Self { names: Vec::new(), broken: true }
    }

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
    let mut given = Given::default();
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
    let mut given = Given::default();
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
        given.broken = true;
        return Err(input.error(format_args!("expected a key\nhelp: legal here: {}", forms(place))));
    };
    let name = ident.unraw().to_string();
    let Some(key) = keys::find(place, &name).or_else(|| refuse(cx, &ident, &name, place)) else {
        return Ok(());
    };
    if given.has(key.name) && !key.repeats {
        cx.help(&ident, format_args!("`{name}` is given twice"), "remove one of the two");
        return Ok(());
    }
    given.names.push(key.name);
    take(key.name, &Value::new(key, &ident, input))?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error(format_args!("expected a comma after `{name}`\nhelp: write `{}`", key.form)))
}

/// A key that is not legal here: it belongs elsewhere, or is mistyped, or does not exist. The key that was meant, if that is beyond doubt: it is read as
/// that one, so that it is not missing as well.
fn refuse(cx: &Ctxt, ident: &Ident, name: &str, place: Place) -> Option<&'static Key> {
    let homes = keys::elsewhere(place, name);
    if !homes.is_empty() {
        // What another derive on the same item reads is that one's to judge.
        if !place.shares() && !homes.iter().any(|home| home.place.shares()) {
            let places: Vec<String> = homes.iter().map(|home| home.place.to_string()).collect();
            let listed = listed(&places);
            let within = homes.iter().all(|home| home.place == Place::Retry);
            let help = format!("it belongs {} {listed}", if within { "into" } else { "on" });
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
