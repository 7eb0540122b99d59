//! What happens to whom, when.

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::process::Command;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;
use tempfile::TempDir;

use super::postgres::Server;
use super::victim::Victim;
use crate::server::command;

const ORDERS: u64 = 300;

const LEASE: Duration = Duration::from_secs(2);

/// Nothing sound takes longer, once nobody disturbs it any more.
const PATIENCE: Duration = Duration::from_secs(240);

/// The services come back at the address at which they are known. It is none that a connection may be given meanwhile.
const PORTS: RangeInclusive<u16> = 10_000..=19_999;

/// How often something may happen.
const TICK: Duration = Duration::from_millis(50);

/// Orders that are refused: they have to be compensated.
const REFUSED: &str = "ship=0.1,charge=0.05,reserve=0.02";

pub(super) struct Storm {
    postgres: Server,
    folder: TempDir,
    address: String,
    services: Victim,
    runs: [Victim; 2],
    manner: &'static [&'static str],
    rng: Rng,
    blows: Blows,
}

#[derive(Debug, Default)]
struct Blows {
    kills: u32,
    stops: u32,
    restarts: u32,
    /// Runs that have found the database gone.
    gone: u32,
}

impl Storm {
    pub(super) async fn begin(manner: &'static [&'static str]) -> Self {
        let seed = std::env::var("KENNING_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        println!("KENNING_CHAOS_SEED={seed}");
        let folder = TempDir::new().unwrap();
        let mut rng = Rng::with_seed(seed);
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = std::iter::repeat_with(|| rng.u16(PORTS)).find(free).unwrap();
        let victim = |name| Victim::new(name, folder.path());
        Self {
            postgres: Server::start(),
            services: victim("services"),
            runs: [victim("run-1"), victim("run-2")],
            address: format!("127.0.0.1:{port}"),
            folder,
            manner,
            rng,
            blows: Blows::default(),
        }
    }

    /// Kills and stops for as long as it is told to, while orders come in.
    pub(super) async fn rage(mut self) -> Self {
        let seconds = std::env::var("KENNING_CHAOS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
        let whole = Duration::from_secs(seconds.unwrap_or(20));
        let begun = Instant::now();
        let mut crashes = [whole / 3, whole * 2 / 3].into_iter().peekable();
        let mut crashed: Option<Instant> = None;
        while begun.elapsed() < whole {
            let share = begun.elapsed().as_secs_f64() / whole.as_secs_f64();
            self.revive((ORDERS as f64 * share).ceil() as u64, crashed);
            if crashes.next_if(|at| *at <= begun.elapsed()).is_some() {
                tokio::task::block_in_place(|| self.postgres.crash());
                self.blows.restarts += 1;
                crashed = Some(Instant::now());
            }
            if self.rng.u8(..) < 40 {
                self.strike();
            }
            tokio::time::sleep(TICK).await;
        }
        println!("{:?} in {:?}", self.blows, begun.elapsed());
        let Blows { kills, stops, restarts, .. } = self.blows;
        assert!(kills > 2 && stops > 2 && restarts == 2, "this is no storm: {:?}", self.blows);
        self
    }

    fn strike(&mut self) {
        let [first, second] = &mut self.runs;
        let mut victims = [&mut self.services, first, second];
        let victim = &mut victims[self.rng.usize(..3)];
        if !victim.runs() {
            return;
        }
        if self.rng.bool() {
            victim.kill();
            self.blows.kills += 1;
        } else {
            // Some are back within their lease, some find that others have taken their work over.
            let nap = LEASE.mul_f64(0.1 + 2.4 * self.rng.f64());
            victim.stop(Instant::now() + nap);
            self.blows.stops += 1;
        }
    }

    /// Starts again who was killed, and continues who was stopped. Orders come in as time goes by.
    fn revive(&mut self, orders: u64, crashed: Option<Instant>) {
        for victim in self.runs.iter_mut().chain([&mut self.services]) {
            victim.go_on(Instant::now());
            if let Some((status, complaint)) = victim.ended()
                && !status.success()
            {
                // One that starts while the database does not answer says so, and is started again.
                let recently = crashed.is_some_and(|crashed| crashed.elapsed() < Duration::from_secs(10));
                assert!(
                    recently && complaint.contains("store"),
                    "{} has ended by itself, {status}: {complaint}",
                    victim.name
                );
                self.blows.gone += 1;
            }
        }
        if self.services.is_dead() && self.rng.u8(..) < 60 {
            self.serve(&["--flaky", "0.2", "--lossy", "0.1"]);
        }
        for run in 0..self.runs.len() {
            if self.runs[run].is_dead() && self.rng.u8(..) < 60 {
                let orders = orders.max(1).to_string();
                let args = self.run(&orders);
                self.runs[run].start(&args.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
    }

    fn serve(&mut self, faults: &[&str]) {
        let ledger = self.folder.path().join("ledger");
        let args =
            ["services", "--listen", &self.address, "--ledger", ledger.to_str().unwrap(), "--fail", REFUSED];
        self.services.start(&[&args, faults].concat());
    }

    fn run(&self, orders: &str) -> Vec<String> {
        let services = format!("http://{}", self.address);
        let lease = format!("{}s", LEASE.as_secs());
        let args = ["run", "--store", &self.postgres.url, "--services", &services, "--orders", orders];
        let args = args.into_iter().chain(["--lease", &lease, "--json"]).chain(self.manner.iter().copied());
        args.map(str::to_owned).collect()
    }

    /// Nobody disturbs any more: every order comes to its end, and the checker has nothing to say.
    pub(super) async fn settle(mut self) {
        self.services.kill();
        self.serve(&[]);
        let begun = Instant::now();
        for run in &mut self.runs {
            // Those that are stopped go on, those that run do so; both may end while this one works.
            run.go_on(Instant::now() + LEASE * 10);
        }
        let run = command(&[]).args(self.run(&ORDERS.to_string())).output_async().await;
        println!("settled in {:?}: {run}", begun.elapsed());
        let run: Value = serde_json::from_str(&run).unwrap();
        assert_eq!((&run["orders"], &run["running"]), (&ORDERS.into(), &0.into()), "{run}");

        let mut check = Command::new(env!("CARGO_BIN_EXE_fulfilment-check"));
        check.args(["--store", &self.postgres.url, "--ledger"]).arg(self.folder.path().join("ledger"));
        let check = check.args(self.manner).output_async().await;
        println!("{}", check.trim_end());
        let check: Value = serde_json::from_str(&check).unwrap();
        assert_eq!(check["orders"], ORDERS);
        for end in ["completed", "compensated", "parked"] {
            assert_eq!(check[end], run[end], "{end}");
        }
        assert_ne!(check["completed"], 0);
        assert_ne!(check["compensated"], 0);
    }
}

trait OutputAsync {
    /// What it prints; it has to succeed in time.
    async fn output_async(&mut self) -> String;
}

impl OutputAsync for Command {
    async fn output_async(&mut self) -> String {
        let mut command = tokio::process::Command::from(std::mem::replace(self, Self::new("true")));
        let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output());
        let output = output.await.expect("it comes to an end").unwrap();
        let (stdout, stderr) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{}: {stdout}{stderr}", output.status);
        stdout
    }
}
