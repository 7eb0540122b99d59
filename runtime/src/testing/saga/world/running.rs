//! The processes of a run.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::World;
use crate::app::Kenning;
use crate::saga::{SagaDefinition, SagaOptions, Watch};
use crate::testing::saga::process::Process;

/// A process that was not killed.
pub(super) struct Running {
    pub(super) process: Arc<Process>,
    /// Before the application: its tasks end first.
    tasks: Vec<AbortOnDropHandle<()>>,
    /// Fires when the process is told to stop.
    stop: CancellationToken,
    watch: Watch,
    pub(super) app: Kenning,
    runs_sagas: bool,
}

impl<F: SagaDefinition> World<'_, F> {
    pub(super) async fn begin_process(&mut self) {
        self.begun += 1;
        let number = self.begun;
        let process = Arc::new(Process::new(number, self.release, Arc::clone(&self.director)));
        let lease = self.stage.lease();
        let watch = Watch::with(Arc::clone(&process) as _);
        let definition = self.stage.of(self.release);
        let mut builder = crate::Kenning::builder(self.store.probed(Arc::clone(&process) as _))
            .clock(self.clock.clone())
            .lease(lease)
            .sagas(SagaOptions::new().poll(lease / 4))
            .faults(self.stage.faults)
            .watch(watch.clone());
        builder = (definition.register)(builder, Arc::clone(&self.services));
        for register in &self.stage.register {
            builder = register(builder);
        }
        self.director.add_doorbell(builder.doorbell());
        let app = match builder.build().await {
            Ok(app) => app,
            Err(error) => panic!("the application cannot be built: {error}"),
        };
        let stop = CancellationToken::new();
        let mut running = Running { process, tasks: Vec::new(), stop, watch, app, runs_sagas: false };
        if definition.follows {
            running.run_consumers();
        }
        if self.runs_sagas {
            running.run_sagas();
        }
        self.processes.push(running);
    }

    /// From now on the processes run sagas.
    pub(super) fn run_sagas(&mut self) {
        self.runs_sagas = true;
        self.processes.iter_mut().for_each(Running::run_sagas);
    }

    /// Tells processes to stop that run another release than the deployed one.
    pub(super) fn drain(&mut self) {
        for running in &self.processes {
            if running.process.release != self.release {
                self.director.tell(running.process.number, "is told to stop".to_owned());
                running.stop.cancel();
            }
        }
    }

    /// A process that runs the deployed release: operators ask it.
    pub(super) fn app(&self) -> Option<Kenning> {
        let deployed = self.processes.iter().rev().find(|one| one.process.release == self.release);
        deployed.or(self.processes.last()).map(|one| one.app.clone())
    }
}

impl Running {
    fn run_consumers(&mut self) {
        let (app, stop) = (self.app.clone(), self.stop.clone());
        self.tasks.push(AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = app.run_consumers(stop).await {
                tracing::error!(%error, "the consumers of a test have ended");
            }
        })));
    }

    fn run_sagas(&mut self) {
        if std::mem::replace(&mut self.runs_sagas, true) {
            return;
        }
        let Some(side) = self.app.saga_side().cloned() else { panic!("the application runs no sagas") };
        let stop = self.stop.clone();
        let run = self.watch.task(async move {
            if let Err(error) = side.run(stop).await {
                tracing::error!(%error, "the sagas of a test have ended");
            }
        });
        self.tasks.push(AbortOnDropHandle::new(tokio::spawn(run)));
    }
}
