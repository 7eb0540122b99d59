//! What a step needs is there in every build in which the step is.

use syn::Attribute;

use super::super::ast::Block;
use super::super::resolve::{Plan, name};
use crate::ctxt::Ctxt;
use crate::impl_block::Function;
use crate::text::{same, text};

pub(super) fn check(cx: &Ctxt, block: &Block<'_>, plan: &Plan<'_, '_>) {
    for (step, planned) in block.steps.iter().zip(&plan.steps) {
        let own = name(step.ident());
        let needs = |other: &Function, place: &proc_macro2::Ident, how: &str| {
            if let Some(cfg) = missing(step.function, other) {
                let other = name(&other.sig.ident);
                let message = format!("`{own}` {how} `{other}`, which is not there in every build");
                cx.help(place, message, format_args!("write `{}` on `{own}` as well", text(cfg)));
            }
        };
        if let (Some(key), Some(cfg)) = (&step.args.pivot, step.function.cfgs().next()) {
            let message =
                format!("the pivot `{own}` is not there in every build, and later steps rely on it");
            cx.help(key, message, format_args!("leave `{}` out, and write it inside of `{own}`", text(cfg)));
        }
        for (output, from) in step.outputs().zip(&planned.outputs) {
            if let Some(from) = from.and_then(|from| block.steps.get(from)) {
                needs(from.function, output.name, "takes what is returned by");
            }
        }
        if let (Some(undo), Some(written)) = (planned.undo, &step.args.undo) {
            needs(undo.function, written, "is taken back by");
        }
        if let (Some(function), Some(written)) = (planned.on_timeout, &step.args.on_timeout) {
            needs(function, &written.key, "goes on with");
        }
    }
}

/// A condition of the other function that is not one of this.
fn missing<'a>(function: &Function, other: &'a Function) -> Option<&'a Attribute> {
    other.cfgs().find(|cfg| !function.cfgs().any(|own| same(&own.meta, &cfg.meta)))
}
