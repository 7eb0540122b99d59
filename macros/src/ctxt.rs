//! Collects the mistakes of one item, so that one run of the compiler shows all of them.

use std::cell::RefCell;
use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far. Parsing and checking record here and go on with a usable default; [`check`](Ctxt::check) ends the phase.
///
/// Dropping one unchecked panics: a forgotten `check` would swallow mistakes.
pub(crate) struct Ctxt {
    errors: RefCell<Option<Vec<syn::Error>>>,
    /// Whether what is recorded is left out.
    sealed: bool,
}

impl Ctxt {
    pub(crate) fn new() -> Self {
        Self { errors: RefCell::new(Some(Vec::new())), sealed: false }
    }

    /// With this mistake alone: the tokens did not parse, and what could be said of the rest would be about code that is being written.
    pub(crate) fn only(error: syn::Error) -> Self {
        Self { errors: RefCell::new(Some(vec![error])), sealed: true }
    }

    /// Whether there is one mistake, and no other is recorded.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Records a mistake under the tokens: what is wrong, in the user's words, and what to type.
    pub(crate) fn help(&self, tokens: impl ToTokens, message: impl Display, help: impl Display) {
        // Thin, so that only the conversion is compiled once for each type.
        self.record(tokens.into_token_stream(), &format!("{message}\nhelp: {help}"));
    }

    /// Records a mistake that syn has found.
    pub(crate) fn syn(&self, error: syn::Error) {
        if self.sealed {
            return;
        }
        if let Some(errors) = &mut *self.errors.borrow_mut() {
            errors.push(error);
        }
    }

    /// Takes the value, or records why there is none.
    pub(crate) fn ok<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.syn(error)).ok()
    }

    fn record(&self, tokens: TokenStream, message: &str) {
        self.syn(syn::Error::new_spanned(tokens, message));
    }

    /// Ends the collection: all mistakes in one error, if there is any.
    pub(crate) fn check(self) -> syn::Result<()> {
        let mut errors = self.errors.take().unwrap_or_default().into_iter();
        let Some(mut all) = errors.next() else { return Ok(()) };
        all.extend(errors);
        Err(all)
    }
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        if self.errors.get_mut().is_some() && !std::thread::panicking() {
            panic!("a Ctxt was dropped without check()");
        }
    }
}
