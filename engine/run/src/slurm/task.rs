//! A job's part of a run: which stages it works on, and when it ends.

use std::time::{Duration, Instant};
use xlt_core::attempts::Begun;
use xlt_core::plan::Stage;
use xlt_core::slurm::{Class, Needs};
use xlt_core::spec::Executor;

/// What a job is told.
#[derive(Debug, Clone)]
pub struct TaskOptions {
    /// Its kind.
    pub class: Class,
    /// The run that asked for it.
    pub run: String,
    /// What the spec says of the cluster.
    pub executor: Executor,
    /// Its number, as the cluster shows it.
    pub job: String,
    /// Name of its host.
    pub host: String,
}

/// A job.
pub(crate) struct Task {
    options: TaskOptions,
    begun: Instant,
    /// When it last worked on something.
    busy: Instant,
}

impl Task {
    pub(crate) fn new(options: &TaskOptions) -> Self {
        Self { options: options.clone(), begun: Instant::now(), busy: Instant::now() }
    }

    /// The run that asked for it.
    pub(crate) fn run(&self) -> &str {
        &self.options.run
    }

    /// What the spec says of the cluster.
    pub(crate) fn executor(&self) -> &Executor {
        &self.options.executor
    }

    /// Whether it works on stages with these needs.
    pub(crate) fn takes(&self, needs: Needs) -> bool {
        self.options.class.takes(needs)
    }

    /// Whether it is there for them.
    pub(crate) fn is_for(&self, needs: Needs) -> bool {
        self.options.class.is_for(needs)
    }

    /// What its workers say when they begin a stage.
    pub(crate) fn begins(&self, stage: &Stage) -> Begun {
        let class = self.options.class;
        Begun {
            run: self.options.run.clone(),
            stage: stage.name.clone(),
            host: self.options.host.clone(),
            job: self.options.job.clone(),
            memory: class.memory,
            time: class.seconds,
            left: class.seconds.saturating_sub(self.begun.elapsed().as_secs()),
            at: 0,
        }
    }

    /// Whether it has waited in vain for long enough. `works`: something runs.
    pub(crate) fn is_idle(&mut self, works: bool) -> bool {
        if works {
            self.busy = Instant::now();
        }
        self.busy.elapsed() >= Duration::from_secs(self.options.executor.idle)
    }
}
