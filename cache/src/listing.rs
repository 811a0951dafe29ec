//! What is in an artifact that is a folder, as a text: enough to know the folder by its digest, and to make it again elsewhere.
//!
//! A text from elsewhere is believed in nothing but what the digest vouches for, and a listing with that digest may still have been
//! made by somebody who means ill: names stay inside the folder, and nothing is listed twice.

use crate::content::{Content, Listing, digest_file};
use crate::error::{At, CacheError};
use crate::tree::{Entry, walk};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use xlt_core::key::Digest;

/// A longer name would not fit below a cache.
const LONGEST_NAME: usize = 2_048;
/// What file systems take for one part of it.
const LONGEST_PART: usize = 255;

/// The files and folders in a folder, sorted by name; a folder comes before what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderListing {
    entries: Vec<Listed>,
}

/// Something in a folder. Names are relative to it, with `/` between the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    Folder { name: String },
    File(ListedFile),
}

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its name, relative to the folder, with `/` between the parts.
    pub name: String,
    /// BLAKE3 of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// A text is no listing of a folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadListing {
    /// It cannot be read.
    #[error("it is not written as a listing")]
    Form,
    /// A name leads out of the folder, or no file can have it.
    #[error("it lists the name {0:?}, which is not one in a folder")]
    Name(String),
    /// The names are not in their order, or one comes twice.
    #[error("{0:?} is not in its place in it")]
    Order(String),
    /// The sizes are more than there is.
    #[error("its sizes are not to be believed")]
    Size,
}

impl FolderListing {
    /// Reads and hashes everything in a folder.
    ///
    /// # Errors
    /// Where something cannot be read, or is no plain file or folder.
    pub fn of(folder: &Path) -> Result<Self, CacheError> {
        Self::hashed_by(folder, digest_file)
    }

    /// The same, where `digest` says of each file what its digest and its size are.
    pub(crate) fn hashed_by(
        folder: &Path,
        digest: impl Fn(&Path) -> io::Result<(Digest, u64)>,
    ) -> Result<Self, CacheError> {
        let entries = walk(folder)?.into_iter().map(|entry| match entry {
            Entry::Folder { name, .. } => Ok(Listed::Folder { name }),
            Entry::File { name, path } => {
                let (digest, size) = digest(&path).at("read", &path)?;
                Ok(Listed::File(ListedFile { name, digest, size }))
            }
        });
        Ok(Self { entries: entries.collect::<Result<_, CacheError>>()? })
    }

    /// Digest and size of the folder.
    #[must_use]
    pub fn content(&self) -> Content {
        let mut listing = Listing::new();
        for entry in &self.entries {
            match entry {
                Listed::Folder { name } => listing.folder(name),
                Listed::File(ListedFile { name, digest, size }) => listing.file(name, *digest, *size),
            }
        }
        listing.finish()
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &ListedFile> {
        self.entries.iter().filter_map(|entry| match entry {
            Listed::File(file) => Some(file),
            Listed::Folder { .. } => None,
        })
    }

    /// Makes the folder `at` with the folders in it, and none of the files.
    ///
    /// # Errors
    /// Where that cannot be done.
    pub fn make_folders(&self, at: &Path) -> Result<(), CacheError> {
        fs::create_dir(at).at("make the folder", at)?;
        let folders = self.entries.iter().filter_map(|entry| match entry {
            Listed::Folder { name } => Some(at.join(name)),
            Listed::File(_) => None,
        });
        folders.into_iter().try_for_each(|folder| fs::create_dir(&folder).at("make the folder", &folder))
    }

    /// The text: for each entry a line, which ends with a zero, because a name may have line breaks.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines = self.entries.iter().map(|entry| match entry {
            Listed::Folder { name } => format!("folder {name}\0"),
            Listed::File(ListedFile { name, digest, size }) => format!("file {digest} {size} {name}\0"),
        });
        lines.collect()
    }

    /// Reads what `to_text` wrote.
    ///
    /// # Errors
    /// [`BadListing`] where it cannot be read, or could not be of a folder.
    pub fn from_text(text: &str) -> Result<Self, BadListing> {
        let entries = text.split_terminator('\0').map(|line| parse(line).ok_or(BadListing::Form));
        let entries = entries.collect::<Result<Vec<Listed>, BadListing>>()?;
        let mut folders = BTreeSet::new();
        let (mut last, mut total) = ("", 0_u64);
        for entry in &entries {
            let name = entry.name();
            let parent = name.rsplit_once('/').map(|(parent, _)| parent);
            if !is_inside(name) {
                return Err(BadListing::Name(name.to_owned()));
            }
            if name <= last || parent.is_some_and(|parent| !folders.contains(parent)) {
                return Err(BadListing::Order(name.to_owned()));
            }
            last = name;
            match entry {
                Listed::Folder { .. } => _ = folders.insert(name),
                Listed::File(file) => total = total.checked_add(file.size).ok_or(BadListing::Size)?,
            }
        }
        Ok(Self { entries })
    }
}

