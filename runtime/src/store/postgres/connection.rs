//! A connection outside the pool, known by the server process behind it.

use std::future::Future;
use std::io;
use std::task::Poll;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Error, PgConnection, Row};
use time::OffsetDateTime;

use super::server::{Met, Server};
use crate::panics;
use crate::store::Timeline;

/// How often a session is opened that the server ends at once.
const ATTEMPTS: u32 = 4;

/// The server process behind a connection. Process ids are used again; with the time of the start they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) pid: i32,
    pub(super) started: OffsetDateTime,
}

impl Backend {
    /// As `identify_backend.sql` answers.
    pub(super) fn of(row: &PgRow) -> Result<Self, Error> {
        Ok(Self { pid: row.try_get(0)?, started: row.try_get(1)? })
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) inner: PgConnection,
    pub(super) backend: Backend,
    /// The timeline of its server.
    pub(super) timeline: Timeline,
    /// Commits wait for a synchronous standby.
    pub(super) replicated: bool,
    /// A position that was drawn before anything this session writes from now on.
    pub(super) highest: i64,
}

impl Connection {
    /// Connects. An error has the address.
    pub(super) async fn connect(server: &Server, options: &PgConnectOptions) -> Result<PgConnection, Error> {
        let mut connecting = std::pin::pin!(options.connect());
        // sqlx panics on some answers of another kind of server, as a greeting of MySQL.
        let connected = std::future::poll_fn(|context| {
            let polled = panics::caught(|| connecting.as_mut().poll(context));
            let unread = |panic| Error::Protocol(format!("the answer could not be read: {panic}"));
            polled.unwrap_or_else(|panic| Poll::Ready(Err(unread(panic))))
        });
        connected.await.map_err(|error| named(server, error))
    }

    /// Learns which server a connection leads to. An error has the address.
    pub(super) async fn meet(server: &Server, connection: &mut PgConnection) -> Result<Met, Error> {
        server.meet(connection).await.map_err(|error| named(server, error))
    }

    async fn open_once(server: &Server, options: &PgConnectOptions) -> Result<Self, Error> {
        let mut inner = Self::connect(server, options).await?;
        let Met { backend, timeline, replicated, drawn } = Self::meet(server, &mut inner).await?;
        Ok(Self { inner, backend, timeline, replicated, highest: drawn })
    }

    /// Connects to the server, unless that is a standby or read-only.
    pub(super) async fn open(
        server: &Server,
        options: &PgConnectOptions,
        at_most: Duration,
    ) -> Result<Self, Error> {
        let open = async {
            let mut attempt = 1;
            loop {
                match Self::open_once(server, options).await {
                    // The server ended the new session: an operator ends all, or it shuts down.
                    Err(error @ Error::Database(_)) if attempt < ATTEMPTS && is_ended(&error) => {
                        tracing::debug!(attempt, %error, "connects again");
                        attempt += 1;
                    }
                    done => return done,
                }
            }
        };
        let opened = tokio::time::timeout(at_most, open).await;
        opened.unwrap_or_else(|_| Err(server.unusable(format_args!("no answer within {at_most:?}"))))
    }
}

fn is_ended(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("57P01"))
}

/// The error of a connection attempt, with the address.
fn named(server: &Server, error: Error) -> Error {
    match error {
        Error::Io(error) if error.kind() != io::ErrorKind::NotConnected => {
            Error::Io(io::Error::new(error.kind(), format!("{}: {error}", server.address())))
        }
        error => error,
    }
}
