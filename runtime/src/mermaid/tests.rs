//! Diagrams, and whether they are of Mermaid's language.

mod drawn;
mod language;
