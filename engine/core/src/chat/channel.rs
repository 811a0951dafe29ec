//! The reasoning channel of a model's own, as far as its chat template tells.
//!
//! Two formats are known. *Harmony* is gpt-oss's: messages with named channels. The other is a part between `<think>` and
//! `</think>` before the answer: Qwen3, DeepSeek, SmolLM3, GLM and many more.
//!
//! *Detected* are, by rendering a question with the model's switches on and off: whether there is a channel, who opens it,
//! and the white space around it as far as the template writes it. *Convention*, from the models' documentation, are: what
//! harmony's headers are and that its reasoning ends at `<|end|>`; that the switches are called `enable_thinking` and
//! `thinking`, and the effort `reasoning_effort`; the white space after `</think>` where no rendering shows it.
//!
//! A template that neither opens a channel nor shows an empty one when its switch is off looks like one of a model that does
//! not reason, even if the model opens `<think>` by itself (Kimi-K2-Thinking does).

use super::template::{self, Scene};
use super::{Date, Variable};
use crate::spec::Effort;
use minijinja::{Value, context};
use std::collections::BTreeMap;

/// The reasoning channel of a model's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    /// Variables with which the template is rendered so that the model reasons; only such as the template asks for.
    pub variables: BTreeMap<String, Variable>,
    /// Written after the rendered prompt so that the model is inside its reasoning; empty where the template does it.
    pub open: String,
    /// Texts, mostly of one token each, that end the reasoning. Any token that ends the model's turn ends it, too.
    pub ends: Vec<String>,
    /// Written after the reasoning to come to the place where the answer stands. Begins with the end of the reasoning,
    /// and white space before it: what the model wrote up to its own end, if any, is to be trimmed at the right.
    pub close: String,
}

impl Native {
    /// What is left of `close` where the model has written the end of its reasoning itself, and it was kept: `close` after
    /// that text.
    #[must_use]
    pub fn close_after(&self, end: &str) -> &str {
        self.close.split_once(end).map_or(&self.close, |(_, rest)| rest)
    }
}

const THINK: &str = "<think>";
const THINK_END: &str = "</think>";
const SWITCHES: [&str; 2] = ["enable_thinking", "thinking"];
const EFFORT: &str = "reasoning_effort";

const TURN: &str = "<|start|>assistant";
const ANALYSIS: &str = "<|channel|>analysis<|message|>";
const FINAL: &str = "<|channel|>final<|message|>";
const MESSAGE_END: &str = "<|end|>";

/// What the renderings are tried with; in no template.
const QUESTION: &str = "\u{F0000}question\u{F0000}";
const REASONING: &str = "\u{F0000}reasoning\u{F0000}";
const ANSWER: &str = "\u{F0000}answer\u{F0000}";

/// The channel that a template has; `None` if it has none, or fails on a question without a system message.
///
/// The effort has no effect on a template that does not ask for `reasoning_effort`.
#[must_use]
pub fn native(template: &str, effort: Option<Effort>) -> Option<Native> {
    let effort: BTreeMap<String, Variable> =
        effort.and_then(|wanted| self::effort(template, wanted)).into_iter().collect();
    if is_harmony(template) { harmony(template, effort) } else { tagged(template, effort) }
}

/// What a rendered prompt must have appended so that the answer comes next, without reasoning: a closed channel where the
/// template leaves one open, harmony's header of the answer, else nothing.
///
/// Render the prompt with [`without_thinking`](super::without_thinking), so that switches are off. Not for prompts without a
/// chat format.
#[must_use]
pub fn direct_slot(template: &str, rendered: &str) -> String {
    if is_harmony(template) {
        return if rendered.ends_with(TURN) { FINAL.to_owned() } else { String::new() };
    }
    let open = template.contains(THINK).then(|| opened(rendered)).flatten();
    open.map(|space| closing(template, &BTreeMap::new(), space)).unwrap_or_default()
}

/// The variable that tells a model how much to reason; `None` for a template that does not ask for it.
#[must_use]
pub fn effort(template: &str, effort: Effort) -> Option<(String, Variable)> {
    template::reads(template, EFFORT).then(|| (EFFORT.to_owned(), Variable::Text(effort.word().to_owned())))
}

fn is_harmony(template: &str) -> bool {
    [TURN, "<|channel|>analysis", "<|channel|>final"].iter().all(|text| template.contains(text))
}

