//! Making a cache smaller: what is needed stays, also beside a run.

use crate::commands::{SPEC, run_before};
use crate::support::Space;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

/// Makes all records look as if they had been written, and used last, five days ago.
fn make_old(space: &Space) {
    let then = SystemTime::now() - Duration::from_secs(5 * 86_400);
    let back = |path: PathBuf| File::open(path).unwrap().set_modified(then).unwrap();
    space.members("records/v1").into_iter().for_each(back);
    fs::remove_dir_all(space.cache("uses")).unwrap();
    fs::create_dir(space.cache("uses")).unwrap();
}

#[test]
fn cleaning_keeps_what_a_rerun_needs() {
    let space = run_before();
    let used = space.digests();
    // Artifacts that no record needs.
    fs::create_dir_all(space.cache("objects/ab")).unwrap();
    let unused = space.cache(format!("objects/ab/ab{}", "0".repeat(62)));
    fs::write(&unused, "unused").unwrap();
    space
        .ask(&["cache", "gc", "--dry-run"])
        .expect_code(0)
        .expect_prints("would remove 6 B")
        .expect_prints("1 artifacts that no stage needs, 6 B");
    assert!(unused.exists());
    space.ask(&["cache", "gc"]).expect_code(0).expect_prints("removed 6 B");
    assert_eq!(space.digests(), used);
    space.run().expect_no_work().expect_cached(4);
    // Used today: not old enough.
    space.ask(&["cache", "gc", "--unused-for", "1"]).expect_code(0).expect_prints("removed 0 B");
    space.remove("spec.results");
    space.run().expect_no_work();
}

#[test]
fn to_fit_artifacts_go_and_what_was_made_of_them_is_still_known() {
    let space = run_before();
    space.write("other.toml", SPEC.replace("hello", "other"));
    space.ask(&["run", "other.toml", "--allow-commands"]).expect_code(0);
    make_old(&space);
    space.ask(&["cache", "gc", "--max-size", "much"]).expect_code(2).expect_says("500MB, 200GB or 1.5TiB");
    let answer = space.ask(&["cache", "gc", "other.toml", "--max-size", "0B"]);
    answer.expect_code(0).expect_prints("4 artifacts, to fit").expect_prints("more than 0 B");
    space.ask(&["cache", "gc", "--max-size", "1TB"]).expect_code(0).expect_prints("removed 0 B");
    assert_eq!(space.ask(&["run", "other.toml", "--allow-commands"]).code, 0);
    assert_eq!(space.digests().len(), 4);
    // The results are there, so nobody reads what is gone.
    space.run().expect_no_work().expect_cached(4);
    space.remove("spec.results");
    space.run().expect_ran(["cell/1", "cell/2", "cell/3", "all"]);
}

/// Waits for its home to have a file `go`, then writes its input: `late STAGE OUTPUT INPUT`.
const LATE: &str = r#"while [ ! -e "$HOME/go" ]; do sleep 0.02; done; cat "$2" > "$1""#;

#[test]
fn beside_a_run_what_it_needs_stays() {
    let space = run_before();
    space.write("other.toml", SPEC.replace("hello", "other"));
    space.ask(&["run", "other.toml", "--allow-commands"]).expect_code(0);
    space.program("late", LATE);
    let late = r#"
[stages.late]
program = "late"
args    = ["late", "{out.text}", "{in.all}"]
inputs  = { all = "stage:all" }
outputs = { text = "late.txt" }
"#;
    space.write("spec.toml", format!("{SPEC}{late}"));
    make_old(&space);
    let mut command = space.xlt(&["run", "--allow-commands"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !space.executed().contains(&"late".to_owned()) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let answer = space.ask(&["cache", "gc", "--unused-for", "3"]);
    answer.expect_code(0).expect_prints("  4 records, ").expect_prints("left alone what is needed by a run (process ");
    space.write("../home/go", "");
    assert!(run.wait().unwrap().success());
    assert_eq!(space.read("spec.results/late/late.txt"), space.read("spec.results/all/all.txt"));
    space.run().expect_no_work().expect_cached(5);
    space.ask(&["cache", "gc"]).expect_code(0).expect_prints("removed ");
    space.run().expect_no_work().expect_cached(5);
}
