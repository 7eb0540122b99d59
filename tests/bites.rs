//! The contract suites bite: each rule rejects one named wrong store.
//!
//! A wrong store is the memory store with one fault. Each test runs a rule twice: on the store
//! without a fault, which keeps it, and on the wrong one, which must be rejected. A last test
//! holds these lists to the suites: a rule without a wrong store fails it.

mod consumers;
mod fault;
mod rules;
mod sagas;
mod store;
mod transactions;
mod wrong;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::fault::Fault;

/// Fails unless the rule accepts the store without a fault and rejects the wrong one.
fn rejects(fault: Fault, rule: impl Fn(Fault)) {
    rule(Fault::None);
    let answer = catch_unwind(AssertUnwindSafe(|| rule(fault)));
    assert!(answer.is_err(), "the rule accepts a store that {fault:?}");
}

/// For suites that run in real time.
fn real_time() {}

/// Makes a test of each rule with its wrong store, and the list of the rules. `begin` runs first:
/// suites that wait by tokio's time pause it.
macro_rules! bites {
    ($suite:ident, $begin:path; $($topic:ident { $($rule:ident => $fault:ident)* })*) => {
        /// The rules that have a wrong store here.
        pub(super) const RULES: &[&str] = &[$($(stringify!($rule)),*),*];

        $(mod $topic {
            $(#[test]
            fn $rule() {
                $crate::bites::rejects($crate::bites::fault::Fault::$fault, |fault| {
                    let store = async {
                        $begin();
                        $crate::bites::wrong::Wrong::new(fault)
                    };
                    kenning::testing::$suite::check(store, async |store| {
                        kenning::testing::$suite::$topic::$rule(store).await;
                    });
                });
            })*
        })*
    };
}
use bites;
