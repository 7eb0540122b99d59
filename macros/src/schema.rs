//! `#[derive(Schema)]`, and the `Schema` impl that `#[derive(Event)]` and `#[derive(Aggregate)]` write as well.

mod ast;
mod check;
mod expand;
mod rename;
mod serde;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

pub(crate) use self::ast::Model;
pub(crate) use self::check::{check_complete, check_formats, check_round_trip};
pub(crate) use self::expand::expand_impl;
pub(crate) use self::serde::Serde;

use crate::attr;
use crate::ctxt::Ctxt;
use crate::fallback;
use crate::keys::Place;
use crate::krate::Krate;
use crate::symbol::{CRATE, SCHEMA};

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    let mut krate = Krate::default();
    let mut format = None;
    attr::read(&cx, &input.attrs, Place::Schema, |key, value| {
        match key {
            CRATE => krate = Krate::parse(value)?,
            SCHEMA => format = Some(ast::Format::parse(value)?),
            _ => {}
        }
        Ok(())
    });
    let model = Model::parse(&cx, input, Place::SchemaField).with_format(format);
    check::check_item(&cx, &model);
    check_formats(&cx, &model);
    check_round_trip(&cx, &model);
    match cx.check() {
        Ok(()) => expand_impl(&krate, &model),
        Err(error) => {
            let errors = error.to_compile_error();
            let inert = inert(&krate, input);
            quote!(#errors #inert)
        }
    }
}

/// What stands in for the impl after a mistake. It claims to be a scalar that a column holds, so that a key, an id or a column of this type is not another
/// mistake.
pub(crate) fn inert(krate: &Krate, input: &DeriveInput) -> TokenStream {
    fallback::inert_impl(
        input,
        quote!(#krate::Schema),
        &quote!('static),
        quote! {
            const SCALAR: bool = true;
            const COLUMN: ::core::option::Option<#krate::__private::ColumnType> =
                ::core::option::Option::Some(#krate::__private::ColumnType::Text);

            fn shape(_: &mut #krate::Shapes) -> #krate::Shape {
                ::core::unreachable!()
            }
        },
    )
}
