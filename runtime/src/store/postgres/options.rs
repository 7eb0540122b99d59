//! How a PostgreSQL store is set up.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::time::Instant;

use super::PostgresStore;
use super::connection::Connection;
use super::error::SharedError;
use super::losses::{Losses, tested_after_losses};
use super::refused::Target;
use super::server::Server;
use super::sql::{Schema, Sql};
use super::suitable;
use crate::store::StoreError;

/// How many connections renew leases: one, and one for whoever looks at the consumers meanwhile.
const LEASE_CONNECTIONS: u32 = 2;

/// No timeout is longer: about 24 days, the most that the server takes.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// How a PostgreSQL store is set up; made by [`PostgresStore::options`].
///
/// Beside the pool a store keeps up to six connections: one appends, one notifies, one listens, one confirms what is on
/// synchronous standbys, and two renew leases. Connect directly, or through a pooler in session mode.
#[derive(Clone, Debug)]
#[must_use = "options do nothing until they connect"]
pub struct PostgresOptions {
    pub(super) schema: String,
    pub(super) max_connections: u32,
    pub(super) acquire_timeout: Duration,
    pub(super) statement_timeout: Duration,
    pub(super) idle_in_transaction_timeout: Duration,
    pub(super) recovery_timeout: Duration,
    pub(super) application_name: String,
    pub(super) batch_appends: usize,
    pub(super) batch_events: usize,
    pub(super) batch_bytes: usize,
    pub(super) queue_appends: usize,
    pub(super) queue_bytes: usize,
    pub(super) queue_timeout: Duration,
}

const SCHEME: &str = "postgres://";

const MODES: &str = "; `sslmode` is `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`";

/// The URL parser of sqlx takes any scheme.
fn check_scheme(url: &str) -> Result<(), StoreError> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let what = match scheme {
        Some("postgres" | "postgresql") => return Ok(()),
        // What comes before `://` in a text that is no URL may be anything, also a password.
        Some(scheme)
            if scheme.len() <= 32
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+') =>
        {
            format!("`{scheme}://`")
        }
        Some(_) | None => "no scheme".to_owned(),
    };
    Err(StoreError::Unsuitable(format!(
        "its URL begins with {what}; a URL of PostgreSQL begins with `{SCHEME}` or `postgresql://`"
    )))
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            schema: "kenning".to_owned(),
            max_connections: 16,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            idle_in_transaction_timeout: Duration::from_secs(60),
            recovery_timeout: Duration::from_secs(30),
            application_name: "kenning".to_owned(),
            batch_appends: 256,
            batch_events: 4_096,
            batch_bytes: 4 << 20,
            queue_appends: 4_096,
            queue_bytes: 64 << 20,
            queue_timeout: Duration::from_secs(5),
        }
    }
}

impl PostgresOptions {
    /// The schema that holds the store's tables, `kenning` by default; made by [`prepare`](crate::store::EventStore::prepare).
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// The most connections of the pool, 16 by default.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// How long to wait for a connection, 10 seconds by default; after that, [`StoreError::Unavailable`].
    pub fn acquire_timeout(mut self, at_most: Duration) -> Self {
        self.acquire_timeout = at_most.min(LONGEST);
        self
    }

    /// The server ends a statement that takes longer, 30 seconds by default. An append that is not answered five seconds after that is taken for a dead
    /// connection, and its outcome is found out.
    pub fn statement_timeout(mut self, at_most: Duration) -> Self {
        self.statement_timeout = at_most.min(LONGEST);
        self
    }

    /// The server ends a session that leaves a transaction open without a statement for longer, a minute by default: such a transaction holds the feed
    /// back when it has appended.
    pub fn idle_in_transaction_timeout(mut self, at_most: Duration) -> Self {
        self.idle_in_transaction_timeout = at_most.min(LONGEST);
        self
    }

    /// How long to go on finding out what became of an append whose connection died, 30 seconds by default; after that,
    /// [`StoreError::OutcomeUnknown`].
    pub fn recovery_timeout(mut self, at_most: Duration) -> Self {
        self.recovery_timeout = at_most;
        self
    }

