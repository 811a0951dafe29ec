//! The front of a run on Slurm: asks for jobs where stages wait for them, and hears of nothing but records and attempts.

use super::commands;
use super::order::Order;
use crate::error::RunError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use xlt_cache::{Cache, Tending};
use xlt_core::attempts::Deaths;
use xlt_core::plan::{Plan, StageId};
use xlt_core::slurm::{Class, Demand, Job, Needs, Script, Submission, Submissions, Supply, job_name};
use xlt_core::spec::Executor;

/// How often Slurm is asked what jobs there are.
const ASK: Duration = Duration::from_secs(10);
/// Lines of a job's log that are told where it did nothing.
const TAIL: usize = 10;
/// What `sbatch` says where it may take the same script later.
const LATER: [&str; 6] =
    ["contact slurm controller", "Connection refused", "timed out", "try again", "Zero Bytes", "in standby"];

/// What the front of a run is told.
#[derive(Debug, Clone)]
pub struct FrontOptions {
    /// What the spec says of the cluster.
    pub executor: Executor,
    /// What jobs are to do.
    pub order: Order,
    /// Where things are, for scripts.
    pub layout: Layout,
}

/// Where things are, as jobs see them.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The cache.
    pub cache: Cache,
    /// The study among those of the cache.
    pub study: String,
    /// Its name.
    pub name: String,
    /// The xlt that runs in jobs.
    pub program: PathBuf,
    /// Folder in which the spec's paths begin.
    pub directory: PathBuf,
    /// The order.
    pub order: PathBuf,
}

impl Layout {
    /// Name of the jobs of a kind.
    #[must_use]
    pub fn job_name(&self, class: Class) -> String {
        job_name(&self.name, &format!("{} {}", self.cache.id(), self.study), class)
    }

    /// The script of the jobs of a kind.
    #[must_use]
    pub fn script(&self, executor: &Executor, class: Class) -> String {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let program = executor.program.clone().unwrap_or_else(|| text(&self.program));
        let script = Script {
            executor,
            class,
            name: &self.job_name(class),
            directory: &text(&self.directory),
            program: &program,
            cache: &text(self.cache.root()),
            order: &text(&self.order),
            logs: &text(&self.cache.cluster("logs")),
        };
        script.text()
    }
}

/// The kinds of jobs that the stages of a plan need that are not done yet, and how many stages each is for.
#[must_use]
pub fn classes(plan: &Plan, executor: &Executor) -> BTreeMap<Class, usize> {
    let mut classes = BTreeMap::new();
    for (_, stage) in plan.ids().filter(|(id, _)| plan.verdicts[id.index()].word() != "cached") {
        if let Some(class) = Needs::of(stage, executor, Deaths::default()).class() {
            *classes.entry(class).or_default() += 1;
        }
    }
    classes
}

/// A stage that others are to do.
struct Away {
    needs: Needs,
    /// Whether somebody works on it.
    taken: bool,
}

/// What the front wants done.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Lines for people.
    pub(crate) notes: Vec<String>,
    /// Stages that will not be done, and why.
    pub(crate) given_up: Vec<(StageId, String)>,
}

/// The front.
pub(crate) struct Front {
    options: FrontOptions,
    run: String,
    tending: Tending,
    begun: Instant,
    submissions: Submissions,
    /// When Slurm was asked last.
    asked: Option<Instant>,
    away: BTreeMap<StageId, Away>,
    /// Stages of which a sign of life was seen.
    seen: BTreeMap<Class, BTreeSet<StageId>>,
    /// When stages could begin.
    since: BTreeMap<StageId, Instant>,
    /// Kinds of jobs by name, of all that were ever needed.
    names: BTreeMap<String, Class>,
    /// What was told last of the queue, and of trouble with Slurm, so that it is told once.
    told: (String, String),
}

