//! From items to what a model is asked: prompts and answers in tokens. The same for an evaluation and for `xlt show`.

mod taught;

use crate::form::{Form, Reasoning};
use std::fs;
use std::path::{Path, PathBuf};
use xlt_core::asked::{Asked, Rows};
use xlt_core::batch::Ask;
use xlt_core::chat::{Message, Role, Segment};
use xlt_core::items::Item;
use xlt_core::plan::EvaluateWork;
use xlt_core::prompt::{PromptError, Renderer, check_distinct};
use xlt_core::spec::{Chat, Mode, Reason, Score};
use xlt_core::{orders, score, shots};
use xlt_llama::{Model, Token};

pub use taught::examples as taught;

/// One item as a model is asked it.
#[derive(Debug, Clone)]
pub struct Question {
    /// The item.
    pub item: Item,
    /// The prompt up to the answer slot, or to where the model begins to write.
    pub prompt: Vec<Token>,
    /// How many of its first tokens are the same in every mode; 0: none that are known.
    pub stem: usize,
    /// What is scored there: of each label the token in which it differs from the others, of each option's text all
    /// tokens.
    pub answers: Vec<Vec<Token>>,
    /// What answers it, for each option: the text that is scored, or its label.
    pub texts: Vec<String>,
    /// How many tokens it takes with all that may follow its prompt.
    pub length: usize,
}

/// What follows reasoning, and what is scored behind it.
#[derive(Debug, Clone)]
pub(crate) struct Lead {
    /// Tokens up to the answer slot.
    pub(crate) tokens: Vec<Token>,
    /// As a question's answers.
    pub(crate) answers: Vec<Vec<Token>>,
}

impl Question {
    /// As the decoder sees it.
    #[must_use]
    pub fn ask(&self, mode: &Mode) -> Ask {
        let ids = |tokens: &[Token]| tokens.iter().map(|token| token.id().cast_signed()).collect();
        let options = match mode.score {
            Score::Texts if !mode.generates() => self.answers.iter().map(|answer| ids(answer)).collect(),
            Score::Texts | Score::Labels | Score::Generate => Vec::new(),
        };
        Ask { group: self.item.group.clone(), prompt: ids(&self.prompt), stem: self.stem, options }
    }
}

/// The items that are asked, from their file of rows, sorted by key.
///
/// # Errors
/// A sentence: rows that are no items, a part that is not there.
pub fn items(asked: Asked<'_>, rows: &Path) -> Result<Vec<Item>, String> {
    let bytes = fs::read(rows).map_err(|error| format!("{}: {error}", rows.display()))?;
    Ok(Rows::read(&bytes, asked)?.asked)
}

/// The solved examples that a mode shows before each question; none where it shows none. `inputs`: files of the stage.
///
/// # Errors
/// A sentence: rows that are no items, too few of them.
pub fn examples(work: &EvaluateWork, inputs: &[PathBuf]) -> Result<Vec<Item>, String> {
    let Some(chosen) = &work.mode.shots else { return Ok(Vec::new()) };
    let language = chosen.language.code(&work.cell.language);
    // Those of another language come before the rows.
    let rows = if language == work.cell.language { inputs.last() } else { inputs.iter().rev().nth(1) };
    let rows = rows.ok_or("it needs rows to take examples from")?;
    let all = Asked { language, ..work.asked().of_all() };
    shots::choose(items(all, rows)?, &work.data, chosen)
}

/// Turns items into questions to a model.
pub struct Asker<'a> {
    work: &'a EvaluateWork,
    model: &'a Model,
    form: Form<'a>,
    renderer: Renderer,
    /// What comes before every question.
    before: Vec<Message>,
}

