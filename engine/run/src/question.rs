//! From items to what a model is asked: prompts and answers in tokens. The same for an evaluation and for `xlt show`.

use std::fs;
use std::path::Path;
use xlt_core::batch::Ask;
use xlt_core::chat::{self, ChatInput, Date, Message, Role, Segment};
use xlt_core::items::{self, Item};
use xlt_core::plan::EvaluateWork;
use xlt_core::prompt::{Renderer, check_distinct};
use xlt_core::spec::{Chat, Score};
use xlt_core::{score, split};
use xlt_llama::{Model, Token};

/// What templates that print today's date are told, so that a prompt is the same tomorrow.
const DATE: Date = Date::FIXED;

/// One item as a model is asked it.
#[derive(Debug, Clone)]
pub struct Question {
    /// The item.
    pub item: Item,
    /// The prompt up to the answer slot.
    pub prompt: Vec<Token>,
    /// What is scored there: of each label the token in which it differs from the others, of each option's text all
    /// tokens.
    pub answers: Vec<Vec<Token>>,
}

impl Question {
    /// As the decoder sees it.
    #[must_use]
    pub fn ask(&self, score: Score) -> Ask {
        let ids = |tokens: &[Token]| tokens.iter().map(|token| token.id().cast_signed()).collect();
        let options = match score {
            Score::Texts => self.answers.iter().map(|answer| ids(answer)).collect(),
            Score::Labels | Score::Generate => Vec::new(),
        };
        Ask { group: self.item.group.clone(), prompt: ids(&self.prompt), options }
    }
}

/// The items that an evaluation asks, from its file of rows, sorted by key.
///
/// # Errors
/// A sentence: rows that are no items, a part that is not there.
pub fn items(work: &EvaluateWork, rows: &Path) -> Result<Vec<Item>, String> {
    let language = &work.cell.language;
    let bytes = fs::read(rows).map_err(|error| format!("{}: {error}", rows.display()))?;
    let source = work.data.file.source.in_language(language);
    let name = match &source {
        xlt_core::spec::Source::Local { path } => path.clone(),
        other => other.to_string(),
    };
    let items = items::read(&name, &bytes, &work.data, language, work.prompt.labels.len());
    let items = items.map_err(|error| error.to_string())?;
    split::select(items, &work.data, &work.evaluate.part, work.evaluate.limit).map_err(|error| error.to_string())
}

/// Turns items into questions to a model.
#[derive(Debug)]
pub struct Asker<'a> {
    work: &'a EvaluateWork,
    model: &'a Model,
}

impl<'a> Asker<'a> {
    /// For an evaluation with a model.
    #[must_use]
    pub fn new(work: &'a EvaluateWork, model: &'a Model) -> Self {
        Self { work, model }
    }

    /// All questions, checked before anything is computed: that prompts differ, that each fits with its answers, and that
    /// answers can be told apart.
    ///
    /// # Errors
    /// A sentence.
    pub fn questions(&self, items: Vec<Item>) -> Result<Vec<Question>, String> {
        let renderer = Renderer::new(&self.work.prompt, &self.work.mode).map_err(|error| error.to_string())?;
        let bodies = items.iter().map(|item| renderer.render(item).map_err(|error| error.to_string()));
        let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
        check_distinct(items.iter().map(|item| item.key.as_str()).zip(bodies.iter().map(String::as_str)))
            .map_err(|error| error.to_string())?;
        items.into_iter().zip(bodies).map(|(item, body)| self.assemble(item, body)).collect()
    }

    /// One question, by itself.
    ///
    /// # Errors
    /// A sentence.
    pub fn question(&self, item: Item) -> Result<Question, String> {
        let renderer = Renderer::new(&self.work.prompt, &self.work.mode).map_err(|error| error.to_string())?;
        let body = renderer.render(&item).map_err(|error| error.to_string())?;
        self.assemble(item, body)
    }

    /// Tokens that a question may need.
    #[must_use]
    pub fn context(&self) -> usize {
        self.work.evaluate.context.unwrap_or_else(|| self.model.train_context()) as usize
    }

