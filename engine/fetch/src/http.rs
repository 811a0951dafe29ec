//! A file behind an address: asked for, resumed, retried, and believed only once it is whole.

use std::time::Duration;

use ureq::http::Uri;

use crate::exchange::{Exchange, Head};
use crate::landing::{Landed, Landing};
use crate::origin::Origin;
use crate::progress::Progress;
use crate::ranges::{self, Ending, Task};
use crate::retry::{Patience, Trouble};
use crate::server::Server;
use crate::want::Want;
use crate::{FetchError, Settings, Watch, address};

const REDIRECTS: u32 = 10;
/// A try that brought this much was not in vain, so a long download over a bad line does not run out of tries.
pub(crate) const STEP_FORWARD: u64 = 1 << 20;

/// Downloads `url` into the wanted folder.
pub(crate) fn fetch(
    url: &str,
    server: &dyn Server,
    want: &Want<'_>,
    watch: &dyn Watch,
    settings: &Settings,
) -> Result<Landed, FetchError> {
    let start = address::parse(url)?;
    let (origin, landing, parted) = take_up(url, want, watch)?;
    let spliced = landing.size() > 0;
    let mut download =
        Download { url, start, server, want, watch, settings, origin, landing, spliced, parted, alone: false };
    download.complete()?;
    // Where the address has always meant the same bytes, wrong ones were damaged on the way.
    if (download.spliced || server.immutable()) && download.landing.check(want, url).is_err() {
        watch.say(&format!("{url}: the bytes that arrived are not the right ones; starting over"));
        download.restart()?;
        download.complete()?;
    }
    Progress::new(watch).end(download.landing.size());
    let landed = download.landing.finish(want, url)?;
    Origin::forget(want.folder);
    ranges::forget(want.folder);
    Ok(landed)
}

/// What an earlier call has left of this very file, or an empty start; of a file in parts also its size.
fn take_up(url: &str, want: &Want<'_>, watch: &dyn Watch) -> Result<(Origin, Landing, Option<u64>), FetchError> {
    let fresh = || {
        ranges::forget(want.folder);
        Ok((Origin { url: url.to_owned(), validator: None }, Landing::create(want.folder)?, None))
    };
    let Some(origin) = Origin::load(want.folder).filter(|origin| origin.url == url) else { return fresh() };
    // Without a validator or a hash nothing would tell a file stitched together from two versions.
    if origin.validator.is_none() && !want.knows_content() {
        return fresh();
    }
    if let Some((landing, total)) = ranges::resume(want)? {
        return Ok((origin, landing, Some(total)));
    }
    ranges::forget(want.folder);
    let landing = Landing::resume(want.folder, watch)?;
    if landing.size() > 0 {
        watch.say(&format!("{url}: {} bytes are here already", landing.size()));
    }
    Ok((origin, landing, None))
}

struct Download<'a> {
    url: &'a str,
    start: Uri,
    server: &'a dyn Server,
    want: &'a Want<'a>,
    watch: &'a dyn Watch,
    settings: &'a Settings,
    origin: Origin,
    landing: Landing,
    /// Whether the bytes came in more than one answer.
    spliced: bool,
    /// The size of a file that is to come in parts.
    parted: Option<u64>,
    /// Whether parts were tried in vain.
    alone: bool,
}

