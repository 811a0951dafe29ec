//! What can go wrong with a store, and with one thing in it. Nothing here holds a login, or what a server says about one.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Why nothing more can be done with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The onlooker said so.
    #[error("stopped; run the same again to go on, only what is missing is moved")]
    Stopped,
    /// The target is no folder and no bucket.
    #[error("cannot use `{target}` as a store: {why}; name a folder, or `s3://BUCKET/PREFIX`")]
    Address {
        /// As it was written.
        target: String,
        /// What is wrong with it.
        why: String,
    },
    /// The environment has no login.
    #[error(
        "{store} needs a login: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_REGION, and AWS_ENDPOINT_URL where it is not Amazon's), or AWS_SKIP_SIGNATURE=true for a bucket that anyone may read"
    )]
    NoLogin {
        /// The store.
        store: String,
    },
    /// The network is forbidden.
    #[error("{store} is not on this machine, and {variable} forbids the network")]
    Offline {
        /// The store.
        store: String,
        /// The variable.
        variable: &'static str,
    },
    /// Nothing is there.
    #[error("there is no store at {store}; `xlt cache push` makes one, and this is the folder or prefix to name then")]
    NoStore {
        /// The store.
        store: String,
    },
    /// Something else is there.
    #[error(
        "{store} is no store of xlt's: {why}; name an empty folder or prefix, and nothing is put among other things"
    )]
    NotAStore {
        /// The store.
        store: String,
        /// What was seen.
        why: String,
    },
    /// It was made by a newer xlt.
    #[error("{store} has format {found}, this xlt knows format {known}; use a newer xlt")]
    Newer {
        /// The store.
        store: String,
        /// Its format.
        found: u64,
        /// Newest format that this version reads.
        known: u64,
    },
    /// It was made by an older xlt.
    #[error(
        "{store} has format {found}, which this xlt no longer reads (it knows {known}); push to another folder or prefix"
    )]
    Older {
        /// The store.
        store: String,
        /// Its format.
        found: u64,
        /// Oldest format that this version reads.
        known: u64,
    },
    /// The server says no.
    #[error(
        "{store} refuses to {doing}: {why}; look at the login (AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL) and at what it may do"
    )]
    Refused {
        /// The store.
        store: String,
        /// What was tried.
        doing: &'static str,
        /// What the server said.
        why: String,
    },
    /// Anything else, after a few tries.
    #[error("cannot {doing} {store}: {why}; run the same again to go on, only what is missing is moved")]
    Failed {
        /// The store.
        store: String,
        /// What was tried.
        doing: &'static str,
        /// What was met.
        why: String,
    },
    /// A disk operation failed where something arrives.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Threads cannot be started.
    #[error("cannot start what waits for the network: {source}")]
    Runtime {
        /// What the system said.
        source: io::Error,
    },
}

/// Why one thing was not moved. The others are not concerned. Fits after the name of the thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not there.
    #[error("is not there")]
    Missing,
    /// It cannot be read.
    #[error("cannot be read ({0})")]
    Unreadable(String),
    /// It is cut short, or longer than was announced.
    #[error("has {found} bytes in place of {expected}")]
    Size {
        /// What was announced.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// It is larger than anything of its kind.
    #[error("has {found} bytes, which nothing of its kind has")]
    TooLarge {
        /// What there is.
        found: u64,
    },
    /// Its bytes are not those of its name.
    #[error("has other bytes than its name says")]
    Bytes,
}

/// What an error says, in one line without the login: of what a server answered no more than its code and message, because the rest
/// may repeat what was signed, and that holds tokens.
pub(super) fn told(error: &object_store::Error, secrets: &[String]) -> String {
    let mut whole = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        if !whole.contains(&text) {
            whole = format!("{whole}: {text}");
        }
        source = inner.source();
    }
    let field = |name: &str| {
        let (_, rest) = whole.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(value, _)| value.to_owned())
    };
    let said = match (field("Code"), field("Message")) {
        (Some(code), Some(message)) => format!("{message} ({code})"),
        (Some(code), None) => code,
        (None, _) => whole.split(['<', '\n']).next().unwrap_or_default().trim_end_matches([' ', ':']).to_owned(),
    };
    secrets.iter().fold(said, |said, secret| said.replace(secret.as_str(), "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_server_answers_only_code_and_message_are_told() {
        let body = "403: <Error><Code>SignatureDoesNotMatch</Code><Message>no, AKIA1</Message>\
                    <StringToSign>x-amz-security-token:TOKEN</StringToSign></Error>";
        let error = object_store::Error::Generic { store: "S3", source: body.into() };
        assert_eq!(told(&error, &["AKIA1".to_owned()]), "no, … (SignatureDoesNotMatch)");
    }

    #[test]
    fn what_is_no_answer_of_a_server_is_told_to_its_first_line() {
        let error = object_store::Error::Generic { store: "S3", source: "no route\n<html>".into() };
        assert_eq!(told(&error, &[]), "Generic S3 error: no route");
    }
}
