//! What each macro asks of the types that it names.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, FnArg, GenericArgument, PathArguments, ReturnType, Type};

use super::{Lacking, STORED, blocks, derived, share, supply};
use crate::impl_block::ImplBlock;
use crate::signature::{argument, last_name};
use crate::symbol::{
    AGGREGATE, COMMAND, EVENTS, FAILED, ID, JSON, KENNING, PROJECTION, REACTOR, READ_MODEL, SAGA, SEND,
    SERVICES, SNAPSHOT_EVERY, STEP,
};
use crate::text::text;

use Lacking::{Deserialize, Serialize};

/// Types that have what their arguments have.
const CONTAINERS: &[&str] =
    &["Option", "Vec", "VecDeque", "Box", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Result"];

/// Of an item with the derive.
pub(crate) fn of_item(derive: Lacking, input: &DeriveInput) -> TokenStream {
    if !proc_macro::is_available() {
        return TokenStream::new();
    }
    let mut out = TokenStream::new();
    let this = &input.ident;
    let own = match derive {
        Lacking::Event | Lacking::Saga => &[Serialize, Deserialize][..],
        Lacking::Command => &[Serialize],
        Lacking::Aggregate => &[Lacking::Default],
        _ => &[],
    };
    // An event that is no struct is another mistake.
    if matches!(input.data, Data::Struct(_)) && input.generics.params.is_empty() {
        out.extend(supply(this, this, own));
        if matches!(derive, Lacking::Event | Lacking::Aggregate | Lacking::Saga) {
            out.extend(share(this, Some(input), derive == Lacking::Event));
        }
        out.extend(blocks::missing(derive, input));
    }
    match derive {
        Lacking::EventSet => {
            let Data::Enum(data) = &input.data else { return out };
            let events = data.variants.iter().filter_map(|variant| match &variant.fields {
                syn::Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
                _ => None,
            });
            events.for_each(|field| each(&mut out, &field.ty, &[Lacking::Event]));
        }
        Lacking::Event | Lacking::Saga => fields(input).for_each(|field| each(&mut out, &field.ty, STORED)),
        Lacking::ReadModel => {
            let plain = fields(input).filter(|field| !marked(field, JSON));
            plain.for_each(|field| each(&mut out, &field.ty, STORED));
        }
        Lacking::Schema | Lacking::Command | Lacking::Aggregate => {
            let snapshots = input.attrs.iter().any(|attr| text(attr).contains(SNAPSHOT_EVERY));
            let schema = derive == Lacking::Schema || (derive == Lacking::Aggregate && snapshots);
            if let Some(mut wanted) = fields(input).next().and_then(|_| derived(this)) {
                wanted.retain(|has| matches!(has, Serialize | Deserialize));
                wanted.extend(schema.then_some(Lacking::Schema));
                fields(input).for_each(|field| each(&mut out, &field.ty, &wanted));
            }
        }
        _ => {}
    }
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident(KENNING)) {
        let Ok(list) = attr.meta.require_list() else { continue };
        if derive == Lacking::Aggregate {
            valued(&mut out, list.tokens.clone(), ID, STORED);
        }
        if matches!(derive, Lacking::Aggregate | Lacking::ReadModel) {
            valued(&mut out, list.tokens.clone(), EVENTS, &[Lacking::EventSet]);
        }
        if derive == Lacking::Command {
            valued(&mut out, list.tokens.clone(), AGGREGATE, &[Lacking::Aggregate]);
        }
    }
    out
}

