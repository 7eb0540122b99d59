//! Reactors on both stores: what they cause is there once, whatever fails, and in the order of its causes.

mod calls;
mod choreography;
mod cut;
mod once;
mod parked;
mod shop;
mod supplier;
mod together;
