//! The impls of a saga's data.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Data;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::ast::Saga;
use crate::{bounds, declared, schema};

/// ```ignore
/// impl Schema for Fulfilment { … }                                            // as `#[derive(Schema)]` writes it
/// impl Saga for Fulfilment {
///     const NAME: &'static str = "order-fulfilment";
///     const VERSION: u32 = 2;
///     type Id = OrderId;
///     const MIGRATIONS: &'static [Migration<Self>] = &[from_v1];              // with `migrate`
///     fn id(&self) -> &OrderId { &self.order_id }
/// }
/// const _: () = assert_scalar_saga_id::<OrderId>();
/// ```
pub(super) fn expand(saga: &Saga<'_>) -> TokenStream {
    let Saga { krate, original, id, .. } = saga;
    let schema = schema::expand_impl(krate, &saga.schema);
    let field = saga.id_field().map(|field| &field.ty);
    let this = Ident::new("self", original.ident.span());
    let main = implement(saga, field, &quote!(&#this.#id));
    let kenning = krate.at(field.span());
    let told = field.is_some_and(declared::is_no_id);
    let scalar = (!told).then(|| {
        let scalar = quote_spanned!(field.span()=> #kenning::__private::assert_scalar_saga_id::<#field>());
        quote!(const _: () = #scalar;)
    });
    quote! {
        #schema
        #main
        #scalar
    }
}

/// The errors, and a saga as far as it is known how its instances are told apart.
pub(super) fn inert(saga: &Saga<'_>, error: &syn::Error) -> TokenStream {
    let errors = error.to_compile_error();
    if matches!(saga.original.data, Data::Union(_)) || !saga.original.generics.params.is_empty() {
        return errors;
    }
    let schema = schema::inert(&saga.krate, saga.original);
    let field = saga.id_field().map(|field| &field.ty);
    let main = implement(saga, field, &quote!(::core::unreachable!()));
    quote! { #errors #schema #main }
}

fn implement(saga: &Saga<'_>, id: Option<&syn::Type>, returned: &TokenStream) -> TokenStream {
    let Saga { krate, original, name, version, migrations, .. } = saga;
    let ident = &original.ident;
    let name =
        name.as_ref().map_or_else(|| ident.unraw().to_string().to_token_stream(), ToTokens::to_token_stream);
    let version = version.as_ref().map_or_else(|| quote!(1), |(_, literal)| quote!(#literal));
    let id = id.map_or_else(|| quote!(::std::string::String), ToTokens::to_token_stream);
    let migrations = (!migrations.is_empty()).then(|| {
        let kenning = krate.at(ident.span());
        quote_spanned!(ident.span()=> const MIGRATIONS: &'static [#kenning::saga::Migration<Self>] = &[#(#migrations),*];)
    });
    let given = bounds::given(krate, ident, "Stored");
    let stored = bounds::asked(krate, std::iter::empty(), ident, ident, "Storing");
    let kenning = krate.at(ident.span());
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl #kenning::Saga for #ident where #given {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            type Id = #id;
            #migrations

            fn id(&self) -> &Self::Id {
                #returned
            }
        }

        #stored
    }
}
