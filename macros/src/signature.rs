//! What no function of an attribute macro's block can be: generated code calls it from a trait, with one value.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    FnArg, GenericArgument, PatType, PathArguments, Receiver, ReceiverKind, ReturnType, Safety, Signature,
    Type,
};

use crate::ctxt::Ctxt;
use crate::text::text;

/// Refuses `unsafe`, `extern`, variadic and generic functions.
pub(crate) fn refuse_special(cx: &Ctxt, sig: &Signature, what: &str, help: &str) {
    if let Safety::Unsafe(keyword) = &sig.safety {
        cx.help(keyword, format_args!("{what} cannot be unsafe"), help);
    }
    if let Some(abi) = &sig.abi {
        cx.help(abi, format_args!("{what} has no foreign interface"), help);
    }
    if let Some(variadic) = &sig.variadic {
        cx.help(variadic, format_args!("{what} has a fixed number of parameters"), help);
    }
    crate::generics::refuse(cx, &sig.generics, what, help);
}

/// The parameters after the receiver.
pub(crate) fn parameters(sig: &Signature) -> impl Iterator<Item = &PatType> {
    sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    })
}

/// The type that is returned, unless it is `()`.
pub(crate) fn returned(sig: &Signature) -> Option<&Type> {
    match &sig.output {
        ReturnType::Type(_, ty) if !matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()) => Some(ty),
        _ => None,
    }
}

/// The name of a type without path and arguments: `Result` of `std::result::Result<A, B>`.
pub(crate) fn last_name(ty: &Type) -> Option<&syn::Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        Type::Group(group) => last_name(&group.elem),
        Type::Paren(paren) => last_name(&paren.elem),
        _ => None,
    }
}

/// The event of `Recorded<Event>`.
pub(crate) fn recorded(ty: &Type) -> Option<&Type> {
    last_name(ty).filter(|name| *name == "Recorded")?;
    argument(ty, 0)
}

/// A type argument of a type: with 0, `A` of `Result<A, B>`.
pub(crate) fn argument(ty: &Type, place: usize) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.into_iter().nth(place)
}

/// Whether the type leaves open which type it is: `impl Trait`, `_`, and `dyn Trait` that is not behind a box.
pub(crate) fn is_open(ty: &Type) -> bool {
    fn any(tokens: TokenStream) -> bool {
        let mut lifetime = false;
        tokens.into_iter().any(|token| {
            let quoted = std::mem::replace(&mut lifetime, false);
            match token {
                TokenTree::Ident(ident) => ident == "impl" || ident == "_" && !quoted,
                TokenTree::Group(group) => any(group.stream()),
                TokenTree::Punct(punct) => {
                    lifetime = punct.as_char() == '\'';
                    false
                }
                TokenTree::Literal(_) => false,
            }
        })
    }
    fn is_bare(ty: &Type) -> bool {
        match ty {
            Type::TraitObject(_) => true,
            Type::Paren(paren) => is_bare(&paren.elem),
            Type::Group(group) => is_bare(&group.elem),
            _ => false,
        }
    }
    is_bare(ty) || any(ty.to_token_stream())
}

/// How a function takes `self`, in either way of writing it: `&self`, or `self: &Self`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receives {
    Shared,
    Mutable,
    Value,
    /// `self: Rc<Self>`
    Other,
}

pub(crate) fn receives(receiver: &Receiver) -> Receives {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, None) => Receives::Shared,
        ReceiverKind::Reference(_, _, Some(_)) => Receives::Mutable,
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) if text(&reference.elem) == "Self" => {
                if reference.mutability.is_some() { Receives::Mutable } else { Receives::Shared }
            }
            ty if text(ty) == "Self" => Receives::Value,
            _ => Receives::Other,
        },
        ReceiverKind::Value => Receives::Value,
        _ => Receives::Other,
    }
}

/// How many arguments a type has.
pub(crate) fn arguments(ty: &Type) -> usize {
    (0..).take_while(|place| argument(ty, *place).is_some()).count()
}