/// Of an `impl` block with the attribute.
pub(crate) fn of_block(attribute: &str, args: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    if !proc_macro::is_available() {
        return out;
    }
    let Ok(block) = ImplBlock::parse(item) else { return out };
    if !block.is_plain() {
        return out;
    }
    let this = match attribute {
        AGGREGATE => Some(Lacking::Aggregate),
        READ_MODEL => Some(Lacking::ReadModel),
        SAGA => Some(Lacking::Saga),
        _ => None,
    };
    if let Some(this) = this {
        each(&mut out, &block.header.self_ty, &[this]);
    }
    if matches!(attribute, PROJECTION | REACTOR)
        && let Type::Path(path) = &*block.header.self_ty
    {
        out.extend(path.path.get_ident().and_then(|this| share(this, None, false)));
    }
    if attribute == SAGA {
        values(args.clone(), SERVICES, |ty| {
            if let Type::Path(path) = ty {
                out.extend(path.path.get_ident().and_then(|services| share(services, None, false)));
            }
        });
    }
    if attribute == PROJECTION {
        valued(&mut out, args.clone(), EVENTS, &[Lacking::EventSet]);
    }
    for function in block.functions() {
        let has = |mark: &str| {
            let mut names = function.attrs.iter().filter_map(|attr| attr.path().segments.last());
            names.any(|last| last.ident == mark)
        };
        let returned = match &function.sig.output {
            ReturnType::Type(_, ty) => Some(&**ty),
            ReturnType::Default => None,
        };
        if attribute == AGGREGATE && has(COMMAND) {
            let taken = function.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(input) => Some(&*input.ty),
                FnArg::Receiver(_) => None,
            });
            taken.take(1).for_each(|ty| each(&mut out, ty, &[Lacking::Command]));
        }
        let Some(returned) = returned.filter(|_| attribute == SAGA) else { continue };
        if has(SEND) || has(FAILED) {
            each(&mut out, returned, &[Lacking::Command]);
        } else if has(STEP) && last_name(returned).is_some_and(|name| name == "Result") {
            argument(returned, 0).into_iter().for_each(|ty| each(&mut out, ty, STORED));
        }
    }
    out
}

/// The fields that serde and the schema look at.
fn fields(input: &DeriveInput) -> impl Iterator<Item = &syn::Field> {
    let fields: Vec<&syn::Field> = match &input.data {
        _ if told(&input.attrs) => Vec::new(),
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data
            .variants
            .iter()
            .filter(|variant| !told(&variant.attrs))
            .flat_map(|variant| &variant.fields)
            .collect(),
        Data::Union(_) => Vec::new(),
    };
    fields.into_iter().filter(|field| !told(&field.attrs))
}

/// Whether the attributes say that the type is written in another way, or not at all.
fn told(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let said = text(attr);
        let words: &[&str] = if attr.path().is_ident("serde") {
            &["with", "skip", "from", "into", "remote", "bound"]
        } else if attr.path().is_ident(KENNING) {
            &["schema"]
        } else {
            &[]
        };
        words.iter().any(|word| said.contains(word))
    })
}

fn marked(field: &syn::Field, key: &str) -> bool {
    let kenning = field.attrs.iter().filter(|attr| attr.path().is_ident(KENNING));
    kenning.map(text).any(|kenning| kenning.contains(key))
}

fn valued(out: &mut TokenStream, list: TokenStream, key: &str, wanted: &[Lacking]) {
    values(list, key, |ty| each(out, ty, wanted));
}

/// The types that are the value of the key.
fn values(list: TokenStream, key: &str, mut take: impl FnMut(&Type)) {
    let mut tokens = list.into_iter();
    while let Some(token) = tokens.next() {
        if !matches!(&token, TokenTree::Ident(ident) if ident == key) {
            continue;
        }
        if !matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=') {
            continue;
        }
        let value = tokens
            .by_ref()
            .take_while(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
        if let Ok(ty) = syn::parse2::<Type>(value.collect()) {
            take(&ty);
        }
    }
}

/// Each plain name in the type.
fn each(out: &mut TokenStream, ty: &Type, wanted: &[Lacking]) {
    if wanted.is_empty() {
        return;
    }
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else { return };
            match &last.arguments {
                PathArguments::None => {
                    if let Some(ident) = path.path.get_ident() {
                        name(out, ident, wanted);
                    }
                }
                // Of another type it is not known what it asks of its arguments.
                PathArguments::AngleBracketed(args) if CONTAINERS.iter().any(|name| last.ident == name) => {
                    for arg in &args.args {
                        if let GenericArgument::Type(ty) = arg {
                            each(out, ty, wanted);
                        }
                    }
                }
                PathArguments::AngleBracketed(_) | PathArguments::Parenthesized(_) => {}
            }
        }
        Type::Array(array) => each(out, &array.elem, wanted),
        Type::Group(group) => each(out, &group.elem, wanted),
        Type::Paren(paren) => each(out, &paren.elem, wanted),
        Type::Reference(reference) => each(out, &reference.elem, wanted),
        Type::Slice(slice) => each(out, &slice.elem, wanted),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| each(out, elem, wanted)),
        _ => {}
    }
}

fn name(out: &mut TokenStream, ident: &Ident, wanted: &[Lacking]) {
    out.extend(supply(ident, &ident.to_token_stream(), wanted));
}
