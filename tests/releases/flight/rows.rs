//! The changes, each in a saga of its own.

use kenning::prelude::*;
use kenning::saga::{InFlight, Migrated};
use kenning::store::SagaStore;
use kenning::{Builder, Catalog, SagaFailure, StepContext, StepError};

use super::declare::{
    Label, MakeLabel, MakeLabelNoted, MakeLabelSized, MakeLabelWide, Packed, PackedEmpty, PackedRenamed,
    PackedWithNote, Print, number, of,
};
use super::domain::{Opened, Outside, Paid, Parcel, Received, Weighed};
use super::table::Must::{Continue, Park, Wait};
use super::table::Row;
use crate::releases::old::{MakePick, Pick};

rows! {
    step_after "step-after" "a step added after or beside the others", Continue, Wait, ["pack", "ship"] {
        newer v 1 {} { start; pack; paid; ship; step wave; }
    }
    step_before "step-before" "a step added before one that was there", Park("`weigh` is new, and `ship` comes after it"), Wait, ["pack", "ship"] {
        newer v 1 {} { start; pack; paid; step weigh; ship; }
    }
    step_before_migrated "step-before-migrated" "the same, with a migration", Continue, Wait, ["pack", "ship"] {
        newer v 2 {} from base { |_, to| Ok(to) } { start; pack; paid; step weigh; ship; }
    }
    step_gone "step-gone" "a step removed", Park("`pack` was removed"), Wait, ["ship"] {
        newer v 1 {} { start; paid; ship; }
    }
    step_gone_migrated "step-gone-migrated" "the same, with a migration", Continue, Wait, ["ship"] {
        newer v 2 {} from base { |_, to| Ok(to.forget("pack")) } { start; paid; ship; }
    }
    step_renamed "step-renamed" "a step renamed", Park("`pack` was removed, and `wrap` is in its place"), Wait, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[step(irreversible = "a note")]
        async fn wrap(&self, cx: &StepContext<Outside>) -> Result<Packed, StepError> {
            cx.services().call(cx, "pack");
            Ok(Packed { shelf: 7 })
        } }
        paid; ship;
    }
    }
    step_renamed_in_code "step-renamed-in-code" "the same, with `name = \"…\"`", Continue, Continue, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[step(name = "pack", irreversible = "a note")]
        async fn wrap(&self, cx: &StepContext<Outside>) -> Result<Packed, StepError> {
            cx.services().call(cx, "pack");
            Ok(Packed { shelf: 7 })
        } }
        paid; ship;
    }
    }
    step_renamed_migrated "step-renamed-migrated" "the same, with a migration", Continue, Wait, ["pack", "ship"] {
        newer v 2 {} from base { |_, to| Ok(to.rename("pack", "wrap")) } {
        start;
        { #[step(irreversible = "a note")]
        async fn wrap(&self, cx: &StepContext<Outside>) -> Result<Packed, StepError> {
            cx.services().call(cx, "pack");
            Ok(Packed { shelf: 7 })
        } }
        paid; ship;
    }
    }
    retries "retries" "retries or timeouts changed", Continue, Continue, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[step(irreversible = "a note", retry(attempts = 9, backoff = "1ms..5ms"), timeout = "3s")]
        async fn pack(&self, cx: &StepContext<Outside>) -> Result<Packed, StepError> {
            cx.services().call(cx, "pack");
            Ok(Packed { shelf: 7 })
        } }
        paid; ship;
    }
    }
    undone "undone" "an undo added", Continue, Wait, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[step(undo = unpack)]
        async fn pack(&self, cx: &StepContext<Outside>) -> Result<Packed, StepError> {
            cx.services().call(cx, "pack");
            Ok(Packed { shelf: 7 })
        }
        #[undo]
        async fn unpack(&self, cx: &StepContext<Outside>, _packed: Option<&Packed>) -> Result<(), StepError> {
            cx.services().call(cx, "unpack");
            Ok(())
        } }
        paid; ship;
    }
    }
    undo_gone "undo-gone" "an undo removed", Park("`pack` is not undone any more"), Continue, ["pack", "ship"] {
        older v 1 {} {
        start;
        { #[step(undo = unpack)]
        async fn pack(&self, cx: &StepContext<Outside>) -> Result<Packed, StepError> {
            cx.services().call(cx, "pack");
            Ok(Packed { shelf: 7 })
        }
        #[undo]
        async fn unpack(&self, cx: &StepContext<Outside>, _packed: Option<&Packed>) -> Result<(), StepError> {
            cx.services().call(cx, "unpack");
            Ok(())
        } }
        paid; ship;
    }
        newer v 1 {} { start; pack; paid; ship; }
    }
    order_changed "order-changed" "other steps in `after`", Park("`paid` came after `pack`, and comes after nothing"), Wait, ["pack", "ship"] {
        newer v 1 {} {
        start; pack;
        { #[wait(after(), timeout = "24h", on_timeout = fail)]
        fn paid(event: &Recorded<Paid>) -> Correlated<String, ()> {
            of(event)
        }
        #[step(after(pack, paid), irreversible = "a note")]
        async fn ship(&self, cx: &StepContext<Outside>) -> Result<u64, StepError> {
            cx.services().call(cx, "ship");
            Ok(1)
        } }
    }
    }
    wait_after "wait-after" "a wait added after or beside the others", Continue, Wait, ["pack", "ship"] {
        newer v 1 {} { start; pack; paid; ship; received; }
    }
    wait_before "wait-before" "a wait added before a step that was there", Park("`received` is new, and `ship` comes after it"), Wait, ["pack", "ship"] {
        newer v 1 {} { start; pack; paid; received; ship; }
    }
    wait_gone "wait-gone" "a wait removed", Park("`paid` was removed"), Continue, ["pack", "ship"] {
        newer v 1 {} { start; pack; ship; }
    }
    wait_gone_migrated "wait-gone-migrated" "the same, with a migration", Continue, Continue, ["pack", "ship"] {
        newer v 2 {} from base { |_, to| Ok(to.forget("paid")) } { start; pack; ship; }
    }
    wait_renamed "wait-renamed" "a wait renamed", Park("`paid` was removed, and `settled` is in its place"), Wait, ["pack", "ship"] {
        newer v 1 {} {
        start; pack;
        { #[wait(timeout = "24h", on_timeout = fail)]
        fn settled(event: &Recorded<Paid>) -> Correlated<String, ()> {
            of(event)
        } }
        ship;
    }
    }
    wait_renamed_migrated "wait-renamed-migrated" "the same, with a migration", Continue, Wait, ["pack", "ship"] {
        newer v 2 {} from base { |_, to| Ok(to.rename("paid", "settled")) } {
        start; pack;
        { #[wait(timeout = "24h", on_timeout = fail)]
        fn settled(event: &Recorded<Paid>) -> Correlated<String, ()> {
            of(event)
        } }
        ship;
    }
    }
    wait_other "wait-other" "another event waited for", Park("`paid` waits for `parcel.paid`, and now it"), Wait, ["pack", "ship"] {
        newer v 1 {} {
        start; pack;
        { #[wait(timeout = "24h", on_timeout = fail)]
        fn paid(event: &Recorded<Received>) -> Correlated<String, ()> {
            of(event)
        } }
        ship;
    }
    }
    start_other "start-other" "another event starts the saga", Continue, Wait, ["pack", "ship"] {
        newer v 1 {} {
        { #[start]
        fn weighed(event: &Recorded<Weighed>) -> Self {
            Self::new(event.stream().id())
        } }
        pack; paid; ship;
    }
    }
    start_second "start-second" "a second event starts the saga", Continue, Wait, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[start]
        fn weighed(event: &Recorded<Weighed>) -> Self {
            Self::new(event.stream().id())
        } }
        pack; paid; ship;
    }
    }
    start_gone "start-gone" "one of two events that start it removed", Continue, Continue, ["pack", "ship"] {
        older v 1 {} {
        start;
        { #[start]
        fn weighed(event: &Recorded<Weighed>) -> Self {
            Self::new(event.stream().id())
        } }
        pack; paid; ship;
    }
        newer v 1 {} { start; pack; paid; ship; }
    }
    sends_noted "sends-noted" "an optional field added to a command that it sends", Continue, Continue, ["pack", "ship"] {
        older v 1 {} { start; pack; paid; label MakeLabel {}; ship; }
        newer v 1 {} { start; pack; paid; label MakeLabelNoted { note: None }; ship; }
    }
    sends_less "sends-less" "a field of a command that it sends removed", Continue, Continue, ["pack", "ship"] {
        older v 1 {} { start; pack; paid; label MakeLabelNoted { note: None }; ship; }
        newer v 1 {} { start; pack; paid; label MakeLabel {}; ship; }
    }
    sends_renamed "sends-renamed" "a field of a command that it sends renamed", Continue, Continue, ["pack", "ship"] {
        older v 1 {} { start; pack; paid; label MakeLabelSized { size: 1 }; ship; }
        newer v 1 {} { start; pack; paid; label MakeLabelWide { width: 1 }; ship; }
    }
    sends_other "sends-other" "another command sent", Park("`label` sends `label` to `label`, and now it"), Wait, ["pack", "ship"] {
        older v 1 {} { start; pack; paid; label MakeLabel {}; ship; }
        newer v 1 {} { start; pack; paid; label Print {}; ship; }
    }
    failed "failed" "a command sent when it has failed", Continue, Continue, ["pack", "ship"] {
        newer v 1 {} {
        start; pack; paid; ship;
        { #[failed]
        fn give_up(&self, _: &SagaFailure) -> MakePick {
            MakePick { id: number(&self.id) }
        } }
    }
    }
    data_noted "data-noted" "an optional field added to the data", Continue, Wait, ["pack", "ship"] {
        newer v 1 { note: Option<String> = None } { start; pack; paid; ship; }
    }
    data_more "data-more" "a required field added to the data", Park("the data"), Wait, ["pack", "ship"] {
        newer v 1 { cents: u64 = 5 } { start; pack; paid; ship; }
    }
    data_more_migrated "data-more-migrated" "the same, with a migration", Continue, Wait, ["pack", "ship"] {
        newer v 2 { cents: u64 = 5 } from base { |_, to| Ok(to) } { start; pack; paid; ship; }
    }
    data_gone "data-gone" "a field of the data removed", Park("the data"), Wait, ["pack", "ship"] {
        older v 1 { cents: u64 = 5 } { start; pack; paid; ship; }
        newer v 1 {} { start; pack; paid; ship; }
    }
    data_renamed "data-renamed" "a field of the data renamed", Park("the data"), Wait, ["pack", "ship"] {
        older v 1 { cents: u64 = 5 } { start; pack; paid; ship; }
        newer v 1 { price: u64 = 5 } { start; pack; paid; ship; }
    }
    output_noted "output-noted" "an optional field added to what a step returns", Continue, Wait, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[step(irreversible = "a note")]
        async fn pack(&self, cx: &StepContext<Outside>) -> Result<PackedWithNote, StepError> {
            cx.services().call(cx, "pack");
            Ok(PackedWithNote { shelf: 7, note: None })
        } }
        paid; ship;
    }
    }
    output_less "output-less" "a field of what a step returns removed", Park("what `pack` returns"), Wait, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[step(irreversible = "a note")]
        async fn pack(&self, cx: &StepContext<Outside>) -> Result<PackedEmpty, StepError> {
            cx.services().call(cx, "pack");
            Ok(PackedEmpty {})
        } }
        paid; ship;
    }
    }
    output_renamed "output-renamed" "a field of what a step returns renamed", Park("what `pack` returns"), Wait, ["pack", "ship"] {
        newer v 1 {} {
        start;
        { #[step(irreversible = "a note")]
        async fn pack(&self, cx: &StepContext<Outside>) -> Result<PackedRenamed, StepError> {
            cx.services().call(cx, "pack");
            Ok(PackedRenamed { place: 7 })
        } }
        paid; ship;
    }
    }
    output_renamed_migrated "output-renamed-migrated" "the same, with a migration", Continue, Wait, ["pack", "ship"] {
        newer v 2 {} from base {
        |old, to| Ok(match old.output::<Packed>("pack")? {
            Some(packed) => to.output("pack", &PackedRenamed { place: packed.shelf }),
            None => to,
        })
    } {
        start;
        { #[step(irreversible = "a note")]
        async fn pack(&self, cx: &StepContext<Outside>) -> Result<PackedRenamed, StepError> {
            cx.services().call(cx, "pack");
            Ok(PackedRenamed { place: 7 })
        } }
        paid; ship;
    }
    }
    raised "raised" "its version raised, nothing else", Continue, Wait, ["pack", "ship"] {
        newer v 2 {} { start; pack; paid; ship; }
    }
}
