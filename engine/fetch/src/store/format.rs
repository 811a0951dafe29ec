//! The object `format`: which layout a store has, and that it is one.

use object_store::{Error, ObjectStoreExt, PutPayload};

use super::{Onlooker, Store, StoreError};

const FORMAT: u64 = 1;
const NAME: &str = "format";
const LONGEST: u64 = 1 << 10;

impl Store {
    /// Whether there is a store that this version can use. `false`: nothing says so.
    pub(super) fn format(&self, onlooker: &dyn Onlooker) -> Result<bool, StoreError> {
        let read = async {
            let found = self.place.objects.get(&self.place.path(NAME)).await?;
            if found.meta.size > LONGEST { Ok(None) } else { found.bytes().await.map(Some) }
        };
        let store = || self.place.name.clone();
        let foreign = |why: &str| StoreError::NotAStore { store: store(), why: why.to_owned() };
        let bytes = match self.wait(onlooker, read)? {
            Err(Error::NotFound { .. }) => return Ok(false),
            other => other.map_err(|error| self.place.failed("read", &error))?,
        };
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.into()).ok()).unwrap_or_default();
        if text.starts_with("xlt-cache ") {
            return Err(foreign("it is a cache, which is moved by `xlt cache push` and used with $XLT_CACHE"));
        }
        let number = text.strip_prefix("xlt-store ").and_then(|rest| rest.trim_end().parse().ok());
        match number {
            Some(FORMAT) => Ok(true),
            Some(found) if found > FORMAT => Err(StoreError::Newer { store: store(), found, known: FORMAT }),
            Some(found) => Err(StoreError::Older { store: store(), found, known: FORMAT }),
            None => Err(foreign("its `format` is not one that xlt wrote")),
        }
    }

    /// Refuses a place where there is something already.
    pub(super) fn refuse_litter(&self, onlooker: &dyn Onlooker) -> Result<(), StoreError> {
        let root = self.place.path("");
        let listing = self.wait(onlooker, self.place.objects.list_with_delimiter(Some(&root)))?;
        let listing = listing.map_err(|error| self.place.failed("list", &error))?;
        let objects = listing.objects.iter().map(|object| &object.location);
        match objects.chain(&listing.common_prefixes).next() {
            None => Ok(()),
            Some(other) => {
                let why = format!("it has no `format`, but `{}`", other.filename().unwrap_or_default());
                Err(StoreError::NotAStore { store: self.place.name.clone(), why })
            }
        }
    }

    /// Two that do so at once write the same.
    pub(super) fn write_format(&self, onlooker: &dyn Onlooker) -> Result<(), StoreError> {
        let text = PutPayload::from(format!("xlt-store {FORMAT}\n").into_bytes());
        let put = self.wait(onlooker, self.place.objects.put(&self.place.path(NAME), text))?;
        put.map(drop).map_err(|error| self.place.failed("write to", &error))
    }
}
