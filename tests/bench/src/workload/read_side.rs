//! Consumers at the head of the feed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kenning::prelude::*;
use kenning::{CancellationToken, Kenning, PostgresStore};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::Result;
use crate::cpu::Cpu;
use crate::domain::{Account, AccountSummary};
use crate::driver::{Bank, Mix, Wish, drive, opening};
use crate::floor::{self, Plain};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload, median};
use crate::ours::Ours;
use crate::workload::{CONNECTIONS, Context};

/// From the call that appends an event until a query finds its row, with nothing else going on: through a read model, and by a task that upserts the row when
/// the caller hands it the event after its commit.
pub(crate) async fn latency(context: Context) -> Result<Workload> {
    let ours = Ours::create(&context).await?;
    ours.app.close().await;
    let app = Kenning::builder(connect(&context).await?)
        .aggregate::<Account>()
        .read_model::<AccountSummary>()
        .build()
        .await?;
    let running = Arc::new(Running::start(&app));
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let plain = Arc::new(Plain::new(pool.clone()));
    Ok(Workload {
        unit: Unit::Milliseconds,
        sides: vec![
            Side::new("read model", move |duration| {
                let (app, running) = (app.clone(), Arc::clone(&running));
                async move {
                    running.check()?;
                    appends(duration, async |account| {
                        app.execute(opening(account)).wait_for::<AccountSummary>().await?;
                        let row = app.query::<AccountSummary>().filter(AccountSummary::ACCOUNT.eq(account));
                        row.fetch_one().await?;
                        Ok(())
                    })
                    .await
                }
            }),
            Side::new("upsert after commit", move |duration| {
                let (pool, plain) = (pool.clone(), Arc::clone(&plain));
                async move {
                    let (events, upserts) = upserter(pool.clone());
                    let sample = appends(duration, async |account| {
                        plain.execute(Wish::Open(opening(account))).await?;
                        let (done, seen) = oneshot::channel();
                        events.send((account, done))?;
                        seen.await?;
                        let sql = "SELECT account, owner, currency, balance, entries, last_reference, changed_at FROM floor.account_summaries WHERE account = $1";
                        sqlx::query(sql).bind(account).fetch_one(&pool).await?;
                        Ok(())
                    })
                    .await;
                    drop(events);
                    upserts.await??;
                    sample
                }
            }),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::Within(2.0))],
    })
}

type Handed = (Uuid, oneshot::Sender<()>);

/// Upserts one row, and moves a checkpoint with it, for every event that it is handed.
fn upserter(pool: PgPool) -> (mpsc::UnboundedSender<Handed>, JoinHandle<Result<()>>) {
    let (sender, mut events) = mpsc::unbounded_channel::<Handed>();
    let task = tokio::spawn(async move {
        sqlx::query("INSERT INTO floor.checkpoints VALUES ('latency', 0) ON CONFLICT DO NOTHING")
            .execute(&pool)
            .await?;
        while let Some((account, done)) = events.recv().await {
            let details = opening(account).details;
            let mut transaction = pool.begin().await?;
            sqlx::query(include_str!("../floor/upsert_summaries.sql"))
                .bind(vec![account])
                .bind(vec![details.owner])
                .bind(vec![details.currency])
                .bind(vec![0_i64])
                .bind(vec![0_i64])
                .bind(vec![None::<Uuid>])
                .bind(vec![OffsetDateTime::now_utc()])
                .execute(&mut *transaction)
                .await?;
            sqlx::query("UPDATE floor.checkpoints SET position = position + 1 WHERE name = 'latency'")
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            done.send(()).map_err(|()| "nobody waits for the row any more")?;
        }
        Ok(())
    });
    (sender, task)
}

/// One append after the other, each until it can be queried, with a pause in which everybody falls idle. The value is the median in milliseconds.
async fn appends(duration: Duration, append: impl AsyncFn(Uuid) -> Result<()>) -> Result<Sample> {
    let before = Cpu::now();
    let (began, mut millis) = (Instant::now(), Vec::new());
    while began.elapsed() < duration {
        let start = Instant::now();
        append(Uuid::now_v7()).await?;
        millis.push(start.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let count = millis.len() as u64;
    Ok(Sample::time(median(millis.into_iter()), count).cpu(&before, &Cpu::now()))
}

/// Something that never happens here.
#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "bench.never")]
struct Never {
    id: i64,
}

#[derive(Clone, Debug, EventSet)]
enum NeverEvent {
    Never(Never),
}

macro_rules! idle {
    ($($name:ident $table:literal),+) => {
        $(
            #[derive(Clone, Debug, Serialize, Deserialize, ReadModel)]
            #[kenning(table = $table, version = 1, events = NeverEvent)]
            struct $name {
                #[kenning(key)]
                id: i64,
            }

            #[read_model]
            impl $name {
                #[on(key = event.id)]
                fn never(event: &Never) -> Self {
                    Self { id: event.id }
                }
            }
        )+

        async fn idle_consumers(store: PostgresStore) -> Result<Kenning> {
            Ok(Kenning::builder(store).aggregate::<Account>()$(.read_model::<$name>())+.build().await?)
        }
    };
}

idle!(
    Idle0 "idle_0", Idle1 "idle_1", Idle2 "idle_2", Idle3 "idle_3", Idle4 "idle_4",
    Idle5 "idle_5", Idle6 "idle_6", Idle7 "idle_7", Idle8 "idle_8", Idle9 "idle_9"
);

/// Writers with ten consumers at the head beside them, none of which wants what is written, and without: what following costs.
pub(crate) async fn ten_consumers(context: Context, writers: usize) -> Result<Workload> {
    let ours = Arc::new(Ours::create(&context).await?);
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            Side::new("ten consumers", {
                let ours = Arc::clone(&ours);
                move |duration| {
                    let (ours, context) = (Arc::clone(&ours), context.clone());
                    async move {
                        let app = idle_consumers(connect(&context).await?).await?;
                        app.run_until_idle().await?;
                        let running = Running::start(&app);
                        let sample = drive(&ours, Mix::HalfNew, writers, duration).await?;
                        running.stop().await?;
                        app.close().await;
                        Ok(sample)
                    }
                }
            }),
            Side::new("none", move |duration| {
                let ours = Arc::clone(&ours);
                async move { drive(&ours, Mix::HalfNew, writers, duration).await }
            }),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.9))],
    })
}

async fn connect(context: &Context) -> Result<PostgresStore> {
    Ok(PostgresStore::options().schema("ours").max_connections(CONNECTIONS).connect(&context.url).await?)
}

/// An application whose consumers run.
struct Running {
    token: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Running {
    fn start(app: &Kenning) -> Self {
        let (app, token) = (app.clone(), CancellationToken::new());
        let stop = token.clone();
        Self { token, task: tokio::spawn(async move { Ok(app.run(stop).await?) }) }
    }

    fn check(&self) -> Result<()> {
        if self.task.is_finished() { Err("the consumers have stopped".into()) } else { Ok(()) }
    }

    async fn stop(self) -> Result<()> {
        self.token.cancel();
        self.task.await?
    }
}
