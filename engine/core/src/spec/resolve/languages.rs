//! Language groups, and lists of groups and codes.

use super::Context;
use super::adapters::trainings;
pub(super) use crate::languages::RESERVED;
use crate::spec::languages::{known, name_of};
use crate::spec::suggest::nearest;
use crate::spec::text::Word;
use crate::spec::tree::Node;
use crate::spec::{LanguageGroup, Mode, Spec, Speech};
use std::collections::BTreeSet;

/// `[languages]`.
pub(super) fn groups(cx: &mut Context<'_>) -> Vec<LanguageGroup> {
    let entries = cx.root.sorted("languages");
    let groups = entries.into_iter().map(|entry| {
        let name = entry.name();
        if RESERVED.contains(&name.text) || name_of(name.text).is_some() {
            cx.faults
                .at(name.place, format!("`{}` cannot be the name of a language group", name.text))
                .label("means something else already")
                .help("`relatives`, `controls`, `all` and language codes are taken");
        }
        LanguageGroup { name: name.text.to_owned(), codes: codes(&entry.node, &[], cx) }
    });
    groups.collect()
}

/// A group's name, a code, or a list of either, as codes; each once, in the order written.
pub(super) fn codes(node: &Node, groups: &[LanguageGroup], cx: &mut Context<'_>) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    let mut seen: Vec<Word<'_>> = Vec::new();
    for word in node.words() {
        if let Some(first) = seen.iter().find(|seen| seen.text == word.text) {
            cx.faults
                .at(word.place, format!("`{}` is listed twice", word.text))
                .label("again")
                .also(first.place, "first here");
            continue;
        }
        seen.push(word);
        let more = match groups.iter().find(|group| group.name == word.text) {
            Some(group) => group.codes.clone(),
            None if name_of(word.text).is_some() => vec![word.text.to_owned()],
            None => {
                unknown(word, groups, cx);
                continue;
            }
        };
        more.into_iter().for_each(|code| {
            if !codes.contains(&code) {
                codes.push(code)
            }
        });
    }
    codes
}

/// Languages in which modes show examples, whatever the question's.
pub(super) fn of_examples<'m>(modes: impl IntoIterator<Item = &'m Mode>) -> BTreeSet<&'m String> {
    let shots = modes.into_iter().filter_map(|mode| mode.shots.as_ref());
    let codes = shots.filter_map(|shots| match &shots.language {
        Speech::Of(code) => Some(code),
        Speech::Own => None,
    });
    codes.collect()
}

/// Every language in which questions are shown: to be answered, to be learned from, as examples.
pub(super) fn shown(spec: &Spec) -> BTreeSet<&String> {
    let evaluated = spec.evaluate.iter().flat_map(|evaluate| &evaluate.languages);
    let trained = trainings(spec).flat_map(|training| &training.train_on.languages);
    evaluated.chain(trained).chain(of_examples(&spec.modes)).collect()
}

/// Reports a word that is neither a group nor a code.
pub(super) fn unknown(word: Word<'_>, groups: &[LanguageGroup], cx: &mut Context<'_>) {
    let what = if groups.is_empty() { "language code" } else { "language group or code" };
    let help = match guess(word.text, groups) {
        Some(near) => match name_of(near) {
            Some(name) => format!("did you mean `{near}` ({name})?"),
            None => format!("did you mean `{near}`?"),
        },
        None => "codes are those of FLORES-200 and Belebele: a language, `_`, a script, such as `heb_Hebr`".to_owned(),
    };
    cx.faults.at(word.place, format!("unknown {what} `{}`", word.text)).label("not known").help(help);
}

/// The group or code that was probably meant: a near one, one of that language, one of that English name.
fn guess<'a>(text: &str, groups: &'a [LanguageGroup]) -> Option<&'a str> {
    let groups = groups.iter().map(|group| group.name.as_str());
    let codes = || known().iter().map(|(code, _)| *code);
    let named = || known().iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(code, _)| *code);
    let script = || codes().find(|code| text.len() == 3 && code.starts_with(text));
    named().or_else(script).or_else(|| nearest(text, groups.chain(codes())))
}
