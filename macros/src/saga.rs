//! `#[derive(Saga)]`.

mod ast;
mod check;
mod expand;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::ctxt::Ctxt;

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    let saga = ast::Saga::parse(&cx, input);
    check::check(&cx, &saga);
    match cx.check() {
        Ok(()) => expand::expand(&saga),
        Err(error) => expand::inert(&saga, &error),
    }
}
