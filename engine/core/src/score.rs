//! The protocol `labels`: from the logits at the answer slot to a prediction.

/// Why no score can be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// There are no logits.
    #[error("the model returned no logits; this is an error of the decoding, not of the data")]
    NoLogits,
    /// There is nothing to score.
    #[error("there are no labels to score; list them in `labels` of `[prompt]`")]
    NoLabels,
    /// A logit is not a number, or infinite where it must not be.
    #[error(
        "the logit of token {token} is {value}; the model's file or the kernel that computed it is damaged: try another quantization or backend"
    )]
    NotFinite {
        /// Token id.
        token: usize,
        /// The logit.
        value: f32,
    },
    /// A label's token is outside the vocabulary.
    #[error("label token {token} is not in the vocabulary of {vocabulary} tokens; the tokenizer is not this model's")]
    OutsideVocabulary {
        /// Token id.
        token: i32,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// Two labels are one token to the model.
    #[error(
        "labels `{first}` and `{second}` both begin with token {token} in this model's vocabulary; choose `labels` whose first tokens differ"
    )]
    SameToken {
        /// One label.
        first: String,
        /// The other.
        second: String,
        /// Token id of both.
        token: i32,
    },
    /// A label is no token at all.
    #[error("label `{label}` has no tokens; give it a text")]
    NoToken {
        /// The label.
        label: String,
    },
}

/// Scores of one item. Lists are in the order of the labels; logarithms are natural.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelScore {
    /// Log-probability of each label's token among the whole vocabulary.
    pub logprobs: Vec<f64>,
    /// Total probability of the label tokens among the whole vocabulary, 0 to 1. Low mass is a failure of format.
    pub answer_mass: f64,
    /// Index of the most probable label, from 0; of equals, the first.
    pub prediction: usize,
    /// The most probable token of the whole vocabulary; of equals, the first.
    pub argmax_token: i32,
}

/// Scores the labels from one row of logits (one per token of the vocabulary) and each label's token.
///
/// Log-softmax with the maximum taken out, summed in f64: exact to rounding for logits of any size. Minus infinity is how
/// a model rules a token out; only a label may not be.
///
/// # Errors
/// [`ScoreError`]: logits that are missing or no numbers, labels that are ruled out or outside the vocabulary.
pub fn labels(logits: &[f32], label_ids: &[i32]) -> Result<LabelScore, ScoreError> {
    let no_number = |logit: f32| logit.is_nan() || logit == f32::INFINITY;
    if let Some((token, &value)) = logits.iter().enumerate().find(|(_, logit)| no_number(**logit)) {
        return Err(ScoreError::NotFinite { token, value });
    }
    if logits.is_empty() {
        return Err(ScoreError::NoLogits);
    }
    // Where every token is ruled out, the labels are, too, and that is what is told.
    let argmax = likeliest(logits).unwrap_or(0);
    let max = f64::from(logits[argmax]);
    let log_total = logits.iter().map(|&logit| (f64::from(logit) - max).exp()).sum::<f64>().ln();
    let logprobs = label_ids
        .iter()
        .map(|&token| match usize::try_from(token).ok().and_then(|index| logits.get(index)) {
            Some(&logit) if logit.is_finite() => Ok(f64::from(logit) - max - log_total),
            Some(&value) => Err(ScoreError::NotFinite { token: token as usize, value }),
            None => Err(ScoreError::OutsideVocabulary { token, vocabulary: logits.len() }),
        })
        .collect::<Result<Vec<f64>, _>>()?;
    let prediction = likeliest(&logprobs).ok_or(ScoreError::NoLabels)?;
    Ok(LabelScore {
        answer_mass: logprobs.iter().map(|logprob| logprob.exp()).sum::<f64>().min(1.0),
        prediction,
        // A vocabulary has fewer than 2^31 tokens: llama.cpp numbers them with i32.
        argmax_token: i32::try_from(argmax).unwrap_or(i32::MAX),
        logprobs,
    })
}

/// Checks that labels can be told apart by their first tokens; `ids` are these tokens, in the order of the labels.
///
/// # Errors
/// [`ScoreError::SameToken`] for the first pair that coincides, [`ScoreError::NoToken`], [`ScoreError::NoLabels`].
pub fn check_labels(ids: &[i32], labels: &[String]) -> Result<(), ScoreError> {
    if labels.is_empty() {
        return Err(ScoreError::NoLabels);
    }
    for (index, label) in labels.iter().enumerate() {
        let &token = ids.get(index).ok_or_else(|| ScoreError::NoToken { label: label.clone() })?;
        if let Some(earlier) = ids[..index].iter().position(|&other| other == token) {
            let (first, second) = (labels[earlier].clone(), label.clone());
            return Err(ScoreError::SameToken { first, second, token });
        }
    }
    Ok(())
}

/// Index of the greatest number above minus infinity; of equals, the first.
#[must_use]
pub fn likeliest<T: Copy + PartialOrd + Into<f64>>(scores: &[T]) -> Option<usize> {
    // A vocabulary is long and every token of a text is chosen from it: several maxima, which need not wait for each other,
    // are what a processor finds at once.
    const LANES: usize = 16;
    let start = scores.iter().copied().find(|&score| score.into() > f64::NEG_INFINITY)?;
    let mut tops = [start; LANES];
    let (chunks, rest) = scores.as_chunks::<LANES>();
    let rise = |top: &mut T, score: T| *top = if score > *top { score } else { *top };
    for chunk in chunks {
        tops.iter_mut().zip(chunk).for_each(|(top, &score)| rise(top, score));
    }
    let mut top = start;
    tops.iter().chain(rest).for_each(|&score| rise(&mut top, score));
    scores.iter().position(|&score| score == top)
}

#[cfg(test)]
mod tests;
