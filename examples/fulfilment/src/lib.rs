//! The fulfilment of orders: what a shop asks of its inventory, its payment provider and its carrier, over processes that fail.
#![expect(missing_docs, reason = "the names say it, as in an application")]

pub mod services;
