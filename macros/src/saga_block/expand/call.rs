//! The arguments of the user's functions, each under the type of its parameter, where a mismatch is reported.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::Type;
use syn::spanned::Spanned;

use super::super::ast::Block;
use crate::event_parameter::Event;
use crate::signature;
use crate::spans;

/// A local of the trait's method, whose tokens are under the function's name.
pub(super) fn argument(local: &str, ty: &Type, name: &Ident) -> TokenStream {
    let local = Ident::new(local, ty.span().resolved_at(name.span()));
    quote_spanned!(ty.span()=> #local)
}

/// What another step has returned, by way of a trait of ours: that it is of another type is reported in words, under the type of the parameter.
pub(super) fn borrowed(block: &Block<'_>, local: &str, ty: &Type, name: &Ident) -> TokenStream {
    let (first, last) = spans::ends(ty);
    let local = Ident::new(local, last.resolved_at(name.span()));
    match ty {
        Type::Reference(reference) => passed(block, &reference.elem, &quote_spanned!(last=> &*#local)),
        _ => {
            let and = quote_spanned!(first=> &);
            quote_spanned!(last=> #and *#local)
        }
    }
}

/// `OutputAs::<Type>::pass(value)`
fn passed(block: &Block<'_>, elem: &Type, value: &TokenStream) -> TokenStream {
    let (first, last) = spans::ends(elem);
    let kenning = block.krate.at(first);
    let call = spans::parenthesized(value, last);
    quote_spanned!(first=> #kenning::check::OutputAs::<#elem>::pass #call)
}

/// The context, in the same way.
pub(super) fn context(block: &Block<'_>, ty: &Type, name: &Ident) -> TokenStream {
    let local = argument("context", ty, name);
    match ty {
        Type::Reference(reference) => {
            let (first, last) = spans::ends(&reference.elem);
            let (kenning, elem) = (block.krate.at(first), &reference.elem);
            let call = spans::parenthesized(local, last);
            quote_spanned!(first=> #kenning::check::ContextAs::<#elem>::pass #call)
        }
        _ => local,
    }
}

/// The event, as the function takes it.
pub(super) fn event(block: &Block<'_>, event: &Event<'_>, name: &Ident) -> TokenStream {
    let local = argument("event", event.parameter, name);
    if event.recorded {
        return local;
    }
    let kenning = block.krate.at(event.parameter.span());
    quote_spanned!(event.parameter.span()=> #kenning::Recorded::event(#local))
}

/// `<Answer as Trait>::what`, from the first to the last token of the type.
pub(super) fn through(ty: &Type, of: &TokenStream, what: &str) -> TokenStream {
    let (first, last) = spans::ends(ty);
    let what = Ident::new(what, last);
    let open = quote_spanned!(first=> <);
    quote_spanned!(last=> #open #ty as #of>::#what)
}

/// What the undone step has returned, as the function takes it: `Option<&str>` of a `String`, too.
pub(super) fn output(block: &Block<'_>, ty: &Type, name: &Ident) -> TokenStream {
    let local = argument("output", ty, name);
    let Some(Type::Reference(reference)) = signature::argument(ty, 0) else { return local };
    let (kenning, elem) = (block.krate.at(ty.span()), &reference.elem);
    quote_spanned!(ty.span()=> ::core::option::Option::map(#local, #kenning::check::OutputAs::<#elem>::pass))
}
