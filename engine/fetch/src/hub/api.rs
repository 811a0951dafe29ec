//! The hub's API: which commit a revision is, and which files it has.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Uri;
use xlt_core::inner;

use super::{HubError, Place};
use crate::exchange::Head;
use crate::retry::{Patience, Trouble};
use crate::server::Server;
use crate::{FetchError, Settings, Watch, address, http};

/// Pages of a list of files; the hub puts a thousand files on one.
const PAGES: usize = 1000;
/// Bytes of one answer.
const LARGEST: usize = 64 << 20;

/// A file of a repository as the hub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) content: Content,
}

/// By what its bytes are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A large file's SHA-256.
    Sha256(String),
    /// A small file's git blob name.
    Git(String),
}

#[derive(Deserialize)]
struct Revision {
    sha: String,
}

#[derive(Deserialize)]
struct Row {
    r#type: String,
    path: String,
    #[serde(default)]
    size: u64,
    oid: String,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

/// A hub that is asked.
pub(super) struct Hub<'a> {
    base: String,
    origin: Uri,
    bearer: Option<String>,
    pub(super) settings: &'a Settings,
}

impl<'a> Hub<'a> {
    pub(super) fn new(settings: &'a Settings) -> Result<Self, FetchError> {
        let base = settings.hub.trim_end_matches('/').to_owned();
        let origin = address::parse(&base)?;
        let bearer = match &settings.token {
            Some(token) => Some(token.bearer().ok_or(HubError::BadToken)?),
            None => None,
        };
        Ok(Self { base, origin, bearer, settings })
    }

    /// The commit that a revision is now.
    pub(super) fn commit(&self, place: &Place<'_>, watch: &dyn Watch) -> Result<String, FetchError> {
        let url = format!("{}/revision/{}", self.api(place), encode(place.revision(), ""));
        let (Revision { sha }, _) = self.get(&url, place, watch)?;
        if !is_hex(&sha, 40) {
            let why = "it names no commit".to_owned();
            return Err(HubError::Foreign { url, why }.into());
        }
        watch.say(&format!("{}: {} is commit {sha}", place.repository(), place.revision()));
        Ok(sha)
    }

    /// All files of a commit.
    pub(super) fn files(&self, place: &Place<'_>, commit: &str, watch: &dyn Watch) -> Result<Vec<Listed>, FetchError> {
        let first = format!("{}/tree/{commit}?recursive=true", self.api(place));
        let mut url = first.clone();
        let mut files = Vec::new();
        for _ in 0..PAGES {
            let (rows, next): (Vec<Row>, _) = self.get(&url, place, watch)?;
            for row in rows.into_iter().filter(|row| row.r#type == "file") {
                let strange = |why| HubError::Foreign { url: url.clone(), why };
                files.push(row.listed().map_err(strange)?);
            }
            match next {
                Some(next) => url = next,
                None => return Ok(files),
            }
        }
        let why = format!("its list of files has more than {PAGES} pages");
        Err(HubError::Foreign { url: first, why }.into())
    }

    /// Where the bytes of a file of a commit are.
    pub(super) fn address(&self, place: &Place<'_>, commit: &str, path: &str) -> String {
        let kind = if place.dataset { "datasets/" } else { "" };
        format!("{}/{kind}{}/resolve/{commit}/{}", self.base, place.repo, encode(path, "/"))
    }

    fn api(&self, place: &Place<'_>) -> String {
        let kind = if place.dataset { "datasets" } else { "models" };
        format!("{}/api/{kind}/{}", self.base, place.repo)
    }

