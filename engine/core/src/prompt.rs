//! The prompt: a study's template filled in with one item.
//!
//! Knows nothing of chat formats and tokens. What comes out is the text of the user message.

use crate::items::Item;
use crate::jinja::source::Unparsable;
use crate::jinja::{self, line, words};
use crate::spec::{Mode, Prompt, Speech};
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use std::collections::BTreeMap;

mod continuation;

/// What a template of a question may name, whatever the data.
const VARIABLES: [&str; 8] = ["passage", "question", "options", "labels", "options_block", "language", "key", "words"];

const SYSTEM: &str = "prompt.system";

/// Why a prompt cannot be rendered. `place` is the key of the spec that holds the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// The template is not well formed.
    #[error("`{place}`, line {line}: {message}; correct the template")]
    Syntax {
        /// Key of the spec.
        place: String,
        /// Line of the template, from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// A name that no prompt has.
    #[error("`{place}` names `{variable}`, which no prompt has; {help}")]
    UnknownVariable {
        /// Key of the spec.
        place: String,
        /// The name.
        variable: String,
        /// What there is.
        help: String,
    },
    /// The template uses the passage of data without one.
    #[error(
        "`{place}` uses `passage`, but item `{item}` has none; name the field under `[data]`, or write `{{% if passage %}}`"
    )]
    NoPassage {
        /// Key of the spec.
        place: String,
        /// Key of the item.
        item: String,
    },
    /// The template fails on an item.
    #[error("`{place}` fails on item `{item}`, line {line}: {message}; correct the template")]
    Failed {
        /// Key of the spec.
        place: String,
        /// Key of the item.
        item: String,
        /// Line of the template, from 1.
        line: usize,
        /// The engine's words.
        message: String,
    },
    /// Labels and options do not pair up.
    #[error("item `{item}` has {options} options, but the prompt has {labels} labels; make them equally many")]
    Labels {
        /// Key of the item.
        item: String,
        /// Number of options.
        options: usize,
        /// Number of labels.
        labels: usize,
    },
    /// Nothing is left to show.
    #[error("the prompt of item `{item}` is empty; write its text under `[prompt]`")]
    Empty {
        /// Key of the item.
        item: String,
    },
    /// Nothing is left to score.
    #[error("`{place}` makes nothing of option {option:?} of item `{item}`; correct the template")]
    NoContinuation {
        /// Key of the spec.
        place: String,
        /// Key of the item.
        item: String,
        /// The option.
        option: String,
    },
    /// Two items look the same to the model.
    #[error(
        "items `{first}` and `{second}` have the same prompt; show what tells them apart in `prompt.body`, or remove one from the data"
    )]
    Alike {
        /// Key of one item.
        first: String,
        /// Key of the other.
        second: String,
    },
}

/// A prompt's templates, parsed and checked.
pub struct Renderer {
    environment: Environment<'static>,
    /// Keys of the spec that hold the templates, and the templates' names in the environment.
    places: Vec<String>,
    continuation: Option<String>,
    system: bool,
    cue: Option<String>,
    labels: Vec<String>,
    words: BTreeMap<String, BTreeMap<String, String>>,
    speech: Speech,
}

impl Renderer {
    /// Parses the templates of a mode's prompt and checks the names in them.
    ///
    /// Templates are Jinja (minijinja); a block tag alone on its line leaves no blank line (`trim_blocks`,
    /// `lstrip_blocks`). Body and instruction may name `passage`, `question`, `options` and `labels` (lists), `options_block`
    /// (a line `LABEL. option` for each option), `language`, `key`, `words` (a table: the prompt's words in the mode's
    /// language) and what `extra` names, `fields.extra` of the data; a continuation `option` and `label` besides; the system
    /// message and the cue, which are the same for all items, `labels`, `language` and `words`.
    ///
    /// # Errors
    /// A template that does not parse, or that names something else.
    pub fn new(prompt: &Prompt, mode: &Mode, extra: &BTreeMap<String, String>) -> Result<Self, PromptError> {
        let mut environment = jinja::environment();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        let body = match &mode.shown.body {
            Some(_) => format!("body of modes.{}", mode.name),
            None => "prompt.body".to_owned(),
        };
        let mut templates = vec![(body, &prompt.body)];
        if let Some(instruction) = &mode.instruction {
            templates.push((format!("modes.{}.instruction", mode.name), instruction));
        }
        let places = templates.iter().map(|(place, _)| place.clone()).collect();
        let cue = mode.cue.as_ref().map(|_| format!("modes.{}.cue", mode.name));
        templates.extend(cue.clone().zip(mode.cue.as_ref()));
        templates.extend(prompt.system.as_ref().map(|system| (SYSTEM.to_owned(), system)));
        let mut known: Vec<&str> = VARIABLES.into_iter().chain(extra.keys().map(String::as_str)).collect();
        for (place, source) in &templates {
            add(&mut environment, place, source, &known)?;
        }
        let continuation = prompt.continuation.as_ref().map(|_| continuation::place(mode));
        if let Some((place, source)) = continuation.as_ref().zip(prompt.continuation.as_ref()) {
            known.extend(continuation::OF_OPTION);
            add(&mut environment, place, source, &known)?;
        }
        Ok(Self {
            environment,
            places,
            continuation,
            system: prompt.system.is_some(),
            cue,
            labels: prompt.labels.clone(),
            words: prompt.words.clone(),
            speech: mode.words.clone(),
        })
    }

