//! A `#[projection]` block as the macro sees it.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, LitInt, LitStr, Meta, Type};

use super::handler;
use crate::attr;
use crate::ctxt::Ctxt;
use crate::impl_block::{Function, ImplBlock};
use crate::keys::Place;
use crate::krate::Krate;
use crate::marks;
use crate::symbol::{
    BEGIN, CRATE, EVENTS, IDEMPOTENT, IGNORE, INLINE, KENNING, NAME, ON, PROJECTION, RENAMED_FROM, VERSION,
};
use crate::text::{same, text};

pub(super) struct Block<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a ImplBlock,
    // None after a mistake.
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<LitInt>,
    pub(super) events: Option<Type>,
    pub(super) ignored: Vec<Type>,
    pub(super) inline: Option<Ident>,
    pub(super) idempotent: Option<LitStr>,
    pub(super) renamed_from: Option<LitStr>,
    /// The function that prepares the tables.
    pub(super) begin: Option<Begin<'a>>,
    pub(super) handlers: Vec<Handler<'a>>,
    /// Whether any function has a mark, even one that could not be understood.
    pub(super) marked: bool,
    /// The keys that have to be there and are not.
    pub(super) missing: Vec<&'static str>,
}

/// An `#[on]` function.
pub(super) struct Handler<'a> {
    pub(super) function: &'a Function,
    pub(super) takes: Takes<'a>,
    pub(super) transaction: Option<Transaction<'a>>,
    /// What it returns, unless that is nothing.
    pub(super) answer: Option<&'a Type>,
    /// Whether it can be called as declared.
    pub(super) sound: bool,
}

/// A `#[begin]` function.
pub(super) struct Begin<'a> {
    pub(super) function: &'a Function,
    pub(super) transaction: Option<Transaction<'a>>,
    /// What it returns, unless that is nothing.
    pub(super) answer: Option<&'a Type>,
}

/// What a function handles.
#[derive(Clone, Copy)]
pub(super) enum Takes<'a> {
    /// `&OrderPlaced`
    Event(&'a Type),
    /// `&Recorded<OrderPlaced>`
    Recorded(&'a Type),
    /// `&[Recorded<OrderEvent>]`: the type is that of the parameter.
    Batch(&'a Type),
}

/// What a function writes through.
pub(super) struct Transaction<'a> {
    /// The type of the parameter.
    pub(super) parameter: &'a Type,
    /// What it borrows.
    pub(super) elem: &'a Type,
    /// The same, for a projection's `Transaction`: without lifetimes that are left open.
    pub(super) owned: Type,
}

impl<'a> Takes<'a> {
    /// The event, where it is one.
    pub(super) fn event(self) -> Option<&'a Type> {
        match self {
            Self::Event(event) | Self::Recorded(event) => Some(event),
            Self::Batch(_) => None,
        }
    }
}

const MARKS: &[&str] = &[ON, BEGIN];

