//! The other commands: what they print, and that none of them changes anything.

use crate::support::{Answer, Space, set};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

pub(crate) const SPEC: &str = r#"
[stages.cell]
program = "step"
args    = ["cell/{n}", "{out.text}", "{greeting} {n}"]
outputs = { text = "text" }
params  = { greeting = "hello" }
matrix  = { n = [1, 2, 3] }

[stages.all]
program = "gather"
args    = ["all", "{out.text}", "{in.cells}"]
inputs  = { cells = "stage:cell" }
outputs = { text = "all.txt" }

[profiles.warm]
stages.cell.params.greeting = "good morning"
"#;
const STAGES: [&str; 4] = ["cell/1", "cell/2", "cell/3", "all"];

pub(crate) fn run_before() -> Space {
    let space = Space::with_spec(SPEC);
    space.run().expect_ran(STAGES);
    space
}

#[test]
fn plan_in_words() {
    let space = Space::with_spec(SPEC);
    let answer = space.ask(&["plan"]);
    answer
        .expect_code(0)
        .expect_prints("run     cell/1  never run\n")
        .expect_prints("maybe   all     depends on what cell/1 makes\n");
    answer.expect_prints("4 stages: 0 cached, 3 to run, 1 that may have to\n");
    space.run();
    assert_eq!(space.ask(&["plan"]).stdout, "4 stages: 4 cached, 0 to run, 0 that may have to\n");
    space.ask(&["plan", "--all"]).expect_prints("cached  cell/2  nothing changed\n");
}

#[test]
fn set_changes_exactly_what_it_names() {
    let space = run_before();
    let change = ["--set", "stages.cell.params.greeting=hi"];
    assert_eq!(space.plan_with(&change).verdict("run"), set(["cell/1", "cell/2", "cell/3"]));
    space.run_with(&change).expect_ran(STAGES);
    assert!(space.read("spec.results/all/all.txt").contains(":hi 2\n"));
    space.run_with(&["--set", "stages.cell.matrix.n=[1, 2, 3, 4]"]).expect_ran(["cell/4", "all"]);
    space.run().expect_no_work();
    assert!(space.read("spec.results/all/all.txt").contains(":hello 2\n"));
    let answer = space.ask(&["plan", "--set", "stages.cell.prams.greeting=hi"]);
    answer.expect_code(2).expect_says("prams").expect_says("params");
}

#[test]
fn a_profile_changes_exactly_what_it_names() {
    let space = run_before();
    space.run_with(&["--profile", "warm"]).expect_ran(STAGES);
    assert!(space.read("spec.results/all/all.txt").contains(":good morning 3\n"));
    // What `--set` says counts over the profile.
    space.run_with(&["--profile", "warm", "--set", "stages.cell.params.greeting=hello"]).expect_no_work();
    space.ask(&["plan", "--profile", "warn"]).expect_code(2).expect_says("warm");
}

#[test]
fn a_mistyped_stage_is_guessed() {
    let space = Space::with_spec(SPEC);
    space
        .ask(&["explain", "cell/11"])
        .expect_code(2)
        .expect_says("the spec has no stage `cell/11`; did you mean `cell/1`?");
    space.ask(&["explain", "cell"]).expect_code(2).expect_says("did you mean one of cell/1, cell/2, cell/3?");
    space.ask(&["log", "spec.toml", "quite-something-else"]).expect_code(2).expect_says("`xlt plan --all` lists them");
}

#[test]
fn graph_draws_every_stage_once() {
    let space = Space::with_spec(SPEC);
    let dot = space.ask(&["graph"]);
    dot.expect_code(0).expect_prints("digraph xlt {");
    let mermaid = space.ask(&["graph", "--format", "mermaid"]);
    mermaid.expect_code(0).expect_prints("graph LR\n");
    for stage in STAGES {
        assert_eq!(dot.stdout.matches(&format!("label=\"{stage}\"")).count(), 1, "{dot:#?}");
        assert_eq!(mermaid.stdout.matches(&format!("[\"{stage}\"]")).count(), 1, "{mermaid:#?}");
    }
    assert_eq!(dot.stdout.matches(" -> ").count(), 3);
    assert_eq!(mermaid.stdout.matches(" --> ").count(), 3);
}

#[test]
fn status_tells_how_far_a_study_is() {
    let space = Space::with_spec(SPEC);
    space
        .ask(&["status"])
        .expect_code(0)
        .expect_prints("spec: 0 of 4 stages are done\nit has not been run on this machine\n");
    space.run();
    space
        .ask(&["status"])
        .expect_prints("spec: 4 of 4 stages are done\nlast run: ")
        .expect_prints("ran 4, cached 0, failed 0, skipped 0");
    space.run();
    space.ask(&["status"]).expect_prints("ran 0, cached 4, failed 0, skipped 0");
}

