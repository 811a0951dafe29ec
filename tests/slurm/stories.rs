//! Nothing goes wrong.

use crate::cluster::{calls, demo, expect_demo, run, slurm, xlt};
use crate::support::Answer;
use std::time::Instant;

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn jobs_make_the_bytes_that_a_local_run_makes_and_a_second_run_asks_for_none() {
    let space = demo();
    assert!(slurm("sacct", &[]).contains("disabled"), "the cluster keeps no accounts, as some do not");
    let begun = Instant::now();
    let outcome = run(&space);
    expect_demo(&space, &outcome);
    eprintln!(
        "{} s, {} sbatch, {} squeue",
        begun.elapsed().as_secs(),
        calls(&space, "sbatch"),
        calls(&space, "squeue")
    );
    assert!(calls(&space, "sbatch") <= 4, "{} calls of sbatch", calls(&space, "sbatch"));
    let allowed = 2 + begun.elapsed().as_secs() as usize / 10;
    assert!(calls(&space, "squeue") <= allowed, "more than a call in ten seconds: {}", calls(&space, "squeue"));

    let (before, again) = (calls(&space, "sbatch"), run(&space));
    expect_demo(&space, &again);
    assert_eq!((again.ran.len(), calls(&space, "sbatch")), (0, before), "nothing was left to do");
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_job_that_cannot_be_had_fails_its_stages_with_what_slurm_says() {
    let space = demo();
    space.edit("spec.toml", "memory = \"600MB\"", "memory = \"900TB\"");
    let outcome = run(&space);
    assert_eq!(outcome.code, 1, "{outcome:#?}");
    outcome.expect_message("quantize/tiny", "Slurm does not take a job for it");
    outcome.expect_message("quantize/tiny", "Requested node configuration is not available");
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn jobs_that_cannot_start_xlt_are_told_of_with_their_log() {
    let space = demo();
    space.edit("spec.toml", "tasks = 4", "tasks = 4\nmodules = [\"nowhere/1.0\"]");
    let outcome = run(&space);
    assert_eq!(outcome.code, 1, "{outcome:#?}");
    outcome.expect_message("quantize/tiny", "its jobs end before they begin anything, three times in a row");
    outcome.expect_message("quantize/tiny", "module");
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_stage_that_fails_in_a_job_fails_the_run_with_its_words_and_the_next_run_tries_it_again() {
    let space = crate::cluster::on_cluster(
        "[stages.once]\nprogram = \"sh\"\nargs = [\"-c\", \"echo so it goes >&2; [ -e $HOME/may ] && echo done > {out.file}\"]\n\
         outputs = { file = \"once.txt\" }\nexport = { file = \"once.txt\" }\n[executor]\ncores = 1\nmemory = \"200MB\"\nidle = \"1s\"\n",
        |_| {},
    );
    let outcome = run(&space);
    outcome.expect_failed(["once"], [""; 0]);
    let failed = outcome.events.iter().find(|event| event["event"] == "stage_failed").unwrap();
    assert!(failed.to_string().contains("so it goes"), "{failed}");
    space.write("../home/may", "");
    let again = run(&space);
    assert_eq!((again.code, space.read("spec.results/once.txt").as_str()), (0, "done\n"), "{again:#?}");
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn status_tells_from_anywhere_what_jobs_are_at() {
    let space = demo();
    let engine = crate::cluster::start(&space);
    crate::cluster::wait_for_attempt(&space, "finetune/");
    // As on another host: with a ledger of its own, and without Slurm.
    let mut status = xlt(&space, &["status", "spec.toml"]);
    let answer = Answer::of(&status.env("XLT_STATE", space.path("other-state")).output().unwrap());
    answer.expect_code(0).expect_prints("finetune/tiny/a/seed1").expect_prints("its jobs are tended by process");
    expect_demo(&space, &engine.end());
}
