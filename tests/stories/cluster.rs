//! Runs whose stages are jobs, with an `sbatch` that starts them at once on this machine and a `squeue` that knows of none. What a real
//! Slurm does is tested by `make test-slurm`.

use crate::support::{Answer, Space, set, write_script};
use std::fs;

const SPEC: &str = r#"
[stages.short]
program = "step"
args    = ["short/{n}", "{out.text}", "{n}"]
outputs = { text = "{n}.txt" }
matrix  = { n = [1, 2, 3, 4, 5, 6, 7, 8, 9] }

[stages.all]
program = "gather"
args    = ["all", "{out.text}", "{in.texts}"]
inputs  = { texts = "stage:short" }
outputs = { text = "all.txt" }
export  = { text = "all.txt" }

[executor]
kind  = "slurm"
cores = 1
idle  = "1s"
tasks = 3
"#;

/// Starts each job of an array in the background: `sbatch --parsable --array=0-N SCRIPT RUN`.
const SBATCH: &str = r#"echo "$@" >> "$HOME/sbatch"
last=${2#--array=0-}
for task in $(seq 0 "$last"); do
    SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=$task sh "$3" "$4" >> "$HOME/jobs" 2>&1 &
done
"#;

fn space() -> Space {
    let space = Space::with_spec(SPEC);
    for (name, body) in [("sbatch", SBATCH), ("squeue", ""), ("scancel", "")] {
        write_script(&space.bin(name), body);
    }
    space
}

#[test]
fn jobs_do_each_stage_once_and_the_front_finds_what_they_did() {
    let space = space();
    let outcome = space.run();
    let jobs = fs::read_to_string(space.home("jobs")).unwrap_or_default();
    assert_eq!((outcome.code, outcome.ran.len()), (0, 10), "{outcome:#?}\n{jobs}");
    let executed = space.executed();
    assert_eq!((executed.len(), set(&executed).len()), (10, 10), "{executed:?}");
    assert_eq!(space.read("spec.results/all.txt").lines().count(), 9);
    assert!(jobs.contains("job 7_0 on ") && jobs.contains("job 7_2 on "), "three jobs: {jobs}");
    space.run().expect_no_work();
}

#[test]
fn a_stage_that_fails_in_a_job_fails_the_run_with_its_words() {
    let space = space();
    space.program("gather", "echo so it goes >&2; exit 3");
    let outcome = space.run();
    outcome.expect_failed(["all"], [""; 0]).expect_message("all", "ended with exit code 3");
    let failed = outcome.events.iter().find(|event| event["event"] == "stage_failed").unwrap();
    assert!(failed.to_string().contains("so it goes"), "{failed}");
    let said = space.ask(&["status"]);
    said.expect_prints("all: failed: `gather` ended with exit code 3");
    space.program("gather", r#"out=$1; shift; find -L "$@" -type f > "$out""#);
    assert_eq!(space.run().code, 0, "the next run tries it again");
}

#[test]
fn what_jobs_are_to_do_is_the_spec_as_it_was_when_they_were_asked_for() {
    let space = space();
    // Edited between the call of `sbatch` and the beginning of the jobs.
    let text = SBATCH.replace("last=", "sed -i 's/short/other/' spec.toml\nlast=");
    write_script(&space.bin("sbatch"), &text);
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    assert!(space.executed().contains(&"short/1".to_owned()) && space.read("spec.toml").contains("stages.other"));
}

#[test]
fn without_slurm_it_says_so_unless_there_is_nothing_left_to_do() {
    let space = Space::with_spec(SPEC);
    // Where tests run on a cluster its programs are on the system's path, which the space then leaves out.
    let run = |args: &[&str]| {
        let mut command = space.xlt(&[&["run", "spec.toml", "--allow-commands"], args].concat());
        let tools = space.path("tools");
        fs::create_dir_all(&tools).unwrap();
        for tool in ["sh", "cat", "find", "sort", "xargs", "grep"] {
            let _ = std::os::unix::fs::symlink(format!("/usr/bin/{tool}"), tools.join(tool));
        }
        command.env("PATH", format!("{}:{}", space.bin("").display(), tools.display()));
        Answer::of(&command.output().unwrap())
    };
    run(&[]).expect_code(2).expect_says("there is no `sbatch` here").expect_says("`--executor local`");
    run(&["--executor", "local"]).expect_code(0);
    run(&[]).expect_code(0);
}

#[test]
fn a_cluster_is_given_no_program_that_was_not_allowed() {
    let space = Space::with_spec(SPEC);
    space.edit("spec.toml", "tasks = 3", "tasks = 3\ncontainer = [\"sh\", \"-c\", \"touch here\"]");
    space
        .ask(&["run", "spec.toml"])
        .expect_code(2)
        .expect_says("`[executor]` has `program`, `container`, `modules` or `options`");
}
