//! The signature of an `#[on]` function of a projection.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Pat, PatType, Signature, Type};

use super::ast::{Begin, Handler, Takes, Transaction};
use super::through;
use crate::ctxt::Ctxt;
use crate::impl_block::Function;
use crate::signature::{
    Receives, is_open, last_name, parameters, receives, recorded, refuse_special, returned,
};
use crate::text::text;

/// Reads `async fn name(&self, event: &Event, tx: &mut Transaction) -> Result<(), Error>`; None when it is not known what it handles.
pub(super) fn parse<'a>(cx: &Ctxt, function: &'a Function) -> Option<Handler<'a>> {
    let local = Ctxt::new();
    let sig = &function.sig;
    let mut parameters = parameters(sig);
    let takes = takes(&local, function, parameters.next());
    // Where it is not known what is handled, the two may have changed places.
    let transaction =
        parameters.next().filter(|_| takes.is_some()).and_then(|parameter| transaction(&local, parameter));
    for more in parameters {
        let help = "keep what else the handler needs in the projection itself, and reach it through `&self`";
        local.help(
            more,
            "an `#[on]` function of a projection takes the event and the transaction, nothing else",
            help,
        );
    }
    let event = takes.and_then(Takes::event).map_or_else(|| "OrderPlaced".to_owned(), text);
    let help = format!(
        "write `async fn {}(&self, event: &{event}, tx: &mut PgTransaction<'_>) -> Result<(), …>`",
        sig.ident
    );
    refuse_special(&local, sig, "an `#[on]` function", &help);
    check_receiver(&local, function, &help);
    let answer = returned(sig);
    if let Some(answer) = answer {
        check_answer(&local, answer);
    }
    if let Some(transaction) = &transaction {
        through::check(&local, function, named(sig, 1), transaction);
    }
    let sound = match local.check() {
        Ok(()) => !function.broken,
        Err(error) => {
            cx.syn(error);
            false
        }
    };
    takes.map(|takes| Handler { function, takes, transaction, answer, sound })
}

/// Reads `async fn begin(&self, tx: &mut Transaction) -> Result<(), Error>`; None when it cannot be called.
pub(super) fn begin<'a>(cx: &Ctxt, function: &'a Function) -> Option<Begin<'a>> {
    let local = Ctxt::new();
    let sig = &function.sig;
    let help = format!("write `async fn {}(&self, tx: &mut PgTransaction<'_>) -> Result<(), …>`", sig.ident);
    let mut parameters = parameters(sig);
    let transaction = parameters.next().and_then(|parameter| transaction(&local, parameter));
    if let Some(transaction) = &transaction {
        through::check(&local, function, named(sig, 0), transaction);
    }
    for more in parameters {
        local.help(more, "a `#[begin]` function takes the transaction, nothing else", &help);
    }
    refuse_special(&local, sig, "a `#[begin]` function", &help);
    match sig.receiver() {
        Some(receiver) if receives(receiver) == Receives::Shared => {}
        _ => local.help(&sig.ident, "a `#[begin]` function takes `&self`", &help),
    }
    let answer = returned(sig);
    if let Some(answer) = answer
        && is_open(answer)
    {
        local.help(answer, "a `#[begin]` function returns `Result<(), _>`, or nothing", &help);
    }
    match local.check() {
        Ok(()) => Some(Begin { function, transaction, answer }),
        Err(error) => {
            cx.syn(error);
            None
        }
    }
}

/// The name of the parameter at the place.
fn named(sig: &Signature, place: usize) -> Option<&Ident> {
    match &*parameters(sig).nth(place)?.pat {
        Pat::Ident(pat) => Some(&pat.ident),
        _ => None,
    }
}

fn check_receiver(cx: &Ctxt, function: &Function, help: &str) {
    match function.sig.receiver() {
        Some(receiver) if receives(receiver) == Receives::Shared => {}
        Some(receiver) if receives(receiver) == Receives::Mutable => {
            let help = "write `&self`, and write what changes through the transaction: that alone is undone when it is rolled back";
            cx.help(receiver, "the handlers of a projection share it", help);
        }
        Some(receiver) => cx.help(receiver, "the handlers of a projection share it", help),
        None => cx.help(&function.sig.ident, "an `#[on]` function of a projection takes `&self`", help),
    }
}

