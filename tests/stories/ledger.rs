//! The ledger is an index that may be lost; the cache folder is not just any folder.

use crate::support::{Answer, Space, children, set};
use std::fs;
use std::path::PathBuf;

const SPEC: &str = r#"
[stages.one]
program = "step"
args    = ["one", "{out.text}", "one"]
outputs = { text = "one.txt" }

[stages.two]
program = "step"
args    = ["two", "{out.text}", "two", "{in.one}"]
inputs  = { one = "stage:one" }
outputs = { text = "two.txt" }
"#;

fn run_before() -> Space {
    let space = Space::with_spec(SPEC);
    space.run().expect_ran(["one", "two"]);
    space
}

fn ledger(space: &Space) -> PathBuf {
    children(&space.state("")).pop().unwrap().join("ledger.sqlite")
}

#[test]
fn a_deleted_ledger_is_rebuilt_from_the_records() {
    let space = run_before();
    fs::remove_dir_all(space.state("")).unwrap();
    assert_eq!(space.plan().verdict("cached"), set(["one", "two"]));
    space.run().expect_no_work().expect_cached(2);
    assert!(ledger(&space).is_file());
    // The order of the records is known as well: explain compares with the last one.
    space.edit("spec.toml", "two\", \"{in", "drei\", \"{in");
    assert_eq!(space.plan().reason("two"), "changed: args");
}

#[test]
fn a_ledger_of_garbage_is_set_aside_and_rebuilt() {
    let space = run_before();
    let ledger = ledger(&space);
    for bytes in [&b"garbage, not a database"[..], &[0; 100_000], &[0xff; 4096], b""] {
        fs::write(&ledger, bytes).unwrap();
        space.run().expect_no_work().expect_cached(2);
    }
}

#[test]
fn a_ledger_damaged_in_the_middle_is_set_aside_and_rebuilt() {
    let space = run_before();
    let ledger = ledger(&space);
    let mut bytes = fs::read(&ledger).unwrap();
    bytes.iter_mut().skip(4096).for_each(|byte| *byte ^= 0x55);
    fs::write(&ledger, bytes).unwrap();
    space.run().expect_no_work().expect_cached(2);
}

#[test]
fn a_folder_of_ledgers_that_cannot_be_written_costs_only_time() {
    let space = run_before();
    fs::remove_dir_all(space.state("")).unwrap();
    fs::write(space.cache("../state"), "a file where the folder should be").unwrap();
    space.run().expect_no_work().expect_cached(2);
}

#[test]
fn a_cache_of_a_newer_format_is_refused() {
    let space = run_before();
    let format = fs::read_to_string(space.cache("format")).unwrap();
    fs::write(space.cache("format"), format.replace("xlt-cache 1", "xlt-cache 2")).unwrap();
    space.run().expect_refused("it has format 2, this xlt knows format 1");
    space.ask(&["plan"]).expect_code(2).expect_says("use a newer xlt");
    fs::write(space.cache("format"), format).unwrap();
    space.run().expect_no_work();
}

#[test]
fn a_folder_of_something_else_is_not_taken_for_a_cache() {
    let space = Space::with_spec(SPEC);
    fs::create_dir(space.cache("")).unwrap();
    fs::write(space.cache("format"), "something else\n").unwrap();
    let outcome = space.run();
    outcome.expect_refused("failed to open the cache");
    assert_eq!(children(&space.cache("")), [space.cache("format")]);
}

#[test]
fn a_file_is_not_a_cache() {
    let space = Space::with_spec(SPEC);
    space.write("file", "");
    let output = space.xlt(&["run", "--allow-commands"]).env("XLT_CACHE", space.path("file")).output().unwrap();
    let answer = Answer::of(&output);
    answer.expect_code(2).expect_says("error: failed to").expect_says("file");
    assert_eq!(space.executed(), [""; 0]);
}

#[test]
fn a_machine_without_a_home_is_told_what_to_set() {
    let space = Space::with_spec(SPEC);
    let answer = Answer::of(&space.xlt(&["plan"]).env_remove("HOME").env_remove("XLT_CACHE").output().unwrap());
    answer.expect_code(2).expect_says("set $XLT_CACHE to a folder");
}

#[test]
fn two_caches_hold_the_same_bytes_under_the_same_names() {
    let space = run_before();
    let (first, keys) = (space.digests(), space.plan().keys());
    fs::remove_dir_all(space.cache("")).unwrap();
    space.run().expect_ran(["one", "two"]);
    assert_eq!(space.digests(), first);
    assert_eq!(space.plan().keys(), keys);
}
