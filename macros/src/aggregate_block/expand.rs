//! The impls of an `#[aggregate]` block: one for each marked function, calling it.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::ast::{Apply, Block, Command};
use crate::signature::{argument, last_name};
use crate::text::text;

/// The user's block, verbatim and first, so that an editor finds it, and:
/// ```ignore
/// impl Apply<OrderPlaced> for Order {
///     fn apply(&mut self, event: &OrderPlaced) {
///         let _ = <<Order as Aggregate>::Events as Includes<OrderPlaced>>::get;       // it is an event of the set
///         Self::placed(self, event);
///     }
/// }
/// impl Handle<PlaceOrder> for Order {
///     type Rejection = <Result<OrderPlaced, OrderError> as Rejects>::Rejection;
///     fn handle(&self, command: &PlaceOrder, _: &CommandContext) -> Result<Vec<…>, Self::Rejection> {
///         let () = <PlaceOrder as CommandOf<Order>>::CHECKED;                         // it is a command of this aggregate
///         <Result<…> as IntoEvents<…>>::into_vec(Self::place(self, <PlaceOrder as TakenByValue>::to_value(command)))
///     }
/// }
/// ```
pub(super) fn expand(block: &Block<'_>) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    let applies = block.applies.iter().map(|apply| expand_apply(block, apply));
    let commands = block.commands.iter().map(|command| expand_command(block, command));
    quote! { #original #(#applies)* #(#commands)* }
}

/// The user's block, the errors, and the impls of all functions, once each: those that cannot be called get a body that is never reached.
pub(super) fn inert(block: &Block<'_>, errors: &TokenStream) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    if !block.original.header.generics.params.is_empty() {
        return quote! { #original #errors };
    }
    let more = block.more_events.iter().map(|&(function, event)| Apply { function, event, sound: false });
    let applies: Vec<Apply<'_>> = block.applies.iter().copied().chain(more).collect();
    let impls = once_each(block, &applies, |handler| expand_command(block, handler));
    quote! { #original #errors #impls }
}

/// The impls of all functions, none of which is called.
pub(super) fn inert_impls(block: &Block<'_>) -> TokenStream {
    let applies: Vec<Apply<'_>> =
        block.applies.iter().map(|apply| Apply { sound: false, ..*apply }).collect();
    once_each(block, &applies, |handler| expand_command(block, &Command { sound: false, ..*handler }))
}

fn once_each(
    block: &Block<'_>,
    applies: &[Apply<'_>],
    command: impl Fn(&Command<'_>) -> TokenStream,
) -> TokenStream {
    let mut applied = HashSet::new();
    let applies = applies.iter().filter(|apply| applied.insert(text(apply.event)));
    let applies = applies.map(|apply| expand_apply(block, apply));
    let mut handled = HashSet::new();
    let commands = block.commands.iter().filter(|command| handled.insert(text(command.command)));
    let commands = commands.map(command);
    quote! { #(#applies)* #(#commands)* }
}

/// The header is spanned at the function's name: impls that overlap are then reported under the two functions.
fn expand_apply(block: &Block<'_>, apply: &Apply<'_>) -> TokenStream {
    let Block { krate, original, .. } = block;
    let Apply { function, event, sound } = apply;
    let (name, self_ty) = (&function.sig.ident, &original.header.self_ty);
    let cfgs = original.cfgs().chain(function.cfgs());
    let parameter = Ident::new("event", event.span().resolved_at(name.span()));
    let body = if *sound {
        let kenning = krate.at(event.span());
        let included = quote_spanned! {event.span()=>
            <<#self_ty as #kenning::Aggregate>::Events as #kenning::Includes<#event>>::get
        };
        quote_spanned! {name.span()=>
            let _ = #included;
            Self::#name(self, #parameter);
        }
    } else {
        quote_spanned!(name.span()=> let _ = #parameter; ::core::unreachable!())
    };
    quote_spanned! {name.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::Apply<#event> for #self_ty {
            fn apply(&mut self, event: &#event) {
                #body
            }
        }
    }
}

/// As for an event, the header is spanned at the name, and each argument at the parameter's type, where a mismatch is reported.
fn expand_command(block: &Block<'_>, handler: &Command<'_>) -> TokenStream {
    let Block { krate, original, .. } = block;
    let Command { function, command, sound, .. } = handler;
    let (name, self_ty) = (&function.sig.ident, &original.header.self_ty);
    let cfgs = original.cfgs().chain(function.cfgs());
    let rejection = match handler.answer {
        // Known even where what is in the `Ok` is no event, so that each use of the command is no
        // mistake as well.
        Some(answer) if is_result(answer) => {
            let kenning = krate.at(answer.span());
            quote_spanned!(answer.span()=> <#answer as #kenning::check::Rejects>::Rejection)
        }
        Some(answer) if never_rejects(answer) => quote!(::core::convert::Infallible),
        Some(answer) => {
            let into_events = into_events(block, answer);
            quote_spanned!(answer.span()=> #into_events::Rejection)
        }
        None => quote!(::core::convert::Infallible),
    };
    // The method is under the answer's tokens, where it is reported that these are no events of the set.
    let span = handler.answer.map_or(name.span(), |answer| answer.span().resolved_at(name.span()));
    let (context, body) = if *sound { call(block, handler) } else { (None, quote!(::core::unreachable!())) };
    let context = context.unwrap_or_else(|| quote_spanned!(name.span()=> _));
    let command_parameter =
        if *sound { quote_spanned!(name.span()=> command) } else { quote_spanned!(name.span()=> _) };
    let method = quote_spanned! {span=>
        fn handle(
            &self,
            #command_parameter: &#command,
            #context: &#krate::CommandContext,
        ) -> ::core::result::Result<::std::vec::Vec<Self::Events>, Self::Rejection> {
            #body
        }
    };
    quote_spanned! {name.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::Handle<#command> for #self_ty {
            type Rejection = #rejection;
            #method
        }
    }
}

/// Whether the answer is none that can reject, even where it is no event.
pub(crate) fn never_rejects(answer: &Type) -> bool {
    const NEVER: &[&str] = &["Option", "String", "Vec", "bool", "i32", "i64", "u32", "u64", "usize"];
    match answer {
        Type::Reference(_) | Type::Tuple(_) | Type::Array(_) | Type::Slice(_) => true,
        other => last_name(other).is_some_and(|name| NEVER.iter().any(|never| name == never)),
    }
}

fn is_result(answer: &Type) -> bool {
    last_name(answer).is_some_and(|name| name == "Result") && argument(answer, 1).is_some()
}

/// The name of the context's parameter, if it is used, and the call.
fn call(block: &Block<'_>, handler: &Command<'_>) -> (Option<TokenStream>, TokenStream) {
    let Block { krate, original, .. } = block;
    let Command { function, command, by_value, context, answer, .. } = handler;
    let (name, self_ty) = (&function.sig.ident, &original.header.self_ty);
    let parameter = Ident::new("command", command.span().resolved_at(name.span()));
    let kenning = krate.at(command.span());
    let own = quote_spanned!(command.span()=> let () = <#command as #kenning::CommandOf<#self_ty>>::CHECKED;);
    let argument = if *by_value {
        quote_spanned!(command.span()=> <#command as #kenning::check::TakenByValue>::to_value(#parameter))
    } else {
        quote!(#parameter)
    };
    let context = context.map(|ty| {
        let declared = Ident::new("context", name.span());
        let passed = Ident::new("context", ty.span().resolved_at(name.span()));
        let kenning = krate.at(ty.span());
        let passed = quote_spanned!(ty.span()=> <#ty as #kenning::check::Context<'_>>::of(#passed));
        (quote!(#declared), quote!(, #passed))
    });
    let (declared, passed) = context.unzip();
    let into_events = answer.map(|answer| into_events(block, answer));
    let into_vec = quote_spanned!(answer.span()=> #into_events::into_vec);
    let body = quote_spanned! {answer.span().resolved_at(name.span())=>
        #own
        #into_vec(Self::#name(self, #argument #passed))
    };
    (declared, body)
}

/// The answer as events of the aggregate's set, under the answer's tokens.
fn into_events(block: &Block<'_>, answer: &Type) -> TokenStream {
    let (kenning, self_ty) = (block.krate.at(answer.span()), &block.original.header.self_ty);
    quote_spanned!(answer.span()=> <#answer as #kenning::IntoEvents<<#self_ty as #kenning::Aggregate>::Events>>)
}
