//! `#[aggregate]` on an `impl` block.

mod apply;
mod ast;
mod check;
mod command;
mod expand;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;
use crate::impl_block::{self, ImplBlock};
use crate::symbol::AGGREGATE;

pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let original = match ImplBlock::parse(item) {
        Ok(block) => block,
        Err(error) => {
            let help = "on a type write `#[derive(Aggregate)]`; `#[aggregate]` holds its `#[apply]` and `#[command]` functions";
            return impl_block::not_a_block(item, error, AGGREGATE, help);
        }
    };
    let cx = Ctxt::new();
    let block = ast::Block::parse(&cx, args, &original);
    check::check(&cx, &block);
    match cx.check() {
        Ok(()) => expand::expand(&block),
        Err(error) => expand::inert(&block, &error),
    }
}
