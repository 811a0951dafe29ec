//! Labels in a text: what may stand for an option, and where it stands for itself.

use super::Choices;
use super::view::{View, in_word, joined};
use super::words::{self, digit};
use std::ops::Range;

/// How the options of one question may be called.
pub(super) struct Labels {
    /// The labels as a [`View`] spells them, without what surrounds them.
    own: Vec<String>,
    /// The numbers that they are.
    numbers: Vec<Option<u32>>,
    /// Whether they are A, B, ..., in any alphabet.
    letters: bool,
    /// Whether they are letters or 1, 2, ...: then other alphabets' letters may take their places.
    ordinal: bool,
    /// The options' texts, spelled likewise; empty where there is nothing to find.
    texts: Vec<String>,
}

/// An option called in a view, by a label or by its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) option: usize,
    /// Bytes of the view.
    pub(super) span: Range<usize>,
    pub(super) by_text: bool,
}

/// What stands left of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// A cue and what links it: the label may be written together with it.
    Cue,
    /// Anything.
    Open,
}

impl Labels {
    pub(super) fn new(choices: &Choices<'_>) -> Self {
        let core = |text: &String| View::new(text).text.trim_matches(|c| !in_word(c)).to_owned();
        let own: Vec<String> = choices.labels.iter().map(core).collect();
        let whole = |label: &String| number(label).filter(|&(_, len)| len == label.len()).map(|(value, _)| value);
        let numbers: Vec<_> = own.iter().map(whole).collect();
        let counts = |alphabet: &&str| own.iter().cloned().eq(alphabet.chars().take(own.len()).map(String::from));
        let letters = words::ALPHABETS.iter().any(counts);
        let ordinal = letters || numbers.iter().zip(1..).all(|(&number, place)| number == Some(place));
        let texts = choices.options.iter().take(own.len()).map(core).collect();
        Self { letters, ordinal, texts, numbers, own }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.own.len()
    }

    /// The option that is called at `at`: by its text, where that is longer than a label.
    pub(super) fn pick(&self, view: &View, at: usize, left: Left, strict: bool) -> Option<Pick> {
        let label = self.label(view, at, left, strict);
        let rest = &view.text[at..];
        let texts = self.texts.iter().enumerate().filter(|(_, text)| !text.is_empty() && rest.starts_with(*text));
        let texts = texts.map(|(option, text)| Pick { option, span: at..at + text.len(), by_text: true });
        let text = texts.filter(|pick| free(view, &pick.span, left, true)).max_by_key(|pick| pick.span.end);
        let end = |pick: &Option<Pick>| pick.as_ref().map_or(at, |pick| pick.span.end);
        if end(&text) > end(&label) { text } else { label }
    }

    /// The label at `at`, if it stands there by itself. One that could be a word (`a`), or any if `strict`, must be
    /// followed by what shows that it is none.
    pub(super) fn label(&self, view: &View, at: usize, left: Left, strict: bool) -> Option<Pick> {
        let rest = &view.text[at..];
        let first = rest.chars().next()?;
        let (option, len) = self.read(rest, first).filter(|&(option, _)| option < self.own.len())?;
        let span = at..at + len;
        let ambiguous = strict || (len == first.len_utf8() && words::AMBIGUOUS.contains(first));
        let stands = free(view, &span, left, false) && (!ambiguous || self.stands(view, span.end, option));
        stands.then_some(Pick { option, span, by_text: false })
    }

    /// What a label at the beginning of `rest` would mean: the option, and the bytes that it takes.
    fn read(&self, rest: &str, first: char) -> Option<(usize, usize)> {
        let place = |value: u32| self.numbers.iter().position(|&number| number == Some(value));
        if let Some((option, len)) = number(rest).and_then(|(value, len)| Some((place(value)?, len))) {
            return Some((option, len));
        }
        if self.ordinal && rest.starts_with(words::SPELLED_FIRST) {
            return Some((0, words::SPELLED_FIRST.len()));
        }
        let own = self.own.iter().enumerate().filter(|(_, label)| !label.is_empty() && rest.starts_with(*label));
        if let Some((option, label)) = own.max_by_key(|(_, label)| label.len()) {
            return Some((option, label.len()));
        }
        let ordinal = || {
            let alphabets = words::ALPHABETS.iter().filter(|alphabet| self.letters || **alphabet != words::LATIN);
            let circled = words::circled(first).map(|value| value as usize - 1);
            circled.or_else(|| alphabets.flat_map(|alphabet| alphabet.chars().position(|c| c == first)).next())
        };
        self.ordinal.then(ordinal).flatten().map(|option| (option, first.len_utf8()))
    }

    /// Whether what follows a label shows that it is one: punctuation, the end of the line, its option's text, or a word
    /// such as `because`.
    fn stands(&self, view: &View, end: usize, option: usize) -> bool {
        if view.after(end) != Some(' ') {
            return true;
        }
        let next = view.skip(end, &[' ']);
        let followers = [&words::FOLLOWERS, &words::COPULAS, &words::OR, &words::AND, &words::VERDICTS];
        view.after(next).is_none_or(|c| !in_word(c))
            || followers.iter().any(|phrases| phrases.at(view, next).is_some())
            || words::REBUTTALS.prefix(&view.text[next..]).is_some()
            || self.texts.get(option).is_some_and(|text| !text.is_empty() && view.text[next..].starts_with(text))
    }

