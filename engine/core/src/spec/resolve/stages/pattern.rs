//! A path with axes in it: which paths it can become, and whether two of them can meet.

use std::collections::BTreeMap;

use crate::spec::placeholder::{Part, parse};

/// Values of the axes of a stage.
pub(super) type Axes = BTreeMap<String, Vec<String>>;

/// A path of a stage in which only axes are open; parameters are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Axis(String),
}

impl Pattern {
    /// `None` if the text has faults, which have been reported.
    pub(super) fn of(text: &str, params: &BTreeMap<String, String>, axes: &Axes) -> Option<Self> {
        let mut pieces = Vec::new();
        for part in parse(text).ok()? {
            let text = match part {
                Part::Literal(text) => text,
                Part::Name(name, _) if axes.contains_key(name) => {
                    pieces.push(Piece::Axis(name.to_owned()));
                    continue;
                }
                Part::Name(name, _) => params.get(name)?,
            };
            match pieces.last_mut() {
                Some(Piece::Text(before)) => before.push_str(text),
                _ => pieces.push(Piece::Text(text.to_owned())),
            }
        }
        Some(Self { pieces })
    }

    /// Names of the axes in it, in order, perhaps more than once.
    pub(super) fn axes(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Axis(axis) => Some(axis.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text before the first axis.
    pub(super) fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// The path with `value` for every axis.
    pub(super) fn with(&self, value: impl Fn(&str) -> String) -> String {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Axis(axis) => value(axis),
        });
        texts.collect()
    }

    /// Whether different values of its axes surely give different paths: each value ends where a sign follows that no
    /// value of the axis has.
    pub(super) fn is_unambiguous(&self, axes: &Axes) -> bool {
        self.pieces.windows(2).all(|pair| match pair {
            [Piece::Axis(axis), Piece::Text(text)] => text
                .chars()
                .next()
                .is_some_and(|sign| axes.get(axis).is_some_and(|values| values.iter().all(|v| !v.contains(sign)))),
            [Piece::Axis(_), Piece::Axis(_)] => false,
            _ => true,
        })
    }

    /// Every path it becomes, over all values of the axes in it.
    pub(super) fn expand(&self, axes: &Axes) -> Vec<String> {
        let mut used: Vec<&str> = self.axes().collect();
        used.sort_unstable();
        used.dedup();
        assignments(&used, axes).into_iter().map(|chosen| self.fill(&used, &chosen)).collect()
    }

    /// The path with the values chosen for the axes `used`.
    pub(super) fn fill(&self, used: &[&str], chosen: &[&str]) -> String {
        self.with(|axis| used.iter().position(|known| *known == axis).map_or("", |at| chosen[at]).to_owned())
    }
}

/// All choices of one value for each of the axes `used`.
pub(super) fn assignments<'a>(used: &[&str], axes: &'a Axes) -> Vec<Vec<&'a str>> {
    let mut all = vec![Vec::new()];
    for axis in used {
        let values = axes.get(*axis).map(Vec::as_slice).unwrap_or_default();
        let longer = all.iter().flat_map(|chosen: &Vec<&str>| {
            values.iter().map(|value| chosen.iter().copied().chain([value.as_str()]).collect())
        });
        all = longer.collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> Axes {
        let values = |list: &[&str]| list.iter().map(|value| (*value).to_owned()).collect();
        [("a".to_owned(), values(&["1", "11"])), ("b".to_owned(), values(&["1", "1_"]))].into()
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::of(text, &[("p".to_owned(), "P".to_owned())].into(), &axes()).expect("well formed")
    }

    #[test]
    fn a_pattern_becomes_every_path() {
        assert_eq!(pattern("x{p}/{b}{a}").expand(&axes()), ["xP/11", "xP/1_1", "xP/111", "xP/1_11"]);
        assert_eq!(pattern("x").expand(&axes()), ["x"]);
        assert_eq!(pattern("{a}-{a}").expand(&axes()), ["1-1", "11-11"]);
        assert_eq!(pattern("x{p}/{a}").prefix(), "xP/");
    }

    #[test]
    fn a_value_must_end_where_it_seems_to() {
        assert!(pattern("{a}_{b}").is_unambiguous(&axes()));
        assert!(!pattern("{b}_{a}").is_unambiguous(&axes()), "1 and _1 against 1_ and 1");
        assert!(!pattern("{a}{b}").is_unambiguous(&axes()));
    }
}
