//! Neither the order in which things are written, nor that in which they run, nor where, changes a key or a byte.

use crate::support::{Plan, Space};
use std::collections::BTreeSet;

const SPEC: [&str; 3] = [
    r#"
    [stages.left]
    program = "step"
    args    = ["left/{n}", "{out.text}", "left {n}", "{in.source}"]
    inputs  = { source = "source.txt" }
    outputs = { text = "left.txt" }
    matrix  = { n = [1, 2, 3, 4] }
    "#,
    r#"
    [stages.right]
    program = "step"
    args    = ["right/{m}/{n}", "{out.text}", "right {m}", "{in.left}"]
    inputs  = { left = "stage:left" }
    outputs = { text = "right.txt" }
    matrix  = { m = ["x", "y"], n = [1, 2, 3, 4] }
    "#,
    r#"
    [stages.all]
    program = "gather"
    args    = ["all", "{out.text}", "{in.a}", "{in.b}"]
    inputs  = { a = "stage:left", b = "stage:right" }
    outputs = { text = "all.txt" }
    "#,
];

/// Everything that a study leaves: keys, digests of all artifacts, and the result.
#[derive(Debug, PartialEq)]
struct Left {
    keys: BTreeSet<(String, String)>,
    digests: BTreeSet<String>,
    result: String,
}

fn run(spec: &str, args: &[&str]) -> Left {
    let space = Space::with_spec(spec);
    space.write("source.txt", "source\n");
    let outcome = space.run_with(args);
    assert_eq!((outcome.code, outcome.ran.len()), (0, 13), "{outcome:#?}");
    let plan: Plan = space.plan();
    assert_eq!(plan.verdict("cached").len(), 13);
    Left { keys: plan.keys(), digests: space.digests(), result: space.read("spec.results/all/all.txt") }
}

#[test]
fn one_job_or_many_leave_the_same() {
    let first = run(&SPEC.concat(), &["--jobs", "1"]);
    assert_eq!(first, run(&SPEC.concat(), &["--jobs", "2"]));
    assert_eq!(first, run(&SPEC.concat(), &["--jobs", "8"]));
}

#[test]
fn the_order_of_tables_leaves_the_same() {
    let first = run(&SPEC.concat(), &[]);
    for [a, b, c] in [[2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        assert_eq!(first, run(&[SPEC[a], SPEC[b], SPEC[c]].concat(), &[]));
    }
}

#[test]
fn the_order_of_inputs_and_of_values_leaves_the_same() {
    let spec = SPEC.concat();
    let other = spec.replace("[1, 2, 3, 4]", "[4, 2, 3, 1]").replace(r#"["x", "y"]"#, r#"["y", "x"]"#);
    let other =
        other.replace(r#"{ a = "stage:left", b = "stage:right" }"#, r#"{ b = "stage:right", a = "stage:left" }"#);
    let (first, second) = (run(&spec, &[]), run(&other, &[]));
    assert_eq!(first.digests, second.digests);
    assert_eq!(first, second);
}

#[test]
fn a_study_in_another_folder_of_another_name_runs_nothing() {
    let space = Space::with_spec(&SPEC.concat());
    space.write("source.txt", "source\n");
    assert_eq!(space.run().ran.len(), 13);
    space.write("elsewhere/spec.toml", SPEC.concat());
    space.write("elsewhere/source.txt", "source\n");
    space.remove("source.txt");
    let answer = space.ask(&["run", "elsewhere/spec.toml"]);
    answer.expect_code(0).expect_says("ran 0, cached 13");
    assert_eq!(space.read("elsewhere/spec.results/all/all.txt"), space.read("spec.results/all/all.txt"));
}
