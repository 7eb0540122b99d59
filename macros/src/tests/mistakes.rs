//! Texts of mistakes, and that all of an item's are reported in one go. One mistake each, with its place, is in `ui-tests`.

use proc_macro2::TokenStream;
use quote::quote;

use super::{messages, snapshot};
use crate::derive::run;

fn block(item: &TokenStream) -> Vec<String> {
    let tokens = crate::aggregate_block::attribute(TokenStream::new(), item);
    messages(tokens)
}

#[test]
fn an_event_reports_all_of_its_mistakes() {
    let said = messages(run(
        quote! {
            #[kenning(nmae = "Order.Placed", version = 3, from(A, A), table = "x", version = 4)]
            #[serde(deny_unknown_fields)]
            struct OrderPlaced {
                count: Vec<usize>,
                #[kenning(id)]
                #[serde(flatten)]
                id: OrderId,
            }
        },
        crate::event::derive,
    ));
    snapshot("an_event_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn a_command_reports_all_of_its_mistakes() {
    let said = messages(run(
        quote! {
            #[kenning(name = "", category = "order", aggregate)]
            struct PlaceOrder {
                #[kenning(id)]
                order_id: OrderId,
                #[kenning(id = 7)]
                other: OrderId,
                tags: HashSet<String>,
            }
        },
        crate::command::derive,
    ));
    snapshot("a_command_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn an_aggregate_reports_all_of_its_mistakes() {
    let said = messages(run(
        quote! {
            #[kenning(category = "Sales-Order", snapshot_every = 0, crate = kenning)]
            struct Order<T> {
                #[kenning(id)]
                id: T,
            }
        },
        crate::aggregate::derive,
    ));
    snapshot("an_aggregate_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn a_block_reports_all_of_its_mistakes() {
    let said = block(&quote! {
        impl Order {
            #[apply]
            async unsafe fn placed<T>(&self, event: OrderPlaced, other: &OrderShipped) -> Result<(), T> {}
            #[apply]
            fn recorded(&mut self, event: &Recorded<OrderPlaced>) {}
            #[apply]
            fn any(&mut self, event: &dyn Event) {}
            #[command]
            async fn place(&mut self, command: &mut PlaceOrder, cx: CommandContext, more: u8) -> impl Events {}
            #[command]
            fn swapped(&self, cx: &CommandContext, command: PlaceOrder) -> OrderPlaced {}
            #[command]
            #[apply]
            #[kenning(name = "x")]
            fn both(&self, command: ShipOrder) -> OrderShipped {}
            #[cfg_attr(all(), apply)]
            fn hidden(&mut self, event: &OrderShipped) {}
        }
    });
    snapshot("a_block_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn a_projection_reports_all_of_its_mistakes() {
    let said = messages(crate::projection::attribute(
        quote!(name = "Revenue", evens = OrderEvent, ignore(OrderPlaced, OrderLost, OrderLost), table = "x"),
        &quote! {
            unsafe impl Revenue {
                #[on]
                async unsafe fn placed<T>(&mut self, event: OrderPlaced, tx: PgTransaction<'_>, more: T) -> Option<()> {}
                #[on]
                fn placed_again(event: &mut Recorded<OrderPlaced>, tx: &impl Transaction) {}
                #[on(key = 1)]
                #[on = 2]
                fn shipped(self, event: &OrderShipped, tx: &mut MemoryTransaction) {}
                #[on]
                fn several(&self, events: Vec<OrderEvent>) -> impl Sized {}
                #[on]
                #[cfg(unix)]
                fn batch(&self, events: &[Recorded<OrderEvent>], tx: &mut PgConnection) {}
                #[on]
                fn swapped(&self, tx: &mut PgTransaction<'_>, event: &OrderSwapped) {}
                #[on]
                fn nothing(&self) {}
                #[on]
                fn any(&self, event: &dyn Event) {}
                #[cfg_attr(all(), on)]
                #[kenning(name = "x")]
                fn hidden(&self, event: &OrderHidden) {}
                #[on]
                const X: u8 = 1;
            }
        },
    ));
    snapshot("a_projection_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn a_read_model_reports_all_of_its_mistakes() {
    let said = messages(run(
        quote! {
            #[kenning(tabel = "Order__Summaries", version = 0, category = "x", index(), unique(nmae), index(name, name))]
            struct OrderSummary<'a> {
                #[kenning(key, index)]
                id: Option<OrderId>,
                #[kenning(key, json)]
                other: OrderId,
                #[kenning(index, unique, column = "Name")]
                name: &'a str,
                #[kenning(json, unique)]
                tags: Vec<String>,
                #[kenning(column = "tags")]
                more: Option<::std::option::Option<u8>>,
                #[kenning(name = "x")]
                ctid: u8,
            }
        },
        crate::read_model::derive,
    ));
    snapshot("a_read_model_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn handlers_report_all_of_their_mistakes() {
    let said = messages(crate::read_model_block::attribute(
        quote!(ignore(OrderPlaced, OrderSeen, OrderSeen), key = 7),
        &quote! {
            #[kenning(version = 2)]
            unsafe impl OrderSummary {
                #[on(key = , missing = ignore)]
                async unsafe fn placed<T>(&self, event: OrderPlaced, other: &OrderShipped) -> Result<(), T> {}
                #[on = 7]
                fn again(event: &mut OrderPlaced) -> Self {}
                #[on(present = keep)]
                fn any(key: impl Key, event: &OrderAny) -> Self {}
                #[on(present = replace)]
                fn merged(row: Option<OrderSummary>, one: u8, two: u8, event: &OrderMerged) {}
                #[on(missing = ignore, keys = [], key = 8)]
                fn made(event: &OrderMade) -> u8 {}
                #[on]
                fn boxed(self: Box<Self>, event: &OrderBoxed) -> Option<Self> {}
                #[on]
                #[on]
                #[kenning(key = 7)]
                fn twice(self, event: &OrderTwice) {}
                #[cfg_attr(all(), on)]
                fn hidden(&mut self, event: &OrderHidden) {}
                #[on]
                type Alias = u8;
            }
        },
    ));
    snapshot("handlers_report_all_of_their_mistakes", &said.join("\n"));
}

#[test]
fn what_is_no_block_is_told_where_it_belongs() {
    assert_eq!(
        block(&quote!(
            struct Order;
        )),
        [
            "`#[aggregate]` belongs on an `impl` block\nhelp: on a type write `#[derive(Aggregate)]`; `#[aggregate]` holds its `#[apply]` and `#[command]` functions"
        ]
    );
    let outside = crate::outside::attribute(
        "apply",
        &["aggregate"],
        &quote!(
            fn placed(&mut self) {}
        ),
    );
    assert!(outside.to_string().contains("`#[apply]` is outside of an `#[aggregate]` block"), "{outside}");
}

#[test]
fn a_saga_reports_all_of_its_mistakes() {
    let said = messages(run(
        quote! {
            #[kenning(name = "", vresion = 3, migrate(a, b, a), category = "x")]
            #[serde(deny_unknown_fields)]
            struct Fulfilment<T> {
                #[kenning(id)]
                order_id: OrderId,
                count: usize,
                #[serde(flatten)]
                more: T,
            }
        },
        crate::saga::derive,
    ));
    snapshot("a_saga_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn a_saga_block_reports_all_of_its_mistakes() {
    let said = messages(crate::saga_block::attribute(
        quote!(service = Services, timeout = "5", retry(attempts = 5, forever), deadline = ""),
        &quote! {
            #[kenning(name = "x")]
            unsafe impl Fulfilment {
                #[start(x)]
                async unsafe fn placed<T>(&self, event: OrderPlaced, more: u8) -> Result<Self, T> {}
                #[start]
                fn nothing() {}
                #[step(after(), name = "Reserve", undo = release, irreversible = "", read_only, timeout = "0s")]
                async fn reserve(&mut self, cx: StepContext<()>, more: &StepContext<()>, one: u8) {}
                #[undo]
                fn release(&self, cx: &StepContext<()>, one: Option<u64>, other: Option<&u64>) -> u8 {}
                #[undo = 1]
                async fn unused(&self, one: &Option<u64>) -> Result<u8, Refused> {}
                #[step(retry(atempts = 5), retry(forever, within = "1h"), undo_retry())]
                fn charge(&self, reserve: &mut u64, (a, b): &(u8, u8)) -> impl Sized {}
                #[wait(on_timeout = assume, missing = never, after(nowhere), undo = release)]
                async fn settled(&self, event: &mut Settled, more: u8) {}
                #[wait(timeout = "1h", forever = "x")]
                fn seen(events: &[Recorded<Seen>]) -> Result<u8, u8> {}
                async fn assumed(&mut self, more: u8) {}
                #[send]
                #[step]
                async fn mark(&self, cx: &StepContext<()>) -> (A, B) {}
                #[send(irreversible = "x", name = "charge", read_only)]
                fn nobody(&self) {}
                #[failed]
                async fn give_up(&self, failure: SagaFailure, more: u8) -> Result<A, B> {}
                #[failed]
                fn again(&self) -> A {}
                #[cfg_attr(unix, step)]
                #[kenning(undo = release)]
                fn hidden(&self) {}
                #[step]
                const X: u8 = 1;
            }
        },
    ));
    snapshot("a_saga_block_reports_all_of_its_mistakes", &said.join("\n"));
}

#[test]
fn a_reactor_reports_all_of_its_mistakes() {
    let said = messages(crate::reactor::attribute(
        quote!(nmae = "x", version = 0, crate = kenning),
        &quote! {
            unsafe impl Inventory {
                #[on(key = 1)]
                async unsafe fn placed<T>(&mut self, event: OrderPlaced, effects: Effects, more: T) -> Option<()> {}
                #[on = 1]
                fn placed_again(event: &mut Recorded<OrderPlaced>, effects: &Effects) -> impl Sized {}
                #[on]
                fn swapped(&self, effects: &mut Effects, event: &OrderSwapped) {}
                #[on]
                fn nothing(&self) {}
                #[on]
                #[on]
                fn batch(&self, events: &[Recorded<OrderSeen>], other: u8) {}
                #[cfg_attr(unix, on)]
                #[kenning(name = "x")]
                fn hidden(&self, event: &OrderHidden) {}
                #[on]
                const X: u8 = 1;
            }
        },
    ));
    snapshot("a_reactor_reports_all_of_its_mistakes", &said.join("\n"));
}
