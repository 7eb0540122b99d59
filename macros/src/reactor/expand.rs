//! The impls of a `#[reactor]` block: that of the reactor, and one for each event, calling the user's function.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::ast::{Block, Handler};
use crate::bounds;

/// The user's block, verbatim and first, so that an editor finds it, and:
/// ```ignore
/// impl Reactor for Inventory {
///     const NAME: &'static str = "inventory";
///     const VERSION: u32 = 1;
///     const EVENTS: &'static [ReactorEvent<Self>] = &[ReactorEvent::of::<OrderPlaced>()];
/// }
/// impl React<OrderPlaced> for Inventory {
///     fn react<'a>(&'a self, event: &'a Recorded<OrderPlaced>, effects: &'a mut Effects) -> … {
///         Box::pin(async move { <Result<(), …> as ReactorReturn>::into_result(Self::placed(self, event, effects).await) })
///     }
/// }
/// ```
pub(super) fn expand(block: &Block<'_>) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    let events = block.handlers.iter().map(|handler| {
        let (event, cfgs) = (handler.event.ty, handler.function.cfgs());
        let kenning = block.krate.at(event.span());
        quote_spanned!(event.span()=> #(#cfgs)* #kenning::ReactorEvent::of::<#event>())
    });
    let main = reactor(block, &quote!(#(#events),*));
    let handlers = block.handlers.iter().map(|handler| expand_handler(block, handler));
    quote! { #original #main #(#handlers)* }
}

/// The user's block, the errors, and a reactor that handles nothing.
pub(super) fn inert(block: &Block<'_>, errors: &TokenStream) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    if !block.original.header.generics.params.is_empty() {
        return quote! { #original #errors };
    }
    let main = inert_impls(block);
    quote! { #original #errors #main }
}

/// A reactor that handles nothing.
pub(super) fn inert_impls(block: &Block<'_>) -> TokenStream {
    reactor(block, &TokenStream::new())
}

fn reactor(block: &Block<'_>, events: &TokenStream) -> TokenStream {
    let Block { original, name, version, renamed_from, .. } = block;
    let self_ty = &original.header.self_ty;
    let krate = block.krate.at(self_ty.span());
    let cfgs = original.cfgs();
    let given = bounds::given(&block.krate, self_ty, "Shared");
    let shared = bounds::asked(&block.krate, original.cfgs(), self_ty, self_ty, "Sharing");
    let name = name.as_ref().map_or_else(|| quote!(""), |name| quote!(#name));
    let version = version.as_ref().map_or_else(|| quote!(1), |version| quote!(#version));
    let renamed_from = renamed_from
        .as_ref()
        .map(|from| quote!(const RENAMED_FROM: ::core::option::Option<&'static str> = ::core::option::Option::Some(#from);));
    quote_spanned! {self_ty.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::Reactor for #self_ty where #given {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            #renamed_from
            const EVENTS: &'static [#krate::ReactorEvent<Self>] = &[#events];
        }

        #shared
    }
}

/// The header is spanned at the function's name: impls that overlap are then reported under the two functions.
fn expand_handler(block: &Block<'_>, handler: &Handler<'_>) -> TokenStream {
    let Handler { function, event, .. } = handler;
    let (name, self_ty, ty) = (&function.sig.ident, &block.original.header.self_ty, event.ty);
    let krate = block.krate.at(name.span());
    let cfgs = block.original.cfgs().chain(function.cfgs());
    let parameter = match handler.effects {
        Some(_) => quote_spanned!(name.span()=> effects),
        None => quote_spanned!(name.span()=> _),
    };
    let body = call(block, handler);
    // That it is no event is reported under its type.
    let kenning = block.krate.at(ty.span());
    let of = quote_spanned!(ty.span()=> #kenning::React<#ty>);
    let given = bounds::given(&block.krate, self_ty, "Shared");
    quote_spanned! {name.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #of for #self_ty where #given {
            fn react<'a>(
                &'a self,
                event: &'a #krate::Recorded<#ty>,
                #parameter: &'a mut #krate::Effects,
            ) -> #krate::store::BoxFuture<'a, ::core::result::Result<(), #krate::ReactorError>> {
                ::std::boxed::Box::pin(async move { #body })
            }
        }
    }
}

/// Calls the user's function; each argument is under the type of its parameter, where a mismatch is reported.
fn call(block: &Block<'_>, handler: &Handler<'_>) -> TokenStream {
    let Handler { function, event, .. } = handler;
    let name = &function.sig.ident;
    let (span, kenning) = (event.parameter.span(), block.krate.at(event.parameter.span()));
    let local = Ident::new("event", span.resolved_at(name.span()));
    let passed = if event.recorded {
        quote_spanned!(span=> #local)
    } else {
        quote_spanned!(span=> #kenning::Recorded::event(#local))
    };
    let effects = handler.effects.map(|ty| {
        let effects = Ident::new("effects", ty.span().resolved_at(name.span()));
        quote_spanned!(ty.span()=> , #effects)
    });
    let wait = function.sig.asyncness.map(|keyword| quote_spanned!(keyword.span()=> .await));
    let into_result = match handler.answer {
        Some(answer) => {
            let kenning = block.krate.at(answer.span());
            quote_spanned!(answer.span()=> <#answer as #kenning::ReactorReturn>::into_result)
        }
        None => {
            let kenning = block.krate.at(name.span());
            quote_spanned!(name.span()=> <() as #kenning::ReactorReturn>::into_result)
        }
    };
    quote_spanned!(name.span()=> #into_result(Self::#name(self, #passed #effects) #wait))
}
