//! What can be wrong with a file of the model hub, as data and as a sentence that says what to do next.

/// Why the hub does not give a file, or not the right one.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The token cannot be sent.
    #[error(
        "the token for the model hub has characters that no token has; set HF_TOKEN anew, or log in again with the hub's own client"
    )]
    BadToken,
    /// The hub does not know the token.
    #[error(
        "the model hub does not accept your token for {repo}; it may have expired: set HF_TOKEN to a valid one, or to nothing for a public repository"
    )]
    TokenRefused {
        /// `hf:ORG/REPO`.
        repo: String,
    },
    /// The author wants to know who downloads.
    #[error("{repo} is gated: log in at {page}, accept its terms there, and set HF_TOKEN to a token of your account")]
    Gated {
        /// `hf:ORG/REPO`.
        repo: String,
        /// Its page.
        page: String,
    },
    /// The same, and the token's account has not been let in.
    #[error(
        "{repo} is gated, and the account of your token may not read it: accept its terms at {page} with that account; the author may have to grant access"
    )]
    NotAdmitted {
        /// `hf:ORG/REPO`.
        repo: String,
        /// Its page.
        page: String,
    },
    /// No such repository, as far as we may see.
    #[error(
        "{repo} is not on the model hub, or is private: check the spelling (data sets are `hf:datasets/ORG/REPO/…`); a private one needs HF_TOKEN"
    )]
    NoRepository {
        /// `hf:ORG/REPO`.
        repo: String,
    },
    /// No such branch, tag or commit.
    #[error("{repo} has no branch, tag or commit `{revision}`; check the spelling")]
    NoRevision {
        /// `hf:ORG/REPO`.
        repo: String,
        /// What was asked for.
        revision: String,
    },
    /// A file that the lock or the list has is not there.
    #[error("{repo} has no file {path} at commit {commit}; if it is pinned, delete its entry in the lock file")]
    NoEntry {
        /// `hf:ORG/REPO`.
        repo: String,
        /// Path in the repository.
        path: String,
        /// The commit.
        commit: String,
    },
    /// The hub refuses for a reason of its own.
    #[error("the model hub refuses {repo}: {why} (it answered {status})")]
    Refused {
        /// `hf:ORG/REPO`.
        repo: String,
        /// Its words.
        why: String,
        /// HTTP status.
        status: u16,
    },
    /// The answer is not one of the hub's.
    #[error(
        "{url} does not answer as the model hub does ({why}); a proxy or a login page may be in between: check HF_ENDPOINT and the proxy settings"
    )]
    Foreign {
        /// The address.
        url: String,
        /// What is odd.
        why: String,
    },

    /// The pattern cannot be read.
    #[error("the pattern {pattern} cannot be read: {why}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        why: String,
    },
    /// No file of that name.
    #[error("{repo} has no file {path} at {revision}; {has}")]
    NoMatch {
        /// `hf:ORG/REPO`.
        repo: String,
        /// Path or pattern.
        path: String,
        /// What was asked for.
        revision: String,
        /// Names that it has, as a sentence.
        has: String,
    },
    /// Two files that a pattern means would have one name in the folder.
    #[error(
        "{path} means {first} and {second} of {repo}, which would be one file in a folder; write a pattern for each of their folders"
    )]
    OneName {
        /// `hf:ORG/REPO`.
        repo: String,
        /// The pattern.
        path: String,
        /// A file.
        first: String,
        /// Another one.
        second: String,
    },
    /// The pattern means several files that are no set.
    #[error("{path} means {count} files of {repo}: {first}; name one of them")]
    Several {
        /// `hf:ORG/REPO`.
        repo: String,
        /// Path or pattern.
        path: String,
        /// How many.
        count: usize,
        /// The first few.
        first: String,
    },
    /// A split GGUF of which pieces are missing.
    #[error("{repo} does not hold all pieces of {path}: {missing} is missing; name another file")]
    Incomplete {
        /// `hf:ORG/REPO`.
        repo: String,
        /// A piece that is there.
        path: String,
        /// The first piece that is not.
        missing: String,
    },

    /// The pinned file is not what the repository holds now.
    #[error(
        "{from} is another file now: SHA-256 {expected} is pinned, the model hub has {got}; if it was replaced on purpose, correct `sha256` in the spec or delete its entry in the lock file"
    )]
    Replaced {
        /// The source.
        from: String,
        /// Pinned hash.
        expected: String,
        /// The hub's.
        got: String,
    },
    /// The lock says what cannot be.
    #[error("the lock file's entry for {from} is damaged ({why}); delete it, or restore the file from version control")]
    BadPin {
        /// The source.
        from: String,
        /// What is wrong.
        why: String,
    },
}
