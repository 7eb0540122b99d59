//! What orders are made of.

use std::fmt;

use kenning::prelude::*;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The shop's number of an order.
    OrderId
}

id! {
    /// The shop's number of a customer.
    CustomerId
}

id! {
    /// The shop's number of a product.
    ProductId
}

/// So much of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct LineItem {
    pub product_id: ProductId,
    pub quantity: u32,
    /// The price of the whole line, not of one piece.
    pub amount: Cents,
}

/// An amount of money, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Schema)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    pub const MAX: Self = Self(i64::MAX);

    /// What the items cost together; `None` beyond [`MAX`](Self::MAX).
    pub fn total(items: &[LineItem]) -> Option<Self> {
        items.iter().try_fold(0_i64, |sum, item| sum.checked_add(item.amount.0)).map(Self)
    }
}
