//! How patient to be, and which programs to use. The only place of this crate that reads the environment, beside
//! `store/address.rs` with the login of a store.

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use crate::{FetchError, Token};

/// Where the model hub is.
const HUB: &str = "https://huggingface.co";
/// More connections than this crowd a server.
const CONNECTIONS: u64 = 32;
/// Variables that forbid the network; the last two are those of the hub's own client.
const OFFLINE: [&str; 3] = ["XLT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

/// How patient to be, and which programs to use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Tries in a row without a step forward before giving up.
    pub tries: u32,
    /// Wait before the second try; doubled before each later one.
    pub first_wait: Duration,
    /// The longest wait that a server may ask for (`Retry-After`) before we give up instead.
    pub longest_wait: Duration,
    /// How long a connection may be silent.
    pub timeout: Duration,
    /// How many connections bring the parts of a large file.
    pub connections: usize,
    /// Files of so many bytes and more are large.
    pub large: u64,
    /// Bytes of a part.
    pub part: u64,
    /// Proxy for all hosts but loopback ones.
    pub proxy: Option<ureq::Proxy>,
    /// The program to call as pip; `None`: `python3 -m pip`, `pip` or `pip3`, whichever works.
    pub pip: Option<OsString>,
    /// Address of the model hub, or of a mirror of it.
    pub hub: String,
    /// Login at the hub.
    pub token: Option<Token>,
    /// The variable that forbids the network, if one does.
    pub offline: Option<&'static str>,
    /// The folder in which the hub's own client keeps what it has downloaded; `None`: it is not looked at.
    pub hub_cache: Option<PathBuf>,
    /// Whether what is downloaded from the hub is put there too, where that folder exists.
    pub hub_cache_fill: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(5),
            timeout: Duration::from_secs(30),
            connections: 4,
            large: 64 << 20,
            part: 32 << 20,
            proxy: None,
            pip: None,
            hub: HUB.to_owned(),
            token: None,
            offline: None,
            hub_cache: None,
            hub_cache_fill: true,
        }
    }
}

impl Settings {
    /// The defaults, with `XLT_HTTP_TIMEOUT_S`, `XLT_CONNECTIONS`, `XLT_PIP`, `XLT_OFFLINE`, `XLT_HUB_CACHE_FILL`, the usual proxy variables
    /// (`HTTPS_PROXY`, `NO_PROXY`, ...), and what the hub's own client reads: `HF_ENDPOINT`, `HF_TOKEN` or else the file that
    /// its login leaves, `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`, and the variables that name its cache.
    #[must_use]
    pub fn from_env() -> Self {
        let number = |name| env::var(name).ok().and_then(|text| text.trim().parse::<u64>().ok()).filter(|&n| n > 0);
        let home = |name| (name == "HOME").then(env::home_dir).flatten().map(OsString::from);
        let lookup = |name: &'static str| env::var_os(name).or_else(|| home(name));
        let defaults = Self::default();
        Self {
            timeout: number("XLT_HTTP_TIMEOUT_S").map_or(defaults.timeout, Duration::from_secs),
            connections: number("XLT_CONNECTIONS").map_or(defaults.connections, |n| n.min(CONNECTIONS) as usize),
            proxy: ureq::Proxy::try_from_env(),
            pip: set(&lookup, "XLT_PIP"),
            hub: env::var("HF_ENDPOINT").ok().filter(|address| !address.is_empty()).unwrap_or(defaults.hub),
            token: token(&lookup),
            offline: OFFLINE.into_iter().find(|name| env::var_os(name).is_some_and(|value| is_true(&value))),
            hub_cache: hub_cache(&lookup),
            hub_cache_fill: env::var_os("XLT_HUB_CACHE_FILL").is_none_or(|value| is_true(&value)),
            ..defaults
        }
    }

    /// Refuses to ask the network for `wanted` where that is forbidden.
    pub(crate) fn online(&self, wanted: &dyn Display) -> Result<(), FetchError> {
        match self.offline {
            Some(variable) => Err(FetchError::Offline { wanted: wanted.to_string(), variable }),
            None => Ok(()),
        }
    }
}

/// What a variable of the environment holds, if it is there.
type Lookup<'a> = &'a dyn Fn(&'static str) -> Option<OsString>;

/// A variable that is set to something.
fn set(lookup: Lookup<'_>, name: &'static str) -> Option<OsString> {
    lookup(name).filter(|value| !value.is_empty())
}

/// What the hub's own client takes for yes.
fn is_true(value: &OsString) -> bool {
    let value = value.to_string_lossy().trim().to_ascii_lowercase();
    ["1", "on", "yes", "true"].contains(&value.as_str())
}

fn token(lookup: Lookup<'_>) -> Option<Token> {
    // Set to nothing it means none, whatever the file says.
    if let Some(variable) = lookup("HF_TOKEN") {
        return variable.to_str().and_then(Token::new);
    }
    Token::new(&std::fs::read_to_string(hub_home(lookup)?.join("token")).ok()?)
}

/// Where the hub's own client keeps what it downloads.
fn hub_cache(lookup: Lookup<'_>) -> Option<PathBuf> {
    let named = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"].into_iter().find_map(|name| set(lookup, name));
    named.map(PathBuf::from).or_else(|| Some(hub_home(lookup)?.join("hub")))
}

/// Where the hub's own client keeps everything.
fn hub_home(lookup: Lookup<'_>) -> Option<PathBuf> {
    if let Some(home) = set(lookup, "HF_HOME") {
        return Some(home.into());
    }
    let home = || Some(PathBuf::from(set(lookup, "HOME")?).join(".cache"));
    Some(set(lookup, "XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?.join("huggingface"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], cache: Option<&str>) {
        let lookup = |name: &'static str| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(value))
        };
        assert_eq!(hub_cache(&lookup), cache.map(PathBuf::from));
    }

    #[test]
    fn the_hubs_cache_is_found_where_its_own_client_keeps_it() {
        let mut variables = vec![
            ("HF_HUB_CACHE", "/a"),
            ("HUGGINGFACE_HUB_CACHE", "/b"),
            ("HF_HOME", "/c"),
            ("XDG_CACHE_HOME", "/d"),
            ("HOME", "/e"),
        ];
        for place in ["/a", "/b", "/c/hub", "/d/huggingface/hub", "/e/.cache/huggingface/hub"] {
            check(&variables, Some(place));
            variables.remove(0);
        }
        check(&[], None);
        check(&[("HF_HUB_CACHE", ""), ("HF_HOME", ""), ("HOME", "/e")], Some("/e/.cache/huggingface/hub"));
    }

    #[test]
    fn yes_is_what_the_hubs_own_client_takes_for_yes() {
        for (text, yes) in [("1", true), ("ON", true), ("Yes", true), ("true", true), ("0", false), ("", false)] {
            assert_eq!(is_true(&OsString::from(text)), yes, "{text}");
        }
    }
}
