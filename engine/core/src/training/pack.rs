//! Examples of different length, laid behind each other so that few places of a window are left empty.

use super::{Answer, Example, Window};

/// Tokens of the smallest window. A shorter one costs a GPU about as much.
const SMALLEST: usize = 512;

/// Sizes of windows are multiples of this, so that a study has few of them.
const GRAIN: usize = 256;

/// What fills a window behind its last example.
const PADDING: i32 = 0;

/// How many examples a message names.
const NAMED: usize = 3;

/// Examples that are longer than they may be. None is ever cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} longer than `max_length` allows, which is {allowed} tokens: {}; raise `max_length`, or leave these questions out",
    count(.list.len()),
    named(.list)
)]
pub struct TooLong {
    /// Key, language and tokens of each, in the order given.
    pub list: Vec<(String, String, usize)>,
    /// Tokens that an example may have.
    pub allowed: usize,
}

/// Tokens of the longest example.
///
/// # Errors
/// [`TooLong`], with all of those that have more than `allowed`.
pub fn longest(examples: &[Example], allowed: usize) -> Result<usize, TooLong> {
    fit(examples, allowed)?;
    Ok(examples.iter().map(|example| example.tokens.len()).max().unwrap_or(0))
}

/// Size of the windows for examples of which the longest has so many tokens: a multiple of 256, at least 512.
#[must_use]
pub fn window_size(longest: usize) -> usize {
    longest.next_multiple_of(GRAIN).max(SMALLEST)
}

/// Lays examples behind each other in windows of `size` tokens.
///
/// The longest first, each into the first window that has room for it (first-fit decreasing, which needs at most
/// 11/9 of the windows of the best way and 6/9 of one more: Dósa 2007); of equally long ones the first given. Positions begin anew with
/// every example. What is left of a window is one example more, of padding, of which nothing is asked.
///
/// # Errors
/// [`TooLong`], with all that have more tokens than a window.
pub fn pack(examples: &[&Example], size: usize) -> Result<Vec<Window>, TooLong> {
    fit(examples.iter().copied(), size)?;
    let mut decreasing = examples.to_vec();
    decreasing.sort_by_key(|example| std::cmp::Reverse(example.tokens.len()));
    let mut windows: Vec<Window> = Vec::new();
    for example in decreasing.into_iter().filter(|example| !example.tokens.is_empty()) {
        let with_room = windows.iter().position(|window| window.tokens.len() + example.tokens.len() <= size);
        let at = with_room.unwrap_or_else(|| {
            windows.push(Window::default());
            windows.len() - 1
        });
        windows[at].lay(example);
    }
    windows.iter_mut().for_each(|window| window.fill(size));
    Ok(windows)
}

impl Window {
    fn lay(&mut self, example: &Example) {
        let start = self.tokens.len();
        let asked = example.asked().map(|at| Answer { after: start + at - 1, token: example.tokens[at] });
        self.answers.extend(asked);
        self.extend(&example.tokens);
    }

    fn fill(&mut self, size: usize) {
        let left = size - self.tokens.len();
        self.extend(&vec![PADDING; left]);
    }

    /// One example more.
    fn extend(&mut self, tokens: &[i32]) {
        let number = self.examples.last().map_or(0, |last| last + 1);
        self.tokens.extend(tokens);
        self.positions.extend((0..).take(tokens.len()));
        self.examples.extend(std::iter::repeat_n(number, tokens.len()));
    }
}

fn fit<'e>(examples: impl IntoIterator<Item = &'e Example>, allowed: usize) -> Result<(), TooLong> {
    let long = examples.into_iter().filter(|example| example.tokens.len() > allowed);
    let list: Vec<_> =
        long.map(|example| (example.key.clone(), example.language.clone(), example.tokens.len())).collect();
    if list.is_empty() { Ok(()) } else { Err(TooLong { list, allowed }) }
}

fn count(number: usize) -> String {
    if number == 1 { "one example is".to_owned() } else { format!("{number} examples are") }
}

