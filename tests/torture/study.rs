//! A study of slow programs that write piece by piece, some with children of their own.

use crate::support::{Space, children};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Number of its stages.
pub(crate) const STAGES: usize = 8 + 24 + 8 + 8 + 1;

const SPEC: &str = r#"
[stages.seed]
program = "slow"
args    = ["seed/{n}", "{out.text}", "0.00{n}", "seed {n}"]
outputs = { text = "seed.txt" }
export  = { text = "seed/{n}.txt" }
matrix  = { n = ["1", "2", "3", "4", "5", "6", "7", "8"] }

[stages.grow]
program = "slow"
args    = ["grow/{n}/{k}", "{out.text}", "0.01{n}", "grow {k}", "{in.seed}"]
inputs  = { seed = "stage:seed" }
outputs = { text = "deep/er/grown.txt" }
export  = { text = "grow/{n}-{k}.txt" }
matrix  = { n = ["1", "2", "3", "4", "5", "6", "7", "8"], k = ["a", "b", "c"] }

[stages.tree]
program = "tree"
args    = ["tree/{n}", "{out.folder}", "{in.seed}"]
inputs  = { seed = "stage:seed" }
outputs = { folder = "tree" }
export  = { folder = "tree/{n}" }
matrix  = { n = ["1", "2", "3", "4", "5", "6", "7", "8"] }

[stages.join]
program = "parent"
args    = ["join/{n}", "{out.text}", "{in.grown}", "{in.tree}"]
inputs  = { grown = "stage:grow", tree = "stage:tree" }
outputs = { text = "joined.txt", log = "log.txt" }
export  = { text = "join/{n}.txt", log = "join/{n}.log" }
matrix  = { n = ["1", "2", "3", "4", "5", "6", "7", "8"] }

[stages.all]
program = "gather"
args    = ["all", "{out.text}", "{in.joined}"]
inputs  = { joined = "stage:join.text" }
outputs = { text = "all.txt" }
export  = { text = "all.txt" }
"#;

/// Copies its inputs in pieces, with pauses: `slow STAGE OUTPUT PAUSE TEXT INPUT...`.
const SLOW: &str = r#"out=$1; pause=$2; text=$3; shift 3
printf '%s' "$text" > "$out"
sleep "$pause"
for piece in 1 2 3; do printf ' %s\n' "$piece" >> "$out"; done
sleep "$pause"
cat -- /dev/null "$@" >> "$out"
printf 'end\n' >> "$out""#;

/// Makes a folder of files, one after the other: `tree STAGE OUTPUT INPUT`.
const TREE: &str = r#"mkdir -p "$1/inner"
for name in one two inner/three; do cp "$2" "$1/$name"; sleep 0.003; done
printf 'last' > "$1/four""#;

/// Leaves one child running for good and waits for another one, which writes: `parent STAGE OUTPUT FOLDER FOLDER`.
const PARENT: &str = r#"out=$1; shift
sleep 300 &
{ sleep 0.02; find -L "$@" -type f | LC_ALL=C sort | xargs -d '\n' cat > "$out"; } &
wait $!
printf 'joined\n' > log.txt"#;

/// A space with the study. It may be run in any number of folders: see [`copy`].
pub(crate) fn space() -> Space {
    let space = Space::with_spec(SPEC);
    space.program("slow", SLOW);
    space.program("tree", TREE);
    space.program("parent", PARENT);
    space
}

/// Puts a copy of the spec into a folder of its own; returns the folder.
pub(crate) fn copy(space: &Space, name: &str) -> PathBuf {
    space.write(&format!("{name}/spec.toml"), SPEC);
    space.path(name)
}

/// All files of a results folder with their bytes.
pub(crate) fn results(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let root = folder.join("spec.results");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for path in children(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(&root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The results of an unbroken run.
pub(crate) fn expected() -> BTreeMap<PathBuf, Vec<u8>> {
    let space = space();
    let outcome = space.run_with(&["--jobs", "8"]);
    assert_eq!((outcome.code, outcome.ran.len()), (0, STAGES), "{}", outcome.stderr);
    results(&space.path(""))
}

/// Does not end while its home has a file `wait`: `wait STAGE OUTPUT`.
pub(crate) const WAIT: &str = r#"printf 'half' > "$1"
while [ -e "$HOME/wait" ]; do sleep 0.2; done
printf ' and half\n' >> "$1""#;