    /// Whether `rest` begins with an option's text, or is the beginning of it.
    pub(super) fn begins_text(&self, option: usize, rest: &str) -> bool {
        let text = self.texts.get(option).map_or("", String::as_str);
        !text.is_empty() && !rest.is_empty() && (rest.starts_with(text) || text.starts_with(rest))
    }

    /// The one option whose text is quoted, where it is not negated as `negated` tells. A text inside a longer one's does
    /// not count.
    pub(super) fn quoted(&self, view: &View, negated: impl Fn(&Range<usize>) -> bool) -> Option<Pick> {
        let places = |(option, text): (usize, &String)| {
            let matches = view.text.match_indices(text.as_str()).filter(|(_, text)| !text.is_empty());
            let picks = matches.map(move |(at, text)| Pick { option, span: at..at + text.len(), by_text: true });
            picks.filter(|pick| free(view, &pick.span, Left::Open, true)).collect::<Vec<_>>()
        };
        let mut places: Vec<Pick> = self.texts.iter().enumerate().flat_map(places).collect();
        places.sort_by_key(|pick| (pick.span.start, std::cmp::Reverse(pick.span.end)));
        let mut quoted: Option<Pick> = None;
        for pick in places.into_iter().filter(|pick| !negated(&pick.span)) {
            match &quoted {
                Some(last) if pick.span.end <= last.span.end && pick.span != last.span => {}
                Some(last) if pick.option != last.option => return None,
                _ => quoted = Some(pick),
            }
        }
        quoted
    }
}

/// The number that a text begins with: decimal digits of any script, or one numeral of a script that has others. And the
/// bytes that it takes.
fn number(rest: &str) -> Option<(u32, usize)> {
    let (mut value, mut len) = (0_u32, 0);
    for (c, digit) in rest.chars().map_while(|c| Some((c, digit(c)?))) {
        (value, len) = (value.saturating_mul(10).saturating_add(digit), len + c.len_utf8());
    }
    if len > 0 {
        return Some((value, len));
    }
    let c = rest.chars().next()?;
    let numeral = words::NUMERALS.iter().find_map(|numerals| numerals.chars().zip(1..).find(|numeral| numeral.0 == c));
    numeral.map(|(_, value)| value).or_else(|| words::circled(c)).map(|value| (value, c.len_utf8()))
}

/// Whether neither side of a label (or an option's text) makes it a part of something larger: of a word, of a number
/// (`3.5`, `-3`, `3年`, `50%`), of an abbreviation or a compound (`A.D.`, `N/A`, `c'est`, `B-12`, `C++`).
fn free(view: &View, span: &Range<usize>, left: Left, text: bool) -> bool {
    let (mut before, mut after) = (view.text[..span.start].chars().rev(), view.text[span.end..].chars());
    let (before, before2) = (before.next(), before.next());
    let (after, after2, after3) = (after.next(), after.next(), after.next());
    let (Some(first), Some(last)) = (view.after(span.start), view.before(span.end)) else { return false };
    let is_digit = |c: Option<char>| c.is_some_and(|c| digit(c).is_some());
    let is_word = |c: Option<char>| c.is_some_and(in_word);
    let (first_digit, last_digit) = (is_digit(Some(first)), is_digit(Some(last)));
    let left_free = before.is_none_or(|c| match c {
        c if joined(c, first) => left == Left::Cue || (text && view.begins_word(span.start)),
        '$' if first_digit => after == Some('$'),
        '€' | '£' | '¥' | '₹' | '₪' if first_digit => false,
        '-' | '+' if first_digit => is_word(before2),
        '.' | ',' | '٫' | '⁄' | '/' if first_digit => is_word(before2) && !is_digit(before2),
        ':' if first_digit => !is_digit(before2),
        '.' if is_digit(before2) => true,
        '\'' | '"' | '-' | '_' | '/' | '&' | '@' | '.' => text || left == Left::Cue || !is_word(before2),
        _ => true,
    });
    let tail = || words::TAILS.prefix(&view.text[span.end..]).is_some();
    let right_free = after.is_none_or(|c| match c {
        c if joined(last, c) => tail() || (text && view.ends_word(span.end)),
        '%' | '٪' | '°' => !last_digit,
        '.' | ',' | '٫' | '٬' | '⁄' | '/' | ':' | '–' if last_digit => !is_digit(after2),
        c if last_digit && words::COUNTERS.contains(c) => before.is_some_and(|c| words::ORDINALS.contains(c)),
        _ if text => true,
        '+' | '#' => false,
        '\'' | '"' => !is_word(after2) || tail(),
        '-' | '_' | '@' => !after2.is_some_and(|c| c.is_ascii_alphanumeric() || digit(c).is_some()),
        '.' => !is_word(after2) || is_word(after3),
        '/' | '&' => !is_word(after2) || !is_word(after3),
        _ => true,
    });
    left_free && right_free
}
