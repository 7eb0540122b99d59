//! Sagas and reactors.

use proc_macro2::TokenStream;
use quote::quote;

pub(in crate::tests) fn saga() -> TokenStream {
    quote! {
        #[kenning(name = "order-fulfilment", version = 2, id = order_id, migrate(from_v1))]
        pub struct Fulfilment {
            order_id: OrderId,
            total: Cents,
        }
    }
}

pub(in crate::tests) fn step() -> TokenStream {
    quote! {
        impl Fulfilment {
            #[step(undo = refund, retry(attempts = 3), timeout = "1500ms")]
            async fn charge(&self, cx: &StepContext<Services>) -> Result<PaymentId, StepError> {
                cx.services().charge(self.total, cx.key()).await
            }

            #[undo]
            async fn refund(&self, cx: &StepContext<Services>, charged: Option<&PaymentId>) -> Result<(), Refused> {
                cx.services().refund(charged, cx.key()).await
            }
        }
    }
}

pub(in crate::tests) fn saga_block() -> TokenStream {
    quote! {
        impl Fulfilment {
            #[start]
            fn placed(event: &Recorded<OrderPlaced>) -> Option<Self> {
                Some(Self::of(event))
            }

            #[step(read_only)]
            fn r#type(&self) -> Result<Kind, StepError> {
                Ok(self.kind())
            }

            #[wait(name = "payment", timeout = "1d", on_timeout = assumed, missing = ignore("paid by card"))]
            fn settled(event: &PaymentSettled) -> Correlated<OrderId, Settlement> {
                Correlated::to(event.order_id, event.settlement())
            }

            fn assumed(&self) -> Settlement {
                Settlement::none()
            }

            #[step(after(r#type), pivot, retry(backoff = "1s..1m"))]
            async fn ship(&self, r#type: &Kind, cx: &StepContext<Services>) -> Answer<Shipment> {
                cx.services().ship(r#type).await
            }

            #[send]
            fn mark_shipped(&self, ship: &Shipment) -> ShipOrder {
                ShipOrder::of(ship)
            }

            #[failed]
            fn give_up(&self, failure: &SagaFailure) -> CancelOrder {
                CancelOrder::because(failure)
            }
        }
    }
}

pub(in crate::tests) fn saga_under_cfg() -> TokenStream {
    quote! {
        impl Fulfilment {
            #[cfg(feature = "stock")]
            #[step(read_only)]
            async fn reserve(&self) -> Result<u64, StepError> {
                Ok(1)
            }

            #[send(undo = reopen)]
            fn close(&self) -> CloseOrder {
                CloseOrder {}
            }

            #[undo]
            fn reopen(&self) -> ReopenOrder {
                ReopenOrder {}
            }
        }
    }
}

pub(in crate::tests) fn reactor() -> TokenStream {
    quote! {
        impl Inventory {
            #[on]
            async fn placed(&self, event: &Recorded<OrderPlaced>, effects: &mut Effects) -> Result<(), Refused> {
                effects.send(self.reserve(event))
            }

            #[cfg(feature = "returns")]
            #[on]
            fn returned(&self, event: &OrderReturned) {
                self.count();
            }
        }
    }
}
