//! The answer in a text that a model wrote: what is found is one of the options, and stands in the text.

use xlt_core::extract::{Choices, Outcome, extract};
use xlt_core::spec::Rules;

/// The first byte says by which rules and among which options; the rest is the text.
pub fn check(input: &[u8]) {
    let Some((&how, text)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let rules = [Rules::Xlt, Rules::LmEval, Rules::Inspect, Rules::Belebele][usize::from(how & 3)];
    let truncated = how & 4 > 0;
    let owned = |texts: [&str; 4]| texts.map(str::to_owned);
    let labels = owned(
        [["1", "2", "3", "4"], ["A", "B", "C", "D"], ["א", "ב", "ג", "ד"], ["Yes", "No", "(a)", "١"]]
            [usize::from(how >> 3 & 3)],
    );
    let options = owned([["one", "two", "not one", "none"], ["A", "1", " ", "İ"]][usize::from(how >> 5 & 1)]);
    let found = extract(&text, &Choices { labels: &labels, options: &options }, truncated, rules);
    assert_eq!(found.outcome == Outcome::Parsed, found.option.is_some() && found.rule.is_some());
    assert_eq!(found.outcome == Outcome::Parsed, found.span.is_some());
    assert!(found.option.is_none_or(|option| option < labels.len()));
    if let Some(span) = found.span {
        assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
    }
}
