//! Placeholders in paths that stand for several files.

use super::Context;
use crate::spec::suggest::nearest;
use crate::spec::tree::Table;

/// Whether all that is to be filled into the paths of `table.key` is known; reported if not.
pub(super) fn check(table: &Table, key: &str, known: &[&str], help: &str, cx: &mut Context<'_>) -> bool {
    let mut sound = true;
    for word in table.get(key).into_iter().flat_map(|node| node.words()) {
        let others = known.iter().fold(word.text.to_owned(), |text, name| text.replace(name, ""));
        let Some(open) = others.find('{') else { continue };
        sound = false;
        let name = others[open..].split_inclusive('}').next().unwrap_or_default();
        let start = word.text.find(name).unwrap_or(0);
        let place = cx.texts.inside(word.place, word.text, start..start + name.len());
        let fault = cx.faults.at(place, format!("unknown placeholder `{name}` in `{key}`")).label("not filled in");
        match nearest(name, known.iter().copied()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help(help),
        };
    }
    sound
}

/// Reports what is said of one file where there are several.
pub(super) fn not_of_one(table: &Table, several: &str, cx: &mut Context<'_>) {
    for key in ["sha256", "size"] {
        if let Some(node) = table.get(key) {
            cx.faults
                .at(node.place, format!("one `{key}` for {several}"))
                .label("cannot be true of all of them")
                .help("leave it out: the lock pins every file");
        }
    }
}
