//! What is scored of an option with `score = "texts"`: its text, or what a template makes of it.

use super::{PromptError, Renderer, failed};
use crate::items::Item;
use crate::spec::Mode;
use minijinja::context;

/// What a continuation may name besides.
pub(super) const OF_OPTION: [&str; 2] = ["option", "label"];

/// Key of the spec that holds the template of a mode.
pub(super) fn place(mode: &Mode) -> String {
    match &mode.shown.continuation {
        Some(_) => format!("continuation of modes.{}", mode.name),
        None => "prompt.continuation".to_owned(),
    }
}

impl Renderer {
    /// The text that is scored for each option, white space at its ends included.
    ///
    /// # Errors
    /// A template that fails on an option, or makes nothing of it.
    pub fn continuations(&self, item: &Item) -> Result<Vec<String>, PromptError> {
        let Some(place) = &self.continuation else { return Ok(item.options.clone()) };
        let whole = self.values(item);
        let options = item.options.iter().zip(&self.labels).map(|(option, label)| {
            let values = context! { option, label, ..whole.clone() };
            let text = self.environment.get_template(place).and_then(|template| template.render(values));
            let text = text.map_err(|error| failed(place, item, &error))?;
            match text.trim().is_empty() {
                true => Err(PromptError::NoContinuation {
                    place: place.clone(),
                    item: item.key.clone(),
                    option: option.clone(),
                }),
                false => Ok(text),
            }
        });
        options.collect()
    }
}
