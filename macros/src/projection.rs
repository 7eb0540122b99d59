//! `#[projection]` on an `impl` block.

mod ast;
mod check;
mod expand;
mod handler;
mod through;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;
use crate::impl_block::{self, ImplBlock};
use crate::symbol::PROJECTION;

pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let original = match ImplBlock::parse(item) {
        Ok(block) => block,
        Err(error) => {
            let help = "write it on the `impl` block that holds the `#[on]` functions";
            return impl_block::not_a_block(item, error, PROJECTION, help);
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
