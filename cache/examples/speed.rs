//! Prints what the cache's hot paths cost at the size of a large study: `cargo run --release --example speed [COUNT]`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it measures, for people")]

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Instant;
use xlt_cache::{Cache, Ledger};
use xlt_core::key::{Digest, Key};
use xlt_core::record::{Output, Record};

fn main() {
    let count: u32 = std::env::args().nth(1).map_or(45_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let cache = timed("make the cache", || Cache::open(folder.path()).unwrap());
    timed("open the cache", || Cache::open(folder.path()).unwrap());
    let records: Vec<Record> = (0..count).map(record).collect();
    timed("write the records", || records.iter().for_each(|record| cache.write_record(record).unwrap()));
    timed("sync", || cache.sync().unwrap());
    let path = folder.path().join("ledger.sqlite");
    let ledger = timed("rebuild the ledger", || Ledger::open(&path, &cache).unwrap());
    timed("look all up, first time today", || look_up(&ledger, &records));
    timed("flush", || ledger.flush().unwrap());
    drop(ledger);
    let ledger = timed("open the ledger", || Ledger::open(&path, &cache).unwrap());
    timed("look all up", || look_up(&ledger, &records));
    timed("flush", || ledger.flush().unwrap());
    timed("newest record of each stage", || {
        records.iter().for_each(|record| assert!(ledger.last_of(&record.study, &record.stage).is_some()));
    });
    timed("insert all", || records.iter().for_each(|record| ledger.insert(record)));
    timed("flush", || ledger.flush().unwrap());
    println!("ledger: {} MB", std::fs::metadata(&path).unwrap().len() / 1_000_000);
}

fn record(number: u32) -> Record {
    let digest = Digest::of(&number.to_le_bytes());
    let output = |name: &str| Output { name: name.to_owned(), digest, size: 4096, folder: false };
    Record {
        key: Key(Digest::of(&digest.0).0),
        stage: format!("evaluate/model-{}/tuned/lang_{:04}/direct", number % 100, number / 100),
        study: "a study of a usual name".to_owned(),
        outputs: vec![output("answers"), output("summary")],
        kernel_class: Some("cpu-avx2".to_owned()),
        version: "0.1.0".to_owned(),
        manifest: "parameter = \"some value of a usual length\"\n".repeat(30),
    }
}

fn look_up(ledger: &Ledger, records: &[Record]) {
    records.iter().for_each(|record| assert_eq!(ledger.lookup(&record.key).as_ref(), Some(&record.outputs)));
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let result = work();
    println!("{what:32} {:9.2} ms, CPU {:9.2} ms", start.elapsed().as_secs_f64() * 1e3, (cpu_seconds() - cpu) * 1e3);
    result
}

fn cpu_seconds() -> f64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ProcessCPUTime);
    tv_sec as f64 + tv_nsec as f64 / 1e9
}
