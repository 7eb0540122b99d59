//! What the macros accept. What they refuse is in `ui-tests`.

mod blocks;
mod hygiene;
mod odd;
mod order;
mod processes;
mod projections;
mod read_models;
mod renamed;
mod sagas;
mod upcasts;