impl Download<'_> {
    /// Tries until every byte is here.
    fn complete(&mut self) -> Result<(), FetchError> {
        let mut patience = Patience::new(self.url, self.settings);
        let mut furthest = self.landing.size();
        loop {
            match self.attempt() {
                Ok(()) => return Ok(()),
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing { why, wait }) => {
                    if self.landing.size() >= furthest + STEP_FORWARD {
                        furthest = self.landing.size();
                        patience.renew();
                    }
                    patience.wait(why, wait, self.watch)?;
                }
            }
        }
    }

    fn attempt(&mut self) -> Result<(), Trouble> {
        if let Some(total) = self.parted.or(self.want.size.filter(|&size| self.is_large(size)))
            && self.in_parts(total)?
        {
            return Ok(());
        }
        if self.want.size == Some(self.landing.size()) {
            return Ok(());
        }
        let answer = self.ask()?;
        let total = match answer.head.status {
            200 => self.whole(&answer.head)?,
            206 => self.rest(&answer.head)?,
            416 => return self.beyond_the_end(&answer.head),
            status => return Err(refusal(self.url, status, &answer.head, self.settings)),
        };
        if let Some(total) = total {
            self.check_total(total)?;
            if self.sends_parts(&answer.head, total) {
                drop(answer);
                self.parted = Some(total);
                return self.attempt();
            }
        }
        self.receive(&answer, total)
    }

    /// Several connections bring what is missing; `false` where one has to do.
    fn in_parts(&mut self, total: u64) -> Result<bool, FetchError> {
        let Self { url, server, want, settings, .. } = *self;
        let task = Task { url, start: &self.start, server, want, settings, total };
        self.parted = None;
        match ranges::download(&task, &mut self.origin, &mut self.landing, self.watch)? {
            Ending::Whole => {
                self.spliced = true;
                Ok(true)
            }
            Ending::Alone(why) => {
                self.watch.say(&format!("{url}: {why}; going on with one connection"));
                self.alone = true;
                Ok(false)
            }
        }
    }

    /// Whether so much is missing of a file of this size that several connections are worth it.
    fn is_large(&self, size: u64) -> bool {
        let Settings { connections, large, part, .. } = *self.settings;
        !self.alone && connections > 1 && size >= large && size.saturating_sub(self.landing.size()) > part
    }

    /// Whether a server that has begun to send a whole file can send it in parts, too, and says which version that is.
    fn sends_parts(&self, head: &Head, total: u64) -> bool {
        let ranges = head.header("accept-ranges").is_some_and(|unit| unit.trim().eq_ignore_ascii_case("bytes"));
        let told = validator(head).is_some() || self.want.knows_content();
        head.status == 200 && ranges && told && self.is_large(total)
    }

    /// Refuses a file of another size before it arrives.
    fn check_total(&self, total: u64) -> Result<(), Trouble> {
        match self.want.size {
            Some(size) if size != total && self.server.immutable() => {
                Err(Trouble::passing(format!("the server sends {total} bytes where {size} were announced")))
            }
            _ => Ok(self.want.check_size(total, self.url)?),
        }
    }

    /// Sends the request, for the missing part if some is here, and follows redirects.
    fn ask(&self) -> Result<Exchange, Trouble> {
        let mut headers = vec![("accept-encoding", "identity".to_owned())];
        if self.landing.size() > 0 {
            headers.push(("range", format!("bytes={}-", self.landing.size())));
            headers.extend(self.origin.validator.clone().map(|validator| ("if-range", validator)));
        }
        ask(self.url, &self.start, &headers, self.server, self.settings, self.watch)
    }

    /// The whole file comes: also when only its rest was asked for, because the server cannot, or it has changed.
    fn whole(&mut self, head: &Head) -> Result<Option<u64>, Trouble> {
        if self.landing.size() > 0 {
            self.watch.say(&format!("{}: the server sends the file from the start", self.url));
        }
        self.restart()?;
        let url = self.url.to_owned();
        if let Some(encoding) = head.header("content-encoding").filter(|name| !name.eq_ignore_ascii_case("identity")) {
            return Err(FetchError::Compressed { url, encoding: encoding.to_owned() }.into());
        }
        if !self.want.knows_content() && is_web_page(self.start.path(), head) {
            return Err(FetchError::WebPage { url }.into());
        }
        let total = head.header("content-length").and_then(|text| text.trim().parse().ok());
        // A chunked body has an end of its own. A body that ends with its connection has none.
        let has_end = total.is_some() || head.header("transfer-encoding").is_some();
        if !has_end && self.want.size.is_none() && !self.want.knows_content() {
            return Err(FetchError::LengthUnknown { url }.into());
        }
        self.origin.validator = validator(head);
        self.origin.save(self.want.folder)?;
        Ok(total)
    }

    /// The rest comes, if it is the rest of what is here.
    fn rest(&mut self, head: &Head) -> Result<Option<u64>, Trouble> {
        let here = self.landing.size();
        let range = head.header("content-range").and_then(parse_range);
        match range {
            Some((start, total)) if start == Some(here) && self.is_same(head) => {
                self.spliced = true;
                Ok(total)
            }
            _ => self.start_over("the server sent another part than asked for"),
        }
    }

    /// Nothing is left to send: everything is here, or what is here is not what the server has.
    fn beyond_the_end(&mut self, head: &Head) -> Result<(), Trouble> {
        let total = head.header("content-range").and_then(parse_range).and_then(|(_, total)| total);
        if total == Some(self.landing.size()) && total > Some(0) && self.is_same(head) {
            return self.check_total(self.landing.size());
        }
        self.start_over("what is here does not fit the file on the server")
    }

    /// Whether the answer speaks of the version that the partial belongs to. `If-Range` has asked for that already;
    /// some servers do not listen.
    fn is_same(&self, head: &Head) -> bool {
        match (&self.origin.validator, validator(head)) {
            (Some(ours), Some(theirs)) => *ours == theirs,
            (Some(_), None) | (None, _) => self.want.knows_content(),
        }
    }

    fn restart(&mut self) -> Result<(), FetchError> {
        self.spliced = false;
        // A server that sends the wrong parts may still send the right whole.
        self.alone |= self.landing.in_parts();
        self.landing.restart()?;
        if self.landing.in_parts() { ranges::leave(&mut self.landing, self.want.folder) } else { Ok(()) }
    }

    fn start_over<T>(&mut self, why: &str) -> Result<T, Trouble> {
        self.restart()?;
        Err(Trouble::passing(why))
    }

    fn receive(&mut self, answer: &Exchange, total: Option<u64>) -> Result<(), Trouble> {
        let total = total.or(self.want.size);
        let progress = Progress::new(self.watch);
        while let Some(bytes) = answer.next(self.watch)? {
            self.landing.write(&bytes)?;
            progress.step(self.landing.size(), total)?;
            if total.is_some_and(|total| self.landing.size() > total) {
                break;
            }
        }
        let got = self.landing.size();
        match total {
            Some(total) if got < total => Err(Trouble::passing(format!("only {got} of {total} bytes arrived"))),
            // Too much: the size is wrong, and `finish` says so. Without a size from anywhere the hash decides.
            _ => Ok(()),
        }
    }
}

