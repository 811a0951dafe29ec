//! A study whose model and data are on the model hub, played by a server on this machine.
#![cfg(feature = "llama")]

use crate::support::hub::{COMMIT, Hub, Repositories};
use crate::support::{Answer, Outcome, Space, children, flip_bit, set};
use std::path::PathBuf;

/// A model in two pieces and data in two languages.
const SPEC: &str = r#"
models.big = { file = "hf:org/big/BF16/*.gguf" }
languages.target = ["eng_Latn", "fra_Latn"]

[data.quiz]
file   = "hf:datasets/org/quiz/data/{language}.jsonl"
key    = "id"
fields = { question = "question", options = ["a", "b"], answer = "answer" }

[prompt]
body   = "{{ question }} {{ options_block }}"
labels = ["1", "2"]

[modes.direct]

[conditions]
base = { modes = ["direct"] }

[evaluate]
data      = "quiz"
languages = "target"
"#;
/// Repository, path and content.
const FILES: [(&str, &str, &str); 4] = [
    ("org/big", "BF16/m-00001-of-00002.gguf", "weights, first half\n"),
    ("org/big", "BF16/m-00002-of-00002.gguf", "weights, second half\n"),
    ("datasets/org/quiz", "data/eng_Latn.jsonl", "eng rows\n"),
    ("datasets/org/quiz", "data/fra_Latn.jsonl", "fra rows\n"),
];
/// What `sha256sum BF16/*` prints for the model, through `sha256sum`.
const SET: &str = "333e5751fa4da5320cdf48a76659b6b7e38d42bea203460262305a3ecff263f1";
const DOWNLOADS: [&str; 3] = ["download/model/big", "download/data/quiz/eng_Latn", "download/data/quiz/fra_Latn"];

/// The hub with these files.
fn hub() -> Hub {
    let mut repositories = Repositories::default();
    for (repository, path, text) in FILES {
        repositories.add(repository, path, text.into());
    }
    Hub::open(repositories)
}

impl Hub {
    /// `xlt run spec.toml --json` with more arguments and this hub.
    fn run(&self, space: &Space, args: &[&str]) -> Outcome {
        self.run_in(space, args, &[])
    }

    /// The same with more of an environment.
    fn run_in(&self, space: &Space, args: &[&str], environment: &[(&str, &str)]) -> Outcome {
        let mut command = space.xlt(&[&["run", "spec.toml", "--json"], args].concat());
        command.env("HF_ENDPOINT", self.address()).envs(environment.iter().copied());
        Outcome::of(Answer::of(&command.output().unwrap()), vec![])
    }
}

fn piece(number: u32) -> PathBuf {
    PathBuf::from(format!("m-0000{number}-of-00002.gguf"))
}

/// The folder with the pieces of the model in the cache.
fn model(space: &Space) -> PathBuf {
    let found = space.members("objects").into_iter().find(|path| path.is_dir());
    found.expect("an artifact that is a folder")
}

#[test]
fn files_of_the_hub_are_pinned_by_commit_and_a_split_model_is_a_folder() {
    let (hub, space) = (hub(), Space::with_spec(SPEC));
    // The weights are none: every evaluation says so, after all files have come.
    assert_eq!(hub.run(&space, &[]).ran, set(DOWNLOADS));
    let names = set(children(&model(&space)).iter().map(|path| path.file_name().unwrap().display().to_string()));
    assert_eq!(names, set([1, 2].map(|number| piece(number).display().to_string())));
    let lock = space.read("spec.lock");
    for words in [COMMIT, SET, "hf:org/big/BF16/*.gguf", "BF16/m-00002-of-00002.gguf", "data/fra_Latn.jsonl"] {
        assert!(lock.contains(words), "{words} is not in the lock file:\n{lock}");
    }
    space.ask(&["cache", "verify"]).expect_code(0);
    assert!(hub.asked().iter().any(|path| path.contains("/tree/")));

    assert_eq!(hub.run(&space, &["--offline", "--locked"]).ran, set([""; 0]));
    assert_eq!(space.plan().verdict("cached"), set(DOWNLOADS));
    assert_eq!(hub.asked(), Vec::<String>::new());
}

#[test]
fn pinned_files_are_fetched_again_by_their_commit_and_become_the_same_artifacts() {
    let (hub, space) = (hub(), Space::with_spec(SPEC));
    hub.run(&space, &[]);
    let (lock, digests) = (space.read("spec.lock"), space.digests());
    hub.asked();
    let other = Space::with_spec(SPEC);
    other.write("spec.lock", &lock);
    assert_eq!(hub.run(&other, &["--locked"]).ran, set(DOWNLOADS));
    assert_eq!(other.digests(), digests);
    assert_eq!(other.read("spec.lock"), lock);
    let asked = hub.asked();
    assert!(asked.len() == 4 && asked.iter().all(|path| path.contains(&format!("/resolve/{COMMIT}/"))), "{asked:?}");
}

