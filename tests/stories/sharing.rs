//! Finished stages go from one cache to another, by way of a folder or a bucket.

mod bucket;

use crate::support::{Answer as Said, Space, children, flip_bit};
use bucket::{ACCESS_KEY, Answer, Bucket, SECRET_KEY, unfounded};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// A chain by way of a folder, with a large file beside it.
const SPEC: &str = r#"
[stages.middle]
program = "step"
args    = ["middle", "{out.text}", "the middle", "{in.source}"]
inputs  = { source = "source.txt" }
outputs = { text = "text" }

[stages.pages]
program = "pages"
args    = ["pages", "{out.folder}", "{in.middle}"]
inputs  = { middle = "stage:middle" }
outputs = { folder = "pages" }

[stages.large]
program = "large"
args    = ["large", "{out.file}"]
outputs = { file = "large" }

[stages.top]
program = "gather"
args    = ["top", "{out.text}", "{in.pages}/"]
inputs  = { pages = "stage:pages" }
outputs = { text = "top.txt" }
"#;
const STAGES: [&str; 4] = ["middle", "pages", "large", "top"];
const MIDDLE: &str = "the middle\nsource\n";

/// A study that has not run.
fn study() -> Space {
    let space = Space::with_spec(SPEC);
    space.write("source.txt", "source\n");
    space.program(
        "pages",
        r#"mkdir -p "$1/inner/empty"; sed 's/^/page: /' "$2" > "$1/inner/1.txt"; cp "$1/inner/1.txt" "$1/2.txt"; echo 3 > "$1/3.txt""#,
    );
    // More than one part of an upload.
    space.program("large", r#"yes "a large file" | head -c 9000000 > "$1""#);
    space
}

fn study_that_ran() -> Space {
    let space = study();
    space.run().expect_ran(STAGES);
    space
}

/// A folder for a store, which is not there yet.
fn place() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let store = root.path().join("store");
    (root, store)
}

fn push(space: &Space, store: &Path) -> Said {
    space.ask(&["cache", "push", store.to_str().unwrap()])
}

fn pull(space: &Space, store: &Path) -> Said {
    space.ask(&["cache", "pull", store.to_str().unwrap()])
}

/// All files below a folder, with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for path in children(folder) {
        if path.is_dir() {
            files.append(&mut self::files(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(folder).map(Path::to_owned).unwrap_or(path), bytes))
        .collect()
}

/// The file in a store that has these bytes.
fn stored(store: &Path, bytes: &str) -> PathBuf {
    let found = files(store).into_iter().find(|(_, other)| other == bytes.as_bytes()).unwrap();
    find(store, &found.0)
}

/// A file by the end of its path.
fn find(folder: &Path, end: &Path) -> PathBuf {
    let direct = folder.join(end);
    if direct.is_file() {
        return direct;
    }
    children(folder)
        .into_iter()
        .filter(|path| path.is_dir())
        .map(|path| find(&path, end))
        .find(|path| path.is_file())
        .unwrap_or(direct)
}

#[test]
fn what_was_pushed_to_a_folder_needs_no_work_elsewhere() {
    let (there, (_root, store)) = (study_that_ran(), place());
    push(&there, &store).expect_code(0).expect_prints("pushed 4 stages to ").expect_prints(": 4 artifacts, 9.0 MB");
    let here = study();
    pull(&here, &store).expect_code(0).expect_prints("pulled 4 stages from ").expect_prints(": 4 artifacts, 9.0 MB");
    assert_eq!(here.digests(), there.digests());
    here.run().expect_no_work().expect_cached(4);
    assert_eq!(files(&here.path("spec.results")), files(&there.path("spec.results")));
    here.ask(&["cache", "verify"]).expect_code(0).expect_prints("4 records");
    assert_eq!(children(&here.cache("partial")), Vec::<PathBuf>::new());
}

#[test]
fn what_is_there_already_is_not_moved_again() {
    let (there, (_root, store)) = (study_that_ran(), place());
    push(&there, &store).expect_code(0);
    let before: BTreeMap<PathBuf, _> = times(&store);
    push(&there, &store).expect_code(0).expect_prints("pushed 0 stages").expect_prints("4 stages were there already");
    assert_eq!(times(&store), before);
    // The source is an input of the key: another `middle`, and the same large file.
    there.edit("source.txt", "source", "other");
    there.run().expect_ran(["middle", "pages", "top"]);
    push(&there, &store).expect_code(0).expect_prints("pushed 3 stages").expect_prints(": 3 artifacts, 1");
    let here = study();
    pull(&here, &store).expect_code(0).expect_prints("pulled 7 stages");
    pull(&here, &store).expect_code(0).expect_prints("pulled 0 stages").expect_prints("7 stages were there already");
}