fn check_answer(cx: &Ctxt, answer: &Type) {
    let help = "write `-> Result<(), …>` with the handler's error, or return nothing";
    if is_open(answer) {
        cx.help(answer, "an `#[on]` function names the type that it returns", help);
    } else if last_name(answer).is_some_and(|name| name == "Option" || name == "Vec" || name == "Self") {
        cx.help(answer, "an `#[on]` function of a projection writes, it returns nothing", help);
    }
}

fn takes<'a>(cx: &Ctxt, function: &'a Function, parameter: Option<&'a PatType>) -> Option<Takes<'a>> {
    let ident = &function.sig.ident;
    let Some(parameter) = parameter else {
        let help = format!("write `async fn {ident}(&self, event: &OrderPlaced, …) -> Result<(), …>`");
        cx.help(ident, format_args!("the `#[on]` function `{ident}` takes no event"), help);
        return None;
    };
    let ty = &*parameter.ty;
    let elem = match ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            if last_name(&reference.elem).is_some_and(|name| name.to_string().ends_with("Transaction")) {
                let help = format!("write `async fn {ident}(&self, event: &…, tx: {})`", text(ty));
                cx.help(ty, "the event comes before the transaction", help);
                return None;
            }
            let help = format!("write `&{}`", text(&reference.elem));
            cx.help(ty, "an event has happened: it cannot be changed", help);
            &*reference.elem
        }
        Type::Reference(reference) => &*reference.elem,
        other => {
            // A list is told below how it is written.
            if batch_of(other).is_none() {
                let help = format!("write `&{}`", text(other));
                cx.help(ty, "an `#[on]` function borrows what it handles", help);
            }
            other
        }
    };
    if let Some(batch) = batch_of(elem) {
        if !batch {
            let help =
                "write `&[Recorded<OrderEvent>]` with the set of the projection, which takes a whole batch";
            cx.help(ty, "several events at once are a slice of recorded events of the set", help);
        }
        return Some(Takes::Batch(ty));
    }
    if is_open(elem) {
        cx.help(ty, "an `#[on]` function is for one event", "name the event's type");
        return None;
    }
    Some(recorded(elem).map_or(Takes::Event(elem), Takes::Recorded))
}

/// Whether the type is of several events; if so, whether it is a batch as it has to be written.
fn batch_of(ty: &Type) -> Option<bool> {
    match ty {
        Type::Slice(slice) => Some(recorded(&slice.elem).is_some()),
        Type::Array(_) => Some(false),
        other => last_name(other).is_some_and(|name| name == "Vec").then_some(false),
    }
}

fn transaction<'a>(cx: &Ctxt, parameter: &'a PatType) -> Option<Transaction<'a>> {
    let ty = &*parameter.ty;
    let (elem, borrowed) = match ty {
        Type::Reference(reference) => (&*reference.elem, reference.mutability.is_some()),
        other => (other, false),
    };
    let name = last_name(elem).map(ToString::to_string).unwrap_or_default();
    if ["Pool", "PgPool", "PostgresStore"].contains(&name.as_str()) {
        let help = "write `tx: &mut PgTransaction<'_>`, and run statements with `execute(&mut **tx)`";
        cx.help(ty, "a handler must write through the transaction of its checkpoint", help);
        return None;
    }
    if !borrowed {
        let help = format!("write `&mut {}`", text(elem));
        cx.help(ty, "a handler must borrow its transaction mutably", help);
    }
    let owned = owned(elem)?;
    if is_open(&owned) {
        let help = "name the type of the transaction, as in `&mut PgTransaction<'_>`";
        cx.help(ty, "the handlers of a projection write through the transaction of one store", help);
        return None;
    }
    Some(Transaction { parameter: ty, elem, owned })
}

/// The type with `'static` where a lifetime is left open: as it is held between two handlers.
fn owned(ty: &Type) -> Option<Type> {
    let mut tokens = closed(ty.to_token_stream());
    // Its lifetime may be left out altogether.
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && last.ident == "PgTransaction"
        && last.arguments.is_none()
    {
        tokens.extend(quote!(<'static>));
    }
    syn::parse2(tokens).ok()
}

fn closed(tokens: TokenStream) -> TokenStream {
    let mut lifetime = false;
    let closed = tokens.into_iter().map(|token| {
        let named = std::mem::replace(&mut lifetime, is_quote(&token));
        match token {
            TokenTree::Ident(ident) if named && ident == "_" => Ident::new("static", ident.span()).into(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), closed(group.stream()));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }
    });
    closed.collect()
}

fn is_quote(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\'')
}
