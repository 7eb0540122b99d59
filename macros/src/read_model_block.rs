//! `#[read_model]` on an `impl` block.

mod args;
mod ast;
mod check;
mod expand;
mod handler;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;
use crate::declared::{self, Lacking};
use crate::impl_block::{self, Function, ImplBlock};
use crate::krate::Krate;
use crate::symbol::READ_MODEL;

pub(crate) use self::expand::every;

pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let original = match ImplBlock::parse(item) {
        Ok(block) => block,
        Err(error) => {
            let help = "on a type write `#[derive(ReadModel)]`; `#[read_model]` holds its `#[on]` functions";
            return impl_block::not_a_block(item, error, READ_MODEL, help);
        }
    };
    let cx = Ctxt::new();
    let block = ast::Block::parse(&cx, args, &original);
    check::check(&cx, &block);
    let misshapen = declared::is_misshapen(&original.header.self_ty, Lacking::ReadModel);
    if misshapen {
        original.functions().for_each(Function::silence);
    }
    match original.check(cx) {
        _ if misshapen => expand::whatever(&block),
        Ok(()) => expand::expand(&block),
        Err(errors) => expand::inert(&block, &errors),
    }
}

/// The impl of a block whose `#[read_model]` was forgotten: it stands in for the handlers, and for what would be ignored.
pub(crate) fn outside(original: &ImplBlock) -> TokenStream {
    expand::every(&Krate::default(), &original.header.self_ty)
}