impl<'a> Asker<'a> {
    /// For an evaluation with a model. `examples`: what [`examples`] gives.
    ///
    /// # Errors
    /// A sentence: a model that cannot be asked in this mode, a template that fails.
    pub fn new(work: &'a EvaluateWork, model: &'a Model, examples: &[Item]) -> Result<Self, String> {
        let EvaluateWork { prompt, mode, data, .. } = work;
        let renderer = Renderer::new(prompt, mode, &data.fields.extra).map_err(|error| error.to_string())?;
        let language = &work.cell.language;
        let cue = renderer.cue(language).map_err(|error| error.to_string())?.unwrap_or_default();
        let system = renderer.system(language).map_err(|error| error.to_string())?;
        let form = Form::new(work, model, &cue)?;
        let before: Vec<Message> = system.into_iter().map(|content| Message { role: Role::System, content }).collect();
        let mut asker = Self { work, model, form, renderer, before };
        for example in examples {
            let content = asker.renderer.render(example).map_err(|error| error.to_string())?;
            asker.before.push(Message { role: Role::User, content });
            let answer = &asker.answers_of(example)?[example.answer];
            let content = format!("{cue}{}{answer}", prompt.delimiter);
            asker.before.push(Message { role: Role::Assistant, content });
        }
        Ok(asker)
    }

    /// How the model reasons before it answers, where it does.
    pub(crate) fn reasoning(&self) -> Option<&Reasoning> {
        self.form.reasoning.as_ref()
    }

    /// The text that leads from reasoning, cut at its budget, to the answer; `None` where the model does not reason.
    #[must_use]
    pub fn lead_text(&self) -> Option<&str> {
        self.reasoning().map(|reasoning| reasoning.after_cut.as_str())
    }

    /// All questions, of rotated options one for each order after another, checked before anything is computed: that prompts differ, that each fits with its answers, and that
    /// answers can be told apart.
    ///
    /// # Errors
    /// A sentence.
    pub fn questions(&self, items: Vec<Item>) -> Result<Vec<Question>, String> {
        let items: Vec<Item> = match self.work.mode.rotate {
            true => items.iter().flat_map(orders::circular).collect(),
            false => items,
        };
        let stems: Vec<_> = items.iter().map(|item| self.renderer.stem(item)).collect();
        let bodies = items.iter().map(|item| self.renderer.render(item).map_err(|error| error.to_string()));
        let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
        let prompts = items.iter().map(|item| item.key.as_str()).zip(bodies.iter().map(String::as_str));
        check_distinct(prompts).map_err(|error| match &error {
            PromptError::Alike { first, second } if first == second => format!(
                "item `{first}` looks the same with its options in another order; show the options, each of them another, or leave \
                 out `rotate` in mode `{}`",
                self.work.mode.name
            ),
            _ => error.to_string(),
        })?;
        let parts = items.into_iter().zip(bodies).zip(stems);
        parts.map(|((item, body), stem)| self.assemble(item, body, stem)).collect()
    }

    /// One question, by itself.
    ///
    /// # Errors
    /// A sentence.
    pub fn question(&self, item: Item) -> Result<Question, String> {
        let body = self.renderer.render(&item).map_err(|error| error.to_string())?;
        let stem = self.renderer.stem(&item);
        self.assemble(item, body, stem)
    }

    /// What answers an item, for each option: the text that is scored, or its label.
    fn answers_of(&self, item: &Item) -> Result<Vec<String>, String> {
        match self.work.mode.score {
            Score::Texts => self.renderer.continuations(item).map_err(|error| error.to_string()),
            Score::Labels | Score::Generate => Ok(self.work.prompt.labels.clone()),
        }
    }

    /// Tokens that a question may need.
    #[must_use]
    pub fn context(&self) -> usize {
        self.work.evaluate.context.unwrap_or_else(|| self.model.train_context()) as usize
    }

