//! Stages on particular GPUs. The machine's are made up: the engine is told of them as it would be by the process that looks.

use crate::support::{Space, write_script};
use std::path::Path;
use xlt_cache::{Cache, Ledger};
use xlt_core::plan::plan;
use xlt_core::spec::{Request, load};
use xlt_run::gpus::{Device, Gpus};
use xlt_run::{Engine, LockFile, Observer, Options, Role, RunEvent, World};

/// Each stage writes down which GPUs its program sees.
const SPEC: &str = r#"
[stages.one]
program = "sh"
args    = ["-c", "echo one $CUDA_VISIBLE_DEVICES > seen"]
outputs = { seen = "seen" }
gpus    = 1

[stages.other]
program = "sh"
args    = ["-c", "echo other $CUDA_VISIBLE_DEVICES > seen"]
outputs = { seen = "seen" }
gpus    = 1

[stages.both]
program = "sh"
args    = ["-c", "echo both $CUDA_VISIBLE_DEVICES > seen"]
outputs = { seen = "seen" }
gpus    = 9

[stages.none]
program = "sh"
args    = ["-c", "echo none $CUDA_VISIBLE_DEVICES > seen"]
outputs = { seen = "seen" }
"#;

struct Deaf;

impl Observer for Deaf {
    fn event(&mut self, _: &RunEvent<'_>) {}
}

/// Runs the spec on a machine with these GPUs, or with those that `program` finds; what its stages wrote.
fn run(space: &Space, program: &Path, gpus: Option<Gpus>) -> Vec<String> {
    let path = space.path("spec.toml");
    let name = path.to_string_lossy();
    let request = Request { path: &name, profile: None, set: &[] };
    let spec = load(&request, &|path| std::fs::read_to_string(path).map_err(|error| error.to_string())).unwrap();
    let cache = Cache::open(Path::new(&space.cache(""))).unwrap();
    let ledger = Ledger::open(&space.state("ledger.sqlite"), &cache).unwrap();
    let lock = LockFile::of(&path, &spec.name).unwrap();
    let mut world = World::new(cache, ledger, lock, path.with_extension("results"), spec.name.clone());
    let (engine, _) = Engine::new(Options {
        program: program.to_owned(),
        jobs: Some(4),
        offline: true,
        locked: false,
        allow_commands: true,
        memory: None,
        host: "here".to_owned(),
        role: Role::Alone,
    });
    let engine = match gpus {
        Some(gpus) => engine.with_gpus(gpus),
        None => engine,
    };
    let held = world.cache.share().unwrap();
    let planned = plan(&spec, "llama", &world).unwrap();
    let ending = engine.run(&planned, &mut world, Some(&held), &mut Deaf).unwrap();
    assert_eq!(ending.tally.ran, 4, "{ending:?}");
    let stages = ["one", "other", "both", "none"];
    stages.map(|stage| space.read(&format!("spec.results/{stage}/seen")).trim().to_owned()).to_vec()
}

fn device(number: u64) -> Device {
    Device {
        name: format!("CUDA{number}"),
        description: "a GPU".to_owned(),
        backend: "CUDA".to_owned(),
        id: None,
        integrated: false,
        free: 1 << 30,
        total: 1 << 30,
    }
}

#[test]
fn a_stage_sees_the_gpus_that_it_has_and_one_without_any_sees_none() {
    let space = Space::with_spec(SPEC);
    let gpus = Gpus::new(vec![device(0), device(1)]);
    let found = run(&space, Path::new(env!("CARGO_BIN_EXE_xlt")), Some(gpus));
    // The first two run at the same time.
    assert_eq!(found, ["one 0", "other 1", "both 0,1", "none -1"]);
}

#[test]
fn a_process_looks_for_gpus_only_where_there_is_a_module_for_some() {
    let space = Space::with_spec(SPEC);
    let (program, list) = (space.path("xlt"), space.home("started"));
    let text = format!("echo \"$*\" >> {}; exec {} \"$@\"", list.display(), env!("CARGO_BIN_EXE_xlt"));
    write_script(&program, &text);
    let found = run(&space, &program, None);
    let started = std::fs::read_to_string(list).unwrap();
    let looked = started.lines().any(|line| line.contains("--devices"));
    assert_eq!(looked, !xlt_llama::gpu_modules().is_empty(), "{started}");
    if !looked {
        let own = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
        assert!(found.iter().all(|line| line.split_once(' ').map_or("", |(_, seen)| seen) == own), "{found:?}");
    }
}
