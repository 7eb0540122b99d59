//! The payment of an order: taken by the provider at once, settled by the bank when it pleases.

use kenning::prelude::*;

use crate::order::OrderId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "payment.taken")]
pub struct PaymentTaken {
    pub payment_id: String,
    pub amount: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "payment.settled")]
pub struct PaymentSettled {
    pub amount: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum PaymentEvent {
    Taken(PaymentTaken),
    Settled(PaymentSettled),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Aggregate)]
#[kenning(category = "payment", id = OrderId, events = PaymentEvent)]
pub struct Payment {
    taken: i64,
    settled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Payment)]
pub struct RecordPayment {
    #[kenning(id)]
    pub order_id: OrderId,
    pub payment_id: String,
    pub amount: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Payment)]
pub struct SettlePayment {
    #[kenning(id)]
    pub order_id: OrderId,
}

#[aggregate]
impl Payment {
    #[command]
    fn record(&self, command: RecordPayment) -> PaymentTaken {
        PaymentTaken { payment_id: command.payment_id, amount: command.amount }
    }

    /// What is settled stays settled.
    #[command]
    fn settle(&self, _: SettlePayment) -> Option<PaymentSettled> {
        (!self.settled).then_some(PaymentSettled { amount: self.taken })
    }

    #[apply]
    fn taken(&mut self, event: &PaymentTaken) {
        self.taken = event.amount;
    }

    #[apply]
    fn settled(&mut self, _: &PaymentSettled) {
        self.settled = true;
    }
}

/// Stands for the bank, which settles what was taken.
#[derive(Clone, Copy, Debug)]
pub struct Bank;

#[reactor(name = "bank", version = 1)]
impl Bank {
    #[on]
    fn taken(&self, event: &Recorded<PaymentTaken>, effects: &mut Effects) {
        effects.send(SettlePayment { order_id: OrderId(event.stream().id().to_owned()) });
    }
}
