//! What the orders cost.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use orders::{Cents, Entry, OrdersFile};

use crate::Failure;

/// What each order costs, in cents.
pub(crate) enum Amounts {
    /// It follows from its number.
    Made,
    /// The first order costs what the first one of a file does, and so on, from the beginning again when the file is at its end.
    OfFile(Vec<i64>),
}

impl Amounts {
    /// Reads the totals of a file's orders, as the example `orders` does. Those of no item, and those that cannot be read, are passed over.
    pub(crate) fn read(path: Option<&Path>, orders: u64) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Made) };
        let named = |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", path.display());
        let file = File::open(path).map_err(|error| named(&error))?;
        let mut amounts = Vec::new();
        for entry in OrdersFile::open(BufReader::new(file)).map_err(|error| named(&error))? {
            if amounts.len() as u64 == orders {
                break;
            }
            if let Entry::Order(order) = entry.map_err(|error| named(&error))? {
                let total = Cents::total(&order.command.items).map(|total| total.0);
                amounts.extend(total.filter(|&total| total > 0));
            }
        }
        if amounts.is_empty() {
            return Err(format!("{} has no order that costs anything", path.display()).into());
        }
        Ok(Self::OfFile(amounts))
    }

    /// That of the order of this number, from 1.
    pub(crate) fn of(&self, number: u64) -> i64 {
        match self {
            // From $5 to $504.99, in no order.
            Self::Made => 500 + (number.wrapping_mul(7_919) % 50_000).cast_signed(),
            Self::OfFile(amounts) => {
                let nth = number.saturating_sub(1) % amounts.len() as u64;
                usize::try_from(nth).ok().and_then(|nth| amounts.get(nth)).copied().unwrap_or_default()
            }
        }
    }
}
