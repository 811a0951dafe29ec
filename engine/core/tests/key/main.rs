//! Keys: what must change them, what must not, and two that are pinned to the digit.

mod command;
mod elsewhere;
mod evaluate;
mod fertility;
mod import;
mod probe;
mod shown;
mod study;
mod tuning;
#[path = "../world/mod.rs"]
mod world;

use world::World;
use xlt_core::plan::plan;
use xlt_core::spec::Spec;

/// Key and manifest of a stage of a spec. Every stage is recorded as having made the same bytes, so that all keys are known.
fn key(spec: &Spec, llama: &str, stage: &str) -> (String, String) {
    let mut world = World::default();
    for _ in 0..10 {
        let plan = plan(spec, llama, &world).expect("a good spec");
        let id = plan.find(stage).expect("a stage of that name");
        if let Some(key) = plan.verdicts[id.index()].key() {
            return (key.to_string(), plan.manifest(plan.stage(id), &plan));
        }
        for (id, stage) in plan.ids() {
            let outputs = stage.outputs().flat_map(|_| world::made("out")).collect();
            world.records.extend(plan.verdicts[id.index()].key().map(|&key| (key, outputs)));
        }
    }
    panic!("{stage} has no key");
}

/// Raising a recipe's version, or any change to how manifests are written or hashed, changes these. That throws away every user's
/// cache: if you did not mean to, put it right; if you did, say so in the changelog.
#[test]
fn keys_are_pinned() {
    let (command, _) = key(&command::spec(), "llama", "train/a");
    assert_eq!(command, "f8727612587522d4f8672a2c510fb3545cb10152517ea3d730303e019a1ebde3");
    let (evaluate, _) = key(&study::spec(), "llama", "evaluate/m/tuned/seed1/heb_Hebr/cot");
    assert_eq!(evaluate, "b33bfd82400d4e25571336065974b77d3b166577d93e7ca7c2956e9598f75d1d");
    let (finetune, _) = key(&study::spec(), "llama", "finetune/m/lora/seed1");
    assert_eq!(finetune, "7b3c2a5fb0900e43a0d0f103a47767d71c0c3b50347b91adbce994e6cf29d9f3");
    let (probe, _) = key(&probe::spec(), "llama", "probe/m/tuned/seed1/heb_Hebr/cot");
    assert_eq!(probe, "5928996fdb75700e6229614389ae3d5d1c51cc433c5962578b1781d59c15ce06");
}
