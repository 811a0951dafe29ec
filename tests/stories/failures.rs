//! Stages that fail: each with a sentence, and nothing that does not depend on them is held up.

use crate::support::{Space, set};
use std::process::Stdio;
use std::time::Duration;

/// `good` and `bad`, each with a stage that reads it, and one that reads both.
fn space(bad: &str) -> Space {
    let space = Space::with_spec(
        r#"
        [stages.good]
        program = "step"
        args    = ["good", "{out.text}", "good"]
        outputs = { text = "good.txt" }

        [stages.bad]
        program = "bad"
        args    = ["bad", "{out.text}"]
        outputs = { text = "bad.txt" }

        [stages.reads-good]
        program = "step"
        args    = ["reads-good", "{out.text}", "", "{in.x}"]
        inputs  = { x = "stage:good" }
        outputs = { text = "text" }

        [stages.reads-bad]
        program = "step"
        args    = ["reads-bad", "{out.text}", "", "{in.x}"]
        inputs  = { x = "stage:bad" }
        outputs = { text = "text" }

        [stages.reads-both]
        program = "step"
        args    = ["reads-both", "{out.text}", "", "{in.x}", "{in.y}"]
        inputs  = { x = "stage:good", y = "stage:reads-bad" }
        outputs = { text = "text" }
        "#,
    );
    space.program("bad", bad);
    space
}

