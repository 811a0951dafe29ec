//! What happens to a cache from outside: bits flip, files go, the ledger is lost. Nothing wrong is ever used or exported.

use crate::support::{Space, flip_bit, set};
use std::fs;
use std::path::Path;

/// `top` reads `middle`, `middle` reads `source`; only `top` is a result.
const SPEC: &str = r#"
[stages.middle]
program = "step"
args    = ["middle", "{out.text}", "the middle", "{in.source}"]
inputs  = { source = "source.txt" }
outputs = { text = "middle.txt" }

[stages.top]
program = "step"
args    = ["top", "{out.text}", "the top", "{in.middle}"]
inputs  = { middle = "stage:middle" }
outputs = { text = "top.txt" }
"#;
const MIDDLE: &str = "the middle\nsource\n";
const TOP: &str = "the top\nthe middle\nsource\n";
const RESULT: &str = "spec.results/top/top.txt";

fn run_before() -> Space {
    let space = Space::with_spec(SPEC);
    space.write("source.txt", "source\n");
    space.run().expect_ran(["middle", "top"]);
    space
}

/// Removes an object, which is read-only.
fn delete(object: &Path) {
    fs::remove_file(object).unwrap();
}

#[test]
fn a_flipped_bit_is_found_before_a_stage_reads_it() {
    let space = run_before();
    flip_bit(&space.object(MIDDLE));
    // Nobody needs it yet.
    space.run().expect_no_work();
    assert_eq!(space.quarantined(), 0);

    space.edit("spec.toml", "the top", "new top");
    let outcome = space.run();
    outcome.expect_ran(["middle", "top"]);
    assert_eq!(outcome.damaged.len(), 1, "{outcome:#?}");
    assert_eq!(space.quarantined(), 1);
    assert_eq!(space.read(RESULT), TOP.replace("the top", "new top"));
    space.object(MIDDLE);
    space.run().expect_no_work();
}

#[test]
fn one_damaged_artifact_with_many_readers_is_made_again_once() {
    let space = run_before();
    let readers = r#"{out.text}", "reads {n}", "{in.middle}"]
inputs  = { middle = "stage:middle" }
outputs = { text = "text" }
matrix  = { n = [1, 2, 3, 4, 5, 6, 7, 8] }"#;
    space.write(
        "spec.toml",
        format!("{SPEC}\n[stages.reader]\nprogram = \"step\"\nargs = [\"reader/{{n}}\", \"{readers}\n"),
    );
    flip_bit(&space.object(MIDDLE));
    let expected = (1..=8).map(|n| format!("reader/{n}")).chain(["middle".to_owned()]);
    space.run_with(&["--jobs", "2"]).expect_ran(expected);
    for n in 1..=8 {
        assert_eq!(space.read(&format!("spec.results/reader/{n}/text")), format!("reads {n}\n{MIDDLE}"));
    }
    space.run().expect_no_work();
}

#[test]
fn a_flipped_bit_is_found_before_a_result_is_put_back() {
    let space = run_before();
    flip_bit(&space.object(TOP));
    space.remove(RESULT);
    let outcome = space.run();
    outcome.expect_ran(["top"]);
    assert_eq!(space.quarantined(), 1);
    assert_eq!(space.read(RESULT), TOP);
    space.run().expect_no_work();
}

#[test]
fn a_result_is_made_again_although_its_input_is_damaged_too() {
    let space = run_before();
    flip_bit(&space.object(TOP));
    flip_bit(&space.object(MIDDLE));
    space.remove(RESULT);
    space.run().expect_ran(["middle", "top"]);
    assert_eq!(space.quarantined(), 2);
    assert_eq!(space.read(RESULT), TOP);
}

