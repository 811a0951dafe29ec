//! What is scored of an option with `score = "texts"`: its text, or what a template makes of it.

use super::{PromptError, VARIABLES, add, failed, values};
use crate::items::Item;
use crate::jinja;
use crate::spec::Prompt;
use minijinja::{Environment, UndefinedBehavior, context};
use std::collections::BTreeMap;

const PLACE: &str = "prompt.continuation";

/// What a continuation may name besides.
const OF_OPTION: [&str; 2] = ["option", "label"];

/// Makes continuations of options.
#[derive(Debug)]
pub struct Continuations {
    template: Option<Environment<'static>>,
    labels: Vec<String>,
}

impl Continuations {
    /// Parses `prompt.continuation` and checks the names in it.
    ///
    /// # Errors
    /// A template that does not parse, or that names what there is not.
    pub fn new(prompt: &Prompt, extra: &BTreeMap<String, String>) -> Result<Self, PromptError> {
        let template = prompt.continuation.as_ref().map(|source| {
            let mut environment = jinja::environment();
            environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
            let known = VARIABLES.into_iter().chain(OF_OPTION).chain(extra.keys().map(String::as_str));
            add(&mut environment, PLACE, source, &known.collect::<Vec<_>>())?;
            Ok(environment)
        });
        Ok(Self { template: template.transpose()?, labels: prompt.labels.clone() })
    }

    /// The continuation of each option, white space at its ends included.
    ///
    /// # Errors
    /// A template that fails on an option, or makes nothing of it.
    pub fn of(&self, item: &Item) -> Result<Vec<String>, PromptError> {
        let Some(environment) = &self.template else { return Ok(item.options.clone()) };
        let whole = values(item, &self.labels);
        let options = item.options.iter().zip(&self.labels).map(|(option, label)| {
            let values = context! { option, label, ..whole.clone() };
            let text = environment.get_template(PLACE).and_then(|template| template.render(values));
            let text = text.map_err(|error| failed(PLACE, item, &error))?;
            match text.trim().is_empty() {
                true => Err(PromptError::NoContinuation { item: item.key.clone(), option: option.clone() }),
                false => Ok(text),
            }
        });
        options.collect()
    }
}
