//! Answers as lm-evaluation-harness writes samples (`samples_TASK_DATE.jsonl`, `--log_samples`), for tools that read these.
//!
//! As in the harness's files log-likelihoods and what is greedy are texts. Left out are its hashes, which are of Python's
//! own way to write a row. Where it is not known whether a continuation was greedy, there is `null`.

use super::doc;
use crate::answers::{Answer, Written};
use crate::asked::{Asked, Rows};
use crate::items::Item;
use crate::prompt::Renderer;
use crate::spec::{Normalize, Score};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What the harness puts where its filters find no answer in a text.
const INVALID: &str = "[invalid]";

/// A line for each answer, in their order. Prompts are the user's message: a chat format, which the model's file has, is not
/// applied; where a model was asked elsewhere they are not known.
///
/// # Errors
/// A sentence: an answer to no item of the data, a prompt that cannot be rendered.
pub fn samples(answers: &[Answer], rows: &Rows, asked: Asked<'_>) -> Result<String, String> {
    let renderer = Renderer::new(asked.prompt, asked.mode).map_err(|error| error.to_string())?;
    let items: BTreeMap<&str, &Item> = rows.all.iter().map(|item| (item.key.as_str(), item)).collect();
    let mut text = String::new();
    for (number, answer) in answers.iter().enumerate() {
        let item = items.get(answer.key.as_str()).ok_or_else(|| format!("the data have no item `{}`", answer.key))?;
        let prompt = match answer.argmax_token {
            ..0 => None,
            _ => Some(renderer.render(item).map_err(|error| error.to_string())?),
        };
        text.push_str(&sample(number, answer, item, prompt.as_deref(), asked).to_string());
        text.push('\n');
    }
    Ok(text)
}

fn sample(number: usize, answer: &Answer, item: &Item, prompt: Option<&str>, asked: Asked<'_>) -> Value {
    let scored = !answer.logprobs.is_empty();
    let continuations: Vec<String> = match asked.mode.score {
        Score::Texts => item.options.iter().map(|option| format!("{}{option}", asked.prompt.delimiter)).collect(),
        Score::Labels | Score::Generate => {
            asked.prompt.labels.iter().map(|label| format!("{}{label}", asked.prompt.delimiter)).collect()
        }
    };
    let pair = |(logprob, continuation): (&f64, &String)| {
        json!([format!("{logprob:?}"), greedy(answer, continuation, asked.mode.score)])
    };
    let pairs: Vec<Value> = answer.logprobs.iter().zip(&continuations).map(pair).collect();
    let label = answer.predicted_label.clone().unwrap_or_else(|| INVALID.to_owned());
    let said = answer.generated.as_ref().map_or(&label, |generated| &generated.written.text);
    let (resps, filtered): (Value, Value) = match scored {
        true => (pairs.iter().map(|pair| json!([pair])).collect(), pairs.into()),
        false => (json!([[said]]), json!([label])),
    };
    let right = |prediction: Option<usize>| f64::from(u8::from(prediction == Some(answer.gold)));
    let texts = answer.texts.is_some();
    let mut sample = json!({
        "doc_id": number,
        "doc": doc::of(item, asked.data),
        "target": answer.gold.to_string(),
        "arguments": arguments(prompt, &continuations, scored, asked),
        "resps": resps,
        "filtered_resps": filtered,
        "filter": "none",
        "metrics": if texts { json!(["acc", "acc_norm"]) } else { json!(["acc"]) },
        "acc": right(if texts { answer.prediction_by(Normalize::Sum) } else { answer.prediction }),
    });
    if texts {
        sample["acc_norm"] = right(answer.prediction_by(Normalize::Character)).into();
    }
    if let Some(Written { text, .. }) = &answer.reasoning {
        sample["reasoning"] = text.as_str().into();
    }
    sample
}

/// What the harness's requests were: one a continuation, or one for a text.
fn arguments(prompt: Option<&str>, continuations: &[String], scored: bool, asked: Asked<'_>) -> Value {
    let Some(prompt) = prompt else { return json!({}) };
    let generate = &asked.mode.generate;
    let requests: Vec<Value> = match scored {
        true => continuations.iter().map(|continuation| json!({ "arg_0": prompt, "arg_1": continuation })).collect(),
        false => {
            let settings = json!({ "until": generate.stop, "max_gen_toks": generate.max_tokens, "do_sample": false });
            vec![json!({ "arg_0": prompt, "arg_1": settings })]
        }
    };
    let named = requests.into_iter().enumerate().map(|(number, request)| (format!("gen_args_{number}"), request));
    Value::Object(named.collect::<Map<_, _>>())
}

/// Whether a continuation is what the model would have written, as far as its likeliest first token tells.
fn greedy(answer: &Answer, continuation: &str, score: Score) -> Option<&'static str> {
    let first = answer.argmax_text.trim();
    let continuation = continuation.trim();
    match score {
        _ if answer.argmax_token < 0 => None,
        _ if first.is_empty() || !continuation.starts_with(first) => Some("False"),
        Score::Labels if continuation == first => Some("True"),
        Score::Labels | Score::Texts | Score::Generate => None,
    }
}
