//! Files behind addresses, from servers of every temper.

use std::time::{Duration, Instant};

use xlt_fetch::FetchError;

use crate::desk::{Desk, assert_is, bytes};
use crate::server::{Reply, Server};

const SIZE: usize = 500_000;

#[test]
fn a_file_arrives_and_says_what_it_is() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a")]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(desk.left(), ["file"]);
    assert_eq!(desk.watch.steps.borrow().last(), Some(&(SIZE as u64, Some(SIZE as u64))));
    let request = &server.requests()[0];
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!((request.path.as_str(), request.header("range")), ("/data/file.bin", None));
}

#[test]
fn a_pinned_file_that_is_already_finished_is_not_asked_for_again() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a")]);
    let desk = Desk::new().pin(&body);
    desk.fetch_url(&server.url()).expect("a file");
    assert_is(&desk.fetch_url(&server.url()).expect("the same file"), &body);
    assert_eq!(server.requests().len(), 1);

    std::fs::write(desk.folder.path().join("file"), "damaged").expect("a damaged file");
    assert_is(&desk.fetch_url(&server.url()).expect("a new download"), &body);
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a").cut(200_000), Reply::file(&body, "a")]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(server.ranges(), [None, Some("bytes=200000-".to_owned())]);
    assert_eq!(server.requests()[1].header("if-range"), Some("\"a\""));
    assert!(desk.said("only 200000 of 500000 bytes arrived") || desk.said("the connection failed"));
}

#[test]
fn a_stopped_download_goes_on_in_the_next_run() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a").cut(200_000).then_hang(), Reply::file(&body, "a")]);
    let mut desk = Desk::new();
    desk.settings.timeout = Duration::from_secs(30);
    desk.watch.stop_at.set(Some(1));
    let start = Instant::now();
    assert!(matches!(desk.fetch_url(&server.url()), Err(FetchError::Stopped)));
    assert_eq!(desk.left(), ["partial", "partial.origin"]);

    desk.watch.stop_at.set(None);
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    let range = server.ranges()[1].clone().expect("a ranged request");
    assert_ne!(range, "bytes=0-");
    assert!(start.elapsed() < Duration::from_secs(5), "the first connection was kept open");
}

#[test]
fn a_silent_server_does_not_keep_us_from_stopping() {
    let server = Server::start([Reply::file(&bytes(SIZE), "a").cut(0).then_hang()]);
    let mut desk = Desk::new();
    desk.settings.timeout = Duration::from_secs(30);
    let start = Instant::now();
    desk.watch.stop_when.set(Some(start + Duration::from_millis(100)));
    assert!(matches!(desk.fetch_url(&server.url()), Err(FetchError::Stopped)));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_server_that_ignores_ranges_sends_everything_again() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::plain(&body).header("ETag", "\"a\"").cut(200_000), Reply::plain(&body)]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(server.ranges()[1].as_deref(), Some("bytes=200000-"));
    assert!(desk.said("from the start"));
}

#[test]
fn a_file_that_changed_between_two_tries_is_not_stitched_together() {
    let (old, new) = (vec![1; SIZE], bytes(SIZE));
    let server = Server::start([Reply::file(&old, "old").cut(200_000), Reply::file(&new, "new")]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("the new file"), &new);
}

#[test]
fn a_changed_file_is_noticed_even_if_the_server_ignores_if_range() {
    let (old, new) = (vec![1; SIZE], bytes(SIZE));
    let deaf = Reply::plain(&new[200_000..])
        .with_status(206)
        .header("ETag", "\"new\"")
        .header("Content-Range", "bytes 200000-499999/500000");
    let server = Server::start([Reply::file(&old, "old").cut(200_000), deaf, Reply::file(&new, "new")]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("the new file"), &new);
}

#[test]
fn the_wrong_part_is_not_appended() {
    let body = bytes(SIZE);
    let wrong = Reply::plain(&body[100_000..]).with_status(206).header("Content-Range", "bytes 100000-499999/500000");
    let server = Server::start([Reply::file(&body, "a").cut(200_000), wrong, Reply::file(&body, "a")]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
}

#[test]
fn without_a_validator_or_a_hash_nothing_is_resumed() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::plain(&body).cut(200_000).then_hang(), Reply::plain(&body)]);
    let desk = Desk::new();
    desk.watch.stop_at.set(Some(1));
    desk.fetch_url(&server.url()).expect_err("stopped");
    desk.watch.stop_at.set(None);
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(server.ranges(), [None, None]);
}

#[test]
fn a_partial_file_of_another_address_is_not_continued() {
    let (one, two) = (vec![1; SIZE], bytes(SIZE));
    let first = Server::start([Reply::file(&one, "a").cut(200_000).then_hang()]);
    let second = Server::start([Reply::file(&two, "a")]);
    let desk = Desk::new();
    desk.watch.stop_at.set(Some(1));
    desk.fetch_url(&first.url()).expect_err("stopped");
    desk.watch.stop_at.set(None);
    assert_is(&desk.fetch_url(&second.url()).expect("a file"), &two);
    assert_eq!(second.ranges(), [None]);
}

