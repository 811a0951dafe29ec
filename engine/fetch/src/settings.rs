//! How patient to be, and which programs to use. The only place of this crate that reads the environment.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::Token;

/// Where the model hub is.
const HUB: &str = "https://huggingface.co";

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
    /// Proxy for all hosts but loopback ones.
    pub proxy: Option<ureq::Proxy>,
    /// The program to call as pip; `None`: `python3 -m pip`, `pip` or `pip3`, whichever works.
    pub pip: Option<OsString>,
    /// Address of the model hub, or of a mirror of it.
    pub hub: String,
    /// Login at the hub.
    pub token: Option<Token>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(5),
            timeout: Duration::from_secs(30),
            proxy: None,
            pip: None,
            hub: HUB.to_owned(),
            token: None,
        }
    }
}

impl Settings {
    /// The defaults, with `XLT_HTTP_TIMEOUT_S`, `XLT_PIP`, the usual proxy variables (`HTTPS_PROXY`, `NO_PROXY`, ...), and
    /// what the hub's own client reads: `HF_ENDPOINT`, `HF_TOKEN` or else the file that its login leaves.
    #[must_use]
    pub fn from_env() -> Self {
        let seconds = env::var("XLT_HTTP_TIMEOUT_S").ok().and_then(|text| text.trim().parse::<u64>().ok());
        let defaults = Self::default();
        Self {
            timeout: seconds.filter(|&s| s > 0).map_or(defaults.timeout, Duration::from_secs),
            proxy: ureq::Proxy::try_from_env(),
            pip: env::var_os("XLT_PIP").filter(|program| !program.is_empty()),
            hub: env::var("HF_ENDPOINT").ok().filter(|address| !address.is_empty()).unwrap_or(defaults.hub),
            token: token(),
            ..defaults
        }
    }
}

fn token() -> Option<Token> {
    // Set to nothing it means none, whatever the file says.
    if let Some(variable) = env::var_os("HF_TOKEN") {
        return variable.to_str().and_then(Token::new);
    }
    let home = env::var_os("HF_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let folder = home.or_else(|| Some(env::home_dir()?.join(".cache/huggingface")))?;
    Token::new(&std::fs::read_to_string(folder.join("token")).ok()?)
}
