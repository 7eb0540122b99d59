//! Laws that hold for every structure, not only for those that somebody thought of.

mod file;
mod generate;
mod laws;