    fn assemble(&self, item: Item, body: String) -> Result<Question, String> {
        let mut segments = self.segments(body)?;
        let mut delimiter = self.work.prompt.delimiter.clone();
        if self.work.chat == Chat::None {
            // Words begin with their space: at the end of a prompt it would be a token of its own.
            delimiter.insert_str(0, &take_white_space(&mut segments));
        }
        let mut prompt = self.tokens(&segments)?;
        if prompt.is_empty() {
            return Err(format!("item {}: its prompt has no tokens; `prompt.body` renders to nothing", item.key));
        }
        let texts: &[String] = match self.work.mode.score {
            Score::Texts => &item.options,
            Score::Labels | Score::Generate => &self.work.prompt.labels,
        };
        let answers = texts.iter().map(|text| self.answer(&segments, &prompt, &delimiter, text));
        let mut answers = answers
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("item {} ({}): {error}", item.key, item.language))?;
        if self.work.mode.score != Score::Texts {
            self.tell_apart(&mut prompt, &mut answers, &delimiter)?;
        }
        self.check_length(&item, &prompt, &answers)?;
        Ok(Question { item, prompt, answers })
    }

    /// The prompt in the model's chat format, up to the answer slot.
    fn segments(&self, body: String) -> Result<Vec<Segment>, String> {
        let model = self.model;
        let mut messages = Vec::new();
        messages
            .extend(self.work.prompt.system.iter().map(|text| Message { role: Role::System, content: text.clone() }));
        messages.push(Message { role: Role::User, content: body });
        let (bos, eos) = (model.bos_text().unwrap_or_default(), model.eos_text().unwrap_or_default());
        let input = ChatInput {
            messages: &messages,
            add_generation_prompt: true,
            bos: &bos,
            eos: &eos,
            variables: &chat::without_thinking(),
            date: DATE,
            slot: self.work.slot.as_deref(),
        };
        let name = &self.work.cell.model;
        match self.work.chat {
            Chat::None => Ok(chat::plain(&ChatInput { bos: "", ..input })),
            Chat::Model => {
                let template = model.chat_template().ok_or_else(|| {
                    format!(
                        "model `{name}` has no chat template in its GGUF; set `chat = \"none\"` for a base model, or take a file \
                         that has one"
                    )
                })?;
                chat::render(&template, &input).map_err(|error| format!("model `{name}`: {error}"))
            }
        }
    }

    fn tokens(&self, segments: &[Segment]) -> Result<Vec<Token>, String> {
        let pieces: Vec<(&str, bool)> = segments.iter().map(|segment| (segment.text.as_str(), segment.data)).collect();
        self.model.tokenize_segments(&pieces).map_err(|error| error.to_string())
    }

    /// Tokens of an answer where it follows the prompt: what the whole has beyond the prompt, as in
    /// lm-evaluation-harness.
    fn answer(
        &self,
        segments: &[Segment],
        prompt: &[Token],
        delimiter: &str,
        text: &str,
    ) -> Result<Vec<Token>, String> {
        let mut whole = segments.to_vec();
        whole.push(Segment { text: delimiter.to_owned(), data: false });
        whole.push(Segment { text: text.to_owned(), data: true });
        let whole = self.tokens(&whole)?;
        match whole.strip_prefix(prompt) {
            Some(answer) if !answer.is_empty() => Ok(answer.to_vec()),
            _ => Err(format!(
                "{text:?} merges with the end of the prompt in the vocabulary of model `{}`, so it cannot be scored there; \
                 set `prompt.delimiter = \" \"`, or another `slot`",
                self.work.cell.model
            )),
        }
    }

    /// Cuts labels to their first token. Where white space is a token of its own before all of them, as the delimiter before
    /// digits is in some vocabularies, or the space that others put after a special token, it goes to the prompt.
    fn tell_apart(&self, prompt: &mut Vec<Token>, labels: &mut [Vec<Token>], delimiter: &str) -> Result<(), String> {
        let Some((first, others)) = labels.split_first() else { return Ok(()) };
        let mut rest = delimiter;
        let before = first.iter().take_while(|token| {
            let text = self.model.token_text(**token);
            let after = rest.strip_prefix(text.as_str());
            rest = after.unwrap_or_default();
            after.is_some() || is_space(&text)
        });
        let shared = others.iter().fold(before.count(), |length, other| {
            length.min(first.iter().zip(other).take_while(|(a, b)| a == b).count())
        });
        let shared = shared.min(labels.iter().map(Vec::len).min().unwrap_or(1) - 1);
        prompt.extend_from_slice(&labels[0][..shared]);
        for (label, text) in labels.iter_mut().zip(&self.work.prompt.labels) {
            *label = vec![label[shared]];
            if is_space(&self.model.token_text(label[0])) && !text.starts_with(char::is_whitespace) {
                return Err(format!(
                    "label `{text}` is split at the answer slot by the vocabulary of model `{}`: its first token is a mere space, \
                     and other labels have none; choose `labels` that are words of one kind, or another `slot`",
                    self.work.cell.model
                ));
            }
        }
        let ids: Vec<i32> = labels.iter().map(|label| label[0].id().cast_signed()).collect();
        score::check_labels(&ids, &self.work.prompt.labels)
            .map_err(|error| format!("model `{}`: {error}", self.work.cell.model))
    }

    /// A prompt is never cut.
    fn check_length(&self, item: &Item, prompt: &[Token], answers: &[Vec<Token>]) -> Result<(), String> {
        let answer = answers.iter().map(Vec::len).max().unwrap_or(0);
        let (tokens, context) = (prompt.len() + answer, self.context());
        if tokens <= context {
            return Ok(());
        }
        let (key, language) = (&item.key, &item.language);
        let trained = self.model.train_context();
        let what = format!("item {key} ({language}) needs {tokens} tokens, prompt and answer,");
        Err(match self.work.evaluate.context {
            Some(_) => format!(
                "{what} and `evaluate.context` is {context}; a prompt is never cut: set it to {} or more (the model was trained \
                 on {trained})",
                tokens.next_multiple_of(256)
            ),
            None => format!(
                "{what} and model `{}` was trained on {trained}; a prompt is never cut: leave such items out (`limit`, another \
                 `part`), take a model with a longer context, or set `evaluate.context = {}` to try all the same",
                self.work.cell.model,
                tokens.next_multiple_of(256)
            ),
        })
    }
}

fn is_space(text: &str) -> bool {
    !text.is_empty() && text.trim().is_empty()
}

/// Cuts white space off the end and returns it.
fn take_white_space(segments: &mut Vec<Segment>) -> String {
    let mut taken = String::new();
    while let Some(last) = segments.last_mut() {
        let kept = last.text.trim_end().len();
        taken.insert_str(0, &last.text[kept..]);
        last.text.truncate(kept);
        if kept > 0 {
            break;
        }
        segments.pop();
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_at_the_end_moves_to_the_answer() {
        let segment = |text: &str| Segment { text: text.to_owned(), data: true };
        let mut segments = vec![segment("Answer: "), segment(" \n")];
        assert_eq!(take_white_space(&mut segments), "  \n");
        assert_eq!(segments, [segment("Answer:")]);
        assert_eq!(take_white_space(&mut segments), "");
    }
}