    fn assemble(&self, item: Item, body: String, stem: Option<String>) -> Result<Question, String> {
        let of_item = |error: String| format!("item {} ({}): {error}", item.key, item.language);
        let texts = self.answers_of(&item).map_err(of_item)?;
        let mut segments = self.segments(body)?;
        let mut delimiter = self.work.prompt.delimiter.clone();
        let mode = &self.work.mode;
        let scored_here = mode.reason.is_none() && mode.score != Score::Generate;
        if scored_here && (self.work.chat == Chat::None || mode.cue.is_some()) {
            // Words begin with their space: at the end of a prompt it would be a token of its own.
            delimiter.insert_str(0, &take_white_space(&mut segments));
        }
        let mut prompt = self.tokens(&segments)?;
        if prompt.is_empty() {
            return Err(format!("item {}: its prompt has no tokens; `prompt.body` renders to nothing", item.key));
        }
        let stem = match stem {
            None => 0,
            Some(stem) => {
                let stem = self.tokens(&self.segments(stem)?)?;
                let common = prompt.iter().zip(&stem).take_while(|(a, b)| a == b).count();
                common.min(prompt.len() - 1)
            }
        };
        let mut answers = Vec::new();
        if let (Some(Reason { filler: Some(filler), max_tokens, .. }), Some(reasoning)) =
            (&mode.reason, self.reasoning())
        {
            let filler = self.filler(filler)?;
            prompt.extend(std::iter::repeat_n(filler, *max_tokens as usize));
            let lead = self.lead(&reasoning.after_cut, &texts).map_err(of_item)?;
            prompt.extend(lead.tokens);
            answers = lead.answers;
        } else if !mode.generates() {
            let whole = |text: &str| {
                let mut whole = segments.clone();
                whole.push(Segment { text: delimiter.clone(), data: false });
                whole.push(Segment { text: text.to_owned(), data: true });
                self.tokens(&whole)
            };
            answers = self.answers(&mut prompt, &texts, &delimiter, whole).map_err(of_item)?;
        }
        let length = self.length(&texts, &prompt, &answers)?;
        self.check_length(&item, length)?;
        Ok(Question { item, prompt, stem, answers, texts, length })
    }

    /// What leads from the end of reasoning to the answer, and what is scored there: `texts`, a question's.
    pub(crate) fn lead(&self, after: &str, texts: &[String]) -> Result<Lead, String> {
        let kept = match self.work.mode.score {
            Score::Labels | Score::Generate => after.trim_end(),
            // Only a space makes a word with what follows; line breaks are none of an option's likelihood.
            Score::Texts => after.trim_end_matches(' '),
        };
        let mut tokens = self.following(kept)?;
        let delimiter = format!("{}{}", &after[kept.len()..], self.work.prompt.delimiter);
        let mut answers = Vec::new();
        match self.work.mode.score {
            Score::Generate => tokens = self.following(after)?,
            Score::Labels | Score::Texts => {
                let whole = |text: &str| self.following(&format!("{kept}{delimiter}{text}"));
                answers = self.answers(&mut tokens, texts, &delimiter, whole)?;
            }
        }
        Ok(Lead { tokens, answers })
    }

    /// What is scored behind a prompt. `whole`: the tokens of the prompt with a text behind it.
    fn answers(
        &self,
        prompt: &mut Vec<Token>,
        texts: &[String],
        delimiter: &str,
        whole: impl Fn(&str) -> Result<Vec<Token>, String>,
    ) -> Result<Vec<Vec<Token>>, String> {
        let answers = texts.iter().map(|text| self.behind(prompt, whole(text)?, text));
        let mut answers = answers.collect::<Result<Vec<_>, _>>()?;
        if self.work.mode.score == Score::Labels {
            self.tell_apart(prompt, &mut answers, delimiter)?;
        }
        Ok(answers)
    }

    /// Tokens of a text that goes on where a model has stopped writing. The template's text: special tokens are meant.
    fn following(&self, text: &str) -> Result<Vec<Token>, String> {
        let mut tokens = self.model.tokenize(text, true).map_err(|error| error.to_string())?;
        // Some vocabularies put a space in front of every text.
        if !text.starts_with(' ') && tokens.first().is_some_and(|&token| self.model.token_text(token) == " ") {
            tokens.remove(0);
        }
        Ok(tokens)
    }

