//! `#[derive(EventSet)]`.

mod ast;
mod check;
mod expand;
mod project_into;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::ctxt::Ctxt;

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    let set = ast::EventSet::parse(&cx, input);
    check::check(&cx, &set);
    match cx.check() {
        Ok(()) => expand::expand(&set),
        Err(error) => expand::inert(&set, &error),
    }
}
