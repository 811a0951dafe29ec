//! Short stories: what the scheduler asks for after each event, word for word.

use crate::world::{World, command, commands, made};
use xlt_core::key::Digest;
use xlt_core::plan::{Plan, Resources, StageId, plan};
use xlt_core::schedule::{Command, Event, Gpu, Scheduler, Share, Tally};
use xlt_core::spec::{CommandStage, Model, ModelResources, Request, Spec, load};

const TWO_CORES: Resources = Resources { cores: 2, memory: 100, gpus: 0, downloads: 4 };

fn planned(stages: &[CommandStage], world: &World) -> Plan {
    plan(&commands(stages.to_vec()), "llama", world).expect("a good spec")
}

/// A plan's scheduler, told in words: `start a`, `look b`, `skip c because a`.
struct Story<'a> {
    plan: &'a Plan,
    scheduler: Scheduler<'a>,
}

impl<'a> Story<'a> {
    #[track_caller]
    fn begin(plan: &'a Plan, expected: &str) -> Self {
        Self::with_gpus(plan, &[], expected)
    }

    /// On a machine with GPUs of these sizes.
    #[track_caller]
    fn with_gpus(plan: &'a Plan, memories: &[u64], expected: &str) -> Self {
        let gpus: Vec<Gpu> = memories.iter().map(|&memory| Gpu { memory }).collect();
        let (scheduler, commands) = Scheduler::with_gpus(plan, TWO_CORES, &gpus);
        assert_eq!(words(plan, &commands), expected);
        Self { plan, scheduler }
    }

    fn id(&self, name: &str) -> StageId {
        self.plan.find(name).expect("a stage of that name")
    }

    #[track_caller]
    fn then(&mut self, event: Event, expected: &str) {
        let commands = self.scheduler.step(event);
        assert_eq!(words(self.plan, &commands), expected);
    }

    #[track_caller]
    fn done(&mut self, name: &str, bytes: &str, expected: &str) {
        let stage = self.id(name);
        self.then(Event::Done { stage, outputs: made(bytes), ran: true }, expected);
    }

    #[track_caller]
    fn not_found(&mut self, name: &str, expected: &str) {
        let stage = self.id(name);
        self.then(Event::LookedUp { stage, found: None }, expected);
    }

    #[track_caller]
    fn fails(&mut self, name: &str, expected: &str) {
        let stage = self.id(name);
        self.then(Event::Failed { stage }, expected);
    }

    #[track_caller]
    fn damaged(&mut self, reader: &str, bytes: &str, expected: &str) {
        let (stage, digest) = (self.id(reader), Digest::of(bytes.as_bytes()));
        self.then(Event::Damaged { stage, digest }, expected);
    }

    #[track_caller]
    fn ends(&self, ran: usize, cached: usize, failed: usize, skipped: usize, left: usize) {
        assert!(self.scheduler.ended(), "{:?}", self.scheduler);
        assert_eq!(self.scheduler.tally(), Tally { ran, cached, failed, skipped, left });
    }
}

