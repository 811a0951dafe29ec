//! How a mode is put to a model: what its chat template is told, where the answer stands, how reasoning begins and ends.

use crate::clock::{self, NotDone};
use crate::slot;
use std::collections::BTreeMap;
use std::time::Duration;
use xlt_core::chat::channel::{self, Native};
use xlt_core::chat::{self, ChatInput, Date, Message, Segment, Variable};
use xlt_core::plan::EvaluateWork;
use xlt_core::spec::{Channel, Chat, Reason, Slot};
use xlt_llama::Model;

/// What templates that print today's date are told, so that a prompt is the same tomorrow.
const DATE: Date = Date::FIXED;

/// A mode on a model.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    work: &'a EvaluateWork,
    /// The model's chat template; `None`: no chat format.
    template: Option<String>,
    bos: String,
    eos: String,
    variables: BTreeMap<String, Variable>,
    /// What stands behind the prompt; `None`: what the template opens for an answer.
    open: Option<String>,
    /// What stands behind that, where nothing is written before.
    cue: String,
    /// Where the model writes before it answers.
    pub(crate) reasoning: Option<Reasoning>,
}

/// How reasoning ends, and what leads from there to the answer.
#[derive(Debug)]
pub(crate) struct Reasoning {
    /// Texts with which the model ends it.
    pub(crate) ends: Vec<String>,
    /// Follows reasoning that the model ended with one of these.
    pub(crate) after_end: String,
    /// Follows reasoning that ended otherwise.
    pub(crate) after_cut: String,
}

impl<'a> Form<'a> {
    /// Finds out how the mode is put to the model. `cue`: the mode's, filled in.
    ///
    /// # Errors
    /// A sentence: a chat template that is not there, a slot or a channel that the model does not have.
    pub(crate) fn new(work: &'a EvaluateWork, model: &Model, cue: &str) -> Result<Self, String> {
        let name = &work.cell.model;
        let template = match work.chat {
            Chat::None => None,
            Chat::Model => Some(model.chat_template().ok_or_else(|| {
                format!(
                    "model `{name}` has no chat template in its GGUF; set `chat = \"none\"` for a base model, or take a file that \
                     has one"
                )
            })?),
        };
        let open = match &work.mode.slot {
            Some(Slot::Bare) => Some(""),
            Some(Slot::Text(text)) => Some(text.as_str()),
            None | Some(Slot::Final) => work.slot.as_deref(),
        };
        slot::check(open.unwrap_or_default(), model, name)?;
        let mut form = Self {
            work,
            template,
            bos: model.bos_text().unwrap_or_default(),
            eos: model.eos_text().unwrap_or_default(),
            variables: chat::without_thinking(),
            open: open.map(str::to_owned),
            cue: String::new(),
            reasoning: None,
        };
        match &work.mode.reason {
            Some(reason) => form.reason(reason, cue)?,
            None => form.cue = cue.to_owned(),
        }
        Ok(form)
    }

    fn reason(&mut self, reason: &Reason, cue: &str) -> Result<(), String> {
        let name = &self.work.cell.model;
        let native = self.template.as_ref().and_then(|template| channel::native(template, reason.effort));
        let native = match (reason.channel, native) {
            (Channel::Text, _) | (Channel::Auto, None) => None,
            (Channel::Auto | Channel::Native, Some(native)) => Some(native),
            (Channel::Native, None) => {
                return Err(format!(
                    "model `{name}` has no reasoning channel that its chat template shows; set `channel = \"text\"`, or `\"auto\"`"
                ));
            }
        };
        self.reasoning = Some(match native {
            Some(native) => {
                let after = |end: Option<&String>| end.map_or(native.close.as_str(), |end| native.close_after(end));
                let reasoning = Reasoning {
                    after_end: format!("{}{cue}", after(native.ends.first())),
                    after_cut: format!("{}{cue}", native.close),
                    ends: native.ends.clone(),
                };
                let Native { variables, open, .. } = native;
                self.variables = variables;
                self.open = Some(open);
                reasoning
            }
            None => {
                if let (Some(template), Some(effort)) = (&self.template, reason.effort) {
                    self.variables.extend(channel::effort(template, effort));
                }
                let after = format!("\n\n{cue}");
                Reasoning { ends: Vec::new(), after_end: after.clone(), after_cut: after }
            }
        });
        Ok(())
    }

    /// A prompt in the model's chat format, up to where it begins to write.
    ///
    /// # Errors
    /// A sentence: the template fails.
    pub(crate) fn segments(&self, messages: &[Message]) -> Result<Vec<Segment>, String> {
        let input = self.input(messages, true);
        let mut segments = match &self.template {
            None => chat::plain(&ChatInput { bos: "", ..input }),
            Some(template) => {
                rendered(template, &input).map_err(|error| format!("model `{}`: {error}", self.work.cell.model))?
            }
        };
        let open = match (&self.open, &self.template) {
            (Some(open), _) => open.clone(),
            (None, None) => String::new(),
            (None, Some(template)) => {
                let text: String = segments.iter().map(|segment| segment.text.as_str()).collect();
                channel::direct_slot(template, &text)
            }
        };
        let behind = open + &self.cue;
        if !behind.is_empty() {
            segments.push(Segment { text: behind, data: false });
        }
        Ok(segments)
    }

    /// What the chat template writes behind the last message, an answer; `None` without a chat format, or where the template
    /// does not show it.
    pub(crate) fn behind_answer(&self, messages: &[Message]) -> Option<String> {
        let segments = rendered(self.template.as_ref()?, &self.input(messages, false)).ok()?;
        let answer = segments.iter().rposition(|segment| segment.data)?;
        Some(segments[answer + 1..].iter().map(|segment| segment.text.as_str()).collect())
    }

    fn input<'m>(&'m self, messages: &'m [Message], add_generation_prompt: bool) -> ChatInput<'m> {
        ChatInput {
            messages,
            add_generation_prompt,
            bos: &self.bos,
            eos: &self.eos,
            variables: &self.variables,
            date: DATE,
            slot: None,
        }
    }
}

/// How long a template may take, of which those in use take a thousandth of a second: its work is bounded, but a template that is
/// made to harm can hide work where nothing counts it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Renders a model's template, which may be anybody's, with a clock beside.
fn rendered(template: &str, input: &ChatInput<'_>) -> Result<Vec<Segment>, String> {
    let (template, messages, variables) = (template.to_owned(), input.messages.to_vec(), input.variables.clone());
    let [bos, eos] = [input.bos, input.eos].map(str::to_owned);
    let (add_generation_prompt, date) = (input.add_generation_prompt, input.date);
    let render = move || {
        let (messages, variables, bos, eos) = (&messages[..], &variables, bos.as_str(), eos.as_str());
        chat::render(&template, &ChatInput { messages, add_generation_prompt, bos, eos, variables, date, slot: None })
    };
    match clock::within(PATIENCE, render) {
        Ok(rendered) => rendered.map_err(|error| error.to_string()),
        Err(NotDone::NoThread(error)) => {
            Err(format!("its chat template was not rendered, for want of memory for a thread: {error}"))
        }
        Err(NotDone::Late) => Err(format!(
            "its chat template was not rendered within {} seconds; use another GGUF of the model, or `chat = \"none\"`",
            PATIENCE.as_secs()
        )),
    }
}
