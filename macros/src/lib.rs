//! The macros of kenning. They are documented where users find them, at their re-exports in the crate `kenning`.

mod attr;
mod ctxt;
mod derive;
mod fallback;
mod generics;
mod keys;
mod krate;
mod names;
mod suggest;
mod symbol;
