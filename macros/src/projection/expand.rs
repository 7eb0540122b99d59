//! The impls of a `#[projection]` block: that of the projection, and one for each event, calling the user's function.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::ast::{Begin, Block, Handler, Takes};
use crate::bounds;
use crate::text::text;

/// The user's block, verbatim and first, so that an editor finds it, and:
/// ```ignore
/// impl Projection for Revenue {
///     const NAME: &'static str = "revenue";
///     const VERSION: u32 = 1;
///     const INLINE: bool = true;                                                  // with `inline`
///     const IGNORED: &'static [&'static str] = &[<OrderShipped as Event>::NAME];  // with `ignore`
///     type Events = OrderEvent;
///     type Transaction = PgTransaction<'static>;
///     fn project<'a>(&'a self, events: Vec<Recorded<OrderEvent>>, transaction: &'a mut PgTransaction<'static>) -> … {
///         <OrderEvent as ProjectInto<Self>>::project_each(events, self, transaction)
///     }
/// }
/// impl Project<OrderPlaced> for Revenue {
///     fn on<'a>(&'a self, event: &'a Recorded<OrderPlaced>, transaction: &'a mut PgTransaction<'static>) -> … {
///         let _ = <<Revenue as Projection>::Events as Includes<OrderPlaced>>::get;                         // it is an event of the set
///         Box::pin(async move { <Result<(), …> as Outcome>::outcome(Self::placed(self, event, transaction).await) })
///     }
/// }
/// impl Project<OrderShipped> for Revenue { … }                                    // does nothing
/// ```
pub(super) fn expand(block: &Block<'_>) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    let body = match block.batches().next() {
        Some(batch) => call_batch(block, batch),
        None => block.events.as_ref().map(|events| call_each(block, events)).unwrap_or_default(),
    };
    let main = projection(block, &body);
    let handlers = block.handlers.iter().filter_map(|handler| expand_handler(block, handler));
    let ignored = block.ignored.iter().map(|event| expand_ignored(block, event));
    quote! { #original #main #(#handlers)* #(#ignored)* }
}

