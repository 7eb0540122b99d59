//! The impls of a read model.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::ast::{Field, ReadModel};
use crate::{declared, spans};

/// ```ignore
/// impl ReadModel for OrderSummary {
///     const TABLE: &'static str = "order_summaries";
///     const VERSION: u32 = 1;
///     type Key = OrderId;
///     type Events = OrderEvent;
///     const COLUMNS: &'static [ColumnInfo] = &[column("order_id", <OrderId as InKey>::HELD), column("total", <Cents as InColumn>::HELD), …];
///     const KEY: usize = 0;
///     const INDEXES: &'static [IndexInfo] = &[IndexInfo::over(&[1]), …];
///     fn key(&self) -> &OrderId { &self.order_id }
///     fn to_row(&self) -> … { let mut row = …; row.key(self)?; <Cents as InColumn>::write(&self.total, &mut row)?; … Ok(row.finish()) }
///     fn from_row(row: Row) -> … { let mut row = …; Ok(Self { order_id: row.key::<Self>()?, total: <Cents as InColumn>::read(&mut row)?, … }) }
/// }
/// impl OrderSummary { pub const ORDER_ID: ColumnOf<Self, OrderId, { … }> = Column::at(0); … }
/// const _: () = assert_key(<OrderId as InKey>::HELD);
/// const _: () = assert_column(<Cents as InColumn>::HELD);                 // for each column that is not JSON
/// ```
pub(super) fn expand(model: &ReadModel<'_>) -> TokenStream {
    let ReadModel { krate, original, table, events, .. } = model;
    let ident = &original.ident;
    let Some((place, key)) = model.key() else { return TokenStream::new() };
    let (key_ident, key_ty, place) = (key.ident, key.ty, Literal::usize_unsuffixed(place));
    let version = model.version.map(Literal::u32_unsuffixed);
    let columns = model.fields.iter().map(|field| column(model, field));
    let checks = model.fields.iter().filter(|field| field.json.is_none());
    let checks = checks.filter(|field| field.key.is_none() || !declared::is_no_id(field.ty));
    let checks = checks.map(|field| check(model, field));
    let indexes = indexes(model);
    let write = model.fields.iter().map(|field| write(model, field));
    let read = model.fields.iter().map(|field| read(model, field));
    let names = model.fields.iter().map(|field| field.ident);
    let constants = constants(model);
    let row = quote!(#krate::read_model);
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl #krate::ReadModel for #ident {
            const TABLE: &'static str = #table;
            const VERSION: u32 = #version;
            type Key = #key_ty;
            type Events = #events;
            const COLUMNS: &'static [#row::ColumnInfo] = &[#(#columns),*];
            const KEY: usize = #place;
            const INDEXES: &'static [#row::IndexInfo] = &[#(#indexes),*];

            fn key(&self) -> &#key_ty {
                &self.#key_ident
            }

            fn to_row(&self) -> ::core::result::Result<#row::Row, #row::ColumnError> {
                let mut row = #row::RowWriter::new(<Self as #krate::ReadModel>::COLUMNS);
                #(#write?;)*
                ::core::result::Result::Ok(row.finish())
            }

            fn from_row(row: #row::Row) -> ::core::result::Result<Self, #row::ColumnError> {
                let mut row = #row::RowReader::new(<Self as #krate::ReadModel>::COLUMNS, row);
                ::core::result::Result::Ok(Self { #(#names: #read?),* })
            }
        }

        #constants
        #(const _: () = #checks;)*
    }
}

/// The errors, the columns' constants, and a read model as far as its events are known.
pub(super) fn inert(model: &ReadModel<'_>, error: &syn::Error) -> TokenStream {
    let ReadModel { krate, original, events, .. } = model;
    let (errors, ident) = (error.to_compile_error(), &original.ident);
    if !original.generics.params.is_empty() {
        return errors;
    }
    let unknown = krate.unknown();
    let events = events.as_ref().unwrap_or(&unknown);
    let unit = syn::parse_quote!(());
    let key = model.key().map(|(_, key)| key.ty).or(model.unnamed_key).unwrap_or(&unit);
    let constants = constants(model);
    let row = quote!(#krate::read_model);
    quote! {
        #errors
        #constants

        #[automatically_derived]
        impl #krate::ReadModel for #ident {
            const TABLE: &'static str = "";
            const VERSION: u32 = 1;
            type Key = #key;
            type Events = #events;
            const COLUMNS: &'static [#row::ColumnInfo] = &[];
            const KEY: usize = 0;
            const INDEXES: &'static [#row::IndexInfo] = &[];

            fn key(&self) -> &#key {
                ::core::unreachable!()
            }

            fn to_row(&self) -> ::core::result::Result<#row::Row, #row::ColumnError> {
                ::core::unreachable!()
            }

            fn from_row(_: #row::Row) -> ::core::result::Result<Self, #row::ColumnError> {
                ::core::unreachable!()
            }
        }
    }
}

