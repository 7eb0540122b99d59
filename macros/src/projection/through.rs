//! A handler that hands its transaction to sqlx in a way that sqlx does not take.

use proc_macro2::{Ident, TokenStream, TokenTree};

use super::ast::Transaction;
use crate::ctxt::Ctxt;
use crate::impl_block::Function;
use crate::signature::last_name;
use crate::text::text;

const RUNS: &[&str] =
    &["execute", "execute_many", "fetch", "fetch_all", "fetch_many", "fetch_one", "fetch_optional"];

/// Reports the first statement that is run on the transaction itself, and leaves out the body: the
/// compiler reports each call of the chain.
pub(super) fn check(cx: &Ctxt, function: &Function, name: Option<&Ident>, transaction: &Transaction<'_>) {
    let known =
        last_name(transaction.elem).is_some_and(|name| name == "PgTransaction" || name == "Transaction");
    let Some(name) = name.filter(|_| known) else { return };
    let Some((method, handed)) = misused(function.body(), &name.to_string()) else { return };
    let message = format!("sqlx cannot run a statement on `{}`", text(&handed).replace("&mut*", "&mut *"));
    cx.help(handed, message, format_args!("write `.{method}(&mut **{name})`"));
    function.silence();
}

/// The method, and what is handed to it, where it is the last one of a chain that begins with `sqlx::`.
fn misused(body: TokenStream, name: &str) -> Option<(String, TokenStream)> {
    let (mut of_sqlx, mut dotted, mut method) = (false, false, None);
    // How deep within the arguments of a type.
    let mut depth = 0_usize;
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let called = std::mem::take(&mut method);
        match token {
            TokenTree::Ident(ident) => {
                let (word, next) = (ident.to_string(), tokens.peek());
                let path = matches!(next, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
                of_sqlx |= word == "sqlx" && path;
                method = (dotted && of_sqlx && RUNS.contains(&word.as_str())).then_some(word);
                dotted = false;
            }
            TokenTree::Punct(punct) => {
                dotted = punct.as_char() == '.';
                match punct.as_char() {
                    '<' => depth += 1,
                    '>' => depth = depth.saturating_sub(1),
                    ';' | '=' | '?' => (of_sqlx, depth) = (false, 0),
                    ',' if depth == 0 => of_sqlx = false,
                    _ => {}
                }
            }
            TokenTree::Group(group) => {
                let handed = text(group.stream());
                let wrong = [name.to_owned(), format!("&mut {name}"), format!("&mut*{name}")];
                if let Some(called) = called.filter(|_| wrong.contains(&handed)) {
                    return Some((called, group.stream()));
                }
                if let Some(found) = misused(group.stream(), name) {
                    return Some(found);
                }
                dotted = false;
            }
            TokenTree::Literal(_) => dotted = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::misused;

    #[test]
    fn only_statements_of_sqlx_are_looked_at() {
        for wrong in [
            quote!(sqlx::query("…").bind(1).execute(tx).await?;),
            quote!({ kenning::sqlx::query("…").execute(&mut *tx).await }),
            quote!(let row = sqlx::query_as::<_, (i64,)>("…").fetch_one(&mut tx).await?;),
        ] {
            assert!(misused(wrong.clone(), "tx").is_some(), "{wrong}");
        }
        for right in [
            quote!(sqlx::query("…").bind(1).execute(&mut **tx).await?;),
            quote!(let text = sqlx::query("…").sql(); repo.execute(tx)),
            quote!(repo.execute(tx).await?;),
            quote!(sqlx::query("…").bind(repo.fetch_one(tx).await?).execute(&mut **tx)),
        ] {
            assert!(misused(right.clone(), "tx").is_none(), "{right}");
        }
    }
}