impl<'a> Block<'a> {
    pub(super) fn parse(cx: &Ctxt, args: TokenStream, original: &'a ImplBlock) -> Self {
        let mut block = Self {
            krate: Krate::default(),
            original,
            name: None,
            version: None,
            events: None,
            ignored: Vec::new(),
            inline: None,
            idempotent: None,
            renamed_from: None,
            begin: None,
            handlers: Vec::new(),
            marked: false,
            missing: Vec::new(),
        };
        let given = attr::read_args(cx, args, Place::ProjectionBlock, |key, value| {
            match key {
                NAME => block.name = Some(value.string()?),
                VERSION => block.version = Some(value.positive::<u32>()?.1),
                EVENTS => block.events = Some(value.ty()?),
                IGNORE => block.ignored = value.types()?,
                INLINE => block.inline = Some(value.flag()?),
                IDEMPOTENT => block.idempotent = Some(value.string()?),
                RENAMED_FROM => block.renamed_from = Some(value.string()?),
                CRATE => block.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        block.missing = [NAME, VERSION, EVENTS].into_iter().filter(|key| !given.has(key)).collect();
        refuse_attributes(cx, &original.header.attrs);
        for function in original.functions() {
            block.read(cx, function);
        }
        for attr in original.attrs_elsewhere() {
            if let Some(mark) = block.mark(attr) {
                cx.help(
                    &attr.meta,
                    format_args!("`#[{mark}]` can only be used on functions"),
                    "remove it here",
                );
                block.marked = true;
            }
        }
        block
    }

    fn read(&mut self, cx: &Ctxt, function: &'a Function) {
        let mut marked = None;
        for attr in &function.attrs {
            if attr.path().is_ident(KENNING) {
                let help =
                    "`#[on]` takes no keys here; those of the projection belong into `#[projection(…)]`";
                cx.help(&attr.meta, "functions of a `#[projection]` block have no `#[kenning(…)]`", help);
            }
            if marks::hidden(attr, MARKS).is_some() {
                let help = "write `#[cfg(…)]` and `#[on]` beside each other: the function goes with its impl";
                cx.help(&attr.meta, "`#[on]` cannot be seen inside `cfg_attr`", help);
                self.marked = true;
            }
            if let Some(meant) = marks::mistyped(attr, MARKS) {
                marks::report_mistyped(cx, attr, meant);
            }
            let Some(mark) = self.mark(attr) else { continue };
            match marked {
                Some(other) if other == mark => {
                    cx.help(
                        &attr.meta,
                        format_args!("duplicate `#[{}]`", text(attr.path())),
                        "remove one of the two",
                    );
                }
                Some(other) => {
                    let message = format!("`#[{other}]` and `#[{mark}]` are for different functions");
                    cx.help(&attr.meta, message, "leave one of the two out");
                }
                None => marked = Some(mark),
            }
            refuse_arguments(cx, attr, mark);
        }
        match marked {
            Some(BEGIN) => {
                if let Some(first) = &self.begin {
                    let message = format!(
                        "only one `#[begin]` function is allowed, and `{}` is one",
                        first.function.sig.ident
                    );
                    cx.help(&function.sig.ident, message, "merge the two");
                }
                self.begin = handler::begin(cx, function);
            }
            Some(_) => {
                self.marked = true;
                self.handlers.extend(handler::parse(cx, function));
            }
            None => {}
        }
    }

    fn mark(&self, attr: &Attribute) -> Option<&'static str> {
        marks::name(attr, self.krate.name(), MARKS).or_else(|| marks::mistyped(attr, MARKS))
    }

    /// Whether the attribute is ours to take away.
    pub(super) fn is_inert(&self, attr: &Attribute) -> bool {
        self.mark(attr).is_some() || attr.path().is_ident(KENNING) || marks::hidden(attr, MARKS).is_some()
    }

    /// The functions that take a batch, as far as they are written as such.
    pub(super) fn batches(&self) -> impl Iterator<Item = &Handler<'a>> {
        self.handlers.iter().filter(|handler| handler.sound && matches!(handler.takes, Takes::Batch(_)))
    }

    /// What the handlers write through, if any does.
    pub(super) fn transaction(&self) -> Option<&Transaction<'a>> {
        let handlers = self.handlers.iter().find_map(|handler| handler.transaction.as_ref());
        handlers.or_else(|| self.begin.as_ref()?.transaction.as_ref())
    }

    /// Whether a handler writes through what the first one does, or through nothing.
    pub(super) fn agrees(&self, handler: &Handler<'_>) -> bool {
        let of_all = self.transaction().map(|transaction| &transaction.owned);
        handler.transaction.as_ref().is_none_or(|own| of_all.is_some_and(|all| same(all, &own.owned)))
    }
}

fn refuse_arguments(cx: &Ctxt, attr: &Attribute, mark: &str) {
    match &attr.meta {
        Meta::Path(_) => {}
        _ if mark == BEGIN => cx.help(&attr.meta, "`#[begin]` has no keys and no value", "write `#[begin]`"),
        Meta::List(list) => {
            attr::read_args(cx, list.tokens.clone(), Place::ProjectionFunction, |_, _| Ok(()));
        }
        Meta::NameValue(_) => {
            let message = format!("{} has no value", Place::ProjectionFunction);
            cx.help(&attr.meta, message, "write the name alone");
        }
    }
}

fn refuse_attributes(cx: &Ctxt, attrs: &[Attribute]) {
    for attr in attrs {
        if attr.path().is_ident(KENNING) {
            let help =
                "write its keys in the mark itself: `#[projection(name = \"…\", version = 1, events = …)]`";
            cx.help(&attr.meta, "a `#[projection]` block has no `#[kenning(…)]`", help);
        } else if marks::name(attr, None, &[PROJECTION]).is_some() {
            cx.help(&attr.meta, "duplicate `#[projection]`", "remove one of the two");
        }
    }
}
