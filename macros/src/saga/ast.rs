//! What a saga says of its data.

use syn::{Data, DeriveInput, Field, Fields, Ident, LitInt, LitStr, Path};

use crate::attr;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::krate::Krate;
use crate::schema::Model;
use crate::symbol::{CRATE, ID, MIGRATE, NAME, VERSION};

pub(super) struct Saga<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a DeriveInput,
    // None after a mistake.
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<(u32, LitInt)>,
    /// The name of the field that tells instances apart.
    pub(super) id: Option<Ident>,
    /// The functions that take over instances of the versions before, oldest first.
    pub(super) migrations: Vec<Path>,
    /// Whether version or `migrate` could not be read, so that one cannot be held against the other.
    pub(super) broken: bool,
    pub(super) fields: Vec<&'a Field>,
    pub(super) schema: Model<'a>,
    /// The keys that have to be there and are not.
    pub(super) missing: Vec<&'static str>,
}

impl<'a> Saga<'a> {
    pub(super) fn parse(cx: &Ctxt, input: &'a DeriveInput) -> Self {
        let mut saga = Self {
            krate: Krate::default(),
            original: input,
            name: None,
            version: None,
            id: None,
            migrations: Vec::new(),
            broken: false,
            fields: Vec::new(),
            schema: Model::parse(cx, input, Place::SagaField),
            missing: Vec::new(),
        };
        let given = attr::read(cx, &input.attrs, Place::Saga, |key, value| {
            match key {
                NAME => saga.name = Some(value.string()?),
                VERSION => saga.version = Some(value.positive()?),
                ID => saga.id = Some(value.name()?),
                MIGRATE => saga.migrations = value.paths()?,
                CRATE => saga.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        saga.missing = [NAME, VERSION, ID].into_iter().filter(|key| !given.has(key)).collect();
        saga.broken = (given.has(VERSION) && saga.version.is_none())
            || (given.has(MIGRATE) && saga.migrations.is_empty());
        saga.fields = fields(cx, input);
        saga
    }

    /// The field that tells instances apart.
    pub(super) fn id_field(&self) -> Option<&'a Field> {
        let id = self.id.as_ref()?;
        self.fields.iter().copied().find(|field| field.ident.as_ref() == Some(id))
    }
}

fn fields<'a>(cx: &Ctxt, input: &'a DeriveInput) -> Vec<&'a Field> {
    let help = format!("write `struct {} {{ … }}` with what an instance is started with", input.ident);
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return fields.named.iter().collect(),
            fields => cx.help(fields, "the data of a saga has named fields", help),
        },
        Data::Enum(_) | Data::Union(_) => {
            cx.help(&input.ident, "the data of a saga is a struct with named fields", help);
        }
    }
    Vec::new()
}
