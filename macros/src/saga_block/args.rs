//! What `#[step(…)]`, `#[send(…)]` and `#[wait(…)]` say.

use std::time::Duration;

use syn::{Attribute, Ident, LitStr, Meta};

use super::retry::Policy;
use crate::attr::{self, Given, Value};
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::symbol::{
    AFTER, FAIL, FOREVER, IGNORE, IRREVERSIBLE, KEEP, LATE, MISSING, NAME, ON_TIMEOUT, PARK, PIVOT,
    READ_ONLY, RETRY, TIMEOUT, UNDO, UNDO_RETRY,
};

/// The arguments of one mark.
#[derive(Default)]
pub(super) struct Args {
    pub(super) name: Option<LitStr>,
    /// The functions of the steps before it; None: the previous one.
    pub(super) after: Option<Vec<Ident>>,
    /// The function that takes it back.
    pub(super) undo: Option<Ident>,
    pub(super) pivot: Option<Ident>,
    pub(super) irreversible: Option<(Ident, LitStr)>,
    pub(super) read_only: Option<Ident>,
    pub(super) retry: Policy,
    pub(super) undo_retry: Policy,
    pub(super) timeout: Option<(Ident, Duration)>,
    pub(super) forever: Option<(Ident, LitStr)>,
    /// What a wait goes on with when its time is over; None: the saga fails.
    pub(super) on_timeout: Option<OnTimeout>,
    pub(super) missing: Missing,
    pub(super) late: Late,
    given: Given,
}

/// `on_timeout = …`.
pub(super) struct OnTimeout {
    pub(super) key: Ident,
    /// The function; None: `fail`.
    pub(super) function: Option<Ident>,
}

/// What becomes of an event for an instance that was never started.
#[derive(Default)]
pub(super) enum Missing {
    #[default]
    Park,
    Keep,
    Ignore(LitStr),
}

/// What becomes of an event that comes after its wait has ended.
#[derive(Default)]
pub(super) enum Late {
    #[default]
    Report,
    Park,
    Ignore(LitStr),
}

impl Args {
    pub(super) fn parse(cx: &Ctxt, attr: &Attribute, place: Place) -> Self {
        let mut args = Self::default();
        let Meta::List(list) = &attr.meta else {
            if let Meta::NameValue(_) = &attr.meta {
                cx.help(&attr.meta, format_args!("{place} has no value"), "write its keys in parentheses");
                args.given = Given::unknown();
            }
            return args;
        };
        args.given = attr::read_args(cx, list.tokens.clone(), place, |key, value| args.take(cx, key, value));
        args
    }

    fn take(&mut self, cx: &Ctxt, key: &str, value: &Value<'_>) -> syn::Result<()> {
        let key_ident = || value.ident.clone();
        match key {
            NAME => self.name = Some(value.string()?),
            AFTER => self.after = Some(value.names_or_none()?),
            UNDO => self.undo = Some(value.name()?),
            PIVOT => self.pivot = Some(value.flag()?),
            IRREVERSIBLE => self.irreversible = Some((key_ident(), reason(value)?)),
            READ_ONLY => self.read_only = Some(value.flag()?),
            RETRY => self.retry = Policy::parse(cx, value)?,
            UNDO_RETRY => self.undo_retry = Policy::parse(cx, value)?,
            TIMEOUT => self.timeout = Some((key_ident(), value.duration()?)),
            FOREVER => self.forever = Some((key_ident(), reason(value)?)),
            ON_TIMEOUT => {
                let function = Some(value.name()?).filter(|name| name != FAIL);
                self.on_timeout = Some(OnTimeout { key: key_ident(), function });
            }
            MISSING => self.missing = missing(value)?,
            LATE => self.late = late(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Whether the user meant to give the key, even where it could not be read.
    pub(super) fn has(&self, key: &str) -> bool {
        self.given.has(key)
    }
}

/// `= "why"`, and not empty.
fn reason(value: &Value<'_>) -> syn::Result<LitStr> {
    let text = value.string()?;
    if text.value().trim().is_empty() {
        return Err(no_reason(&text, &value.ident.to_string()));
    }
    Ok(text)
}

fn no_reason(text: &LitStr, key: &str) -> syn::Error {
    let message = format!(
        "`{key}` says nothing\nhelp: write why that is in order, for those who have to answer for it"
    );
    syn::Error::new_spanned(text, message)
}

fn late(value: &Value<'_>) -> syn::Result<Late> {
    let (word, text) = value.name_with_text()?;
    match text {
        None if word == PARK => Ok(Late::Park),
        Some(text) if word == IGNORE && text.value().trim().is_empty() => Err(no_reason(&text, IGNORE)),
        Some(text) if word == IGNORE => Ok(Late::Ignore(text)),
        _ => {
            let message = if word == IGNORE {
                "an event that is ignored says why".to_owned()
            } else {
                format!("`late` is not `{word}`")
            };
            let help = "write `late = park` or `late = ignore(\"why\")`";
            Err(syn::Error::new_spanned(&word, format!("{message}\nhelp: {help}")))
        }
    }
}

fn missing(value: &Value<'_>) -> syn::Result<Missing> {
    let (word, text) = value.name_with_text()?;
    match text {
        None if word == PARK => Ok(Missing::Park),
        None if word == KEEP => Ok(Missing::Keep),
        Some(text) if word == IGNORE && text.value().trim().is_empty() => Err(no_reason(&text, IGNORE)),
        Some(text) if word == IGNORE => Ok(Missing::Ignore(text)),
        _ => {
            let message = if word == IGNORE {
                "an event that is passed over says why".to_owned()
            } else {
                format!("`missing` is not `{word}`")
            };
            let help = "write `missing = park`, `missing = keep` or `missing = ignore(\"why\")`";
            Err(syn::Error::new_spanned(&word, format!("{message}\nhelp: {help}")))
        }
    }
}