#[test]
fn a_damaged_artifact_that_comes_out_different_is_read_as_it_is_now() {
    let space = run_before();
    // From now on the middle comes out different: its program was not reproducible.
    space.program(
        "step",
        r#"out=$1; text=$2; shift 2; { printf 'changed %s\n' "$text"; cat -- /dev/null "$@"; } > "$out""#,
    );
    flip_bit(&space.object(MIDDLE));
    space.edit("spec.toml", "the top", "new top");
    space.run().expect_ran(["middle", "top"]);
    assert_eq!(space.read(RESULT), "changed new top\nchanged the middle\nsource\n");
    space.run().expect_no_work();
}

#[test]
fn a_deleted_artifact_is_made_again_only_if_something_needs_it() {
    let space = run_before();
    delete(&space.object(MIDDLE));
    assert_eq!(space.plan().verdict("cached").len(), 2);
    space.run().expect_no_work();

    space.edit("spec.toml", "the top", "new top");
    assert_eq!(space.plan().reason("middle"), "its text is needed and no longer in the cache");
    space.run().expect_ran(["middle", "top"]);
    assert_eq!(space.read(RESULT), TOP.replace("the top", "new top"));
}

#[test]
fn a_deleted_artifact_of_a_result_is_made_again_only_if_the_result_is_gone() {
    let space = run_before();
    delete(&space.object(TOP));
    space.run().expect_no_work();
    space.remove(RESULT);
    space.run().expect_ran(["top"]);
    assert_eq!(space.read(RESULT), TOP);
}

#[test]
fn a_chain_of_deleted_artifacts_is_made_again_from_where_it_is_whole() {
    let space = run_before();
    delete(&space.object(TOP));
    delete(&space.object(MIDDLE));
    space.remove("spec.results");
    space.run().expect_ran(["middle", "top"]);
    assert_eq!(space.read(RESULT), TOP);
}

