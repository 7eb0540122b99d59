//! `#[reactor]` on an `impl` block.

mod ast;
mod check;
mod expand;
mod handler;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;
use crate::impl_block::{self, ImplBlock};
use crate::symbol::REACTOR;

pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let original = match ImplBlock::parse(item) {
        Ok(block) => block,
        Err(error) => {
            let help = "write it on the `impl` block that holds the `#[on]` functions";
            return impl_block::not_a_block(item, error, REACTOR, help);
        }
    };
    let cx = Ctxt::new();
    let block = ast::Block::parse(&cx, args, &original);
    check::check(&cx, &block);
    match original.check(cx) {
        Ok(()) => expand::expand(&block),
        Err(errors) => expand::inert(&block, &errors),
    }
}

/// The impl of a block whose `#[reactor]` was forgotten: it handles nothing.
pub(crate) fn outside(original: &ImplBlock) -> TokenStream {
    let cx = Ctxt::only(syn::Error::new(proc_macro2::Span::call_site(), ""));
    let block = ast::Block::parse(&cx, TokenStream::new(), original);
    drop(cx.check());
    expand::inert_impls(&block)
}