fn named(list: &[(String, String, usize)]) -> String {
    let name = |(key, language, tokens): &(String, String, usize)| format!("`{key}` in {language} has {tokens}");
    let mut text = list.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    if list.len() > NAMED {
        text.push_str(&format!(", and {} more", list.len() - NAMED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An example whose tokens are `first`, `first + 1` and so on.
    fn example(first: i32, length: usize, answered: usize) -> Example {
        let tokens = (first..).take(length).collect();
        Example { key: format!("q{first}"), language: "heb_Hebr".to_owned(), tokens, answered }
    }

    fn packed(examples: &[Example], size: usize) -> Vec<Window> {
        pack(&examples.iter().collect::<Vec<_>>(), size).expect("all of them fit")
    }

    fn answers(window: &Window) -> Vec<(usize, i32)> {
        window.answers.iter().map(|answer| (answer.after, answer.token)).collect()
    }

    #[test]
    fn examples_lie_behind_each_other_the_longest_first() {
        let windows = packed(&[example(10, 2, 1), example(20, 4, 2)], 8);
        assert_eq!(windows.len(), 1);
        assert_eq!(windows[0].tokens, [20, 21, 22, 23, 10, 11, 0, 0]);
        assert_eq!(windows[0].positions, [0, 1, 2, 3, 0, 1, 0, 1]);
        assert_eq!(windows[0].examples, [0, 0, 0, 0, 1, 1, 2, 2]);
        assert_eq!(answers(&windows[0]), [(1, 22), (2, 23), (4, 11)], "each is predicted by the token before it");
    }

    #[test]
    fn a_full_window_has_no_padding_and_the_next_takes_the_rest() {
        let windows = packed(&[example(10, 3, 1), example(20, 5, 1), example(30, 4, 1), example(40, 4, 1)], 8);
        let tokens: Vec<_> = windows.iter().map(|window| window.tokens.clone()).collect();
        assert_eq!(tokens, [[20, 21, 22, 23, 24, 10, 11, 12], [30, 31, 32, 33, 40, 41, 42, 43]]);
        assert_eq!(windows[1].examples, [0, 0, 0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn of_a_text_all_tokens_but_the_first_are_asked_for() {
        assert_eq!(answers(&packed(&[example(10, 3, 3)], 4)[0]), [(0, 11), (1, 12)]);
        assert_eq!(answers(&packed(&[example(10, 1, 1)], 4)[0]), []);
        assert_eq!(answers(&packed(&[example(10, 3, 9)], 4)[0]), [(0, 11), (1, 12)]);
    }

    #[test]
    fn what_is_too_long_is_named_and_never_cut() {
        let examples = [example(1, 9, 1), example(2, 8, 1), example(3, 10, 1)];
        let error = pack(&examples.iter().collect::<Vec<_>>(), 8).expect_err("two do not fit");
        assert_eq!(
            error.to_string(),
            "2 examples are longer than `max_length` allows, which is 8 tokens: `q1` in heb_Hebr has 9, `q3` in heb_Hebr \
             has 10; raise `max_length`, or leave these questions out"
        );
        assert_eq!(longest(&examples, 8), Err(error));
        assert_eq!(longest(&examples, 10), Ok(10));
        assert_eq!(longest(&[], 10), Ok(0));
        let many: Vec<Example> = (0..5).map(|first| example(first, 9, 1)).collect();
        assert!(longest(&many, 8).expect_err("none fits").to_string().contains("`q2` in heb_Hebr has 9, and 2 more;"));
        assert!(longest(&many[..1], 8).expect_err("it does not fit").to_string().starts_with("one example is longer"));
    }

    #[test]
    fn windows_have_few_sizes() {
        assert_eq!([0, 1, 512, 513, 768, 769].map(window_size), [512, 512, 512, 768, 768, 1024]);
    }

    proptest! {
        #[test]
        fn every_example_is_in_some_window_whole_and_alone(lengths in prop::collection::vec((1_usize..40, 0_usize..40), 0..30)) {
            let examples: Vec<Example> =
                lengths.iter().enumerate().map(|(at, &(length, asked))| example(at as i32 * 100 + 1, length, asked)).collect();
            let size = 40;
            let windows = packed(&examples, size);
            let mut found = Vec::new();
            for window in &windows {
                prop_assert_eq!((window.tokens.len(), window.positions.len(), window.examples.len()), (size, size, size));
                let mut runs: Vec<Vec<i32>> = Vec::new();
                for at in 0..size {
                    if window.positions[at] == 0 {
                        prop_assert_eq!(window.examples[at] as usize, runs.len());
                        runs.push(Vec::new());
                    }
                    let run = runs.last_mut().expect("the first position is 0");
                    prop_assert_eq!((window.positions[at] as usize, window.examples[at] as usize + 1), (run.len(), runs.len()));
                    runs.last_mut().expect("there").push(window.tokens[at]);
                }
                prop_assert!(runs.iter().rev().skip(1).all(|run| run[0] != 0), "only the last may be padding");
                for answer in &window.answers {
                    prop_assert_eq!(window.tokens[answer.after + 1], answer.token);
                    prop_assert_eq!(window.examples[answer.after], window.examples[answer.after + 1]);
                    prop_assert!(answer.token != 0);
                }
                prop_assert!(window.answers.windows(2).all(|pair| pair[0].after < pair[1].after));
                found.extend(runs.into_iter().filter(|run| run[0] != 0));
            }
            found.sort();
            prop_assert_eq!(found, examples.iter().map(|example| example.tokens.clone()).collect::<Vec<_>>());
            let asked: usize = windows.iter().map(|window| window.answers.len()).sum();
            prop_assert_eq!(asked, lengths.iter().map(|&(length, asked)| asked.min(length - 1)).sum::<usize>());
            // No two windows could be one: what first-fit promises.
            let used = |window: &Window| window.tokens.iter().filter(|token| **token != 0).count();
            let half = windows.iter().filter(|window| used(window) * 2 <= size).count();
            prop_assert!(half <= 1);
        }
    }
}
