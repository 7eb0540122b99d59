//! The signature of an `#[on]` function.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{FnArg, GenericArgument, Ident, Pat, PatType, PathArguments, Signature, Type};

use super::args::{Args, Rows};
use crate::ctxt::Ctxt;
use crate::impl_block::Function;
use crate::signature::{Receives, is_open, last_name, parameters, receives, refuse_special, returned};
use crate::text::{same, text};

/// An `#[on]` function.
pub(super) struct Handler<'a> {
    pub(super) function: &'a Function,
    pub(super) event: &'a Type,
    /// The parameter that is the event, as the expressions of `key` and `keys` see it.
    pub(super) pattern: &'a Pat,
    /// Its place among all parameters.
    pub(super) place: usize,
    /// Whether it takes `&Recorded<Event>`.
    pub(super) recorded: bool,
    pub(super) form: Form,
    /// What it takes after `self`, in order.
    pub(super) takes: Vec<Takes<'a>>,
    pub(super) args: Args,
    /// Whether it can be called as declared.
    pub(super) sound: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `fn(event) -> Self`
    Create,
    /// `fn(&mut self, event)`
    Change,
    /// `fn(self, event) -> Option<Self>`
    Remove,
    /// `fn(row: Option<Self>, event) -> Self`
    Merge,
    /// `fn(row: Option<Self>, event) -> Option<Self>`
    MergeOrRemove,
}

#[derive(Clone, Copy)]
pub(super) enum Takes<'a> {
    Row,
    Key(&'a Type),
    Event,
}

const WHAT: &str = "an `#[on]` function of a read model";

/// Reads one of the forms; None when the event is not known.
pub(super) fn parse<'a>(cx: &Ctxt, function: &'a Function, model: &Type, args: Args) -> Option<Handler<'a>> {
    let local = Ctxt::new();
    let sig = &function.sig;
    let event = event(&local, function);
    let name = event.as_ref().map_or_else(|| "OrderPlaced".to_owned(), |event| text(event.ty));
    let forms = Forms { ident: &sig.ident, event: &name };
    refuse_special(&local, sig, WHAT, &forms.change());
    if let Some(keyword) = &sig.asyncness {
        let help = "leave `async` out; what waits, or writes with SQL of its own, is a `#[projection]`";
        local.help(keyword, format_args!("{WHAT} cannot wait: what happened is all that it needs"), help);
    }
    let takes = takes(&local, function, model, event.as_ref());
    let merges = takes.iter().any(|takes| matches!(takes, Takes::Row));
    let form = form(&local, function, model, merges, &forms);
    check_args(&local, &args, form);
    if let (Some(rows), Some(event)) = (&args.rows, &event) {
        check_rows(&local, rows, event);
    }
    let sound = match local.check() {
        Ok(()) => !function.broken,
        Err(error) => {
            cx.syn(error);
            false
        }
    };
    event.map(|Event { parameter, ty, pattern, recorded }| Handler {
        function,
        event: ty,
        pattern,
        place: place(sig, parameter),
        recorded,
        form,
        takes,
        args,
        sound,
    })
}

/// The forms of a function, as helps show them.
struct Forms<'a> {
    ident: &'a Ident,
    event: &'a str,
}

impl Forms<'_> {
    fn create(&self) -> String {
        format!("write `fn {}(event: &{}) -> Self`", self.ident, self.event)
    }

    fn change(&self) -> String {
        format!("write `fn {}(&mut self, event: &{})`", self.ident, self.event)
    }

    fn remove(&self) -> String {
        format!(
            "write `fn {}(self, event: &{}) -> Option<Self>`: `None` removes the row",
            self.ident, self.event
        )
    }

    fn merge(&self) -> String {
        format!("write `fn {}(row: Option<Self>, event: &{}) -> Option<Self>`", self.ident, self.event)
    }
}

struct Event<'a> {
    parameter: &'a PatType,
    ty: &'a Type,
    pattern: &'a Pat,
    recorded: bool,
}