/// The stage fails with these words, and only what depends on it is skipped. When the cause is gone only these run.
#[track_caller]
fn check(space: &Space, words: &str) {
    let outcome = space.run();
    outcome.expect_failed(["bad"], ["reads-bad", "reads-both"]).expect_ran_of(["good", "reads-good"]);
    outcome.expect_message("bad", words);
    assert!(space.has("spec.results/reads-good/text"));
    assert!(!space.has("spec.results/reads-both"));
    space.program("bad", r#"echo at last > "$1""#);
    space.run().expect_ran(["bad", "reads-bad", "reads-both"]).expect_cached(2);
    assert_eq!(space.read("spec.results/reads-both/text"), "\ngood\n\nat last\n");
}

#[test]
fn a_program_that_fails() {
    let space = space("echo half > \"$1\"; echo 'out of ideas' >&2; exit 3");
    check(&space, "`bad` ended with exit code 3");
}

#[test]
fn a_program_that_is_killed() {
    check(&space("kill -9 $$"), "`bad` was killed (signal 9)");
}

#[test]
fn a_program_that_ends_well_without_its_output() {
    check(&space("true"), "`bad` ended without an error, but its output `text` (bad.txt) is not there");
}

#[test]
fn an_output_that_is_a_link() {
    check(
        &space(r#"echo x > elsewhere; ln -s elsewhere "$1""#),
        "its output `text` (bad.txt) is a link; write the file itself",
    );
}

#[test]
fn an_output_folder_with_a_link_in_it() {
    check(&space(r#"mkdir "$1"; ln -s /etc/passwd "$1/link""#), "a symbolic link");
}

#[test]
fn an_output_behind_a_link_is_not_taken_from_where_it_lies() {
    let space = space(r#"rmdir deep; ln -s "$HOME" deep; echo mine > deep/bad.txt"#);
    space.edit("spec.toml", "text = \"bad.txt\"", "text = \"deep/bad.txt\"");
    let outcome = space.run();
    outcome.expect_failed(["bad"], ["reads-bad", "reads-both"]).expect_ran_of(["good", "reads-good"]);
    outcome.expect_message(
        "bad",
        "its output `text` (deep/bad.txt) lies behind a link; write it in the stage's own folder",
    );
    assert_eq!(std::fs::read_to_string(space.home("bad.txt")).unwrap(), "mine\n");
}

#[test]
fn an_output_that_is_neither_file_nor_folder() {
    check(&space(r#"mkfifo "$1""#), "neither a file nor a folder");
}

#[test]
fn a_program_that_is_not_on_path() {
    let space = space("true");
    std::fs::remove_file(space.bin("bad")).unwrap();
    check(&space, "the program `bad` is not on PATH; install it, or name it with its path (./bad)");
}

#[test]
fn a_program_of_the_study_that_is_not_executable() {
    let space = space("true");
    space.edit("spec.toml", "program = \"bad\"", "program = \"./bad.sh\"");
    space.write("bad.sh", "#!/bin/sh\n");
    let outcome = space.run();
    outcome.expect_failed(["bad"], ["reads-bad", "reads-both"]).expect_ran_of(["good", "reads-good"]);
    outcome.expect_message("bad", "may not be executed; run `chmod +x` on it");
}

#[test]
fn a_program_of_the_study_whose_interpreter_is_not_there() {
    let space = space("true");
    space.edit("spec.toml", "program = \"bad\"", "program = \"./bad.sh\"");
    space.script("bad.sh", "");
    space.edit("bad.sh", "#!/bin/sh", "#!/no/such/shell");
    space.run().expect_message("bad", "is not there, or the interpreter in its first line is not");
}

#[test]
fn commands_that_were_not_allowed() {
    let space = space("true");
    let answer = space.ask(&["run"]);
    answer
        .expect_code(2)
        .expect_says("runs a program of the spec's, which was not allowed")
        .expect_says("`--allow-commands`");
    assert_eq!(space.executed(), [""; 0]);
    assert!(!space.has("spec.results"));
}

#[test]
fn what_is_all_cached_needs_no_leave() {
    let space = space(r#"echo fine > "$1""#);
    space.run();
    space.ask(&["run"]).expect_code(0).expect_says("ran 0, cached 5");
}

#[test]
fn missing_inputs_are_all_named_before_anything_runs() {
    let space = space("true");
    space.edit(
        "spec.toml",
        "{ x = \"stage:bad\" }",
        "{ x = \"stage:bad\", gone = \"gone.txt\", also = \"also/gone.txt\" }",
    );
    let outcome = space.run();
    outcome.expect_refused("its input `gone` is the file gone.txt, which cannot be read: there is no such file");
    outcome.expect_refused("also/gone.txt");
    space.ask(&["plan"]).expect_code(2);
}

#[test]
fn an_input_that_is_a_folder() {
    let space = space("true");
    space.write("folder/file", "");
    space.edit("spec.toml", "{ x = \"stage:bad\" }", "{ x = \"folder\" }");
    space.run().expect_refused("it is a folder; an input is a file");
}

#[test]
fn an_input_that_changes_while_its_stage_runs() {
    let space = Space::with_spec(
        r#"
        [stages.reader]
        program = "reader"
        args    = ["reader", "{out.text}", "{in.source}"]
        inputs  = { source = "source.txt" }
        outputs = { text = "text" }

        [stages.after]
        program = "step"
        args    = ["after", "{out.text}", "", "{in.text}"]
        inputs  = { text = "stage:reader" }
        outputs = { text = "text" }
        "#,
    );
    space.write("source.txt", "before\n");
    // The first time it changes what it reads.
    let source = space.path("source.txt");
    space.program("reader", &format!("cp \"$2\" \"$1\"; echo after > {}", source.display()));
    let outcome = space.run();
    outcome.expect_failed(["reader"], ["after"]).expect_ran_of([""; 0]);
    outcome.expect_message("reader", "source.txt changed while it ran, so its outputs were not kept; run again");
    assert_eq!(space.members("records/v1"), [""; 0].map(std::path::PathBuf::from));

    space.program("reader", r#"cp "$2" "$1""#);
    space.run().expect_ran(["reader", "after"]);
    assert_eq!(space.read("spec.results/after/text"), "\nafter\n");
}

#[test]
fn several_failures_are_all_told() {
    let space = Space::with_spec(
        r#"
        [stages.cell]
        program = "cell"
        args    = ["cell/{n}", "{out.text}", "{n}"]
        outputs = { text = "text" }
        matrix  = { n = [1, 2, 3, 4, 5, 6] }

        [stages.all]
        program = "gather"
        args    = ["all", "{out.text}", "{in.cells}"]
        inputs  = { cells = "stage:cell" }
        outputs = { text = "text" }
        "#,
    );
    space.program("cell", r#"echo "$2" > "$1"; test $(($2 % 2)) = 1"#);
    let outcome = space.run();
    outcome.expect_failed(["cell/2", "cell/4", "cell/6"], ["all"]).expect_ran_of(["cell/1", "cell/3", "cell/5"]);
    space.program("cell", r#"echo "$2" > "$1""#);
    space.run().expect_ran(["cell/2", "cell/4", "cell/6", "all"]).expect_cached(3);
    space.run().expect_no_work();
}

#[test]
fn a_failure_leaves_the_log_of_the_stage() {
    let space = space("echo first; echo second >&2; exit 1");
    let answer = space.ask(&["run", "--allow-commands"]);
    answer.expect_code(1).expect_says("failed: bad\n  `bad` ended with exit code 1\n  | first\n  | second\n  log: ");
    answer.expect_says("failed 1, skipped because of that 2");
    assert_eq!(space.ask(&["log", "bad"]).expect_code(0).stdout, "first\nsecond\n`bad` ended with exit code 1\n");
    space.ask(&["log", "good"]).expect_code(0).expect_says("`good` has left no log");
    space.ask(&["status"]).expect_code(0).expect_prints("2 of 5 stages are done").expect_prints("failed: bad, log: ");
    assert_eq!(space.plan().verdict("run"), set(["bad"]));
}

/// Prints 80 MB, then waits until its home has a file `go`.
const TALK: &str = r#"yes "a line that is printed again and again" | head -c 80000000
while [ ! -e "$HOME/go" ]; do sleep 0.02; done
echo the end
printf text > "$1""#;

#[test]
fn a_stage_that_prints_without_end_does_not_fill_the_disk() {
    let space = Space::with_spec(
        r#"
[stages.talk]
program = "talk"
args    = ["talk", "{out.text}"]
outputs = { text = "text" }
"#,
    );
    space.program("talk", TALK);
    let mut command = space.xlt(&["run", "--allow-commands"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let size = || space.members("logs").iter().map(|log| log.metadata().map_or(0, |log| log.len())).sum::<u64>();
    let (mut most, mut now) = (0, 0);
    // Until its middle has been left out, and its end is written behind the beginning.
    while most < 64 << 20 || !((16 << 20) - 200..17 << 20).contains(&now) {
        now = size();
        most = now.max(most);
        assert!(run.try_wait().unwrap().is_none(), "it waits for the file");
        std::thread::sleep(Duration::from_millis(5));
    }
    space.write("../home/go", "");
    assert!(run.wait().unwrap().success());
    let log = space.ask(&["log", "talk"]).stdout;
    assert!(
        log.starts_with("a line ") && log.contains("[xlt: the log grew beyond 64 MiB; its middle is left out here]\n")
    );
    assert!(log.ends_with("the end\n"), "{}", &log[log.len() - 100..]);
}

/// Doubles a text until it has 512 MB: `hungry STAGE OUTPUT`.
const HUNGRY: &str = r#"awk 'BEGIN { text = "x"; while (length(text) < 512000000) text = text text }' || exit 1
printf fed > "$1""#;

#[test]
fn a_limit_on_memory_fails_the_stage_that_reaches_it() {
    let stages = r#"
[stages.hungry]
program = "hungry"
args    = ["hungry", "{out.text}"]
outputs = { text = "text" }

[stages.other]
program = "step"
args    = ["other", "{out.text}", "other"]
outputs = { text = "text" }
"#;
    let space = Space::with_spec(&format!("[limits]\nmemory = \"128MB\"\n{stages}"));
    space.program("hungry", HUNGRY);
    let outcome = space.run();
    outcome.expect_failed(["hungry"], <[&str; 0]>::default());
    assert_eq!(outcome.ran, set(["other"]));
    space.write("spec.toml", stages);
    space.run().expect_ran(["hungry"]).expect_cached(1);
}
