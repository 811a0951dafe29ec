//! The lock file's text: what every remote file was when it was first fetched.

use crate::key::Digest;
use crate::plan::{Pin, PinnedFile};
use crate::spec::Source;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The pins of a study, by the source's text, and its claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pins: BTreeMap<String, Pin>,
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

const VERSION: u32 = 1;
const HEADING: &str = "# Written by xlt: what every remote file of the spec was when it was first fetched, and whether a claim was there\n\
                       # before the first answers. Keep it beside the spec.\n\
                       # To fetch a file anew, delete its entry.\n\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDisk {
    version: u32,
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
    sha256: String,
    size: Option<u64>,
    commit: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<PinnedFile>,
}

impl Entry {
    fn is_sound(&self) -> bool {
        let mut sums = std::iter::once(&self.sha256).chain(self.files.iter().map(|file| &file.sha256));
        sums.all(|sum| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()))
    }

    fn into_pin(self) -> (String, Pin) {
        let Self { source, mut sha256, size, commit, mut files } = self;
        sha256.make_ascii_lowercase();
        files.iter_mut().for_each(|file| file.sha256.make_ascii_lowercase());
        (source, Pin { sha256, size, commit, files })
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
        if let Some(entry) = disk.file.iter().find(|entry| !entry.is_sound()) {
            return Err(format!("the sha256 of {} is not 64 hexadecimal digits", entry.source));
        }
        let mut lock = Self::default();
        for (source, pin) in disk.file.into_iter().map(Entry::into_pin) {
            if lock.pins.insert(source.clone(), pin).is_some() {
                return Err(format!("it has two entries for {source}; keep the right one"));
            }
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
        let entry = |(source, pin): (&String, &Pin)| Entry {
            source: source.clone(),
            sha256: pin.sha256.clone(),
            size: pin.size,
            commit: pin.commit.clone(),
            files: pin.files.clone(),
        };
        let claim = |(digest, Registered { text, post_hoc }): (&Digest, &Registered)| ClaimEntry {
            text: text.clone(),
            digest: digest.to_string(),
            post_hoc: *post_hoc,
        };
        let (file, claim) = (self.pins.iter().map(entry).collect(), self.claims.iter().map(claim).collect());
        let disk = OnDisk { version: VERSION, file, claim };
        // Plain strings and numbers always have a TOML form.
        format!("{HEADING}{}", toml::to_string(&disk).unwrap_or_default())
    }

    /// The pin of a source.
    #[must_use]
    pub fn get(&self, source: &Source) -> Option<&Pin> {
        self.pins.get(&source.to_string())
    }

    /// Pins a source.
    pub fn insert(&mut self, source: &Source, pin: Pin) {
        self.pins.insert(source.to_string(), pin);
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
}
