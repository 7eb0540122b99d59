//! The marks on the functions of an attribute macro's block: found, read and taken away.

use proc_macro2::TokenTree;
use syn::{Attribute, Ident};

use crate::symbol::KENNING;

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
