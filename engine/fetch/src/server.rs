//! How the server of an address is to be treated: as any server, or as the model hub.

use ureq::http::Uri;

use crate::exchange::Head;
use crate::retry::Trouble;

/// What is known of the server of an address. Several connections ask it at once.
pub(crate) trait Server: Sync {
    /// A header that a request to this address needs.
    fn login(&self, to: &Uri) -> Option<(&'static str, String)>;
    /// Whether the address stands for the same bytes for ever.
    fn immutable(&self) -> bool;
    /// Looks whether the head of an answer speaks of the wanted file.
    fn check(&self, from: &Uri, head: &Head) -> Result<(), Trouble>;
    /// What a refusal means, where this server's words say more than its status.
    fn refusal(&self, from: &Uri, head: &Head) -> Option<Trouble>;
}

/// A server of which nothing is known.
pub(crate) struct Unknown;

impl Server for Unknown {
    fn login(&self, _: &Uri) -> Option<(&'static str, String)> {
        None
    }

    fn immutable(&self) -> bool {
        false
    }

    fn check(&self, _: &Uri, _: &Head) -> Result<(), Trouble> {
        Ok(())
    }

    fn refusal(&self, _: &Uri, _: &Head) -> Option<Trouble> {
        None
    }
}