fn times(folder: &Path) -> BTreeMap<PathBuf, std::time::SystemTime> {
    let mut all = BTreeMap::new();
    for path in children(folder) {
        if path.is_dir() {
            all.append(&mut times(&path));
        } else {
            all.insert(path.clone(), fs::metadata(&path).unwrap().modified().unwrap());
        }
    }
    all
}

#[test]
fn a_dry_run_says_what_would_be_moved_and_moves_nothing() {
    let (there, (_root, store)) = (study_that_ran(), place());
    let target = store.to_str().unwrap();
    let asked = there.ask(&["cache", "push", target, "--dry-run"]);
    asked.expect_code(0).expect_prints("would push 4 stages").expect_prints("4 artifacts, 9.0 MB");
    assert!(!store.exists());
    push(&there, &store).expect_code(0);
    let here = study();
    let asked = here.ask(&["cache", "pull", target, "--dry-run"]);
    asked.expect_code(0).expect_prints("would pull 4 stages").expect_prints("4 artifacts, 9.0 MB");
    assert!(here.digests().is_empty());
}

#[test]
fn a_flipped_bit_in_the_store_is_refused_and_its_stage_made_again() {
    for large in [false, true] {
        let (there, (_root, store)) = (study_that_ran(), place());
        push(&there, &store).expect_code(0);
        let object = if large { there.object(there.read("spec.results/large/large")) } else { there.object(MIDDLE) };
        let digest = object.file_name().unwrap().to_str().unwrap();
        flip_bit(&find(&store, &Path::new(&digest[..2]).join(digest)));
        let here = study();
        let pulled = pull(&here, &store);
        pulled
            .expect_code(1)
            .expect_says(&format!("its artifact {digest} has other bytes than its name says, in the store"));
        let bad = if large { "large" } else { "middle" };
        pulled.expect_says(&format!("not pulled: {bad}: ")).expect_prints("pulled 3 stages");
        here.ask(&["cache", "verify"]).expect_code(0);
        here.run().expect_ran([bad]);
        assert_eq!(files(&here.path("spec.results")), files(&there.path("spec.results")));
    }
}

#[test]
fn what_is_cut_short_or_gone_in_the_store_is_named_and_pushed_again() {
    let (there, (_root, store)) = (study_that_ran(), place());
    push(&there, &store).expect_code(0);
    let middle = stored(&store.join("files"), MIDDLE);
    fs::write(&middle, "the mid").unwrap();
    fs::remove_file(stored(&store.join("files"), "3\n")).unwrap();
    let here = study();
    let pulled = pull(&here, &store);
    pulled.expect_code(1).expect_says("has 7 bytes in place of 18").expect_says("is not there, in the store");
    pulled.expect_prints("pulled 2 stages");
    push(&there, &store).expect_code(0).expect_prints("pushed 2 stages").expect_prints("2 stages were there already");
    pull(&here, &store).expect_code(0).expect_prints("pulled 2 stages");
    here.run().expect_no_work();
}

#[test]
fn a_record_or_a_listing_that_is_damaged_in_the_store_is_named_and_pushed_again() {
    let (there, (_root, store)) = (study_that_ran(), place());
    push(&there, &store).expect_code(0);
    let record = find(&store, Path::new(there.record("middle").file_name().unwrap()));
    flip_bit(&record);
    let listing = children(&children(&store.join("folders"))[0]).remove(0);
    flip_bit(&listing);
    let here = study();
    let pulled = pull(&here, &store);
    pulled
        .expect_code(1)
        .expect_says("its record cannot be believed")
        .expect_says("not pulled: pages: the listing of the folder");
    pulled.expect_prints("pulled 2 stages");
    push(&there, &store).expect_code(0).expect_prints("pushed 2 stages");
    pull(&here, &store).expect_code(0).expect_prints("pulled 2 stages");
    here.run().expect_no_work();
}