    /// An answer in JSON, and where its next page is.
    fn get<T: DeserializeOwned>(
        &self,
        url: &str,
        place: &Place<'_>,
        watch: &dyn Watch,
    ) -> Result<(T, Option<String>), FetchError> {
        let mut patience = Patience::new(url, self.settings);
        let (body, next) = loop {
            match self.attempt(url, place, watch) {
                Ok(answer) => break answer,
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing { why, wait }) => patience.wait(why, wait, watch)?,
            }
        };
        let value = serde_json::from_slice(&body)
            .map_err(|error| HubError::Foreign { url: url.to_owned(), why: format!("no such JSON: {error}") })?;
        Ok((value, next))
    }

    fn attempt(&self, url: &str, place: &Place<'_>, watch: &dyn Watch) -> Result<(Vec<u8>, Option<String>), Trouble> {
        let uri = address::parse(url)?;
        let headers = [("accept", "application/json".to_owned()), ("accept-encoding", "identity".to_owned())];
        let answer = http::ask(url, &uri, &headers, &Api { hub: self, place }, self.settings, watch)?;
        if answer.head.status != 200 {
            return Err(http::refusal(url, answer.head.status, &answer.head, self.settings));
        }
        let mut body = Vec::new();
        while let Some(bytes) = answer.next(watch)? {
            body.extend(bytes);
            if body.len() > LARGEST {
                let why = "it goes on and on".to_owned();
                return Err(FetchError::from(HubError::Foreign { url: url.to_owned(), why }).into());
            }
        }
        let next = answer.head.header("link").and_then(next_page);
        let next = next.map(|next| address::follow(url, &uri, next)).transpose()?;
        Ok((body, next.map(|next| next.to_string())))
    }

    /// The login, for the hub itself and nobody else.
    pub(super) fn login(&self, to: &Uri) -> Option<(&'static str, String)> {
        self.bearer.clone().filter(|_| self.is_origin(to)).map(|bearer| ("authorization", bearer))
    }

    /// Whether an address is on the hub's own server: scheme, host and port (RFC 6454, 4).
    pub(super) fn is_origin(&self, uri: &Uri) -> bool {
        let origin = |uri: &Uri| {
            let scheme = uri.scheme_str().unwrap_or_default().to_owned();
            let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
            (scheme, uri.host().unwrap_or_default().to_ascii_lowercase(), port)
        };
        origin(uri) == origin(&self.origin)
    }

    /// What a refusal by the hub means.
    pub(super) fn refusal(&self, place: &Place<'_>, from: &Uri, head: &Head) -> Option<Trouble> {
        if !self.is_origin(from) {
            return None;
        }
        let repo = place.repository();
        let page = || format!("{}/{}{}", self.base, if place.dataset { "datasets/" } else { "" }, place.repo);
        let error = match (head.header("x-error-code"), head.status) {
            (_, 429) => {
                let why = "the hub answered 429, too many requests; with HF_TOKEN it allows more".to_owned();
                return Some(http::later(&from.to_string(), head, why, self.settings));
            }
            (Some("GatedRepo"), _) if self.bearer.is_some() => HubError::NotAdmitted { repo, page: page() },
            (Some("GatedRepo"), _) => HubError::Gated { repo, page: page() },
            (Some("RepoNotFound"), _) => HubError::NoRepository { repo },
            (Some("RevisionNotFound"), _) => HubError::NoRevision { repo, revision: place.revision().to_owned() },
            (None, 401) if self.bearer.is_some() => HubError::TokenRefused { repo },
            (None, 401 | 404) => HubError::NoRepository { repo },
            (Some(_), status @ 400..=499) => {
                let why = head.header("x-error-message").unwrap_or("without a reason").to_owned();
                HubError::Refused { repo, why, status }
            }
            _ => return None,
        };
        Some(FetchError::from(error).into())
    }
}

/// The hub while the API is asked.
struct Api<'a> {
    hub: &'a Hub<'a>,
    place: &'a Place<'a>,
}

impl Server for Api<'_> {
    fn login(&self, to: &Uri) -> Option<(&'static str, String)> {
        self.hub.login(to)
    }

    fn immutable(&self) -> bool {
        false
    }

    fn check(&self, _: &Uri, _: &Head) -> Result<(), Trouble> {
        Ok(())
    }

    fn refusal(&self, from: &Uri, head: &Head) -> Option<Trouble> {
        self.hub.refusal(self.place, from, head)
    }
}

impl Row {
    /// The file, or why it can be none: it is put in a folder under a name of the hub's, which must not lead elsewhere.
    fn listed(self) -> Result<Listed, String> {
        if let Some(fault) = inner::fault(&self.path) {
            return Err(format!("it lists the path {:?}, which {fault}", self.path));
        }
        let sound = match &self.lfs {
            Some(lfs) => is_hex(&lfs.oid, 64),
            None => is_hex(&self.oid, 40),
        };
        if !sound {
            return Err(format!("what it says of {} makes no sense", self.path));
        }
        let (size, content) = match self.lfs {
            Some(lfs) => (lfs.size, Content::Sha256(lfs.oid.to_ascii_lowercase())),
            None => (self.size, Content::Git(self.oid.to_ascii_lowercase())),
        };
        Ok(Listed { path: self.path, size, content })
    }
}

pub(super) fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The address after `rel="next"` (RFC 8288).
fn next_page(link: &str) -> Option<&str> {
    link.split('<').skip(1).find_map(|entry| {
        let (address, parameters) = entry.split_once('>')?;
        parameters.contains("rel=\"next\"").then_some(address)
    })
}

/// Everything but letters, digits, `-._~` and what is in `keep` as `%XX` (RFC 3986, 2.3).
fn encode(text: &str, keep: &str) -> String {
    let byte = |byte: u8| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() || "-._~".contains(plain) || keep.contains(plain) => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_do_not_end_an_address() {
        assert_eq!(encode("a b/ä?#%.gguf", "/"), "a%20b/%C3%A4%3F%23%25.gguf");
        assert_eq!(encode("refs/pr/1", ""), "refs%2Fpr%2F1");
    }

    #[test]
    fn the_next_page_is_found_among_other_links() {
        let link = r#"<https://a.org/1>; rel="prev", <https://a.org/2?cursor=x,y>; rel="next""#;
        assert_eq!(next_page(link), Some("https://a.org/2?cursor=x,y"));
        assert_eq!(next_page(r#"<https://a.org/1>; rel="last""#), None);
    }
}
