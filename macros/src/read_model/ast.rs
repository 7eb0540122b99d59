//! What a read model says of itself.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident, LitStr, Type};

use crate::attr;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::krate::Krate;
use crate::symbol::{COLUMN, CRATE, EVENTS, INDEX, JSON, KEY, TABLE, UNIQUE, VERSION};
use crate::text::text;

pub(super) struct ReadModel<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a DeriveInput,
    // None after a mistake.
    pub(super) table: Option<LitStr>,
    pub(super) version: Option<u32>,
    pub(super) events: Option<Type>,
    /// Those over several columns, and those over one that are not said on its field.
    pub(super) indexes: Vec<Index>,
    pub(super) fields: Vec<Field<'a>>,
    /// Whether fields or their marks could not be read, so that none is missing.
    pub(super) broken: bool,
    /// The type of the key, where the fields have no names.
    pub(super) unnamed_key: Option<&'a Type>,
}

/// `index(a, b)` or `unique(a, b)`.
pub(super) struct Index {
    pub(super) fields: Vec<Ident>,
    pub(super) unique: bool,
}

pub(super) struct Field<'a> {
    pub(super) ident: &'a Ident,
    pub(super) ty: &'a Type,
    /// The name of its column.
    pub(super) column: String,
    /// That name as the user wrote it, if it is not the field's.
    pub(super) renamed: Option<LitStr>,
    // The marks, where they stand.
    pub(super) key: Option<Ident>,
    pub(super) index: Option<Ident>,
    pub(super) unique: Option<Ident>,
    pub(super) json: Option<Ident>,
}

impl<'a> ReadModel<'a> {
    pub(super) fn parse(cx: &Ctxt, input: &'a DeriveInput) -> Self {
        let mut model = Self {
            krate: Krate::default(),
            original: input,
            table: None,
            version: None,
            events: None,
            indexes: Vec::new(),
            fields: Vec::new(),
            broken: false,
            unnamed_key: None,
        };
        let given = attr::read(cx, &input.attrs, Place::ReadModel, |key, value| {
            match key {
                TABLE => model.table = Some(value.string()?),
                VERSION => model.version = Some(value.positive::<i32>()?.0.unsigned_abs()),
                EVENTS => model.events = Some(value.ty()?),
                INDEX | UNIQUE => {
                    model.indexes.push(Index { fields: value.names()?, unique: key == UNIQUE });
                }
                CRATE => model.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        let missing: Vec<&str> = [TABLE, VERSION, EVENTS].into_iter().filter(|key| !given.has(key)).collect();
        if !missing.is_empty() {
            report_missing(cx, input, &missing);
        }
        model.read_fields(cx);
        model
    }

    fn read_fields(&mut self, cx: &Ctxt) {
        let ident = &self.original.ident;
        let Data::Struct(data) = &self.original.data else {
            self.broken = true;
            cx.help(ident, "a read model is a struct", "write a struct with a field for each column");
            return;
        };
        if let Fields::Unnamed(_) = &data.fields {
            self.broken = true;
            let help = "give each field a name: it is the name of its column";
            cx.help(&data.fields, format_args!("the columns of `{ident}` have no names"), help);
            let marked = |field: &&syn::Field| field.attrs.iter().any(|attr| text(&attr.meta).contains(KEY));
            self.unnamed_key =
                data.fields.iter().find(marked).or_else(|| data.fields.iter().next()).map(|field| &field.ty);
            return;
        }
        for original in &data.fields {
            let Some(ident) = &original.ident else { continue };
            let mut field = Field {
                ident,
                ty: &original.ty,
                column: ident.unraw().to_string(),
                renamed: None,
                key: None,
                index: None,
                unique: None,
                json: None,
            };
            let given = attr::read(cx, &original.attrs, Place::ReadModelField, |key, value| {
                match key {
                    KEY => field.key = Some(value.flag()?),
                    INDEX => field.index = Some(value.flag()?),
                    UNIQUE => field.unique = Some(value.flag()?),
                    JSON => field.json = Some(value.flag()?),
                    COLUMN => {
                        let name = value.string()?;
                        field.column = name.value();
                        field.renamed = Some(name);
                    }
                    _ => {}
                }
                Ok(())
            });
            self.broken |= given.has(KEY) && field.key.is_none();
            self.fields.push(field);
        }
    }

    /// The field by which rows are told apart.
    pub(super) fn key(&self) -> Option<(usize, &Field<'a>)> {
        self.fields.iter().enumerate().find(|(_, field)| field.key.is_some())
    }

    /// The place of the field of that name.
    pub(super) fn place(&self, name: &Ident) -> Option<usize> {
        self.fields.iter().position(|field| field.ident.unraw() == name.unraw())
    }
}

impl Field<'_> {
    /// What is `None` of a JSON column is nothing; of which type another one is, its schema says.
    pub(super) fn is_option(&self) -> bool {
        crate::signature::last_name(self.ty).is_some_and(|name| name == "Option")
    }
}

/// One report, however many are missing: they are typed in one go.
fn report_missing(cx: &Ctxt, input: &DeriveInput, missing: &[&str]) {
    let ident = &input.ident;
    let form = |key: &&str| match *key {
        TABLE => format!("table = \"{}\"", crate::names::table_of(&text(ident))),
        VERSION => "version = 1".to_owned(),
        _ => "events = OrderEvent".to_owned(),
    };
    let names: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
    let forms: Vec<String> = missing.iter().map(form).collect();
    let help = format!("write `#[kenning({})]`", forms.join(", "));
    cx.help(ident, format_args!("the read model `{ident}` has no {}", names.join(", no ")), help);
}