impl Front {
    /// Becomes the front of a study: the only one.
    pub(crate) fn open(options: &FrontOptions, plan: &Plan) -> Result<Self, RunError> {
        let Layout { cache, study, .. } = &options.layout;
        let classes = classes(plan, &options.executor);
        if let Some(program) = commands::missing().filter(|_| !classes.is_empty()) {
            return Err(RunError::NoSlurm { program });
        }
        let tending = cache.tend(study)?.map_err(|who| RunError::Tended { who })?;
        for folder in ["logs", "jobs"] {
            let folder = cache.cluster(folder);
            std::fs::create_dir_all(&folder).map_err(|source| RunError::Workplace { folder, source })?;
        }
        options.order.write(cache)?;
        let names = classes.into_keys().map(|class| (options.layout.job_name(class), class));
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        Ok(Self {
            run: format!("{since:x}-{}", std::process::id()),
            tending,
            begun: Instant::now(),
            submissions: Submissions::new(options.executor.tasks),
            asked: None,
            away: BTreeMap::new(),
            seen: BTreeMap::new(),
            since: BTreeMap::new(),
            names: names.collect(),
            told: Default::default(),
            options: options.clone(),
        })
    }

    /// The run for which jobs are asked.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// What the spec says of the cluster.
    pub(crate) fn executor(&self) -> &Executor {
        &self.options.executor
    }

    /// All stages that others are to do are looked at anew.
    pub(crate) fn look_again(&mut self) {
        self.away.clear();
    }

    /// A stage is left to jobs. Says whether somebody was seen to begin it, for the first time.
    pub(crate) fn leave(&mut self, id: StageId, needs: Needs, taken: bool) -> bool {
        self.since.entry(id).or_insert_with(Instant::now);
        self.away.insert(id, Away { needs, taken });
        taken && self.sign_of_life(id, needs)
    }

    /// A stage that was left to jobs is done. Says how many seconds after it could begin.
    pub(crate) fn done(&mut self, id: StageId, needs: Needs) -> Option<f64> {
        self.sign_of_life(id, needs);
        self.away.remove(&id);
        self.since.remove(&id).map(|since| since.elapsed().as_secs_f64())
    }

    fn sign_of_life(&mut self, id: StageId, needs: Needs) -> bool {
        needs.class().is_some_and(|class| self.seen.entry(class).or_default().insert(id))
    }

