//! Something is killed, cancelled, forgotten or too large.

use crate::cluster::{
    calls, controller, demo, expect_demo, on_cluster, results, resume_drained_nodes, run, slurm, start,
    wait_for_attempt, wait_until,
};
use crate::processes::{self, Process};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_stage_whose_worker_is_killed_is_done_again_by_a_job() {
    let space = demo();
    let engine = start(&space);
    wait_for_attempt(&space, "finetune/");
    processes::of(&space).iter().filter(|process| process.is_worker()).for_each(Process::kill);
    expect_demo(&space, &engine.end());
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_controller_that_is_killed_a_second_after_it_took_jobs_loses_nothing() {
    let space = demo();
    let engine = start(&space);
    wait_until("a call of sbatch", || calls(&space, "sbatch") > 0);
    std::thread::sleep(Duration::from_secs(1));
    controller("kill");
    std::thread::sleep(Duration::from_secs(3));
    controller("start");
    // A controller that finds a job running of which it knows nothing drains the node, which an administrator then gives back.
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                resume_drained_nodes();
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        let outcome = engine.end();
        over.store(true, Ordering::Relaxed);
        expect_demo(&space, &outcome);
    });
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn jobs_that_are_cancelled_are_asked_for_again() {
    let space = demo();
    let engine = start(&space);
    wait_for_attempt(&space, "finetune/");
    let before = calls(&space, "sbatch");
    slurm("scancel", &["--user=root"]);
    expect_demo(&space, &engine.end());
    assert!(calls(&space, "sbatch") > before);
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_front_that_is_killed_leaves_jobs_that_go_on_and_the_next_one_finds_what_they_did() {
    let space = demo();
    let engine = start(&space);
    wait_for_attempt(&space, "finetune/");
    engine.kill();
    wait_until("the end of the training without a front", || {
        space.members("records/v1").iter().any(|record| {
            std::fs::read_to_string(record).unwrap_or_default().contains("\"stage\":\"finetune/tiny/a/seed1\"")
        })
    });
    let outcome = run(&space);
    expect_demo(&space, &outcome);
    assert!(!outcome.ran.contains("finetune/tiny/a/seed1"), "{:?}", outcome.ran);
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_study_whose_jobs_have_too_little_memory_is_done_by_larger_ones() {
    let space = demo();
    space.edit("spec.toml", "memory = \"600MB\"", "memory = \"100MB\"");
    expect_demo(&space, &run(&space));
    let jobs = std::fs::read_dir(space.cache("cluster/jobs")).unwrap().count();
    assert!(jobs > 2, "{jobs} kinds of jobs");
    eprintln!("{jobs} kinds of jobs, {} calls of sbatch", calls(&space, "sbatch"));
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_stage_that_needs_more_memory_than_its_job_has_gets_a_larger_one() {
    // Three processes, each of which alone would fit, so that it is the cluster that ends the job.
    let hog = "(head -c 110M /dev/zero; sleep 4) | tail -c 100M | wc -c";
    let spec = format!(
        "[stages.hungry]\nprogram = \"sh\"\nargs = [\"-c\", \"({hog}) > one & ({hog}) > two & ({hog}) > three; wait; cat one two three > \
         {{out.file}}\"]\noutputs = {{ file = \"sizes.txt\" }}\nexport = {{ file = \"sizes.txt\" }}\nmemory = \"200MB\"\n[executor]\ncores = 1\nidle = \"1s\"\n"
    );
    let space = on_cluster(&spec, |_| {});
    let outcome = run(&space);
    assert_eq!(outcome.code, 0, "{outcome:#?}\n{}", crate::cluster::logs(&space));
    assert_eq!(results(&space)[Path::new("sizes.txt")], b"104857600\n".repeat(3));
    let jobs = std::fs::read_dir(space.cache("cluster/jobs")).unwrap().count();
    assert!(jobs >= 2, "one kind of job for 200 MB, another for more");
}

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn a_stage_that_dies_again_and_again_is_given_up_until_the_next_run() {
    let space = on_cluster(
        "[stages.deadly]\nprogram = \"sh\"\nargs = [\"-c\", \"[ -e $HOME/spared ] || kill -9 $PPID; echo alive > {out.file}\"]\n\
         outputs = { file = \"alive.txt\" }\nexport = { file = \"alive.txt\" }\n[executor]\ncores = 1\nmemory = \"100MB\"\nidle = \"1s\"\n",
        |_| {},
    );
    let outcome = run(&space);
    outcome.expect_failed(["deadly"], [""; 0]);
    outcome
        .expect_message("deadly", "it died 6 times of something that nobody saw, and this run does not try it again");
    space.write("../home/spared", "");
    let outcome = run(&space);
    assert_eq!((outcome.code, space.read("spec.results/alive.txt").as_str()), (0, "alive\n"), "{outcome:#?}");
}
