//! Group commit: outputs of many finished stages are made durable at once, then their records are written.
//!
//! One thread; while it waits for the disk, workers go on. A record is written only after its outputs are on the disk.

use crate::engine::Message;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use xlt_cache::Cache;
use xlt_core::plan::StageId;
use xlt_core::record::Record;

/// The thread and the way to it. Dropping it ends the thread after what it has been given.
#[derive(Debug)]
pub(crate) struct Committer {
    sender: Option<Sender<(StageId, Record)>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    pub(crate) fn start(cache: Cache, engine: Sender<Message>) -> Self {
        let (sender, receiver) = channel();
        let thread = std::thread::spawn(move || commit(&cache, &receiver, &engine));
        Self { sender: Some(sender), thread: Some(thread) }
    }

    pub(crate) fn record(&self, stage: StageId, record: Record) {
        if let Some(sender) = &self.sender {
            // The thread lives as long as this sender.
            let _ = sender.send((stage, record));
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn commit(cache: &Cache, finished: &Receiver<(StageId, Record)>, engine: &Sender<Message>) {
    while let Ok(first) = finished.recv() {
        let batch: Vec<(StageId, Record)> = std::iter::once(first).chain(finished.try_iter()).collect();
        let synced = cache.sync().map_err(|error| error.to_string());
        for (stage, record) in batch {
            let result = match &synced {
                Ok(()) => cache.write_record(&record).map_err(|error| error.to_string()),
                Err(why) => Err(why.clone()),
            };
            let message = Message::Committed { stage, result: result.map(|()| Box::new(record)) };
            if engine.send(message).is_err() {
                return;
            }
        }
    }
}
