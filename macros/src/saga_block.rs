//! `#[saga]` on an `impl` block.

mod args;
mod ast;
mod check;
mod expand;
mod graph;
mod parameters;
mod resolve;
mod retry;
mod signature;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;
use crate::impl_block::{self, ImplBlock};
use crate::symbol::SAGA;

pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let original = match ImplBlock::parse(item) {
        Ok(block) => block,
        Err(error) => {
            let help = "on a type write `#[derive(Saga)]`; `#[saga]` holds its `#[step]` functions";
            return impl_block::not_a_block(item, error, SAGA, help);
        }
    };
    let cx = Ctxt::new();
    let block = ast::Block::parse(&cx, args, &original);
    let plan = resolve::resolve(&cx, &block);
    check::check(&cx, &block, &plan);
    match cx.check() {
        Ok(()) => expand::expand(&block, &plan),
        Err(error) => expand::inert(&block, &error),
    }
}
