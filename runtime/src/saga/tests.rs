//! Sagas on the memory store, on paused time.

mod fulfilment;
mod run;
