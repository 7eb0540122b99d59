//! What `#[on(…)]` says in a `#[read_model]` block.

use syn::{Attribute, Expr, Ident, Meta};

use crate::attr;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::symbol::{IGNORE, KEY, KEYS, MISSING, PRESENT, REPLACE};

/// The arguments of one `#[on]`.
#[derive(Default)]
pub(super) struct Args {
    /// Which rows the event reaches; `None`: that whose key is the stream's id.
    pub(super) rows: Option<Rows>,
    /// What is done when there is no row to change, and where that is said.
    pub(super) missing: Option<(Ident, &'static str)>,
    /// What is done when the row to be made is there.
    pub(super) present: Option<(Ident, &'static str)>,
}

/// Rows whose keys are computed from the event.
pub(super) enum Rows {
    One(Expr),
    Several(Expr),
}

impl Args {
    pub(super) fn parse(cx: &Ctxt, attr: &Attribute) -> Self {
        let mut args = Self::default();
        let list = match &attr.meta {
            Meta::Path(_) => return args,
            Meta::List(list) => list,
            Meta::NameValue(_) => {
                let help = "write `#[on]`, or `#[on(key = event.customer_id)]`";
                cx.help(&attr.meta, format_args!("{} has no value", Place::OnFunction), help);
                return args;
            }
        };
        attr::read_args(cx, list.tokens.clone(), Place::OnFunction, |key, value| {
            match key {
                KEY | KEYS => {
                    let expr = value.expr()?;
                    if args.rows.is_some() {
                        let help = "remove one of the two: `key` is one row, `keys` are several";
                        cx.help(value.ident, "an event reaches one row or several, not both", help);
                    }
                    args.rows = Some(if key == KEY { Rows::One(expr) } else { Rows::Several(expr) });
                }
                MISSING => args.missing = Some((value.ident.clone(), value.word(&[IGNORE])?)),
                PRESENT => args.present = Some((value.ident.clone(), value.word(&[IGNORE, REPLACE])?)),
                _ => {}
            }
            Ok(())
        });
        args
    }
}
