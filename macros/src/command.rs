//! `#[derive(Command)]`.

mod ast;
mod check;
mod expand;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::ctxt::Ctxt;

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    let command = ast::Command::parse(&cx, input);
    check::check(&cx, &command);
    match cx.check() {
        Ok(()) => expand::expand(&command),
        Err(error) => expand::inert(&command, &error),
    }
}
