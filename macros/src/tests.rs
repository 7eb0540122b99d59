//! What the macros write, how much of it, and what they say. That it compiles and works is shown in the package kenning-tests, what the compiler adds to
//! it in `ui-tests`.

mod budget;
mod expansions;
mod inputs;
mod mistakes;
mod pages;

use proc_macro2::TokenStream;

/// The expansion as a formatted file; an expansion that is no Rust fails here.
fn pretty(tokens: &TokenStream) -> String {
    let file = syn::parse2(tokens.clone()).unwrap_or_else(|error| panic!("{error} in {tokens}"));
    prettyplease::unparse(&file)
}

/// The messages of an expansion, in order.
fn messages(tokens: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(tokens).unwrap();
    let macros = file.items.into_iter().filter_map(|item| match item {
        syn::Item::Macro(item) => Some(item.mac.tokens),
        _ => None,
    });
    macros.map(|message| syn::parse2::<syn::LitStr>(message).unwrap().value()).collect()
}

/// Compares with `macros/snapshots/<name>.snap`.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
