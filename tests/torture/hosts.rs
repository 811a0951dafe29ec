//! Two hosts that see one cache: each at a path of its own, with a ledger and a folder of its own.

use crate::engine::Engine;
use crate::processes;
use crate::support::{Space, hundreds, set};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const STAGES: usize = 442;

#[test]
fn two_hosts_share_hundreds_of_stages_and_each_is_done_once() {
    let spec = hundreds(STAGES);
    let space = Space::new();
    fs::create_dir(space.cache("")).unwrap();
    let hosts = ["one", "other"].map(|host| {
        space.write(&format!("{host}/spec.toml"), &spec);
        symlink(space.cache(""), space.path(format!("{host}-sees"))).unwrap();
        start(&space, host)
    });
    // Both are heard at once: one that nobody hears waits.
    let outcomes = hosts.map(|host| std::thread::spawn(move || host.end())).map(|host| host.join().unwrap());
    for outcome in &outcomes {
        assert_eq!((outcome.code, outcome.failed.len()), (0, 0), "{outcome:#?}");
        assert!(outcome.ran.len() > STAGES / 10, "it had a share: {} stages", outcome.ran.len());
    }
    assert_eq!(outcomes.iter().map(|outcome| outcome.ran.len()).sum::<usize>(), STAGES);
    let executed = space.executed();
    assert_eq!((executed.len(), set(&executed).len()), (STAGES, STAGES), "each stage once");
    let result = |host: &str| space.read(&format!("{host}/spec.results/all.txt"));
    assert_eq!(result("one").lines().count(), STAGES - 1);
    assert_eq!(result("one"), result("other"));
    processes::expect_none(&space);
}

fn start(space: &Space, host: &str) -> Engine {
    let mut command = space.xlt(&["run", "spec.toml", "--allow-commands", "--json", "--jobs", "2"]);
    command.current_dir(space.path(host));
    let own = |name: &str| space.path(Path::new(&format!("{host}-{name}")));
    command.env("XLT_CACHE", own("sees")).env("XLT_STATE", own("state"));
    Engine::of(command)
}
