//! The ways in which a database goes back to an earlier time, behind an address that stays.

use kenning::Kenning;
use kenning_tests::storm::Add;
use sqlx::Connection;

use super::node::Node;
use super::pair::{Pair, Replication};
use crate::adversary::postgres::{run, session};
use crate::adversary::until;
use crate::support::database;
use crate::support::proxy::Proxy;

/// A database that can go back.
pub(super) enum Past {
    /// The primary is lost with what its asynchronous standby does not have: a new timeline.
    LostPrimary(Pair),
    /// As before, but the old primary is alive, and had further commits after its standby was
    /// promoted.
    LivePrimary(Pair),
    /// A copy of the data folder.
    Copied(Copied),
    /// A copy of the database in the same server, under its name.
    Renamed(String, Proxy),
}

/// A server and the copy of its data folder.
pub(super) struct Copied {
    node: Node,
    copy: Option<Node>,
    address: Proxy,
    /// Whether the copy recovers up to a point in time, which begins a new timeline. Without it the
    /// copy has the same identity and the same timeline.
    recovers: bool,
    /// The point in time.
    lsn: String,
}

/// The kinds of [`Past`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    LostPrimary,
    LivePrimary,
    Folder,
    PointInTime,
    Renamed,
}

impl Past {
    pub(super) async fn new(kind: Kind) -> Self {
        match kind {
            Kind::LostPrimary => Self::LostPrimary(Pair::new(Replication::Asynchronous).await),
            Kind::LivePrimary => Self::LivePrimary(Pair::new(Replication::Asynchronous).await),
            Kind::Folder | Kind::PointInTime => {
                let node = Node::new().await;
                let address = Proxy::before(&node.url).await;
                let recovers = kind == Kind::PointInTime;
                Self::Copied(Copied { node, copy: None, address, recovers, lsn: String::new() })
            }
            Kind::Renamed => {
                let url = database().await;
                let address = Proxy::before(&url).await;
                Self::Renamed(url, address)
            }
        }
    }

    /// The URL of the database of today, without the address.
    pub(super) fn direct(&self) -> String {
        match self {
            Self::LostPrimary(pair) | Self::LivePrimary(pair) => pair.primary.url.clone(),
            Self::Copied(copied) => copied.node.url.clone(),
            Self::Renamed(url, _) => url.clone(),
        }
    }

    /// The URL of the database that is left.
    pub(super) fn survivor(&self) -> String {
        match self {
            Self::LostPrimary(pair) | Self::LivePrimary(pair) => pair.standby.url.clone(),
            Self::Copied(copied) => copied.copy.as_ref().expect("it has gone back").url.clone(),
            Self::Renamed(url, _) => url.clone(),
        }
    }

    /// The URL of the clients.
    pub(super) fn url(&self) -> String {
        let address = match self {
            Self::LostPrimary(pair) | Self::LivePrimary(pair) => &pair.address,
            Self::Copied(copied) => &copied.address,
            Self::Renamed(_, address) => address,
        };
        address.url(&self.direct())
    }

    /// What is stored from now on will be lost.
    pub(super) async fn remember(&mut self) {
        match self {
            Self::LostPrimary(pair) => {
                pair.caught_up().await;
                pair.part();
            }
            Self::LivePrimary(pair) => {
                pair.caught_up().await;
                pair.part();
                pair.standby.promote().await;
            }
            Self::Copied(Copied { node, copy, lsn, .. }) => {
                node.shut().await;
                *copy = Some(Node::copy_of(node).await);
                node.start().await;
                *lsn = node.value("select pg_current_wal_insert_lsn()::text").await;
            }
            Self::Renamed(url, address) => {
                alone(url, address, &[&format!("create database {0}_then template {0}", name(url))]).await;
            }
        }
    }

    /// Goes back.
    pub(super) async fn go_back(&mut self) {
        match self {
            Self::LostPrimary(pair) => pair.fail_over().await,
            Self::LivePrimary(pair) => pair.address.switch(&pair.standby.url),
            Self::Copied(Copied { node, copy, address, recovers, lsn }) => {
                let copy = copy.as_mut().expect("it was remembered");
                node.kill().await;
                if *recovers {
                    copy.recover_to(node, lsn);
                }
                copy.start().await;
                copy.until("the recovery to end", "select not pg_is_in_recovery()").await;
                address.switch(&copy.url);
            }
            Self::Renamed(url, address) => {
                let name = name(url);
                let lost = format!("alter database {name} rename to {name}_lost");
                alone(url, address, &[&lost, &format!("alter database {name}_then rename to {name}")]).await;
            }
        }
    }
}

fn name(url: &str) -> &str {
    let (_, database) = url.rsplit_once('/').expect("the URL has a database");
    database.split('?').next().unwrap_or_default()
}

/// Runs statements on a server while its database has no sessions.
async fn alone(url: &str, address: &Proxy, statements: &[&str]) {
    let (server, _) = url.rsplit_once('/').expect("the URL has a database");
    let mut admin = session(&format!("{server}/postgres")).await;
    address.refuse(true);
    address.cut();
    until("the sessions to end", async || {
        let sql = "select count(pg_terminate_backend(pid)) = 0 from pg_stat_activity where datname = $1";
        sqlx::query_scalar(sql).bind(name(url)).fetch_one(&mut admin).await.expect("the server answers")
    })
    .await;
    for statement in statements {
        run(&mut admin, *statement).await;
    }
    address.refuse(false);
    admin.close().await.expect("the session ends");
}

/// Executes a command, under its id, until it is accepted.
pub(super) async fn accepted(app: &Kenning, command: Add) -> u64 {
    let mut version = 0;
    until("a command to be accepted", async || match app.execute(command.clone()).id(command.tag).await {
        Ok(executed) => {
            version = executed.version().get();
            true
        }
        Err(_) => false,
    })
    .await;
    version
}
