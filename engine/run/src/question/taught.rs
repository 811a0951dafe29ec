//! What an adapter learns of a row, in tokens: the prompt as it is asked, the right answer behind it, and what ends that.

use super::Asker;
use xlt_core::chat::{Message, Role, Segment};
use xlt_core::extract::{Choices, extract, written};
use xlt_core::items::Item;
use xlt_core::plan::FinetuneWork;
use xlt_core::spec::{Lesson, Score};
use xlt_core::training::Example;
use xlt_llama::{Model, Token};

/// What stands for a question and its answer where only what surrounds them is of interest; in no template.
const ANY: [&str; 2] = ["\u{F0000}question\u{F0000}", "\u{F0000}answer\u{F0000}"];

/// Everything that an adapter learns from: an example for each row, of a text that is longer than `allowed` tokens several.
/// `items`: sorted by language.
///
/// # Errors
/// A sentence: a model that cannot be asked in the mode, a prompt that fails, an answer that cannot stand where it is expected.
pub fn examples(work: &FinetuneWork, model: &Model, items: &[Item], allowed: usize) -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    for items in items.chunk_by(|one, next| one.language == next.language) {
        let evaluation = work.evaluation(&items[0].language);
        let asker = Asker::new(&evaluation, model, &[])?;
        match work.training.train_on.lesson {
            Lesson::Answer { .. } => {
                let end = asker.end_of_turn()?;
                for item in items {
                    examples.push(asker.taught(item.clone(), &end)?);
                }
            }
            Lesson::Text(_) => {
                for item in items {
                    examples.extend(asker.read_out(item, allowed)?);
                }
            }
        }
    }
    Ok(examples)
}

impl Asker<'_> {
    /// A question with the right answer behind it.
    fn taught(&self, item: Item, end: &[Token]) -> Result<Example, String> {
        let question = self.question(item)?;
        let right = question.item.answer;
        let answer = match self.work.mode.score {
            Score::Labels | Score::Texts => question.answers[right].clone(),
            Score::Generate => self.written(&question.item, &question.prompt)?,
        };
        let answered = answer.len() + end.len();
        let tokens = question.prompt.iter().chain(&answer).chain(end).map(|&token| id(token)).collect();
        Ok(Example { key: question.item.key, language: question.item.language, tokens, answered })
    }

    /// The right answer as the model is to write it, which the mode's rules read as that.
    fn written(&self, item: &Item, prompt: &[Token]) -> Result<Vec<Token>, String> {
        let (labels, rules) = (&self.work.prompt.labels, self.work.mode.generate.extract);
        let text = written(&labels[item.answer], rules);
        let read = extract(&text, &Choices { labels, options: &item.options }, false, rules);
        if read.option != Some(item.answer) {
            return Err(format!(
                "item {} ({}): {text:?} would be taught, and mode `{}` does not read it as the right answer; choose other \
                 `labels`, or another `extract`",
                item.key, item.language, self.work.mode.name
            ));
        }
        let body = self.renderer.render(item).map_err(|error| error.to_string())?;
        let mut segments = self.segments(body)?;
        segments.push(Segment { text: self.work.prompt.delimiter.clone(), data: false });
        segments.push(Segment { text: text.clone(), data: true });
        let whole = self.tokens(&segments)?;
        self.behind(prompt, whole, &text).map_err(|error| format!("item {} ({}): {error}", item.key, item.language))
    }

    /// What the chat format puts behind an answer, up to the token that ends the turn; where there is no such token, the one
    /// that ends a text.
    fn end_of_turn(&self) -> Result<Vec<Token>, String> {
        let mut messages = self.before.clone();
        let roles = [Role::User, Role::Assistant].into_iter();
        messages.extend(roles.zip(ANY).map(|(role, text)| Message { role, content: text.to_owned() }));
        let behind = self.form.behind_answer(&messages).unwrap_or_default();
        let mut tokens = self.following(&behind)?;
        match tokens.iter().position(|&token| self.model.ends_turn(token)) {
            Some(end) => tokens.truncate(end + 1),
            None => tokens = self.model.eos().into_iter().collect(),
        }
        Ok(tokens)
    }

    /// A text, asked for from its second token on. What is longer than `allowed` is cut into pieces; each begins with the last
    /// token of the one before, so that every token is asked for once.
    fn read_out(&self, item: &Item, allowed: usize) -> Result<Vec<Example>, String> {
        let body = self.renderer.render(item).map_err(|error| error.to_string())?;
        let tokens: Vec<i32> = self.tokens(&self.segments(body)?)?.into_iter().map(id).collect();
        let pieces = pieces(&tokens, allowed).enumerate().map(|(at, piece)| Example {
            key: if at == 0 { item.key.clone() } else { format!("{}, piece {}", item.key, at + 1) },
            language: item.language.clone(),
            tokens: piece.to_vec(),
            answered: piece.len() - 1,
        });
        Ok(pieces.collect())
    }
}

/// Consecutive pieces of a text that share their ends; none of a text that has nothing behind its first token.
fn pieces(tokens: &[i32], allowed: usize) -> impl Iterator<Item = &[i32]> {
    let step = allowed.max(2) - 1;
    let starts = (0..tokens.len().saturating_sub(1)).step_by(step);
    starts.map(move |start| &tokens[start..tokens.len().min(start + step + 1)])
}

fn id(token: Token) -> i32 {
    token.id().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_behind_the_first_is_asked_for_in_one_piece() {
        let text: Vec<i32> = (0..11).collect();
        for allowed in 2..14 {
            let asked: Vec<i32> = pieces(&text, allowed).flat_map(|piece| &piece[1..]).copied().collect();
            assert_eq!(asked, text[1..], "{allowed}");
            assert!(pieces(&text, allowed).all(|piece| piece.len() <= allowed));
        }
        assert_eq!(pieces(&text, 11).count(), 1);
        assert_eq!(pieces(&[7], 8).count() + pieces(&[], 8).count(), 0);
    }
}
