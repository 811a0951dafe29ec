//! Whether a model knows the control tokens that a slot spells.

use xlt_llama::Model;

/// Refuses a slot with a control token, `<|NAME|>`, that the model's vocabulary does not hold: it would be read as plain text,
/// and the answer be asked for in a place that the model has never seen.
pub(crate) fn check(slot: &str, model: &Model, name: &str) -> Result<(), String> {
    let is_one = |spelled: &&str| match model.tokenize(spelled, true).as_deref() {
        // Whatever kind the vocabulary says that it is: some call such tokens the user's own.
        Ok(tokens) => tokens.iter().any(|&token| model.token_text(token) == **spelled),
        Err(_) => false,
    };
    match spelled(slot).find(|spelled| !is_one(spelled)) {
        None => Ok(()),
        Some(unknown) => Err(format!(
            "the slot {slot:?} spells `{unknown}`, which is no token of model `{name}`; write it as the model's own chat format \
             has it (`xlt show` prints it), or leave `slot` out"
        )),
    }
}

/// What a text spells as control tokens are spelled.
fn spelled(text: &str) -> impl Iterator<Item = &str> {
    let begins = text.match_indices("<|");
    let whole = begins.filter_map(|(at, open)| {
        let end = text[at + open.len()..].find("|>")?;
        let inner = &text[at + open.len()..][..end];
        (!inner.contains("<|")).then(|| &text[at..][..open.len() + end + "|>".len()])
    });
    whole.filter(|spelled| !spelled.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_tokens_are_found_between_other_text() {
        let found = |text| spelled(text).collect::<Vec<_>>();
        assert_eq!(found("<|channel|>final<|message|>"), ["<|channel|>", "<|message|>"]);
        assert_eq!(found("Answer: <|a|"), [""; 0]);
        assert_eq!(found("a <| b |> c<|<|x|>"), ["<|x|>"]);
    }
}