#[test]
fn log_prints_what_a_stage_printed() {
    let space =
        Space::with_spec(r#"stages.talk = { program = "talk", args = ["talk", "{out.x}"], outputs = { x = "x" } }"#);
    space.program("talk", r#"echo out; echo err >&2; echo x > "$1""#);
    space.ask(&["log", "talk"]).expect_code(0).expect_says("`talk` has left no log");
    space.run().expect_ran(["talk"]);
    assert_eq!(space.ask(&["log", "talk"]).stdout, "out\nerr\n");
}

#[test]
fn the_cache_is_listed_and_counted() {
    let space = run_before();
    let list = space.ask(&["cache", "ls"]);
    list.expect_code(0);
    STAGES.iter().for_each(|stage| assert_eq!(list.stdout.matches(stage).count(), 1, "{list:#?}"));
    assert_eq!(space.ask(&["cache", "ls", "cell/2"]).stdout.matches("cell/").count(), 1);
    let usage = space.ask(&["cache", "du"]);
    let line =
        |what: &str| usage.stdout.lines().find(|line| line.contains(what)).unwrap().split_whitespace().nth(1).unwrap();
    assert_eq!((line("artifacts"), line("records")), ("4", "4"), "{usage:#?}");
}

#[test]
fn completions_and_schema_are_printed() {
    let space = Space::new();
    space.ask(&["completions", "bash"]).expect_code(0).expect_prints("_xlt()");
    let schema = space.ask(&["schema"]);
    let schema: Value = serde_json::from_str(&schema.expect_code(0).stdout).unwrap();
    assert!(schema["properties"]["stages"].is_object(), "{schema:#}");
    // Neither needs a cache.
    assert!(!space.cache("").exists());
}

#[test]
fn init_writes_a_spec_that_can_be_planned() {
    let space = Space::new();
    space.ask(&["init"]).expect_code(0).expect_prints("wrote");
    let plan = space.plan();
    assert_eq!(plan.verdict("run").len() + plan.verdict("maybe").len(), plan.stages().len());
    assert!(plan.stages().iter().any(|stage| stage["kind"] == "evaluate"));
    space.ask(&["check"]).expect_code(0);
    space.ask(&["init"]).expect_code(2).expect_says("is there already");
    space.ask(&["init", "inner"]).expect_code(0);
    assert!(space.has("inner/spec.toml"));
}

#[test]
fn the_only_spec_of_a_folder_is_found() {
    let space = Space::with_spec(SPEC);
    space.ask(&["plan"]).expect_code(0);
    std::fs::rename(space.path("spec.toml"), space.path("study.toml")).unwrap();
    space.ask(&["plan"]).expect_code(0);
    space.write("second.toml", SPEC);
    space.ask(&["plan"]).expect_code(2).expect_says("there are several specs here (second.toml, study.toml): name one");
    space.remove("second.toml");
    space.remove("study.toml");
    space.ask(&["plan"]).expect_code(2).expect_says("write one with `xlt init`");
    space.ask(&["plan", "gone.toml"]).expect_code(2).expect_says("there is no such file");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let space = Space::new();
    space.write("spec.toml", SPEC.replace("[1, 2, 3]", &format!("{:?}", Vec::from_iter(0..3000))));
    let mut child = space.xlt(&["plan", "--all"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""));
    assert!(line.contains("cell/0"));
}

#[test]
fn a_run_whose_reader_goes_away_goes_on() {
    let space = Space::with_spec(SPEC);
    let mut child = space.xlt(&["run", "--allow-commands", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    space.run().expect_no_work().expect_cached(4);
}

#[test]
fn a_spec_with_mistakes_is_explained_by_every_command() {
    let space = Space::with_spec("[stages.x]\nprogam = \"step\"\n");
    for command in ["run", "plan", "check", "status", "graph"] {
        let answer: Answer = space.ask(&[command]);
        answer.expect_code(2).expect_says("progam").expect_says("program");
    }
}

#[test]
fn looking_changes_nothing() {
    let space = run_before();
    let before = (space.digests(), space.members("records/v1"), space.executed());
    for args in [
        &["plan"][..],
        &["status"],
        &["explain", "all"],
        &["log", "all"],
        &["graph"],
        &["check"],
        &["cache", "ls"],
        &["cache", "du"],
    ] {
        space.ask(args).expect_code(0);
    }
    assert_eq!((space.digests(), space.members("records/v1"), space.executed()), before);
    space.run().expect_no_work();
}
