//! Keys of probes, and which evaluations have one.

use crate::key;
use crate::study;
use crate::world::{World, made};
use xlt_core::plan::{Plan, Stage, plan, plan_only};
use xlt_core::spec::{AnswersFormat, Condition, Mode, Reason, Score, Source, Spec};

const PROBE: &str = "probe/m/tuned/seed1/heb_Hebr/cot";
const EVALUATE: &str = "evaluate/m/tuned/seed1/heb_Hebr/cot";

/// The study, with a mode that writes nothing, and probes.
pub(super) fn spec() -> Spec {
    let mut spec = study::spec();
    spec.modes[0].reason = None;
    spec.evaluate.as_mut().expect("it has one").probe = 20;
    spec
}

fn compiled(spec: &Spec) -> Plan {
    plan(spec, "llama", &World::default()).expect("a good spec")
}

fn probes(spec: &Spec) -> Vec<String> {
    compiled(spec).stages.into_iter().map(|stage| stage.name).filter(|name| name.starts_with("probe/")).collect()
}

#[track_caller]
fn check(same: bool, change: impl FnOnce(&mut Spec)) {
    let mut changed = spec();
    change(&mut changed);
    let ((before, old), (after, new)) = (key(&spec(), "llama", PROBE), key(&changed, "llama", PROBE));
    assert_eq!(before == after, same, "{old}\n{new}");
    assert_eq!(old == new, same, "the text and the key disagree:\n{old}\n{new}");
}

#[test]
fn whatever_can_change_how_it_is_asked_changes_the_key() {
    let evaluate = |change: fn(&mut xlt_core::spec::Evaluate)| {
        check(false, |spec| change(spec.evaluate.as_mut().expect("it has one")));
    };
    evaluate(|evaluate| evaluate.probe += 1);
    evaluate(|evaluate| evaluate.unit *= 2);
    evaluate(|evaluate| evaluate.limit = None);
    check(false, |spec| spec.modes[0].score = Score::Texts);
    check(false, |spec| spec.prompt.as_mut().expect("it has one").body.push('!'));
    assert_ne!(key(&spec(), "llama", PROBE), key(&spec(), "another llama", PROBE));
}

#[test]
fn names_and_bounds_do_not() {
    check(true, |spec| spec.name.push('!'));
    check(true, |spec| spec.evaluate.as_mut().expect("it has one").context = Some(512));
    check(true, |spec| spec.evaluate.as_mut().expect("it has one").slots += 1);
    check(true, |spec| spec.evaluate.as_mut().expect("it has one").languages.reverse());
}

/// Other answers are another input.
#[test]
fn it_reads_what_its_evaluation_reads_and_then_its_answers() {
    let compiled = compiled(&spec());
    let stage = |name: &str| compiled.stage(compiled.find(name).expect("there"));
    let (probe, evaluation) = (stage(PROBE), stage(EVALUATE));
    let names =
        |stage: &Stage| stage.inputs.iter().map(|input| (input.name.to_string(), input.source)).collect::<Vec<_>>();
    let (answers, rest) = (names(probe).pop().expect("the last"), names(probe).len() - 1);
    assert_eq!(names(probe)[..rest], names(evaluation));
    let (producer, _) = probe.producers().last().expect("the last");
    assert_eq!((answers.0.as_str(), &*compiled.stage(producer).name), ("answers", EVALUATE));
    assert_eq!((probe.model(), probe.resources), (evaluation.model(), evaluation.resources));
    assert!(probe.model().is_some(), "it goes to the worker that has the model loaded");
    assert!(key(&spec(), "llama", PROBE).1.contains("input.answers"));
}

#[test]
fn who_does_not_ask_has_no_probe_and_the_keys_as_before() {
    let mut off = spec();
    off.evaluate.as_mut().expect("it has one").probe = 0;
    assert!(probes(&off).is_empty());
    assert_eq!(
        key(&off, "llama", EVALUATE),
        key(&spec(), "llama", EVALUATE),
        "an evaluation knows nothing of its probe"
    );
    let (without, with) = (key(&off, "llama", "analyze"), key(&spec(), "llama", "analyze"));
    assert!(!without.1.contains("probe") && with.1.contains("probe"), "{}\n{}", without.1, with.1);
}

#[test]
fn what_writes_or_is_rotated_or_came_from_elsewhere_is_not_probed() {
    assert_eq!(probes(&spec()), ["probe/m/tuned/seed1/arb_Arab/cot", PROBE]);
    let none = |change: fn(&mut Spec)| {
        let mut spec = spec();
        change(&mut spec);
        assert_eq!(probes(&spec), [""; 0]);
    };
    none(|spec| spec.modes[0].score = Score::Generate);
    none(|spec| spec.modes[0].rotate = true);
    none(|spec| spec.modes[0].reason = study::spec().modes[0].reason.clone());
    none(|spec| {
        spec.conditions[0].adapter = None;
        spec.models[0].answers = Some(AnswersFormat::Jsonl);
        study::file(spec).source = Source::Local { path: "{language}.{mode}.jsonl".to_owned() };
    });
    let filler = |reason: Reason| Reason { filler: Some(" .".to_owned()), ..reason };
    let mut filled = spec();
    filled.modes[0].reason = study::spec().modes[0].reason.clone().map(filler);
    assert_eq!(probes(&filled).len(), 2, "filler is not written");
}

#[test]
fn a_part_of_a_plan_has_what_is_wanted_and_what_that_reads() {
    let mut spec = spec();
    spec.modes.push(Mode { score: Score::Generate, ..Mode::named("free") });
    spec.conditions[0].modes.push("free".to_owned());
    let modes = vec!["cot".to_owned()];
    spec.conditions.push(Condition { name: "base".to_owned(), adapter: None, modes });
    let mut world = World::default();
    let whole = plan(&spec, "llama", &world).expect("a good spec");
    let download = whole.find("download/model/m").expect("there");
    world.records.extend(whole.verdicts[download.index()].key().map(|&key| (key, made("out"))));
    let wanted = |stage: &Stage| stage.name.starts_with("probe/m/base");
    let part = plan_only(&spec, "llama", &world, &wanted).expect("a good spec");
    let names: Vec<&str> = part.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "download/model/m",
            "quantize/m",
            "download/data/belebele/arb_Arab",
            "download/data/belebele/heb_Hebr",
            "evaluate/m/base/arb_Arab/cot",
            "probe/m/base/arb_Arab/cot",
            "evaluate/m/base/heb_Hebr/cot",
            "probe/m/base/heb_Hebr/cot",
        ]
    );
    let read = |name: &str| -> Vec<&str> {
        let stage = part.stage(part.find(name).expect("there"));
        stage.producers().map(|(id, _)| part.stage(id).name.as_str()).collect()
    };
    assert_eq!(
        read("probe/m/base/heb_Hebr/cot"),
        ["quantize/m", "download/data/belebele/heb_Hebr", "evaluate/m/base/heb_Hebr/cot"]
    );
    assert_eq!((part.exports.len(), part.verdicts.len(), part.verdicts[0].word()), (0, 8, "cached"));
    assert_eq!((whole.exports.len(), whole.find("analyze").is_some()), (8, true));
    let analysis = plan_only(&spec, "llama", &world, &|stage| stage.name == "analyze").expect("a good spec");
    assert_eq!(analysis.exports.len(), 8);
    assert!(analysis.exports.iter().all(|export| analysis.stage(export.stage).name == "analyze"));
}
