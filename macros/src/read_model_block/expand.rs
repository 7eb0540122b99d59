//! The impls of a `#[read_model]` block: one for each `#[on]` function, calling it, and one for each event that is ignored.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, FnArg, PatType, Type, parse_quote};

use super::args::Rows;
use super::ast::Block;
use super::handler::{Form, Handler, Takes};
use crate::impl_block::Function;
use crate::krate::Krate;
use crate::spans;
use crate::symbol::{IGNORE, REPLACE};
use crate::text::text;

/// The user's block, verbatim and first, so that an editor finds it, and:
/// ```ignore
/// impl On<OrderShipped> for OrderSummary {
///     const REACH: Reach = Reach::Stream;                                                 // Computed with `key` and `keys`
///     fn keys(event: &Recorded<OrderShipped>) -> Result<Keys<Self>, HandleError> {
///         let _ = <<OrderSummary as ReadModel>::Events as Includes<OrderShipped>>::get;   // it is an event of the set
///         Keys::stream(event)
///     }
///     fn on(event: &Recorded<OrderShipped>, row: &mut Slot<Self>) -> Result<(), HandleError> {
///         if let Some(row) = row.change(IfMissing::Park)? { Self::shipped(row, event.event()); }
///         Ok(())
///     }
/// }
/// ```
pub(super) fn expand(block: &Block<'_>) -> TokenStream {
    let original = original(block);
    let handlers = block.handlers.iter().map(|handler| expand_handler(block, handler));
    let ignored = block.ignored.iter().map(|event| expand_ignored(block, event));
    quote! { #original #(#handlers)* #(#ignored)* }
}

/// The user's block, the errors, and the impls of all functions, once each: those that cannot be called get a body that is never reached.
pub(super) fn inert(block: &Block<'_>, errors: &TokenStream) -> TokenStream {
    let original = original(block);
    let header = &block.original.header;
    if !header.generics.params.is_empty() {
        return quote! { #original #errors };
    }
    let mut seen = HashSet::new();
    let handlers = block.handlers.iter().filter(|handler| seen.insert(text(handler.event)));
    let handlers: TokenStream = handlers.map(|handler| expand_handler(block, handler)).collect();
    let more = block.more_events.iter().filter(|(_, event)| seen.insert(text(event)));
    let more: TokenStream = more.map(|(function, event)| unreachable(block, function, event)).collect();
    let ignored = block.ignored.iter().filter(|event| seen.insert(text(event)));
    let ignored = ignored.map(|event| expand_ignored(block, event));
    quote! { #original #errors #handlers #more #(#ignored)* }
}

/// The user's block, of a type that is no read model: it stands in for all handlers.
pub(super) fn whatever(block: &Block<'_>) -> TokenStream {
    let (original, every) = (original(block), every(&block.krate, &block.original.header.self_ty));
    quote! { #original #every }
}

/// The user's block. An event of which the key alone is asked is not unused, although its function does not say so.
fn original(block: &Block<'_>) -> TokenStream {
    block.original.rewritten(
        &block.krate,
        |attr| block.is_inert(attr),
        |function| {
            let mut sig = function.sig.clone();
            let handler = block.handlers.iter().find(|handler| std::ptr::eq(handler.function, function));
            if let Some(handler) = handler.filter(|handler| handler.args.rows.is_some())
                && let Some(FnArg::Typed(PatType { attrs, .. })) = sig.inputs.iter_mut().nth(handler.place)
            {
                attrs.push(parse_quote!(#[allow(unused_variables)]));
            }
            sig.into_token_stream()
        },
    )
}

/// The header is spanned at the function's name: impls that overlap are then reported under the two functions.
fn expand_handler(block: &Block<'_>, handler: &Handler<'_>) -> TokenStream {
    let Handler { function, event, sound, .. } = handler;
    if !sound {
        return unreachable(block, function, event);
    }
    let (reach, keys) = keys(block, handler);
    let name = &function.sig.ident;
    let krate = block.krate.at(name.span());
    let on = on(block, handler);
    let included = included(block, event);
    // No expression of the user's sees this name, unless its own function has it.
    let parameter = Ident::new("event", Span::mixed_site());
    let row = quote_spanned!(name.span()=> #krate::read_model);
    let items = quote_spanned! {name.span()=>
        const REACH: #row::Reach = #row::Reach::#reach;

        fn keys(
            #parameter: &#krate::Recorded<#event>,
        ) -> ::core::result::Result<#row::Keys<Self>, #row::HandleError> {
            let _ = #included;
            #keys
        }

        fn on(
            event: &#krate::Recorded<#event>,
            row: &mut #row::Slot<Self>,
        ) -> ::core::result::Result<(), #row::HandleError> {
            #on
        }
    };
    implement(block, function, event, &items)
}

/// The impl of a function that cannot be called.
fn unreachable(block: &Block<'_>, function: &Function, event: &Type) -> TokenStream {
    implement(block, function, event, &never(&block.krate, event, function.sig.ident.span()))
}

/// One impl for all events, which does nothing.
pub(crate) fn every(krate: &Krate, self_ty: &Type) -> TokenStream {
    let items = never(krate, &parse_quote!(E), Span::call_site());
    quote! {
        #[automatically_derived]
        impl<E> #krate::On<E> for #self_ty {
            #items
        }
    }
}

/// What is never called.
fn never(krate: &Krate, event: &Type, span: Span) -> TokenStream {
    let row = quote_spanned!(span=> #krate::read_model);
    quote_spanned! {span=>
        const REACH: #row::Reach = #row::Reach::Nothing;

        fn keys(_: &#krate::Recorded<#event>) -> ::core::result::Result<#row::Keys<Self>, #row::HandleError> {
            ::core::unreachable!()
        }

        fn on(
            _: &#krate::Recorded<#event>,
            _: &mut #row::Slot<Self>,
        ) -> ::core::result::Result<(), #row::HandleError> {
            ::core::unreachable!()
        }
    }
}

fn implement(block: &Block<'_>, function: &Function, event: &Type, items: &TokenStream) -> TokenStream {
    let (krate, self_ty) = (&block.krate, &block.original.header.self_ty);
    let cfgs = block.original.cfgs().chain(function.cfgs());
    quote_spanned! {function.sig.ident.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::On<#event> for #self_ty {
            #items
        }
    }
}

/// An event of which nothing is done, under its own tokens.
fn expand_ignored(block: &Block<'_>, event: &Type) -> TokenStream {
    let (span, self_ty) = (event.span(), &block.original.header.self_ty);
    let (kenning, cfgs) = (block.krate.at(span), block.original.cfgs());
    let included = included(block, event);
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        impl #kenning::On<#event> for #self_ty {
            const REACH: #kenning::read_model::Reach = #kenning::read_model::Reach::Nothing;

            fn keys(
                _: &#kenning::Recorded<#event>,
            ) -> ::core::result::Result<#kenning::read_model::Keys<Self>, #kenning::read_model::HandleError> {
                let _ = #included;
                ::core::result::Result::Ok(#kenning::read_model::Keys::none())
            }

            fn on(
                _: &#kenning::Recorded<#event>,
                _: &mut #kenning::read_model::Slot<Self>,
            ) -> ::core::result::Result<(), #kenning::read_model::HandleError> {
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// That it is an event of the set, asked under its tokens.
fn included(block: &Block<'_>, event: &Type) -> TokenStream {
    let (kenning, self_ty) = (block.krate.at(event.span()), &block.original.header.self_ty);
    quote_spanned! {event.span()=>
        <<#self_ty as #kenning::ReadModel>::Events as #kenning::Includes<#event>>::get
    }
}

/// How the rows are reached, and their keys.
fn keys(block: &Block<'_>, handler: &Handler<'_>) -> (Ident, TokenStream) {
    let name = &handler.function.sig.ident;
    let krate = block.krate.at(name.span());
    let event = Ident::new("event", Span::mixed_site());
    let reach = |reach: &str| Ident::new(reach, name.span());
    let expr = match &handler.args.rows {
        None => {
            let keys = quote_spanned!(name.span()=> #krate::read_model::Keys::stream(#event));
            return (reach("Stream"), keys);
        }
        Some(Rows::One(expr) | Rows::Several(expr)) => expr,
    };
    let (pattern, taken) = (handler.pattern, handler.event);
    let (first, last) = spans::ends(expr);
    let (kenning, self_ty) = (block.krate.at(first), &block.original.header.self_ty);
    let key = quote_spanned!(first=> <#self_ty as #kenning::ReadModel>::Key);
    let keys = match &handler.args.rows {
        Some(Rows::Several(expr)) => {
            let call = spans::parenthesized(expr, last);
            quote_spanned!(first=> #kenning::check::KeysOf::<#self_ty, #key>::keys #call)
        }
        _ => {
            // One that is borrowed already is that of the row as well.
            let borrowed = match expr {
                Expr::Reference(_) => quote!(#expr),
                expr => quote_spanned!(first=> &(#expr)),
            };
            let call = spans::parenthesized(borrowed, last);
            quote_spanned!(first=> #kenning::check::KeyOf::<#self_ty, #key>::keys #call)
        }
    };
    let (ty, value) = if handler.recorded {
        (quote!(#krate::Recorded<#taken>), quote!(#event))
    } else {
        (quote!(#taken), quote!(#krate::Recorded::event(#event)))
    };
    let body = quote! {
        #[allow(unused_variables, unused_mut)]
        let #pattern: &#ty = #value;
        #keys
    };
    (reach("Computed"), body)
}

/// The call of the user's function.
fn on(block: &Block<'_>, handler: &Handler<'_>) -> TokenStream {
    let Handler { function, form, takes, args, recorded, .. } = handler;
    let name = &function.sig.ident;
    let krate = block.krate.at(name.span());
    let own = takes.iter().map(|takes| match takes {
        Takes::Row => quote_spanned!(name.span()=> row.find()),
        Takes::Key(ty) => key(block, ty, name.span()),
        Takes::Event if *recorded => quote_spanned!(name.span()=> event),
        Takes::Event => quote_spanned!(name.span()=> #krate::Recorded::event(event)),
    });
    let call = match form {
        Form::Change => quote_spanned!(name.span()=> Self::#name(row, #(#own),*)),
        Form::Remove => quote_spanned!(name.span()=> Self::#name(found, #(#own),*)),
        Form::Create | Form::Merge | Form::MergeOrRemove => {
            quote_spanned!(name.span()=> Self::#name(#(#own),*))
        }
    };
    let (missing, present) = (policy(args.missing.as_ref()), policy(args.present.as_ref()));
    let row = quote_spanned!(name.span()=> #krate::read_model);
    let some = quote_spanned!(name.span()=> ::core::option::Option::Some);
    match form {
        Form::Create => quote_spanned!(name.span()=> row.create(#call, #row::IfPresent::#present)),
        Form::Change => quote_spanned! {name.span()=>
            if let #some(row) = row.change(#row::IfMissing::#missing)? {
                #call;
            }
            ::core::result::Result::Ok(())
        },
        Form::Remove => quote_spanned! {name.span()=>
            let #some(found) = row.take(#row::IfMissing::#missing)? else {
                return ::core::result::Result::Ok(());
            };
            let left = #call;
            row.put(left)
        },
        Form::Merge => quote_spanned!(name.span()=> let merged = #call; row.put(#some(merged))),
        Form::MergeOrRemove => quote_spanned!(name.span()=> let merged = #call; row.put(merged)),
    }
}

/// The key of the row, for a parameter of that type.
fn key(block: &Block<'_>, ty: &Type, name: Span) -> TokenStream {
    let (kenning, self_ty, span) = (block.krate.at(ty.span()), &block.original.header.self_ty, ty.span());
    let row = Ident::new("row", span.resolved_at(name));
    let key = quote_spanned!(span=> <#self_ty as #kenning::ReadModel>::Key);
    quote_spanned! {span=>
        <#ty as #kenning::check::KeyOf<#self_ty, #key>>::from_key(#row.key()?)
    }
}

fn policy(said: Option<&(Ident, &'static str)>) -> Ident {
    let name = match said {
        Some((_, IGNORE)) => "Ignore",
        Some((_, REPLACE)) => "Replace",
        _ => "Park",
    };
    Ident::new(name, Span::call_site())
}
