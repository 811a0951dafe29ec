//! A hub that dies in the middle of a file, and one that comes back.

use crate::real::{self, STAGES};
use crate::support::children;
use crate::support::hub::{Hub, Manner};
use crate::tally::Tally;
use std::fs;
use std::time::Duration;

/// Bytes after which the hub dies: some models' and rows' first halves are through then.
const LIFE: u64 = 900 << 10;
const MANNER: Manner = Manner { piece: 64 << 10, pause: Duration::from_millis(5), life: u64::MAX };

/// Bytes of unfinished downloads, by folder.
fn arrived(space: &crate::support::Space) -> Vec<u64> {
    let folders = children(&space.cache("partial")).into_iter().map(|folder| folder.join("download"));
    let mut left: Vec<_> = folders.collect();
    let mut sizes = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(children(&path));
        } else if path.ends_with("partial") {
            sizes.push(fs::metadata(&path).unwrap().len());
        }
    }
    sizes
}

#[test]
fn a_download_goes_on_at_the_byte_when_the_hub_is_back() {
    let mut tally = Tally::default();
    tally.round();
    real::expected();
    let (space, hub) = (real::space(), Hub::at("127.0.0.1:0", real::repositories(), Manner { life: LIFE, ..MANNER }));
    let address = hub.address().replace("http://", "");
    let outcome = real::run(&space, &hub);
    let words = "what has arrived is kept";
    let told = outcome.events.iter().any(|event| event["message"].as_str().is_some_and(|text| text.contains(words)));
    assert!(outcome.code == 1 && told, "{outcome:#?}");
    let arrived = arrived(&space);
    assert!(arrived.iter().any(|&size| size > 0), "{arrived:?}");
    drop(hub);

    let hub = Hub::at(&address, real::repositories(), MANNER);
    let outcome = real::run(&space, &hub);
    let all = outcome.code == 0 && outcome.ran.len() as u64 + outcome.cached == STAGES as u64;
    tally.refused((!all).then(|| format!("{outcome:#?}")));
    tally.wrong(real::fault(&space.path("")));
    let asked = hub.asked();
    let goes_on = |size: &u64| asked.iter().any(|line| line.contains(&format!("bytes={size}-")));
    assert!(arrived.iter().filter(|&&size| size > 0).all(goes_on), "{arrived:?} {asked:?}");
    tally.end("hub dies in the middle of a file");
}

#[test]
fn a_run_waits_for_a_hub_that_is_back_soon() {
    let (space, hub) = (real::space(), Hub::at("127.0.0.1:0", real::repositories(), Manner { life: LIFE, ..MANNER }));
    real::expected();
    let address = hub.address().replace("http://", "");
    let engine = real::start(&space, &hub);
    hub.wait_until_dead();
    drop(hub);
    let hub = Hub::at(&address, real::repositories(), MANNER);
    let outcome = engine.end();
    assert_eq!((outcome.code, outcome.ran.len()), (0, STAGES), "{outcome:#?}");
    assert_eq!(real::fault(&space.path("")), None);
    drop(hub);
}
