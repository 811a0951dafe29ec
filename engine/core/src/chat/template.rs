//! One rendering of a chat template, with the settings and the functions that Hugging Face gives to templates.

use super::{ChatError, ChatInput, Date, Variable};
use crate::jinja::{self, line, words};
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, Value, context};
use std::fmt;

/// Renders the template with `contents` in place of the messages' own.
pub(super) fn run(template: &str, input: &ChatInput<'_>, contents: &[&str]) -> Result<String, ChatError> {
    let environment = environment(input.date);
    let messages: Vec<Value> = input
        .messages
        .iter()
        .zip(contents)
        .map(|(message, &content)| context! { role => message.role.name(), content => content })
        .collect();
    let fixed = [
        ("messages", Value::from(messages)),
        ("tools", Value::from(())),
        ("documents", Value::from(())),
        ("add_generation_prompt", Value::from(input.add_generation_prompt)),
        ("bos_token", Value::from(input.bos)),
        ("eos_token", Value::from(input.eos)),
    ];
    let variables = input.variables.iter().map(|(name, value)| {
        let value = match value {
            Variable::Flag(flag) => Value::from(*flag),
            Variable::Text(text) => Value::from(text.as_str()),
        };
        (name.as_str(), value)
    });
    let values = Value::from_pairs(fixed.into_iter().chain(variables));
    environment.render_str(template, values).map_err(|error| explain(&error))
}

fn environment(date: Date) -> Environment<'static> {
    let mut environment = jinja::environment();
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("tojson", tojson);
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, "raise_exception").with_source(Raised(message)))
    });
    environment.add_function("strftime_now", move |format: String| {
        date.format(&format).map_err(|code| {
            Error::new(ErrorKind::InvalidOperation, format!("strftime_now does not know `{code}` in `{format}`"))
        })
    });
    environment
}

/// `json.dumps(value, ensure_ascii=False)`: minijinja's own filter has Python's separators, but escapes four characters
/// for use in HTML.
fn tojson(value: &Value, indent: Option<Value>, options: Kwargs) -> Result<String, Error> {
    let escaped = minijinja::filters::tojson(value, indent, options)?.to_string();
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let html = [("\\u003c", '<'), ("\\u003e", '>'), ("\\u0026", '&'), ("\\u0027", '\'')];
        match html.iter().find(|(code, _)| escape.starts_with(code)) {
            Some((code, character)) => {
                text.push(*character);
                rest = &escape[code.len()..];
            }
            // In JSON an escape is a backslash and at least one ASCII character.
            None => {
                let length = escape.len().min(2);
                text.push_str(&escape[..length]);
                rest = &escape[length..];
            }
        }
    }
    Ok(text + rest)
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
