//! What a command says of itself.

use syn::{Data, DeriveInput, Field, Ident, Index, LitStr, Member, Type};

use crate::attr;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::krate::Krate;
use crate::symbol::{AGGREGATE, CRATE, CREATES, ID, NAME};

pub(super) struct Command<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a DeriveInput,
    // None after a mistake.
    pub(super) aggregate: Option<Type>,
    pub(super) name: Option<LitStr>,
    pub(super) creates: bool,
    pub(super) fields: Vec<&'a Field>,
    pub(super) ids: Vec<Id<'a>>,
    /// Whether there is an id that could not be read.
    pub(super) broken_id: bool,
}

/// A field that is marked as the aggregate's id.
pub(super) struct Id<'a> {
    pub(super) mark: Ident,
    pub(super) member: Member,
    pub(super) ty: &'a Type,
}

impl<'a> Command<'a> {
    pub(super) fn parse(cx: &Ctxt, input: &'a DeriveInput) -> Self {
        let mut command = Self {
            krate: Krate::default(),
            original: input,
            aggregate: None,
            name: None,
            creates: false,
            fields: Vec::new(),
            ids: Vec::new(),
            broken_id: false,
        };
        let given = attr::read(cx, &input.attrs, Place::Command, |key, value| {
            match key {
                AGGREGATE => command.aggregate = Some(value.ty()?),
                NAME => command.name = Some(value.string()?),
                CREATES => command.creates = value.flag().map(|_| true)?,
                CRATE => command.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        if !given.has(AGGREGATE) {
            let message = format!("the command `{}` names no aggregate", input.ident);
            cx.help(&input.ident, message, "write `#[kenning(aggregate = Order)]`: who decides on it");
        }
        match &input.data {
            Data::Struct(data) => command.read_fields(cx, &data.fields),
            Data::Enum(_) | Data::Union(_) => {
                command.broken_id = true;
                cx.help(
                    &input.ident,
                    "a command is a struct",
                    "write a struct for each command: each has a handler of its own",
                );
            }
        }
        command
    }

    fn read_fields(&mut self, cx: &Ctxt, fields: &'a syn::Fields) {
        for (index, field) in fields.iter().enumerate() {
            self.fields.push(field);
            let given = attr::read(cx, &field.attrs, Place::CommandField, |_, value| {
                let mark = value.flag()?;
                let member = match &field.ident {
                    Some(ident) => Member::Named(ident.clone()),
                    None => Member::Unnamed(Index::from(index)),
                };
                self.ids.push(Id { mark, member, ty: &field.ty });
                Ok(())
            });
            self.broken_id |= given.has(ID);
        }
    }
}
