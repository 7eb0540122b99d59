//! What an aggregate's state says of itself.

use syn::{Data, DeriveInput, LitStr, Type};

use crate::attr;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::krate::Krate;
use crate::schema::Model;
use crate::symbol::{CATEGORY, CRATE, EVENTS, FOLD, ID, SNAPSHOT_EVERY};

pub(super) struct Aggregate<'a> {
    pub(super) krate: Krate,
    pub(super) original: &'a DeriveInput,
    // None after a mistake.
    pub(super) category: Option<LitStr>,
    pub(super) id: Option<Type>,
    pub(super) events: Option<Type>,
    pub(super) snapshots: Option<SnapshotEvery>,
    /// The version of the fold, with its key.
    pub(super) fold: Option<(u32, syn::Ident)>,
    pub(super) schema: Model<'a>,
}

pub(super) struct SnapshotEvery {
    pub(super) events: u64,
    /// The key, under which it is reported that the state cannot be stored.
    pub(super) key: syn::Ident,
}

impl<'a> Aggregate<'a> {
    pub(super) fn parse(cx: &Ctxt, input: &'a DeriveInput) -> Self {
        let mut aggregate = Self {
            krate: Krate::default(),
            original: input,
            category: None,
            id: None,
            events: None,
            snapshots: None,
            fold: None,
            schema: Model::parse(cx, input, Place::AggregateField),
        };
        let given = attr::read(cx, &input.attrs, Place::Aggregate, |key, value| {
            match key {
                CATEGORY => aggregate.category = Some(value.string()?),
                ID => aggregate.id = Some(value.ty()?),
                EVENTS => aggregate.events = Some(value.ty()?),
                SNAPSHOT_EVERY => {
                    let (events, _) = value.positive()?;
                    aggregate.snapshots = Some(SnapshotEvery { events, key: value.ident.clone() });
                }
                FOLD => {
                    let (version, _) = value.positive()?;
                    aggregate.fold = Some((version, value.ident.clone()));
                }
                CRATE => aggregate.krate = Krate::parse(value)?,
                _ => {}
            }
            Ok(())
        });
        let missing: Vec<&str> = [CATEGORY, ID, EVENTS].into_iter().filter(|key| !given.has(key)).collect();
        if !missing.is_empty() {
            report_missing(cx, input, &missing);
        }
        if let Data::Union(_) = input.data {
            cx.help(
                &input.ident,
                "an aggregate's state is a struct or an enum",
                "write a struct in place of the union",
            );
        }
        aggregate
    }
}

/// One report, however many are missing: they are typed in one go.
fn report_missing(cx: &Ctxt, input: &DeriveInput, missing: &[&str]) {
    let ident = &input.ident;
    let form = |key: &&str| match *key {
        CATEGORY => format!("category = \"{}\"", ident.to_string().to_lowercase()),
        ID => format!("id = {ident}Id"),
        _ => format!("events = {ident}Event"),
    };
    let names: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
    let forms: Vec<String> = missing.iter().map(form).collect();
    let help = format!("write `#[kenning({})]`", forms.join(", "));
    cx.help(ident, format_args!("the aggregate `{ident}` has no {}", names.join(", no ")), help);
}
