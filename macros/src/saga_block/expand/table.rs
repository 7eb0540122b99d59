//! The table of a saga's steps.

use std::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::super::ast::{Block, Kind, Step};
use super::super::resolve::{Plan, Planned, name};
use super::super::retry::Policy;
use super::place;
use crate::impl_block::Function;

/// `StepDefinition::undoable::<0>(StepInfo::new("reserve", &[]).way_back(WayBack::Undo("release"))), …`
pub(super) fn steps(block: &Block<'_>, plan: &Plan<'_, '_>) -> TokenStream {
    let steps = block.steps.iter().zip(&plan.steps).enumerate().map(|(at, (step, planned))| {
        let span = step.ident().span();
        let (krate, cfgs) = (block.krate.at(span), step.function.cfgs());
        let (kind, place) = (Ident::new(kind(step, planned), span), place::place(block, at));
        let info = info(block, plan, at, step);
        quote_spanned!(span=> #(#cfgs)* #krate::saga::StepDefinition::<Self>::#kind::<#place>(#info))
    });
    quote!(#(#steps),*)
}

fn kind(step: &Step<'_>, planned: &Planned<'_, '_>) -> &'static str {
    match (step.kind, planned.undo) {
        (Kind::Step, None) => "step",
        (Kind::Step, Some(_)) => "undoable",
        (Kind::Send, None) => "send",
        (Kind::Send, Some(undo)) if undo.sends => "send_undone_by_send",
        (Kind::Send, Some(_)) => "undoable_send",
        (Kind::Wait, _) if planned.on_timeout.is_some() => "wait_or",
        (Kind::Wait, _) => "wait",
    }
}

/// What is known of a step, as far as it differs from what the runtime takes for granted.
fn info(block: &Block<'_>, plan: &Plan<'_, '_>, at: usize, step: &Step<'_>) -> TokenStream {
    let (krate, args) = (&block.krate, &step.args);
    let persisted = args.name.as_ref().map_or_else(|| name(step.ident()), syn::LitStr::value);
    let after = place::after(block, plan, at);
    let way_back = way_back(block, step);
    let pivot = args.pivot.as_ref().map(|_| quote!(.pivot()));
    let wait = step.kind == Kind::Wait;
    let endless = plan.graph.as_ref().is_some_and(|graph| graph.is_endless(at));
    let said = if endless { args.retry.or(&block.retry.endless()) } else { args.retry.or(&block.retry) };
    let retry = (!wait && (endless || !said.says_nothing())).then(|| {
        let retry = policy(block, &said, if endless { "FOREVER" } else { "STEP" });
        quote!(.retry(#retry))
    });
    let said = args.undo_retry.or(&block.undo_retry);
    let undo_retry = (args.undo.is_some() && !said.says_nothing()).then(|| {
        let retry = policy(block, &said, "UNDO");
        quote!(.undo_retry(#retry))
    });
    let own = args.timeout.as_ref().map(|(_, timeout)| *timeout);
    let timeout = match (wait, own.or(block.timeout)) {
        (true, _) => Some(optional(own.map(duration))),
        (false, None) => None,
        (false, timeout) => Some(optional(timeout.map(duration))),
    };
    let timeout = timeout.map(|timeout| quote!(.timeout(#timeout)));
    // A function that is not `async` blocks the thread that calls it.
    let is_async = |function: &Function| function.sig.asyncness.is_some();
    let blocking = (step.kind == Kind::Step && !is_async(step.function)).then(|| quote!(.blocking()));
    let undo = plan.steps.get(at).and_then(|planned| planned.undo).filter(|undo| !undo.sends);
    let undo_blocking = undo.filter(|undo| !is_async(undo.function)).map(|_| quote!(.undo_blocking()));
    quote!(
        #krate::saga::StepInfo::new(#persisted, #after)
            #way_back #pivot #retry #undo_retry #timeout #blocking #undo_blocking
    )
}

fn way_back(block: &Block<'_>, step: &Step<'_>) -> Option<TokenStream> {
    let (krate, args) = (&block.krate, &step.args);
    let way_back = quote!(#krate::saga::WayBack);
    let way_back = match (&args.undo, &args.irreversible, &args.read_only) {
        (Some(undo), _, _) => {
            let undo = name(undo);
            quote!(#way_back::Undo(#undo))
        }
        (None, Some((_, why)), _) => quote!(#way_back::Irreversible(#why)),
        (None, None, Some(_)) => quote!(#way_back::ReadOnly),
        (None, None, None) => return None,
    };
    Some(quote!(.way_back(#way_back)))
}

/// `Retry { attempts: Some(3), ..Retry::STEP }`
fn policy(block: &Block<'_>, said: &Policy, base: &str) -> TokenStream {
    let krate = &block.krate;
    let retry = quote!(#krate::saga::Retry);
    let base = Ident::new(base, Span::call_site());
    if said.says_nothing() {
        return quote!(#retry::#base);
    }
    let attempts = said.attempts.as_ref().map(|attempts| {
        let limit = optional(attempts.limit.map(|limit| {
            let limit = Literal::u32_unsuffixed(limit);
            quote!(#limit)
        }));
        quote!(attempts: #limit,)
    });
    let backoff = said.backoff.map(|(first, longest)| {
        let (first, longest) = (duration(first), duration(longest));
        quote!(first: #first, longest: #longest,)
    });
    let within = said.within.as_ref().map(|(_, within)| {
        let within = optional(Some(duration(*within)));
        quote!(within: #within,)
    });
    // With all of them there is nothing left to take from the base.
    let rest = (attempts.is_none() || backoff.is_none() || within.is_none()).then(|| quote!(..#retry::#base));
    quote!(#retry { #attempts #backoff #within #rest })
}

fn optional(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

pub(super) fn duration(duration: Duration) -> TokenStream {
    let milliseconds = duration.subsec_millis();
    if milliseconds == 0 {
        let seconds = Literal::u64_unsuffixed(duration.as_secs());
        quote!(::core::time::Duration::from_secs(#seconds))
    } else {
        let all = Literal::u64_unsuffixed(duration.as_secs() * 1_000 + u64::from(milliseconds));
        quote!(::core::time::Duration::from_millis(#all))
    }
}
