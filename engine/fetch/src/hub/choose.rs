//! Which files of a repository a path or a pattern means.

use std::collections::BTreeMap;

use glob::{MatchOptions, Pattern};

use super::api::Listed;
use super::{HubError, Place};
use crate::names::{base, by_likeness};
use xlt_core::shards::Shard;

/// Names that an error repeats.
const NAMED: usize = 5;
const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// The one file that is meant, or all pieces of the one split GGUF; of many, all.
pub(super) fn choose(place: &Place<'_>, listed: Vec<Listed>) -> Result<Vec<Listed>, HubError> {
    let matching = matches(place.path, &listed)?;
    if place.many {
        return all(place, &matching, &listed);
    }
    if let ([one], true) = (matching.as_slice(), place.alone) {
        return Ok(vec![(*one).clone()]);
    }
    let shards: Vec<Shard<'_>> = matching.iter().filter_map(|file| Shard::of(&file.path)).collect();
    let of_one_set = |first: &Shard<'_>| {
        let same = |shard: &Shard<'_>| (shard.stem, shard.count) == (first.stem, first.count);
        shards.len() == matching.len() && shards.iter().all(same)
    };
    match (matching.as_slice(), shards.first()) {
        ([], _) => Err(no_match(place, &listed)),
        ([one, ..], Some(first)) if of_one_set(first) => whole_set(place, &one.path, first, &listed),
        ([one], _) => Ok(vec![(*one).clone()]),
        (several, _) => {
            let names: Vec<&str> = several.iter().map(|file| file.path.as_str()).collect();
            let first = enumerate(&names);
            Err(HubError::Several { repo: place.repository(), path: place.path.to_owned(), count: names.len(), first })
        }
    }
}

/// All of them, in a folder by their names without their paths.
fn all(place: &Place<'_>, matching: &[&Listed], listed: &[Listed]) -> Result<Vec<Listed>, HubError> {
    if matching.is_empty() {
        return Err(no_match(place, listed));
    }
    let mut seen = BTreeMap::new();
    for file in matching {
        if let Some(first) = seen.insert(base(&file.path), file) {
            let (first, second) = (first.path.clone(), file.path.clone());
            return Err(HubError::OneName { repo: place.repository(), path: place.path.to_owned(), first, second });
        }
    }
    let mut all: Vec<Listed> = matching.iter().map(|file| (*file).clone()).collect();
    all.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(all)
}

/// The file of that name; where there is none, those that fit it as a pattern.
fn matches<'a>(path: &str, listed: &'a [Listed]) -> Result<Vec<&'a Listed>, HubError> {
    if let Some(exact) = listed.iter().find(|file| file.path == path) {
        return Ok(vec![exact]);
    }
    let bad = |error: glob::PatternError| HubError::BadPattern { pattern: path.to_owned(), why: error.msg.to_owned() };
    let pattern = Pattern::new(path).map_err(bad)?;
    Ok(listed.iter().filter(|file| pattern.matches_with(&file.path, MATCHING)).collect())
}

fn whole_set(place: &Place<'_>, path: &str, shard: &Shard<'_>, listed: &[Listed]) -> Result<Vec<Listed>, HubError> {
    let find = |path: String| listed.iter().find(|file| file.path == path).cloned().ok_or(path);
    let set: Result<Vec<Listed>, String> = shard.set().map(find).collect();
    set.map_err(|missing| HubError::Incomplete { repo: place.repository(), path: path.to_owned(), missing })
}

fn no_match(place: &Place<'_>, listed: &[Listed]) -> HubError {
    let mut names = by_likeness(place.path, listed.iter().map(|file| file.path.as_str()));
    // Whoever mistypes a model's file means a model's file.
    names.sort_by_key(|(_, name)| !name.ends_with(".gguf"));
    let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
    let has = match names.as_slice() {
        [] => "it has no files at all".to_owned(),
        names => format!("it has {}", enumerate(names)),
    };
    let revision = place.revision().to_owned();
    HubError::NoMatch { repo: place.repository(), path: place.path.to_owned(), revision, has }
}

fn enumerate(names: &[&str]) -> String {
    let first = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::api::Content;
    use super::*;

    const FILES: [&str; 9] = [
        "README.md",
        "model-BF16-00001-of-00002.gguf",
        "model-BF16-00002-of-00002.gguf",
        "model-Q4_0.gguf",
        "model-Q8_0.gguf",
        "more/model-Q8_0.gguf",
        "torn-00001-of-00003.gguf",
        "torn-00003-of-00003.gguf",
        "odd[1].txt",
    ];

    #[track_caller]
    fn check(path: &str, expected: Result<&[&str], &str>) {
        let file = |path: &str| Listed { path: path.to_owned(), size: 1, content: Content::Git(String::new()) };
        let place = Place { repo: "org/repo", dataset: false, path, revision: None, alone: false, many: false };
        let chosen = choose(&place, FILES.map(file).to_vec());
        let names = chosen.as_ref().map(|files| files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>());
        match (names, expected) {
            (Ok(names), Ok(expected)) => assert_eq!(names, expected, "{path}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{path}: {error}"),
            (got, _) => panic!("{path}: {got:?}"),
        }
    }

    #[test]
    fn a_path_or_pattern_means_one_file_or_one_set() {
        let set = &FILES[1..3];
        check("model-Q8_0.gguf", Ok(&["model-Q8_0.gguf"]));
        check("*-Q8_0.gguf", Ok(&["model-Q8_0.gguf"]));
        check("*/*-Q8_0.gguf", Ok(&["more/model-Q8_0.gguf"]));
        check("model-Q?_0.gguf", Err("means 2 files of hf:org/repo: model-Q4_0.gguf, model-Q8_0.gguf; name one"));
        check("model-Q[48]_0.gguf", Err("means 2 files"));
        check("model-Q[4]_0.gguf", Ok(&["model-Q4_0.gguf"]));
        check("odd[1].txt", Ok(&["odd[1].txt"]));
        check("*BF16*.gguf", Ok(set));
        check(FILES[1], Ok(set));
        check(FILES[2], Ok(set));
    }

    #[test]
    fn of_many_all_are_meant() {
        let file = |path: &str| Listed { path: path.to_owned(), size: 1, content: Content::Git(String::new()) };
        let all = |path| {
            let place = Place { repo: "org/repo", dataset: false, path, revision: None, alone: false, many: true };
            choose(&place, FILES.map(file).to_vec())
                .map(|files| files.into_iter().map(|file| file.path).collect::<Vec<_>>())
        };
        assert_eq!(all("*-Q?_0.gguf").expect("two"), ["model-Q4_0.gguf", "model-Q8_0.gguf"]);
        assert_eq!(all("*.md").expect("one"), ["README.md"]);
        assert_eq!(all("torn*").expect("no set is asked for").len(), 2);
        assert!(all("*.json").expect_err("none").to_string().contains("has no file *.json"));
    }

    #[test]
    fn what_cannot_be_meant_is_explained() {
        check(
            "torn*",
            Err("does not hold all pieces of torn-00001-of-00003.gguf: torn-00002-of-00003.gguf is missing"),
        );
        check("model-*.gguf", Err("means 4 files"));
        check("model-q8.gguf", Err("has no file model-q8.gguf at main; it has model-Q8_0.gguf, "));
        check("*.safetensors", Err("and 4 more"));
        check("model-[.gguf", Err("the pattern model-[.gguf cannot be read"));
    }
}
