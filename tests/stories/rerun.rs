//! What counts as a change and what does not.

use crate::support::Space;

/// Two stages in a row.
const SPEC: &str = r#"
[stages.one]
program = "step"
args    = ["one", "{out.text}", "first", "{in.source}"]
inputs  = { source = "source.txt" }
outputs = { text = "one.txt" }

[stages.two]
program = "step"
args    = ["two", "{out.text}", "second", "{in.one}"]
inputs  = { one = "stage:one" }
outputs = { text = "two.txt" }
"#;
const RESULT: &str = "spec.results/two/two.txt";

fn space() -> Space {
    let space = Space::with_spec(SPEC);
    space.write("source.txt", "words\n");
    space
}

fn run_before() -> Space {
    let space = space();
    space.run().expect_ran(["one", "two"]);
    assert_eq!(space.read(RESULT), "second\nfirst\nwords\n");
    space
}

#[test]
fn what_is_touched_runs_nothing() {
    let space = run_before();
    space.touch("source.txt");
    space.touch("spec.toml");
    space.run().expect_no_work().expect_cached(2);
}

#[test]
fn what_is_changed_and_reverted_runs_nothing() {
    let space = run_before();
    space.edit("source.txt", "words", "other words");
    space.edit("spec.toml", "second", "third");
    space.run().expect_ran(["one", "two"]);
    space.edit("source.txt", "other words", "words");
    space.edit("spec.toml", "third", "second");
    assert_eq!(space.run().expect_no_work().exported, 1);
    assert_eq!(space.read(RESULT), "second\nfirst\nwords\n");
}

#[test]
fn a_reordered_and_commented_spec_runs_nothing() {
    let space = run_before();
    space.write(
        "spec.toml",
        r#"
# The second stage first, and its keys the other way round.
stages.two.outputs.text = "two.txt"  # a comment
stages.two.inputs = { one = "stage:one.text" }
stages.two.args = [
    "two", "{out.text}",
    "second", "{in.one}",
]
stages.two.program = 'step'

[stages.one]
cores   = 2
outputs = { "text" = "one.txt" }
inputs  = { source = "./source.txt" }
args    = ["one", "{out.text}", "fi\u0072st", "{in.source}"]
program = "step"
"#,
    );
    space.run().expect_no_work().expect_cached(2);
}

#[test]
fn an_input_in_another_place_runs_nothing() {
    let space = run_before();
    space.write("elsewhere/copy.txt", "words\n");
    space.edit("spec.toml", "source.txt", "elsewhere/copy.txt");
    space.run().expect_no_work();
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let space = run_before();
    space.edit_in_secret("source.txt", "words", "Words");
    space.run().expect_ran(["one", "two"]);
    assert_eq!(space.read(RESULT), "second\nfirst\nWords\n");
}

#[test]
fn edits_one_after_another_are_all_seen() {
    let space = run_before();
    for word in ["wordA", "wordB", "wordC"] {
        space.write("source.txt", format!("{word}\n"));
        space.run().expect_ran(["one", "two"]);
        assert_eq!(space.read(RESULT), format!("second\nfirst\n{word}\n"));
    }
}

#[test]
fn an_edited_program_of_the_study_is_an_input() {
    let space = space();
    space.script("tool.sh", r#"printf 'x\n' > "$1""#);
    space.edit(
        "spec.toml",
        r#"program = "step"
args    = ["two", "{out.text}", "second", "{in.one}"]"#,
        r#"program = "./tool.sh"
args    = ["two", "{out.text}"]"#,
    );
    space.run().expect_ran(["one", "two"]);
    space.script("tool.sh", r#"printf 'y\n' > "$1""#);
    assert_eq!(space.plan().reason("two"), "changed: input.program");
    space.run().expect_ran(["two"]);
    assert_eq!(space.read(RESULT), "y\n");
}

#[test]
fn an_edited_last_stage_runs_alone_and_explain_names_what_changed() {
    let space = run_before();
    space.edit("spec.toml", "second", "zweite");
    let explained = space.ask(&["explain", "two"]);
    explained.expect_code(0).expect_prints("two: run (changed: args)").expect_prints("second").expect_prints("zweite");
    space
        .ask(&["explain", "one"])
        .expect_prints("one: cached (nothing changed)")
        .expect_prints("no difference to its last record");
    space.run().expect_ran(["two"]).expect_cached(1);
    assert_eq!(space.read(RESULT), "zweite\nfirst\nwords\n");
}

#[test]
fn explain_names_an_input_that_changed() {
    let space = run_before();
    space.edit("source.txt", "words", "other words");
    space.ask(&["explain", "one"]).expect_prints("one: run (changed: input.source)");
    let explained = space.ask(&["explain", "two"]);
    explained
        .expect_prints("two: maybe (depends on what one makes)")
        .expect_prints("key not known before its inputs are");
}

#[test]
fn a_changed_environment_variable_of_the_stage_reruns_it_and_one_of_the_shell_does_not() {
    let space = space();
    space.edit("spec.toml", "[stages.two]", "[stages.two]\nenv = { MODE = \"a\" }");
    space.run().expect_ran(["one", "two"]);
    space.edit("spec.toml", r#"MODE = "a""#, r#"MODE = "b""#);
    space.ask(&["explain", "two"]).expect_prints("changed: env.MODE");
    space.run().expect_ran(["two"]);
    let output = space.xlt(&["run", "--allow-commands"]).env("MODE", "c").env("LANG", "he_IL.UTF-8").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("ran 0, cached 2"));
}

#[test]
fn deleted_results_are_put_back_without_running() {
    let space = run_before();
    space.remove("spec.results");
    let outcome = space.run();
    assert_eq!(outcome.expect_no_work().exported, 1);
    assert_eq!(space.read(RESULT), "second\nfirst\nwords\n");
    assert_eq!(space.run().expect_no_work().exported, 0);
}

#[test]
fn an_edited_result_is_put_right_without_running() {
    let space = run_before();
    space.edit_in_secret(RESULT, "second", "SECOND");
    assert_eq!(space.run().expect_no_work().exported, 1);
    assert_eq!(space.read(RESULT), "second\nfirst\nwords\n");
}

#[test]
fn a_renamed_study_runs_nothing() {
    let space = run_before();
    space.edit("spec.toml", "[stages.one]", "name = \"other\"\n[stages.one]");
    space.run().expect_no_work();
}

#[test]
fn what_plan_says_is_what_runs() {
    let space = run_before();
    assert_eq!(space.plan().verdict("cached").len(), 2);
    space.edit("source.txt", "words", "other words");
    let plan = space.plan();
    let stages = &plan.verdict("run") | &plan.verdict("maybe");
    space.run().expect_ran(stages);
    assert_eq!(space.plan().verdict("cached").len(), 2);
    // Planning alone made nothing.
    space.run().expect_no_work();
}
