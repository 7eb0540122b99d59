//! The rules for persisted names.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::ctxt::Ctxt;

/// As `kenning::limits::MAX_EVENT_NAME`.
const MAX_NAME: usize = 128;
/// With the mark of a generation, and that of an index, it has to fit the 63 bytes of PostgreSQL.
const MAX_TABLE: usize = 48;
/// The names of PostgreSQL.
const MAX_COLUMN: usize = 63;

/// The tables that Kenning keeps itself, in the same place.
const OWN_TABLES: [&str; 12] = [
    "events",
    "commands",
    "snapshots",
    "consumers",
    "consumer_partitions",
    "consumer_workers",
    "parked_events",
    "sagas",
    "saga_log",
    "saga_messages",
    "saga_workers",
    "saga_definitions",
];

/// The columns that every table of PostgreSQL has.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// A category with a dash and an id has to fit `kenning::MAX_STREAM_NAME`.
const MAX_CATEGORY: usize = 128;

/// Checks an event's persisted name.
pub(crate) fn check_event(cx: &Ctxt, name: &LitStr) {
    check(cx, name, "the name of an event", MAX_NAME, is_dashed);
}

/// Checks an aggregate's category: the rule of `kenning::StreamName`.
pub(crate) fn check_category(cx: &Ctxt, name: &LitStr) {
    check(cx, name, "a category", MAX_CATEGORY, |letter| matches!(letter, 'a'..='z' | '0'..='9' | '_' | '.'));
}

/// Checks the name under which a command enters the ledger.
pub(crate) fn check_command(cx: &Ctxt, name: &LitStr) {
    check(cx, name, "the name of a command", MAX_NAME, |letter| {
        letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
    });
}

/// Checks the name of a projection: `kenning::limits::MAX_CONSUMER_NAME`.
pub(crate) fn check_projection(cx: &Ctxt, name: &LitStr) {
    check(cx, name, "the name of a projection", MAX_NAME, is_dashed);
}

/// The name of a consumer, to be offered: `daily_revenue` of `DailyRevenue`.
pub(crate) fn consumer_of(ident: &str) -> String {
    corrected(ident, is_sql).unwrap_or_else(|| "revenue".to_owned())
}

/// Checks the name of a saga or a reactor: those of consumers, too.
pub(crate) fn check_consumer(cx: &Ctxt, name: &LitStr, what: &str) {
    check(cx, name, what, MAX_NAME, is_dashed);
}

/// Checks the name of a step, which is written, or that of its function.
pub(crate) fn check_step(cx: &Ctxt, written: Option<&LitStr>, function: &Ident) {
    let what = "the name of a step";
    let Some(written) = written else {
        let name = function.unraw().to_string();
        if let Some(problem) = problem(&name, what, MAX_NAME, is_dashed) {
            let better = corrected(&name, is_dashed).unwrap_or_else(|| "reserve".to_owned());
            let help = format!("write `name = \"{better}\"` in the mark, or give the function that name");
            cx.help(function, problem, help);
        }
        return;
    };
    check(cx, written, what, MAX_NAME, is_dashed);
}

/// Checks the name of a read model's table.
pub(crate) fn check_table(cx: &Ctxt, name: &LitStr) {
    let written = name.value();
    if OWN_TABLES.contains(&written.as_str()) {
        let help = format!("write, for instance, \"{written}_by_customer\"");
        cx.help(name, format_args!("the table `{written}` is one of Kenning's own"), help);
    } else if written.contains("__") && written.starts_with(|first: char| first.is_ascii_lowercase()) {
        let better = single(&written);
        let problem =
            "the name of a table has no `__`: what follows it is the mark of a table that is being built";
        cx.help(name, problem, format_args!("write \"{better}\""));
    } else {
        check_sql(cx, name, &written, "the name of a table", MAX_TABLE);
    }
}

/// Checks the name of a column, under the tokens that say it.
pub(crate) fn check_column(cx: &Ctxt, tokens: impl ToTokens, name: &str) {
    if SYSTEM_COLUMNS.contains(&name) {
        let problem = format!("every table of PostgreSQL has a column `{name}` of its own");
        cx.help(tokens, problem, format_args!("write `#[kenning(column = \"{name}_\")]`"));
    } else {
        check_sql(cx, tokens, name, "the name of a column", MAX_COLUMN);
    }
}

/// The name of the table of a read model, to be offered: `order_summary` of `OrderSummary`.
pub(crate) fn table_of(model: &str) -> String {
    corrected(model, is_sql).unwrap_or_else(|| "order_summaries".to_owned())
}

