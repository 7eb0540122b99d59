//! The marks on the functions of an attribute macro's block: found, read and taken away.

use proc_macro2::TokenTree;
use syn::{Attribute, Ident};

use crate::ctxt::Ctxt;
use crate::suggest::nearest;
use crate::symbol::KENNING;
use crate::text::text;

/// Which of these marks the attribute is: `apply`, or `kenning::apply`, also where kenning goes by another name.
pub(crate) fn name(
    attr: &Attribute,
    krate: Option<&Ident>,
    marks: &'static [&'static str],
) -> Option<&'static str> {
    let mut segments = attr.path().segments.iter().rev();
    let last = segments.next()?;
    let ours = segments.next().is_none_or(|before| before.ident == KENNING || krate == Some(&before.ident));
    marks.iter().copied().find(|mark| ours && last.ident == mark)
}

/// The mark inside a `cfg_attr`, which an attribute macro gets to see unresolved.
pub(crate) fn hidden(attr: &Attribute, marks: &'static [&'static str]) -> Option<&'static str> {
    if !attr.path().is_ident("cfg_attr") {
        return None;
    }
    let mut tokens = attr.meta.require_list().ok()?.tokens.clone().into_iter();
    tokens.find_map(|token| match token {
        TokenTree::Ident(ident) => marks.iter().copied().find(|mark| ident == mark),
        _ => None,
    })
}

/// Words that are no marks, but are written for one: of other frameworks, or as a noun.
const SYNONYMS: &[(&str, &str)] = &[
    ("activity", "step"),
    ("after", "step"),
    ("action", "step"),
    ("cancel", "undo"),
    ("compensate", "undo"),
    ("compensation", "undo"),
    ("revert", "undo"),
    ("rollback", "undo"),
    ("begin", "start"),
    ("starts", "start"),
    ("await", "wait"),
    ("signal", "wait"),
    ("until", "wait"),
    ("emit", "send"),
    ("execute", "send"),
    ("fail", "failed"),
    ("on_failure", "failed"),
    ("failure", "failed"),
    ("handle", "command"),
    ("handler", "command"),
    ("decide", "command"),
    ("evolve", "apply"),
    ("fold", "apply"),
    ("event", "apply"),
    ("event", "on"),
    ("handle", "on"),
    ("handler", "on"),
    ("project", "on"),
    ("react", "on"),
    ("subscribe", "on"),
    ("when", "on"),
];

/// Attributes that any function may have.
const KNOWN: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "cfg_attr",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "inline",
    "instrument",
    "must_use",
    "target_feature",
    "test",
    "track_caller",
    "warn",
];

/// The mark that an attribute was meant to be, whose name is no mark's.
pub(crate) fn mistyped(attr: &Attribute, marks: &'static [&'static str]) -> Option<&'static str> {
    let ident = attr.path().get_ident()?.to_string();
    if KNOWN.contains(&ident.as_str()) || marks.contains(&ident.as_str()) {
        return None;
    }
    let synonym = SYNONYMS
        .iter()
        .filter(|(word, _)| *word == ident)
        .find_map(|(_, mark)| marks.iter().copied().find(|known| known == mark));
    synonym.or_else(|| {
        nearest(&ident, marks.iter().copied())
            .and_then(|near| marks.iter().copied().find(|mark| *mark == near))
    })
}

/// Reports a mistyped mark; it is then read as the one that was meant.
pub(crate) fn report_mistyped(cx: &Ctxt, attr: &Attribute, meant: &str) {
    cx.help(
        attr.path(),
        format_args!("`#[{}]` is no mark", text(attr.path())),
        format_args!("did you mean `#[{meant}]`?"),
    );
}