fn words(plan: &Plan, commands: &[Command]) -> String {
    let name = |id: &StageId| plan.stage(*id).name.as_str();
    let word = |command: &Command| match command {
        Command::LookUp { stage, .. } => format!("look {}", name(stage)),
        Command::Start { stage, gpus, .. } => format!("start {}{}", name(stage), on(gpus)),
        Command::Skip { stage, because } => format!("skip {} because {}", name(stage), name(because)),
    };
    commands.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// ` on 0 with 10 and 1 with 10`; nothing without GPUs.
fn on(gpus: &[Share]) -> String {
    let share = |share: &Share| format!("{} with {}", share.gpu, share.memory);
    let shares: Vec<String> = gpus.iter().map(share).collect();
    if shares.is_empty() { String::new() } else { format!(" on {}", shares.join(" and ")) }
}

/// A command that takes so many GPUs and so much memory of them together.
fn on_gpus(name: &str, gpus: u32, memory: u64) -> CommandStage {
    CommandStage { gpus, memory, cores: 0, ..command(name, &[]) }
}

/// A world in which every stage has run, its bytes being its name.
fn after_a_run(stages: &[CommandStage]) -> World {
    let mut world = World::default();
    loop {
        let plan = planned(stages, &world);
        let mut to_run =
            plan.ids().filter_map(|(id, stage)| Some((*plan.verdicts[id.index()].key()?, made(&stage.name))));
        let before = world.records.len();
        world.records.extend(to_run.by_ref());
        if world.records.len() == before {
            return world;
        }
    }
}

#[test]
fn a_chain_runs_one_after_the_other() {
    let stages = [command("a", &[]), command("b", &["a"]), command("c", &["b"])];
    let plan = planned(&stages, &World::default());
    let mut story = Story::begin(&plan, "start a");
    story.done("a", "1", "look b");
    story.not_found("b", "start b");
    story.done("b", "2", "look c");
    story.not_found("c", "start c");
    story.done("c", "3", "");
    story.ends(3, 0, 0, 0, 0);
}

#[test]
fn nothing_changed_means_nothing_is_asked() {
    let stages = [command("a", &[]), command("b", &["a"])];
    let world = after_a_run(&stages);
    let plan = planned(&stages, &world);
    Story::begin(&plan, "").ends(0, 2, 0, 0, 0);
}

#[test]
fn a_stage_rebuilt_to_the_same_bytes_ends_the_rerun_there() {
    let mut stages = [command("a", &[]), command("b", &["a"]), command("c", &["b"])];
    let world = after_a_run(&stages);
    stages[0].args.push("--faster".to_owned());
    let plan = planned(&stages, &world);
    let mut story = Story::begin(&plan, "start a");
    story.done("a", "a", "look b");
    let (stage, found) = (story.id("b"), Some(made("b")));
    story.then(Event::LookedUp { stage, found }, "look c");
    let (stage, found) = (story.id("c"), Some(made("c")));
    story.then(Event::LookedUp { stage, found }, "");
    story.ends(1, 2, 0, 0, 0);
}

#[test]
fn what_reads_a_lost_artifact_that_came_back_the_same_is_not_even_looked_up() {
    let mut stages = [command("a", &[]), command("b", &["a"]), command("c", &["a"])];
    let mut world = after_a_run(&stages);
    world.gone.insert(Digest::of(b"a"));
    stages[2].args.push("--new".to_owned());
    let plan = planned(&stages, &world);
    let mut story = Story::begin(&plan, "start a");
    story.done("a", "a", "start c");
    story.done("c", "other", "");
    story.ends(2, 1, 0, 0, 0);
}

#[test]
fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let stages =
        [command("a", &[]), command("b", &["a"]), command("c", &["b"]), command("x", &[]), command("y", &["x"])];
    let plan = planned(&stages, &World::default());
    let mut story = Story::begin(&plan, "start a, start x");
    story.fails("a", "skip b because a, skip c because a");
    story.done("x", "1", "look y");
    story.not_found("y", "start y");
    story.done("y", "2", "");
    story.ends(2, 0, 1, 2, 0);
}

#[test]
fn a_damaged_artifact_is_made_again_before_its_readers_run() {
    let stages = [command("a", &[]), command("b", &["a"]), command("c", &["a"]), command("d", &["b", "c"])];
    let plan = planned(&stages, &World::default());
    let mut story = Story::begin(&plan, "start a");
    story.done("a", "1", "look b, look c");
    story.not_found("b", "start b");
    story.not_found("c", "start c");
    story.damaged("b", "1", "start a");
    story.damaged("c", "1", "");
    story.done("a", "1", "start b, start c");
    story.done("b", "2", "");
    story.done("c", "3", "look d");
    story.not_found("d", "start d");
    story.done("d", "4", "");
    story.ends(4, 0, 0, 0, 0);
}

#[test]
fn a_reader_that_was_about_to_start_waits_for_the_repair() {
    let mut stages = [command("a", &[]), command("b", &["a"]), command("c", &["a"])];
    stages[1].cores = 2;
    let plan = planned(&stages, &World::default());
    let mut story = Story::begin(&plan, "start a");
    story.done("a", "1", "look b, look c");
    story.not_found("b", "start b");
    story.not_found("c", "");
    story.damaged("b", "1", "start a");
    story.done("a", "1", "start b");
    story.done("b", "2", "start c");
    story.done("c", "3", "");
    story.ends(3, 0, 0, 0, 0);
}

#[test]
fn a_repair_whose_own_input_is_damaged_waits_for_that() {
    let mut stages = [command("a", &[]), command("b", &["a"]), command("c", &["b"])];
    let mut world = after_a_run(&stages);
    stages[2].args.push("--new".to_owned());
    world.gone.clear();
    let plan = planned(&stages, &world);
    let mut story = Story::begin(&plan, "start c");
    story.damaged("c", "b", "start b");
    story.damaged("b", "a", "start a");
    story.done("a", "a", "start b");
    story.done("b", "b", "start c");
    story.done("c", "c", "");
    story.ends(3, 0, 0, 0, 0);
}

