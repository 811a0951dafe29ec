//! Keys and order of what programs make for a study: models, and adapters.

use crate::key;
use crate::study::{spec, training};
use crate::world::{World, command};
use std::collections::BTreeMap;
use xlt_core::plan::{InputSource, Plan, plan};
use xlt_core::spec::{CommandInput, ModelFile, Spec, StageOutput};

const ROWS: &str = "rows/m/lora/seed1";

fn output(stage: &str) -> StageOutput {
    StageOutput { stage: stage.to_owned(), output: "out".to_owned() }
}

/// The study with a model that `convert` makes, and an adapter that `train` trains; by name, the trainer comes first.
fn elsewhere() -> Spec {
    let mut spec = spec();
    spec.models[0].file = ModelFile::Made(output("convert"));
    spec.adapters[0].trained_by = BTreeMap::from([("m".to_owned(), output("a-train"))]);
    let mut train = command("a-train", &[]);
    train.inputs.insert("training".to_owned(), CommandInput::Training("lora".to_owned()));
    let mut convert = command("convert", &["fetch"]);
    for stage in [&mut train, &mut convert] {
        stage.axes = vec!["model".to_owned()];
        stage.matrix = BTreeMap::from([("model".to_owned(), vec!["m".to_owned()])]);
    }
    spec.stages = vec![train, convert, command("fetch", &[])];
    spec
}

fn planned(spec: &Spec) -> Plan {
    plan(spec, "llama", &World::default()).expect("a good spec")
}

/// Names of the stages that a stage reads, by the names of its inputs.
fn reads(plan: &Plan, stage: &str) -> Vec<(String, String)> {
    let stage = plan.stage(plan.find(stage).expect("it is there"));
    let from = |input: &xlt_core::plan::Input| match input.source {
        InputSource::Stage(id, _) => Some((input.name.to_string(), plan.stage(id).name.clone())),
        InputSource::Local(_) => None,
    };
    stage.inputs.iter().filter_map(from).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, stage)| (name.to_owned(), stage.to_owned())).collect()
}

#[test]
fn whatever_is_read_comes_first() {
    let plan = planned(&elsewhere());
    for (id, stage) in plan.ids() {
        assert!(stage.producers().all(|(producer, _)| producer < id), "{}", stage.name);
    }
    let rows = pairs(&[("model", "convert/m"), ("rows", "download/data/belebele/arb_Arab")]);
    assert_eq!(reads(&plan, ROWS), rows, "a vocabulary needs no quantization");
    assert_eq!(reads(&plan, "a-train/m"), pairs(&[("training", ROWS)]));
    assert_eq!(reads(&plan, "adopt/m/lora/seed1"), pairs(&[("model", "convert/m"), ("adapter", "a-train/m")]));
    assert_eq!(reads(&plan, "quantize/m"), pairs(&[("model", "convert/m")]));
    assert!(plan.find("finetune/m/lora/seed1").is_none() && plan.find("download/model/m").is_none());
    assert!(
        plan.exports.iter().all(|export| plan.stage(export.stage).name == "analyze"),
        "what the study reads is no result"
    );
}

#[test]
fn what_is_written_down_changes_with_whatever_would_train_it_again() {
    let text = |change: fn(&mut Spec)| {
        let mut spec = elsewhere();
        change(&mut spec);
        key(&spec, "llama", ROWS).1
    };
    let before = text(|_| {});
    assert!(before.contains("finetune.recipe") && before.contains("kind = \"rows\""), "{before}");
    for change in [
        (|spec| training(spec).optimizer.lr *= 2.0) as fn(&mut Spec),
        |spec| training(spec).lora.rank += 1,
        |spec| training(spec).pace.batch_examples += 1,
        |spec| training(spec).train_on.limit = Some(3),
        |spec| spec.prompt.as_mut().expect("it has one").system = None,
    ] {
        assert_ne!(text(change), before);
    }
    for change in [
        (|spec| training(spec).checkpoint_every += 1) as fn(&mut Spec),
        |spec| training(spec).max_length = Some(4096),
        |spec| spec.models[0].quantize = Some("Q4_0".to_owned()),
    ] {
        assert_eq!(text(change), before);
    }
}

#[test]
fn only_what_a_command_reads_is_fetched_as_a_folder() {
    let mut spec = elsewhere();
    let hub = |path| CommandInput::Remote(crate::study::hub(path, false));
    spec.stages[2].inputs = BTreeMap::from([("one".to_owned(), hub("a.json")), ("all".to_owned(), hub("*.json"))]);
    let plan = planned(&spec);
    let inputs = reads(&plan, "fetch");
    assert_eq!(inputs, pairs(&[("all", "download/input/fetch/all"), ("one", "download/input/fetch/one")]));
    let text = |stage| key(&spec, "llama", stage).1;
    assert!(text("download/input/fetch/all").contains("many") && !text("download/input/fetch/one").contains("many"));
    let links = plan.links(plan.stage(plan.find("fetch").expect("it is there")));
    assert_eq!((links["all"].as_str(), links["one"].as_str()), ("in/all", "in/one.json"));
}
