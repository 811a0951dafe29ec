//! Templates of prompts: whether minijinja understands them, and whether they use what there is.

use std::ops::Range;

use minijinja::{ErrorKind, context};

use super::{Context, words};
use crate::spec::suggest::suggest;
use crate::spec::text::Word;

/// What a template is filled in with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    /// One question.
    Item,
    /// What is the same for all questions of a cell.
    Study,
}

impl Scope {
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Item => &["passage", "question", "options", "options_block", "labels", "language", "key", "words"],
            Self::Study => &["labels", "language", "words"],
        }
    }
}

/// Checks a template.
pub(super) fn check(template: Word<'_>, scope: Scope, cx: &mut Context<'_>) {
    let mut environment = crate::jinja::environment();
    environment.set_debug(true);
    let compiled = match environment.template_from_str(template.text) {
        Ok(compiled) => compiled,
        Err(error) => {
            fault(template, &error, cx);
            return;
        }
    };
    let mut used: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
    used.retain(|name| environment.globals().all(|(global, _)| global != name));
    used.sort();
    for name in used.iter().filter(|name| !scope.variables().contains(&name.as_str())) {
        let range = use_of(name, template.text).unwrap_or(0..template.text.len());
        cx.faults
            .at(cx.texts.inside(template.place, template.text, range), format!("unknown variable `{name}`"))
            .label("not known in a prompt")
            .help(suggest(name, "variables", scope.variables()));
    }
    check_words(template, compiled.undeclared_variables(true), cx);
    // Filters and tests are looked up when a template runs, so it is run once on a sample.
    let sample = context! {
        passage => "p", question => "q", options => ["a", "b"], options_block => "1. a\n2. b",
        labels => ["1", "2"], language => "eng_Latn", key => "k", words => context! {},
    };
    if let Err(error) = compiled.render(sample)
        && matches!(error.kind(), ErrorKind::UnknownFilter | ErrorKind::UnknownTest)
    {
        fault(template, &error, cx);
    }
}

/// Checks `words.NAME`.
fn check_words(template: Word<'_>, used: impl IntoIterator<Item = String>, cx: &mut Context<'_>) {
    let known = words::known(cx);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut used: Vec<String> = used.into_iter().collect();
    used.sort();
    for name in used.iter().filter_map(|name| name.strip_prefix("words.")).filter(|name| !known.contains(name)) {
        let path = format!("words.{name}");
        let range = use_of(&path, template.text).unwrap_or(0..template.text.len());
        cx.faults
            .at(cx.texts.inside(template.place, template.text, range), format!("the prompt has no word `{name}`"))
            .label("not in `[prompt.words]`")
            .help(suggest(name, "words", &known));
    }
}

fn fault(template: Word<'_>, error: &minijinja::Error, cx: &mut Context<'_>) {
    let place = match error.range() {
        Some(range) => cx.texts.inside(template.place, template.text, range),
        None => template.place,
    };
    cx.faults
        .at(place, format!("malformed template: {}", error.detail().unwrap_or("cannot be understood")))
        .label("here")
        .help("templates are minijinja: `{{ passage }}`, `{% if passage %}…{% endif %}`");
}

/// Where a template first has `name` as a word between braces.
pub(super) fn use_of(name: &str, template: &str) -> Option<Range<usize>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut hits = template.match_indices(name).map(|(start, _)| start..start + name.len());
    hits.find(|hit| {
        let (before, after) = (&template[..hit.start], &template[hit.end..]);
        let open = before.rfind(['{', '}']).is_some_and(|at| before[at..].starts_with('{'));
        open && !before.ends_with(word) && !after.starts_with(word)
    })
}
