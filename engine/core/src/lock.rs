//! The lock file's text: what every remote file was when it was first fetched, and what is believed of those that were not yet.

use crate::cost::Dimensions;
use crate::key::Digest;
use crate::plan::{Pin, PinnedFile};
use crate::spec::Source;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The pins of a study, by the source's text, and its claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// Name of the study that it was written for, where it says so.
    pub study: Option<String>,
    pins: BTreeMap<String, Pin>,
    estimates: BTreeMap<String, Estimate>,
    claims: BTreeMap<Digest, Registered>,
}

/// When a claim was first seen by a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its sentence then.
    pub text: String,
    /// Whether there were answers already.
    pub post_hoc: bool,
}

/// What is believed of a file that nobody has fetched yet. Costs are estimated from it; nothing else depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Of a model, how large it is.
    pub model: Option<Dimensions>,
}

const VERSION: u32 = 1;
const HEADING: &str = "# Written by xlt: what every remote file of the spec was when it was first fetched, and whether a claim was there\n\
                       # before the first answers. Keep it beside the spec.\n\
                       # To fetch a file anew, delete its entry. An entry that is `unpinned` holds estimates; `xlt lock` completes it.\n\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDisk {
    version: u32,
    study: Option<String>,
    #[serde(default)]
    file: Vec<Entry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    claim: Vec<ClaimEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimEntry {
    text: String,
    digest: String,
    post_hoc: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    source: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unpinned: bool,
    sha256: Option<String>,
    size: Option<u64>,
    commit: Option<String>,
    model: Option<Dimensions>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<PinnedFile>,
}

impl Entry {
    /// The pin that it is; `None` where it says itself that it is none.
    fn pin(&self) -> Result<Option<Pin>, String> {
        let Self { source, unpinned, sha256, size, commit, files, .. } = self;
        match (unpinned, sha256) {
            (true, None) if commit.is_none() && files.is_empty() => return Ok(None),
            (true, _) => return Err(format!("the entry of {source} is `unpinned`, and has a sha256, commit or files")),
            (false, None) => return Err(format!("the entry of {source} has neither a sha256 nor `unpinned = true`")),
            (false, Some(_)) => {}
        }
        let mut sums = sha256.iter().chain(files.iter().map(|file| &file.sha256));
        if !sums.all(|sum| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(format!("the sha256 of {source} is not 64 hexadecimal digits"));
        }
        let sha256 = sha256.iter().map(|sum| sum.to_ascii_lowercase()).collect();
        let file = |file: &PinnedFile| PinnedFile { sha256: file.sha256.to_ascii_lowercase(), ..file.clone() };
        Ok(Some(Pin { sha256, size: *size, commit: commit.clone(), files: files.iter().map(file).collect() }))
    }

    fn estimate(&self) -> Option<Estimate> {
        let estimate = Estimate { size: self.size.filter(|_| self.unpinned), model: self.model };
        (self.unpinned || estimate.model.is_some()).then_some(estimate)
    }
}