#[test]
fn a_download_killed_after_its_last_byte_is_completed_by_a_416() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a")]);
    let desk = Desk::new();
    std::fs::write(desk.folder.path().join("partial"), &body).expect("a partial");
    std::fs::write(desk.folder.path().join("partial.origin"), format!("{}\n\"a\"\n", server.url())).expect("origin");
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(server.ranges(), [Some("bytes=500000-".to_owned())]);
}

#[test]
fn a_416_for_a_file_that_shrank_starts_over() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a")]);
    let desk = Desk::new();
    std::fs::write(desk.folder.path().join("partial"), vec![0; SIZE + 5]).expect("a partial");
    std::fs::write(desk.folder.path().join("partial.origin"), format!("{}\n\"a\"\n", server.url())).expect("origin");
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(server.ranges(), [Some("bytes=500005-".to_owned()), None]);
}

#[test]
fn a_damaged_partial_is_thrown_away_and_the_file_fetched_anew() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a")]);
    let desk = Desk::new().pin(&body).pin_size(SIZE);
    std::fs::write(desk.folder.path().join("partial"), vec![0; 200_000]).expect("a partial");
    std::fs::write(desk.folder.path().join("partial.origin"), format!("{}\n\"a\"\n", server.url())).expect("origin");
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(server.ranges(), [Some("bytes=200000-".to_owned()), None]);
}

#[test]
fn a_server_that_stumbles_twice_is_asked_a_third_time() {
    let body = bytes(10);
    let server = Server::start([Reply::status(500), Reply::status(503), Reply::plain(&body)]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert!(desk.said("the server answered 500; try 2 of 5") && desk.said("the server answered 503; try 3 of 5"));
}

#[test]
fn a_server_that_is_down_is_asked_five_times_and_no_more() {
    let server = Server::start([Reply::status(500)]);
    let desk = Desk::new();
    let error = desk.fetch_url(&server.url()).expect_err("no file").to_string();
    assert!(error.contains("5 tries in a row failed") && error.contains("the server answered 500"), "{error}");
    assert_eq!(server.requests().len(), 5);
    assert_eq!(desk.left(), ["partial"]);
}

#[test]
fn a_long_download_over_a_bad_line_does_not_run_out_of_tries() {
    let body = bytes(12 << 20);
    let server = Server::start([Reply::file(&body, "a").cut(3 << 19)]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file in eight parts"), &body);
    assert_eq!(server.requests().len(), 8);
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    let body = bytes(10);
    let server = Server::start([Reply::status(429).header("Retry-After", "1"), Reply::plain(&body)]);
    let start = Instant::now();
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_server_that_asks_for_too_much_time_is_named() {
    let server = Server::start([Reply::status(429).header("Retry-After", "3600")]);
    let error = Desk::new().fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::AskedToWait { status: 429, seconds: 3600, .. }), "{error}");
}

#[test]
fn an_error_page_is_never_taken_for_the_file() {
    for (status, words) in [
        (404, "does not exist (the server answered 404)"),
        (410, "does not exist (the server answered 410)"),
        (401, "needs a login"),
        (403, "is forbidden"),
        (418, "was refused (the server answered 418)"),
    ] {
        let server = Server::start([Reply::status(status).header("Content-Type", "text/html")]);
        let desk = Desk::new();
        let error = desk.fetch_url(&server.url()).expect_err("no file").to_string();
        assert!(error.contains(words) && error.contains(&server.url()), "{error}");
        assert_eq!(server.requests().len(), 1, "a final answer is not asked for twice");
        assert!(!desk.left().contains(&"file".to_owned()));
    }
}

#[test]
fn a_login_page_with_status_200_is_not_the_file_either() {
    let page = Reply::plain(b"<html>please log in</html>").header("Content-Type", "text/html; charset=utf-8");
    let server = Server::start([page]);
    let error = Desk::new().fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::WebPage { .. }), "{error}");
    let desk = Desk::new().pin(b"<html>please log in</html>");
    assert_is(&desk.fetch_url(&server.url()).expect("the hash wants this page"), b"<html>please log in</html>");
}

#[test]
fn a_body_without_length_that_ends_early_is_not_the_file() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::plain(&body).without_length().cut(1000)]);
    let error = Desk::new().pin_size(SIZE).fetch_url(&server.url()).expect_err("no file").to_string();
    assert!(error.contains("only 1000 of 500000 bytes arrived"), "{error}");

    let error = Desk::new().pin(&body).fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::WrongHash { .. }), "{error}");

    let error = Desk::new().fetch_url(&server.url()).expect_err("nothing could tell");
    assert!(matches!(error, FetchError::LengthUnknown { .. }), "{error}");
}

