//! Which server a store talks to: whether it can be written to, and whether it is still the one that was read before.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::counter;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{Error, PgConnection, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::Backend;
use super::error::Failure;
use super::losses::Losses;
use super::realign;
use super::sql::Sql;
use crate::store::Timeline;

/// What tells one state of one server from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    /// Of the cluster; `None`: this server does not say.
    system: Option<i64>,
    /// PostgreSQL's own timeline, which a promotion or a restore to an earlier time moves on.
    timeline: Option<String>,
    /// A restart may be one from a copy of the files of an earlier time.
    started: OffsetDateTime,
    database: i64,
    /// The sequence of the positions; `None`: the schema does not exist yet.
    positions: Option<i64>,
}

impl Identity {
    fn is_same(&self, other: &Self) -> bool {
        // The first `prepare` makes the schema.
        let same_schema = self.positions == other.positions || self.positions.is_none();
        same_schema && Self { positions: None, ..self.clone() } == Self { positions: None, ..other.clone() }
    }
}

/// An event that the server has said it has.
#[derive(Clone, Copy, Debug)]
struct Landmark {
    position: i64,
    event_id: Uuid,
}

#[derive(Debug, Default)]
struct Known {
    identity: Option<Identity>,
    landmark: Option<Landmark>,
}

/// What a new connection has learnt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) backend: Backend,
    pub(super) timeline: Timeline,
    /// Commits wait for a synchronous standby.
    pub(super) replicated: bool,
    /// The last position drawn; 0 without a schema.
    pub(super) drawn: i64,
}

/// The server under a store.
#[derive(Debug)]
pub(super) struct Server {
    address: String,
    sql: Arc<Sql>,
    losses: Arc<Losses>,
    /// The server refuses to say which system and timeline it is.
    plainly: AtomicBool,
    timeline: AtomicU64,
    /// The last session that was opened has synchronous standbys.
    replicated: AtomicBool,
    known: Mutex<Known>,
}

impl Server {
    pub(super) fn new(options: &PgConnectOptions, sql: Arc<Sql>, losses: Arc<Losses>) -> Self {
        let address = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        Self {
            address,
            sql,
            losses,
            plainly: AtomicBool::new(false),
            timeline: AtomicU64::new(Timeline::FIRST.get()),
            replicated: AtomicBool::new(false),
            known: Mutex::default(),
        }
    }

    // Never held over an await.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The timeline that is read now. A connection taken from a pool afterwards is of this one or of a later one.
    pub(super) fn timeline(&self) -> Timeline {
        Timeline::new(self.timeline.load(Ordering::Acquire))
    }

    pub(super) fn sql(&self) -> Arc<Sql> {
        Arc::clone(&self.sql)
    }

    /// Whether commits wait for a synchronous standby, as the last session that was opened found it.
    pub(super) fn is_replicated(&self) -> bool {
        self.replicated.load(Ordering::Acquire)
    }

    /// Host and port, or the path of a socket.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Remembers the last event that the server is known to have.
    pub(super) fn saw(&self, timeline: Timeline, position: i64, event_id: Uuid) {
        let mut known = self.known();
        if timeline == self.timeline() && known.landmark.is_none_or(|landmark| landmark.position < position) {
            known.landmark = Some(Landmark { position, event_id });
        }
    }

    /// Learns which server a new connection leads to. An error says that it cannot be used.
    pub(super) async fn meet(&self, connection: &mut PgConnection) -> Result<Met, Error> {
        let row = self.identify(connection).await?;
        self.check_writable(&row)?;
        let identity = identity(&row)?;
        let (before, landmark) = {
            let known = self.known();
            (known.identity.clone(), known.landmark)
        };
        let changed = match before.as_ref().map(|before| before.is_same(&identity)) {
            None => None,
            Some(false) => Some("it is another server, or was promoted, restored or restarted"),
            Some(true) if self.has(connection, landmark).await? => None,
            Some(true) => Some("an event that it had is gone: it was restored to an earlier time"),
        };
        if let Some(why) = changed {
            tracing::warn!(
                server = self.address,
                why,
                "database server changed: nothing read before is used"
            );
            // Before anybody appends through this process: new positions must be higher than all that exist.
            if let Err(error) = realign::realign(connection, &self.sql).await {
                if Failure::of(&error) == Failure::Lost {
                    return Err(error);
                }
                tracing::warn!(server = self.address, %error, "positions and checkpoints could not be checked");
            }
            counter!("kenning_server_changes_total").increment(1);
        } else if identity.positions.is_some() {
            self.check_sequence(connection).await?;
        }
        let timeline = self.remember(before, identity, changed.is_some())?;
        self.replicated.store(row.try_get(5)?, Ordering::Release);
        Ok(Met {
            backend: Backend::of(&row)?,
            timeline,
            replicated: row.try_get(5)?,
            drawn: row.try_get(11)?,
        })
    }

