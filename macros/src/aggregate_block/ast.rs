//! An `#[aggregate]` block as the macro sees it.

use proc_macro2::TokenStream;
use syn::{Attribute, Meta, Type};

use super::{apply, command};
use crate::attr;
use crate::ctxt::Ctxt;
use crate::impl_block::{Function, ImplBlock};
use crate::keys::Place;
use crate::krate::Krate;
use crate::marks;
use crate::symbol::{AGGREGATE, APPLY, COMMAND, KENNING};
use crate::text::text;

pub(super) struct Block<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a ImplBlock,
    pub(super) applies: Vec<Apply<'a>>,
    pub(super) commands: Vec<Command<'a>>,
    /// Events that a function takes beside its own: as good as applied, once that is put right.
    pub(super) more_events: Vec<(&'a Function, &'a Type)>,
    /// Whether any function has a mark, even one that could not be understood.
    pub(super) marked: bool,
}

/// An `#[apply]` function.
#[derive(Clone, Copy)]
pub(super) struct Apply<'a> {
    pub(super) function: &'a Function,
    pub(super) event: &'a Type,
    /// Whether it can be called as declared.
    pub(super) sound: bool,
}

/// A `#[command]` function.
#[derive(Clone, Copy)]
pub(super) struct Command<'a> {
    pub(super) function: &'a Function,
    pub(super) command: &'a Type,
    pub(super) by_value: bool,
    pub(super) context: Option<&'a Type>,
    pub(super) answer: Option<&'a Type>,
    /// Whether it can be called as declared.
    pub(super) sound: bool,
}

const MARKS: &[&str] = &[APPLY, COMMAND];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Apply,
    Command,
}

impl<'a> Block<'a> {
    pub(super) fn parse(cx: &Ctxt, args: TokenStream, original: &'a ImplBlock) -> Self {
        let mut krate = Krate::default();
        attr::read_args(cx, args, Place::AggregateBlock, |_, value| {
            krate = Krate::parse(value)?;
            Ok(())
        });
        let mut block = Self {
            krate,
            original,
            applies: Vec::new(),
            commands: Vec::new(),
            more_events: Vec::new(),
            marked: false,
        };
        refuse_attributes(cx, &original.header.attrs);
        for function in original.functions() {
            block.read(cx, function);
        }
        for attr in original.attrs_elsewhere() {
            if let Some(mark) = block.name(attr) {
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
        let mut first = None;
        for attr in &function.attrs {
            let Some(mark) = self.mark(cx, attr) else { continue };
            self.marked = true;
            match first {
                None => first = Some(mark),
                Some(before) if before == mark => {
                    cx.help(
                        &attr.meta,
                        format_args!("duplicate `#[{}]`", text(attr.path())),
                        "remove one of the two",
                    );
                }
                Some(_) => {
                    let help = "write two functions: a `#[command]` decides, `#[apply]` changes the state";
                    cx.help(&attr.meta, "a function either decides on a command or applies an event", help);
                }
            }
        }
        match first {
            Some(Mark::Apply) => {
                self.applies.extend(apply::parse(cx, function));
                self.more_events.extend(apply::more_events(function).map(|event| (function, event)));
            }
            Some(Mark::Command) => self.commands.extend(command::parse(cx, function)),
            None => {}
        }
    }

    fn mark(&self, cx: &Ctxt, attr: &Attribute) -> Option<Mark> {
        if let Some(hidden) = marks::hidden(attr, MARKS) {
            let help = format!(
                "write `#[cfg(…)]` and `#[{hidden}]` beside each other: the function goes with its impl"
            );
            cx.help(&attr.meta, format_args!("`#[{hidden}]` cannot be seen inside `cfg_attr`"), help);
            return None;
        }
        if attr.path().is_ident(KENNING) {
            let help = "`#[apply]` and `#[command]` take no keys; keys of a type belong on the type";
            cx.help(&attr.meta, "functions of an `#[aggregate]` block have no `#[kenning(…)]`", help);
        }
        if let Some(meant) = marks::mistyped(attr, MARKS) {
            marks::report_mistyped(cx, attr, meant);
        }
        let (mark, place) = match self.name(attr)? {
            APPLY => (Mark::Apply, Place::ApplyFunction),
            COMMAND => (Mark::Command, Place::CommandFunction),
            _ => return None,
        };
        match &attr.meta {
            Meta::Path(_) => {}
            Meta::List(list) => {
                attr::read_args(cx, list.tokens.clone(), place, |_, _| Ok(()));
            }
            Meta::NameValue(_) => {
                cx.help(&attr.meta, format_args!("{place} has no value"), "write the name alone");
            }
        }
        Some(mark)
    }

    /// The mark's name when the attribute is one: `apply`, or `kenning::apply`.
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
                "an `#[aggregate]` block has no `#[kenning(…)]`",
                "write its key in the mark itself: `#[aggregate(crate = …)]`",
            );
        } else if marks::name(attr, None, &[AGGREGATE]).is_some() {
            cx.help(&attr.meta, "duplicate `#[aggregate]`", "remove one of the two");
        }
    }
}
