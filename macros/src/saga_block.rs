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
use crate::declared::{self, Lacking};
use crate::impl_block::{self, Function, ImplBlock};
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
    let misshapen = declared::is_misshapen(&original.header.self_ty, Lacking::Saga);
    if misshapen {
        original.functions().for_each(Function::silence);
    }
    match original.check(cx) {
        _ if misshapen => expand::inert(&block, &TokenStream::new()),
        Ok(()) => expand::expand(&block, &plan),
        Err(errors) => expand::inert(&block, &errors),
    }
}

/// The impl of a block whose `#[saga]` was forgotten: it has no step.
pub(crate) fn outside(original: &ImplBlock, services: Option<TokenStream>) -> TokenStream {
    let cx = Ctxt::only(syn::Error::new(proc_macro2::Span::call_site(), ""));
    let args = services.map(|services| quote::quote!(services = #services));
    let block = ast::Block::parse(&cx, args.unwrap_or_default(), original);
    drop(cx.check());
    expand::inert_impls(&block)
}

/// One of several blocks of a saga, none of which has all of its functions. The one with the error
/// speaks for all.
pub(crate) fn again(args: TokenStream, original: &ImplBlock, error: Option<syn::Error>) -> TokenStream {
    let cx = Ctxt::only(syn::Error::new(proc_macro2::Span::call_site(), ""));
    let block = ast::Block::parse(&cx, args, original);
    drop(cx.check());
    match error {
        Some(error) => expand::inert(&block, &error.into_compile_error()),
        None => original.without(&block.krate, |attr| block.is_inert(attr)),
    }
}
