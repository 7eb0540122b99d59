//! A saga of two releases: what only an upgrade shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::prelude::*;
use crate::saga::{InFlight, Migrated};
use crate::testing::{Dimension, Explore, explore};

/// A bank that keeps what was charged under each key. A key that was refunded is closed.
#[derive(Default)]
pub(super) struct Bank {
    charged: Mutex<BTreeMap<Uuid, i64>>,
    closed: Mutex<BTreeSet<Uuid>>,
}

impl Bank {
    fn charge(&self, key: Uuid, cents: i64) {
        if !self.closed.lock().unwrap().contains(&key) {
            self.charged.lock().unwrap().insert(key, cents);
        }
    }

    fn refund(&self, key: Uuid) {
        self.closed.lock().unwrap().insert(key);
        self.charged.lock().unwrap().remove(&key);
    }

    fn charges(&self) -> usize {
        self.charged.lock().unwrap().len()
    }
}

pub(super) mod old {
    use super::Bank;
    use crate::prelude::*;

    #[derive(Serialize, Deserialize, Saga)]
    #[kenning(name = "kit-subscription", version = 1, id = id)]
    pub(in super::super) struct Subscription {
        pub(in super::super) id: u64,
    }

    #[saga(services = Bank)]
    impl Subscription {
        #[step(undo = refund)]
        async fn charge(&self, cx: &StepContext<Bank>) -> Result<i64, StepError> {
            cx.services().charge(cx.key(), 300);
            Ok(300)
        }
        #[undo]
        async fn refund(&self, cx: &StepContext<Bank>, _: Option<&i64>) -> Result<(), StepError> {
            cx.services().refund(cx.step_key());
            Ok(())
        }
        #[step(pivot, after(charge))]
        async fn open(&self, _: &StepContext<Bank>) -> Result<(), StepError> {
            Ok(())
        }
    }
}

macro_rules! new {
    ($module:ident, |$migrated:ident| $moved:expr) => {
        pub(super) mod $module {
            use super::{Bank, InFlight, Migrated};
            use crate::prelude::*;

            /// The step `charge` is called `collect`, and there is a step more.
            #[derive(Serialize, Deserialize, Saga)]
            #[kenning(name = "kit-subscription", version = 2, id = id, migrate(from_1))]
            pub(in super::super) struct Subscription {
                pub(in super::super) id: u64,
            }

            fn from_1(old: &InFlight) -> Result<Migrated<Subscription>, StepError> {
                let old: super::old::Subscription = old.state()?;
                let $migrated = Migrated::new(Subscription { id: old.id });
                Ok($moved)
            }

            #[saga(services = Bank)]
            impl Subscription {
                #[step(undo = refund)]
                async fn collect(&self, cx: &StepContext<Bank>) -> Result<i64, StepError> {
                    cx.services().charge(cx.key(), 300);
                    Ok(300)
                }
                #[undo]
                async fn refund(&self, cx: &StepContext<Bank>, _: Option<&i64>) -> Result<(), StepError> {
                    cx.services().refund(cx.step_key());
                    Ok(())
                }
                #[step(pivot, after(collect))]
                async fn open(&self, _: &StepContext<Bank>) -> Result<(), StepError> {
                    Ok(())
                }
                #[step(after(open))]
                async fn greet(&self, _: &StepContext<Bank>) -> Result<(), StepError> {
                    Ok(())
                }
            }
        }
    };
}

new!(new, |migrated| migrated.rename("charge", "collect"));
new!(forgetful, |migrated| migrated.forget("charge"));

macro_rules! subscription {
    ($module:ident) => {
        explore::<$module::Subscription>(Bank::default)
            .upgraded_from::<old::Subscription>()
            .start_old(&old::Subscription { id: 7 })
            .invariant("a customer pays once", |one| !one.is_completed() || one.services().charges() == 1)
            .invariant("a customer without a subscription gets the money back", |one| {
                !one.is_compensated() || one.was_terminated() || one.services().charges() == 0
            })
    };
}

pub(super) fn subscription() -> Explore<new::Subscription> {
    subscription!(new)
}

#[test]
fn p5_p6_nothing_is_found_in_an_upgrade_that_renames_a_step() {
    let explored = subscription().at_most(1_000).run();
    println!("{explored}");
    assert!(explored.runs_with(Dimension::Upgrade) > 300, "{explored}");
    assert!(explored.completed() > 0 && explored.compensated() > 0, "{explored}");
}

/// Without `upgraded_from` nothing is found: each definition alone charges once.
#[test]
fn p6_an_upgrade_that_charges_again_under_another_key_is_found() {
    let found = subscription!(forgetful).find().expect_err("the upgrade has to be found out");
    println!("{found}");
    assert_eq!(found.broken(), ["the invariant of the test: a customer pays once"]);
    assert_eq!(found.went_wrong().len(), 1);
    assert!(found.went_wrong()[0].contains("the new release is deployed"), "{found}");
    let alone = explore::<forgetful::Subscription>(Bank::default)
        .start(forgetful::Subscription { id: 7 })
        .invariant("a customer pays once", |one| !one.is_completed() || one.services().charges() == 1);
    alone.at_most(300).run();
}

/// An upgrade without a migration: each instance under way is parked.
mod abrupt {
    use super::Bank;
    use crate::prelude::*;

    #[derive(Serialize, Deserialize, Saga)]
    #[kenning(name = "kit-subscription", version = 2, id = id)]
    pub(super) struct Subscription {
        pub(super) id: u64,
    }

    #[saga(services = Bank)]
    impl Subscription {
        #[step(undo = refund)]
        async fn collect(&self, cx: &StepContext<Bank>) -> Result<i64, StepError> {
            cx.services().charge(cx.key(), 300);
            Ok(300)
        }
        #[undo]
        async fn refund(&self, cx: &StepContext<Bank>, _: Option<&i64>) -> Result<(), StepError> {
            cx.services().refund(cx.step_key());
            Ok(())
        }
        #[step(pivot, after(collect))]
        async fn open(&self, _: &StepContext<Bank>) -> Result<(), StepError> {
            Ok(())
        }
    }
}

#[test]
fn p5_an_upgrade_without_a_migration_is_found() {
    let abrupt = explore::<abrupt::Subscription>(Bank::default)
        .upgraded_from::<old::Subscription>()
        .start_old(&old::Subscription { id: 7 })
        .invariant("an upgrade parks nothing", |one| !one.is_parked());
    let found = abrupt.find().expect_err("the missing migration has to be found");
    println!("{found}");
    assert_eq!(found.broken(), ["the invariant of the test: an upgrade parks nothing"]);
    assert!(found.went_wrong()[0].contains("the new release is deployed"), "{found}");
}
