//! The macros' pages in the manual list the keys that there are, as they are written.

use crate::keys::{self, Place};

#[test]
fn every_page_lists_its_keys() {
    for (page, places) in [
        (include_str!("../../../runtime/src/docs/event.md"), [Place::Event, Place::EventField]),
        (include_str!("../../../runtime/src/docs/event_set.md"), [Place::EventSet, Place::EventVariant]),
        (include_str!("../../../runtime/src/docs/aggregate.md"), [Place::Aggregate, Place::AggregateField]),
        (include_str!("../../../runtime/src/docs/command.md"), [Place::Command, Place::CommandField]),
        (
            include_str!("../../../runtime/src/docs/aggregate_block.md"),
            [Place::AggregateBlock, Place::ApplyFunction],
        ),
        (
            include_str!("../../../runtime/src/docs/projection.md"),
            [Place::ProjectionBlock, Place::ProjectionFunction],
        ),
        (include_str!("../../../runtime/src/docs/read_model.md"), [Place::ReadModel, Place::ReadModelField]),
        (
            include_str!("../../../runtime/src/docs/read_model_block.md"),
            // An `#[on]` has a page of its own.
            [Place::ReadModelBlock, Place::CommandFunction],
        ),
        (include_str!("../../../runtime/src/docs/on.md"), [Place::OnFunction, Place::ProjectionFunction]),
        (include_str!("../../../runtime/src/docs/schema.md"), [Place::Schema, Place::SchemaField]),
        (include_str!("../../../runtime/src/docs/saga.md"), [Place::Saga, Place::SagaField]),
        (include_str!("../../../runtime/src/docs/saga_block.md"), [Place::SagaBlock, Place::StartFunction]),
        (include_str!("../../../runtime/src/docs/step.md"), [Place::StepFunction, Place::Retry]),
        (include_str!("../../../runtime/src/docs/wait.md"), [Place::WaitFunction, Place::UndoFunction]),
        (include_str!("../../../runtime/src/docs/send.md"), [Place::SendFunction, Place::FailedFunction]),
        (include_str!("../../../runtime/src/docs/reactor.md"), [Place::ReactorBlock, Place::ReactorFunction]),
    ] {
        let rows: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")).collect();
        let listed: Vec<&str> =
            rows.iter().filter_map(|row| row.split_once('`').map(|(form, _)| form)).collect();
        let legal: Vec<_> = places.into_iter().flat_map(keys::at).collect();
        for key in &legal {
            assert!(listed.iter().any(|form| starts(form, key.name)), "`{}` is not in {listed:?}", key.name);
        }
        for form in &listed {
            assert!(legal.iter().any(|key| starts(form, key.name)), "`{form}` is no key of {places:?}");
        }
    }
}

fn starts(form: &str, name: &str) -> bool {
    form.strip_prefix(name)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}
