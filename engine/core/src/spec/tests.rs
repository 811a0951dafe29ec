//! What a spec resolves to: layers, defaults, filters. Messages are tested by the corpus in `tests/specs`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const STUDY: &str = include_str!("../../../../tests/specs/base.toml");
const PAPER: &str = include_str!("../../../../specs/paper.toml");

/// Loads `spec.toml` in `folder` from texts in memory, the study among them as `folder/base.toml`.
fn load_with(text: &str, profile: Option<&str>, set: &[&str]) -> Result<Spec, Vec<String>> {
    let files: BTreeMap<&str, &str> = [("folder/spec.toml", text), ("folder/base.toml", STUDY)].into();
    let read = |path: &str| files.get(path).map(|text| (*text).to_owned()).ok_or_else(|| "no such file".to_owned());
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    load(&Request { path: "folder/spec.toml", profile, set: &set }, &read)
        .map_err(|errors| errors.errors().iter().map(ToString::to_string).collect())
}

fn loaded(text: &str, profile: Option<&str>, set: &[&str]) -> Spec {
    load_with(text, profile, set).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// How the adapter of that number is trained.
fn trained(spec: &Spec, adapter: usize) -> &Training {
    spec.adapters[adapter].training().expect("trained here")
}

const ADAPTERS: &str = include_str!("../../../../tests/specs/valid/adapters.toml");

/// The specs of the corpus lie one folder below the study.
fn loaded_adapters(profile: Option<&str>, more: &str) -> Spec {
    loaded(&format!("{}{more}", ADAPTERS.replace("../base.toml", "base.toml")), profile, &[])
}

const EXTENDS: &str = "extends = \"base.toml\"\n";

/// The file of the first model.
fn given(spec: &Spec) -> &FileRef {
    spec.models[0].file.given().expect("it is a file")
}

#[test]
fn the_paper_reads_as_written() {
    let spec = loaded(PAPER, None, &[]);
    assert_eq!(spec.name, "semitic-transfer");
    assert_eq!(spec.models.len(), 7);
    let model = &spec.models[2];
    assert_eq!((model.name.as_str(), model.quantize.as_deref(), model.chat), ("gpt-oss-20b", None, Chat::Model));
    assert_eq!(model.slot.as_deref(), Some("<|channel|>final<|message|>"));
    let hub = Source::Hub {
        repo: "facebook/belebele".to_owned(),
        dataset: true,
        path: "data/{language}.jsonl".to_owned(),
        revision: Some("75b399394a9803252cfec289d103de462763db7c".to_owned()),
    };
    assert_eq!(spec.data[0].file.source, hub);
    assert_eq!(spec.data[0].key, ["link", "question_number"]);
    let split = Split::Drawn { by: SplitBy::Question, train: 800, test: 100, seed: 17, allow_shared_passages: true };
    assert_eq!(spec.data[0].split, Some(split));
    assert_eq!(trained(&spec, 0).train_on.languages.len(), 6);
    assert_eq!(spec.evaluate.as_ref().map(|evaluate| evaluate.languages[0].as_str()), Some("heb_Hebr"));
    assert_eq!(spec.claims[1].expect, Expect::Below(0.03));
    assert_eq!(spec.claims[1].estimate.terms[1].languages, "controls");
    assert_eq!(spec.conditions[0].modes, ["direct", "cot"]);
    assert_eq!(
        spec.modes[0].reason,
        Some(Reason {
            max_tokens: 2048,
            channel: Channel::Auto,
            effort: None,
            sampling: Sampling::Greedy,
            filler: None
        })
    );
}

#[test]
fn a_profile_is_laid_over_the_paper_and_leaves_a_part() {
    let spec = loaded(PAPER, Some("smoke"), &[]);
    assert_eq!(spec.models.len(), 1);
    assert_eq!(spec.evaluate.as_ref().expect("kept").languages, ["heb_Hebr", "fra_Latn"]);
    assert_eq!(trained(&spec, 0).train_on.languages, ["arb_Arab"]);
    assert!(matches!(spec.data[0].split, Some(Split::Drawn { by: SplitBy::Passage, train: 40, test: 20, .. })));
    assert_eq!(spec.languages[0].codes.len(), 6, "groups stay as written");
}

#[test]
fn what_is_left_out_is_worked_out() {
    let spec = loaded(EXTENDS, None, &[]);
    assert_eq!(spec.name, "spec");
    assert_eq!(given(&spec).source, Source::Local { path: "folder/tiny.gguf".to_owned() });
    let adapter = trained(&spec, 0);
    assert_eq!(
        adapter.lora,
        Lora { rank: 16, alpha: 16.0, dropout: 0.0, targets: vec!["all-linear".to_owned()], train_experts: false }
    );
    let optimizer = Optimizer {
        lr: 1e-4,
        schedule: Schedule::Linear,
        warmup: 0.0,
        weight_decay: 0.0,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        clip: Some(1.0),
    };
    assert_eq!(adapter.optimizer, optimizer);
    assert_eq!(adapter.pace, Pace { batch_examples: 32, accumulate: 1, length: Length::Epochs(1) });
    assert_eq!((adapter.base, adapter.max_length, adapter.checkpoint_every), (Base::Quantized, None, 20));
    assert_eq!(adapter.train_on.lesson, Lesson::Answer { mode: "direct".to_owned(), gold: Gold::True });
    assert_eq!((&spec.adapters[0].seeds[..], spec.adapters[0].merge), (&[1, 2, 3][..], false));
    assert_eq!(adapter.train_on.part, "train");
    let evaluate = spec.evaluate.expect("there");
    assert_eq!((evaluate.part.as_str(), evaluate.limit, evaluate.context), ("test", None, None));
    assert_eq!((evaluate.unit, evaluate.kv), (512, Kv::F16));
    let gain = spec.analyze.and_then(|analyze| analyze.gain).expect("there");
    assert_eq!((gain.test.as_str(), gain.interval), ("mcnemar", Drawn::Passages));
    let prompt = spec.prompt.expect("there");
    assert_eq!((&prompt.labels[..], prompt.delimiter.as_str()), (&["1", "2", "3", "4"].map(str::to_owned)[..], ""));
    assert_eq!(spec.models[0].chat, Chat::Model);
    assert_eq!((spec.modes[1].score, spec.modes[1].normalize), (Score::Labels, Normalize::Byte));
    assert!(matches!(
        spec.data[0].split,
        Some(Split::Drawn { by: SplitBy::Passage, seed: 1, allow_shared_passages: false, .. })
    ));
}

#[test]
fn a_preset_gives_what_is_left_out() {
    let preset = format!("{EXTENDS}prompt.preset = \"lm-eval-belebele\"\n");
    // The base has a body, which counts more.
    let prompt = loaded(&preset, None, &[]).prompt.expect("there");
    assert!(prompt.body.ends_with("{{ options_block }}"), "{}", prompt.body);
    assert_eq!((prompt.labels, prompt.delimiter.as_str()), (["A", "B", "C", "D"].map(str::to_owned).to_vec(), " "));
    let own = ["prompt.labels=[\"a\", \"b\", \"c\", \"d\"]", "prompt.delimiter=\"\""];
    let prompt = loaded(&preset, None, &own).prompt.expect("there");
    assert_eq!((prompt.labels[0].as_str(), prompt.delimiter.as_str()), ("a", ""));
    let alone = include_str!("../../../../tests/specs/valid/preset.toml");
    assert!(loaded(alone, None, &[]).prompt.expect("there").body.ends_with("Answer:"));
}

#[test]
fn a_preset_says_how_modes_score_unless_they_say_otherwise() {
    let scores = |set: &[&str]| {
        let modes = loaded(EXTENDS, None, set).modes;
        modes.into_iter().map(|mode| (mode.score, mode.normalize, mode.generate.extract)).collect::<Vec<_>>()
    };
    let usual = (Score::Labels, Normalize::Byte, Rules::Xlt);
    assert_eq!(scores(&[]), [usual; 2]);
    assert_eq!(scores(&["prompt.preset=lm-eval-belebele"]), [usual; 2]);
    let inspect = scores(&["prompt.preset=inspect", "modes.direct.score=labels", "modes.direct.extract=xlt"]);
    assert_eq!(inspect, [(Score::Generate, Normalize::Byte, Rules::Inspect), usual], "cot, direct");
    assert_eq!(loaded(EXTENDS, None, &["prompt.preset=inspect"]).models[0].chat, Chat::Model);
    let format = ["prompt.preset=inspect", "formats.asked.score=labels", "modes.direct.format=asked"];
    assert_eq!(scores(&format)[1], (Score::Labels, Normalize::Byte, Rules::Inspect), "a format counts more, too");
}

#[test]
fn letters_of_a_preset_are_as_many_as_the_options() {
    let labels = |set: &[&str]| loaded(EXTENDS, None, set).prompt.expect("there").labels.join("");
    let inspect = "prompt.preset=inspect";
    assert_eq!(labels(&[inspect]), "ABCD");
    assert_eq!(labels(&[inspect, "data.quiz.fields.options=[\"a\", \"b\", \"c\"]"]), "ABC");
    assert_eq!(labels(&[inspect, "data.quiz.fields.options=[\"list\"]"]), "ABCD", "not known before the data are read");
    assert_eq!(labels(&[inspect, "prompt.labels=[\"w\", \"x\", \"y\", \"z\"]"]), "wxyz");
}

#[test]
fn a_preset_has_no_chat_format_unless_a_model_asks_for_it() {
    let chat = |set: &[&str]| loaded(EXTENDS, None, set).models[0].chat;
    let preset = "prompt.preset=lm-eval-belebele";
    assert_eq!(chat(&[preset]), Chat::None);
    assert_eq!(chat(&[preset, "models.tiny.chat=model"]), Chat::Model);
    assert_eq!(chat(&["models.tiny.chat=none"]), Chat::None);
}

#[test]
fn a_tokenizer_is_no_file_of_the_models_repository() {
    let set = ["models.tiny.hf=ORG/REPO", "models.tiny.tokenizer=own/tokenizer.json"];
    let model = loaded(EXTENDS, None, &set).models.swap_remove(0);
    assert!(matches!(model.file.given().expect("it is a file").source, Source::Hub { .. }));
    let Some(Source::Local { path }) = model.tokenizer.map(|file| file.source) else { panic!("a path") };
    assert!(path.ends_with("own/tokenizer.json"), "{path}");
}

#[test]
fn the_ending_tells_the_format_unless_it_is_said() {
    let format = |set: &[&str]| loaded(EXTENDS, None, set).data[0].format;
    let named = |file: &str| format(&[&format!("data.quiz.file={file}")]);
    assert_eq!(named("{language}.jsonl"), Format::Jsonl);
    assert_eq!(named("{language}.ndjson"), Format::Jsonl);
    assert_eq!(named("v1.0/{language}.JSON"), Format::Json);
    assert_eq!(named("https://example.org/{language}.csv?raw=1"), Format::Csv);
    assert_eq!(named("hf:datasets/org/repo/{language}.tsv@v1.0"), Format::Tsv);
    assert_eq!(named("hf:datasets/org/repo/{language}/test-*.parquet"), Format::Parquet);
    assert_eq!(format(&["data.quiz.file={language}.csv", "data.quiz.format=tsv"]), Format::Tsv);
    assert_eq!(
        format(&["data.quiz.file=[\"{language}.json\", \"{language}.json.1\"]"]),
        Format::Json,
        "of the first piece"
    );
}

#[test]
fn pieces_keep_their_order_and_one_piece_is_a_file() {
    let source = |file: &str| given(&loaded(EXTENDS, None, &[&format!("models.tiny.file={file}")])).source.clone();
    let local = |path: &str| Source::Local { path: path.to_owned() };
    assert_eq!(source("[\"b\", \"a\", \"c\"]"), Source::Parts { parts: ["b", "a", "c"].map(local).to_vec() });
    assert_eq!(source("[\"b\"]"), local("b"));
    assert_eq!(source("[\"pypi:a==1/x\", \"https://h/y\"]").to_string(), "pypi:a==1/x + https://h/y");
}

#[test]
fn rank_sets_alpha_unless_alpha_is_said() {
    let lora =
        |text: &str| trained(&loaded(&format!("{EXTENDS}[adapters.arabic]\nlora = {text}"), None, &[]), 0).lora.clone();
    assert_eq!(lora("{ rank = 8 }").alpha, 8.0);
    assert_eq!(lora("{ rank = 8, alpha = 32 }").alpha, 32.0);
}

#[test]
fn layers_go_base_spec_profile_set() {
    let spec = "extends = \"base.toml\"\n[evaluate]\nlimit = 1\ncontext = 1\n[profiles.p]\nevaluate = { limit = 2, context = 2 }";
    let read = |profile, set: &[&str]| {
        let evaluate = loaded(spec, profile, set).evaluate.expect("there");
        (evaluate.limit, evaluate.context.unwrap_or_default(), evaluate.languages.len())
    };
    assert_eq!(read(None, &[]), (Some(1), 1, 2));
    assert_eq!(read(Some("p"), &[]), (Some(2), 2, 2));
    assert_eq!(read(Some("p"), &["evaluate.limit=3", "evaluate.languages=[\"mlt_Latn\"]"]), (Some(3), 2, 1));
    assert_eq!(read(Some("p"), &["profiles.p.evaluate.limit=4"]), (Some(4), 2, 2));
    assert_eq!(read(None, &["evaluate.languages=source"]), (Some(1), 1, 2));
}

#[test]
fn a_setting_that_is_no_toml_is_a_string() {
    let spec = loaded(EXTENDS, None, &["models.tiny.quantize=Q8_0", "models.tiny.file=other.gguf"]);
    assert_eq!(spec.models[0].quantize.as_deref(), Some("Q8_0"));
    assert_eq!(given(&spec).source, Source::Local { path: "other.gguf".to_owned() }, "beside the user, not the spec");
}

#[test]
fn the_name_is_not_taken_over() {
    let base = format!("name = \"base\"\n{STUDY}");
    let read = |path: &str| Ok(if path == "new.toml" { EXTENDS.to_owned() } else { base.clone() });
    let spec = load(&Request { path: "new.toml", profile: None, set: &[] }, &read).expect("valid");
    assert_eq!(spec.name, "new");
}

#[test]
fn an_endless_chain_of_specs_ends() {
    let read = |path: &str| Ok(format!("extends = \"{path}x\"\n"));
    let errors = load(&Request { path: "x", profile: None, set: &[] }, &read).expect_err("endless");
    assert_eq!(errors.errors()[0].to_string(), "more than 16 specs extend one another");
}

#[test]
fn only_takes_along_what_hangs_on_it() {
    let study = format!(
        "{EXTENDS}[analyze]\nablation = {{ compare = [\"tuned/direct\", \"base/cot\"], over = \"base/direct\" }}\n\
         [[claims]]\ntext = \"a\"\nestimate = \"gain(tuned, all)\"\nexpect = {{ above = 0 }}\n\
         [[claims]]\ntext = \"b\"\nestimate = \"accuracy(base, fra_Latn)\"\nexpect = {{ above = 0.5 }}\n"
    );
    let only = |only: &str| loaded(&format!("{study}[profiles.p]\nonly = {{ {only} }}"), Some("p"), &[]);

    let base = only("conditions = \"base\"");
    assert!(base.adapters.is_empty(), "trained for nothing");
    assert_eq!(base.modes.len(), 2, "modes share a prompt, so they stay");
    let analyze = base.analyze.expect("there");
    assert_eq!(analyze.gain, None);
    assert_eq!(analyze.ablation.expect("there").compare.len(), 1);
    assert_eq!(base.claims.len(), 1);

    let cot = only("modes = [\"cot\"]");
    assert_eq!(cot.conditions.len(), 1);
    assert_eq!(cot.conditions[0].modes, ["cot"]);
    assert_eq!(cot.analyze.expect("there").ablation, None);

    let hebrew = only("languages = [\"heb_Hebr\", \"source\"]");
    assert_eq!(hebrew.claims.len(), 1, "nothing is claimed of French, which is left out");
    assert_eq!(trained(&hebrew, 0).train_on.languages.len(), 2);
}

#[test]
fn premiums_go_with_their_reference() {
    let study = format!("{EXTENDS}[profiles.p]\nonly = {{ languages = [\"heb_Hebr\", \"source\"] }}");
    let set = ["analyze.fertility=fra_Latn"];
    let reference = |profile| loaded(&study, profile, &set).analyze.and_then(|analyze| analyze.fertility);
    assert_eq!(reference(None).as_deref(), Some("fra_Latn"));
    assert_eq!(reference(Some("p")), None);
}

#[test]
fn command_stages_are_read_and_wired() {
    let text = include_str!("../../../../tests/specs/valid/command-matrix.toml");
    let spec = loaded(text, None, &[]);
    let [prepare, score, table] = &spec.stages[..] else { panic!("three stages") };
    assert_eq!(prepare.program, "folder/tools/prepare.py");
    assert_eq!(score.program, "python3");
    assert_eq!(prepare.inputs["rows"], CommandInput::File("folder/rows/{language}.csv".to_owned()));
    assert_eq!((prepare.cores, prepare.memory, prepare.gpus), (2, 4_000_000_000, 0));
    assert_eq!(prepare.params["ratio"], "0.5");
    assert_eq!(prepare.params["shuffle"], "true");
    assert_eq!(score.axes, ["language", "model", "shots"]);
    assert_eq!(score.matrix["shots"], ["0", "5"]);
    let wired = |stage: &str, output: &str| CommandInput::Stage { stage: stage.to_owned(), output: output.to_owned() };
    assert_eq!(score.inputs["data"], wired("prepare", "file"));
    assert_eq!(table.inputs["all"], wired("score.v2", "scores"), "the only output");
    assert_eq!(table.inputs["again"], wired("score.v2", "scores"), "a name with a dot, and an output");
}

#[test]
fn an_empty_table_of_the_executor_says_what_none_says() {
    assert_eq!(loaded(&format!("{EXTENDS}[executor]\n"), None, &[]).executor, Executor::default());
}

#[test]
fn a_fault_in_a_base_is_shown_there() {
    let read = |path: &str| Ok(if path == "a/new.toml" { EXTENDS.to_owned() } else { "modle = 1".to_owned() });
    let errors = load(&Request { path: "a/new.toml", profile: None, set: &[] }, &read).expect_err("unknown key");
    let shown: Vec<_> = errors.errors().iter().filter_map(miette::Diagnostic::source_code).collect();
    let place = miette::SourceSpan::from(0..5);
    let names: Vec<_> =
        shown.iter().map(|text| text.read_span(&place, 0, 0).expect("there").name().map(str::to_owned)).collect();
    assert_eq!(names, [Some("a/base.toml".to_owned())]);
}

#[test]
fn a_spec_that_cannot_be_read_says_why() {
    let read = |_: &str| Err("permission denied".to_owned());
    let errors = load(&Request { path: "x.toml", profile: None, set: &[] }, &read).expect_err("unreadable");
    assert_eq!(errors.errors()[0].to_string(), "cannot read `x.toml`: permission denied");
}

proptest! {
    #[test]
    fn any_text_loads_or_is_refused(text in "\\PC{0,200}") {
        let _ = load_with(&text, Some("p"), &[]);
    }

    /// Cuts a piece out of a valid spec and puts another piece of it in its place.
    #[test]
    fn a_garbled_spec_loads_or_is_refused(
        which in 0..3usize, from in 0..5000usize, cut in 0..60usize, other in 0..5000usize, length in 0..60usize,
        set in "[a-z.]{0,12}=?[ -~]{0,12}",
    ) {
        let text = [PAPER, STUDY, include_str!("../../../../tests/specs/valid/command-matrix.toml")][which];
        let characters: Vec<char> = text.chars().collect();
        let at = |n: usize| n.min(characters.len());
        let piece = &characters[at(other)..at(other + length)];
        let garbled: String = characters[..at(from)].iter().chain(piece).chain(&characters[at(from + cut)..]).collect();
        let refused = load_with(&garbled, None, &[&set]);
        prop_assert!(refused.is_ok() || refused.is_err_and(|errors| !errors.is_empty()));
    }

    /// Any string in any place.
    #[test]
    fn a_strange_value_loads_or_is_refused(place in 0..8usize, value in "\\PC{0,24}") {
        let keys = [
            "models.tiny.file", "models.tiny.hf", "prompt.body", "languages.source", "analyze.ablation.over",
            "stages.s.args", "stages.s.outputs.o", "stages.s.inputs.i",
        ];
        let set = format!("{}={value}", keys[place]);
        let _ = load_with(EXTENDS, None, &[&set, "stages.s.program=x"]);
        let claim = format!("claims=[{{text=\"\", expect={{below=1}}, estimate={value:?}}}]");
        let _ = load_with(EXTENDS, None, &[&claim]);
    }
}

#[test]
fn all_that_can_be_said_of_training_is_read() {
    let spec = loaded_adapters(None, "");
    let adapter = |name: &str| spec.adapters.iter().find(|adapter| adapter.name == name).expect("there");
    let training = |name: &str| adapter(name).training().expect("trained here");
    let arabic = training("arabic");
    assert_eq!((arabic.base, arabic.max_length, arabic.checkpoint_every), (Base::Source, Some(2048), 5));
    assert_eq!(arabic.pace, Pace { batch_examples: 4, accumulate: 8, length: Length::Steps(60) });
    assert_eq!((arabic.train_on.limit, arabic.matched), (Some(30), Some(Match::StepsAndQuestions)));
    let Lora { rank, alpha, dropout, targets, train_experts } = &arabic.lora;
    assert_eq!((*rank, *alpha, *dropout, *train_experts), (8, 16.0, 0.05, true));
    assert_eq!(targets, &["attention", "ffn_down", "blk.1?.ffn_*"]);
    let Optimizer { lr, schedule, warmup, weight_decay, betas, epsilon, clip } = &arabic.optimizer;
    assert_eq!((*lr, *schedule, *warmup, *weight_decay), (2e-4, Schedule::Cosine, 0.1, 0.01));
    assert_eq!((*betas, *epsilon, *clip), ([0.9, 0.95], 1e-6, None));
    let lesson = |name: &str| training(name).train_on.lesson.clone();
    assert_eq!(lesson("shuffled"), Lesson::Answer { mode: "direct".to_owned(), gold: Gold::Shuffled });
    assert_eq!(lesson("text"), Lesson::Text("{{ passage }}".to_owned()));
    assert_eq!(training("task").train_on.mode(), Some("inference"));
    assert!(adapter("arabic").merge && adapter("merged").merge && !adapter("text").merge);
    assert_eq!(training("french").pace.length, Length::Epochs(1));
}

/// Which questions the arms have in common, and how many steps they take, must not depend on which of them a profile runs.
#[test]
fn a_part_of_a_study_keeps_all_arms_of_a_comparison() {
    let names = |profile: &str| {
        let only = format!("\n[profiles.part.only]\nconditions = [{profile}]\n");
        let spec = loaded_adapters(Some("part"), &only);
        spec.adapters.into_iter().map(|adapter| adapter.name).collect::<Vec<_>>()
    };
    assert_eq!(names("'tuned'"), ["arabic", "french", "shuffled", "text"]);
    assert_eq!(names("'task'"), ["task"]);
}