    /// Asks Slurm, if that was long ago, and for jobs.
    pub(crate) fn tend(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK) || self.away.is_empty() {
            return outcome;
        }
        self.asked = Some(Instant::now());
        self.tending.beat();
        for needs in self.away.values().filter_map(|away| away.needs.class()) {
            self.names.entry(self.options.layout.job_name(needs)).or_insert(needs);
        }
        let names: Vec<String> = self.names.keys().cloned().collect();
        match commands::queue(&names) {
            Ok(jobs) => {
                self.tell_queue(&jobs, &mut outcome);
                self.ask_for_jobs(&jobs, &mut outcome);
            }
            Err(why) => self.tell_trouble(why, &mut outcome),
        }
        outcome
    }

    fn ask_for_jobs(&mut self, jobs: &[Job], outcome: &mut Outcome) {
        let mut supply = Supply::new();
        for job in jobs {
            if let Some(class) = self.names.get(&job.name) {
                *supply.entry(*class).or_default() += 1;
            }
        }
        let mut demands: Vec<Demand> = Vec::new();
        for away in self.away.values().filter(|away| !away.taken) {
            match demands.iter_mut().find(|demand| demand.needs == away.needs) {
                Some(demand) => demand.stages += 1,
                None => demands.push(Demand { needs: away.needs, stages: 1 }),
            }
        }
        let seen = |class: Class| self.seen.get(&class).map_or(0, BTreeSet::len);
        let now = self.begun.elapsed().as_secs_f64();
        for submission in self.submissions.decide(now, &demands, &supply, seen) {
            match submission {
                Submission::Ask { class, jobs } => match self.submit(class, jobs) {
                    Ok(()) => outcome.notes.push(format!(
                        "asked for {jobs} job{}: {}",
                        if jobs == 1 { "" } else { "s" },
                        class.words()
                    )),
                    Err(why) if LATER.iter().any(|word| why.contains(word)) => self.tell_trouble(why, outcome),
                    Err(why) => self.give_up(
                        class,
                        &format!("Slurm does not take a job for it ({})\n  {why}", class.words()),
                        outcome,
                    ),
                },
                Submission::GiveUp { class } => {
                    let why = self.fruitless(class);
                    self.give_up(class, &why, outcome);
                }
            }
        }
    }

    fn submit(&self, class: Class, jobs: u32) -> Result<(), String> {
        let Layout { cache, .. } = &self.options.layout;
        let name = self.options.layout.job_name(class);
        let path = cache.cluster("jobs").join(format!("{name}.sh"));
        let text = self.options.layout.script(&self.options.executor, class);
        cache.write_for_jobs(&path, &text).map_err(|error| format!("failed to {error}"))?;
        commands::submit(&path, jobs, &self.run)
    }

    fn give_up(&self, class: Class, why: &str, outcome: &mut Outcome) {
        let of_class = self.away.iter().filter(|(_, away)| !away.taken && away.needs.class() == Some(class));
        outcome.given_up.extend(of_class.map(|(&id, _)| (id, why.to_owned())));
    }

    /// What jobs said that did nothing.
    fn fruitless(&self, class: Class) -> String {
        let folder = self.options.layout.cache.cluster("logs");
        let prefix = format!("{}-", self.options.layout.job_name(class));
        let logs = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let ours = logs.filter(|log| log.file_name().to_string_lossy().starts_with(&prefix));
        let last = ours.max_by_key(|log| log.metadata().and_then(|found| found.modified()).ok());
        let mut why = "its jobs end before they begin anything, three times in a row".to_owned();
        let Some(log) = last.map(|log| log.path()) else {
            why.push_str(&format!("\n  and leave no log in {}: can their hosts write there?", folder.display()));
            return why;
        };
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(TAIL)..] {
            why.push_str(&format!("\n  | {line}"));
        }
        why.push_str(&format!("\n  log: {}", log.display()));
        why
    }

    fn tell_queue(&mut self, jobs: &[Job], outcome: &mut Outcome) {
        let running = jobs.iter().filter(|job| job.running).count();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for job in jobs.iter().filter(|job| !job.running) {
            *reasons.entry(job.reason.as_str()).or_default() += 1;
        }
        let waiting: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} wait ({reason})")).collect();
        let text =
            if reasons.is_empty() { String::new() } else { format!("jobs: {running} run, {}", waiting.join(", ")) };
        self.told.1.clear();
        if self.told.0 != text && !text.is_empty() {
            outcome.notes.push(text.clone());
        }
        self.told.0 = text;
    }

    fn tell_trouble(&mut self, why: String, outcome: &mut Outcome) {
        if self.told.1 != why {
            outcome.notes.push(format!("{why}; asking again every {} s", ASK.as_secs()));
            self.told.1 = why;
        }
    }

    /// The run is over. What is said of the jobs that are left.
    pub(crate) fn close(self, all_done: bool) -> Option<String> {
        let names: Vec<String> = self.names.keys().cloned().collect();
        if all_done {
            // Jobs that have not begun have nothing to do any more; those that run find that out by themselves.
            let _ = commands::cancel_waiting(&names);
            return None;
        }
        (self.submissions.calls() > 0).then(|| {
            let cancel: Vec<String> = names.iter().map(|name| format!("scancel --name={name}")).collect();
            format!(
                "jobs that were asked for go on by themselves; `xlt status` tells how far they are, the same run again goes on from \
                 there\n  to end them: {}",
                cancel.join("; ")
            )
        })
    }
}