#[test]
fn a_repair_that_fails_skips_everything_that_waited_for_it() {
    let stages =
        [command("a", &[]), command("b", &["a"]), command("c", &["b"]), command("d", &["c"]), command("e", &["a"])];
    let plan = planned(&stages, &World::default());
    let mut story = Story::begin(&plan, "start a");
    story.done("a", "1", "look b, look e");
    story.not_found("b", "start b");
    story.not_found("e", "start e");
    story.damaged("b", "1", "start a");
    story.fails("a", "skip b because a, skip c because a, skip d because a");
    // It was running all along and only now says that it could not.
    story.damaged("e", "1", "skip e because a");
    story.ends(0, 0, 1, 4, 0);
}

#[test]
fn a_stage_that_another_engine_makes_is_tried_again() {
    let plan = planned(&[command("a", &[])], &World::default());
    let mut story = Story::begin(&plan, "start a");
    let stage = story.id("a");
    story.then(Event::Busy { stage }, "");
    assert!(!story.scheduler.ended());
    story.then(Event::Retry { stage }, "start a");
    story.then(Event::Done { stage, outputs: made("1"), ran: false }, "");
    story.ends(0, 1, 0, 0, 0);
}

#[test]
fn after_a_stop_what_runs_is_finished_and_nothing_starts() {
    let stages = [command("a", &[]), command("b", &["a"]), command("c", &[]), command("d", &[])];
    let plan = planned(&stages, &World::default());
    let mut story = Story::begin(&plan, "start a, start c");
    story.then(Event::Stop, "");
    story.done("a", "1", "look b");
    story.not_found("b", "");
    assert!(!story.scheduler.ended());
    story.done("c", "2", "");
    story.ends(2, 0, 0, 0, 2);
}

#[test]
fn a_stage_that_wants_everything_is_not_overtaken_for_ever() {
    let mut stages = [command("a", &[]), command("b", &[]), command("c", &[]), command("d", &[])];
    stages[1].cores = 99;
    let plan = planned(&stages, &World::default());
    let mut story = Story::begin(&plan, "start a");
    story.done("a", "1", "start b");
    story.done("b", "2", "start c, start d");
    story.done("c", "3", "");
    story.done("d", "4", "");
    story.ends(4, 0, 0, 0, 0);
}

/// Two models that are asked in two languages, everything from elsewhere.
fn two_models() -> Spec {
    let text = r#"
        [models]
        one = { file = "hf:lab/models/one.gguf" }
        two = { file = "hf:lab/models/two.gguf" }
        [languages]
        target = ["eng_Latn", "heb_Hebr"]
        [data.d]
        file = "hf:datasets/lab/rows/{language}.jsonl"
        key = "id"
        fields = { question = "q", options = ["a", "b"], answer = "answer" }
        [prompt]
        body = "{{ question }}"
        labels = ["1", "2"]
        [modes.direct]
        [conditions]
        base = { modes = ["direct"] }
        [evaluate]
        data = "d"
        languages = "target"
        "#;
    let request = Request { path: "study.toml", profile: None, set: &[] };
    load(&request, &|_| Ok(text.to_owned())).expect("a good spec")
}

#[test]
fn a_model_that_is_loaded_is_asked_all_before_another_whatever_becomes_ready_when() {
    let plan = plan(&two_models(), "llama", &World::default()).expect("a good spec");
    let downloads = "start download/model/one, start download/data/d/eng_Latn, start download/data/d/heb_Hebr, \
                     start download/model/two";
    let mut story = Story::begin(&plan, downloads);
    let [one, two] =
        ["one", "two"].map(|model| ["eng_Latn", "heb_Hebr"].map(|code| format!("evaluate/{model}/base/{code}/direct")));
    story.done("download/model/two", "two", "");
    story.done("download/data/d/eng_Latn", "english", &format!("look {}", two[0]));
    story.not_found(&two[0], &format!("start {}", two[0]));
    story.done("download/model/one", "one", &format!("look {}", one[0]));
    story.not_found(&one[0], "");
    story.done("download/data/d/heb_Hebr", "hebrew", &format!("look {}, look {}", one[1], two[1]));
    story.not_found(&one[1], "");
    story.done(&two[0], "1", "");
    story.not_found(&two[1], &format!("start {}", two[1]));
    story.then(Event::Worked { stage: plan.find(&two[1]).expect("it is there") }, "");
    story.done(&two[1], "2", &format!("start {}", one[0]));
    story.done(&one[0], "3", &format!("start {}", one[1]));
}

