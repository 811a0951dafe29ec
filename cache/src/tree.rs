//! Trees of files: listing one in a fixed order, making it read-only, removing it although it is.

use crate::error::{At, CacheError};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Something inside a folder. Names are relative to it, with `/` between the parts.
pub(crate) enum Entry {
    Folder { name: String, path: PathBuf },
    File { name: String, path: PathBuf },
}

impl Entry {
    pub(crate) fn path(&self) -> &Path {
        let (Self::Folder { path, .. } | Self::File { path, .. }) = self;
        path
    }

    fn name(&self) -> &str {
        let (Self::Folder { name, .. } | Self::File { name, .. }) = self;
        name
    }
}

/// Everything inside `root`, sorted by name; a folder comes before what is in it.
pub(crate) fn walk(root: &Path) -> Result<Vec<Entry>, CacheError> {
    let mut entries = Vec::new();
    let mut folders = vec![(String::new(), root.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        for child in fs::read_dir(&folder).at("read", &folder)? {
            let child = child.at("read", &folder)?;
            let (path, kind) = (child.path(), child.file_type().at("read", &folder)?);
            let refuse = |what| CacheError::NotStorable { path: path.clone(), what };
            let last = child.file_name().into_string().map_err(|_| refuse("a name that is not UTF-8"))?;
            let name = format!("{prefix}{last}");
            if kind.is_dir() {
                folders.push((format!("{name}/"), path.clone()));
                entries.push(Entry::Folder { name, path });
            } else if kind.is_file() {
                entries.push(Entry::File { name, path });
            } else {
                return Err(refuse(if kind.is_symlink() { "a symbolic link" } else { "neither a file nor a folder" }));
            }
        }
    }
    entries.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(entries)
}

/// Takes away the right to write to what is inside a folder, not to the folder itself, which has to be moved yet.
pub(crate) fn make_inside_read_only(root: &Path) -> Result<(), CacheError> {
    for entry in walk(root)? {
        match entry {
            Entry::Folder { path, .. } => set_mode(&path, 0o555),
            Entry::File { path, .. } => set_mode(&path, 0o444),
        }
        .at("make read-only", root)?;
    }
    Ok(())
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Removes a file or a folder, read-only or not. What is not there is removed already.
pub(crate) fn remove(path: &Path) -> Result<(), CacheError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => make_folders_writable(path).and_then(|()| fs::remove_dir_all(path)),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.at("remove", path),
    }
}

fn make_folders_writable(folder: &Path) -> io::Result<()> {
    set_mode(folder, 0o755)?;
    for child in fs::read_dir(folder)? {
        let child = child?;
        if child.file_type()?.is_dir() {
            make_folders_writable(&child.path())?;
        }
    }
    Ok(())
}

/// Names and paths of everything directly inside a folder, sorted. A folder that is not there is empty.
pub(crate) fn children(folder: &Path) -> Result<Vec<(String, PathBuf)>, CacheError> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.at("read", folder)?,
    };
    let mut children = Vec::new();
    for child in listing {
        let child = child.at("read", folder)?;
        children.push((child.file_name().to_string_lossy().into_owned(), child.path()));
    }
    children.sort();
    Ok(children)
}

/// Names and paths of everything two levels down: the members of a sharded folder, sorted.
pub(crate) fn members(folder: &Path) -> Result<Vec<(String, PathBuf)>, CacheError> {
    let mut members = Vec::new();
    for (_, shard) in children(folder)? {
        if shard.is_dir() {
            members.append(&mut children(&shard)?);
        }
    }
    Ok(members)
}
