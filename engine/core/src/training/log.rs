//! The log of a training, the second output of its stage: one JSON object a line, first what is trained, then each step.
//!
//! No times are in it: the same training writes the same bytes. Numbers are written with twelve significant digits, as in
//! [`answers`](crate::answers).

use crate::answers::twelve_digits;
use serde::{Deserialize, Serialize};

/// What is trained: the first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Names of the tensors that are adapted, as the model's file has them.
    pub targets: Vec<String>,
    /// Numbers that are learned.
    pub trainable: u64,
    /// Numbers of the model.
    pub parameters: u64,
    /// The first over the second.
    pub share: f64,
    /// Examples of a pass.
    pub examples: u64,
    /// Tokens of a window.
    pub window: u64,
    /// Share of the windows' places, over all steps, that hold no token of an example.
    pub padding: f64,
    /// Steps that there will be.
    pub steps: u64,
}

/// One step of the optimizer: a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Number of the step, from 0.
    pub step: u64,
    /// The pass over the examples, from 0.
    pub epoch: u64,
    /// Negative log-likelihood of a token that was asked for, in nats, on average over the step, before it was taken.
    pub loss: f64,
    /// Learning rate.
    pub lr: f64,
    /// Norm of the gradient before it was cut.
    pub gradient_norm: f64,
    /// Tokens that were read, padding aside.
    pub tokens: u64,
    /// Tokens that were asked for.
    pub answer_tokens: u64,
    /// Examples.
    pub examples: u64,
}

/// A whole log.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// What was trained.
    pub head: Head,
    /// The steps, from 0 on without a gap.
    pub steps: Vec<Entry>,
}

/// A line that is none of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the training log is {what}")]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Head {
    /// Its line, with the end of the line.
    #[must_use]
    pub fn line(&self) -> String {
        line(&Self { share: twelve_digits(self.share), padding: twelve_digits(self.padding), ..self.clone() })
    }
}

impl Entry {
    /// Its line, with the end of the line.
    #[must_use]
    pub fn line(&self) -> String {
        let (loss, lr, gradient_norm) =
            (twelve_digits(self.loss), twelve_digits(self.lr), twelve_digits(self.gradient_norm));
        line(&Self { loss, lr, gradient_norm, ..self.clone() })
    }
}

/// Writes a log.
#[must_use]
pub fn write(log: &Log) -> String {
    std::iter::once(log.head.line()).chain(log.steps.iter().map(Entry::line)).collect()
}

/// Reads a log, or as much as there is of one that is being written: whole lines.
///
/// # Errors
/// The first line that does not belong there.
pub fn read(text: &str) -> Result<Log, BadLine> {
    let mut lines = text.lines().enumerate().map(|(at, text)| (at + 1, text));
    let (_, head) = lines.next().ok_or_else(|| BadLine { line: 1, what: "missing".to_owned() })?;
    let head = parse(1, head)?;
    let mut steps: Vec<Entry> = Vec::new();
    for (line, text) in lines {
        let entry: Entry = parse(line, text)?;
        if entry.step != steps.len() as u64 {
            return Err(BadLine { line, what: format!("step {}, where {} comes next", entry.step, steps.len()) });
        }
        steps.push(entry);
    }
    Ok(Log { head, steps })
}

fn parse<'t, T: Deserialize<'t>>(line: usize, text: &'t str) -> Result<T, BadLine> {
    serde_json::from_str(text).map_err(|error| BadLine { line, what: format!("malformed: {error}") })
}

fn line(value: &impl Serialize) -> String {
    // Numbers and texts in a struct are always JSON.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Log {
        let head = Head {
            targets: vec!["blk.0.attn_q.weight".to_owned(), "blk.0.ffn_up.weight".to_owned()],
            trainable: 3072,
            parameters: 1_000_000,
            share: 0.003_072,
            examples: 40,
            window: 512,
            padding: 0.125,
            steps: 20,
        };
        let entry = |step| Entry {
            step,
            epoch: step / 10,
            loss: 1.25,
            lr: 1e-4,
            gradient_norm: 0.5,
            tokens: 900,
            answer_tokens: 8,
            examples: 4,
        };
        Log { head, steps: (0..20).map(entry).collect() }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&write(&log())), Ok(log()));
        let begun = Log { steps: Vec::new(), ..log() };
        assert_eq!(read(&write(&begun)), Ok(begun), "a log may have just begun");
    }

    #[test]
    fn a_line_is_as_it_always_was() {
        let mut log = log();
        (log.steps[0].loss, log.head.padding) = (1.0 / 3.0, 2.0 / 3.0);
        let text = write(&Log { steps: vec![log.steps[0].clone()], ..log });
        let expected = [
            r#"{"targets":["blk.0.attn_q.weight","blk.0.ffn_up.weight"],"trainable":3072,"parameters":1000000,"#,
            r#""share":0.003072,"examples":40,"window":512,"padding":0.666666666667,"steps":20}"#,
            "\n",
            r#"{"step":0,"epoch":0,"loss":0.333333333333,"lr":0.0001,"gradient_norm":0.5,"tokens":900,"#,
            r#""answer_tokens":8,"examples":4}"#,
            "\n",
        ];
        assert_eq!(text, expected.concat());
    }

    #[test]
    fn what_does_not_belong_there_is_named() {
        let text = write(&log());
        let lines: Vec<&str> = text.lines().collect();
        let fault = |lines: &[&str]| read(&lines.join("\n")).expect_err("not a log").to_string();
        assert_eq!(fault(&[]), "line 1 of the training log is missing");
        assert_eq!(fault(&[lines[0], lines[1], lines[3]]), "line 3 of the training log is step 2, where 1 comes next");
        assert!(fault(&lines[1..]).starts_with("line 1 of the training log is malformed: unknown field `step`"));
        assert!(fault(&[lines[0], &lines[1][..20]]).starts_with("line 2 of the training log is malformed: EOF"));
        let unknown = Entry { loss: f64::NAN, ..log().steps[0].clone() };
        assert!(fault(&[lines[0], &unknown.line()]).contains("null"), "a loss that is no number is none");
    }
}