    /// The system message, where the prompt has one.
    ///
    /// # Errors
    /// A template that fails.
    pub fn system(&self, language: &str) -> Result<Option<String>, PromptError> {
        self.system.then(|| self.same_for_all(SYSTEM, language)).transpose()
    }

    /// The cue, where the mode has one.
    ///
    /// # Errors
    /// A template that fails.
    pub fn cue(&self, language: &str) -> Result<Option<String>, PromptError> {
        self.cue.as_ref().map(|place| self.same_for_all(place, language)).transpose()
    }

    fn same_for_all(&self, place: &str, language: &str) -> Result<String, PromptError> {
        let values = context! { labels => &self.labels, language => language, words => self.words(language) };
        let rendered = self.environment.get_template(place).and_then(|template| template.render(&values));
        rendered.map_err(|error| PromptError::Failed {
            place: place.to_owned(),
            item: format!("any of {language}"),
            line: line(&error),
            message: words(&error),
        })
    }

    fn words(&self, language: &str) -> Option<&BTreeMap<String, String>> {
        self.words.get(self.speech.code(language))
    }

    /// The user message for one item: the body, a blank line, the instruction; each without white space at its end.
    ///
    /// Texts of the item are values: braces in them mean nothing.
    ///
    /// # Errors
    /// A template that fails on this item, or as many labels as the item has no options.
    pub fn render(&self, item: &Item) -> Result<String, PromptError> {
        self.parts(item, &self.places)
    }

    /// The user message without the mode's instruction: what it has in common with other modes'. `None` where the mode has
    /// no instruction, or the body no text.
    #[must_use]
    pub fn stem(&self, item: &Item) -> Option<String> {
        match &self.places[..] {
            [body, _instruction] => self.parts(item, std::slice::from_ref(body)).ok(),
            _ => None,
        }
    }

    fn parts(&self, item: &Item, places: &[String]) -> Result<String, PromptError> {
        if item.options.len() != self.labels.len() {
            let (options, labels) = (item.options.len(), self.labels.len());
            return Err(PromptError::Labels { item: item.key.clone(), options, labels });
        }
        let values = self.values(item);
        let mut parts = Vec::new();
        for place in places {
            let text = self
                .environment
                .get_template(place)
                .and_then(|template| template.render(&values))
                .map_err(|error| failed(place, item, &error))?;
            if !text.trim().is_empty() {
                parts.push(text.trim_end().to_owned());
            }
        }
        if parts.is_empty() {
            return Err(PromptError::Empty { item: item.key.clone() });
        }
        Ok(parts.join("\n\n"))
    }

    /// What every template may show of an item.
    fn values(&self, item: &Item) -> Value {
        let lines = self.labels.iter().zip(&item.options).map(|(label, option)| format!("{label}. {option}"));
        context! {
            passage => item.passage.as_deref().map_or(Value::UNDEFINED, Value::from),
            question => &item.question,
            options => &item.options,
            labels => &self.labels,
            options_block => lines.collect::<Vec<_>>().join("\n"),
            language => &item.language,
            key => &item.key,
            words => self.words(&item.language),
            ..Value::from_pairs(item.extra.iter().map(|(name, text)| (name.as_str(), text.as_str())))
        }
    }
}

/// Checks that no two prompts, given as (key, text), are the same text.
///
/// # Errors
/// [`PromptError::Alike`] with the first pair.
pub fn check_distinct<'a>(prompts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), PromptError> {
    let mut seen = BTreeMap::new();
    for (key, text) in prompts {
        if let Some(first) = seen.insert(text, key) {
            return Err(PromptError::Alike { first: first.to_owned(), second: key.to_owned() });
        }
    }
    Ok(())
}

/// Parses a template and checks the names in it.
fn add(environment: &mut Environment<'_>, place: &str, source: &str, known: &[&str]) -> Result<(), PromptError> {
    jinja::source::check(source).map_err(|Unparsable { line, message }| PromptError::Syntax {
        place: place.to_owned(),
        line,
        message: message.to_owned(),
    })?;
    environment.add_template_owned(place.to_owned(), source.to_owned()).map_err(|error| PromptError::Syntax {
        place: place.to_owned(),
        line: line(&error),
        message: words(&error),
    })?;
    let Ok(template) = environment.get_template(place) else { return Ok(()) };
    let globals: Vec<_> = environment.globals().map(|(name, _)| name.to_owned()).collect();
    let mut unknown: Vec<_> = template.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !known.contains(&name.as_str()) && !globals.contains(name));
    match unknown.into_iter().min() {
        Some(variable) => {
            let help = help(&variable, known);
            Err(PromptError::UnknownVariable { place: place.to_owned(), variable, help })
        }
        None => Ok(()),
    }
}

fn failed(place: &str, item: &Item, error: &Error) -> PromptError {
    let (place, key) = (place.to_owned(), item.key.clone());
    if item.passage.is_none() && error.kind() == minijinja::ErrorKind::UndefinedError {
        return PromptError::NoPassage { place, item: key };
    }
    PromptError::Failed { place, item: key, line: line(error), message: words(error) }
}

fn help(variable: &str, known: &[&str]) -> String {
    let near = known.iter().max_by(|a, b| {
        let closeness = |name: &str| strsim::jaro_winkler(name, variable);
        closeness(a).total_cmp(&closeness(b))
    });
    match near {
        Some(near) if strsim::jaro_winkler(near, variable) > 0.8 => format!("did you mean `{near}`?"),
        _ => format!("there are `{}`", known.join("`, `")),
    }
}

#[cfg(test)]
mod tests;
