//! A web server that does what it is told, once per connection, and remembers what it was asked. Requests are answered in the
//! order in which they come, and bodies sent side by side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How one connection is answered.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Version of the file; `Some`: ranges are honoured.
    etag: Option<String>,
    length: bool,
    send: Option<usize>,
    hang: bool,
    /// Held until the last byte is sent.
    token: Option<Arc<()>>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        let body = format!("<html>error {status}</html>").into_bytes();
        Self { status, headers: vec![], body, etag: None, length: true, send: None, hang: false, token: None }
    }
    /// 200 with a body; `Range` is ignored.
    pub(crate) fn plain(body: &[u8]) -> Self {
        Self { body: body.to_vec(), ..Self::status(200) }
    }
    /// A file that can be asked for in part while its version is `etag`.
    pub(crate) fn file(body: &[u8], etag: &str) -> Self {
        Self { etag: Some(format!("\"{etag}\"")), ..Self::plain(body) }
    }
    pub(crate) fn redirect(location: &str) -> Self {
        Self::status(302).header("Location", location)
    }
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    /// The connection ends after so many bytes of the body.
    pub(crate) fn cut(self, send: usize) -> Self {
        Self { send: Some(send), ..self }
    }
    /// The body ends with the connection; nothing says how long it is.
    pub(crate) fn without_length(self) -> Self {
        Self { length: false, ..self }
    }
    /// The connection stays open, silent, until the client leaves.
    pub(crate) fn then_hang(self) -> Self {
        Self { hang: true, ..self }
    }

    /// The token is held until the last byte is sent.
    pub(crate) fn holding(self, token: Arc<()>) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Status, extra headers and body for this request.
    fn answer(&self, request: &Request) -> (u16, Vec<(String, String)>, &[u8]) {
        let mut headers = self.headers.clone();
        let Some(etag) = &self.etag else { return (self.status, headers, &self.body) };
        headers.push(("ETag".to_owned(), etag.clone()));
        let unchanged = request.header("if-range").is_none_or(|version| version == etag);
        let total = self.body.len();
        match request.range().filter(|_| unchanged) {
            None => (200, headers, &self.body),
            Some((start, end)) if start < total => {
                let end = end.map_or(total, |last| total.min(last + 1));
                headers.push(("Content-Range".to_owned(), format!("bytes {start}-{}/{total}", end - 1)));
                (206, headers, &self.body[start..end])
            }
            Some(_) => {
                headers.push(("Content-Range".to_owned(), format!("bytes */{total}")));
                (416, headers, b"")
            }
        }
    }

    fn write(&self, stream: &mut TcpStream, request: &Request) -> std::io::Result<()> {
        let (status, headers, body) = self.answer(request);
        let mut head = format!("HTTP/1.1 {status} Whatever\r\n");
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        if self.length {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(&body[..self.send.unwrap_or(body.len()).min(body.len())])
    }
}

/// What a client sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first and the last byte of `Range`.
    pub(crate) fn range(&self) -> Option<(usize, Option<usize>)> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()))
    }

    fn read(stream: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers = lines.take_while(|line| !line.is_empty());
        let headers = headers
            .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())));
        Some(Self { path, headers: headers.collect() })
    }
}

/// A server on loopback, stopped when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers the first connection with the first reply and so on; the last one for ever.
    pub(crate) fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        let mut count = 0;
        Self::answering(move |_| {
            count += 1;
            replies[count.min(replies.len()) - 1].clone()
        })
    }

    /// Answers every request as `answer` says.
    pub(crate) fn answering(mut answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(vec![]));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, end) = (Arc::clone(&requests), Arc::clone(&stop));
        let thread = Some(thread::spawn(move || serve(&listener, &mut answer, &log, &end)));
        Self { address, requests, stop, thread }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/data/file.bin", self.base())
    }

    /// Scheme, host and port.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic in the server").clone()
    }

    /// What each request asked for in `Range`.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        self.requests().iter().map(|request| request.header("range").map(str::to_owned)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(
    listener: &TcpListener,
    answer: &mut dyn FnMut(&Request) -> Reply,
    log: &Mutex<Vec<Request>>,
    end: &AtomicBool,
) {
    for stream in listener.incoming().map_while(Result::ok) {
        if end.load(Ordering::SeqCst) {
            return;
        }
        let mut stream = stream;
        let Some(request) = Request::read(&stream) else {
            let _ = stream.write_all(b"HTTP/1.1 400 What?\r\nContent-Length: 0\r\n\r\n");
            continue;
        };
        log.lock().expect("no panic in a test").push(request.clone());
        let reply = answer(&request);
        thread::spawn(move || send(reply, &mut stream, &request));
    }
}

fn send(reply: Reply, stream: &mut TcpStream, request: &Request) {
    // The client may leave in the middle; that is its business.
    let _ = reply.write(stream, request);
    if reply.hang {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
        let _ = stream.read(&mut [0]);
    }
    drop(reply.token);
}