#[test]
fn a_damaged_piece_of_a_split_model_is_noticed_and_the_model_fetched_anew() {
    let (hub, space) = (hub(), Space::with_spec(SPEC));
    hub.run(&space, &[]);
    flip_bit(&model(&space).join(piece(2)));
    space.ask(&["cache", "verify"]).expect_code(1);
    let outcome = hub.run(&space, &[]);
    assert_eq!(outcome.ran, set(["download/model/big"]), "{outcome:#?}");
    assert_eq!(std::fs::read(model(&space).join(piece(2))).unwrap(), b"weights, second half\n");
}

#[test]
fn the_token_is_found_where_the_hubs_own_client_keeps_it_and_stays_secret() {
    let hub = hub();
    let login = |home: &str, environment: &[(&str, &str)]| {
        let space = Space::with_spec(SPEC);
        if !home.is_empty() {
            std::fs::create_dir_all(space.home(home)).unwrap();
            std::fs::write(space.home(home).join("token"), "hf_kept\n").unwrap();
        }
        let outcome = hub.run_in(&space, &[], environment);
        let logs = space.members("logs").into_iter().map(|path| std::fs::read_to_string(path).unwrap());
        assert!(!logs.chain([outcome.stdout, outcome.stderr]).any(|text| text.contains("hf_")));
        hub.asked()
            .into_iter()
            .map(|asked| asked.split_once(' ').map(|(_, login)| login.to_lowercase()))
            .collect::<Vec<_>>()
    };
    let all = |logins: Vec<Option<String>>, token: Option<&str>| {
        let expected = token.map(|token| format!("authorization: bearer {token}"));
        assert!(!logins.is_empty() && logins.iter().all(|login| *login == expected), "{logins:?}");
    };
    all(login("", &[]), None);
    all(login(".cache/huggingface", &[]), Some("hf_kept"));
    all(login(".cache/huggingface", &[("HF_TOKEN", "hf_set")]), Some("hf_set"));
    all(login(".cache/huggingface", &[("HF_HOME", "/nowhere")]), None);
}

#[test]
fn what_one_study_has_downloaded_another_takes_from_the_cache_of_the_hubs_own_client() {
    let (hub, space) = (hub(), Space::with_spec(SPEC));
    let shared = space.home("hub");
    std::fs::create_dir_all(&shared).unwrap();
    let cache = ("HF_HUB_CACHE", shared.to_str().unwrap());
    assert_eq!(hub.run_in(&space, &[], &[cache]).ran, set(DOWNLOADS));
    hub.asked();

    let other = Space::with_spec(SPEC);
    other.write("spec.lock", space.read("spec.lock"));
    let outcome = hub.run_in(&other, &["--offline"], &[cache]);
    assert_eq!(outcome.ran, set(DOWNLOADS), "{outcome:#?}");
    assert_eq!((other.digests(), hub.asked()), (space.digests(), Vec::<String>::new()));
}

#[test]
fn what_would_be_downloaded_offline_fails_and_is_named() {
    let (hub, space) = (hub(), Space::with_spec(SPEC));
    let outcome = hub.run_in(&space, &[], &[("XLT_OFFLINE", "1")]);
    outcome.expect_message(
        DOWNLOADS[0],
        "hf:org/big/BF16/*.gguf is not on this machine, and XLT_OFFLINE forbids the network",
    );
    assert_eq!(hub.asked(), Vec::<String>::new());
}

#[test]
fn hub_files_that_are_not_pinned_are_refused_offline_and_locked() {
    let (hub, space) = (hub(), Space::with_spec(SPEC));
    hub.run(&space, &["--offline"]).expect_refused("must fetch hf:org/big/BF16/*.gguf, and `--offline` forbids it");
    hub.run(&space, &["--locked"]).expect_refused("hf:org/big/BF16/*.gguf");
    assert_eq!(hub.asked(), Vec::<String>::new());
    assert!(!space.has("spec.lock"));
}

