//! The impl of `Schema`: tables, and one call.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse_quote;
use syn::spanned::Spanned;

use super::ast::{Body, Field, Fields, Format, Model, Style, Variant};
use crate::krate::Krate;

/// ```ignore
/// impl Schema for LineItem {
///     fn shape(shapes: &mut Shapes) -> Shape {
///         shapes.object::<Self>(const { &[Member::of::<Sku>("sku").aliased(&["article"]), Member::of::<u32>("quantity")] })
///     }
/// }
/// ```
pub(crate) fn expand_impl(krate: &Krate, model: &Model<'_>) -> TokenStream {
    let ident = &model.original.ident;
    let mut generics = model.original.generics.clone();
    for param in generics.type_params_mut() {
        param.bounds.push(parse_quote!(#krate::Schema));
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let consts = consts(krate, model);
    let shape = shape(krate, model);
    let read_back = read_back(krate, model);
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Schema for #ident #ty_generics #where_clause {
            #consts

            fn shape(shapes: &mut #krate::Shapes) -> #krate::Shape {
                #shape
            }
        }

        #read_back
    }
}

/// Asserts of each field that its type is read back as it is written, under the field's type. Of a
/// generic type it is known only where it is used: the catalog finds it there.
fn read_back(krate: &Krate, model: &Model<'_>) -> Option<TokenStream> {
    if model.format.is_some() || !model.original.generics.params.is_empty() || stand_in(model).is_some() {
        return None;
    }
    let fields = model.fields().into_iter().filter(|field| !field.is_skipped());
    let asserted = fields.filter(|field| field.format.is_none() && !is_plain(&field.original.ty));
    let asserts: Vec<TokenStream> = asserted
        .map(|field| {
            let ty = &field.original.ty;
            let (kenning, span) = (krate.at(ty.span()), ty.span());
            // In the words of the shape: a type without a schema is one error.
            let member = quote!(#krate::__private::Member::of::<#ty>(""));
            quote_spanned!(span=> #kenning::__private::assert_read_back(#member);)
        })
        .collect();
    (!asserts.is_empty()).then(|| quote!(const _: () = { #(#asserts)* };))
}

/// Types of which it is known that they are read back.
fn is_plain(ty: &syn::Type) -> bool {
    const PLAIN: &[&str] = &[
        "String",
        "bool",
        "char",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "f32",
        "f64",
        "Uuid",
        "OffsetDateTime",
    ];
    let syn::Type::Path(path) = ty else { return false };
    path.path.get_ident().is_some_and(|ident| PLAIN.iter().any(|plain| ident == plain))
}

/// What a type that is written as another one takes over from it.
fn consts(krate: &Krate, model: &Model<'_>) -> Option<TokenStream> {
    let (inner, optional) = match (stand_in(model), &model.body) {
        (Some(inner), _) => (inner, true),
        (None, _) if model.format.is_some() => return None,
        (None, Body::Struct(fields)) => {
            let transparent = model.serde.has("transparent");
            if fields.style == Style::Unit {
                return Some(quote!(
                    const NULLABLE: bool = true;
                ));
            }
            let field = only(model, fields)?;
            (
                match &field.format {
                    Some(Format::Like(ty)) => (**ty).clone(),
                    Some(Format::Named(_)) => return None,
                    None => field.original.ty.clone(),
                },
                transparent,
            )
        }
        (None, Body::Enum(variants)) if model.serde.has("untagged") => {
            let unit = variants.iter().any(|variant| variant.fields.style == Style::Unit);
            return unit.then(|| {
                quote!(
                    const NULLABLE: bool = true;
                )
            });
        }
        (None, Body::Enum(variants)) => {
            return is_name(model, variants).then(|| {
                let column = quote!(#krate::__private::ColumnType);
                quote! {
                    const SCALAR: bool = true;
                    const COLUMN: ::core::option::Option<#column> = ::core::option::Option::Some(#column::Text);
                }
            });
        }
        (None, Body::Union) => return None,
    };
    // Asked in the words of the shape below: a type without a schema is one error, not one for each constant.
    let member = quote!(#krate::__private::Member::of::<#inner>(""));
    // serde reads an absent field through a transparent struct, but not through a plain newtype.
    let (optional, column) = if optional {
        (Some(quote!(const OPTIONAL: bool = #member.is_optional();)), quote!(column))
    } else {
        (None, quote!(required_column))
    };
    Some(quote! {
        const SCALAR: bool = #member.is_scalar();
        const NULLABLE: bool = #member.is_nullable();
        #optional
        const COLUMN: ::core::option::Option<#krate::__private::ColumnType> = #member.#column();
    })
}

fn shape(krate: &Krate, model: &Model<'_>) -> TokenStream {
    if let Some(Format::Named(name)) = &model.format {
        return quote!(#krate::Shape::opaque(#name));
    }
    if let Some(inner) = stand_in(model) {
        return quote!(shapes.newtype::<Self>(#krate::__private::Member::of::<#inner>("")));
    }
    match &model.body {
        Body::Struct(fields) => {
            if let Some(field) = only(model, fields) {
                let member = member(krate, field, Style::Newtype);
                return quote!(shapes.newtype::<Self>(#member));
            }
            let members = members(krate, fields);
            match fields.style {
                Style::Unit => quote!(#krate::Shape::Null),
                Style::Newtype | Style::Tuple => quote!(shapes.tuple::<Self>(#members)),
                Style::Named if model.serde.has("deny_unknown_fields") => {
                    quote!(shapes.closed_object::<Self>(#members))
                }
                Style::Named => quote!(shapes.object::<Self>(#members)),
            }
        }
        Body::Enum(variants) => {
            let tagging = tagging(krate, model);
            let closed = model.serde.has("deny_unknown_fields");
            let variants = variants.iter().filter(|variant| !variant.is_skipped());
            let cases = variants.map(|variant| case(krate, variant, closed));
            quote!(shapes.variants::<Self>(&#tagging, const { &[#(#cases),*] }))
        }
        Body::Union => TokenStream::new(),
    }
}

/// The type whose schema is this one's: as the user says, or the one by way of which serde reads and writes.
fn stand_in(model: &Model<'_>) -> Option<syn::Type> {
    match &model.format {
        Some(Format::Like(ty)) => Some((**ty).clone()),
        Some(Format::Named(_)) => None,
        // What is read decides: `into` alone says at least what is stored.
        None => ["from", "try_from", "into"]
            .into_iter()
            .find_map(|key| model.serde.literal(key))
            .and_then(|literal| literal.parse().ok()),
    }
}

/// The field that a struct is written as: of a newtype, of a transparent struct.
fn only<'f, 'a>(model: &Model<'_>, fields: &'f Fields<'a>) -> Option<&'f Field<'a>> {
    let mut kept = fields.all.iter().filter(|field| !field.is_skipped());
    if !model.serde.has("transparent") {
        return kept.next().filter(|_| fields.style == Style::Newtype);
    }
    let plain = fields.all.iter().find(|field| {
        !field.is_skipped()
            && !field.is_phantom()
            && !field.serde.has("default")
            && !field.serde.has("skip_serializing")
    });
    plain.or_else(|| kept.next())
}

/// Whether each value is the name of a variant and nothing else.
fn is_name(model: &Model<'_>, variants: &[Variant<'_>]) -> bool {
    let bare = |variant: &Variant<'_>| {
        variant.fields.style == Style::Unit && variant.format.is_none() && !variant.serde.has("untagged")
    };
    !variants.is_empty()
        && variants.iter().all(bare)
        && !model.serde.has("tag")
        && !model.serde.has("untagged")
}

fn tagging(krate: &Krate, model: &Model<'_>) -> TokenStream {
    let tagging = quote!(#krate::__private::Tagging);
    match (model.serde.written("tag"), model.serde.written("content")) {
        _ if model.serde.has("untagged") => quote!(#tagging::Untagged),
        (Some(tag), Some(content)) => quote!(#tagging::adjacent(#tag, #content)),
        (Some(tag), None) => quote!(#tagging::internal(#tag)),
        (None, _) => quote!(#tagging::External),
    }
}

fn case(krate: &Krate, variant: &Variant<'_>, closed: bool) -> TokenStream {
    let (name, fields) = (&variant.name, &variant.fields);
    let case = quote!(#krate::__private::Case);
    let newtype = |member: TokenStream| quote!(#case::newtype(#name, #member));
    let mut tokens = match &variant.format {
        Some(Format::Named(format)) => newtype(quote!(#krate::__private::Member::opaque("", #format))),
        Some(Format::Like(ty)) => newtype(quote!(#krate::__private::Member::of::<#ty>(""))),
        None => match (fields.style, fields.all.iter().find(|field| !field.is_skipped())) {
            // A newtype variant whose field is skipped is written as if it had none.
            (Style::Unit, _) | (Style::Newtype, None) => quote!(#case::unit(#name)),
            (Style::Newtype, Some(field)) => newtype(member(krate, field, Style::Newtype)),
            (Style::Tuple, _) => {
                let members = members(krate, fields);
                quote!(#case::tuple(#name, #members))
            }
            (Style::Named, _) => {
                let members = members(krate, fields);
                let closed = closed.then(|| quote!(.closed()));
                quote!(#case::object(#name, #members) #closed)
            }
        },
    };
    aliased(&mut tokens, &variant.serde.aliases());
    for mark in ["other", "untagged"] {
        if variant.serde.has(mark) {
            let mark = quote::format_ident!("{mark}");
            quote!(.#mark()).to_tokens(&mut tokens);
        }
    }
    tokens
}

fn members(krate: &Krate, fields: &Fields<'_>) -> TokenStream {
    let kept = fields.all.iter().filter(|field| !field.is_skipped());
    let members = kept.map(|field| member(krate, field, fields.style));
    quote!(const { &[#(#members),*] })
}

fn member(krate: &Krate, field: &Field<'_>, style: Style) -> TokenStream {
    let (name, ty, serde) = (&field.name, &field.original.ty, &field.serde);
    let member = quote!(#krate::__private::Member);
    let custom = serde.has("with") || serde.has("deserialize_with");
    let mut tokens = match &field.format {
        // The name is that of what the option holds; serde itself sees to the option.
        Some(Format::Named(format)) if field.is_option() && !custom => {
            quote!(#member::opaque(#name, #format).nullable())
        }
        Some(Format::Named(format)) => quote!(#member::opaque(#name, #format)),
        Some(Format::Like(ty)) => quote!(#member::of::<#ty>(#name)),
        None => quote!(#member::of::<#ty>(#name)),
    };
    if style != Style::Named {
        return tokens;
    }
    aliased(&mut tokens, &serde.aliases());
    let presence = if serde.has("skip_deserializing") {
        Some(quote!(.ignored()))
    } else if field.has_default() {
        Some(quote!(.optional()))
    } else {
        // serde forgives an absent option only where it reads the option itself.
        custom.then(|| quote!(.required()))
    };
    presence.to_tokens(&mut tokens);
    if serde.has("flatten") {
        quote!(.flattened()).to_tokens(&mut tokens);
    }
    tokens
}

fn aliased(tokens: &mut TokenStream, aliases: &[String]) {
    if !aliases.is_empty() {
        quote!(.aliased(&[#(#aliases),*])).to_tokens(tokens);
    }
}
