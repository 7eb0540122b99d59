//! Two releases on one database: the old one and the new one have the same persisted names.

mod aggregates;
mod consumer_kinds;
mod consumers;
mod crash;
mod events;
mod flight;
mod new;
mod old;
mod run;
mod table;
mod tour;
mod versions;
