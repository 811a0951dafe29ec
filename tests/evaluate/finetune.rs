//! Adapters that are trained here: from rows to a tuned condition beside its base, and what happens when that fails.

mod refused;
mod resumed;

use super::adapters::loads;
use super::reasoning::items;
use super::support::{Answer, Outcome, Space, set};
use super::{ENGLISH, FRENCH, row, study};
use serde_json::Value;
use std::fs;
use xlt_llama::tiny::{Architecture, TinyModel};

const TRAINED: &str = "finetune/tiny/a/seed1";
const TUNED: [&str; 2] = ["evaluate/tiny/tuned/seed1/eng_Latn/direct", "evaluate/tiny/tuned/seed1/fra_Latn/direct"];

/// What tells the English rows apart.
const WORDS: [&str; 4] = ["tea", "the town", "number seven", "what is it"];

/// The study with a condition whose adapter learns the four English rows by heart.
fn tuned() -> Space {
    let space = study();
    let row = |(at, word): (usize, &&str)| row(&(at + 1).to_string(), word, &(1 + at % 2).to_string()) + "\n";
    space.write("eng_Latn.jsonl", WORDS.iter().enumerate().map(row).collect::<String>());
    space.edit(
        "spec.toml",
        "[conditions]",
        r#"[adapters.a]
train_on = { data = "rows", part = "all", allow_shared_items = true, languages = ["eng_Latn"], mode = "direct" }
seeds = [1]
lora = { rank = 8, alpha = 16, dropout = 0.05 }
optimizer = { lr = 0.02 }
batch_examples = 2
steps = 12
checkpoint_every = 3
[conditions]
tuned = { adapter = "a", modes = ["direct"] }"#,
    );
    space
}

/// The bytes of a stage's output of that number.
fn output(space: &Space, stage: &str, number: usize) -> Vec<u8> {
    let (_, key) = space.plan().keys().into_iter().find(|(name, _)| name == stage).unwrap();
    let records = space.members("records/v1");
    let record = records.iter().find(|path| path.file_name().unwrap().to_string_lossy() == key).unwrap();
    let record = fs::read_to_string(record).unwrap();
    let record: Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    let digest = record["outputs"][number]["blake3"].as_str().unwrap().to_owned();
    let objects = space.members("objects");
    let object = objects.iter().find(|path| path.file_name().unwrap().to_string_lossy() == digest).unwrap();
    fs::read(object).unwrap()
}

