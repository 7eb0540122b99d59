//! The import: every order of the file becomes one command, and every command has its answer.

use std::cell::Cell;
use std::error::Error;
use std::future::pending;
use std::io::{self, BufRead};
use std::pin::pin;
use std::process;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kenning::store::StoreError;
use kenning::{ExecuteError, Includes, Kenning};
use tokio::signal::ctrl_c;
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use orders::{
    Cents, Entry, FileError, FileOrder, Order, OrderError, OrderId, OrderPlaced, OrdersFile, PlaceOrder,
};

/// How long to wait before an order is sent again, when the store could not take it; then the import gives up.
const WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// Under this name the ids of orders become ids of commands: changed, every order would be a new one.
const PLACE_ORDER: Uuid = Uuid::from_u128(0x6d1f_3a52_9c0e_4b7d_8e24_51c7_0b9a_f3e6);

type Trouble = Box<dyn Error + Send + Sync>;

/// What has become of an entry.
#[derive(Debug)]
pub(crate) enum Step {
    /// An order was sent to its aggregate.
    Sent { order_id: OrderId, line: u64, lines: u64, dropped: u64, answer: Answer },
    /// There was nothing to send: the entry is a malformed line or a skipped order.
    Passed(Entry),
}

/// What came of an order.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This run has placed it.
    Placed { events: usize, total: Cents },
    /// An earlier run has placed it; nothing has changed.
    AlreadyPlaced { total: Cents },
    /// The aggregate has turned it down.
    Rejected(OrderError),
    /// It was placed earlier, with other contents than the file has now.
    Contradicts,
    /// It cannot be stored as it is.
    Unfit(Trouble),
    /// The store could not take it.
    Failed(Trouble),
}

/// How an import ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The whole file has been read.
    Complete,
    /// Someone asked to stop; what had been sent by then is done.
    Interrupted,
    /// The file could not be read any further.
    File(FileError),
    /// The store did not go on.
    Store(Trouble),
}

/// Places the orders of a file, at most `concurrency` at a time, and shows every step to `report` in the order of the file.
pub(crate) async fn import<R: BufRead + Send + 'static>(
    app: &Kenning,
    file: OrdersFile<R>,
    concurrency: usize,
    mut report: impl FnMut(&Step, u64),
) -> io::Result<End> {
    let (mut entries, reader) = read_ahead(file, concurrency)?;
    let interrupted = Cell::new(false);
    let failed = Notify::new();
    let stop = async {
        tokio::select! {
            () = interrupt() => interrupted.set(true),
            () = failed.notified() => {}
        }
    };
    let mut steps = pin!(
        stream::poll_fn(|context| entries.poll_recv(context))
            .take_until(stop)
            .map(async |(entry, bytes)| Ok::<_, FileError>((step(app, entry?).await, bytes)))
            .buffered(concurrency)
    );
    let mut end = None;
    while let Some(step) = steps.next().await {
        match step {
            Ok((Step::Sent { answer: Answer::Failed(error), .. }, _)) => {
                // What is on its way besides fails for the same reason.
                end.get_or_insert(End::Store(error));
                failed.notify_one();
            }
            Ok((step, bytes)) => report(&step, bytes),
            Err(error) => end = Some(End::File(error)),
        }
    }
    match end {
        Some(end) => Ok(end),
        None if interrupted.get() => Ok(End::Interrupted),
        None => match reader.join() {
            Ok(()) => Ok(End::Complete),
            Err(_) => Err(io::Error::other("the thread that reads the file panicked")),
        },
    }
}

/// Reads on a thread of its own, since the file may be a pipe that has to be waited for, and no further ahead than `entries`.
#[expect(clippy::type_complexity, reason = "it is taken apart at once")]
fn read_ahead<R: BufRead + Send + 'static>(
    mut file: OrdersFile<R>,
    entries: usize,
) -> io::Result<(mpsc::Receiver<(Result<Entry, FileError>, u64)>, JoinHandle<()>)> {
    let (sender, receiver) = mpsc::channel(entries);
    let reader = thread::Builder::new().name("orders-file".to_owned()).spawn(move || {
        while let Some(entry) = file.next() {
            let last = entry.is_err();
            // Where nobody receives any more, the import has stopped.
            if sender.blocking_send((entry, file.bytes())).is_err() || last {
                return;
            }
        }
    })?;
    Ok((receiver, reader))
}

/// Waits for Ctrl-C; where that cannot be waited for, it ends the process as ever.
async fn interrupt() {
    if ctrl_c().await.is_err() {
        return pending().await;
    }
    // Whoever asks twice does not want to wait for the answers. Nothing is lost by that: the next run goes on.
    tokio::spawn(async {
        if ctrl_c().await.is_ok() {
            process::exit(130);
        }
    });
}

async fn step(app: &Kenning, entry: Entry) -> Step {
    match entry {
        Entry::Order(FileOrder { line, lines, dropped, command }) => {
            let order_id = command.order_id;
            Step::Sent { order_id, line, lines, dropped, answer: place(app, command).await }
        }
        entry => Step::Passed(entry),
    }
}

/// Sends one order until the store has taken it. Sending it again is harmless even where nobody knows whether it was stored: its command
/// has the same id each time, in this run and in every other.
async fn place(app: &Kenning, command: PlaceOrder) -> Answer {
    let id = Uuid::new_v5(&PLACE_ORDER, command.order_id.to_string().as_bytes());
    let mut waits = WAITS.into_iter();
    loop {
        let error = match app.execute(command.clone()).id(id).await {
            Ok(done) => {
                let total =
                    done.events().iter().find_map(Includes::<OrderPlaced>::get).map(|placed| placed.total);
                let total = total.unwrap_or_default();
                return match done.replayed() {
                    true => Answer::AlreadyPlaced { total },
                    false => Answer::Placed { events: done.events().len(), total },
                };
            }
            Err(error) => error,
        };
        match error {
            ExecuteError::Rejected(OrderError::AlreadyPlaced) => return placed_long_ago(app, &command).await,
            ExecuteError::Rejected(error) => return Answer::Rejected(error),
            ExecuteError::DuplicateCommand { .. } => return Answer::Contradicts,
            ExecuteError::Invalid(_) | ExecuteError::InvalidStream(_) | ExecuteError::Encode(_) => {
                return Answer::Unfit(error.into());
            }
            error
                if error.is_retryable()
                    || matches!(error, ExecuteError::Store(StoreError::OutcomeUnknown { .. })) =>
            {
                match waits.next() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Answer::Failed(error.into()),
                }
            }
            error => return Answer::Failed(error.into()),
        }
    }
}

/// The order is there, yet the ledger does not know the command: it has forgotten it, or somebody else has placed the order.
async fn placed_long_ago(app: &Kenning, command: &PlaceOrder) -> Answer {
    match app.load::<Order>(&command.order_id).await {
        Ok(order) if Cents::total(&command.items) == Some(order.total()) => {
            Answer::AlreadyPlaced { total: order.total() }
        }
        Ok(_) => Answer::Contradicts,
        Err(error) => Answer::Failed(error.into()),
    }
}

#[cfg(test)]
mod tests;