#[test]
fn pieces_beside_the_spec_are_joined_and_watched() {
    let space = Space::with_spec(SPEC);
    space.edit("spec.toml", r#""hf:org/big/BF16/*.gguf""#, r#"["big.gguf.part1", "big.gguf.part2"]"#);
    space.edit("spec.toml", "hf:datasets/org/quiz/data/", "");
    for (name, text) in
        [("big.gguf.part1", "one, "), ("big.gguf.part2", "two\n"), ("eng_Latn.jsonl", "1"), ("fra_Latn.jsonl", "2")]
    {
        space.write(name, text);
    }
    assert_eq!(space.run().ran, set(DOWNLOADS));
    space.object("one, two\n");
    assert!(!space.has("spec.lock"));
    space.edit("spec.toml", r#""big.gguf.part1", "big.gguf.part2""#, r#""big.gguf.part2", "big.gguf.part1""#);
    assert_eq!(space.run().ran, set(["download/model/big"]));
    space.object("two\none, ");
    space.write("big.gguf.part1", "three");
    assert_eq!(space.run().ran, set(["download/model/big"]));
    space.object("two\nthree");
}

#[test]
fn pieces_from_the_hub_are_joined_and_pinned_together() {
    let (hub, space) = (hub(), Space::with_spec(SPEC));
    let parts = r#"["hf:org/big/BF16/m-00001-of-00002.gguf", "hf:org/big/BF16/m-00002-of-00002.gguf"]"#;
    space.edit("spec.toml", r#""hf:org/big/BF16/*.gguf""#, parts);
    hub.run(&space, &["--offline"]).expect_refused("must fetch hf:org/big/BF16/m-00001-of-00002.gguf + hf:org/big");
    assert_eq!(hub.run(&space, &[]).ran, set(DOWNLOADS));
    space.object("weights, first half\nweights, second half\n");
    let lock = space.read("spec.lock");
    hub.asked();
    let other = Space::with_spec(&space.read("spec.toml"));
    other.write("spec.lock", &lock);
    assert_eq!(hub.run(&other, &["--locked"]).ran, set(DOWNLOADS));
    assert!(hub.asked().iter().all(|path| path.contains("/resolve/")));
    assert_eq!(other.read("spec.lock"), lock);
}

/// A program that reads a repository: by a pattern all files that it fits, by a path one.
const REPOSITORY: &str = r#"
[stages.list]
program = "gather"
args    = ["list", "{out.text}", "in"]
outputs = { text = "list.txt" }

[stages.list.inputs]
all   = "hf:org/big/BF16/*.gguf"
first = "hf:org/big/{folder}/*-00001-*.gguf"
rows  = "hf:datasets/org/quiz/data/eng_Latn.jsonl"

[stages.list.params]
folder = "BF16"
"#;

#[test]
fn a_command_reads_all_files_that_a_pattern_means_as_a_folder_and_the_lock_pins_them() {
    let (hub, space) = (hub(), Space::with_spec(REPOSITORY));
    hub.run(&space, &["--offline", "--allow-commands"]).expect_refused("must fetch hf:org/big/BF16/*.gguf");
    let downloads = ["all", "first", "rows"].map(|input| format!("download/input/list/{input}"));
    let outcome = hub.run(&space, &["--allow-commands"]);
    assert_eq!(outcome.ran, set(downloads.iter().map(String::as_str).chain(["list"])), "{outcome:#?}");
    let seen = "in/all/m-00001-of-00002.gguf:weights, first half\n\
                in/all/m-00002-of-00002.gguf:weights, second half\n\
                in/first/m-00001-of-00002.gguf:weights, first half\n\
                in/rows.jsonl:eng rows\n";
    assert_eq!(space.read("spec.results/list/list.txt"), seen);
    let lock = space.read("spec.lock");
    assert!(lock.contains(COMMIT) && lock.contains(SET) && lock.contains("hf:org/big/BF16/*-00001-*.gguf"), "{lock}");
    assert_eq!(hub.run(&space, &["--offline", "--locked", "--allow-commands"]).ran, set([""; 0]));

    hub.asked();
    let other = Space::with_spec(REPOSITORY);
    other.write("spec.lock", &lock);
    assert_eq!(hub.run(&other, &["--locked", "--allow-commands"]).ran, outcome.ran);
    assert_eq!(other.digests(), space.digests());
    assert!(hub.asked().iter().all(|path| path.contains("/resolve/")));
}

/// Every file below a folder that contains these bytes.
fn with(folder: PathBuf, bytes: &str) -> Vec<PathBuf> {
    let inside = children(&folder).into_iter().flat_map(|path| {
        let told =
            || std::fs::read(&path).is_ok_and(|found| found.windows(bytes.len()).any(|at| at == bytes.as_bytes()));
        if path.is_dir() { with(path, bytes) } else { Vec::from_iter(told().then_some(path)) }
    });
    inside.collect()
}

#[test]
fn the_token_for_the_hub_is_in_no_file_and_in_no_message() {
    const TOKEN: &str = "hf_aTokenThatNobodyElseMaySee";
    let mut repositories = Repositories::default();
    FILES.iter().skip(1).for_each(|(repository, path, text)| repositories.add(repository, path, (*text).into()));
    let hub = Hub::open(repositories);
    let space = Space::with_spec(SPEC);
    let outcome = hub.run_in(&space, &["--only", "download/*"], &[("HF_TOKEN", TOKEN)]);
    assert_eq!(outcome.code, 1, "the model lacks a piece: {outcome:#?}");
    assert!(hub.asked().len() > 3, "data came");
    assert!(!format!("{outcome:?}").contains(TOKEN));
    for folder in [space.cache(""), space.state(""), space.path("")] {
        assert_eq!(with(folder, TOKEN), Vec::<PathBuf>::new());
    }
}
