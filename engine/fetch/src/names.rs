//! Which names of files are near to a mistyped one.

/// Below this two names have little in common.
const SIMILAR: f64 = 0.7;

/// The names that are like `wanted`, the likest first.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    by_likeness(wanted, names).into_iter().filter(|(likeness, _)| *likeness > SIMILAR).map(|(_, name)| name)
}

/// All names of files with their likeness to `wanted`, by whole path or by file name, the likest first.
pub(crate) fn by_likeness<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<(f64, &'a str)> {
    let wanted = wanted.to_lowercase();
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        let whole = strsim::normalized_damerau_levenshtein(&wanted, &name);
        whole.max(strsim::normalized_damerau_levenshtein(base(&wanted), base(&name)))
    };
    let files = names.filter(|name| !name.ends_with('/'));
    let mut near: Vec<_> = files.map(|name| (likeness(name), name)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near
}

/// The last part of a path.
pub(crate) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
