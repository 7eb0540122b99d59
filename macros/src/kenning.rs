//! `#[kenning(…)]` where no derive reads it: the derive is missing, or it is on something that has none.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Field, parse_quote};

use crate::declared::{self, Lacking};
use crate::symbol::{
    AGGREGATE, CATEGORY, COMMAND, EVENTS, FROM, ID, KENNING, NAME, READ_MODEL, SAGA, SCHEMA, TABLE, VERSION,
};
use crate::text::text;

pub(crate) fn attribute(args: &TokenStream, item: &TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) if !matches!(input.data, Data::Union(_)) => underived(args, &input),
        _ => misplaced(item),
    }
}

/// On a type without a derive of ours.
fn underived(args: &TokenStream, input: &DeriveInput) -> TokenStream {
    let mut item = input.clone();
    strip(&mut item);
    let ident = &input.ident;
    let Some(meant) = meant(args, input) else {
        let help = "write the derive that reads it above, as in `#[derive(Event)]`";
        let message = format!("no derive on `{ident}` reads `#[kenning(…)]`\nhelp: {help}");
        let error = syn::Error::new_spanned(ident, message).into_compile_error();
        return quote!(#item #error);
    };
    if !declared::tell(ident, meant) {
        return item.into_token_stream();
    }
    let derived = declared::derived(ident);
    let mut lacks = vec![meant];
    lacks.extend(
        derived
            .iter()
            .flat_map(|derived| meant.beside().iter().copied().filter(|beside| !derived.contains(beside))),
    );
    let names: Vec<&str> = lacks.iter().map(|lacking| lacking.name()).collect();
    let message = format!(
        "no derive on `{ident}` reads `#[kenning(…)]`\nhelp: write `#[derive({})]` above `{ident}`, before `#[kenning(…)]`",
        names.join(", ")
    );
    lacks.retain(|lacking| *lacking == meant || declared::tell(ident, *lacking));
    let error = syn::Error::new_spanned(ident, message);
    let mut whole = input.clone();
    whole.attrs.push(parse_quote!(#[kenning(#args)]));
    let impls = if input.generics.params.is_empty() {
        declared::stand_in(&whole, &lacks, error)
    } else {
        error.into_compile_error()
    };
    quote!(#item #impls)
}

/// On a type, what belongs on its `impl` block, or on a function: the derive is meant, if the type
/// does not have it.
pub(crate) fn instead(attribute: &str, args: &TokenStream, item: &TokenStream) -> Option<TokenStream> {
    let meant = match attribute {
        AGGREGATE => Lacking::Aggregate,
        COMMAND => Lacking::Command,
        READ_MODEL => Lacking::ReadModel,
        SAGA => Lacking::Saga,
        _ => return None,
    };
    let input: DeriveInput = syn::parse2(item.clone()).ok()?;
    let ident = &input.ident;
    let mut lacks = vec![meant];
    let derived = declared::derived(ident)?;
    lacks.extend(meant.beside().iter().copied().filter(|beside| !derived.contains(beside)));
    if derived.contains(&meant) || !input.generics.params.is_empty() || !declared::tell(ident, meant) {
        return None;
    }
    let names: Vec<&str> = lacks.iter().map(|lacking| lacking.name()).collect();
    let keys = text(args);
    // Without a name these are keys of `#[saga]`, which stay on the block.
    let stays = meant == Lacking::Saga && !keys.contains("name");
    let keys = if args.is_empty() || stays { "…".to_owned() } else { keys };
    let names = names.join(", ");
    let home = if meant == Lacking::Command { "a function" } else { "an `impl` block" };
    let message = format!(
        "`#[{attribute}]` belongs on {home}\nhelp: on `{ident}` write `#[derive({names})]` and `#[kenning({keys})]`"
    );
    let error = syn::Error::new_spanned(ident, message);
    lacks.retain(|lacking| *lacking == meant || declared::tell(ident, *lacking));
    let mut whole = input.clone();
    if !args.is_empty() {
        whole.attrs.push(parse_quote!(#[kenning(#args)]));
    }
    let mut item = input;
    strip(&mut item);
    let impls = declared::stand_in(&whole, &lacks, error);
    Some(quote!(#item #impls))
}

/// What replaces a derive, if all keys are those of another one, which the type does not have.
pub(crate) fn mistaken(which: Lacking, input: &DeriveInput) -> Option<TokenStream> {
    let mut keys = TokenStream::new();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident(KENNING)) {
        keys.extend(attr.meta.require_list().ok()?.tokens.clone());
        keys.extend(quote!(,));
    }
    let has = |key: &str| {
        let mut tokens = keys.clone().into_iter();
        tokens.any(|token| matches!(&token, TokenTree::Ident(ident) if ident == key))
    };
    let own: &[&str] = match which {
        Lacking::Aggregate => &[CATEGORY, EVENTS],
        Lacking::Command => &[AGGREGATE],
        Lacking::ReadModel => &[TABLE],
        Lacking::Saga => &[ID, VERSION],
        Lacking::Event => &[FROM, VERSION],
        _ => return None,
    };
    let marked = |field: &Field| field.attrs.iter().any(|attr| attr.path().is_ident(KENNING));
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().any(marked),
        _ => return None,
    };
    let meant = meant(&keys, input).filter(|meant| *meant != which && *meant != Lacking::Schema)?;
    // These have no name, so that it is one key that is wrong.
    if has(NAME) && matches!(meant, Lacking::Aggregate | Lacking::ReadModel) {
        return None;
    }
    // The marks of a command's field, or none.
    if own.iter().any(|key| has(key)) || (fields && meant == Lacking::Event) {
        return None;
    }
    let ident = &input.ident;
    let derived = declared::derived(ident)?;
    if derived.contains(&meant) || !input.generics.params.is_empty() || !declared::tell(ident, meant) {
        return None;
    }
    let mut lacks = vec![meant];
    lacks.extend(meant.beside().iter().copied().filter(|beside| !derived.contains(beside)));
    lacks.retain(|lacking| *lacking == meant || declared::tell(ident, *lacking));
    let (role, _) = meant.role()?;
    let message = format!(
        "`{ident}` has the keys of {}, but not its derive\nhelp: write `#[derive({})]` in place of `#[derive({})]`",
        role,
        meant.name(),
        which.name()
    );
    Some(declared::stand_in(input, &lacks, syn::Error::new_spanned(ident, message)))
}

/// Which derive has the keys.
fn meant(args: &TokenStream, input: &DeriveInput) -> Option<Lacking> {
    let has = |key: &str| {
        let mut tokens = args.clone().into_iter();
        tokens.any(|token| matches!(&token, TokenTree::Ident(ident) if ident == key))
    };
    let is_struct = matches!(input.data, Data::Struct(_));
    if has(CATEGORY) || (has(ID) && has(EVENTS)) {
        Some(Lacking::Aggregate)
    } else if has(AGGREGATE) && is_struct {
        Some(Lacking::Command)
    } else if has(TABLE) && is_struct {
        Some(Lacking::ReadModel)
    } else if has(NAME) && has(ID) && is_struct {
        Some(Lacking::Saga)
    } else if (has(NAME) || (has(VERSION) && has(FROM))) && is_struct {
        Some(Lacking::Event)
    } else if has(SCHEMA) {
        Some(Lacking::Schema)
    } else {
        None
    }
}

/// The fields have marks of the same derive.
fn strip(item: &mut DeriveInput) {
    let other = |attr: &Attribute| !attr.path().is_ident(KENNING);
    item.attrs.retain(other);
    let of_field = |field: &mut Field| field.attrs.retain(other);
    match &mut item.data {
        Data::Struct(data) => data.fields.iter_mut().for_each(of_field),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                variant.attrs.retain(other);
                variant.fields.iter_mut().for_each(of_field);
            }
        }
        Data::Union(_) => {}
    }
}

/// On what has no derives.
fn misplaced(item: &TokenStream) -> TokenStream {
    let word = item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "impl" || ident == "fn" || ident == "mod" => {
            Some(ident.to_string())
        }
        _ => None,
    });
    let help = match word.as_deref() {
        Some("impl") => {
            "write `#[aggregate]`, `#[read_model]`, `#[projection]`, `#[reactor]` or `#[saga]` on an `impl` block; \
             `#[kenning(…)]` is for the type"
        }
        Some("fn") => "write the keys into the function's mark, as in `#[on(missing = ignore)]`",
        _ => "write it on a struct or an enum, below its `#[derive(…)]`",
    };
    let message = format!("`#[kenning(…)]` belongs on a type with a derive of kenning\nhelp: {help}");
    let error = syn::Error::new(proc_macro2::Span::call_site(), message).into_compile_error();
    quote!(#item #error)
}
