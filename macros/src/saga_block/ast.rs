//! A `#[saga]` block as the macro sees it.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::{Attribute, Ident, Type};

use super::args::Args;
use super::parameters::{Output, Parameter, Steps};
use super::retry::Policy;
use super::signature;
use crate::attr;
use crate::ctxt::Ctxt;
use crate::event_parameter::Event;
use crate::impl_block::{Function, ImplBlock};
use crate::keys::Place;
use crate::krate::Krate;
use crate::marks;
use crate::symbol::{
    CRATE, DEADLINE, FAILED, KENNING, ON, RETRY, SAGA, SEND, SERVICES, START, STEP, TIMEOUT, UNDO,
    UNDO_RETRY, WAIT,
};
use crate::text::text;

pub(super) struct Block<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a ImplBlock,
    pub(super) services: Option<Type>,
    /// Whether the user meant to say what the services are.
    pub(super) says_services: bool,
    pub(super) deadline: Option<Duration>,
    /// What holds for each step that says nothing else.
    pub(super) retry: Policy,
    pub(super) undo_retry: Policy,
    pub(super) timeout: Option<Duration>,
    pub(super) starts: Vec<Start<'a>>,
    /// What stands in the table, in the order of declaration.
    pub(super) steps: Vec<Step<'a>>,
    pub(super) undos: Vec<Undo<'a>>,
    pub(super) failures: Vec<Failure<'a>>,
    /// The names of all functions.
    functions: Steps,
}

/// A `#[start]` function.
pub(super) struct Start<'a> {
    pub(super) function: &'a Function,
    // None after a mistake.
    pub(super) event: Option<Event<'a>>,
    pub(super) answer: Option<&'a Type>,
}

/// A `#[step]`, `#[send]` or `#[wait]` function.
pub(super) struct Step<'a> {
    pub(super) function: &'a Function,
    pub(super) kind: Kind,
    pub(super) args: Args,
    pub(super) parameters: Vec<Parameter<'a>>,
    /// Of a wait; None after a mistake.
    pub(super) event: Option<Event<'a>>,
    /// None after a mistake.
    pub(super) answer: Option<&'a Type>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Step,
    Send,
    Wait,
}

/// An `#[undo]` function.
pub(super) struct Undo<'a> {
    pub(super) function: &'a Function,
    /// The types of its parameters, in their order.
    pub(super) parameters: Vec<UndoParameter<'a>>,
    /// None after a mistake.
    pub(super) answer: Option<&'a Type>,
    /// Whether it returns a command, and does nothing itself.
    pub(super) sends: bool,
}

/// A parameter of an `#[undo]` function.
#[derive(Clone, Copy)]
pub(super) enum UndoParameter<'a> {
    Context(&'a Type),
    Output(&'a Type),
}

/// A `#[failed]` function.
pub(super) struct Failure<'a> {
    pub(super) function: &'a Function,
    /// The type of its parameter, if it has one.
    pub(super) failure: Option<&'a Type>,
    pub(super) answer: Option<&'a Type>,
}

pub(super) const MARKS: &[&str] = &[START, STEP, UNDO, WAIT, SEND, FAILED];

impl<'a> Step<'a> {
    pub(super) fn ident(&self) -> &'a Ident {
        &self.function.sig.ident
    }

    /// The steps that it takes the outputs of.
    pub(super) fn outputs(&self) -> impl Iterator<Item = &Output<'a>> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Output(output) => Some(output),
            Parameter::Context(_) => None,
        })
    }
}

