//! Templates of prompts: whether minijinja understands them, and whether they use what there is.

use std::ops::Range;

use minijinja::{ErrorKind, Value, context};

use super::{Context, words};
use crate::jinja::source::{self, Unparsable};
use crate::spec::suggest::suggest;
use crate::spec::text::Word;

/// What every template of a question may use.
pub(super) const VARIABLES: [&str; 8] =
    ["passage", "question", "options", "options_block", "labels", "language", "key", "words"];

/// What the template of a continuation may use besides.
pub(super) const OF_OPTION: [&str; 2] = ["option", "label"];

/// What a template is filled in with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    /// One question.
    Item,
    /// One option of a question.
    Option,
    /// What is the same for all questions of a cell.
    Study,
}

impl Scope {
    /// What its templates may use; `extra`: names that data add.
    fn variables(self, extra: &[String]) -> Vec<&str> {
        let extra = extra.iter().map(String::as_str);
        match self {
            Self::Item => VARIABLES.into_iter().chain(extra).collect(),
            Self::Option => VARIABLES.into_iter().chain(OF_OPTION).chain(extra).collect(),
            Self::Study => vec!["labels", "language", "words"],
        }
    }
}

/// Checks a template.
pub(super) fn check(template: Word<'_>, scope: Scope, cx: &mut Context<'_>) {
    if let Err(Unparsable { line, message }) = source::check(template.text) {
        cx.faults
            .at(template.place, format!("malformed template: {message}"))
            .label(format!("in its line {line}"))
            .help("write it in several tags, or prepare the text in the data");
        return;
    }
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
    let known = scope.variables(&cx.variables);
    for name in used.iter().filter(|name| !known.contains(&name.as_str())) {
        let range = use_of(name, template.text).unwrap_or(0..template.text.len());
        cx.faults
            .at(cx.texts.inside(template.place, template.text, range), format!("unknown variable `{name}`"))
            .label("not known in a prompt")
            .help(suggest(name, "variables", &known));
    }
    check_words(template, compiled.undeclared_variables(true), cx);
    // Filters and tests are looked up when a template runs, so it is run once on a sample.
    let sample: Vec<(&str, &str)> = cx.variables.iter().map(|name| (name.as_str(), "x")).collect();
    let sample = context! {
        passage => "p", question => "q", options => ["a", "b"], options_block => "1. a\n2. b",
        labels => ["1", "2"], language => "eng_Latn", key => "k", words => context! {}, option => "a", label => "1",
        ..Value::from_pairs(sample)
    };
    if let Err(error) = compiled.render(sample)
        && matches!(error.kind(), ErrorKind::UnknownFilter | ErrorKind::UnknownTest)
    {
        fault(template, &error, cx);
    }
}

/// What a template names beyond what every template may use; nothing if it is none.
pub(super) fn variables(template: &str) -> Vec<String> {
    let environment = crate::jinja::environment();
    if source::check(template).is_err() {
        return Vec::new();
    }
    let Ok(compiled) = environment.template_from_str(template) else { return Vec::new() };
    let mut used: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
    used.retain(|name| !VARIABLES.contains(&name.as_str()) && !OF_OPTION.contains(&name.as_str()));
    used.retain(|name| environment.globals().all(|(global, _)| global != name));
    used.sort();
    used
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