impl Lock {
    /// Reads a lock file's text.
    ///
    /// # Errors
    /// A sentence saying what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let disk: OnDisk = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if disk.version != VERSION {
            return Err(format!("it has version {}, this xlt knows version {VERSION}", disk.version));
        }
        let mut lock = Self { study: disk.study, ..Self::default() };
        for entry in disk.file {
            let (pin, estimate) = (entry.pin()?, entry.estimate());
            let source = entry.source;
            if lock.pins.contains_key(&source) || lock.estimates.contains_key(&source) {
                return Err(format!("it has two entries for {source}; keep the right one"));
            }
            lock.pins.extend(pin.map(|pin| (source.clone(), pin)));
            lock.estimates.extend(estimate.map(|estimate| (source, estimate)));
        }
        for ClaimEntry { text, digest, post_hoc } in disk.claim {
            let parsed = digest.parse();
            let digest =
                parsed.map_err(|_| format!("the digest of the claim {text:?} is not 64 hexadecimal digits"))?;
            lock.claims.insert(digest, Registered { text, post_hoc });
        }
        Ok(lock)
    }

    /// The text of the lock file, entries sorted by source.
    #[must_use]
    pub fn to_text(&self) -> String {
        let sources: BTreeSet<&String> = self.pins.keys().chain(self.estimates.keys()).collect();
        let claim = |(digest, Registered { text, post_hoc }): (&Digest, &Registered)| ClaimEntry {
            text: text.clone(),
            digest: digest.to_string(),
            post_hoc: *post_hoc,
        };
        let file = sources.into_iter().map(|source| self.entry(source)).collect();
        let claim = self.claims.iter().map(claim).collect();
        let disk = OnDisk { version: VERSION, study: self.study.clone(), file, claim };
        // Plain strings and numbers always have a TOML form.
        format!("{HEADING}{}", toml::to_string(&disk).unwrap_or_default())
    }

    fn entry(&self, source: &str) -> Entry {
        let (pin, estimate) = (self.pins.get(source), self.estimates.get(source).copied().unwrap_or_default());
        Entry {
            source: source.to_owned(),
            unpinned: pin.is_none(),
            sha256: pin.map(|pin| pin.sha256.clone()),
            size: pin.map_or(estimate.size, |pin| pin.size),
            commit: pin.and_then(|pin| pin.commit.clone()),
            model: estimate.model,
            files: pin.map(|pin| pin.files.clone()).unwrap_or_default(),
        }
    }

    /// What is believed of a source: its size where it is not pinned, its dimensions where it is a model.
    #[must_use]
    pub fn estimate(&self, source: &Source) -> Option<Estimate> {
        self.estimates.get(&source.to_string()).copied()
    }

    /// The pin of a source.
    #[must_use]
    pub fn get(&self, source: &Source) -> Option<&Pin> {
        self.pins.get(&source.to_string())
    }

    /// Pins a source. What was believed of its size is forgotten.
    pub fn insert(&mut self, source: &Source, pin: Pin) {
        let source = source.to_string();
        match self.estimates.get_mut(&source) {
            Some(Estimate { size, model: Some(_) }) => *size = None,
            Some(_) | None => drop(self.estimates.remove(&source)),
        }
        self.pins.insert(source, pin);
    }

    /// When a claim was first seen.
    #[must_use]
    pub fn claim(&self, digest: &Digest) -> Option<&Registered> {
        self.claims.get(digest)
    }

    /// Registers a claim, unless it is there: what was first written of it stays.
    pub fn register(&mut self, digest: Digest, claim: Registered) {
        self.claims.entry(digest).or_insert(claim);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nonsense_is_refused() {
        let mut lock = Lock::default();
        let url = |url: &str| Source::Url { url: url.to_owned() };
        lock.insert(&url("https://b.example/x"), Pin { sha256: "ab".repeat(32), size: Some(3), ..Pin::default() });
        lock.insert(&url("https://a.example/y"), Pin { sha256: "cd".repeat(32), ..Pin::default() });
        let shard = |number: u8| PinnedFile { path: format!("m-{number}.gguf"), size: 1, sha256: "ef".repeat(32) };
        let (commit, files) = (Some("c0ffee".to_owned()), vec![shard(1), shard(2)]);
        lock.insert(&url("https://c.example/z"), Pin { sha256: "01".repeat(32), size: Some(2), commit, files });
        let (digest, text) = (Digest::of(b"a claim"), "relatives gain no more".to_owned());
        lock.register(digest, Registered { text, post_hoc: true });
        lock.register(digest, Registered { text: "another word".to_owned(), post_hoc: false });
        assert!(lock.claim(&digest).is_some_and(|claim| claim.post_hoc), "what was first written stays");
        let text = lock.to_text();
        assert!(text.find("a.example") < text.find("b.example"), "sorted by source");
        assert_eq!(Lock::parse(&text), Ok(lock));
        assert!(Lock::parse(&text.replace("version = 1", "version = 9")).is_err_and(|why| why.contains("version 9")));
        assert!(Lock::parse(&text.replace("abab", "zz")).is_err_and(|why| why.contains("b.example")));
        assert!(Lock::parse(&text.replace("efef", "zz")).is_err_and(|why| why.contains("c.example")));
        let twice = format!("{text}\n{}", &text[text.find("[[file]]").expect("an entry")..]);
        assert!(Lock::parse(&twice).is_err_and(|why| why.contains("two entries for https://a.example")));
        assert!(Lock::parse("x = [").is_err());
    }

    #[test]
    fn an_estimate_is_kept_until_the_file_is_pinned_and_a_model_s_dimensions_stay() {
        let text = "version = 1\n\n[[file]]\nsource = \"https://a.example/m.gguf\"\nunpinned = true\nsize = 400\n\n\
                    [file.model]\nparameters = 100\nlayers = 2\nwidth = 8\nattention = 8\ncache = 4\nfeed_forward = 16\n\
                    vocabulary = 10\n\n[[file]]\nsource = \"https://a.example/rows\"\nunpinned = true\nsize = 7\n";
        let mut lock = Lock::parse(text).expect("a lock");
        let [model, rows] = ["m.gguf", "rows"].map(|name| Source::Url { url: format!("https://a.example/{name}") });
        assert_eq!((lock.get(&model), lock.estimate(&model).and_then(|it| it.size)), (None, Some(400)));
        assert!(lock.to_text().ends_with(&text["version = 1\n\n".len()..]), "{}", lock.to_text());
        for source in [&model, &rows] {
            lock.insert(source, Pin { sha256: "ab".repeat(32), size: Some(401), ..Pin::default() });
        }
        assert_eq!(lock.estimate(&rows), None);
        let known = lock.estimate(&model).expect("its dimensions");
        assert_eq!((known.size, known.model.map(|model| model.layers)), (None, Some(2)));
        assert_eq!(Lock::parse(&lock.to_text()), Ok(lock));
        let both = text.replacen("size = 400", &format!("sha256 = \"{}\"", "ab".repeat(32)), 1);
        assert!(Lock::parse(&both).is_err_and(|why| why.contains("is `unpinned`, and has a sha256")));
        let neither = text.replacen("unpinned = true\n", "", 1);
        assert!(Lock::parse(&neither).is_err_and(|why| why.contains("neither a sha256 nor `unpinned = true`")));
    }
}
