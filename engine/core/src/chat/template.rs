//! One rendering of a chat template, with the settings and the functions that Hugging Face gives to templates.

use super::moment::Moment;
use super::{ChatError, ChatInput, Variable, bounds, json};
use crate::jinja::source::{self, Unparsable};
use crate::jinja::weight::size;
use crate::jinja::{self, line, words};
use minijinja::{Environment, Error, ErrorKind, Value, context};
use std::collections::BTreeMap;
use std::fmt;

/// What a rendering knows beside the template.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// Names and their values.
    values: BTreeMap<String, Value>,
    /// What `strftime_now` tells.
    now: Moment,
}

impl Scene {
    /// A conversation; without tools and documents, as long as [`Scene::with`] gives none.
    pub(super) fn new(messages: impl Into<Value>, add_generation_prompt: bool, now: Moment) -> Self {
        let none = Value::from(());
        let scene = Self { values: BTreeMap::new(), now };
        scene
            .with("messages", messages)
            .with("add_generation_prompt", add_generation_prompt)
            .with("tools", none.clone())
            .with("documents", none)
    }

    /// With one more value, or another one.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// With variables of a study.
    pub(super) fn with_all(self, variables: &BTreeMap<String, Variable>) -> Self {
        variables.iter().fold(self, |scene, (name, value)| match value {
            Variable::Flag(flag) => scene.with(name, *flag),
            Variable::Text(text) => scene.with(name, text.as_str()),
        })
    }

    fn size(&self) -> u64 {
        self.values.values().map(size).fold(0, u64::saturating_add)
    }
}

/// Renders the template with `contents` in place of the messages' own.
pub(super) fn run(template: &str, input: &ChatInput<'_>, contents: &[&str]) -> Result<String, ChatError> {
    let messages: Vec<Value> = input
        .messages
        .iter()
        .zip(contents)
        .map(|(message, &content)| context! { role => message.role.name(), content => content })
        .collect();
    let scene = Scene::new(messages, input.add_generation_prompt, input.date.into())
        .with("bos_token", input.bos)
        .with("eos_token", input.eos)
        .with_all(input.variables);
    render(template, &scene)
}

/// Renders the template.
pub(super) fn render(template: &str, scene: &Scene) -> Result<String, ChatError> {
    let template = source::prepare(template)?;
    let mut environment = environment(scene.now);
    bounds::set(&mut environment, scene.size());
    let values = Value::from_pairs(scene.values.iter().map(|(name, value)| (name.as_str(), value.clone())));
    environment.render_str(&template, values).map_err(|error| explain(&error))
}

/// Whether the template asks for a variable that it does not set itself; a template that cannot be parsed asks for none.
pub(super) fn reads(template: &str, variable: &str) -> bool {
    let Ok(template) = source::prepare(template) else { return false };
    let environment = jinja::environment();
    let parsed = environment.template_from_str(&template);
    parsed.is_ok_and(|template| template.undeclared_variables(false).contains(variable))
}

fn environment(now: Moment) -> Environment<'static> {
    let mut environment = jinja::environment();
    environment.add_filter("tojson", json::tojson);
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, "raise_exception").with_source(Raised(message)))
    });
    environment.add_function("strftime_now", move |format: String| {
        now.format(&format).map_err(|code| {
            Error::new(ErrorKind::InvalidOperation, format!("strftime_now does not know `{code}` in `{format}`"))
        })
    });
    environment
}

/// What a template said through `raise_exception`.
#[derive(Debug)]
struct Raised(String);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Raised {}

impl From<Unparsable> for ChatError {
    fn from(Unparsable { line, message }: Unparsable) -> Self {
        Self::Syntax { line, message: message.to_owned() }
    }
}

fn explain(error: &Error) -> ChatError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(source) = cause {
        if let Some(Raised(message)) = source.downcast_ref() {
            return ChatError::Raised { message: message.clone() };
        }
        cause = source.source();
    }
    let (line, message) = (line(error), words(error));
    match error.kind() {
        ErrorKind::OutOfFuel => ChatError::Endless,
        ErrorKind::SyntaxError => ChatError::Syntax { line, message },
        _ => ChatError::Failed { line, message },
    }
}
