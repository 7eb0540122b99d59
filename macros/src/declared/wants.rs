//! What each macro asks of the types that it names.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Data, DeriveInput, FnArg, GenericArgument, PathArguments, ReturnType, Type, Visibility,
};

use super::{Lacking, STORED, blocks, derived, expose, is_public, member, share, supply, unfit};
use crate::impl_block::ImplBlock;
use crate::signature::{argument, last_name};
use crate::symbol::{
    AGGREGATE, APPLY, COMMAND, EVENTS, FAILED, ID, JSON, KENNING, KEY, PROJECTION, REACTOR, READ_MODEL, SAGA,
    SEND, SERVICES, SNAPSHOT_EVERY, STEP,
};
use crate::text::text;

use Lacking::{Deserialize, Serialize};

/// Types that have what their arguments have.
const CONTAINERS: &[&str] =
    &["Option", "Vec", "VecDeque", "Box", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Result"];

/// Of an item with the derive. `reported`: the derive has found a mistake.
pub(crate) fn of_item(derive: Lacking, input: &DeriveInput, reported: bool) -> TokenStream {
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
        out.extend(blocks::missing(derive, input, reported));
    }
    let language: Vec<Lacking> = match fields(input).next() {
        Some(_) if input.generics.params.is_empty() => derived(this).unwrap_or_default(),
        _ => Vec::new(),
    };
    let language: Vec<Lacking> = language.into_iter().filter(|has| has.of_the_language()).collect();
    let and = |wanted: &[Lacking]| [wanted, &language].concat();
    match derive {
        Lacking::EventSet => {
            let Data::Enum(data) = &input.data else { return out };
            let events = data.variants.iter().filter_map(|variant| match &variant.fields {
                syn::Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
                _ => None,
            });
            events.for_each(|field| each(&mut out, &field.ty, &and(&[Lacking::Event])));
        }
        Lacking::Event | Lacking::Saga => {
            fields(input).for_each(|field| each(&mut out, &field.ty, &and(STORED)));
        }
        Lacking::ReadModel => {
            let plain = fields(input).filter(|field| !marked(field, JSON));
            plain.for_each(|field| each(&mut out, &field.ty, &and(STORED)));
        }
        Lacking::Schema | Lacking::Command | Lacking::Aggregate => {
            let snapshots = input.attrs.iter().any(|attr| text(attr).contains(SNAPSHOT_EVERY));
            let schema = derive == Lacking::Schema || (derive == Lacking::Aggregate && snapshots);
            if let Some(mut wanted) = fields(input).next().and_then(|_| derived(this)) {
                wanted.retain(|has| matches!(has, Serialize | Deserialize));
                wanted.extend(schema.then_some(Lacking::Schema));
                wanted.extend(&language);
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
    if input.generics.params.is_empty() && !reported {
        for ty in ids(derive, input) {
            out.extend(unfit(&ty, this));
        }
    }
    if matches!(input.vis, Visibility::Public(_)) && input.generics.params.is_empty() {
        shown(&mut out, derive, input);
    }
    out
}

/// The types that have to be ids.
fn ids(derive: Lacking, input: &DeriveInput) -> Vec<Type> {
    let mut ids = Vec::new();
    let mut name = None;
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident(KENNING)) {
        let Ok(list) = attr.meta.require_list() else { continue };
        match derive {
            Lacking::Aggregate => values(list.tokens.clone(), ID, |ty| ids.push(ty.clone())),
            Lacking::Saga => values(list.tokens.clone(), ID, |field| name = Some(text(field))),
            _ => {}
        }
    }
    for field in fields(input) {
        let is_id = match derive {
            Lacking::ReadModel => marked(field, KEY),
            Lacking::Saga => {
                field.ident.as_ref().is_some_and(|ident| name.as_ref().is_some_and(|name| ident == name))
            }
            _ => false,
        };
        if is_id {
            ids.push(field.ty.clone());
        }
    }
    ids
}

/// The types that a public type shows by its impls, and that have to be as public.
fn shown(out: &mut TokenStream, derive: Lacking, input: &DeriveInput) {
    let owner = &input.ident;
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident(KENNING)) {
        let Ok(list) = attr.meta.require_list() else { continue };
        let keys: &[&str] = match derive {
            Lacking::Aggregate => &[ID, EVENTS],
            Lacking::Command => &[AGGREGATE],
            Lacking::ReadModel => &[EVENTS],
            _ => &[],
        };
        for key in keys {
            values(list.tokens.clone(), key, |ty| plain(ty, &mut |ident| out.extend(expose(ident, owner))));
        }
    }
    if matches!(derive, Lacking::ReadModel | Lacking::Saga) {
        for ty in ids(derive, input) {
            plain(&ty, &mut |ident| out.extend(expose(ident, owner)));
        }
    }
}

/// Each plain name in the type.
pub(super) fn plain(ty: &Type, take: &mut impl FnMut(&Ident)) {
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            if let Some(ident) = path.path.get_ident() {
                return take(ident);
            }
            let Some(last) = path.path.segments.last() else { return };
            if let PathArguments::AngleBracketed(args) = &last.arguments {
                for arg in &args.args {
                    if let GenericArgument::Type(ty) = arg {
                        plain(ty, take);
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| plain(elem, take)),
        Type::Array(array) => plain(&array.elem, take),
        Type::Group(group) => plain(&group.elem, take),
        Type::Paren(paren) => plain(&paren.elem, take),
        _ => {}
    }
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
    let owner = match &*block.header.self_ty {
        Type::Path(path) => path.path.get_ident(),
        _ => None,
    };
    let owner = owner.filter(|_| matches!(attribute, AGGREGATE | SAGA)).filter(|owner| is_public(owner));
    if let Some(owner) = owner.filter(|_| attribute == SAGA) {
        values(args.clone(), SERVICES, |ty| {
            plain(ty, &mut |services| out.extend(expose(services, owner)));
        });
    }
    if attribute == PROJECTION {
        valued(&mut out, args.clone(), EVENTS, &[Lacking::EventSet]);
    }
    member::check(&mut out, attribute, args, &block);
    for function in block.functions() {
        let has = |mark: &str| {
            let mut names = function.attrs.iter().filter_map(|attr| attr.path().segments.last());
            names.any(|last| last.ident == mark)
        };
        let returned = match &function.sig.output {
            ReturnType::Type(_, ty) => Some(&**ty),
            ReturnType::Default => None,
        };
        if attribute == AGGREGATE && has(COMMAND) && !has(APPLY) {
            let taken = function.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(input) => Some(&*input.ty),
                FnArg::Receiver(_) => None,
            });
            for ty in taken.take(1) {
                each(&mut out, ty, &[Lacking::Command]);
                let command = match ty {
                    Type::Reference(reference) => &*reference.elem,
                    ty => ty,
                };
                // What handles a private command need not be public itself.
                let Type::Path(command) = command else { continue };
                let public = command.path.get_ident().is_some_and(is_public);
                // Of these the impl names no more than that they cannot reject.
                let shown = returned.filter(|returned| !crate::aggregate_block::never_rejects(returned));
                if let (Some(owner), Some(returned), true) = (owner, shown, public) {
                    plain(returned, &mut |ident| out.extend(expose(ident, owner)));
                }
            }
        }
        let Some(returned) = returned.filter(|_| attribute == SAGA) else { continue };
        if has(SEND) || has(FAILED) {
            each(&mut out, returned, &[Lacking::Command]);
        } else if has(STEP)
            && last_name(returned).is_some_and(|name| name == "Result")
            && let Some(ty) = argument(returned, 0)
        {
            each(&mut out, ty, STORED);
            if let Some(owner) = owner {
                plain(ty, &mut |ident| out.extend(expose(ident, owner)));
            }
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
pub(super) fn values(list: TokenStream, key: &str, mut take: impl FnMut(&Type)) {
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
                    let keys: &[Lacking] = match last.ident.to_string().as_str() {
                        // Only what is read is put into the map.
                        _ if !wanted.contains(&Deserialize) => &[],
                        "HashMap" | "HashSet" => &[Lacking::PartialEq, Lacking::Eq, Lacking::Hash],
                        "BTreeMap" | "BTreeSet" => {
                            &[Lacking::PartialEq, Lacking::Eq, Lacking::PartialOrd, Lacking::Ord]
                        }
                        _ => &[],
                    };
                    for (at, arg) in args.args.iter().enumerate() {
                        if let GenericArgument::Type(ty) = arg {
                            let keys = if at == 0 { keys } else { &[] };
                            each(out, ty, &[wanted, keys].concat());
                        }
                    }
                }
                PathArguments::AngleBracketed(_) | PathArguments::Parenthesized(_) => {}
            }
        }
        Type::Array(array) => each(out, &array.elem, wanted),
        Type::Group(group) => each(out, &group.elem, wanted),
        Type::Paren(paren) => each(out, &paren.elem, wanted),
        Type::Reference(reference) => {
            // A reference is copied, whatever it is to.
            let mut wanted = wanted.to_vec();
            wanted.retain(|wanted| !matches!(wanted, Lacking::Clone | Lacking::Copy));
            each(out, &reference.elem, &wanted);
        }
        Type::Slice(slice) => each(out, &slice.elem, wanted),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| each(out, elem, wanted)),
        _ => {}
    }
}

fn name(out: &mut TokenStream, ident: &Ident, wanted: &[Lacking]) {
    out.extend(supply(ident, &ident.to_token_stream(), wanted));
}