    fn filler(&self, filler: &str) -> Result<Token, String> {
        match self.following(filler)?[..] {
            [token] => Ok(token),
            ref tokens => Err(format!(
                "`filler` {filler:?} is {} tokens to model `{}`; name another text, of one token",
                tokens.len(),
                self.work.cell.model
            )),
        }
    }

    /// The prompt in the model's chat format, up to where an answer or reasoning begins.
    fn segments(&self, body: String) -> Result<Vec<Segment>, String> {
        let mut messages = self.before.clone();
        messages.push(Message { role: Role::User, content: body });
        if self.work.chat == Chat::None {
            messages = as_text(messages);
        }
        self.form.segments(&messages)
    }

    /// Tokens of a prompt with all that may follow it.
    fn length(&self, texts: &[String], prompt: &[Token], answers: &[Vec<Token>]) -> Result<usize, String> {
        let longest = |answers: &[Vec<Token>]| answers.iter().map(Vec::len).max().unwrap_or(0);
        let mut length = prompt.len() + longest(answers);
        let mode = &self.work.mode;
        if mode.generates() {
            if let (Some(reason), Some(reasoning)) = (mode.reasons(), self.reasoning()) {
                let lead = self.lead(&reasoning.after_cut, texts)?;
                length += reason.max_tokens as usize + lead.tokens.len() + longest(&lead.answers);
            }
            if mode.score == Score::Generate {
                length += mode.generate.max_tokens as usize;
            }
        }
        Ok(length)
    }

    fn tokens(&self, segments: &[Segment]) -> Result<Vec<Token>, String> {
        let pieces: Vec<(&str, bool)> = segments.iter().map(|segment| (segment.text.as_str(), segment.data)).collect();
        self.model.tokenize_segments(&pieces).map_err(|error| error.to_string())
    }

    /// Tokens of an answer where it follows the prompt: what the whole has beyond the prompt, as in
    /// lm-evaluation-harness.
    fn behind(&self, prompt: &[Token], whole: Vec<Token>, text: &str) -> Result<Vec<Token>, String> {
        match whole.strip_prefix(prompt) {
            Some(answer) if !answer.is_empty() => Ok(answer.to_vec()),
            _ => Err(format!(
                "{text:?} merges with the end of the prompt in the vocabulary of model `{}`, so it cannot be scored there; \
                 set `prompt.delimiter = \" \"`, or another `slot` or `cue`",
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
    fn check_length(&self, item: &Item, tokens: usize) -> Result<(), String> {
        let context = self.context();
        if tokens <= context {
            return Ok(());
        }
        let (key, language) = (&item.key, &item.language);
        let less = if self.work.mode.generates() { "give the mode a smaller `max_tokens`, " } else { "" };
        let trained = self.model.train_context();
        let what = format!(
            "item {key} ({language}) needs {tokens} tokens, prompt and answer{},",
            if self.work.mode.generates() { " with the budget" } else { "" }
        );
        Err(match self.work.evaluate.context {
            Some(_) => format!(
                "{what} and `evaluate.context` is {context}; a prompt is never cut: {less}set it to {} or more (the model was trained \
                 on {trained})",
                tokens.next_multiple_of(256)
            ),
            None => format!(
                "{what} and model `{}` was trained on {trained}; a prompt is never cut: {less}leave such items out (`limit`, another \
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

/// Turns without a chat format: an answer stands right behind its question.
fn as_text(messages: Vec<Message>) -> Vec<Message> {
    let mut texts: Vec<Message> = Vec::new();
    for message in messages {
        match texts.last_mut() {
            Some(question) if message.role == Role::Assistant => question.content.push_str(&message.content),
            _ => texts.push(message),
        }
    }
    texts
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