fn harmony(template: &str, variables: BTreeMap<String, Variable>) -> Option<Native> {
    let prompt = generation_prompt(template, &variables)?;
    prompt.ends_with(TURN).then(|| Native {
        variables,
        open: ANALYSIS.to_owned(),
        ends: vec![MESSAGE_END.to_owned()],
        close: format!("{MESSAGE_END}{TURN}{FINAL}"),
    })
}

fn tagged(template: &str, effort: BTreeMap<String, Variable>) -> Option<Native> {
    let switches: Vec<&str> = SWITCHES.into_iter().filter(|name| template::reads(template, name)).collect();
    let switched = |on: bool| {
        let switches = switches.iter().map(|&name| (name.to_owned(), Variable::Flag(on)));
        effort.clone().into_iter().chain(switches).collect::<BTreeMap<_, _>>()
    };
    let on = generation_prompt(template, &switched(true))?;
    let (open, close) = if let Some(space) = opened(&on) {
        (String::new(), closing(template, &switched(false), space))
    } else {
        let off = generation_prompt(template, &switched(false))?;
        let (before, inside, after) = closed(&off).filter(|_| closed(&on).is_none())?;
        // The white space between the two tags belongs half to each: the reasoning stands between.
        let (first, second) = inside.split_at(middle(inside));
        let lead = &before[before.trim_end().len()..];
        let lead = if on.ends_with(lead) { "" } else { lead };
        (format!("{lead}{THINK}{first}"), format!("{second}{THINK_END}{after}"))
    };
    Some(Native { variables: switched(true), open, ends: vec![THINK_END.to_owned()], close })
}

/// How an open channel is closed that begins with `<think>` and this white space: as the template closes an empty one with
/// the switches `off`; else as it writes an earlier turn with reasoning; else with as much white space as at the beginning,
/// and twice as much after.
fn closing(template: &str, off: &BTreeMap<String, Variable>, space: &str) -> String {
    let empty = generation_prompt(template, off).and_then(|prompt| match closed(&prompt) {
        Some((_, inside, after)) => Some(format!("{}{THINK_END}{after}", &inside[middle(inside)..])),
        None => bare_end(&prompt).map(|after| format!("{THINK_END}{after}")),
    });
    let convention = || format!("{space}{THINK_END}{space}{space}");
    empty.or_else(|| turn_with_reasoning(template)).unwrap_or_else(convention)
}

/// The white space after `<think>` at the end of a prompt.
fn opened(prompt: &str) -> Option<&str> {
    let end = prompt.trim_end().len();
    prompt[..end].ends_with(THINK).then(|| &prompt[end..])
}

/// A prompt that ends in an empty channel: what stands before `<think>`, inside, and after `</think>`.
fn closed(prompt: &str) -> Option<(&str, &str, &str)> {
    let (rest, after) = prompt.rsplit_once(THINK_END)?;
    let (before, inside) = rest.rsplit_once(THINK)?;
    (inside.trim().is_empty() && after.trim().is_empty()).then_some((before, inside, after))
}

/// The white space after a `</think>` at the end of a prompt.
fn bare_end(prompt: &str) -> Option<&str> {
    let (_, after) = prompt.rsplit_once(THINK_END)?;
    after.trim().is_empty().then_some(after)
}

fn middle(space: &str) -> usize {
    let half = space.len() / 2;
    if space.is_char_boundary(half) { half } else { 0 }
}

/// What the template writes after a question, up to the place where the model goes on.
fn generation_prompt(template: &str, variables: &BTreeMap<String, Variable>) -> Option<String> {
    let messages = vec![context! { role => "user", content => QUESTION }];
    let text = rendered(template, messages, true, variables)?;
    text.rsplit_once(QUESTION).map(|(_, prompt)| prompt.to_owned())
}

/// What the template writes between reasoning and answer of a turn.
fn turn_with_reasoning(template: &str) -> Option<String> {
    let messages = vec![
        context! { role => "user", content => QUESTION },
        context! { role => "assistant", content => ANSWER, reasoning_content => REASONING },
    ];
    let text = rendered(template, messages, false, &BTreeMap::new())?;
    let (between, _) = text.split_once(REASONING)?.1.split_once(ANSWER)?;
    between.contains(THINK_END).then(|| between.to_owned())
}

fn rendered(
    template: &str,
    messages: Vec<Value>,
    add_generation_prompt: bool,
    variables: &BTreeMap<String, Variable>,
) -> Option<String> {
    let scene = Scene::new(messages, add_generation_prompt, Date::FIXED.into());
    let scene = scene.with("bos_token", "").with("eos_token", "").with_all(variables);
    template::render(template, &scene).ok()
}

#[cfg(test)]
mod tests;