/// Whether it is what `Recorded` has beside the event, by its name.
fn is_metadata(ty: &Type) -> bool {
    let elem = match ty {
        Type::Reference(reference) => &*reference.elem,
        other => other,
    };
    let name = last_name(elem).map(ToString::to_string).unwrap_or_default();
    ["Context", "Metadata", "Meta", "Envelope", "EventInfo", "Headers", "StreamName"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The event: the last borrowed parameter, or else the last one.
fn event<'a>(cx: &Ctxt, function: &'a Function) -> Option<Event<'a>> {
    let ident = &function.sig.ident;
    let borrowed = |parameter: &&PatType| matches!(&*parameter.ty, Type::Reference(_));
    let borrowed = |parameter: &&PatType| borrowed(parameter) && !is_metadata(&parameter.ty);
    let last = parameters(&function.sig).filter(borrowed).last().or_else(|| parameters(&function.sig).last());
    let Some(parameter) = last else {
        let help = format!("write `fn {ident}(&mut self, event: &OrderPlaced)`");
        cx.help(ident, format_args!("the `#[on]` function `{ident}` takes no event"), help);
        return None;
    };
    let (taken, problem) = match &*parameter.ty {
        Type::Reference(reference) if reference.mutability.is_none() => (&*reference.elem, None),
        Type::Reference(reference) => (&*reference.elem, Some("an event has happened: it cannot be changed")),
        ty => (ty, Some("an `#[on]` function borrows the event")),
    };
    if is_open(taken) {
        cx.help(&parameter.ty, "an `#[on]` function is for one event", "name the event's type");
        return None;
    }
    if let Some(problem) = problem {
        cx.help(&parameter.ty, problem, format_args!("write `&{}`", text(taken)));
    }
    let inner = recorded(taken);
    Some(Event { parameter, ty: inner.unwrap_or(taken), pattern: &parameter.pat, recorded: inner.is_some() })
}

fn place(sig: &Signature, parameter: &PatType) -> usize {
    let is = |input: &FnArg| matches!(input, FnArg::Typed(typed) if std::ptr::eq(typed, parameter));
    sig.inputs.iter().position(is).unwrap_or_default()
}

/// The event in `Recorded<Event>`.
fn recorded(ty: &Type) -> Option<&Type> {
    argument_of(ty, "Recorded")
}

/// The type in `Name<Type>`.
fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// Whether the type is the read model's, as itself or as `Self`.
fn is_model(ty: &Type, model: &Type) -> bool {
    text(ty) == "Self" || same(ty, model)
}

fn is_option_of_model(ty: &Type, model: &Type) -> bool {
    argument_of(ty, "Option").is_some_and(|inner| is_model(inner, model))
}

