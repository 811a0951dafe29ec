//! Every input that fuzzing has kept (`fuzz/corpus`, a folder for each target) goes through the checks that fuzzing does: what was
//! once found stays mended. Fuzzing itself needs a nightly Rust (`make fuzz`); this does not.

#[allow(unreachable_pub, reason = "a library for fuzzing, a part of this test")]
#[path = "../fuzz/src/lib.rs"]
mod checks;

use std::panic::catch_unwind;
use std::path::Path;

/// Tries all inputs of a target; a panic names the input.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).expect("a corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an input").path()).collect();
    paths.sort();
    assert!(paths.len() > 3, "{} is all but empty", folder.display());
    for path in paths {
        let input = std::fs::read(&path).expect("an input");
        assert!(catch_unwind(|| check(&input)).is_ok(), "{} is not mended", path.display());
    }
}

macro_rules! targets {
    ($($target:ident)+) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target), checks::$target::check);
        })+

        #[test]
        fn every_target_is_replayed() {
            let targets = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/targets")).expect("targets");
            let names = targets.map(|entry| entry.expect("a target").file_name().to_string_lossy().replace(".rs", ""));
            let names: std::collections::BTreeSet<String> = names.collect();
            assert_eq!(names, [$(stringify!($target)),+].map(str::to_owned).into());
        }
    };
}

targets! { adapter chat claims extract gguf lock prompt protocol record rows spec }
