//! Which tensors an adapter changes: `lora.targets` and `lora.experts` against what a model has.

use crate::spec::{ALL_LINEAR, ATTENTION, Lora};
use glob::Pattern;

/// How many names a message shows.
const SHOWN: usize = 12;

/// Why the targets come to nothing, in whole or in part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Some of them match no tensor.
    #[error("{} of `lora.targets` {} no tensor that can be adapted; there are {}", quoted(.targets), verb(.targets), quoted(.known))]
    Unmatched {
        /// As written.
        targets: Vec<String>,
        /// Names of tensors without their layer, some of them.
        known: Vec<String>,
    },
    /// All that they match are experts, which are frozen.
    #[error("`lora.targets` are experts only, and `lora.experts` is \"frozen\"; write `experts = \"train\"`")]
    Frozen,
}

/// The tensors that are adapted, in the order of `linear`: the names, as the model's file has them, of all matrices that its
/// graph multiplies with and that can be adapted (`blk.0.attn_q.weight`).
///
/// `all-linear` means those of the layers (`blk.`), as in PEFT, which leaves out the output; `attention` those of them whose
/// name begins with `attn_`. A pattern with a dot is held against the name without `.weight`, one without against what is
/// left of that without its layer. Experts (`_exps`) are among them if they are trained.
///
/// # Errors
/// [`TargetError`]: patterns that match nothing, all of them at once.
pub fn chosen<'t>(lora: &Lora, linear: &[&'t str]) -> Result<Vec<&'t str>, TargetError> {
    let matched = |target: &String| linear.iter().any(|tensor| matches(target, tensor));
    let targets: Vec<String> = lora.targets.iter().filter(|target| !matched(target)).cloned().collect();
    if !targets.is_empty() {
        let mut known: Vec<String> = linear.iter().map(|tensor| in_layer(bare(tensor)).to_owned()).collect();
        known.sort_unstable();
        known.dedup();
        known.truncate(SHOWN);
        return Err(TargetError::Unmatched { targets, known });
    }
    let wanted = linear.iter().copied().filter(|tensor| lora.targets.iter().any(|target| matches(target, tensor)));
    let chosen: Vec<&str> = wanted.filter(|tensor| lora.train_experts || !is_expert(tensor)).collect();
    if chosen.is_empty() { Err(TargetError::Frozen) } else { Ok(chosen) }
}

/// Whether a tensor stacks the matrices of a layer's experts.
#[must_use]
pub fn is_expert(tensor: &str) -> bool {
    bare(tensor).ends_with("_exps")
}

/// Whether a pattern of the user's matches a tensor, and not just a word for many: it is then meant.
#[must_use]
pub fn is_named(lora: &Lora, tensor: &str) -> bool {
    let patterns = lora.targets.iter().filter(|target| ![ALL_LINEAR, ATTENTION].contains(&target.as_str()));
    patterns.into_iter().any(|pattern| matches(pattern, tensor))
}

fn matches(target: &str, tensor: &str) -> bool {
    let name = bare(tensor);
    let layer = name.starts_with("blk.");
    match target {
        ALL_LINEAR => layer,
        ATTENTION => layer && in_layer(name).starts_with("attn_"),
        pattern => {
            let name = if pattern.contains('.') { name } else { in_layer(name) };
            Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name))
        }
    }
}

fn bare(tensor: &str) -> &str {
    tensor.strip_suffix(".weight").unwrap_or(tensor)
}

/// `attn_q` of `blk.0.attn_q`.
fn in_layer(name: &str) -> &str {
    name.strip_prefix("blk.").and_then(|rest| Some(rest.split_once('.')?.1)).unwrap_or(name)
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn verb(targets: &[String]) -> &'static str {
    if targets.len() == 1 { "matches" } else { "match" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINEAR: [&str; 8] = [
        "blk.0.attn_q.weight",
        "blk.0.attn_output.weight",
        "blk.0.ffn_up.weight",
        "blk.0.ffn_up_exps.weight",
        "blk.1.attn_q.weight",
        "blk.10.attn_q.weight",
        "blk.10.ffn_up.weight",
        "output.weight",
    ];

    fn lora(targets: &[&str], train_experts: bool) -> Lora {
        let targets = targets.iter().map(|&target| target.to_owned()).collect();
        Lora { rank: 1, alpha: 1.0, dropout: 0.0, targets, train_experts }
    }

    /// Places in the list of those that are chosen.
    #[track_caller]
    fn check(targets: &[&str], train_experts: bool, expected: &[usize]) {
        let expected: Vec<&str> = expected.iter().map(|&at| LINEAR[at]).collect();
        assert_eq!(chosen(&lora(targets, train_experts), &LINEAR), Ok(expected), "{targets:?}");
    }

    #[test]
    fn words_mean_what_the_layers_have() {
        check(&["all-linear"], false, &[0, 1, 2, 4, 5, 6]);
        check(&["all-linear"], true, &[0, 1, 2, 3, 4, 5, 6]);
        check(&["attention"], true, &[0, 1, 4, 5]);
    }

    #[test]
    fn a_name_without_a_dot_is_meant_in_every_layer() {
        check(&["attn_q"], false, &[0, 4, 5]);
        check(&["ffn_*"], false, &[2, 6]);
        check(&["ffn_*"], true, &[2, 3, 6]);
        check(&["output"], false, &[7]);
        check(&["blk.1?.*", "attn_output"], false, &[1, 5, 6]);
        check(&["blk.[0-1].attn_q"], false, &[0, 4]);
    }

    #[test]
    fn a_tensor_is_meant_by_a_pattern_and_not_by_a_word() {
        let named = |targets: &[&str]| is_named(&lora(targets, false), "blk.1.attn_q.weight");
        assert!(!named(&["all-linear"]) && !named(&["attention", "ffn_up"]));
        assert!(named(&["attention", "attn_?"]) && named(&["blk.1.*"]));
    }

    #[test]
    fn what_matches_nothing_is_named_with_what_there_is() {
        let refused = |targets: &[&str]| chosen(&lora(targets, false), &LINEAR).expect_err("nothing there").to_string();
        assert_eq!(
            refused(&["attn_q", "q_proj"]),
            "`q_proj` of `lora.targets` matches no tensor that can be adapted; there are `attn_output`, `attn_q`, `ffn_up`, \
             `ffn_up_exps`, `output`"
        );
        assert!(refused(&["q_proj", "blk.0"]).starts_with("`q_proj`, `blk.0` of `lora.targets` match no tensor"));
        assert!(refused(&["ffn_up_exps"]).contains("write `experts = \"train\"`"));
    }
}
