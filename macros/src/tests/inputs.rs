//! Small inputs, one feature each.

mod processes;

use proc_macro2::TokenStream;
use quote::quote;

pub(super) use self::processes::{reactor, saga, saga_block, saga_under_cfg, step};

pub(super) fn event() -> TokenStream {
    quote! {
        #[derive(Serialize, Deserialize, Event)]
        #[kenning(name = "order.placed")]
        pub struct OrderPlaced {
            customer_id: CustomerId,
            items: Vec<LineItem>,
            total: Cents,
        }
    }
}

pub(super) fn event_of_version_3() -> TokenStream {
    quote! {
        #[kenning(name = "order.placed", version = 3, from(OrderPlacedV1, v2::OrderPlaced))]
        pub struct OrderPlaced {
            total: Cents,
        }
    }
}

pub(super) fn event_set() -> TokenStream {
    quote! {
        pub enum OrderEvent {
            Placed(OrderPlaced),
            Shipped(OrderShipped),
        }
    }
}

pub(super) fn aggregate() -> TokenStream {
    quote! {
        #[kenning(category = "order", id = OrderId, events = OrderEvent)]
        pub struct Order {
            status: Status,
        }
    }
}

pub(super) fn aggregate_with_snapshots() -> TokenStream {
    quote! {
        #[kenning(category = "order", id = OrderId, events = OrderEvent, snapshot_every = 100)]
        pub struct Order {
            status: Status,
        }
    }
}

pub(super) fn command() -> TokenStream {
    quote! {
        #[kenning(aggregate = Order, creates)]
        pub struct PlaceOrder {
            #[kenning(id)]
            order_id: OrderId,
            items: Vec<LineItem>,
        }
    }
}

pub(super) fn block() -> TokenStream {
    quote! {
        impl Order {
            #[command]
            fn place(&self, command: PlaceOrder) -> Result<OrderPlaced, OrderError> {
                decide(self, command)
            }

            #[cfg(feature = "shipping")]
            #[command]
            fn ship(&self, command: &ShipOrder, cx: &CommandContext) -> Option<OrderShipped> {
                Some(OrderShipped { at: cx.time() })
            }

            #[apply]
            fn placed(&mut self, _: &OrderPlaced) {
                self.status = Status::Placed;
            }
        }
    }
}

pub(super) fn projection_keys() -> TokenStream {
    quote!(name = "revenue", version = 1, events = OrderEvent, ignore(OrderShipped))
}

pub(super) fn projection() -> TokenStream {
    quote! {
        impl Revenue {
            #[on]
            async fn placed(
                &self,
                event: &Recorded<OrderPlaced>,
                tx: &mut PgTransaction<'_>,
            ) -> Result<(), sqlx::Error> {
                self.add(event.total, tx).await
            }

            #[cfg(feature = "refunds")]
            #[on]
            fn cancelled(&self, event: &OrderCancelled) {
                self.count()
            }
        }
    }
}

pub(super) fn batch_projection() -> TokenStream {
    quote! {
        impl Revenue {
            #[on]
            async fn batch(&self, events: &[Recorded<OrderEvent>], tx: &mut PgTransaction) -> Result<(), Error> {
                self.add_all(events, tx).await
            }
        }
    }
}

pub(super) fn read_model() -> TokenStream {
    quote! {
        #[kenning(table = "order_summaries", version = 2, events = OrderEvent, index(customer_id, total))]
        pub struct OrderSummary {
            #[kenning(key)]
            order_id: OrderId,
            #[kenning(index)]
            customer_id: CustomerId,
            total: Cents,
            #[kenning(json)]
            items: Option<Vec<LineItem>>,
            #[kenning(column = "kind", unique)]
            r#type: Option<String>,
        }
    }
}

pub(super) fn read_model_block() -> TokenStream {
    quote! {
        impl OrderSummary {
            #[on]
            fn placed(order_id: OrderId, event: &Recorded<OrderPlaced>) -> Self {
                Self::new(order_id, event)
            }

            #[cfg(feature = "shipping")]
            #[on(missing = ignore)]
            fn shipped(&mut self, event: &OrderShipped) {
                self.total = 0;
            }

            #[on(key = event.order_id)]
            fn cancelled(self, event: &OrderCancelled) -> Option<Self> {
                None
            }

            #[on(keys = customers)]
            fn rated(row: Option<Self>, OrderRated { customers, .. }: &OrderRated) -> Self {
                row.unwrap_or_default()
            }
        }
    }
}
