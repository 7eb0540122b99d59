//! A `#[reactor]` block as the macro sees it.

use proc_macro2::TokenStream;
use syn::{Attribute, LitInt, LitStr, Meta, Type};

use super::handler;
use crate::attr;
use crate::ctxt::Ctxt;
use crate::event_parameter::Event;
use crate::impl_block::{Function, ImplBlock};
use crate::keys::Place;
use crate::krate::Krate;
use crate::marks;
use crate::symbol::{CRATE, KENNING, NAME, ON, REACTOR, RENAMED_FROM, VERSION};
use crate::text::text;

pub(super) struct Block<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a ImplBlock,
    // None after a mistake.
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<LitInt>,
    pub(super) renamed_from: Option<LitStr>,
    pub(super) handlers: Vec<Handler<'a>>,
    /// Whether any function has a mark, even one that could not be understood.
    pub(super) marked: bool,
    /// The keys that have to be there and are not.
    pub(super) missing: Vec<&'static str>,
}

/// An `#[on]` function.
pub(super) struct Handler<'a> {
    pub(super) function: &'a Function,
    pub(super) event: Event<'a>,
    /// The type of the parameter that collects what the event causes.
    pub(super) effects: Option<&'a Type>,
    /// What it returns, unless that is nothing.
    pub(super) answer: Option<&'a Type>,
}

const MARKS: &[&str] = &[ON];

impl<'a> Block<'a> {
    pub(super) fn parse(cx: &Ctxt, args: TokenStream, original: &'a ImplBlock) -> Self {
        let mut block = Self {
            krate: Krate::default(),
            original,
            name: None,
            version: None,
            renamed_from: None,
            handlers: Vec::new(),
            marked: false,
            missing: Vec::new(),
        };
        let given = attr::read_args(cx, args, Place::ReactorBlock, |key, value| {
            match key {
                NAME => block.name = Some(value.string()?),
                VERSION => block.version = Some(value.positive::<u32>()?.1),
                RENAMED_FROM => block.renamed_from = Some(value.string()?),
                CRATE => block.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        block.missing = [NAME, VERSION].into_iter().filter(|key| !given.has(key)).collect();
        refuse_attributes(cx, &original.header.attrs);
        // What is no block of a reactor at all has no functions that could be told apart.
        if original.is_plain() {
            original.functions().for_each(|function| block.read(cx, function));
        }
        for attr in original.attrs_elsewhere() {
            if block.is_mark(attr) {
                cx.help(&attr.meta, "`#[on]` can only be used on functions", "remove it here");
                block.marked = true;
            }
        }
        block
    }

    fn read(&mut self, cx: &Ctxt, function: &'a Function) {
        let mut marked = false;
        for attr in &function.attrs {
            if attr.path().is_ident(KENNING) {
                let help = "`#[on]` takes no keys here; those of the reactor belong into `#[reactor(…)]`";
                cx.help(&attr.meta, "functions of a `#[reactor]` block have no `#[kenning(…)]`", help);
            }
            if marks::hidden(attr, MARKS).is_some() {
                let help = "write `#[cfg(…)]` and `#[on]` beside each other: the function goes with its impl";
                cx.help(&attr.meta, "`#[on]` cannot be seen inside `cfg_attr`", help);
                self.marked = true;
            }
            if let Some(meant) = marks::mistyped(attr, MARKS) {
                marks::report_mistyped(cx, attr, meant);
            }
            if !self.is_mark(attr) {
                continue;
            }
            if marked {
                cx.help(
                    &attr.meta,
                    format_args!("duplicate `#[{}]`", text(attr.path())),
                    "remove one of the two",
                );
            }
            marked = true;
            refuse_arguments(cx, attr);
        }
        if marked {
            self.marked = true;
            self.handlers.extend(handler::parse(cx, function));
        }
    }

    fn is_mark(&self, attr: &Attribute) -> bool {
        marks::name(attr, self.krate.name(), MARKS).or_else(|| marks::mistyped(attr, MARKS)).is_some()
    }

    /// Whether the attribute is ours to take away.
    pub(super) fn is_inert(&self, attr: &Attribute) -> bool {
        self.is_mark(attr) || attr.path().is_ident(KENNING) || marks::hidden(attr, MARKS).is_some()
    }
}

fn refuse_arguments(cx: &Ctxt, attr: &Attribute) {
    match &attr.meta {
        Meta::Path(_) => {}
        Meta::List(list) => {
            attr::read_args(cx, list.tokens.clone(), Place::ReactorFunction, |_, _| Ok(()));
        }
        Meta::NameValue(_) => {
            cx.help(
                &attr.meta,
                format_args!("{} has no value", Place::ReactorFunction),
                "write the name alone",
            );
        }
    }
}

fn refuse_attributes(cx: &Ctxt, attrs: &[Attribute]) {
    for attr in attrs {
        if attr.path().is_ident(KENNING) {
            let help = "write its keys in the mark itself: `#[reactor(name = \"…\", version = 1)]`";
            cx.help(&attr.meta, "a `#[reactor]` block has no `#[kenning(…)]`", help);
        } else if marks::name(attr, None, &[REACTOR]).is_some() {
            cx.help(&attr.meta, "duplicate `#[reactor]`", "remove one of the two");
        }
    }
}