/// The lines of an adapter's log: what is trained, then the steps.
fn log(space: &Space) -> Vec<Value> {
    let log = String::from_utf8(output(space, TRAINED, 1)).unwrap();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Adapter and log.
fn made(space: &Space) -> [Vec<u8>; 2] {
    [0, 1].map(|number| output(space, TRAINED, number))
}

/// The log of the training's worker.
fn said(space: &Space) -> String {
    let folders = fs::read_dir(space.cache("logs")).unwrap().flatten();
    let logs = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    logs.map(|log| fs::read_to_string(log.path()).unwrap()).find(|text| text.contains("weights are adapted")).unwrap()
}

#[test]
fn a_tuned_condition_answers_its_training_rows_right_and_the_base_as_ever() {
    let space = tuned();
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    assert!(outcome.ran.is_superset(&set([TRAINED, TUNED[0], TUNED[1], ENGLISH, FRENCH])), "{:?}", outcome.ran);
    let right = |stage: &str| items(&space, stage).iter().filter(|item| item["correct"] == true).count();
    assert_eq!((right(TUNED[0]), right(ENGLISH)), (4, 2), "the base knows nothing");
    let plain = study();
    plain.write("eng_Latn.jsonl", space.read("eng_Latn.jsonl"));
    plain.run();
    assert_eq!(items(&space, ENGLISH), items(&plain, ENGLISH));
    assert_eq!(loads(&space), 1, "training and asking take the same loaded model");

    let log = log(&space);
    let (head, steps) = log.split_first().unwrap();
    assert_eq!(
        (&head["steps"], &head["examples"], &head["window"], steps.len()),
        (&12.into(), &4.into(), &512.into(), 12)
    );
    assert_eq!(head["targets"].as_array().unwrap().len(), 14, "seven weights of each layer");
    assert_eq!(head["targets"][0], "blk.0.attn_k.weight", "sorted by layer and name");
    let (trainable, parameters) = (head["trainable"].as_f64().unwrap(), head["parameters"].as_f64().unwrap());
    assert!((head["share"].as_f64().unwrap() - trainable / parameters).abs() < 1e-9, "{head}");
    let loss = |step: &Value| step["loss"].as_f64().unwrap();
    assert!(loss(&steps[0]) > 3.0 && loss(&steps[11]) < 1.0, "{steps:#?}");
    assert!(steps.iter().all(|step| step["answer_tokens"] == 4 && step["examples"] == 2), "a label and an end each");
    let shown = outcome.events.iter().filter(|event| event["unit"] == "steps" && event["loss"].is_number());
    assert!(shown.clone().count() > 1 && shown.clone().all(|event| event["total"] == 12), "{:?}", outcome.events);

    space.run().expect_no_work();
    space.edit("spec.toml", "lr = 0.02", "lr = 0.03");
    let expected = set([TRAINED, TUNED[0], TUNED[1], "analyze"]);
    assert_eq!(space.run().ran, expected, "a training that changes is asked again, and nothing else");
}

/// The study's results, as JSON.
fn results(space: &Space) -> Value {
    serde_json::from_str(&space.read("spec.results/results.json")).unwrap()
}

/// Seeds of the trainings in the results, and of each cell whether it is tuned and what its interval covers.
fn seeds(space: &Space) -> (Vec<Value>, Vec<(bool, Value)>) {
    let results = results(space);
    let trained = results["trainings"].as_array().unwrap().iter().map(|training| training["seed"].clone()).collect();
    let covers = |cell: &Value| (cell["condition"] == "tuned", cell["interval_covers"].clone());
    (trained, results["cells"].as_array().unwrap().iter().map(covers).collect())
}

#[test]
fn the_results_show_how_a_training_went_and_that_one_seed_tells_of_items_only() {
    let space = tuned();
    assert_eq!(space.run().code, 0);
    let training = results(&space)["trainings"][0].clone();
    let log = log(&space);
    let (head, steps) = log.split_first().unwrap();
    assert_eq!((&training["model"], &training["adapter"], &training["seed"]), (&"tiny".into(), &"a".into(), &1.into()));
    for key in ["targets", "trainable", "parameters", "share", "examples", "window", "padding", "steps"] {
        assert_eq!(training[key], head[key], "{key}");
    }
    for key in ["step", "epoch", "loss", "lr", "gradient_norm", "tokens", "answer_tokens", "examples"] {
        let logged: Vec<Value> = steps.iter().map(|step| step[key].clone()).collect();
        assert_eq!(training["curve"][key], Value::from(logged), "{key}");
    }
    assert_eq!((&training["first_loss"], &training["last_loss"]), (&steps[0]["loss"], &steps[11]["loss"]));
    let [markdown, csv, page] =
        ["results.md", "results.csv", "report.html"].map(|file| space.read(&format!("spec.results/{file}")));
    assert!(markdown.contains("| tiny | a | 1 | 12 | 4 |") && markdown.contains("] §"), "{markdown}");
    assert!(csv.lines().any(|line| line.starts_with("tiny,tuned,direct,1,") && line.ends_with(",items")), "{csv}");
    assert_eq!(page.matches("class=\"band\"").count(), 12, "a step each");
    let leaked = "- Leaked share: 100.0 % of questions, 100.0 % of passages\n";
    assert!(markdown.contains(leaked) && page.contains("Leaked share"), "it is asked what it learned: {markdown}");
    let (trained, cells) = seeds(&space);
    assert_eq!(trained, [1]);
    let one = |(tuned, covers): &(bool, Value)| *covers == if *tuned { Value::from("items") } else { Value::Null };
    assert!(cells.len() == 4 && cells.iter().all(one), "{cells:?}");

    space.edit("spec.toml", "seeds = [1]", "seeds = [2, 1]");
    let another = TUNED.map(|stage| stage.replace("seed1", "seed2"));
    let expected = set(["finetune/tiny/a/seed2", &another[0], &another[1], "analyze"]);
    assert_eq!(space.run().ran, expected);
    let (trained, cells) = seeds(&space);
    assert_eq!(trained, [1, 2], "by number, however they are written");
    assert!(
        cells.len() == 6 && cells.iter().all(|(_, covers)| covers.is_null()),
        "two seeds show their spread: {cells:?}"
    );
    assert!(!space.read("spec.results/results.md").contains('§'));
}

#[test]
fn logs_are_told_from_counted_tokens_and_probes() {
    let space = tuned();
    space.edit("spec.toml", "[evaluate]", "[analyze]\nfertility = \"eng_Latn\"\n[evaluate]\nprobe = 2");
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let results = results(&space);
    let entries = ["fertility", "probe", "trainings"].map(|key| results[key].as_array().unwrap().len());
    assert_eq!(entries, [2, 4, 1]);
}

#[test]
fn a_study_without_adapters_says_nothing_of_trainings() {
    let space = study();
    assert_eq!(space.run().code, 0);
    assert_eq!(results(&space).get("trainings"), None);
    let [markdown, page] = ["results.md", "report.html"].map(|file| space.read(&format!("spec.results/{file}")));
    assert!(!markdown.contains("Training") && !markdown.contains('§') && !page.contains("Training"), "{markdown}");
}

#[test]
fn neither_threads_nor_another_cache_change_a_byte() {
    let (one, other) = (tuned(), tuned());
    other.edit("spec.toml", "checkpoint_every = 3", "checkpoint_every = 5");
    other.edit("spec.toml", "name = \"tiny\"", "name = \"another\"");
    one.run_with(&["--jobs", "1"]);
    other.run_with(&["--jobs", "2"]);
    assert!(made(&one) == made(&other));
}

/// Prompt and taught tokens of the first row, and the prompt's and the right option's of its evaluation.
#[track_caller]
fn expect_as_asked(space: &Space) {
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let shown = space.ask(&["show", "1", "--json", "--language", "eng_Latn"]);
    let lines: Vec<Value> = shown.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = |prefix: &str| lines.iter().find(|line| line["stage"].as_str().unwrap().starts_with(prefix)).unwrap();
    let (asked, taught) = (line("evaluate/tiny/tuned"), line("finetune/"));
    assert_eq!(asked["prompt_tokens"], taught["prompt_tokens"], "token for token up to the slot");
    let taught = taught["taught_tokens"].as_array().unwrap();
    let (end, answer) = taught.split_last().unwrap();
    assert_eq!(end["text"], "<|im_end|>");
    match asked["score"].as_str().unwrap() {
        "generate" => assert_eq!(answer.iter().map(|token| token["text"].as_str().unwrap()).collect::<String>(), "1"),
        _ => assert_eq!(answer, asked["options"][0]["tokens"].as_array().unwrap(), "exactly what is scored"),
    }
}

#[test]
fn a_row_is_learned_token_for_token_as_it_is_asked() {
    let space = tuned();
    space.edit("spec.toml", "steps = 12", "steps = 1");
    expect_as_asked(&space);
    space.ask(&["show", "1", "--language", "eng_Latn"]).expect_code(0).expect_prints("assistant\n⟦answer⟧1<|im_end|>");
    space.edit(
        "spec.toml",
        "labels = [\"1\", \"2\"]",
        "labels = [\"1\", \"2\"]\nsystem = \"Be brief.\"\ndelimiter = \" \"",
    );
    expect_as_asked(&space);
    space.edit("spec.toml", "[modes.direct]", "[modes.direct]\nscore = \"texts\"");
    expect_as_asked(&space);
    space.edit("spec.toml", "score = \"texts\"", "score = \"generate\"\nmax_tokens = 3");
    space.edit("spec.toml", "\ndelimiter = \" \"", "");
    expect_as_asked(&space);
    // What follows a special token begins with a space in these vocabularies.
    TinyModel { sentence_piece: true, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
    space.edit("spec.toml", "score = \"generate\"\nmax_tokens = 3", "");
    expect_as_asked(&space);
}

#[test]
fn without_a_chat_format_an_answer_ends_as_a_text_does() {
    let space = tuned();
    space.edit("spec.toml", "steps = 12", "steps = 1");
    space.edit("spec.toml", "file = \"tiny.gguf\"", "file = \"tiny.gguf\", chat = \"none\"");
    expect_as_asked(&space);
}

#[test]
fn it_is_trained_on_the_weights_that_are_asked_or_on_those_that_they_were_made_of() {
    let space = tuned();
    space.edit("spec.toml", "steps = 12", "steps = 2");
    space.edit("spec.toml", "file = \"tiny.gguf\"", "file = \"tiny.gguf\", quantize = \"Q4_0\"");
    assert_eq!(space.run().code, 0);
    let quantized = made(&space);
    space.edit("spec.toml", "[adapters.a]", "[adapters.a]\nbase = \"source\"");
    assert_eq!(space.run().ran, set([TRAINED, TUNED[0], TUNED[1], "analyze"]));
    assert_ne!(made(&space), quantized);
}

#[test]
fn merged_into_the_weights_it_answers_nearly_as_beside_them() {
    let (beside, merged) = (tuned(), tuned());
    merged.edit("spec.toml", "[adapters.a]", "[adapters.a]\nmerge = true");
    assert!([&beside, &merged].iter().all(|space| space.run().code == 0));
    assert!(made(&beside) == made(&merged), "merging comes after training");
    let mut furthest: f64 = 0.0;
    for (one, other) in items(&beside, TUNED[0]).iter().zip(&items(&merged, TUNED[0])) {
        for label in 0..2 {
            let [one, other] = [one, other].map(|item| item["logprobs"][label].as_f64().unwrap());
            furthest = furthest.max((one - other).abs());
        }
    }
    assert!(furthest > 0.0 && furthest < 0.01, "{furthest}");
    merged.run().expect_no_work();
}

#[test]
fn the_controls_teach_other_answers_and_plain_text() {
    let space = tuned();
    space.edit("spec.toml", "steps = 12", "steps = 2");
    space.run();
    let learned = made(&space);
    space.edit("spec.toml", "mode = \"direct\" }\nseeds", "mode = \"direct\", answers = \"shuffled\" }\nseeds");
    assert_eq!(space.run().code, 0);
    assert_ne!(made(&space), learned);
    let mut tokens = log(&space).iter().skip(1).map(|step| step["tokens"].as_u64().unwrap()).sum::<u64>();
    space.edit("spec.toml", "mode = \"direct\", answers = \"shuffled\" }", "text = \"{{ passage }} {{ question }}\" }");
    assert_eq!(space.run().code, 0);
    let steps = log(&space).split_off(1);
    tokens = tokens.saturating_sub(steps.iter().map(|step| step["tokens"].as_u64().unwrap()).sum());
    assert!(tokens > 0, "no chat format is around it");
    for step in &steps {
        let [read, asked, texts] = ["tokens", "answer_tokens", "examples"].map(|key| step[key].as_u64().unwrap());
        assert_eq!(asked, read - texts, "all but the first of each");
    }
}

#[test]
fn a_text_that_is_too_long_is_learned_in_pieces_and_nothing_of_it_is_lost() {
    let space = tuned();
    space.edit("spec.toml", "mode = \"direct\" }\nseeds", "text = \"{{ passage }}\" }\nseeds");
    space.edit("spec.toml", "steps = 12\n", "");
    space.write("eng_Latn.jsonl", row("1", &"tea in the town ".repeat(30), "1"));
    assert_eq!(space.run().code, 0);
    let asked = |space: &Space| log(space).iter().filter_map(|line| line["answer_tokens"].as_u64()).sum::<u64>();
    let whole = asked(&space);
    space.edit("spec.toml", "seeds = [1]", "seeds = [1]\nmax_length = 40");
    assert!(space.run().ran.contains(TRAINED), "the length of pieces is a part of what is learned");
    assert!(log(&space)[0]["examples"].as_u64().unwrap() >= whole / 40, "{:?}", log(&space));
    assert_eq!(asked(&space), whole, "one pass over all pieces");
}

#[test]
fn weights_that_llama_cpp_would_ignore_are_left_out_and_named() {
    let space = tuned();
    let model = TinyModel { architecture: Architecture::Deepseek2, ..TinyModel::default() };
    model.write(&space.path("tiny.gguf")).unwrap();
    space.edit("spec.toml", "steps = 12", "steps = 1");
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let said = said(&space);
    let left_out =
        said.lines().find_map(|line| line.strip_prefix("left out, as llama.cpp would ignore an adapter of them: "));
    let left_out: Vec<&str> = left_out.unwrap_or_else(|| panic!("{said}")).split(", ").collect();
    let head = &log(&space)[0];
    let targets: Vec<&str> = head["targets"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(!targets.is_empty() && left_out.iter().all(|name| !targets.contains(name)), "{left_out:?} {targets:?}");
    let named = left_out[0].trim_end_matches(".weight");
    space.edit("spec.toml", "rank = 8,", &format!("rank = 8, targets = [\"{named}\", \"attn_output\"],"));
    space.run().expect_message(TRAINED, named).expect_message(TRAINED, "leave it out");
}
