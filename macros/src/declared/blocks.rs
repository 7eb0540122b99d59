//! Types whose `impl` block is missing, or there twice.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::DeriveInput;

use super::{Declared, Lacking, elsewhere, look_up, tell};
use crate::impl_block::ImplBlock;
use crate::krate::Krate;
use crate::symbol::{AGGREGATE, READ_MODEL, SAGA};
use crate::{read_model_block, saga_block};

/// The error and impls that stand in, if the type has no block.
/// A type that has a mistake is still being written: it is not told of its block.
pub(super) fn missing(derive: Lacking, input: &DeriveInput, reported: bool) -> Option<TokenStream> {
    let (attribute, traits, marks, needs): (_, &[&str], &[&str], _) = match derive {
        Lacking::Aggregate => (
            AGGREGATE,
            &["Apply", "Handle"],
            &["apply", "command"],
            "an `#[apply]` function for each event and a `#[command]` function for each command",
        ),
        Lacking::ReadModel => (READ_MODEL, &["On"], &["on"], "an `#[on]` function for each event"),
        Lacking::Saga => (
            SAGA,
            &["SagaDefinition"],
            &["step", "start", "wait", "send", "undo", "failed"],
            "its `#[step]` functions",
        ),
        _ => return None,
    };
    let ident = &input.ident;
    let name = ident.to_string();
    let declared = look_up(ident)?;
    if declared.found.len() != 1 || !input.generics.params.is_empty() {
        return None;
    }
    let marked = |body: &str| {
        marks.iter().any(|mark| body.contains(&format!("#[{mark}")) || body.contains(&format!("::{mark}")))
    };
    let mut impls = declared.file.impls(&name);
    if impls.any(|(header, body)| header.contains(attribute) || marked(body))
        || elsewhere::blocks(&declared.path, &name, attribute, marks)
        || elsewhere::implemented(&declared.path, &name, traits)
    {
        return None;
    }
    let message = format!(
        "`{name}` has no `#[{attribute}]` block\nhelp: write `#[{attribute}] impl {name} {{ … }}` with {needs}"
    );
    let error = (!reported).then(|| syn::Error::new_spanned(ident, message).into_compile_error());
    let inert = stand_in(derive, ident)?;
    Some(quote!(#error #inert))
}

fn stand_in(derive: Lacking, ident: &Ident) -> Option<TokenStream> {
    let krate = Krate::default();
    let self_ty = syn::parse_quote!(#ident);
    match derive {
        Lacking::Aggregate => Some(quote! {
            #[automatically_derived]
            impl<E> #krate::Apply<E> for #ident {
                fn apply(&mut self, _: &E) {
                    ::core::unreachable!()
                }
            }

            #[automatically_derived]
            impl<C> #krate::Handle<C> for #ident {
                type Rejection = ::core::fmt::Error;

                fn handle(
                    &self,
                    _: &C,
                    _: &#krate::CommandContext,
                ) -> ::core::result::Result<::std::vec::Vec<Self::Events>, Self::Rejection> {
                    ::core::unreachable!()
                }
            }
        }),
        Lacking::ReadModel => Some(read_model_block::every(&krate, &self_ty)),
        Lacking::Saga => {
            let block = ImplBlock::parse(&quote!(impl #ident {})).ok()?;
            Some(saga_block::outside(&block, None))
        }
        _ => None,
    }
}

/// What a `#[saga]` block becomes whose type has another one: one of them speaks.
pub(crate) fn twice(args: &TokenStream, item: &TokenStream) -> Option<TokenStream> {
    if !proc_macro::is_available() {
        return None;
    }
    let block = ImplBlock::parse(item).ok()?;
    let syn::Type::Path(path) = &*block.header.self_ty else { return None };
    let ident = path.path.get_ident().filter(|_| block.is_plain())?;
    let Declared { file, .. } = look_up(ident)?;
    let name = ident.to_string();
    // Types of two modules: an old release and a new one.
    if file.types_named(&name) != 1 {
        return None;
    }
    let marked: Vec<_> = file.impls(&name).filter(|(header, _)| header.contains("saga")).collect();
    if marked.len() < 2 || marked.iter().any(|(header, _)| header.contains("cfg")) {
        return None;
    }
    let error = tell(ident, Lacking::Saga).then(|| {
        let message = format!(
            "`{name}` has {} `#[saga]` blocks\nhelp: write all functions of the saga in one `#[saga] impl {name}` block; other functions can be in an `impl {name}` without the attribute",
            marked.len()
        );
        syn::Error::new_spanned(ident, message)
    });
    Some(saga_block::again(args.clone(), &block, error))
}
