//! Projections, behind the feed and in the transactions of appends: on both stores, and what only a database can do to them.

mod clerk;
mod cut;
mod follow;
mod inline;
