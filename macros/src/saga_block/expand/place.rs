//! The places of steps in the table. Under `cfg` a step may not be there, and those after it move up: then their places are computed where that is known.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Meta};

use super::super::ast::Block;
use super::super::resolve::Plan;

/// The place of a step, as the argument of a generic parameter.
pub(super) fn place(block: &Block<'_>, step: usize) -> TokenStream {
    let number = number(block, step);
    if conditions(block, step).is_empty() { number } else { quote!({ #number }) }
}

/// The place of a step, as an expression.
pub(super) fn number(block: &Block<'_>, step: usize) -> TokenStream {
    let (krate, conditions) = (&block.krate, conditions(block, step));
    if conditions.is_empty() {
        return Literal::usize_unsuffixed(step).to_token_stream();
    }
    let sure = Literal::usize_unsuffixed(step - conditions.len());
    quote!(#krate::__private::place(#sure, &[#(::core::cfg!(#conditions)),*]))
}

/// What has to hold for the steps before it that may not be there.
fn conditions(block: &Block<'_>, step: usize) -> Vec<TokenStream> {
    block.steps.iter().take(step).filter_map(|before| condition(before.function.cfgs())).collect()
}

/// The places of the steps that a step comes after. One that may not be there hands on what it comes after itself.
pub(super) fn after(block: &Block<'_>, plan: &Plan<'_, '_>, step: usize) -> TokenStream {
    let mut told = Vec::new();
    let mut left: Vec<usize> = plan.steps.get(step).map(|step| step.after.clone()).unwrap_or_default();
    let mut entries = Vec::new();
    left.reverse();
    while let Some(before) = left.pop() {
        let Some(declared) = block.steps.get(before) else { continue };
        if told.contains(&before) {
            continue;
        }
        told.push(before);
        let (cfgs, number) = (declared.function.cfgs(), number(block, before));
        entries.push(quote!(#(#cfgs)* #number));
        if declared.function.cfgs().next().is_some() {
            left.extend(plan.steps.get(before).into_iter().flat_map(|step| step.after.iter().rev()));
        }
    }
    quote!(&[#(#entries),*])
}

/// The one value where the conditions hold, else the other.
pub(super) fn when<'a>(
    cfgs: impl Iterator<Item = &'a Attribute>,
    there: &TokenStream,
    absent: &TokenStream,
) -> TokenStream {
    let cfgs: Vec<&Attribute> = cfgs.collect();
    match condition(cfgs.iter().copied()) {
        None => there.clone(),
        Some(condition) => quote!({
            #(#cfgs)*
            { #there }
            #[cfg(not(#condition))]
            { #absent }
        }),
    }
}

/// What has to hold for the function to be there, unless it always is.
fn condition<'a>(cfgs: impl Iterator<Item = &'a Attribute>) -> Option<TokenStream> {
    let conditions: Vec<&TokenStream> = cfgs
        .filter_map(|cfg| match &cfg.meta {
            Meta::List(list) => Some(&list.tokens),
            Meta::Path(_) | Meta::NameValue(_) => None,
        })
        .collect();
    match conditions.as_slice() {
        [] => None,
        [one] => Some(one.to_token_stream()),
        several => Some(quote!(all(#(#several),*))),
    }
}
