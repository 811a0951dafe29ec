//! Hundreds of stages.

use crate::cluster::{calls, on_cluster, start, wait_until};
use crate::support::{hundreds, set};

const STAGES: usize = 442;

#[test]
#[ignore = "needs a Slurm, which `make test-slurm` starts"]
fn hundreds_of_stages_take_a_handful_of_submissions_and_each_is_done_once_although_the_front_dies() {
    let spec = hundreds(STAGES) + "[executor]\ncores = 1\nmemory = \"200MB\"\nidle = \"2s\"\n";
    let space = on_cluster(&spec, |_| {});
    let front = start(&space);
    wait_until("a third of the stages", || space.executed().len() > STAGES / 3);
    front.kill();
    let outcome = start(&space).end();
    assert_eq!((outcome.code, outcome.failed.len()), (0, 0), "{outcome:#?}");
    let executed = space.executed();
    assert_eq!((executed.len(), set(&executed).len()), (STAGES, STAGES), "each stage once");
    assert_eq!(space.read("spec.results/all.txt").lines().count(), STAGES - 1);
    let calls = calls(&space, "sbatch");
    eprintln!("{calls} calls of sbatch");
    assert!(calls <= 10, "{calls} calls of sbatch");
}
