//! Nothing can be written any more: played by a limit on the size of files, which every process here inherits.

use crate::support::{Answer, Outcome, Space};
use std::process::Command;

/// `large` makes 300 kB; the record of `small` is longer than a block.
const SPEC: &str = r#"
[stages.small]
program = "step"
args    = ["small", "{out.text}", "small"]
outputs = { text = "small.txt" }
export  = { text = "small.txt" }
params  = { note = "NOTE" }

[stages.large]
program = "large"
args    = ["large", "{out.text}", "{in.x}"]
inputs  = { x = "stage:small" }
outputs = { text = "large.txt" }
export  = { text = "large.txt" }
"#;

fn space() -> Space {
    let space = Space::with_spec(&SPEC.replace("NOTE", &"x".repeat(512)));
    // This program alone may write what it likes.
    space.program("large", r#"ulimit -S -f unlimited; yes "$(cat "$2")" | head -n 50000 > "$1""#);
    space
}

/// Runs the spec where no file may grow beyond so many blocks of 512 bytes.
fn run_with_blocks(space: &Space, blocks: u32) -> Outcome {
    let script = format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$0\" run spec.toml --allow-commands --json");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_xlt")]).current_dir(space.path(""));
    space.environment(&mut shell);
    let before = space.executed().len();
    let answer = Answer::of(&shell.output().unwrap());
    Outcome::of(answer, space.executed().split_off(before))
}

#[track_caller]
fn check_result(space: &Space) {
    assert_eq!(space.read("spec.results/large.txt").len(), 50_000 * "small\n".len());
    space.run().expect_no_work().expect_cached(2);
}

#[test]
fn a_record_that_cannot_be_written_fails_its_stage() {
    let space = space();
    let outcome = run_with_blocks(&space, 1);
    outcome.expect_failed(["small"], ["large"]).expect_ran_of([""; 0]);
    outcome
        .expect_message("small", "its outputs cannot be recorded: failed to write")
        .expect_message("small", "File too large");
    space.run().expect_ran(["small", "large"]);
    check_result(&space);
}

#[test]
fn a_result_that_cannot_be_written_ends_the_run_and_nothing_is_lost() {
    let space = space();
    let outcome = run_with_blocks(&space, 256);
    assert_eq!((outcome.code, outcome.ran.len()), (2, 2), "{outcome:#?}");
    assert!(outcome.stderr.contains("large.txt") && outcome.stderr.contains("File too large"), "{outcome:#?}");
    assert!(!space.has("spec.results/large.txt"));
    space.run().expect_no_work();
    check_result(&space);
}

#[test]
fn a_ledger_that_cannot_be_written_costs_only_time() {
    let space = space();
    space.program("large", r#"cat "$2" > "$1""#);
    let outcome = run_with_blocks(&space, 8);
    outcome.expect_ran(["small", "large"]);
    space.run().expect_no_work().expect_cached(2);
}
