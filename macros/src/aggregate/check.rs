//! The rules over a whole aggregate.

use super::ast::Aggregate;
use crate::ctxt::Ctxt;
use crate::{generics, names, schema};

pub(super) fn check(cx: &Ctxt, aggregate: &Aggregate<'_>) {
    let help = "its streams hold one kind of state: name the types, and own them";
    generics::refuse(cx, &aggregate.original.generics, "an aggregate", help);
    if let Some(category) = &aggregate.category {
        names::check_category(cx, category);
    }
    if let (None, Some((_, key))) = (&aggregate.snapshots, &aggregate.fold) {
        let help = "write `snapshot_every = 100` beside it, or leave it out";
        cx.help(key, "`fold` is the version of what snapshots hold, and there are none", help);
    }
    if aggregate.snapshots.is_some() {
        schema::check_formats(cx, &aggregate.schema);
        schema::check_round_trip(cx, &aggregate.schema);
        schema::check_complete(cx, &aggregate.schema);
    }
}