impl Listed {
    fn name(&self) -> &str {
        match self {
            Self::Folder { name } | Self::File(ListedFile { name, .. }) => name,
        }
    }
}

fn parse(line: &str) -> Option<Listed> {
    if let Some(name) = line.strip_prefix("folder ") {
        return Some(Listed::Folder { name: name.to_owned() });
    }
    let (digest, rest) = line.strip_prefix("file ")?.split_once(' ')?;
    let (size, name) = rest.split_once(' ')?;
    let (digest, size) = (digest.parse().ok()?, size.parse().ok()?);
    Some(Listed::File(ListedFile { name: name.to_owned(), digest, size }))
}

/// Whether a name stays in its folder: not absolute, no part that leads up or means nothing.
fn is_inside(name: &str) -> bool {
    let good = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= LONGEST_PART;
    name.len() <= LONGEST_NAME && name.split('/').all(good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest_path;

    #[test]
    fn a_listing_survives_its_text_and_knows_the_folders_digest() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("one");
        fs::create_dir_all(folder.join("a/empty")).unwrap();
        for name in ["a.txt", "a/b", "new\nline", "ein Wort"] {
            fs::write(folder.join(name), name).unwrap();
        }
        let listing = FolderListing::of(&folder).unwrap();
        assert_eq!(listing.content(), digest_path(&folder).unwrap());
        assert_eq!(FolderListing::from_text(&listing.to_text()).unwrap(), listing);
        let copy = root.path().join("two");
        listing.make_folders(&copy).unwrap();
        listing.files().for_each(|file| fs::write(copy.join(&file.name), &file.name).unwrap());
        assert_eq!(digest_path(&copy).unwrap(), listing.content());
    }

    #[track_caller]
    fn check(entries: &[&str], expected: Result<(), BadListing>) {
        let file = |name: &str| format!("file {} 1 {name}", Digest::of(b"x"));
        let line = |entry: &&str| if entry.starts_with("folder ") { (*entry).to_owned() } else { file(entry) };
        let text: String = entries.iter().map(|entry| format!("{}\0", line(entry))).collect();
        assert_eq!(FolderListing::from_text(&text).map(drop), expected, "{entries:?}");
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        for name in ["../x", "/etc/x", "..", ".", "", "a/../../x", "a//x", "a/", &"n".repeat(256)] {
            check(&["folder a", name], Err(BadListing::Name(name.to_owned())));
        }
        check(&["folder a", "a/..x", "a/x.."], Ok(()));
    }

    #[test]
    fn a_name_that_comes_twice_or_in_no_folder_is_refused() {
        check(&["folder a", "a"], Err(BadListing::Order("a".to_owned())));
        check(&["a", "a/b"], Err(BadListing::Order("a/b".to_owned())));
        check(&["b", "a"], Err(BadListing::Order("a".to_owned())));
    }

    #[test]
    fn what_is_written_otherwise_is_no_listing() {
        for text in ["file", "link x\0", "file abc 1 x\0", "file 00 x\0"] {
            assert_eq!(FolderListing::from_text(text), Err(BadListing::Form), "{text:?}");
        }
        let line = format!("file {} {} ", Digest::of(b"x"), u64::MAX);
        assert_eq!(FolderListing::from_text(&format!("{line}a\0{line}b\0")), Err(BadListing::Size));
    }
}