/// The user's block, the errors, and the impls as far as the types are known: what cannot be called gets a body that is never reached.
pub(super) fn inert(block: &Block<'_>, errors: &TokenStream) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    let header = &block.original.header;
    if !header.generics.params.is_empty() || block.events.is_none() {
        return quote! { #original #errors };
    }
    let main = projection(block, &quote!(let _ = (events, transaction); ::core::unreachable!()));
    let mut seen = HashSet::new();
    let handlers = block
        .handlers
        .iter()
        .filter(|handler| handler.takes.event().is_some_and(|event| seen.insert(text(event))));
    let handlers: Vec<_> = handlers.filter_map(|handler| expand_handler(block, handler)).collect();
    let ignored = block.ignored.iter().filter(|event| seen.insert(text(event)));
    let ignored = ignored.map(|event| expand_ignored(block, event));
    quote! { #original #errors #main #(#handlers)* #(#ignored)* }
}

fn projection(block: &Block<'_>, body: &TokenStream) -> TokenStream {
    let Block { krate, original, name, version, events, ignored, inline, idempotent, renamed_from, .. } =
        block;
    let self_ty = &original.header.self_ty;
    let cfgs = original.cfgs();
    let name = name.as_ref().map_or_else(|| quote!(""), |name| quote!(#name));
    let version = version.as_ref().map_or_else(|| quote!(1), |version| quote!(#version));
    let inline = inline.is_some().then(|| {
        quote!(
            const INLINE: bool = true;
        )
    });
    let ignored = (!ignored.is_empty()).then(|| {
        let names = ignored.iter().map(|event| {
            let kenning = krate.at(event.span());
            quote_spanned!(event.span()=> <#event as #kenning::Event>::NAME)
        });
        quote!(const IGNORED: &'static [&'static str] = &[#(#names),*];)
    });
    let given = bounds::given(krate, self_ty, "Shared");
    let shared = bounds::asked(krate, original.cfgs(), self_ty, self_ty, "Sharing");
    let transaction = block.transaction().map_or_else(
        || quote!(()),
        |transaction| {
            let owned = &transaction.owned;
            quote!(#owned)
        },
    );
    let restart = match (&block.begin, idempotent) {
        (Some(_), _) => Some(quote!(const RESTART: #krate::Restart = #krate::Restart::Begin;)),
        (None, Some(why)) => {
            Some(quote!(const RESTART: #krate::Restart = #krate::Restart::Idempotent(#why);))
        }
        (None, None) => None,
    };
    let renamed_from = renamed_from
        .as_ref()
        .map(|from| quote!(const RENAMED_FROM: ::core::option::Option<&'static str> = ::core::option::Option::Some(#from);));
    let begin = block.begin.as_ref().map(|begin| expand_begin(block, begin));
    quote_spanned! {self_ty.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::Projection for #self_ty where #given {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            #inline
            #ignored
            #restart
            #renamed_from
            type Events = #events;
            type Transaction = #transaction;

            fn project<'a>(
                &'a self,
                events: ::std::vec::Vec<#krate::Recorded<Self::Events>>,
                transaction: &'a mut Self::Transaction,
            ) -> #krate::__private::Handling<'a> {
                #body
            }

            #begin
        }

        #shared
    }
}

/// Calls the user's `#[begin]` function.
fn expand_begin(block: &Block<'_>, begin: &Begin<'_>) -> TokenStream {
    let krate = &block.krate;
    let sig = &begin.function.sig;
    let name = &sig.ident;
    let hygiene = block.original.header.self_ty.span();
    let transaction = Ident::new("transaction", hygiene);
    let passed = begin.transaction.as_ref().map(|own| {
        let transaction = Ident::new("transaction", own.parameter.span().resolved_at(hygiene));
        quote!(, #transaction)
    });
    let unused = begin.transaction.is_none().then(|| quote!(let _ = #transaction;));
    let this = Ident::new("self", hygiene);
    let wait = sig.asyncness.map(|keyword| quote_spanned!(keyword.span()=> .await));
    let outcome = match begin.answer {
        Some(answer) => {
            let kenning = krate.at(answer.span());
            quote_spanned!(answer.span()=> <#answer as #kenning::check::Outcome>::outcome)
        }
        None => quote_spanned!(name.span()=> <() as #krate::check::Outcome>::outcome),
    };
    quote_spanned! {hygiene=>
        fn begin<'a>(&'a #this, #transaction: &'a mut Self::Transaction) -> #krate::__private::Handling<'a> {
            #unused
            ::std::boxed::Box::pin(async move { #outcome(Self::#name(#this #passed) #wait) })
        }
    }
}

/// The header is spanned at the function's name: impls that overlap are then reported under the two functions.
fn expand_handler(block: &Block<'_>, handler: &Handler<'_>) -> Option<TokenStream> {
    let Block { krate, original, .. } = block;
    let event = handler.takes.event()?;
    let given = bounds::given(krate, &original.header.self_ty, "Shared");
    let (name, self_ty) = (&handler.function.sig.ident, &original.header.self_ty);
    let cfgs = original.cfgs().chain(handler.function.cfgs());
    let body = if handler.sound && block.agrees(handler) {
        let included = included(block, event);
        let passed = Ident::new("event", event.span().resolved_at(name.span()));
        let passed = match handler.takes {
            Takes::Event(_) => quote_spanned!(event.span()=> #krate::Recorded::event(#passed)),
            _ => quote!(#passed),
        };
        let call = call(block, handler, &passed);
        quote_spanned! {name.span()=>
            let _ = #included;
            #call
        }
    } else {
        quote_spanned!(name.span()=> let _ = (event, transaction); ::core::unreachable!())
    };
    Some(quote_spanned! {name.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::Project<#event> for #self_ty where #given {
            fn on<'a>(
                &'a self,
                event: &'a #krate::Recorded<#event>,
                transaction: &'a mut <Self as #krate::Projection>::Transaction,
            ) -> #krate::__private::Handling<'a> {
                #body
            }
        }
    })
}

fn expand_ignored(block: &Block<'_>, event: &Type) -> TokenStream {
    let Block { krate, original, .. } = block;
    let self_ty = &original.header.self_ty;
    let cfgs = original.cfgs();
    let given = bounds::given(krate, self_ty, "Shared");
    let included = included(block, event);
    quote_spanned! {event.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::Project<#event> for #self_ty where #given {
            fn on<'a>(
                &'a self,
                _: &'a #krate::Recorded<#event>,
                _: &'a mut <Self as #krate::Projection>::Transaction,
            ) -> #krate::__private::Handling<'a> {
                let _ = #included;
                ::std::boxed::Box::pin(::core::future::ready(::core::result::Result::Ok(())))
            }
        }
    }
}

/// Says under the event's tokens that it is one of the set.
fn included(block: &Block<'_>, event: &Type) -> TokenStream {
    let (kenning, self_ty) = (block.krate.at(event.span()), &block.original.header.self_ty);
    quote_spanned!(event.span()=> <<#self_ty as #kenning::Projection>::Events as #kenning::Includes<#event>>::get)
}

/// Under the set's tokens, where an event is reported that is neither handled nor ignored.
fn call_each(block: &Block<'_>, set: &Type) -> TokenStream {
    let kenning = block.krate.at(set.span());
    let [this, events, transaction] =
        ["self", "events", "transaction"].map(|name| local(block, name, set.span()));
    quote_spanned!(set.span()=> <#set as #kenning::ProjectInto<Self>>::project_each(#events, #this, #transaction))
}

/// A parameter of the projection's own method, under other tokens: where a `macro_rules` makes the block, each token knows its own names.
fn local(block: &Block<'_>, name: &str, span: Span) -> Ident {
    Ident::new(name, span.resolved_at(block.original.header.self_ty.span()))
}

fn call_batch(block: &Block<'_>, batch: &Handler<'_>) -> TokenStream {
    let Takes::Batch(ty) = batch.takes else { return TokenStream::new() };
    let events = local(block, "events", ty.span());
    call(block, batch, &quote_spanned!(ty.span()=> &#events))
}

/// Calls the user's function; each argument is under the type of its parameter, where a mismatch is reported.
fn call(block: &Block<'_>, handler: &Handler<'_>, passed: &TokenStream) -> TokenStream {
    let krate = &block.krate;
    let sig = &handler.function.sig;
    let name = &sig.ident;
    // The locals are of the trait's method, whose tokens are under the name, or, of a batch, under the type of the projection.
    let hygiene = match handler.takes {
        Takes::Batch(_) => block.original.header.self_ty.span(),
        _ => name.span(),
    };
    let transaction = handler.transaction.as_ref().map(|transaction| {
        let span = transaction.parameter.span().resolved_at(hygiene);
        let transaction = Ident::new("transaction", span);
        quote!(, #transaction)
    });
    let unused = handler.transaction.is_none().then(|| {
        let transaction = Ident::new("transaction", hygiene);
        quote!(let _ = #transaction;)
    });
    let this = Ident::new("self", name.span().resolved_at(hygiene));
    let wait = sig.asyncness.map(|keyword| quote_spanned!(keyword.span()=> .await));
    let outcome = match handler.answer {
        Some(answer) => {
            let kenning = krate.at(answer.span());
            quote_spanned!(answer.span()=> <#answer as #kenning::check::Outcome>::outcome)
        }
        None => quote_spanned!(name.span()=> <() as #krate::check::Outcome>::outcome),
    };
    quote_spanned! {name.span()=>
        #unused
        ::std::boxed::Box::pin(async move { #outcome(Self::#name(#this, #passed #transaction) #wait) })
    }
}
