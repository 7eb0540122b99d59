//! A `#[read_model]` block as the macro sees it.

use proc_macro2::TokenStream;
use syn::{Attribute, Type};

use super::args::Args;
use super::handler::{self, Handler};
use crate::attr;
use crate::ctxt::Ctxt;
use crate::impl_block::{Function, ImplBlock};
use crate::keys::Place;
use crate::krate::Krate;
use crate::marks;
use crate::symbol::{CRATE, IGNORE, KENNING, ON, READ_MODEL};
use crate::text::text;

pub(super) struct Block<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a ImplBlock,
    pub(super) handlers: Vec<Handler<'a>>,
    /// The events of which nothing is done.
    pub(super) ignored: Vec<Type>,
    /// Events that a function takes beside its own: as good as handled, once that is put right.
    pub(super) more_events: Vec<(&'a Function, &'a Type)>,
    /// Whether anything is handled or ignored, even if it could not be understood.
    pub(super) marked: bool,
}

const MARKS: &[&str] = &[ON];

impl<'a> Block<'a> {
    pub(super) fn parse(cx: &Ctxt, args: TokenStream, original: &'a ImplBlock) -> Self {
        let (mut krate, mut ignored) = (Krate::default(), Vec::new());
        let given = attr::read_args(cx, args, Place::ReadModelBlock, |key, value| {
            match key {
                IGNORE => ignored = value.types()?,
                CRATE => krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        let mut block = Self {
            krate,
            original,
            handlers: Vec::new(),
            ignored,
            more_events: Vec::new(),
            marked: given.has(IGNORE),
        };
        refuse_attributes(cx, &original.header.attrs);
        for function in original.functions() {
            block.read(cx, function);
        }
        for attr in original.attrs_elsewhere() {
            if block.name(attr).is_some() {
                cx.help(&attr.meta, "`#[on]` can only be used on functions", "remove it here");
                block.marked = true;
            }
        }
        block
    }

    fn read(&mut self, cx: &Ctxt, function: &'a Function) {
        let mut args = None;
        for attr in &function.attrs {
            if marks::hidden(attr, MARKS).is_some() {
                let help = "write `#[cfg(…)]` and `#[on]` beside each other: the function goes with its impl";
                cx.help(&attr.meta, "`#[on]` cannot be seen inside `cfg_attr`", help);
                self.marked = true;
            } else if attr.path().is_ident(KENNING) {
                let help = "write its keys in the mark itself: `#[on(key = …)]`";
                cx.help(&attr.meta, "functions of a `#[read_model]` block have no `#[kenning(…)]`", help);
            } else if self.name(attr).is_some() {
                self.marked = true;
                if let Some(meant) = marks::mistyped(attr, MARKS) {
                    marks::report_mistyped(cx, attr, meant);
                }
                if args.is_some() {
                    cx.help(
                        &attr.meta,
                        format_args!("duplicate `#[{}]`", text(attr.path())),
                        "remove one of the two",
                    );
                } else {
                    args = Some(Args::parse(cx, attr));
                }
            }
        }
        if let Some(args) = args {
            self.handlers.extend(handler::parse(cx, function, &self.original.header.self_ty, args));
            self.more_events.extend(handler::more_events(function).map(|event| (function, event)));
        }
    }

    fn name(&self, attr: &Attribute) -> Option<&'static str> {
        marks::name(attr, self.krate.name(), MARKS).or_else(|| marks::mistyped(attr, MARKS))
    }

    /// Whether the attribute is ours to take away.
    pub(super) fn is_inert(&self, attr: &Attribute) -> bool {
        self.name(attr).is_some() || attr.path().is_ident(KENNING) || marks::hidden(attr, MARKS).is_some()
    }
}

fn refuse_attributes(cx: &Ctxt, attrs: &[Attribute]) {
    for attr in attrs {
        if attr.path().is_ident(KENNING) {
            cx.help(
                &attr.meta,
                "a `#[read_model]` block has no `#[kenning(…)]`",
                "write its keys in the mark itself: `#[read_model(ignore(…))]`",
            );
        } else if marks::name(attr, None, &[READ_MODEL]).is_some() {
            cx.help(&attr.meta, "duplicate `#[read_model]`", "remove one of the two");
        }
    }
}
