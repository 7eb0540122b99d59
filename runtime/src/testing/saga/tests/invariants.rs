//! What the invariants of a test find: an outside that pays no heed to keys.

use std::sync::Mutex;

use crate::prelude::*;
use crate::testing::explore;

/// A bank that charges whenever it is asked to, or once a key.
#[derive(Default)]
struct Bank {
    heeds_keys: bool,
    charged: Mutex<Vec<Uuid>>,
}

impl Bank {
    fn charge(&self, key: Uuid) {
        let mut charged = self.charged.lock().unwrap();
        if !self.heeds_keys || !charged.contains(&key) {
            charged.push(key);
        }
    }
}

#[derive(Serialize, Deserialize, Saga)]
#[kenning(name = "kit-purchase", version = 1, id = id)]
struct Purchase {
    id: u64,
}

#[saga(services = Bank)]
impl Purchase {
    #[step(undo = refund)]
    async fn charge(&self, cx: &StepContext<Bank>) -> Result<(), StepError> {
        cx.services().charge(cx.key());
        Ok(())
    }
    #[undo]
    async fn refund(&self, cx: &StepContext<Bank>, _: Option<&()>) -> Result<(), StepError> {
        cx.services().charged.lock().unwrap().retain(|key| *key != cx.step_key());
        Ok(())
    }
    #[step(pivot)]
    async fn ship(&self, _: &StepContext<Bank>) -> Result<(), StepError> {
        Ok(())
    }
}

fn purchase(heeds_keys: bool) -> crate::testing::Explore<Purchase> {
    explore::<Purchase>(move || Bank { heeds_keys, ..Bank::default() })
        .start(Purchase { id: 7 })
        .invariant("whoever gets something has paid once", |purchase| {
            !purchase.is_completed() || purchase.services().charged.lock().unwrap().len() == 1
        })
}

#[test]
fn trap_40_a_step_that_cannot_be_repeated_is_found() {
    let found = purchase(false).find().expect_err("the bank has to be found out");
    assert_eq!(found.broken(), ["the invariant of the test: whoever gets something has paid once"]);
    assert_eq!(
        found.went_wrong(),
        ["the first attempt at `charge` panics, and it was done"],
        "as little as possible goes wrong"
    );
    let shown = found.to_string();
    assert!(
        shown
            .starts_with("the exploration of `kit-purchase` has found a run that breaks a rule\n\nbroken:\n")
    );
    assert!(shown.contains("process 1 has done `charge`\n"), "{shown}");
    assert!(shown.contains("the log of `7`, which is completed:\n"), "{shown}");
}

#[test]
fn trap_40_a_bank_that_heeds_keys_is_not() {
    let explored = purchase(true).at_most(600).run();
    assert!(explored.runs() == 600 || explored.is_exhausted(), "{explored:?}");
}

#[test]
fn the_same_seed_goes_the_same_ways() {
    let explored = |seed| purchase(true).at_most(300).seed(seed).find().unwrap();
    assert_eq!(explored(5), explored(5));
}
