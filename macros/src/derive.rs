//! The frame of every derive.

mod mend;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::DeriveInput;

use crate::ctxt::Ctxt;
use crate::declared::{self, Lacking};
use crate::kenning;
use crate::krate::Krate;

/// Parses the item and hands it over. A half-typed one is handed over as far as it can be read, so that its uses are no mistakes as well.
pub(crate) fn run(input: TokenStream, derive: impl FnOnce(Ctxt, &DeriveInput) -> TokenStream) -> TokenStream {
    let error = match syn::parse2(input.clone()) {
        Ok(input) => return derive(Ctxt::new(), &input),
        Err(error) => error,
    };
    let errors = error.to_compile_error();
    let Ok(mended) = mend::item(input) else { return errors };
    let inert = derive(Ctxt::only(error), &mended);
    let serde = serde(&mended);
    quote!(#inert #serde)
}

/// As [`run`], and replaces what else the item and its types lack.
pub(crate) fn run_as(
    which: Lacking,
    input: TokenStream,
    derive: impl FnOnce(Ctxt, &DeriveInput) -> TokenStream,
) -> TokenStream {
    run(input, |cx, input| {
        let broken = cx.is_sealed();
        if let Some(other) = (!broken).then(|| kenning::mistaken(which, input)).flatten() {
            drop(cx.check());
            return other;
        }
        let mut all = derive(cx, input);
        // Errors come first.
        let reported = all.clone().into_iter().take(8).any(is_error);
        all.extend((!broken).then(|| declared::of_item(which, input, reported)));
        all
    })
}

fn is_error(token: TokenTree) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == "compile_error")
}

/// What is behaviour, and nothing that a derive could write.
pub(crate) fn behaviour(cx: Ctxt, input: &DeriveInput, what: &str, args: &str) -> TokenStream {
    let ident = &input.ident;
    let help = format!("remove the derive, and write `#[{what}{args}]` above `impl {ident}`");
    cx.help(ident, format_args!("a {what} is declared on an `impl` block"), help);
    cx.check().err().map(syn::Error::into_compile_error).unwrap_or_default()
}

/// What the derives of serde leave out, which cannot read the item either.
fn serde(input: &DeriveInput) -> TokenStream {
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let (serialize, deserialize) = (serialize(input), deserialize(input));
    quote!(#serialize #deserialize)
}

/// What replaces `#[derive(Serialize)]`.
pub(crate) fn serialize(input: &DeriveInput) -> TokenStream {
    let (krate, ident) = (Krate::default(), &input.ident);
    let serde = quote!(#krate::__private::serde);
    quote! {
        #[automatically_derived]
        impl #serde::Serialize for #ident {
            fn serialize<S: #serde::Serializer>(&self, _: S) -> ::core::result::Result<S::Ok, S::Error> {
                ::core::unreachable!()
            }
        }
    }
}

/// What replaces `#[derive(Deserialize)]`.
pub(crate) fn deserialize(input: &DeriveInput) -> TokenStream {
    let (krate, ident) = (Krate::default(), &input.ident);
    let serde = quote!(#krate::__private::serde);
    quote! {
        #[automatically_derived]
        impl<'de> #serde::Deserialize<'de> for #ident {
            fn deserialize<D: #serde::Deserializer<'de>>(_: D) -> ::core::result::Result<Self, D::Error> {
                ::core::unreachable!()
            }
        }
    }
}

/// What replaces `#[derive(Default)]`.
pub(crate) fn default(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl ::core::default::Default for #ident {
            fn default() -> Self {
                ::core::unreachable!()
            }
        }
    }
}

/// What replaces a derive of the standard library.
pub(crate) fn of_the_language(input: &DeriveInput, name: &str) -> TokenStream {
    let ident = &input.ident;
    let never = quote!({ ::core::unreachable!() });
    let (path, items) = match name {
        "Clone" => (quote!(clone::Clone), quote!(fn clone(&self) -> Self #never)),
        "Copy" => (quote!(marker::Copy), quote!()),
        "Debug" => (
            quote!(fmt::Debug),
            quote!(fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result #never),
        ),
        "PartialEq" => (quote!(cmp::PartialEq), quote!(fn eq(&self, _: &Self) -> bool #never)),
        "Eq" => (quote!(cmp::Eq), quote!()),
        "PartialOrd" => {
            let ordering = quote!(::core::option::Option<::core::cmp::Ordering>);
            (quote!(cmp::PartialOrd), quote!(fn partial_cmp(&self, _: &Self) -> #ordering #never))
        }
        "Ord" => (quote!(cmp::Ord), quote!(fn cmp(&self, _: &Self) -> ::core::cmp::Ordering #never)),
        "Hash" => (quote!(hash::Hash), quote!(fn hash<H: ::core::hash::Hasher>(&self, _: &mut H) #never)),
        _ => return TokenStream::new(),
    };
    quote! {
        #[automatically_derived]
        impl ::core::#path for #ident { #items }
    }
}
