//! A primary, its standby, and the address that clients use.

use super::node::Node;
use crate::support::proxy::Proxy;

/// How the primary's commits wait for the standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replication {
    /// A commit returns when the standby has it.
    Synchronous,
    /// A commit does not wait.
    Asynchronous,
}

/// Two servers and the address of the one that serves.
pub(super) struct Pair {
    pub(super) primary: Node,
    pub(super) standby: Node,
    pub(super) address: Proxy,
    /// Between the two.
    pub(super) link: Proxy,
}

impl Pair {
    pub(super) async fn new(replication: Replication) -> Self {
        Self::with_standby(replication, "").await
    }

    /// A pair whose standby has further settings.
    pub(super) async fn with_standby(replication: Replication, settings: &str) -> Self {
        let mut primary = Node::new().await;
        primary.shut().await;
        let mut standby = Node::copy_of(&primary).await;
        if replication == Replication::Synchronous {
            primary.configure("synchronous_standby_names = 'standby'");
        }
        primary.start().await;
        let link = Proxy::before(&primary.url).await;
        standby.follow(&link.url(&primary.url));
        standby.configure(settings);
        standby.start().await;
        let sql = match replication {
            Replication::Synchronous => {
                "select exists (select from pg_stat_replication \
                 where state = 'streaming' and sync_state = 'sync')"
            }
            Replication::Asynchronous => {
                "select exists (select from pg_stat_replication where state = 'streaming')"
            }
        };
        primary.until("the standby to follow", sql).await;
        let address = Proxy::before(&primary.url).await;
        Self { primary, standby, address, link }
    }

    /// The standby receives nothing from now on.
    pub(super) fn part(&self) {
        self.link.refuse(true);
        self.link.cut();
    }

    /// The standby receives again.
    pub(super) fn join(&self) {
        self.link.refuse(false);
    }

    /// What clients are told.
    pub(super) fn url(&self) -> String {
        self.address.url(&self.primary.url)
    }

    /// Waits until the standby shows everything that the primary has written.
    pub(super) async fn caught_up(&self) {
        let sql =
            "select count(*) > 0 and bool_and(replay_lsn >= pg_current_wal_lsn()) from pg_stat_replication";
        self.primary.until("the standby to catch up", sql).await;
    }

    /// Waits until a commit waits for the standby.
    pub(super) async fn commit_waits(&self) {
        let sql = "select exists (select from pg_stat_activity \
                   where wait_event = 'SyncRep' and backend_type = 'client backend')";
        self.primary.until("a commit to wait for the standby", sql).await;
    }

    /// The primary dies; the standby becomes the primary, and the address leads to it.
    pub(super) async fn fail_over(&self) {
        self.primary.kill().await;
        self.standby.promote().await;
        self.address.switch(&self.standby.url);
    }
}
