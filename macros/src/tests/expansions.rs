//! Snapshots in `macros/snapshots`; `INSTA_UPDATE=always cargo test -p kenning-macros` writes them anew.

use proc_macro2::TokenStream;
use quote::quote;

use super::{inputs, pretty, snapshot};

macro_rules! expand {
    ($name:ident, $macro:ident, $item:expr) => {
        #[test]
        fn $name() {
            snapshot(stringify!($name), &pretty(&$macro($item)));
        }
    };
}

fn event(item: TokenStream) -> TokenStream {
    crate::derive::run(item, crate::event::derive)
}

fn event_set(item: TokenStream) -> TokenStream {
    crate::derive::run(item, crate::event_set::derive)
}

fn aggregate(item: TokenStream) -> TokenStream {
    crate::derive::run(item, crate::aggregate::derive)
}

fn command(item: TokenStream) -> TokenStream {
    crate::derive::run(item, crate::command::derive)
}

#[expect(clippy::needless_pass_by_value, reason = "as the derives, so that one macro serves all")]
fn block(item: TokenStream) -> TokenStream {
    crate::aggregate_block::attribute(TokenStream::new(), &item)
}

#[expect(clippy::needless_pass_by_value, reason = "as the derives, so that one macro serves all")]
fn block_elsewhere(item: TokenStream) -> TokenStream {
    crate::aggregate_block::attribute(quote!(crate = ::shop::es), &item)
}

#[expect(clippy::needless_pass_by_value, reason = "as the derives, so that one macro serves all")]
fn projection(item: TokenStream) -> TokenStream {
    crate::projection::attribute(inputs::projection_keys(), &item)
}

#[expect(clippy::needless_pass_by_value, reason = "as the derives, so that one macro serves all")]
fn inline_projection(item: TokenStream) -> TokenStream {
    let keys = quote!(name = "revenue", version = 2, events = OrderEvent, inline, crate = ::shop::es);
    crate::projection::attribute(keys, &item)
}

fn saga(item: TokenStream) -> TokenStream {
    crate::derive::run(item, crate::saga::derive)
}

#[expect(clippy::needless_pass_by_value, reason = "as the derives, so that one macro serves all")]
fn saga_block(item: TokenStream) -> TokenStream {
    let keys = quote!(services = Services, deadline = "7d", retry(attempts = 4, within = "1h"));
    crate::saga_block::attribute(keys, &item)
}

#[expect(clippy::needless_pass_by_value, reason = "as the derives, so that one macro serves all")]
fn reactor(item: TokenStream) -> TokenStream {
    crate::reactor::attribute(quote!(name = "inventory", version = 1), &item)
}

fn read_model(item: TokenStream) -> TokenStream {
    crate::derive::run(item, crate::read_model::derive)
}

#[expect(clippy::needless_pass_by_value, reason = "as the derives, so that one macro serves all")]
fn read_model_block(item: TokenStream) -> TokenStream {
    crate::read_model_block::attribute(quote!(ignore(OrderSeen)), &item)
}

expand!(event_writes_its_name, event, inputs::event());
expand!(event_reads_every_version, event, inputs::event_of_version_3());
expand!(event_set_matches_on_names, event_set, inputs::event_set());
expand!(aggregate_names_its_types, aggregate, inputs::aggregate());
expand!(aggregate_with_snapshots_has_a_schema, aggregate, inputs::aggregate_with_snapshots());
expand!(command_knows_its_aggregate, command, inputs::command());
expand!(read_model_writes_and_reads_its_columns, read_model, inputs::read_model());
expand!(handlers_become_impls, read_model_block, inputs::read_model_block());
expand!(block_becomes_impls, block, inputs::block());
expand!(projection_becomes_impls, projection, inputs::projection());
expand!(projection_of_batches_becomes_one_impl, inline_projection, inputs::batch_projection());
expand!(saga_names_its_id, saga, inputs::saga());
expand!(step_becomes_impls, saga_block, inputs::step());
expand!(saga_block_becomes_a_table_and_impls, saga_block, inputs::saga_block());
expand!(steps_under_cfg_move_up, saga_block, inputs::saga_under_cfg());
expand!(reactor_becomes_impls, reactor, inputs::reactor());

// After a mistake: the item stays, and nothing that names it fails as well.
expand!(
    event_without_a_name_is_inert,
    event,
    quote! {
        struct OrderPlaced {
            total: u64,
        }
    }
);
expand!(
    event_set_with_a_unit_variant_is_inert,
    event_set,
    quote! {
        enum OrderEvent {
            Placed(OrderPlaced),
            Lost,
        }
    }
);
expand!(
    command_without_an_id_is_inert,
    command,
    quote! {
        #[kenning(aggregate = Order)]
        struct PlaceOrder {
            order_id: OrderId,
        }
    }
);
expand!(
    block_with_a_mistake_stays,
    block_elsewhere,
    quote! {
        impl Order {
            #[es::apply]
            async fn placed(&mut self, event: &OrderPlaced) {
                self.placed = true;
            }
        }
    }
);
expand!(
    projection_with_a_mistake_stays,
    projection,
    quote! {
        impl Revenue {
            #[on]
            async fn placed(&mut self, event: &OrderPlaced, tx: &mut PgTransaction<'_>) {
                self.total += event.total;
            }
        }
    }
);
expand!(
    read_model_without_a_key_is_inert,
    read_model,
    quote! {
        #[kenning(table = "order_summaries", version = 1, events = OrderEvent)]
        struct OrderSummary {
            order_id: OrderId,
        }
    }
);
expand!(
    handler_with_a_mistake_is_inert,
    read_model_block,
    quote! {
        impl OrderSummary {
            #[kenning::on]
            async fn placed(&mut self, event: &OrderPlaced, other: &OrderShipped) {}
        }
    }
);
expand!(
    saga_without_a_name_is_inert,
    saga,
    quote! {
        #[kenning(version = 1, id = order_id)]
        struct Fulfilment {
            order_id: OrderId,
        }
    }
);
expand!(
    saga_block_with_a_mistake_stays,
    saga_block,
    quote! {
        impl Fulfilment {
            #[kenning::step(undo = relaese)]
            async fn reserve(&self) -> Result<u64, StepError> {
                self.shelf()
            }
        }
    }
);
expand!(
    reactor_with_a_mistake_stays,
    reactor,
    quote! {
        impl Inventory {
            #[on]
            fn placed(&mut self, event: &OrderPlaced) {}
        }
    }
);
