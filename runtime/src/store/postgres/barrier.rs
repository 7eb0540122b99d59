//! Waiting until what was read is on the synchronous standbys.
//!
//! PostgreSQL shows a commit once it is on the standbys. But when the wait of its session is ended, the commit becomes
//! visible at once, and a failover would lose it. So an answer that rests on what was read waits for a later commit.

use std::time::Duration;

use sqlx::Error;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot};

use super::connection::{Backend, Connection};
use super::error::SharedError;
use super::losses::is_lost;
use super::server::Server;
use crate::store::Timeline;

/// How long one commit is waited for. After that its session is ended, so that no more than one ever waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a commit is made whose session turns out to be dead.
const ATTEMPTS: u32 = 3;

type Answer = Result<Timeline, SharedError>;

/// Where readers ask for a barrier.
#[derive(Clone, Debug)]
pub(super) struct Barrier {
    asked: mpsc::UnboundedSender<oneshot::Sender<Answer>>,
}

/// The other end, for the task.
pub(super) type Asked = mpsc::UnboundedReceiver<oneshot::Sender<Answer>>;

impl Barrier {
    pub(super) fn new() -> (Self, Asked) {
        let (asked, receiver) = mpsc::unbounded_channel();
        (Self { asked }, receiver)
    }

    /// Waits until what was visible on a timeline is on its synchronous standbys. An error says that this is not known.
    pub(super) async fn pass(
        &self,
        server: &Server,
        timeline: Timeline,
        at_most: Duration,
    ) -> Result<(), SharedError> {
        let (answer, answered) = oneshot::channel();
        let refuse = |why: &str| SharedError::new(server.unusable(why));
        self.asked.send(answer).map_err(|_| refuse("the store is closed"))?;
        match tokio::time::timeout(at_most, answered).await {
            Ok(Ok(Ok(passed))) if passed == timeline => Ok(()),
            Ok(Ok(Ok(_))) => Err(refuse("the server changed since the read")),
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) => Err(refuse("the task of the barrier has ended")),
            Err(_) => Err(refuse("a synchronous standby did not confirm in time that it has what was read")),
        }
    }
}

/// The one connection that commits barriers. Those who ask while one is under way share the next.
pub(super) struct Committer {
    pub(super) server: std::sync::Arc<Server>,
    pub(super) connect: PgConnectOptions,
    pub(super) acquire_timeout: Duration,
    pub(super) connection: Option<Connection>,
    /// A session that may still wait.
    pub(super) stuck: Option<Backend>,
}

impl Committer {
    /// Runs until nobody can ask any more.
    pub(super) async fn run(mut self, mut asked: Asked) {
        while let Some(first) = asked.recv().await {
            let mut all = vec![first];
            while let Ok(another) = asked.try_recv() {
                all.push(another);
            }
            let answer = self.commit().await.map_err(SharedError::new);
            if let Err(error) = &answer {
                tracing::warn!(task = "barrier", %error, "it is not known whether the standbys have what was read");
                self.connection = None;
            }
            for one in all {
                // A reader that is gone needs no answer.
                drop(one.send(answer.clone()));
            }
        }
    }

    async fn commit(&mut self) -> Result<Timeline, Error> {
        if self.connection.as_ref().is_some_and(|one| one.timeline != self.server.timeline()) {
            self.connection = None;
        }
        let mut attempt = 1;
        loop {
            match self.commit_once().await {
                // The session may have been idle for long.
                Err(error) if attempt < ATTEMPTS && self.stuck.is_none() && is_lost(&error) => {
                    tracing::debug!(task = "barrier", attempt, %error, "commits again");
                    self.connection = None;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn commit_once(&mut self) -> Result<Timeline, Error> {
        let sql = self.server.sql();
        let connection = match &mut self.connection {
            Some(connection) => connection,
            empty => {
                let opened = Connection::open(&self.server, &self.connect, self.acquire_timeout).await?;
                empty.insert(opened)
            }
        };
        if let Some(stuck) = self.stuck.take() {
            sqlx::query(sql.terminate_backend.clone())
                .bind(stuck.pid)
                .bind(stuck.started)
                .execute(&mut connection.inner)
                .await?;
        }
        let commit = sqlx::query(sql.commit_barrier.clone()).execute(&mut connection.inner);
        match tokio::time::timeout(PATIENCE, commit).await {
            Ok(done) => done.map(|_| connection.timeline),
            Err(_) => {
                self.stuck = Some(connection.backend);
                Err(self.server.unusable(format_args!(
                    "a synchronous standby did not confirm a commit within {PATIENCE:?}"
                )))
            }
        }
    }
}
