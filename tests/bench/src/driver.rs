//! Writers: tasks that give commands one after the other until the time is over. Ours and the floors are driven by the same code.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Result;
use crate::cpu::Cpu;
use crate::domain::{Deposit, Deposited, Import, OpenAccount, Opened};
use crate::measure::Sample;

/// A command of any kind, so that one loop can drive every side.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Open(OpenAccount),
    Deposit(Deposit),
    Import(Import),
}

/// Something that carries out commands.
pub(crate) trait Bank: Send + Sync + 'static {
    fn execute(&self, wish: Wish) -> impl Future<Output = Result<()>> + Send;
}

/// What the writers wish.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mix {
    /// One event a command: by turns a new account, and a deposit to one of the writer's last eight.
    HalfNew,
    /// Ten events a command: by turns to a new account, and to one of the writer's last eight.
    TenEvents,
    /// One event a command, every writer to this account.
    OneStream(Uuid),
}

/// Runs that many writers for a while, after a tenth of it to warm up, and counts the commands that were carried out.
pub(crate) async fn drive<B: Bank>(
    bank: &Arc<B>,
    mix: Mix,
    writers: usize,
    duration: Duration,
) -> Result<Sample> {
    run(bank, mix, writers, duration / 10).await?;
    let before = Cpu::now();
    let began = Instant::now();
    let commands = run(bank, mix, writers, duration).await?;
    let elapsed = began.elapsed();
    Ok(Sample::rate(commands, elapsed).cpu(&before, &Cpu::now()))
}

async fn run<B: Bank>(bank: &Arc<B>, mix: Mix, writers: usize, duration: Duration) -> Result<u64> {
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<tokio::task::JoinHandle<Result<u64>>> = (0..writers)
        .map(|_| {
            let (bank, stop) = (Arc::clone(bank), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut writer = Writer::new(mix);
                let mut commands = 0;
                while !stop.load(Ordering::Relaxed) {
                    bank.execute(writer.next()).await?;
                    commands += 1;
                }
                Ok(commands)
            })
        })
        .collect();
    tokio::time::sleep(duration).await;
    stop.store(true, Ordering::Relaxed);
    let mut commands = 0;
    for task in tasks {
        commands += task.await??;
    }
    Ok(commands)
}

/// What one writer wishes next.
pub(crate) struct Writer {
    mix: Mix,
    random: fastrand::Rng,
    recent: VecDeque<Uuid>,
    turn: bool,
}

impl Writer {
    pub(crate) fn new(mix: Mix) -> Self {
        Self { mix, random: fastrand::Rng::new(), recent: VecDeque::new(), turn: false }
    }

    pub(crate) fn next(&mut self) -> Wish {
        match self.mix {
            Mix::HalfNew => match self.account() {
                (account, true) => Wish::Open(opening(account)),
                (account, false) => Wish::Deposit(Deposit { account, entry: entry(&mut self.random) }),
            },
            Mix::TenEvents => {
                let (account, _) = self.account();
                let entries = (0..10).map(|_| entry(&mut self.random)).collect();
                Wish::Import(Import { account, entries })
            }
            Mix::OneStream(account) => Wish::Deposit(Deposit { account, entry: entry(&mut self.random) }),
        }
    }

    /// The account of the next command, and whether it is a new one.
    fn account(&mut self) -> (Uuid, bool) {
        self.turn = !self.turn;
        if self.turn {
            let account = Uuid::now_v7();
            if self.recent.len() == 8 {
                self.recent.pop_front();
            }
            self.recent.push_back(account);
            (account, true)
        } else {
            (self.recent[self.random.usize(..self.recent.len())], false)
        }
    }
}

/// The command that opens an account.
pub(crate) fn opening(account: Uuid) -> OpenAccount {
    let details = Opened {
        owner: "Grace Brewster Murray Hopper".to_owned(),
        email: "grace.hopper@navy.example.org".to_owned(),
        address: "Naval Surface Warfare Center, 17320 Dahlgren Road, Dahlgren, Virginia 22448, United States of America"
            .to_owned(),
        currency: "EUR".to_owned(),
        overdraft: 50_000,
    };
    OpenAccount { account, details }
}

/// One entry of an account.
pub(crate) fn entry(random: &mut fastrand::Rng) -> Deposited {
    Deposited {
        amount: random.i64(1..1_000_000),
        reference: Uuid::from_u128(random.u128(..)),
        counterparty: "DE75512108001245126199 Analytical Engines GmbH, Kassel".to_owned(),
        purpose: "Invoice 2026-11-0042, thank you for your order of the twenty-third, delivered".to_owned(),
    }
}
