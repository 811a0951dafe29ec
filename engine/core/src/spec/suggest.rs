//! "did you mean": the known name nearest to a mistyped one.

const SHOWN: usize = 12;

/// The candidate that a typing error or two would turn into `name`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = name.to_lowercase();
    let allowed = (typed.chars().count() / 3).max(1);
    let near = candidates.into_iter().map(|known| (strsim::damerau_levenshtein(&typed, &known.to_lowercase()), known));
    let near = near.filter(|(distance, known)| *distance <= allowed && *distance < known.chars().count());
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// "did you mean `x`?", or else what there is: "known models: `a`, `b`".
pub(crate) fn suggest(name: &str, what: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("there are no {what}"),
        None => format!("{what}: {}", listed(known)),
    }
}

/// `a`, `b`, `c`, cut where it gets long.
pub(crate) fn listed(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognized_and_another_word_is_not() {
        let known = ["direct", "cot", "Q8_0"];
        assert_eq!(nearest("dirct", known), Some("direct"));
        assert_eq!(nearest("q8_0", known), Some("Q8_0"));
        assert_eq!(nearest("tco", known), None);
        assert_eq!(nearest("ot", known), Some("cot"));
        assert_eq!(nearest("reasoning", known), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..14).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(listed(&names).ends_with("`11` and 2 more"));
    }
}
