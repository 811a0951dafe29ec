//! A file behind an address: asked for, resumed, retried, and believed only once it is whole.

use std::time::Duration;

use ureq::http::Uri;

use crate::exchange::{Exchange, Head};
use crate::landing::{Landing, check_size};
use crate::origin::Origin;
use crate::progress::Progress;
use crate::retry::{Patience, Trouble};
use crate::{FetchError, Fetched, Order, Settings, Watch, address};

const REDIRECTS: u32 = 10;
/// A try that brought this much was not in vain, so a long download over a bad line does not run out of tries.
const STEP_FORWARD: u64 = 1 << 20;

/// Downloads `url` into the order's folder.
pub(crate) fn fetch(
    url: &str,
    order: &Order<'_>,
    watch: &dyn Watch,
    settings: &Settings,
) -> Result<Fetched, FetchError> {
    let start = address::parse(url)?;
    let (origin, landing) = take_up(url, order, watch)?;
    let mut download = Download { url, start, order, watch, settings, origin, spliced: landing.size() > 0, landing };
    download.complete()?;
    if download.spliced && order.sha256.is_some_and(|pin| pin != download.landing.sha256()) {
        watch.say(&format!("{url}: the resumed download does not match its SHA-256; starting over"));
        download.restart()?;
        download.complete()?;
    }
    Progress::new(watch).end(download.landing.size());
    let fetched = download.landing.finish(order, url)?;
    Origin::forget(order.folder);
    Ok(fetched)
}

/// What an earlier call has left of this very file, or an empty start.
fn take_up(url: &str, order: &Order<'_>, watch: &dyn Watch) -> Result<(Origin, Landing), FetchError> {
    let fresh = Origin { url: url.to_owned(), validator: None };
    let Some(origin) = Origin::load(order.folder).filter(|origin| origin.url == url) else {
        return Ok((fresh, Landing::create(order.folder)?));
    };
    let landing = Landing::resume(order.folder, watch)?;
    // Without a validator or a hash nothing would tell a file stitched together from two versions.
    if origin.validator.is_none() && order.sha256.is_none() {
        return Ok((fresh, Landing::create(order.folder)?));
    }
    if landing.size() > 0 {
        watch.say(&format!("{url}: {} bytes are here already", landing.size()));
    }
    Ok((origin, landing))
}

struct Download<'a> {
    url: &'a str,
    start: Uri,
    order: &'a Order<'a>,
    watch: &'a dyn Watch,
    settings: &'a Settings,
    origin: Origin,
    landing: Landing,
    /// Whether the bytes came in more than one answer.
    spliced: bool,
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
        if self.order.size == Some(self.landing.size()) {
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
            check_size(self.order, total, self.url)?;
        }
        self.receive(&answer, total)
    }

    /// Sends the request, for the missing part if some is here, and follows redirects.
    fn ask(&self) -> Result<Exchange, Trouble> {
        let mut headers = vec![("accept-encoding", "identity".to_owned())];
        if self.landing.size() > 0 {
            headers.push(("range", format!("bytes={}-", self.landing.size())));
            headers.extend(self.origin.validator.clone().map(|validator| ("if-range", validator)));
        }
        let mut uri = self.start.clone();
        for _ in 0..=REDIRECTS {
            let answer = Exchange::open(&uri, &headers, self.settings, self.watch)?;
            match (answer.head.status, answer.head.header("location")) {
                (301 | 302 | 303 | 307 | 308, Some(location)) => uri = address::follow(self.url, &uri, location)?,
                _ => return Ok(answer),
            }
        }
        Err(FetchError::TooManyRedirects { url: self.url.to_owned(), limit: REDIRECTS }.into())
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
        if self.order.sha256.is_none() && is_web_page(self.start.path(), head) {
            return Err(FetchError::WebPage { url }.into());
        }
        let total = head.header("content-length").and_then(|text| text.trim().parse().ok());
        // A chunked body has an end of its own. A body that ends with its connection has none.
        let has_end = total.is_some() || head.header("transfer-encoding").is_some();
        if !has_end && self.order.size.is_none() && self.order.sha256.is_none() {
            return Err(FetchError::LengthUnknown { url }.into());
        }
        self.origin.validator = validator(head);
        self.origin.save(self.order.folder)?;
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
            check_size(self.order, self.landing.size(), self.url)?;
            return Ok(());
        }
        self.start_over("what is here does not fit the file on the server")
    }

    /// Whether the answer speaks of the version that the partial belongs to. `If-Range` has asked for that already;
    /// some servers do not listen.
    fn is_same(&self, head: &Head) -> bool {
        match (&self.origin.validator, validator(head)) {
            (Some(ours), Some(theirs)) => *ours == theirs,
            (Some(_), None) => true,
            (None, _) => self.order.sha256.is_some(),
        }
    }

    fn restart(&mut self) -> Result<(), FetchError> {
        self.spliced = false;
        self.landing.restart()
    }

    fn start_over<T>(&mut self, why: &str) -> Result<T, Trouble> {
        self.restart()?;
        Err(Trouble::passing(why))
    }

    fn receive(&mut self, answer: &Exchange, total: Option<u64>) -> Result<(), Trouble> {
        let total = total.or(self.order.size);
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

/// What a status other than success means.
fn refusal(url: &str, status: u16, head: &Head, settings: &Settings) -> Trouble {
    let url = url.to_owned();
    let error = match status {
        408 | 425 | 429 | 500..=599 => {
            // A date instead of seconds is allowed too; then our own waiting time has to do.
            let wait = head.header("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            match wait {
                Some(wait) if wait > settings.longest_wait => {
                    FetchError::AskedToWait { url, status, seconds: wait.as_secs() }
                }
                _ => return Trouble::Passing { why: format!("the server answered {status}"), wait },
            }
        }
        401 => FetchError::LoginNeeded { url },
        403 => FetchError::Forbidden { url },
        404 | 410 => FetchError::NotFound { url, status },
        _ => FetchError::Refused { url, status },
    };
    error.into()
}

/// What `If-Range` may carry: a strong `ETag`, else `Last-Modified`.
fn validator(head: &Head) -> Option<String> {
    let strong = head.header("etag").filter(|etag| etag.starts_with('"'));
    strong.or_else(|| head.header("last-modified")).map(str::to_owned)
}

/// `bytes 5-9/10`, `bytes 5-9/*` and `bytes */10`: the start and the total.
fn parse_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let start = range.split_once('-').and_then(|(start, _)| start.parse().ok());
    Some((start, total.parse().ok()))
}

fn is_web_page(path: &str, head: &Head) -> bool {
    let wanted = [".html", ".htm", ".xhtml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    let sent = head.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("text/html"));
    sent && !wanted
}