#[test]
fn what_is_damaged_here_is_not_pushed() {
    for stage in ["middle", "pages", "large"] {
        let (there, (_root, store)) = (study_that_ran(), place());
        let object = match stage {
            "middle" => there.object(MIDDLE),
            "large" => there.object(there.read("spec.results/large/large")),
            _ => there.members("objects").into_iter().find(|path| path.is_dir()).unwrap().join("3.txt"),
        };
        flip_bit(&object);
        let pushed = push(&there, &store);
        pushed.expect_code(1).expect_says(&format!("not pushed: {stage}: its artifact "));
        pushed.expect_says("has other bytes than its name says; `xlt cache verify` sets it aside");
        pushed.expect_prints("pushed 3 stages");
        assert_eq!(unfounded(&store), [""; 0]);
        assert!(files(&store).keys().all(|name| !name.to_string_lossy().contains('#')), "{:?}", files(&store).keys());
        let here = study();
        pull(&here, &store).expect_code(0);
        here.run().expect_ran([stage]);
        // It is left where it is for those who look.
        there.ask(&["cache", "verify"]).expect_code(1);
    }
}

#[test]
fn a_stage_whose_artifact_was_removed_is_left_out() {
    let (there, (_root, store)) = (study_that_ran(), place());
    fs::remove_file(there.object(MIDDLE)).unwrap();
    push(&there, &store).expect_code(0).expect_prints("pushed 3 stages").expect_prints("1 stages were left out");
}

