//! A reader of the feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::Result;
use crate::cpu::Cpu;
use crate::driver::{Bank, Mix, Wish, drive, opening};
use crate::floor::{self, Plain};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload, median};
use crate::ours::Ours;
use crate::workload::Context;

/// Sixty-four writers with a reader of the feed beside them, and without. The reader has to come to the end with them.
pub(crate) async fn writers(context: Context) -> Result<Workload> {
    let ours = Arc::new(Ours::create(&context).await?);
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            Side::new("with a reader", {
                let ours = Arc::clone(&ours);
                move |duration| with_reader(Arc::clone(&ours), duration)
            }),
            Side::new("without", move |duration| {
                let ours = Arc::clone(&ours);
                async move { drive(&ours, Mix::HalfNew, 64, duration).await }
            }),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.9))],
    })
}

async fn with_reader(ours: Arc<Ours>, duration: Duration) -> Result<Sample> {
    let head = ours.app.health().await?.watermark;
    let mut feed = ours.app.feed().after(head);
    let through = Arc::new(AtomicU64::new(head.get()));
    let reader = tokio::spawn({
        let through = Arc::clone(&through);
        async move {
            loop {
                match feed.next().await {
                    Ok(page) => through.store(page.through.get(), Ordering::Relaxed),
                    Err(error) => return error,
                }
            }
        }
    });
    let sample = drive(&ours, Mix::HalfNew, 64, duration).await?;
    let end = ours.app.health().await?.watermark.get();
    let patience = Instant::now();
    while through.load(Ordering::Relaxed) < end {
        if reader.is_finished() {
            return Err(reader.await?.into());
        }
        if patience.elapsed() > Duration::from_secs(5) {
            return Err("the reader did not keep up with the writers".into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    reader.abort();
    Ok(sample)
}

/// From the call that appends an event until a reader in the same process has it, with nothing else going on: through the feed, and through a bare
/// channel into which the caller puts the event after its commit.
pub(crate) async fn latency(context: Context) -> Result<Workload> {
    let ours = Arc::new(Ours::create(&context).await?);
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let plain = Arc::new(Plain::new(pool));
    Ok(Workload {
        unit: Unit::Milliseconds,
        sides: vec![
            Side::new("feed", move |duration| through_feed(Arc::clone(&ours), duration)),
            Side::new("bare channel", move |duration| through_channel(Arc::clone(&plain), duration)),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::Within(1.0))],
    })
}

async fn through_feed(ours: Arc<Ours>, duration: Duration) -> Result<Sample> {
    let head = ours.app.health().await?.watermark;
    let mut feed = ours.app.feed().after(head);
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        loop {
            let page = feed.next().await?;
            let now = Instant::now();
            for event in page.events {
                seen.send((event.metadata.stream.id().parse()?, now))?;
            }
        }
    });
    let sample = appends(
        duration,
        async |account| {
            ours.execute(Wish::Open(opening(account))).await?;
            Ok(())
        },
        &mut arrivals,
    )
    .await;
    reader.abort();
    let ended: std::result::Result<Result<()>, _> = reader.await;
    match ended {
        Ok(Err(error)) => Err(error),
        Ok(Ok(())) | Err(_) => sample,
    }
}

async fn through_channel(plain: Arc<Plain>, duration: Duration) -> Result<Sample> {
    let (channel, mut received) = mpsc::unbounded_channel();
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        while let Some(account) = received.recv().await {
            if seen.send((account, Instant::now())).is_err() {
                break;
            }
        }
    });
    let sample = appends(
        duration,
        async |account| {
            plain.execute(Wish::Open(opening(account))).await?;
            channel.send(account)?;
            Ok(())
        },
        &mut arrivals,
    )
    .await;
    reader.abort();
    sample
}

/// One append after the other, each waited for until it has arrived, with a pause in which the reader falls idle. The value is the median in milliseconds.
async fn appends(
    duration: Duration,
    append: impl AsyncFn(Uuid) -> Result<()>,
    arrivals: &mut mpsc::UnboundedReceiver<(Uuid, Instant)>,
) -> Result<Sample> {
    let before = Cpu::now();
    let (began, mut millis) = (Instant::now(), Vec::new());
    while began.elapsed() < duration {
        let (account, start) = (Uuid::now_v7(), Instant::now());
        append(account).await?;
        loop {
            let arrival = tokio::time::timeout(Duration::from_secs(5), arrivals.recv()).await;
            match arrival.map_err(|_| "an event was not seen within five seconds")? {
                Some((seen, at)) if seen == account => {
                    millis.push(at.duration_since(start).as_secs_f64() * 1e3);
                    break;
                }
                Some(_) => {}
                None => return Err("the reader is gone".into()),
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let count = millis.len() as u64;
    Ok(Sample::time(median(millis.into_iter()), count).cpu(&before, &Cpu::now()))
}
