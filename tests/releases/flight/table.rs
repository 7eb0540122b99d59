//! P12: what may change in a saga while instances are in flight. The upgrade guide has a rendering of it, and each row is run, on
//! both stores, in both orders, as a rolling deploy, and with a canary that is rolled back.

use kenning::testing::{Change, Lock};

use super::deploys::{Deploy, deployed};
use super::rows::{ROWS, catalog};
use crate::releases::consumers::Both;
use crate::support::on_both_stores;

/// What becomes of instances that were in flight before the other release ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// They continue.
    Continue,
    /// They are parked, with this text in the reason. The release that they follow, and `retry`, has them continue.
    Park(&'static str),
    /// They wait for the release that they follow: with a reason after two leases, or in front of an event that only that release handles.
    Wait,
}

impl Must {
    const fn text(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Park(_) => "parked: need a migration",
            Self::Wait => "wait for the newer release",
        }
    }
}

/// A change between two releases, in a saga of its own.
#[derive(Debug)]
pub struct Row {
    pub saga: &'static str,
    pub change: &'static str,
    /// Instances of the older release, when the newer one runs.
    pub forward: Must,
    /// Instances of the newer release, when it is rolled back.
    pub back: Must,
    /// What every instance has done in the end, whichever release did it.
    pub always: &'static [&'static str],
}

impl Row {
    /// The newer release passes over what instances of the older one wait for, as the lock says.
    pub fn loses_the_event(&self) -> bool {
        matches!(self.saga, "wait-gone" | "wait-other")
    }

    /// The newer release has the saga's consumer and passes over what instances of the older one wait for, so that these continue
    /// when the older release has stopped.
    pub fn continues_later(&self) -> bool {
        self.loses_the_event() || self.saga == "wait-gone-migrated"
    }

    /// The newer release handles an event that the older one does not, before all else.
    pub fn starts_otherwise(&self) -> bool {
        matches!(self.saga, "start-other" | "start-second")
    }
}

/// The table as the upgrade guide has it.
fn rendered() -> String {
    let mut text = String::from(
        "| the change | instances in flight | the newer release's instances, when it is rolled back |\n|--|--|--|\n",
    );
    for row in ROWS {
        text.push_str(&format!("| {} | {} | {} |\n", row.change, row.forward.text(), row.back.text()));
    }
    text
}

#[test]
fn p12_the_upgrade_guide_has_the_table_of_sagas_that_is_run() {
    let page = include_str!("../../../runtime/src/docs/upgrades.md");
    assert!(page.contains(&rendered()), "write this into upgrades.md:\n{}", rendered());
}

/// What parks instances fails the lock test first, and nothing else does.
#[test]
fn p12_the_lock_refuses_what_instances_in_flight_do_not_survive() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let changes = Lock::of(&catalog(false, row.saga)).compare(&Lock::of(&catalog(true, row.saga)));
        let refuses = changes.iter().any(Change::is_breaking);
        if refuses != matches!(row.forward, Must::Park(_)) {
            wrong.push(format!("{}: {changes:#?}", row.change));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

on_both_stores! {
    p12_the_older_release_runs_then_the_newer
    p12_the_newer_release_runs_then_the_older
    p12_both_releases_run_at_once
    p12_a_canary_is_rolled_back
}

async fn p12_the_older_release_runs_then_the_newer<H: Both>(home: H) {
    deployed(home, Deploy::Forward).await;
}

async fn p12_the_newer_release_runs_then_the_older<H: Both>(home: H) {
    deployed(home, Deploy::Back).await;
}

async fn p12_both_releases_run_at_once<H: Both>(home: H) {
    deployed(home, Deploy::Rolling).await;
}

async fn p12_a_canary_is_rolled_back<H: Both>(home: H) {
    deployed(home, Deploy::Canary).await;
}