#[test]
fn a_flipped_bit_in_a_folder_is_found() {
    let space = Space::new();
    space.program("pair", r#"mkdir "$1" && echo a > "$1/a" && echo b > "$1/b""#);
    space.write(
        "spec.toml",
        r#"
        stages.pair = { program = "pair", args = ["pair", "{out.folder}"], outputs = { folder = "pair" } }
        [stages.top]
        program = "gather"
        args    = ["top", "{out.text}", "{in.pair}/"]
        inputs  = { pair = "stage:pair" }
        outputs = { text = "top.txt" }
        "#,
    );
    space.run().expect_ran(["pair", "top"]);
    let folder = space.members("objects").into_iter().find(|path| path.is_dir()).unwrap();
    flip_bit(&folder.join("b"));
    space.edit("spec.toml", "top.txt", "other.txt");
    space.run().expect_ran(["pair", "top"]);
    assert_eq!(space.quarantined(), 1);
    assert!(space.read("spec.results/top/other.txt").contains("/b:b\n"));
}

#[test]
fn a_record_that_was_cut_short_is_not_believed() {
    let space = run_before();
    let record = space.record("middle");
    let text = fs::read(&record).unwrap();
    fs::write(&record, &text[..text.len() / 2]).unwrap();
    // The ledger is an index of the records; this one has never seen the whole record.
    fs::remove_dir_all(space.state("")).unwrap();
    // The bytes come out as before, so what read them does not run.
    space.run().expect_ran(["middle"]).expect_cached(1);
    assert_eq!(space.quarantined(), 1);
    space.run().expect_no_work();
}

#[test]
fn an_empty_record_is_found_by_the_next_ledger() {
    let space = run_before();
    fs::write(space.record("middle"), "").unwrap();
    // The ledger's word is as good as the record's; a new ledger finds out.
    space.run().expect_no_work();
    fs::remove_dir_all(space.state("")).unwrap();
    space.run().expect_ran(["middle"]);
    assert_eq!(space.read(RESULT), TOP);
}

#[test]
fn verify_finds_a_flipped_bit() {
    let space = run_before();
    space.ask(&["cache", "verify"]).expect_code(0).expect_prints("2 artifacts").expect_prints("2 records");
    flip_bit(&space.object(MIDDLE));
    let answer = space.ask(&["cache", "verify"]);
    answer
        .expect_code(1)
        .expect_prints("damaged: artifact ")
        .expect_prints(", middle.text\n`xlt cache verify --repair` sets aside what is damaged\n");
    assert_eq!(space.quarantined(), 0, "looking changes nothing");
    space.ask(&["cache", "verify", "--repair"]).expect_code(0).expect_prints("damaged, set aside: artifact ");
    assert_eq!(space.quarantined(), 1);
    space.ask(&["cache", "verify"]).expect_code(0).expect_prints("gone: text of middle");
    // It is not needed; and when it is, it is made again.
    space.run().expect_no_work();
    space.edit("spec.toml", "the top", "new top");
    space.run().expect_ran(["middle", "top"]);
    space.ask(&["cache", "verify"]).expect_code(0);
}

/// `make` writes what `$HOME/next` says; `slow` reads it for a while, `late` reads it afterwards.
const REMADE: &str = r#"
[stages.make]
program = "make"
args = ["make", "{out.x}"]
outputs = { x = "x" }
[stages.slow]
program = "slow"
args = ["slow", "{in.x}", "{out.y}"]
inputs = { x = "stage:make" }
outputs = { y = "y" }
[stages.gate]
program = "gate"
args = ["gate", "{out.z}"]
outputs = { z = "z" }
[stages.late]
program = "step"
args = ["late", "{out.w}", "late", "{in.x}", "{in.z}"]
inputs = { x = "stage:make", z = "stage:gate" }
outputs = { w = "w" }
"#;

#[test]
fn an_artifact_remade_with_other_bytes_while_it_is_read_makes_its_reader_run_again() {
    let space = Space::with_spec(REMADE);
    // Not reproducible: another text every time.
    space.program("make", r#"echo "run $(grep -c '^make$' "$HOME/executed")" > "$1""#);
    // The first reader reads, then damages the artifact in the cache as a disk would, then waits until it has been made again.
    space.program(
        "slow",
        r#"cat "$1" > "$2"
if [ "$(grep -c '^slow$' "$HOME/executed")" = 1 ]; then
  object=$(find "$XLT_TEST_CACHE/objects" -type f -size 6c); chmod u+w "$object"; printf 'rXn 1\n' > "$object"; touch "$HOME/damaged"
  while [ "$(grep -c '^make$' "$HOME/executed")" = 1 ]; do sleep 0.01; done; sleep 0.2
fi"#,
    );
    space.program("gate", r#"while [ ! -e "$HOME/damaged" ]; do sleep 0.01; done; echo open > "$1""#);
    let cache = space.cache("").display().to_string();
    space.edit("spec.toml", "[stages.slow]", &format!("[stages.slow]\nenv = {{ XLT_TEST_CACHE = {cache:?} }}"));
    let outcome = space.run_with(&["--jobs", "2"]);
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    assert_eq!(space.read("spec.results/slow/y"), "run 2\n", "what was read before belongs to no key");
    assert_eq!(space.run().ran, set::<&str>([]));
}

#[test]
fn a_result_is_repaired_by_a_worker_of_its_own_after_other_stages_ran() {
    let space = Space::with_spec(
        r#"
[stages.one]
program = "step"
args = ["one", "{out.x}", "one"]
outputs = { x = "x" }
[stages.two]
program = "step"
args = ["two", "{out.x}", "two"]
outputs = { x = "x" }
"#,
    );
    space.run();
    flip_bit(&space.object("one\n"));
    space.remove("spec.results/one");
    space.edit("spec.toml", r#""two"]"#, r#""two again"]"#);
    let outcome = space.run();
    assert_eq!((outcome.code, outcome.failed), (0, set::<&str>([])));
    assert_eq!(space.read("spec.results/one/x"), "one\n");
}
