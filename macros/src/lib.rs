//! The macros of kenning. They are documented where users find them, at their re-exports in the crate `kenning`.

mod attr;
mod ctxt;
mod derive;
mod fallback;
mod generics;
mod keys;
mod krate;
mod names;
mod schema;
mod suggest;
mod symbol;

use proc_macro::TokenStream;

#[proc_macro_derive(Schema, attributes(kenning))]
#[expect(missing_docs, reason = "documented at the re-export")]
pub fn schema(input: TokenStream) -> TokenStream {
    derive::run(input.into(), schema::derive).into()
}