/// What is known of the column.
fn column(model: &ReadModel<'_>, field: &Field<'_>) -> TokenStream {
    let (krate, name) = (&model.krate, &field.column);
    if field.json.is_some() {
        let nullable = field.is_option().then(|| quote!(.nullable()));
        return quote!(#krate::read_model::ColumnInfo::json(#name) #nullable);
    }
    let held = held(model, field);
    quote!(#krate::__private::column(#name, #held::HELD))
}

/// What makes the evaluation of a constant fail under the field's type when no column can hold it.
fn check(model: &ReadModel<'_>, field: &Field<'_>) -> TokenStream {
    let (first, last) = spans::ends(field.ty);
    let kenning = model.krate.at(first);
    let held = held(model, field);
    let call = spans::parenthesized(quote_spanned!(first=> #held::HELD), last);
    let assert = Ident::new(if field.key.is_some() { "assert_key" } else { "assert_column" }, first);
    quote_spanned!(first=> #kenning::__private::#assert #call)
}

// `row` and `self` are those that the impl declares, under the struct's name, also where the fields come out of a macro of the user's.

fn write(model: &ReadModel<'_>, field: &Field<'_>) -> TokenStream {
    let (ident, krate, span) = (field.ident, &model.krate, model.original.ident.span());
    if field.key.is_some() {
        return quote_spanned!(span=> #krate::read_model::RowWriter::key(&mut row, self));
    }
    let held = held(model, field);
    quote_spanned!(span=> #held::write(&self.#ident, &mut row))
}

fn read(model: &ReadModel<'_>, field: &Field<'_>) -> TokenStream {
    let (krate, span) = (&model.krate, model.original.ident.span());
    if field.key.is_some() {
        return quote_spanned!(span=> #krate::read_model::RowReader::key::<Self>(&mut row));
    }
    let held = held(model, field);
    quote_spanned!(span=> #held::read(&mut row))
}

/// The field's type as a column, a key or JSON. All of the path is under the type's tokens, so that one that is none of these is reported there, and once,
/// however many paths begin with it.
fn held(model: &ReadModel<'_>, field: &Field<'_>) -> TokenStream {
    let (ty, span) = (field.ty, field.ty.span());
    let kenning = model.krate.at(span);
    let held = match field {
        Field { key: Some(_), .. } => "InKey",
        Field { json: Some(_), .. } => "InJson",
        _ => "InColumn",
    };
    let held = Ident::new(held, span);
    quote_spanned!(span=> <#ty as #kenning::check::#held>)
}

fn indexes(model: &ReadModel<'_>) -> Vec<TokenStream> {
    let krate = &model.krate;
    let index = |places: Vec<usize>, unique: bool| {
        let places = places.into_iter().map(Literal::usize_unsuffixed);
        let unique = unique.then(|| quote!(.unique()));
        quote!(#krate::read_model::IndexInfo::over(&[#(#places),*]) #unique)
    };
    let marked = model.fields.iter().enumerate();
    let marked = marked.filter(|(_, field)| field.index.is_some() || field.unique.is_some());
    let marked = marked.map(|(place, field)| index(vec![place], field.unique.is_some()));
    let listed = model.indexes.iter().map(|listed| {
        index(listed.fields.iter().filter_map(|name| model.place(name)).collect(), listed.unique)
    });
    marked.chain(listed).collect()
}

/// What queries name: a constant for each field.
fn constants(model: &ReadModel<'_>) -> TokenStream {
    let ReadModel { krate, original, .. } = model;
    let (ident, vis) = (&original.ident, &original.vis);
    let constants = model.fields.iter().enumerate().map(|(place, field)| {
        let ty = field.ty;
        let name = Ident::new(&field.ident.unraw().to_string().to_uppercase(), field.ident.span());
        let doc = format!("The column `{}`.", field.column);
        let place = Literal::usize_unsuffixed(place);
        let held = if field.json.is_some() {
            quote!(#krate::read_model::Column<Self, #ty, #krate::__private::Json>)
        } else {
            let held = held(model, field);
            quote!(#krate::__private::ColumnOf<Self, #ty, { #held::AS }>)
        };
        quote! {
            #[doc = #doc]
            #vis const #name: #held = #krate::read_model::Column::at(#place);
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #ident {
            #(#constants)*
        }
    }
}