#[test]
fn only_what_a_spec_needs_is_moved() {
    let (there, (_root, store)) = (study_that_ran(), place());
    let target = store.to_str().unwrap();
    let (_, rest) = SPEC.split_once("[stages.pages]").unwrap();
    let middle = SPEC.replace(rest, "").replace("[stages.pages]", "");
    there.write("middle.toml", &middle);
    there.ask(&["cache", "push", target, "middle.toml"]).expect_code(0).expect_prints("pushed 1 stages");
    push(&there, &store).expect_code(0).expect_prints("pushed 3 stages");

    let here = study();
    here.write("middle.toml", &middle);
    here.ask(&["cache", "pull", target, "middle.toml"]).expect_code(0).expect_prints("pulled 1 stages");
    let other = study();
    other.edit("spec.toml", "[stages.large]", "[stages.unlike]");
    other.edit("spec.toml", r#"["large", "#, r#"["unlike", "#);
    // The keys of the pages and of the top are known when what they read has come.
    other.ask(&["cache", "pull", target, "spec.toml"]).expect_code(0).expect_prints("pulled 3 stages");
    other.run().expect_ran(["unlike"]);
}

#[test]
fn what_a_run_beside_it_made_meanwhile_stays() {
    let (there, (_root, store)) = (study_that_ran(), place());
    push(&there, &store).expect_code(0);
    let here = study();
    std::thread::scope(|scope| {
        let pulled = scope.spawn(|| pull(&here, &store).expect_code(0).code);
        let ran = here.run();
        assert_eq!((ran.code, pulled.join().unwrap()), (0, 0));
    });
    here.ask(&["cache", "verify"]).expect_code(0).expect_prints("4 artifacts").expect_prints("4 records");
    here.run().expect_no_work();
    assert_eq!(files(&here.path("spec.results")), files(&there.path("spec.results")));
}

#[test]
fn two_pushes_at_once_do_no_harm() {
    let (one, other, (_root, store)) = (study_that_ran(), study_that_ran(), place());
    std::thread::scope(|scope| {
        let pushes = [&one, &other].map(|space| scope.spawn(|| push(space, &store).code));
        assert_eq!(pushes.map(|push| push.join().unwrap()), [0, 0]);
    });
    assert_eq!(unfounded(&store), [""; 0]);
    let here = study();
    pull(&here, &store).expect_code(0).expect_prints("pulled 4 stages");
    here.run().expect_no_work();
}

#[test]
fn a_folder_of_something_else_is_not_littered() {
    let (there, (_root, store)) = (study_that_ran(), place());
    pull(&there, &store).expect_code(2).expect_says("there is no store at ");
    fs::create_dir(&store).unwrap();
    fs::write(store.join("thesis.tex"), "").unwrap();
    push(&there, &store).expect_code(2).expect_says("is no store of xlt's: it has no `format`, but `thesis.tex`");
    assert_eq!(children(&store).len(), 1);
    push(&there, &there.cache("")).expect_code(2).expect_says("is no store of xlt's: it is a cache");
    there.ask(&["cache", "push", "ftp://lab/x"]).expect_code(2).expect_says("cannot use `ftp://lab/x` as a store");
}

#[test]
fn a_store_of_another_format_is_refused_with_a_word() {
    let (there, (_root, store)) = (study_that_ran(), place());
    push(&there, &store).expect_code(0);
    for (text, words) in [
        ("xlt-store 2\n", "has format 2, this xlt knows format 1; use a newer xlt"),
        (
            "xlt-store 0\n",
            "has format 0, which this xlt no longer reads (it knows 1); push to another folder or prefix",
        ),
        ("hello\n", "its `format` is not one that xlt wrote"),
    ] {
        fs::write(store.join("format"), text).unwrap();
        push(&there, &store).expect_code(2).expect_says(words);
        pull(&there, &store).expect_code(2).expect_says(words);
    }
}

#[test]
fn a_cache_of_an_older_format_is_refused_with_a_word() {
    let space = study_that_ran();
    fs::write(space.cache("format"), "xlt-cache 0\n").unwrap();
    space.ask(&["cache", "du"]).expect_code(2).expect_says("it has format 0, which this xlt no longer reads");
}

fn ask_bucket(space: &Space, bucket: &Bucket, args: &[&str]) -> Said {
    let mut command = space.xlt(args);
    Said::of(&bucket.environment(&mut command).output().unwrap())
}

const TARGET: &str = "s3://lab/theses/2026";

#[test]
fn what_was_pushed_to_a_bucket_needs_no_work_elsewhere() {
    let (there, bucket) = (study_that_ran(), Bucket::new());
    let pushed = ask_bucket(&there, &bucket, &["cache", "push", TARGET]);
    pushed.expect_code(0).expect_prints("pushed 4 stages to s3://lab/theses/2026: 4 artifacts, 9.0 MB");
    let parts = bucket.asked().iter().filter(|line| line.starts_with("PUT ") && line.contains("partNumber=")).count();
    assert_eq!(parts, 2, "{:?}", bucket.asked());
    assert_eq!(unfounded(&bucket.path("theses/2026")), [""; 0]);

    let here = study();
    let pulled = ask_bucket(&here, &bucket, &["cache", "pull", TARGET]);
    pulled.expect_code(0).expect_prints("pulled 4 stages from s3://lab/theses/2026: 4 artifacts, 9.0 MB");
    here.run().expect_no_work().expect_cached(4);
    assert_eq!(files(&here.path("spec.results")), files(&there.path("spec.results")));

    let before = bucket.asked().len();
    ask_bucket(&there, &bucket, &["cache", "push", TARGET]).expect_code(0).expect_prints("pushed 0 stages");
    let asked = bucket.asked().split_off(before);
    assert!(asked.iter().all(|line| line.starts_with("GET ")), "{asked:?}");
}

#[test]
fn a_flipped_bit_in_a_bucket_is_refused() {
    let (there, bucket) = (study_that_ran(), Bucket::new());
    ask_bucket(&there, &bucket, &["cache", "push", TARGET]).expect_code(0);
    let large = there.object(there.read("spec.results/large/large"));
    flip_bit(&find(&bucket.path("theses/2026"), Path::new(large.file_name().unwrap())));
    let here = study();
    let pulled = ask_bucket(&here, &bucket, &["cache", "pull", TARGET]);
    pulled.expect_code(1).expect_says("not pulled: large: its artifact ").expect_prints("pulled 3 stages");
    here.run().expect_ran(["large"]);
}

#[test]
fn what_is_damaged_here_is_given_no_name_in_a_bucket() {
    let (there, bucket) = (study_that_ran(), Bucket::new());
    let large = there.object(there.read("spec.results/large/large"));
    flip_bit(&large);
    let pushed = ask_bucket(&there, &bucket, &["cache", "push", TARGET]);
    pushed.expect_code(1).expect_says("not pushed: large: ").expect_prints("pushed 3 stages");
    let asked = bucket.asked();
    assert!(asked.iter().any(|line| line.starts_with("DELETE ") && line.contains("uploadId=")), "{asked:?}");
    assert!(!find(&bucket.path("theses/2026"), Path::new(large.file_name().unwrap())).exists());
}

#[test]
fn wherever_a_push_fails_no_record_lacks_its_artifacts() {
    let there = study_that_ran();
    for allowed in 0.. {
        let writes = AtomicUsize::new(0);
        let bucket = Bucket::with_rule(move |method, _| {
            let write = method != "GET" && method != "HEAD";
            let over = write && writes.fetch_add(1, Ordering::Relaxed) >= allowed;
            if over { Answer::Forbid } else { Answer::Serve }
        });
        let pushed = ask_bucket(&there, &bucket, &["cache", "push", TARGET]);
        assert_eq!(unfounded(&bucket.path("theses/2026")), [""; 0], "after {allowed} writes");
        if pushed.code == 0 {
            assert!(allowed > 10, "it takes more than {allowed} writes");
            return;
        }
        pushed.expect_code(2).expect_says("s3://lab/theses/2026 refuses to write to: ");
    }
}

#[test]
fn a_push_that_was_killed_left_nothing_that_is_believed_and_goes_on_where_it_was() {
    let there = study_that_ran();
    let (hangs, hung) = channel();
    let first = AtomicUsize::new(0);
    // When the first record comes, all artifacts are there.
    let bucket = Bucket::with_rule(move |method, path| {
        let record = method == "PUT" && path.contains("/records/");
        if record && first.fetch_add(1, Ordering::Relaxed) == 0 {
            hangs.send(()).unwrap();
            return Answer::Hang;
        }
        Answer::Serve
    });
    let mut command = there.xlt(&["cache", "push", TARGET]);
    let mut killed = bucket.environment(&mut command).spawn().unwrap();
    hung.recv().unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(unfounded(&bucket.path("theses/2026")), [""; 0]);

    let before = bucket.asked().len();
    ask_bucket(&there, &bucket, &["cache", "push", TARGET]).expect_code(0).expect_prints(": 0 artifacts, 0 B");
    let asked = bucket.asked().split_off(before);
    assert!(!asked.iter().any(|line| line.starts_with("PUT ") && line.contains("/files/")), "{asked:?}");
    let here = study();
    ask_bucket(&here, &bucket, &["cache", "pull", TARGET]).expect_code(0).expect_prints("pulled 4 stages");
    here.run().expect_no_work();
}

#[test]
fn a_pull_is_interrupted_although_the_server_says_nothing() {
    let there = study_that_ran();
    let (hangs, hung) = channel();
    let bucket = Bucket::with_rule(move |method, path| {
        if method == "GET" && path.contains("/files/") {
            let _ = hangs.send(());
            return Answer::Hang;
        }
        Answer::Serve
    });
    ask_bucket(&there, &bucket, &["cache", "push", TARGET]).expect_code(0);
    let here = study();
    let mut command = here.xlt(&["cache", "pull", TARGET]);
    bucket.environment(&mut command).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    hung.recv().unwrap();
    let id = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let said = Said::of(&child.wait_with_output().unwrap());
    said.expect_code(130).expect_says("run the same again to go on");
    assert_eq!(children(&here.cache("partial")), Vec::<PathBuf>::new());
}

#[test]
fn no_login_is_told_and_a_wrong_one_is_refused_without_being_told() {
    let (there, bucket) = (study_that_ran(), Bucket::new());
    there.ask(&["cache", "push", TARGET]).expect_code(2).expect_says("needs a login: set AWS_ACCESS_KEY_ID");
    let mut command = there.xlt(&["cache", "push", TARGET]);
    bucket.environment(&mut command).env("AWS_SECRET_ACCESS_KEY", "wrong-secret").env("AWS_SESSION_TOKEN", "token-1");
    let said = Said::of(&command.output().unwrap());
    said.expect_code(2).expect_says("s3://lab/theses/2026 refuses to ");
    for secret in [ACCESS_KEY, SECRET_KEY, "wrong-secret", "token-1"] {
        assert!(!format!("{said:?}").contains(secret), "{said:#?}");
    }
    let mut command = there.xlt(&["cache", "push", TARGET]);
    bucket.environment(&mut command).env("XLT_OFFLINE", "1");
    Said::of(&command.output().unwrap()).expect_code(2).expect_says("XLT_OFFLINE forbids the network");
}
