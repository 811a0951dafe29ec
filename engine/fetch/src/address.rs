//! Which addresses are asked, and where a redirect may lead: `https:`, and `http:` to this machine only.

use std::net::{Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;

use crate::FetchError;

/// Reads the address of an order.
pub(crate) fn parse(url: &str) -> Result<Uri, FetchError> {
    check(url).map_err(|why| FetchError::Address { url: without_secrets(url), why })
}

/// Where `location` leads from `here`; `url` is the address that was asked for first.
pub(crate) fn follow(url: &str, here: &Uri, location: &str) -> Result<Uri, FetchError> {
    let refuse = |why: String| FetchError::Redirect { url: url.to_owned(), to: without_secrets(location), why };
    let next = check(&join(here, location)).map_err(refuse)?;
    // `check` lets only loopback through without TLS; from the outside not even that is followed.
    if is_loopback(&next) && !is_loopback(here) {
        return Err(refuse("a server elsewhere may not point at this machine".to_owned()));
    }
    Ok(next)
}

/// An address as it may stand in an error and a log: without user and password, and without a query, which may be signed.
fn without_secrets(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("//").map_or(("", plain), |(scheme, rest)| (scheme, rest));
    let slashes = if plain.contains("//") { "//" } else { "" };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{slashes}…@{host}{path}"),
        None => plain.to_owned(),
    }
}

/// Whether the host is this machine, by name or by number. Names are not resolved: that answer could change.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || bare.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

fn check(url: &str) -> Result<Uri, String> {
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("{error}; spaces and letters outside ASCII are written as %XX in an address"))?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("it holds a user name or password, which would end up in logs".to_owned());
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_loopback(&uri) => Ok(uri),
        Some("http") => Err("plain http is only used on this machine; write https".to_owned()),
        _ => Err("it does not start with https:".to_owned()),
    }
}

/// RFC 3986, 5.2, without folding `..`, which servers do themselves.
fn join(here: &Uri, location: &str) -> String {
    let location = location.split('#').next().unwrap_or_default();
    let scheme = here.scheme_str().unwrap_or("https");
    let host = here.authority().map_or("", |authority| authority.as_str());
    let path = here.path();
    if has_scheme(location) {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{host}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{host}{path}{location}")
    } else {
        let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
        format!("{scheme}://{host}{folder}{location}")
    }
}

fn has_scheme(location: &str) -> bool {
    let is_scheme = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    location.split_once(':').is_some_and(|(name, _)| !name.is_empty() && is_scheme(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn leads(here: &str, location: &str, expected: Result<&str, &str>) {
        let here: Uri = here.parse().expect("a good address");
        match (follow("asked", &here, location), expected) {
            (Ok(uri), Ok(expected)) => assert_eq!(uri.to_string(), expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn a_location_is_read_as_a_browser_would() {
        leads("https://a.org/x/y?q", "z", Ok("https://a.org/x/z"));
        leads("https://a.org/x/y?q", "/z?w=a:b", Ok("https://a.org/z?w=a:b"));
        leads("https://a.org/x/y?q", "?r", Ok("https://a.org/x/y?r"));
        leads("https://a.org/x/y", "//b.org/z", Ok("https://b.org/z"));
        leads("https://a.org/x/y", "https://b.org:8443/z#part", Ok("https://b.org:8443/z"));
        leads("http://127.0.0.1:80/x", "http://localhost:81/y", Ok("http://localhost:81/y"));
    }

    #[test]
    fn a_redirect_never_leaves_tls_and_never_turns_to_this_machine() {
        leads("https://a.org/x", "http://a.org/x", Err("write https"));
        leads("http://127.0.0.1:80/x", "http://a.org/y", Err("write https"));
        leads("https://a.org/x", "http://127.0.0.1:80/", Err("may not point at this machine"));
        leads("https://a.org/x", "https://localhost/", Err("may not point at this machine"));
        leads("https://a.org/x", "ftp://a.org/x", Err("does not start with https"));
        leads("https://a.org/x", "https://me:secret@a.org/x", Err("user name or password"));
    }

    #[test]
    fn secrets_of_an_address_are_not_told() {
        let told = |error: FetchError| error.to_string();
        let error = told(parse("https://me:secret@a.org/x?key=secret").expect_err("refused"));
        assert!(error.contains("https://…@a.org/x") && !error.contains("secret"), "{error}");
        let here: Uri = "https://a.org/x".parse().expect("a good address");
        for location in ["http://b.org/x?signature=secret", "https://me:secret@b.org/x", "//me:secret@b.org"] {
            let error = told(follow("asked", &here, location).expect_err(location));
            assert!(error.contains("b.org") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in ["http://127.0.0.1:8000/x", "http://[::1]:8000/x", "http://localhost/x", "https://a.org/x"] {
            parse(url).expect(url);
        }
        for url in ["http://a.org/x", "http://127.0.0.1.a.org/x", "http://localhost.a.org/x", "a.org/x", "file:/x", ""]
        {
            parse(url).expect_err(url);
        }
    }
}