#[test]
fn a_chunked_body_has_an_end_of_its_own() {
    let chunked = |text: &str| Reply::plain(text.as_bytes()).without_length().header("Transfer-Encoding", "chunked");
    let server = Server::start([chunked("5\r\nhello\r\n"), chunked("5\r\nhello\r\n0\r\n\r\n")]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), b"hello");
    assert_eq!(server.requests().len(), 2, "the first answer had no last chunk");
}

#[test]
fn the_wrong_bytes_are_removed_and_both_hashes_named() {
    let (good, bad) = (bytes(SIZE), vec![7; SIZE]);
    let server = Server::start([Reply::file(&bad, "a")]);
    let desk = Desk::new().pin(&good);
    let error = desk.fetch_url(&server.url()).expect_err("no file").to_string();
    for words in [&crate::desk::sha256(&good), &crate::desk::sha256(&bad), "lock file", "run again"] {
        assert!(error.contains(words), "{error}");
    }
    assert!(!desk.left().iter().any(|name| name == "file" || name == "partial"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_file_of_another_size_is_refused_before_it_is_downloaded() {
    let server = Server::start([Reply::plain(&bytes(SIZE)).cut(0).then_hang()]);
    let error = Desk::new().pin_size(9).fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::WrongSize { expected: 9, got: 500_000, .. }), "{error}");
}

#[test]
fn a_body_without_length_that_never_ends_is_left_at_the_pinned_size() {
    let server = Server::start([Reply::plain(&bytes(SIZE)).without_length().then_hang()]);
    let error = Desk::new().pin_size(9).fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::WrongSize { expected: 9, .. }), "{error}");
}

#[test]
fn a_connection_that_falls_silent_is_dropped_and_taken_up() {
    let body = bytes(SIZE);
    let server = Server::start([Reply::file(&body, "a").cut(200_000).then_hang(), Reply::file(&body, "a")]);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert!(desk.said("silent for too long"));
    assert_eq!(server.ranges()[1].as_deref(), Some("bytes=200000-"));
}

#[test]
fn a_server_that_compresses_against_our_wish_is_named() {
    let server = Server::start([Reply::plain(b"\x1f\x8b").header("Content-Encoding", "gzip")]);
    let error = Desk::new().fetch_url(&server.url()).expect_err("no file").to_string();
    assert!(error.contains("compressed (gzip)"), "{error}");
}

#[test]
fn a_redirect_is_followed_with_the_range() {
    let body = bytes(SIZE);
    let replies = [
        Reply::redirect("/elsewhere?sig=1"),
        Reply::file(&body, "a").cut(200_000),
        Reply::redirect("/elsewhere?sig=2"),
        Reply::file(&body, "a"),
    ];
    let server = Server::start(replies);
    let desk = Desk::new();
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/data/file.bin", "/elsewhere?sig=1", "/data/file.bin", "/elsewhere?sig=2"]);
    assert_eq!(server.ranges()[3].as_deref(), Some("bytes=200000-"));
}

#[test]
fn a_redirect_in_a_circle_ends() {
    let server = Server::start([Reply::redirect("file.bin")]);
    let error = Desk::new().fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::TooManyRedirects { limit: 10, .. }), "{error}");
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn a_redirect_to_plain_http_elsewhere_is_refused() {
    let server = Server::start([Reply::redirect("http://files.invalid/file.bin")]);
    let error = Desk::new().fetch_url(&server.url()).expect_err("no file").to_string();
    assert!(error.contains("redirects to http://files.invalid/file.bin, which is not followed"), "{error}");
}

#[test]
fn plain_http_elsewhere_is_refused_at_once() {
    let error = Desk::new().fetch_url("http://files.invalid/file.bin").expect_err("no file").to_string();
    assert!(error.contains("write https"), "{error}");
}

#[test]
fn a_server_without_tls_is_not_asked_for_tls_again_and_again() {
    let server = Server::start([Reply::plain(b"hello")]);
    let desk = Desk::new();
    let error = desk.fetch_url(&server.url().replace("http:", "https:")).expect_err("no file");
    assert!(matches!(error, FetchError::Connect { .. }), "{error}");
    assert!(desk.watch.lines.borrow().is_empty());
}

#[test]
fn nobody_at_the_address_is_a_sentence() {
    let url = Server::start([Reply::status(500)]).url();
    let error = Desk::new().fetch_url(&url).expect_err("no file").to_string();
    assert!(error.contains("5 tries") && error.contains("refused"), "{error}");
}

#[test]
fn stopping_while_waiting_for_the_next_try_takes_no_time() {
    let server = Server::start([Reply::status(500)]);
    let mut desk = Desk::new();
    (desk.settings.first_wait, desk.settings.longest_wait) = (Duration::from_secs(60), Duration::from_secs(60));
    let start = Instant::now();
    desk.watch.stop_when.set(Some(start + Duration::from_millis(100)));
    assert!(matches!(desk.fetch_url(&server.url()), Err(FetchError::Stopped)));
    assert!(start.elapsed() < Duration::from_secs(2));
}