/// What the parameters are.
fn takes<'a>(cx: &Ctxt, function: &'a Function, model: &Type, event: Option<&Event<'a>>) -> Vec<Takes<'a>> {
    let Some(event) = event else { return Vec::new() };
    let alone = function.sig.receiver().is_some();
    let mut takes: Vec<Takes<'a>> = Vec::new();
    for parameter in parameters(&function.sig) {
        let ty = &*parameter.ty;
        let has = |wanted: fn(&Takes<'_>) -> bool| takes.iter().any(wanted);
        if std::ptr::eq(parameter, event.parameter) {
            takes.push(Takes::Event);
        } else if let Type::Reference(_) = ty {
            let meta = is_metadata(ty);
            let help = if meta {
                format!(
                    "write `&Recorded<{}>`: it has the event, its time, stream, version and metadata",
                    text(event.ty)
                )
            } else {
                "write a function for each event".to_owned()
            };
            cx.help(parameter, "an `#[on]` function takes exactly one event", help);
        } else if alone {
            let help = "leave it out: the row has its key, and what else is needed has to be in the event";
            cx.help(parameter, "an `#[on]` function with `self` takes the event and nothing else", help);
        } else if is_option_of_model(ty, model) && !has(|takes| matches!(takes, Takes::Row)) {
            takes.push(Takes::Row);
        } else if is_open(ty) {
            cx.help(ty, "an `#[on]` function names the types that it takes", "write the type of the key");
        } else if has(|takes| matches!(takes, Takes::Key(_))) {
            let help = "leave it out; what is needed has to be in the event";
            cx.help(
                parameter,
                "an `#[on]` function takes the row, its key and the event, nothing else",
                help,
            );
        } else {
            takes.push(Takes::Key(ty));
        }
    }
    takes
}

fn form(cx: &Ctxt, function: &Function, model: &Type, merges: bool, forms: &Forms<'_>) -> Form {
    let sig = &function.sig;
    let answer = returned(sig);
    // A function that fails is taken for what it would be without its `Result`.
    let answer = match answer {
        Some(ty) if last_name(ty).is_some_and(|name| name == "Result") => {
            let help = "return what it makes of the event, without `Result`; an event that cannot be handled is parked, and tried again on demand";
            cx.help(ty, format_args!("{WHAT} is pure: it cannot fail"), help);
            return match sig.receiver() {
                Some(receiver) if receives(receiver) == Receives::Value => Form::Remove,
                Some(_) => Form::Change,
                None if merges => Form::Merge,
                None => Form::Create,
            };
        }
        answer => answer,
    };
    let row = answer.is_some_and(|ty| is_model(ty, model));
    let maybe = answer.is_some_and(|ty| is_option_of_model(ty, model));
    match sig.receiver() {
        Some(receiver) if receives(receiver) == Receives::Mutable => {
            if let Some(ty) = answer {
                let help = if maybe { forms.remove() } else { forms.change() };
                cx.help(
                    ty,
                    "an `#[on]` function with `&mut self` changes the row in place, and returns nothing",
                    help,
                );
            }
            Form::Change
        }
        Some(receiver) if receives(receiver) == Receives::Value => {
            if !maybe {
                let problem = "an `#[on]` function that takes `self` must return `Option<Self>`";
                match answer {
                    Some(ty) => cx.help(ty, problem, forms.remove()),
                    None => cx.help(&sig.ident, problem, forms.remove()),
                }
            }
            Form::Remove
        }
        Some(receiver) => {
            let problem = "an `#[on]` function changes the row, which needs more than a look at it";
            cx.help(receiver, problem, forms.change());
            Form::Change
        }
        None if merges => {
            if !row && !maybe {
                let problem = "an `#[on]` function that takes the row returns what becomes of it";
                match answer {
                    Some(ty) => cx.help(ty, problem, forms.merge()),
                    None => cx.help(&sig.ident, problem, forms.merge()),
                }
            }
            if maybe { Form::MergeOrRemove } else { Form::Merge }
        }
        None => {
            match answer {
                Some(_) if row => {}
                Some(ty) if maybe => {
                    let problem = "an `#[on]` function without the row makes one, each time";
                    cx.help(ty, problem, format_args!("{}: there may be a row, or none", forms.merge()));
                }
                Some(ty) => cx.help(ty, "an `#[on]` function without `self` makes a row", forms.create()),
                None => {
                    let problem = "an `#[on]` function makes a row or changes one, but this one does neither";
                    let makes = forms.create().replacen("write", "or", 1);
                    cx.help(&sig.ident, problem, format_args!("{}, {makes} to make one", forms.change()));
                }
            }
            Form::Create
        }
    }
}

/// The key is computed from the parameter that is the event.
fn check_rows(cx: &Ctxt, rows: &Rows, event: &Event<'_>) {
    let (Rows::One(expr) | Rows::Several(expr)) = rows;
    let named = expr
        .to_token_stream()
        .into_iter()
        .find(|token| matches!(token, TokenTree::Ident(ident) if ident == "event"));
    let (Some(named), ty) = (named, text(&event.parameter.ty)) else { return };
    match event.pattern {
        Pat::Wild(pattern) => {
            let help = format!("write `event: {ty}`");
            cx.help(pattern, "the key is computed from the event, but the parameter has no name", help);
        }
        Pat::Ident(pattern) if pattern.ident != "event" => {
            let help = format!("write `{}` in the key, or `event: {ty}` in the function", pattern.ident);
            cx.help(named, format_args!("the event is called `{}` here", pattern.ident), help);
        }
        _ => {}
    }
}

fn check_args(cx: &Ctxt, args: &Args, form: Form) {
    if let Some((key, _)) = &args.missing
        && !matches!(form, Form::Change | Form::Remove)
    {
        let (problem, help) = match form {
            Form::Create => (
                "`missing` has no effect here: this function always creates the row",
                "write `present = ignore` or `present = replace` for a row that is there already, or leave it out",
            ),
            _ => (
                "this function takes the row whether it is there or not, so that none is missing",
                "leave it out",
            ),
        };
        cx.help(key, problem, help);
    }
    if let Some((key, _)) = &args.present
        && form != Form::Create
    {
        let (problem, help) = match form {
            Form::Change | Form::Remove => (
                "this function changes a row that is there",
                "write `missing = ignore` for a row that is not there, or leave it out",
            ),
            _ => ("this function takes the row whether it is there or not", "leave it out"),
        };
        cx.help(key, problem, help);
    }
}

/// The events that are taken beside the one, by mistake.
pub(super) fn more_events(function: &Function) -> impl Iterator<Item = &Type> {
    let taken: Vec<&Type> = parameters(&function.sig)
        .filter_map(|parameter| match &*parameter.ty {
            Type::Reference(reference) if !is_open(&reference.elem) && !is_metadata(&reference.elem) => {
                Some(&*reference.elem)
            }
            _ => None,
        })
        .collect();
    // The last one is the function's own.
    let others = taken.len().saturating_sub(1);
    taken.into_iter().take(others).map(|ty| recorded(ty).unwrap_or(ty))
}
