//! Tokens as messages show them, and as they are compared.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens as a person would write a type: `Vec<LineItem>`, `&'a str`.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    let mut out = String::new();
    write(&mut out, tokens.into_token_stream());
    out
}

/// `a, b or c`
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [first @ .., second, last] => {
            let first: String = first.iter().map(|word| format!("{word}, ")).collect();
            format!("{first}{second} or {last}")
        }
        one => one.concat(),
    }
}

/// Whether the two are written alike. Syn's types compare only with its feature `extra-traits`, which doubles what it costs to build.
pub(crate) fn same(one: impl ToTokens, other: impl ToTokens) -> bool {
    text(one) == text(other)
}

fn write(out: &mut String, tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                write(out, group.stream());
                out.push_str(close);
            }
            TokenTree::Punct(punct) => {
                out.push(punct.as_char());
                if matches!(punct.as_char(), ',' | ';' | '+') {
                    out.push(' ');
                }
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {
                if out.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    out.push(' ');
                }
                out.push_str(&token.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::text;

    #[test]
    fn types_read_as_they_are_written() {
        assert_eq!(text(quote!(Vec<(LineItem, u8)>)), "Vec<(LineItem, u8)>");
        assert_eq!(text(quote!(&'a mut [u8; 4])), "&'a mut[u8; 4]");
        assert_eq!(text(quote!(::std::vec::Vec<u8>)), "::std::vec::Vec<u8>");
    }
}
