//! The lists of this folder are those of the suites.

use std::collections::BTreeSet;

use super::{consumers, sagas, store, transactions};

/// The rules that the suite's macro of this name lists.
fn listed<'a>(source: &'a str, suite: &str) -> BTreeSet<&'a str> {
    let start = source.find(&format!("macro_rules! {suite}")).expect("the suite has a macro");
    let text = &source[start..];
    let text = &text[..text.find("\n}").expect("the macro ends")];
    let is_rule = |line: &&str| {
        line.starts_with("                ")
            && line
                .trim()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    text.lines().filter(is_rule).map(str::trim).filter(|name| !name.is_empty()).collect()
}

fn has_all(listed: &BTreeSet<&str>, here: &[&str]) {
    let here: BTreeSet<_> = here.iter().copied().collect();
    let missing: Vec<_> = listed.difference(&here).collect();
    let unknown: Vec<_> = here.difference(listed).collect();
    assert!(listed.len() > 10, "the suite's list is not where it was");
    assert!(missing.is_empty(), "rules without a wrong store: {missing:#?}");
    assert!(unknown.is_empty(), "wrong stores without a rule: {unknown:#?}");
}

const STORE: &str = include_str!("../../runtime/src/testing/store_contract.rs");
const CONSUMERS: &str = include_str!("../../runtime/src/testing/consumer_contract.rs");
const SAGAS: &str = include_str!("../../runtime/src/testing/saga_contract.rs");

#[test]
fn every_rule_of_the_store_contract_has_a_wrong_store() {
    has_all(&listed(STORE, "store_contract"), store::RULES);
}

#[test]
fn every_rule_of_the_transaction_contract_has_a_wrong_store() {
    has_all(&listed(STORE, "transaction_contract"), transactions::RULES);
}

#[test]
fn every_rule_of_the_consumer_contract_has_a_wrong_store() {
    has_all(&listed(CONSUMERS, "consumer_contract"), consumers::RULES);
}

#[test]
fn every_rule_of_the_saga_contract_has_a_wrong_store() {
    has_all(&listed(SAGAS, "saga_contract"), sagas::RULES);
}
