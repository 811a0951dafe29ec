//! A training that is killed or stopped goes on from its last checkpoint, and ends with the same bytes.

use super::{Outcome, Space, TRAINED, made, tuned};
use crate::support::{Answer, flip_bit};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The checkpoint that is there, and its step.
fn checkpoint(space: &Space) -> Option<(PathBuf, u64)> {
    let keys = fs::read_dir(space.cache("partial")).ok()?.flatten();
    let folders = keys.filter_map(|key| Some(fs::read_dir(key.path()).ok()?.flatten())).flatten();
    let step = |path: PathBuf| {
        let step = path.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()?;
        Some((path, step))
    };
    folders.filter_map(|folder| step(folder.path())).max_by_key(|(_, step)| *step)
}

/// Starts a run and waits for a checkpoint of a later step.
fn begun(space: &Space, behind: u64) -> Child {
    let run = space.xlt(&["run", "spec.toml", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while checkpoint(space).is_none_or(|(_, step)| step <= behind) && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    run
}

/// Of the progress events of the training, the first or the last: steps that were done.
fn done(outcome: &Outcome) -> Vec<u64> {
    let events = outcome.events.iter().filter(|event| event["event"] == "progress" && event["stage"] == TRAINED);
    events.map(|event| event["done"].as_u64().unwrap()).collect()
}

#[test]
fn a_killed_training_does_no_more_again_than_the_steps_since_its_checkpoint() {
    let (unbroken, killed) = (tuned(), tuned());
    unbroken.run();
    let mut behind = 0;
    for _ in 0..2 {
        let mut run = begun(&killed, behind);
        run.kill().unwrap();
        let mut said = Answer::of(&run.wait_with_output().unwrap());
        said.stdout.truncate(said.stdout.rfind('\n').map_or(0, |end| end + 1));
        let reached = done(&Outcome::of(said, Vec::new())).last().copied().unwrap_or(0);
        let (_, kept) = checkpoint(&killed).unwrap();
        assert!(kept > behind && reached <= kept + 3, "step {reached} was reached, and {kept} kept");
        behind = kept;
    }
    let outcome = killed.run();
    assert_eq!((outcome.code, done(&outcome)[0]), (0, behind), "it goes on behind the checkpoint");
    assert!(made(&killed) == made(&unbroken), "an unbroken run has the same bytes");
    assert_eq!(checkpoint(&killed), None, "what is done needs no checkpoint");
}

#[test]
fn a_stopped_training_keeps_the_step_that_it_was_at() {
    let (unbroken, stopped) = (tuned(), tuned());
    stopped.edit("spec.toml", "checkpoint_every = 3", "checkpoint_every = 2");
    unbroken.run();
    let run = begun(&stopped, 0);
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let said = Outcome::of(Answer::of(&run.wait_with_output().unwrap()), Vec::new());
    assert_eq!((said.code, said.failed.len()), (130, 0), "{said:#?}");
    let (_, kept) = checkpoint(&stopped).unwrap();
    assert!(done(&said).last().is_some_and(|&last| last <= kept), "no step is lost: {kept} {:?}", done(&said));
    let outcome = stopped.run();
    assert_eq!(done(&outcome)[0], kept);
    assert!(made(&stopped) == made(&unbroken));
}

#[test]
fn a_damaged_checkpoint_is_none() {
    let (unbroken, damaged) = (tuned(), tuned());
    unbroken.run();
    let mut run = begun(&damaged, 0);
    run.kill().unwrap();
    run.wait().unwrap();
    let (folder, _) = checkpoint(&damaged).unwrap();
    flip_bit(&folder.join("second.gguf"));
    let outcome = damaged.run();
    assert_eq!(done(&outcome)[0], 0, "it begins anew");
    assert!(made(&damaged) == made(&unbroken));
}