#[test]
fn small_stages_share_a_gpu_by_memory_and_go_where_there_is_most_room() {
    let stages = ["a", "b", "c", "d"].map(|name| CommandStage { cores: 1, ..on_gpus(name, 1, 10) });
    let plan = planned(&stages[..2], &World::default());
    Story::with_gpus(&plan, &[24], "start a on 0 with 10, start b on 0 with 10");
    Story::with_gpus(&plan, &[24, 40], "start a on 1 with 10, start b on 0 with 10");
    let mut story = Story::with_gpus(&plan, &[15], "start a on 0 with 10");
    story.done("a", "1", "start b on 0 with 10");
}

#[test]
fn a_stage_that_says_no_memory_has_its_gpus_to_itself() {
    let stages = [on_gpus("a", 1, 0), on_gpus("b", 1, 1), on_gpus("c", 0, 7)];
    let plan = planned(&stages, &World::default());
    let mut story = Story::with_gpus(&plan, &[24], "start a on 0 with 24, start c");
    story.done("a", "1", "start b on 0 with 1");
}

#[test]
fn a_large_model_is_spread_over_gpus_by_their_memory() {
    let plan = planned(&[on_gpus("a", 2, 30)], &World::default());
    Story::with_gpus(&plan, &[20, 40, 40], "start a on 1 with 15 and 2 with 15");
    Story::with_gpus(&plan, &[20, 40], "start a on 0 with 10 and 1 with 20");
}

#[test]
fn who_asks_for_more_gpus_or_memory_than_there_are_gets_all_there_are() {
    let plan = planned(&[on_gpus("a", 4, 500), on_gpus("b", u32::MAX, 0)], &World::default());
    let mut story = Story::with_gpus(&plan, &[20, 40], "start a on 0 with 20 and 1 with 40");
    story.done("a", "1", "start b on 0 with 20 and 1 with 40");
    // One that would fit on the smaller waits for none.
    let plan = planned(&[on_gpus("a", 1, 30)], &World::default());
    Story::with_gpus(&plan, &[20, 40], "start a on 1 with 30");
    Story::with_gpus(&plan, &[20, 10], "start a on 0 with 20");
    // Without GPUs it is memory of the machine.
    Story::begin(&plan, "start a");
}

#[test]
fn a_stage_that_waits_for_gpus_is_not_overtaken_by_smaller_ones_but_by_those_without() {
    let stages = [on_gpus("a", 1, 0), on_gpus("b", 2, 0), on_gpus("c", 1, 5), on_gpus("d", 0, 0)];
    let plan = planned(&stages, &World::default());
    let mut story = Story::with_gpus(&plan, &[10, 10], "start a on 0 with 10, start d");
    story.done("a", "1", "start b on 0 with 10 and 1 with 10");
    story.done("b", "2", "start c on 0 with 5");
}

#[test]
fn a_model_goes_on_where_it_is_loaded() {
    let plan = plan(&with_resources(two_models()), "llama", &World::default()).expect("a good spec");
    let downloads = "start download/model/one, start download/data/d/eng_Latn, start download/data/d/heb_Hebr, \
                     start download/model/two";
    let mut story = Story::with_gpus(&plan, &[10, 10], downloads);
    let [one, two] =
        ["one", "two"].map(|model| ["eng_Latn", "heb_Hebr"].map(|code| format!("evaluate/{model}/base/{code}/direct")));
    story.done("download/model/one", "one", "");
    story.done("download/data/d/eng_Latn", "english", &format!("look {}", one[0]));
    story.not_found(&one[0], &format!("start {} on 0 with 8", one[0]));
    story.done("download/model/two", "two", &format!("look {}", two[0]));
    story.not_found(&two[0], &format!("start {} on 1 with 8", two[0]));
    story.done("download/data/d/heb_Hebr", "hebrew", &format!("look {}, look {}", one[1], two[1]));
    story.not_found(&one[1], "");
    story.not_found(&two[1], "");
    story.done(&two[0], "1", &format!("start {} on 1 with 8", two[1]));
    story.done(&one[0], "2", &format!("start {} on 0 with 8", one[1]));
}

/// Each model on a GPU, with 8 bytes of it.
fn with_resources(spec: Spec) -> Spec {
    let resources = ModelResources { gpus: Some(1), memory: Some(8), cores: None };
    let models = spec.models.into_iter().map(|model| Model { resources, ..model }).collect();
    Spec { models, ..spec }
}
