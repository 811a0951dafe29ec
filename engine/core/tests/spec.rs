//! The corpus of specs: valid ones load, invalid ones are explained as their snapshots say.
#![expect(clippy::disallowed_methods, reason = "the corpus is files")]

use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};
use xlt_core::spec::{Request, Spec, SpecErrors, load};

fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/specs").join(folder);
    let files = std::fs::read_dir(folder).expect("the corpus is a folder").map(|entry| entry.expect("readable").path());
    let mut specs: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ext| ext == "toml")).collect();
    specs.sort();
    specs
}

fn name(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8")
}

/// Loads a file of the corpus as `NAME.toml` of its folder. What is said on the command line stands in its first line:
/// `# --profile NAME --set a.b=c`.
fn load_file(path: &Path) -> Result<Spec, SpecErrors> {
    let folder = path.parent().expect("a file in a folder");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|_| "there is no such file".to_owned());
    let text = std::fs::read_to_string(path).expect("readable");
    let line = text.lines().next().unwrap_or_default().strip_prefix("# --").map(|line| format!(" --{line}"));
    let (mut profile, mut set) = (None, Vec::new());
    for option in line.iter().flat_map(|line| line.split(" --").skip(1)) {
        match option.split_once(' ') {
            Some(("profile", name)) => profile = Some(name),
            Some(("set", setting)) => set.push(setting.to_owned()),
            _ => panic!("{option} is no option of a spec"),
        }
    }
    let file = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
    load(&Request { path: file, profile, set: &set }, &read)
}

/// As a user sees it, without colours.
fn rendered(errors: &SpecErrors) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut text = String::new();
    handler.render_report(&mut text, errors).expect("writing to a string");
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn valid_specs_load_and_so_do_those_that_are_shipped() {
    let shipped = ["../../specs", "../../specs/convert", "../../specs/elsewhere"].into_iter().flat_map(corpus);
    for path in corpus("valid").into_iter().chain(shipped) {
        if let Err(errors) = load_file(&path) {
            panic!("{} is refused:\n{}", path.display(), rendered(&errors));
        }
    }
}

#[test]
fn invalid_specs_are_explained() {
    for path in corpus("invalid") {
        let text = match load_file(&path) {
            Ok(_) => panic!("{} is accepted", path.display()),
            Err(errors) => rendered(&errors),
        };
        insta::with_settings!({
            snapshot_path => path.parent().expect("a file in a folder"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(name(&path), text) });
    }
}
