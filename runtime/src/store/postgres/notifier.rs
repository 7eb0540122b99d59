//! Waking the readers of other processes, and being woken by them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use metrics::counter;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::watch;

use super::connection::Connection;
use super::core::{Core, pause};

/// The least time between two notifications of a process.
const DEBOUNCE: Duration = Duration::from_millis(20);

/// The server process that notifies for this process: what it sends is not news here.
pub(super) type OwnNotifier = Arc<AtomicI32>;

/// Runs a task until the store is dropped or closed; after an error it is logged, backed off and begun again.
pub(super) async fn supervise<F, T>(task: &'static str, mut stop: watch::Receiver<bool>, mut run: F)
where
    F: FnMut() -> T,
    T: Future<Output = Result<(), sqlx::Error>> + Send + 'static,
{
    let mut attempt = 0;
    loop {
        let mut running = tokio::spawn(run());
        let ended = tokio::select! {
            ended = &mut running => ended,
            _ = stop.wait_for(|stop| *stop) => {
                running.abort();
                return;
            }
        };
        counter!("kenning_task_failures_total", "task" => task).increment(1);
        match ended {
            Ok(Ok(())) => attempt = 0,
            Ok(Err(error)) => tracing::warn!(task, attempt, error = %error, "failed, begins again"),
            Err(panic) => tracing::error!(task, attempt, error = %panic, "panicked, begins again"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause(attempt)) => attempt = attempt.saturating_add(1),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Notifies after commits: on a connection of its own, never in the transaction of an append, where it would take a lock of the whole database until the commit.
pub(super) async fn notify(core: Arc<Core>, own: OwnNotifier) -> Result<(), sqlx::Error> {
    // A process that only reads keeps no connection for it.
    core.committed.notified().await;
    // Whatever ends this before it has notified, the next one does.
    core.committed.notify_one();
    let mut connection = Connection::open(&core.server, &core.connect, core.options.acquire_timeout).await?;
    own.store(connection.backend.pid, Ordering::Relaxed);
    // The number may be that of another process's connection on the next server.
    let _forget = ForgetOwn(&own);
    let channel = core.schema.channel();
    loop {
        core.committed.notified().await;
        if let Err(error) =
            sqlx::query(core.sql.notify.clone()).bind(&channel).execute(&mut connection.inner).await
        {
            // What it stood for is notified by the next connection.
            core.committed.notify_one();
            return Err(error);
        }
        tokio::time::sleep(DEBOUNCE).await;
    }
}

struct ForgetOwn<'a>(&'a AtomicI32);

impl Drop for ForgetOwn<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Wakes the readers of this process when another one has committed.
pub(super) async fn listen(core: Arc<Core>, own: OwnNotifier) -> Result<(), sqlx::Error> {
    let server = Arc::clone(&core.server);
    let pool = PgPoolOptions::new().max_connections(1).after_connect(move |connection, _| {
        let server = Arc::clone(&server);
        Box::pin(async move { server.meet(connection).await.map(drop) })
    });
    let pool = pool.connect_lazy_with(core.connect.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(&core.schema.channel()).await?;
    // What was committed before it listened was not heard.
    core.wakeup.wake();
    loop {
        match listener.try_recv().await? {
            Some(notification) if notification.process_id().cast_signed() == own.load(Ordering::Relaxed) => {}
            Some(_) => core.wakeup.wake(),
            // It has connected anew.
            None => core.wakeup.wake(),
        }
    }
}
