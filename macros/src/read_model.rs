//! `#[derive(ReadModel)]`.

mod ast;
mod check;
mod expand;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::ctxt::Ctxt;

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    let model = ast::ReadModel::parse(&cx, input);
    check::check(&cx, &model);
    match cx.check() {
        Ok(()) => expand::expand(&model),
        Err(error) => expand::inert(&model, &error),
    }
}