/// Sends a request and follows redirects; a server's own login goes to nobody else.
pub(crate) fn ask(
    url: &str,
    start: &Uri,
    headers: &[(&'static str, String)],
    server: &dyn Server,
    settings: &Settings,
    watch: &dyn Watch,
) -> Result<Exchange, Trouble> {
    settings.online(&url)?;
    let mut uri = start.clone();
    for _ in 0..=REDIRECTS {
        let headers: Vec<_> = headers.iter().cloned().chain(server.login(&uri)).collect();
        let answer = Exchange::open(&uri, &headers, settings, watch)?;
        if answer.head.status >= 400
            && let Some(trouble) = server.refusal(&uri, &answer.head)
        {
            return Err(trouble);
        }
        server.check(&uri, &answer.head)?;
        match (answer.head.status, answer.head.header("location")) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => uri = address::follow(url, &uri, location)?,
            _ => return Ok(answer),
        }
    }
    Err(FetchError::TooManyRedirects { url: url.to_owned(), limit: REDIRECTS }.into())
}

/// What a status other than success means.
pub(crate) fn refusal(url: &str, status: u16, head: &Head, settings: &Settings) -> Trouble {
    let url = url.to_owned();
    let error = match status {
        408 | 425 | 429 | 500..=599 => return later(&url, head, format!("the server answered {status}"), settings),
        401 => FetchError::LoginNeeded { url },
        403 => FetchError::Forbidden { url },
        404 | 410 => FetchError::NotFound { url, status },
        _ => FetchError::Refused { url, status },
    };
    error.into()
}

/// The server may do it later: at once unless it says when, and not at all if that is too long to wait.
pub(crate) fn later(url: &str, head: &Head, why: String, settings: &Settings) -> Trouble {
    // A date instead of seconds is allowed too; then our own waiting time has to do.
    let wait = head.header("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    match wait {
        Some(wait) if wait > settings.longest_wait => {
            FetchError::AskedToWait { url: url.to_owned(), status: head.status, seconds: wait.as_secs() }.into()
        }
        _ => Trouble::Passing { why, wait },
    }
}

/// What `If-Range` may carry: a strong `ETag`, else `Last-Modified`.
pub(crate) fn validator(head: &Head) -> Option<String> {
    let strong = head.header("etag").filter(|etag| etag.starts_with('"'));
    strong.or_else(|| head.header("last-modified")).map(str::to_owned)
}

/// Of `Content-Range`, `bytes 5-9/10`, `bytes 5-9/*` and `bytes */10`: the start and the total.
pub(crate) fn parse_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let start = range.split_once('-').and_then(|(start, _)| start.parse().ok());
    Some((start, total.parse().ok()))
}

pub(crate) fn is_web_page(path: &str, head: &Head) -> bool {
    let wanted = [".html", ".htm", ".xhtml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    let sent = head.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("text/html"));
    sent && !wanted
}