    /// Raises a sequence that was set back under this process. Where that is not allowed, nothing
    /// is appended.
    async fn check_sequence(&self, connection: &mut PgConnection) -> Result<(), Error> {
        let behind =
            sqlx::query_scalar(self.sql.is_sequence_behind.clone()).fetch_one(&mut *connection).await;
        match behind {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) if Failure::of(&error) == Failure::Lost => return Err(error),
            // The schema is not there yet, or the role only reads.
            Err(error) => {
                tracing::debug!(server = self.address, %error, "the sequence of positions could not be compared");
                return Ok(());
            }
        }
        realign::raise_positions(connection, &self.sql).await.map_err(|error| match Failure::of(&error) {
            Failure::Lost => error,
            _ => self.unusable(format_args!(
                "the sequence event_positions is behind the events, and this role may not raise it: {error}; \
                 start a process as the owner of the schema, which raises it"
            )),
        })
    }

    fn remember(
        &self,
        before: Option<Identity>,
        identity: Identity,
        changed: bool,
    ) -> Result<Timeline, Error> {
        let mut known = self.known();
        // Several connections may find the same change: the first of them moves the timeline on.
        let found_before = known.identity.as_ref() == Some(&identity) && known.landmark.is_none();
        if !found_before && known.identity != before {
            return Err(self.unusable("the server changed while this connection was opened"));
        }
        if changed && !found_before {
            known.landmark = None;
            self.timeline.fetch_add(1, Ordering::AcqRel);
            self.losses.note_change();
        }
        known.identity = Some(identity);
        Ok(self.timeline())
    }

    /// Whether an idle connection still leads to the server that is known, and can write there.
    pub(super) async fn is_same(&self, connection: &mut PgConnection) -> bool {
        let Ok(row) = self.identify(connection).await else { return false };
        if self.check_writable(&row).is_err() {
            return false;
        }
        let Ok(found) = identity(&row) else { return false };
        self.known().identity.as_ref().is_none_or(|known| known.is_same(&found))
    }

    async fn identify(&self, connection: &mut PgConnection) -> Result<PgRow, Error> {
        if !self.plainly.load(Ordering::Relaxed) {
            match sqlx::query(self.sql.identify_server.clone()).fetch_one(&mut *connection).await {
                Err(error) if error.as_database_error().is_some() && Failure::of(&error) != Failure::Lost => {
                    tracing::info!(%error, "the server does not say its system and timeline");
                    self.plainly.store(true, Ordering::Relaxed);
                }
                done => return done,
            }
        }
        sqlx::query(self.sql.identify_server_plainly.clone()).fetch_one(connection).await
    }

    fn check_writable(&self, row: &PgRow) -> Result<(), Error> {
        if row.try_get(3)? {
            return Err(self.unusable("it is a standby"));
        }
        if row.try_get(4)? {
            return Err(self.unusable("its sessions are read-only (default_transaction_read_only)"));
        }
        Ok(())
    }

    /// An error that counts as a lost connection.
    pub(super) fn unusable(&self, why: impl std::fmt::Display) -> Error {
        Error::Io(io::Error::new(io::ErrorKind::NotConnected, format!("{}: {why}", self.address)))
    }

    /// No answer in time.
    pub(super) fn silent(&self, at_most: Duration) -> Error {
        let text = format!("{}: no answer within {at_most:?}", self.address);
        Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
    }

    async fn has(&self, connection: &mut PgConnection, landmark: Option<Landmark>) -> Result<bool, Error> {
        let Some(Landmark { position, event_id }) = landmark else { return Ok(true) };
        let found = sqlx::query_scalar::<_, Uuid>(self.sql.find_landmark.clone())
            .bind(position)
            .fetch_optional(connection)
            .await;
        match found {
            Ok(found) => Ok(found == Some(event_id)),
            Err(error) if Failure::of(&error) == Failure::NotPrepared => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn identity(row: &PgRow) -> Result<Identity, Error> {
    Ok(Identity {
        started: row.try_get(6)?,
        database: row.try_get(7)?,
        positions: row.try_get(8)?,
        system: row.try_get(9)?,
        timeline: row.try_get(10)?,
    })
}
