//! From what the user wrote to something that objects can be put into: a folder, or a bucket with the login of the environment.
//!
//! Beside [`crate::Settings`] the only place of this crate that reads the environment: the variables that AWS's own tools read.

use std::env;
use std::fs;
use std::path::absolute;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, RetryConfig};

use super::error::{StoreError, told};
use crate::Settings;

const SCHEME: &str = "s3://";
/// A server that says nothing for so long is not there.
const SILENCE: Duration = Duration::from_secs(60);
/// Names of what must not be told.
const SECRETS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Where a store is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) objects: Arc<dyn ObjectStore>,
    /// Before all names.
    prefix: Path,
    /// As it is told.
    pub(super) name: String,
    secrets: Vec<String>,
}

impl Place {
    /// `make`: a folder that is not there yet is made; otherwise it is taken for an empty one.
    pub(super) fn of(target: &str, make: bool) -> Result<Self, StoreError> {
        match target.strip_prefix(SCHEME) {
            Some(rest) => Self::bucket(target, rest),
            None => Self::folder(target, make),
        }
    }

    fn bucket(target: &str, rest: &str) -> Result<Self, StoreError> {
        let refuse = |why: String| StoreError::Address { target: target.to_owned(), why };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || bucket.contains(['@', '?', '#', ':']) {
            return Err(refuse("it names no bucket".to_owned()));
        }
        let prefix = Path::parse(prefix.trim_matches('/')).map_err(|error| refuse(error.to_string()))?;
        if let Some(variable) = Settings::from_env().offline {
            return Err(StoreError::Offline { store: target.to_owned(), variable });
        }
        if !has_login() {
            return Err(StoreError::NoLogin { store: target.to_owned() });
        }
        // The provider of `ureq`. That another one was installed before is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|address| !address.is_empty()))
            .is_some_and(|address| address.starts_with("http:"));
        // A part may take long on a slow line, so that only silence is limited, and not a request.
        let options = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(SILENCE)
            .with_connect_timeout(SILENCE / 6)
            .with_allow_http(plain);
        let objects = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_client_options(options)
            .with_retry(retries())
            .with_checksum_algorithm(Checksum::SHA256)
            .build()
            .map_err(|error| refuse(told(&error, &secrets())))?;
        let name = format!("{SCHEME}{bucket}/{prefix}");
        Ok(Self { objects: Arc::new(objects), prefix, name, secrets: secrets() })
    }

    fn folder(target: &str, make: bool) -> Result<Self, StoreError> {
        let refuse = |why: String| StoreError::Address { target: target.to_owned(), why };
        if let Some((scheme, _)) = target.split_once("://") {
            return Err(refuse(format!("`{scheme}:` is not known")));
        }
        let folder = absolute(target).map_err(|error| refuse(error.to_string()))?;
        if make {
            fs::create_dir_all(&folder).map_err(|error| refuse(error.to_string()))?;
        }
        let objects: Arc<dyn ObjectStore> = if folder.exists() {
            let files = LocalFileSystem::new_with_prefix(&folder).map_err(|error| refuse(told(&error, &[])))?;
            Arc::new(files.with_fsync(true))
        } else {
            Arc::new(InMemory::new())
        };
        Ok(Self { objects, prefix: Path::default(), name: folder.display().to_string(), secrets: vec![] })
    }

    /// Where a name lies.
    pub(super) fn path(&self, name: &str) -> Path {
        self.prefix.parts().chain(Path::from(name).parts()).collect()
    }

    /// What is told of an error that concerns the whole store.
    pub(super) fn failed(&self, doing: &'static str, error: &Error) -> StoreError {
        let (store, why) = (self.name.clone(), told(error, &self.secrets));
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => StoreError::Refused { store, doing, why },
            _ => StoreError::Failed { store, doing, why },
        }
    }
}

/// Tries for a minute and a half, but not so often that a server in trouble gets more of it.
fn retries() -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(200), ..BackoffConfig::default() };
    RetryConfig { backoff, max_retries: 8, retry_timeout: Duration::from_secs(90) }
}

/// Whether the environment has one of the logins that are read. Machines of a cloud could be asked for theirs; elsewhere that would
/// wait for nobody.
fn has_login() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    (set("AWS_ACCESS_KEY_ID") && set("AWS_SECRET_ACCESS_KEY"))
        || ["AWS_SKIP_SIGNATURE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_METADATA_ENDPOINT"].into_iter().any(set)
        || ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"].into_iter().any(set)
}

fn secrets() -> Vec<String> {
    SECRETS.into_iter().filter_map(|name| env::var(name).ok()).filter(|value| !value.is_empty()).collect()
}