/// The name with one `_` between its parts.
fn single(name: &str) -> String {
    name.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

fn is_dashed(letter: char) -> bool {
    matches!(letter, 'a'..='z' | '0'..='9' | '_' | '-' | '.')
}

fn is_sql(letter: char) -> bool {
    matches!(letter, 'a'..='z' | '0'..='9' | '_')
}

fn check_sql(cx: &Ctxt, tokens: impl ToTokens, name: &str, what: &str, max: usize) {
    let problem = if name.is_empty() {
        format!("{what} cannot be empty")
    } else if name.len() > max {
        format!("{what} has at most {max} bytes, this one has {}", name.len())
    } else if let Some(letter) = name.chars().find(|letter| !is_sql(*letter)) {
        format!("{what} is of `a-z`, `0-9` and `_`, without {letter:?}")
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        format!("{what} begins with a letter")
    } else {
        return;
    };
    let better = corrected(name, is_sql).map(|better| single(&better)).filter(|better| better.len() <= max);
    let form =
        |name: &str| if max == MAX_COLUMN { format!("`column = \"{name}\"`") } else { format!("\"{name}\"") };
    let help =
        better.map_or_else(|| "write a shorter one".to_owned(), |better| format!("write {}", form(&better)));
    cx.help(tokens, problem, help);
}

fn check(cx: &Ctxt, literal: &LitStr, what: &str, max: usize, legal: fn(char) -> bool) {
    let name = literal.value();
    let Some(problem) = problem(&name, what, max, legal) else { return };
    match corrected(&name, legal) {
        Some(better) if better.len() <= max => cx.help(literal, problem, format_args!("write \"{better}\"")),
        _ => cx.help(literal, problem, "as in \"order\" or \"order.placed\""),
    }
}

fn problem(name: &str, what: &str, max: usize, legal: fn(char) -> bool) -> Option<String> {
    let charset = match (legal('A'), legal('-')) {
        (true, _) => "letters, digits, `_`, `-` and `.`",
        (false, true) => "`a-z`, `0-9`, `_`, `-` and `.`",
        (false, false) => "`a-z`, `0-9`, `_` and `.`",
    };
    if name.is_empty() {
        Some(format!("{what} cannot be empty"))
    } else if name.len() > max {
        Some(format!("{what} has at most {max} bytes, this one has {}", name.len()))
    } else if let Some(letter) = name.chars().find(|letter| !legal(*letter)) {
        Some(format!("{what} is of {charset}, without {letter:?}"))
    } else if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Some(format!("{what} begins with a letter"))
    } else if name.ends_with('.') || name.contains("..") {
        Some(format!("{what} has something before and after each `.`"))
    } else {
        None
    }
}

/// The name as it would be legal: `OrderPlaced` as `order_placed`.
fn corrected(name: &str, legal: fn(char) -> bool) -> Option<String> {
    let mut better = String::with_capacity(name.len() + 4);
    let mut lower = false;
    for letter in name.chars() {
        if legal(letter) {
            better.push(letter);
        } else if letter.is_ascii_uppercase() {
            if lower {
                better.push('_');
            }
            better.push(letter.to_ascii_lowercase());
        } else if !better.ends_with(['_', '.']) {
            better.push('_');
        }
        lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    let parts: Vec<&str> =
        better.split('.').map(|part| part.trim_matches('_')).filter(|part| !part.is_empty()).collect();
    let better = parts.join(".");
    better.starts_with(|first: char| first.is_ascii_alphabetic()).then_some(better)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::{check_category, check_column, check_command, check_event, check_table, table_of};
    use crate::ctxt::Ctxt;

    type Check = fn(&Ctxt, &syn::LitStr);

    fn said(check: Check, name: &str) -> Option<String> {
        let cx = Ctxt::new();
        check(&cx, &parse_quote!(#name));
        cx.check().err().map(|error| error.to_string())
    }

    #[test]
    fn legal_names_pass() {
        for name in ["order.placed", "order-placed", "o", "bank.account_2.opened"] {
            assert_eq!(said(check_event, name), None, "{name}");
        }
        assert_eq!(said(check_category, "bank.account"), None);
        assert_eq!(said(check_command, "PlaceOrder"), None);
    }

    #[test]
    fn tables_and_columns_have_names_that_every_store_takes() {
        let column: Check = |cx, name| check_column(cx, name, &name.value());
        for name in ["order_summaries", "o", "event", "orders_2"] {
            assert_eq!((said(check_table, name), said(column, name)), (None, None), "{name}");
        }
        assert_eq!((said(check_table, &"o".repeat(48)), said(column, &"o".repeat(63))), (None, None));
        assert_eq!((said(column, "a__b"), said(column, "events")), (None, None));
        let cases: [(Check, &str, &str); 9] = [
            (check_table, "Order__Summaries", "help: write \"order_summaries\""),
            (check_table, "order__summaries", "help: write \"order_summaries\""),
            (check_table, "_order", "begins with a letter"),
            (check_table, "parked_events", "one of Kenning's own"),
            (check_table, "", "cannot be empty"),
            (column, "xmin", "of its own"),
            (column, "größe", "without 'ö'"),
            (column, "_at", "help: write `column = \"at\"`"),
            (column, "totalCents", "help: write `column = \"total_cents\"`"),
        ];
        for (check, name, expected) in cases {
            let said = said(check, name).unwrap_or_default();
            assert!(said.contains(expected), "{name}: {said}");
        }
        assert!(said(check_table, &"o".repeat(49)).is_some() && said(column, &"o".repeat(64)).is_some());
        assert_eq!(table_of("OrderSummary"), "order_summary");
    }

    #[test]
    fn illegal_names_get_a_legal_one() {
        let cases: [(Check, &str, &str); 6] = [
            (check_event, "OrderPlaced", "help: write \"order_placed\""),
            (check_event, "order placed", "help: write \"order_placed\""),
            (check_event, "order..placed.", "help: write \"order.placed\""),
            (check_event, "", "help: as in \"order\" or \"order.placed\""),
            (check_event, "7", "begins with a letter"),
            (check_category, "order-line", "help: write \"order_line\""),
        ];
        for (check, name, expected) in cases {
            let said = said(check, name).unwrap_or_default();
            assert!(said.contains(expected), "{name}: {said}");
        }
    }
}
