//! The impl of a command.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::ast::{Command, Id};
use crate::fallback;
use crate::krate::Krate;

/// ```ignore
/// impl Command for PlaceOrder {
///     type Aggregate = Order;
///     const NAME: &'static str = "PlaceOrder";
///     const CREATES: bool = true;                                     // with `creates`
///     fn aggregate_id(&self) -> &<Order as Aggregate>::Id { <OrderId as IdOf<Order, …>>::as_id(&self.order_id) }
/// }
/// ```
pub(super) fn expand(command: &Command<'_>) -> TokenStream {
    let id = command.ids.first().map(|id| as_id(command, id));
    implement(command, command.aggregate.as_ref(), id.as_ref())
}

/// The errors, and a command as far as its aggregate is known.
pub(super) fn inert(command: &Command<'_>, error: &syn::Error) -> TokenStream {
    let errors = error.to_compile_error();
    if !command.original.generics.params.is_empty() {
        let (krate, unknown) = (&command.krate, command.krate.unknown());
        let main = fallback::inert_impl(
            command.original,
            quote!(#krate::Command),
            quote!(#krate::__private::serde::Serialize + ::core::marker::Send + ::core::marker::Sync + 'static),
            quote! {
                type Aggregate = #unknown;
                const NAME: &'static str = "";
                fn aggregate_id(&self) -> &<Self::Aggregate as #krate::Aggregate>::Id {
                    ::core::unreachable!()
                }
            },
        );
        return quote!(#errors #main);
    }
    let aggregate = command.aggregate.clone().unwrap_or_else(|| command.krate.unknown());
    let command = implement(command, Some(&aggregate), Some(&quote!(::core::unreachable!())));
    quote! { #errors #command }
}

fn implement(command: &Command<'_>, aggregate: Option<&Type>, id: Option<&TokenStream>) -> TokenStream {
    let Command { krate, original, name, creates, .. } = command;
    let ident = &original.ident;
    let name = match name {
        Some(name) => name.value(),
        None => ident.unraw().to_string(),
    };
    let creates = creates.then(|| {
        quote!(
            const CREATES: bool = true;
        )
    });
    let id_type = id_type(krate, aggregate);
    // Under the aggregate's tokens: if it is none, that is reported there, and once.
    let aggregate_id = quote_spanned! {aggregate.span().resolved_at(ident.span())=>
        fn aggregate_id(&self) -> &#id_type {
            #id
        }
    };
    // A type that is not as public as the command is reported under its tokens.
    let aggregate_type = quote_spanned!(aggregate.span()=> type Aggregate = #aggregate;);
    quote! {
        #[automatically_derived]
        impl #krate::Command for #ident {
            #aggregate_type
            const NAME: &'static str = #name;
            #creates
            #aggregate_id
        }
    }
}

/// The id, through a trait of ours, so that a type that does not fit is reported in words of ours, under the field's type.
fn as_id(command: &Command<'_>, id: &Id<'_>) -> TokenStream {
    let Command { krate, aggregate, .. } = command;
    let Id { member, ty, .. } = id;
    let (kenning, id_type) = (krate.at(ty.span()), id_type(krate, aggregate.as_ref()));
    // `self` is the one that `aggregate_id` declares, also where the field's type was handed to a macro of the user's.
    quote_spanned! {ty.span().resolved_at(command.original.ident.span())=>
        <#ty as #kenning::check::IdOf<#aggregate, #id_type>>::as_id(&self.#member)
    }
}

/// The id's type, under the aggregate's tokens: that it is an aggregate is asked there.
fn id_type(krate: &Krate, aggregate: Option<&Type>) -> TokenStream {
    let kenning = krate.at(aggregate.span());
    quote_spanned!(aggregate.span()=> <#aggregate as #kenning::Aggregate>::Id)
}
