//! An exhibit as a line of JSON, with everything in it.

use super::exhibit::{Exhibit, Word, Words};
use serde_json::{Value, json};
use xlt_core::answers::Answer;
use xlt_core::spec::{Normalize, Score};

pub(super) fn line(exhibit: &Exhibit<'_>) -> String {
    let Exhibit { stage, work, item, question, answer } = exhibit;
    let labels = &work.prompt.labels;
    let (words, problem) = match question {
        Ok(words) => (Some(words), None),
        Err(why) => (None, Some(why)),
    };
    let answer = answer.as_ref();
    let score = match work.mode.score {
        Score::Labels => "labels",
        Score::Texts => "texts",
        Score::Generate => "generate",
    };
    let normalize = match work.mode.normalize {
        Normalize::Sum => "sum",
        Normalize::Token => "token",
        Normalize::Byte => "byte",
        Normalize::Character => "character",
    };
    json!({
        "stage": stage,
        "model": work.cell.model,
        "condition": work.cell.condition,
        "seed": work.cell.seed,
        "language": work.cell.language,
        "mode": work.cell.mode,
        "status": answer.map_or_else(|why| *why, |_| "cached"),
        "problem": problem,
        "key": item.key,
        "group": item.group,
        "part": item.part,
        "passage": item.passage,
        "question": item.question,
        "gold": { "index": item.answer, "label": labels[item.answer] },
        "prompt": words.map(|words| Words::text(&words.prompt)),
        "prompt_tokens": words.map(|words| tokens(&words.prompt)),
        "score": score,
        "normalize": (work.mode.score == Score::Texts).then_some(normalize),
        "options": options(exhibit, words, answer.ok()),
        "prediction": answer.ok().and_then(|answer| Some(json!({ "index": answer.prediction?, "label": answer.predicted_label }))),
        "reasoning": answer.ok().and_then(|answer| answer.reasoning.as_ref()),
        "generated": answer.ok().and_then(|answer| answer.generated.as_ref()),
        "correct": answer.ok().map(Answer::correct),
        "answer_mass": answer.ok().and_then(|answer| answer.answer_mass),
        "argmax": answer.ok().map(|answer| json!({ "id": answer.argmax_token, "text": answer.argmax_text })),
    })
    .to_string()
}

fn options(exhibit: &Exhibit<'_>, words: Option<&Words>, answer: Option<&Answer>) -> Vec<Value> {
    let labels = exhibit.work.prompt.labels.iter();
    let option = |(number, (label, text)): (usize, (&String, &String))| {
        let length = answer.and_then(|answer| answer.texts.as_ref()?.get(number));
        json!({
            "label": label,
            "text": text,
            "tokens": words.and_then(|words| words.answers.get(number)).map(|words| tokens(words)),
            "logprob": answer.and_then(|answer| answer.logprobs.get(number)),
            "length": length.map(|length| json!({
                "tokens": length.tokens, "bytes": length.bytes, "characters": length.characters,
            })),
        })
    };
    labels.zip(&exhibit.item.options).enumerate().map(option).collect()
}

/// Tokens with their texts; of those that are no text by themselves, the bytes too.
pub(super) fn tokens(words: &[Word]) -> Vec<Value> {
    let token = |word: &Word| match std::str::from_utf8(&word.bytes) {
        Ok(text) => json!({ "id": word.id, "text": text, "special": word.special }),
        Err(_) => json!({
            "id": word.id,
            "text": String::from_utf8_lossy(&word.bytes),
            "special": word.special,
            "bytes": word.bytes,
        }),
    };
    words.iter().map(token).collect()
}
