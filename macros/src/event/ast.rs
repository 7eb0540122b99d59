//! What an event says of itself.

use syn::{Data, DeriveInput, Field, LitInt, LitStr, Type};

use crate::attr;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::krate::Krate;
use crate::schema::Model;
use crate::symbol::{CRATE, FROM, NAME, VERSION};

pub(super) struct Event<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a DeriveInput,
    /// None after a mistake.
    pub(super) name: Option<LitStr>,
    pub(super) version: Version,
    /// The types of the versions before, oldest first.
    pub(super) from: Vec<Type>,
    pub(super) fields: Vec<&'a Field>,
    pub(super) schema: Model<'a>,
}

/// The version that is written today.
pub(super) struct Version {
    pub(super) number: u32,
    /// As the user wrote it; version 1 need not be written.
    pub(super) literal: Option<LitInt>,
    /// Whether version or `from` could not be read, so that one cannot be held against the other.
    pub(super) broken: bool,
}

impl<'a> Event<'a> {
    pub(super) fn parse(cx: &Ctxt, input: &'a DeriveInput) -> Self {
        let mut event = Self {
            krate: Krate::default(),
            original: input,
            name: None,
            version: Version { number: 1, literal: None, broken: false },
            from: Vec::new(),
            fields: Vec::new(),
            schema: Model::parse(cx, input, Place::EventField),
        };
        let given = attr::read(cx, &input.attrs, Place::Event, |key, value| {
            match key {
                NAME => event.name = Some(value.string()?),
                VERSION => {
                    let (number, literal) = value.positive()?;
                    (event.version.number, event.version.literal) = (number, Some(literal));
                }
                FROM => event.from = value.types()?,
                CRATE => event.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        if !given.has(NAME) {
            let help = "write `#[kenning(name = \"order.placed\")]`: the Rust name may change, the persisted one may not";
            cx.help(&input.ident, format_args!("the event `{}` has no persisted name", input.ident), help);
        }
        event.version.broken = (given.has(VERSION) && event.version.literal.is_none())
            || (given.has(FROM) && event.from.is_empty());
        event.fields = fields(cx, input);
        event
    }
}

fn fields<'a>(cx: &Ctxt, input: &'a DeriveInput) -> Vec<&'a Field> {
    match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(_) => {
            let help =
                "derive `Event` on a struct for each event, and `EventSet` on the enum that holds them";
            cx.help(&input.ident, "an event is a struct", help);
            Vec::new()
        }
        Data::Union(_) => {
            cx.help(&input.ident, "an event is a struct", "write a struct in place of the union");
            Vec::new()
        }
    }
}
