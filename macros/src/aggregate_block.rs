//! `#[aggregate]` on an `impl` block.

mod apply;
mod ast;
mod check;
mod command;
mod expand;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;
use crate::impl_block::ImplBlock;

pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let original = match ImplBlock::parse(item) {
        Ok(block) => block,
        Err(error) => return expand::not_a_block(item, error),
    };
    let cx = Ctxt::new();
    let block = ast::Block::parse(&cx, args, &original);
    check::check(&cx, &block);
    match cx.check() {
        Ok(()) => expand::expand(&block),
        Err(error) => expand::inert(&block, &error),
    }
}
