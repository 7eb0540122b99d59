//! `#[derive(Aggregate)]`.

mod ast;
mod check;
mod expand;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::ctxt::Ctxt;

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    let aggregate = ast::Aggregate::parse(&cx, input);
    check::check(&cx, &aggregate);
    match cx.check() {
        Ok(()) => expand::expand(&aggregate),
        Err(error) => expand::inert(&aggregate, &error),
    }
}
