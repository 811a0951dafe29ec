//! `xlt cache pull`: finished stages of others, for this cache.

use super::transfer::{Specs, Watcher, ended};
use crate::context::Context;
use crate::failure::Failure;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use xlt_cache::{Cache, Ledger};
use xlt_core::key::Key;
use xlt_run::transfer::Pull;

/// Take finished stages from a folder or a bucket where somebody has pushed them
///
/// What arrives is checked against its name before it is believed. With a spec only its own stages come: of those that read others',
/// as these arrive. The login for a bucket comes from the environment, as for `push`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder, or `s3://BUCKET/PREFIX`
    source: String,
    #[command(flatten)]
    specs: Specs,
    /// Only say what would be moved; with a spec, as far as its keys are known now
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, cache: &Cache, ledger: &Ledger, given: Option<&Path>) -> Result<ExitCode, Failure> {
    let _guard = cache.share()?;
    let contexts = args.specs.open(given)?;
    let watcher = Watcher::new();
    let pulled = Pull::open(cache, &args.source, &watcher).map_err(Failure::from).and_then(|mut pull| {
        let mut turn = Turn { pull: &mut pull, dry_run: args.dry_run, watcher: &watcher };
        if args.specs.is_empty() {
            turn.all(ledger)?;
        }
        contexts.iter().try_for_each(|context| turn.spec(context))?;
        Ok(pull.end())
    });
    watcher.end();
    let words = if args.dry_run { ["would pull", "from"] } else { ["pulled", "from"] };
    match pulled {
        Err(Failure::Transfer(error)) => ended(Err(error), words, "not pulled"),
        other => ended(Ok(other?), words, "not pulled"),
    }
}

struct Turn<'a> {
    pull: &'a mut Pull,
    dry_run: bool,
    watcher: &'a Watcher,
}

impl Turn<'_> {
    fn all(&mut self, ledger: &Ledger) -> Result<(), Failure> {
        let keys = self.pull.keys(self.watcher)?;
        self.take(&keys, ledger)
    }

    /// What arrived may tell the keys of stages that read it.
    fn spec(&mut self, context: &Context) -> Result<(), Failure> {
        let mut asked: BTreeSet<Key> = BTreeSet::new();
        loop {
            let plan = context.plan()?;
            let keys = plan.verdicts.iter().filter_map(|verdict| verdict.key().copied());
            let new: BTreeSet<Key> = keys.filter(|key| !asked.contains(key)).collect();
            if new.is_empty() {
                return Ok(());
            }
            self.take(&Vec::from_iter(new.iter().copied()), &context.world.ledger)?;
            asked.extend(new);
            if self.dry_run {
                return Ok(());
            }
        }
    }

    fn take(&mut self, keys: &[Key], ledger: &Ledger) -> Result<(), Failure> {
        let waiting = self.pull.look(keys, self.watcher)?;
        if self.dry_run {
            self.pull.foresee(&waiting);
            return Ok(());
        }
        self.watcher.begin(waiting.bytes());
        self.pull.take(&waiting, ledger, self.watcher)?;
        if let Err(error) = ledger.flush() {
            crate::term::tell(&format!("note: failed to {error}"));
        }
        Ok(())
    }
}
