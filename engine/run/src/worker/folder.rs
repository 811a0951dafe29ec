//! The private folder of a stage, empty but for `in/`.
//!
//! The next stage gets the same one, emptied, unless something that the last one started lives on: that writes into a folder that
//! nobody reads any more. A new folder for every stage would cost more than all else that a worker does for a short one: ext4 gives
//! out no inode again within a minute of its removal, and walks past all of those whenever it looks for a free one.

use crate::workplace::remove;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Where the inputs of a command stage lie.
pub(super) const INPUTS: &str = "in";

/// The folders of one worker, all in one that the engine has named and will remove.
#[derive(Debug)]
pub(super) struct Folders {
    all: PathBuf,
    made: u32,
    spare: Option<PathBuf>,
}

impl Folders {
    pub(super) fn new(all: PathBuf) -> Self {
        Self { all, made: 0, spare: None }
    }

    /// A folder in which nobody works.
    pub(super) fn take(&mut self) -> Result<PathBuf, Error> {
        if let Some(spare) = self.spare.take() {
            return Ok(spare);
        }
        let folder = self.all.join(self.made.to_string());
        self.made += 1;
        fs::create_dir_all(folder.join(INPUTS))?;
        Ok(folder)
    }

    /// A stage is finished with its folder; `alone`: nothing that it started lives on.
    pub(super) fn give_back(&mut self, folder: PathBuf, alone: bool) {
        if alone && empty(&folder).is_ok() {
            self.spare = Some(folder);
        } else {
            remove(&folder);
        }
    }

    /// Where an empty log is kept for the next stage.
    pub(super) fn spare_log(&self) -> PathBuf {
        self.all.join("log")
    }
}

/// Removes everything but an empty `in/`.
fn empty(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if entry.file_name() == INPUTS && kind.is_dir() {
            fs::read_dir(entry.path())?.try_for_each(|input| remove_entry(&input?))?;
        } else {
            remove_entry(&entry)?;
        }
    }
    fs::symlink_metadata(folder.join(INPUTS)).map(drop)
}

fn remove_entry(entry: &fs::DirEntry) -> Result<(), Error> {
    if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }
}

/// From now on this process inherits what its programs leave running, so that it can tell.
pub(super) fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Whether no process lives that a stage has started. Those that have ended are laid to rest.
pub(super) fn nothing_lives_on() -> bool {
    #[cfg(target_os = "linux")]
    loop {
        match rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(error) => return error == rustix::io::Errno::CHILD,
        }
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// What stopped work on a path, with the remedy.
pub(super) fn sentence(path: &Path, error: &Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("the disk is full at {path}; free some space (`xlt cache gc`), or set $XLT_CACHE to a larger disk")
        }
        _ => format!("cannot work in {path}: {error}; make it writable, or set $XLT_CACHE to another folder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn children(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("it is there").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_folder_is_used_again_once_empty_but_not_while_something_lives_on() {
        adopt_orphans();
        let root = tempfile::tempdir().expect("a folder");
        let mut folders = Folders::new(root.path().join("w"));
        let first = folders.take().expect("a folder");
        fs::create_dir_all(first.join("in/parts")).expect("made");
        fs::write(first.join("in/parts/one"), "").expect("written");
        fs::write(first.join("left"), "").expect("written");
        folders.give_back(first.clone(), nothing_lives_on());
        assert_eq!(folders.take().expect("a folder"), first);
        assert_eq!((children(&first), children(&first.join("in"))), (vec!["in".to_owned()], vec![]));

        let mut child = Command::new("sleep").arg("300").spawn().expect("it starts");
        folders.give_back(first.clone(), nothing_lives_on());
        assert_ne!(folders.take().expect("a folder"), first);
        assert!(!first.exists());
        child.kill().and_then(|()| child.wait()).expect("it ends");
    }
}