    /// What the server shows as the name of the application, `kenning` by default.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    /// The most appends, events and payload bytes that one transaction of the group commit writes: 256, 4,096 and 4 MiB by default. An append that
    /// is larger is written alone.
    pub fn batch(mut self, appends: usize, events: usize, bytes: usize) -> Self {
        (self.batch_appends, self.batch_events, self.batch_bytes) = (appends.max(1), events, bytes);
        self
    }

    /// The most appends and payload bytes that wait to be written, 4,096 and 64 MiB by default, and how long one more waits for room, 5 seconds by
    /// default; after that, [`StoreError::Overloaded`].
    pub fn queue(mut self, appends: usize, bytes: usize, at_most: Duration) -> Self {
        (self.queue_appends, self.queue_bytes, self.queue_timeout) = (appends.max(1), bytes, at_most);
        self
    }

    /// Connects to the database of a `postgres://` URL. The schema is made by [`prepare`](crate::store::EventStore::prepare).
    ///
    /// # Errors
    /// With host and port, the reason and what to do, within [`acquire_timeout`](Self::acquire_timeout).
    /// [`StoreError::Unavailable`] may pass: nothing listens, no answer in time, the server starts or has no session
    /// left. [`StoreError::Unsuitable`] stays: a URL or a schema's name that cannot be, another kind of server, a role,
    /// password or database that is refused, TLS that one side requires and the other does not offer.
    pub async fn connect(self, url: &str) -> Result<PostgresStore, StoreError> {
        check_scheme(url)?;
        // The parser's error may repeat the URL, and with it the password.
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            let modes = if url.contains("sslmode") || url.contains("ssl-mode") { MODES } else { "" };
            StoreError::Unsuitable(format!(
                "its URL cannot be read: write `{SCHEME}user:password@host:port/database`, with `%40` for `@` and so \
                 on{modes}"
            ))
        })?;
        self.connect_with(options).await
    }

    /// Connects with sqlx's own options, for what a URL cannot say.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(self, connect: PgConnectOptions) -> Result<PostgresStore, StoreError> {
        let schema = Schema::new(&self.schema)?;
        let connect = self.session(connect);
        let losses = Arc::new(Losses::new());
        let sql = Arc::new(Sql::new(&schema));
        let server = Arc::new(Server::new(&connect, sql, Arc::clone(&losses)));
        // Outside the pool, which tries until its time is over and does not say why.
        let target = Target::new(&connect, server.address());
        let deadline = Instant::now() + self.acquire_timeout;
        let first = async {
            let mut first = Connection::connect(&server, &connect).await?;
            let unfit = suitable::check_name(&mut first).await.err();
            if unfit.is_none() {
                Connection::meet(&server, &mut first).await?;
            }
            Ok(unfit)
        };
        let silent = |_| Err(server.silent(self.acquire_timeout));
        match tokio::time::timeout_at(deadline, first).await.unwrap_or_else(silent) {
            Ok(None) => {}
            Ok(Some(unfit)) => return Err(unfit),
            Err(error) => return Err(target.explain(error, deadline - Instant::now()).await),
        }
        let pool = |connections| {
            let pool =
                PgPoolOptions::new().max_connections(connections).acquire_timeout(self.acquire_timeout);
            let known = Arc::clone(&server);
            tested_after_losses(pool, &losses, &server).after_connect(move |connection, _| {
                let server = Arc::clone(&known);
                Box::pin(async move { server.meet(connection).await.map(drop) })
            })
        };
        // Handlers may have all connections of the pool for as long as they take: leases are renewed all the same.
        let leases = pool(LEASE_CONNECTIONS).connect_lazy_with(connect.clone());
        let pool = pool(self.max_connections)
            .connect_with(connect.clone())
            .await
            .map_err(SharedError::unavailable)?;
        Ok(PostgresStore::start(self, schema, connect, (pool, leases), losses, server))
    }

    fn session(&self, connect: PgConnectOptions) -> PgConnectOptions {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        connect
            .application_name(&self.application_name)
            .options([
                ("statement_timeout", milliseconds(self.statement_timeout)),
                ("idle_in_transaction_session_timeout", milliseconds(self.idle_in_transaction_timeout)),
                // Whatever the role's default: each statement of the append has to see what was committed before it.
                ("default_transaction_isolation", "read committed".to_owned()),
                // The plans that avoid sequential scans look expensive enough to be compiled, which takes longer than they do.
                ("jit", "off".to_owned()),
            ])
            .disable_statement_logging()
    }
}
