//! `#[derive(Event)]`.

mod ast;
mod check;
mod expand;
mod portable;

use proc_macro2::TokenStream;
use syn::DeriveInput;

pub(crate) use self::check::check_evolution;
pub(crate) use self::portable::check as check_portable;

use crate::ctxt::Ctxt;

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    let event = ast::Event::parse(&cx, input);
    check::check(&cx, &event);
    match cx.check() {
        Ok(()) => expand::expand(&event),
        Err(error) => expand::inert(&event, &error),
    }
}