impl<'a> Block<'a> {
    pub(super) fn parse(cx: &Ctxt, args: TokenStream, original: &'a ImplBlock) -> Self {
        let mut block = Self {
            krate: Krate::default(),
            original,
            services: None,
            says_services: false,
            deadline: None,
            retry: Policy::default(),
            undo_retry: Policy::default(),
            timeout: None,
            starts: Vec::new(),
            steps: Vec::new(),
            undos: Vec::new(),
            failures: Vec::new(),
            functions: original.functions().map(|function| function.sig.ident.to_string()).collect(),
        };
        let given = attr::read_args(cx, args, Place::SagaBlock, |key, value| {
            match key {
                SERVICES => block.services = Some(value.ty()?),
                DEADLINE => block.deadline = Some(value.duration()?),
                RETRY => block.retry = Policy::parse(cx, value)?,
                UNDO_RETRY => block.undo_retry = Policy::parse(cx, value)?,
                TIMEOUT => block.timeout = Some(value.duration()?),
                CRATE => block.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        block.says_services = given.has(SERVICES);
        refuse_attributes(cx, &original.header.attrs);
        // What is no block of a saga at all has no functions that could be told apart.
        if original.is_plain() {
            original.functions().for_each(|function| block.read(cx, function));
        }
        for attr in original.attrs_elsewhere() {
            if let Some(mark) = block.mark(attr) {
                cx.help(
                    &attr.meta,
                    format_args!("`#[{mark}]` can only be used on functions"),
                    "remove it here",
                );
            }
        }
        block
    }

    fn read(&mut self, cx: &Ctxt, function: &'a Function) {
        let mut first: Option<(&'static str, &'a Attribute)> = None;
        for attr in &function.attrs {
            if attr.path().is_ident(KENNING) {
                let help = "write its keys in the mark itself, as in `#[step(undo = release)]`";
                cx.help(&attr.meta, "functions of a `#[saga]` block have no `#[kenning(…)]`", help);
            }
            if let Some(hidden) = marks::hidden(attr, MARKS) {
                let help = format!(
                    "write `#[cfg(…)]` and `#[{hidden}]` beside each other: the function goes with its impl"
                );
                cx.help(&attr.meta, format_args!("`#[{hidden}]` cannot be seen inside `cfg_attr`"), help);
            }
            if let Some(meant) = marks::mistyped(attr, MARKS) {
                marks::report_mistyped(cx, attr, meant);
            }
            if self.is_foreign(attr) {
                let help = "an event that starts an instance is for `#[start]`, one that is waited for is for `#[wait]`";
                cx.help(&attr.meta, "a `#[saga]` block has no `#[on]` functions", help);
            }
            let Some(mark) = self.mark(attr) else { continue };
            match first {
                None => first = Some((mark, attr)),
                Some((before, _)) if before == mark => {
                    cx.help(
                        &attr.meta,
                        format_args!("duplicate `#[{}]`", text(attr.path())),
                        "remove one of the two",
                    );
                }
                Some((before, _)) => {
                    let message = format!("a function is either `#[{before}]` or `#[{mark}]`");
                    cx.help(&attr.meta, message, "write two functions, or leave one of the marks out");
                }
            }
        }
        match first {
            Some((START, attr)) => {
                refuse_arguments(cx, attr, Place::StartFunction);
                self.starts.push(signature::start(cx, function, &self.original.header.self_ty));
            }
            Some((STEP, attr)) => {
                let args = Args::parse(cx, attr, Place::StepFunction);
                self.steps.push(signature::step(cx, function, args, &self.functions));
            }
            Some((SEND, attr)) => {
                let args = Args::parse(cx, attr, Place::SendFunction);
                self.steps.push(signature::send(cx, function, args, &self.functions));
            }
            Some((WAIT, attr)) => {
                let args = Args::parse(cx, attr, Place::WaitFunction);
                self.steps.push(signature::wait(cx, function, args));
            }
            Some((UNDO, attr)) => {
                refuse_arguments(cx, attr, Place::UndoFunction);
                self.undos.push(signature::undo(cx, function, &self.functions));
            }
            Some((FAILED, attr)) => {
                refuse_arguments(cx, attr, Place::FailedFunction);
                self.failures.push(signature::failed(cx, function));
            }
            _ => {}
        }
    }

    pub(super) fn mark(&self, attr: &Attribute) -> Option<&'static str> {
        marks::name(attr, self.krate.name(), MARKS).or_else(|| marks::mistyped(attr, MARKS))
    }

    /// The mark of the functions of other blocks that follow events.
    fn is_foreign(&self, attr: &Attribute) -> bool {
        marks::name(attr, self.krate.name(), &[ON]).is_some()
    }

    /// Whether the attribute is ours to take away.
    pub(super) fn is_inert(&self, attr: &Attribute) -> bool {
        self.mark(attr).is_some()
            || self.is_foreign(attr)
            || attr.path().is_ident(KENNING)
            || marks::hidden(attr, MARKS).is_some()
    }
}

fn refuse_arguments(cx: &Ctxt, attr: &Attribute, place: Place) {
    match &attr.meta {
        syn::Meta::Path(_) => {}
        syn::Meta::List(list) => {
            attr::read_args(cx, list.tokens.clone(), place, |_, _| Ok(()));
        }
        syn::Meta::NameValue(_) => {
            cx.help(&attr.meta, format_args!("{place} has no value"), "write the name alone");
        }
    }
}

fn refuse_attributes(cx: &Ctxt, attrs: &[Attribute]) {
    for attr in attrs {
        if attr.path().is_ident(KENNING) {
            let help = "write its keys in the mark itself: `#[saga(services = …)]`; name and version belong on the type";
            cx.help(&attr.meta, "a `#[saga]` block has no `#[kenning(…)]`", help);
        } else if marks::name(attr, None, &[SAGA]).is_some() {
            cx.help(&attr.meta, "duplicate `#[saga]`", "remove one of the two");
        }
    }
}
