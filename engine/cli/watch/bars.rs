//! Progress as a person likes to watch it: one bar for the run, one line for every stage that runs.

use super::words;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use xlt_run::{Learning, Observer, RunEvent, Unit};

/// Stages shown at once; more would push the overall bar off a small terminal.
const SHOWN: usize = 12;

/// The bars.
#[derive(Debug)]
pub(super) struct Bars {
    all: MultiProgress,
    overall: ProgressBar,
    stages: BTreeMap<String, Bar>,
}

#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    /// When the first amount came, and how much that was: what a resumed download already had does not count for its rate.
    first: Option<(Instant, u64)>,
}

impl Bars {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let overall =
            all.add(ProgressBar::new(0).with_style(style("{bar:30.green/dim} {pos}/{len} stages  {elapsed} {msg}")));
        Self { all, overall, stages: BTreeMap::new() }
    }

    fn start(&mut self, name: &str) {
        if self.stages.len() < SHOWN {
            let bar =
                ProgressBar::new_spinner().with_style(style("{spinner:.green} {prefix}  {elapsed:.dim}  {msg:.dim}"));
            let bar = self.all.insert_before(&self.overall, bar);
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            self.stages.insert(name.to_owned(), Bar { bar, first: None });
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(Bar { bar, .. }) = self.stages.remove(name) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }
}

impl Bar {
    fn progress(&mut self, done: u64, total: Option<u64>, unit: Unit, learning: Option<Learning>) {
        let now = Instant::now();
        let (since, before) = *self.first.get_or_insert((now, done));
        let seconds = now.duration_since(since).as_secs_f64();
        let rate = if seconds > 0.5 { done.saturating_sub(before) as f64 / seconds } else { 0.0 };
        let mut message = words::amount(done, total, unit);
        if rate > 0.0 {
            let shown = match unit {
                Unit::Bytes => format!("{:.1} MB/s", rate / 1e6),
                Unit::Items => format!("{rate:.1} items/s"),
                Unit::Tensors => format!("{rate:.1} tensors/s"),
                Unit::Steps => learning.map(words::learning).unwrap_or_default(),
            };
            message.push_str(&format!("  {shown}"));
            if let Some(total) = total {
                message.push_str(&format!("  {} left", words::duration(total.saturating_sub(done) as f64 / rate)));
            }
        }
        self.bar.set_message(message);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Bars {
    fn event(&mut self, event: &RunEvent<'_>) {
        match event {
            RunEvent::Planned { stages, cached } => {
                self.overall.set_length(*stages as u64);
                self.overall.set_position(*cached as u64);
            }
            RunEvent::Started { stage, .. } => self.start(&stage.name),
            RunEvent::Progress { stage, done, total, unit, learning } => {
                if let Some(bar) = self.stages.get_mut(&stage.name) {
                    bar.progress(*done, *total, *unit, *learning);
                }
            }
            RunEvent::Finished { stage, .. } | RunEvent::Failed { stage, .. } | RunEvent::Skipped { stage, .. } => {
                self.end(&stage.name);
                self.overall.inc(1);
            }
            RunEvent::Waiting { stage } | RunEvent::Damaged { stage, .. } => self.end(&stage.name),
            RunEvent::RunFinished { .. } => {
                self.overall.finish_and_clear();
                let _ = self.all.clear();
            }
            RunEvent::Exported { .. } | RunEvent::Note(_) | RunEvent::Stopping { .. } => {}
        }
        if let Some(message) = words::message(event) {
            self.all.suspend(|| crate::term::tell(&message));
        }
    }

    fn tick(&mut self) {
        self.overall.tick();
    }
}
