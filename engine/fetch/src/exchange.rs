//! One request and its answer, read on a thread of its own: a silent server never keeps us from stopping.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;

use ureq::Agent;
use ureq::http::{HeaderMap, Uri};

use crate::address::is_loopback;
use crate::retry::{NAP, Trouble};
use crate::{FetchError, Settings, Watch};

const BLOCK: usize = 256 << 10;
/// Blocks that may wait for the disk.
const AHEAD: usize = 8;

/// What the server said before the body.
pub(crate) struct Head {
    pub(crate) status: u16,
    headers: HeaderMap,
}

impl Head {
    /// A header's text, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

enum Part {
    Head(Head),
    Bytes(Vec<u8>),
    End,
    Failed(ureq::Error),
}

/// An answer that is being read.
pub(crate) struct Exchange {
    pub(crate) head: Head,
    /// The address that was asked.
    pub(crate) from: Uri,
    body: Stream,
}

/// The reading thread's other end. Dropping it closes the connection and so ends the thread.
struct Stream {
    url: String,
    agent: Agent,
    parts: Receiver<Part>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.agent.clone().shutdown();
    }
}

impl Exchange {
    /// Asks for `uri`, without following redirects, and waits for the head of the answer.
    pub(crate) fn open(
        uri: &Uri,
        headers: &[(&'static str, String)],
        settings: &Settings,
        watch: &dyn Watch,
    ) -> Result<Self, Trouble> {
        let agent = agent(uri, settings);
        let request = headers.iter().fold(agent.get(uri), |request, (name, value)| request.header(*name, value));
        let (sender, parts) = sync_channel(AHEAD);
        thread::spawn(move || {
            let last = match pump(request, &sender) {
                Ok(()) => Part::End,
                Err(error) => Part::Failed(error),
            };
            // The other end may have left, which is no trouble of ours.
            let _ = sender.send(last);
        });
        let body = Stream { url: without_query(uri), agent, parts };
        match body.next(watch)? {
            Part::Head(head) => Ok(Self { head, from: uri.clone(), body }),
            Part::Bytes(_) | Part::End | Part::Failed(_) => Err(Trouble::passing("the server did not answer")),
        }
    }

    /// The next bytes of the body; `None` at its end.
    pub(crate) fn next(&self, watch: &dyn Watch) -> Result<Option<Vec<u8>>, Trouble> {
        match self.body.next(watch)? {
            Part::Bytes(bytes) => Ok(Some(bytes)),
            Part::Head(_) | Part::End | Part::Failed(_) => Ok(None),
        }
    }
}

impl Stream {
    fn next(&self, watch: &dyn Watch) -> Result<Part, Trouble> {
        loop {
            if watch.stop() {
                return Err(FetchError::Stopped.into());
            }
            match self.parts.recv_timeout(NAP) {
                Ok(Part::Failed(error)) => return Err(judge(error, &self.url)),
                Ok(part) => return Ok(part),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Trouble::passing("the connection was dropped")),
            }
        }
    }
}

fn agent(uri: &Uri, settings: &Settings) -> Agent {
    let patience = Some(settings.timeout);
    let proxy = settings.proxy.clone().filter(|_| !is_loopback(uri));
    Agent::config_builder()
        .proxy(proxy)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("xlt/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(patience)
        .timeout_connect(patience)
        .timeout_per_read(patience)
        .timeout_per_write(patience)
        .build()
        .new_agent()
}

/// Runs on the reading thread until the body ends, something fails, or nobody listens any more.
fn pump(
    request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    sender: &SyncSender<Part>,
) -> Result<(), ureq::Error> {
    let (head, body) = request.call()?.into_parts();
    let mut listening = sender.send(Part::Head(Head { status: head.status.as_u16(), headers: head.headers })).is_ok();
    let mut reader = body.into_reader();
    while listening {
        let mut block = vec![0; BLOCK];
        let count = reader.read(&mut block)?;
        if count == 0 {
            break;
        }
        block.truncate(count);
        listening = sender.send(Part::Bytes(block)).is_ok();
    }
    Ok(())
}

/// Tells what may pass from what will not.
fn judge(error: ureq::Error, url: &str) -> Trouble {
    use ureq::Error as E;
    match error {
        // rustls reports a bad certificate, or a server that speaks no TLS, as invalid data.
        E::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => connect(url, error.to_string()),
        E::Io(error) => Trouble::passing(format!("the connection failed ({error})")),
        E::Timeout(_) => Trouble::passing("the server was silent for too long"),
        E::HostNotFound => Trouble::passing("the host was not found"),
        E::ConnectionFailed | E::Protocol(_) | E::BodyStalled => {
            Trouble::passing(format!("the answer broke off or is no HTTP ({error})"))
        }
        other => connect(url, other.to_string()),
    }
}

/// Redirects carry signed tokens in their queries, which do not belong in a log.
fn without_query(uri: &Uri) -> String {
    uri.to_string().split('?').next().unwrap_or_default().to_owned()
}

fn connect(url: &str, why: String) -> Trouble {
    FetchError::Connect { url: url.to_owned(), why }.into()
}
