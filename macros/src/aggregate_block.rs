//! `#[aggregate]` on an `impl` block.

mod apply;
mod ast;
mod check;
mod command;
mod expand;

use proc_macro2::TokenStream;

pub(crate) use self::expand::never_rejects;
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
    match original.check(cx) {
        Ok(()) => expand::expand(&block),
        Err(errors) => expand::inert(&block, &errors),
    }
}

/// The impls of a block whose `#[aggregate]` was forgotten: they are never called.
pub(crate) fn outside(original: &ImplBlock) -> TokenStream {
    let cx = Ctxt::only(syn::Error::new(proc_macro2::Span::call_site(), ""));
    let block = ast::Block::parse(&cx, TokenStream::new(), original);
    drop(cx.check());
    expand::inert_impls(&block)
}
