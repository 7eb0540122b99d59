//! `#[apply]`, `#[step]`, `#[on]` …: inside their block they are marks that the block's macro takes away, so that these macros only run outside of it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, ImplItemFn};

use crate::impl_block::ImplBlock;
use crate::marks;
use crate::source::{self, Around};
use crate::suggest::nearest;
use crate::symbol::{
    AGGREGATE, APPLY, COMMAND, FAILED, ON, PROJECTION, REACTOR, READ_MODEL, SAGA, SEND, START, STEP, UNDO,
    WAIT,
};
use crate::text::{listed, text};
use crate::{aggregate_block, reactor, read_model_block, saga_block};

/// All marks.
const MARKS: &[&str] = &[APPLY, COMMAND, FAILED, ON, SEND, START, STEP, UNDO, WAIT];

/// The item, and where the mark belongs. Of a block with several marks, the first one speaks.
pub(crate) fn attribute(mark: &str, blocks: &[&'static str], item: &TokenStream) -> TokenStream {
    let place = match syn::parse2::<ImplItemFn>(item.clone()) {
        Ok(function) => function.sig.ident.into_token_stream(),
        Err(_) => item.clone(),
    };
    let (message, inert) = match source::around(MARKS) {
        Some(Around { told: true, .. }) => return item.clone(),
        Some(around) => {
            let block = &around.block;
            let missing = meant(blocks, block);
            // The impls of another block may be the same ones.
            let alone = !around.has_another(missing, &text(&block.header.self_ty));
            (told(mark, missing, block), inert(missing, block).filter(|_| alone))
        }
        None => (general(mark, blocks), None),
    };
    let error = syn::Error::new_spanned(place, message).into_compile_error();
    quote! { #item #error #inert }
}

fn general(mark: &str, blocks: &[&str]) -> String {
    let article = if blocks.iter().any(|block| block.starts_with(['a', 'e'])) { "an" } else { "a" };
    let blocks: Vec<String> = blocks.iter().map(|block| format!("`#[{block}]`")).collect();
    let blocks = listed(&blocks);
    format!(
        "`#[{mark}]` is outside of {article} {blocks} block\nhelp: write {blocks} on the `impl` block of this function"
    )
}

/// The attribute that is missing.
fn told(mark: &str, missing: &str, block: &ImplBlock) -> String {
    let header = &block.header;
    let article = if missing == AGGREGATE { "an" } else { "a" };
    let of = text(&header.self_ty);
    if header.trait_.is_some() || !header.generics.params.is_empty() {
        let help = format!("write an `impl {of}` without trait and generics, with `#[{missing}]` on it");
        return format!("`#[{mark}]` is outside of {article} `#[{missing}]` block\nhelp: {help}");
    }
    let typed = header.attrs.iter().filter_map(|attr| attr.path().get_ident()).map(ToString::to_string);
    let typo = typed.into_iter().find(|typed| typed != missing && nearest(typed, [missing]).is_some());
    if let Some(typo) = typo {
        return format!(
            "`impl {of}` is not {article} `#[{missing}]` block\nhelp: write `#[{missing}]` in place of `#[{typo}]`"
        );
    }
    let args = match missing {
        SAGA => services(block).map(|services| format!("(services = {services})")),
        PROJECTION => Some("(name = \"…\", version = 1, events = …)".to_owned()),
        REACTOR => Some("(name = \"…\", version = 1)".to_owned()),
        _ => None,
    };
    let args = args.unwrap_or_default();
    format!(
        "`impl {of}` has `#[{mark}]` functions, but is not {article} `#[{missing}]` block\nhelp: write `#[{missing}{args}]` above `impl {of}`"
    )
}

/// Which of the blocks that a mark can be in it is meant to be.
fn meant(blocks: &[&'static str], block: &ImplBlock) -> &'static str {
    let [only] = blocks else {
        let marked = |attr: &Attribute| marks::name(attr, None, &[ON]).is_some();
        let functions: Vec<_> =
            block.functions().filter(|function| function.attrs.iter().any(marked)).collect();
        let taken: Vec<String> = functions.iter().map(|function| text(&function.sig.inputs)).collect();
        if taken.iter().any(|taken| taken.contains("Effects")) {
            return REACTOR;
        }
        let waits = functions.iter().any(|function| function.sig.asyncness.is_some());
        return if waits || taken.iter().any(|taken| taken.contains("Transaction")) {
            PROJECTION
        } else {
            READ_MODEL
        };
    };
    only
}

/// The services that the context of a step has.
fn services(block: &ImplBlock) -> Option<String> {
    block.functions().find_map(|function| {
        let taken = text(&function.sig.inputs);
        let (_, after) = taken.split_once("StepContext<")?;
        after.split(['>', ',']).next().map(str::trim).filter(|services| *services != "()").map(str::to_owned)
    })
}

/// What the block would have declared, so that the uses of the type are no mistakes as well. In a function, since only functions can be beside the mark.
fn inert(missing: &str, block: &ImplBlock) -> Option<TokenStream> {
    if !block.is_plain() {
        return None;
    }
    let impls = match missing {
        AGGREGATE => aggregate_block::outside(block),
        READ_MODEL => read_model_block::outside(block),
        REACTOR => reactor::outside(block),
        SAGA => saga_block::outside(block, services(block).and_then(|services| services.parse().ok())),
        _ => return None,
    };
    let name = Ident::new("__kenning_outside", proc_macro2::Span::mixed_site());
    Some(quote!(#[allow(dead_code, non_local_definitions)] fn #name() { #impls }))
}
