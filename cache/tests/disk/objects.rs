use crate::space::{Space, flip_bit, key};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use xlt_cache::{CacheError, Check, Fingerprint, Ingested, digest_path};
use xlt_core::key::Digest;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_goes_in_and_comes_out() {
    let space = Space::new();
    let found = space.ingest("some text");
    assert_eq!((found.digest, found.size, found.folder), (Digest::of(b"some text"), 9, false));
    assert_eq!(space.cache.check(&found.digest, None).unwrap(), Check::Intact(found.fingerprint));
    assert_eq!(mode(&space.cache.object_path(&found.digest)), 0o444);
    assert!(!space.cache.root().join("partial/new").exists());
    let target = space.path("results/a/text");
    space.cache.export(&found.digest, &target).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "some text");
    assert_ne!(mode(&target) & 0o200, 0, "a result belongs to the user");
}

#[test]
fn a_folder_goes_in_and_comes_out() {
    let space = Space::new();
    let folder = space.folder("cache/partial/new", &[("a/b/c", "1"), ("d", "22")]);
    let found = space.cache.ingest(&folder).unwrap();
    assert_eq!((found.size, found.folder), (3, true));
    let object = space.cache.object_path(&found.digest);
    assert_eq!((mode(&object), mode(&object.join("a")), mode(&object.join("a/b/c"))), (0o555, 0o555, 0o444));
    let target = space.folder("results", &[("old", "gone afterwards")]);
    space.cache.export(&found.digest, &target).unwrap();
    assert_eq!(digest_path(&target).unwrap().digest, found.digest);
    assert_eq!(fs::read_dir(space.path("")).unwrap().count(), 2, "nothing is left beside the target");
}

#[test]
fn a_digest_computed_on_arrival_is_believed_and_the_file_not_read_again() {
    let space = Space::new();
    let path = space.cache.root().join("partial/new");
    fs::write(&path, "text").unwrap();
    // A digest that is not the file's shows that nobody looks.
    let other = Digest::of(b"other");
    let found = space.cache.ingest_hashed(&path, &BTreeMap::from([(path.clone(), other)])).unwrap();
    assert_eq!((found.digest, found.size), (other, 4));

    let files = [("a", "1"), ("b/c", "2")];
    let folder = space.folder("cache/partial/new", &files);
    let hashed = files.map(|(name, text)| (folder.join(name), Digest::of(text.as_bytes()))).into();
    let expected = digest_path(&folder).unwrap();
    let found = space.cache.ingest_hashed(&folder, &hashed).unwrap();
    assert_eq!((found.digest, found.size, found.folder), (expected.digest, 2, true));
    assert!(matches!(space.cache.check(&found.digest, None).unwrap(), Check::Intact(_)));
}

#[test]
fn links_are_refused() {
    let space = Space::new();
    let folder = space.folder("cache/partial/new", &[("a", "1")]);
    symlink("a", folder.join("link")).unwrap();
    for path in [folder.join("link"), folder] {
        let error = space.cache.ingest(&path).unwrap_err();
        assert!(matches!(error, CacheError::NotStorable { what: "a symbolic link", .. }), "{error:?}");
    }
}

#[test]
fn what_is_there_already_stays() {
    let space = Space::new();
    let first = space.ingest("text");
    let second = space.ingest("text");
    let inode = |found: &Ingested| found.fingerprint.inode;
    assert_eq!((first.digest, inode(&first)), (second.digest, inode(&second)), "the same file, not a new one");
    assert!(!space.cache.root().join("partial/new").exists());
}

#[test]
fn a_damaged_object_is_replaced_by_a_good_one() {
    let space = Space::new();
    let found = space.ingest("text");
    flip_bit(&space.cache.object_path(&found.digest));
    space.ingest("text");
    assert!(matches!(space.cache.check(&found.digest, None).unwrap(), Check::Intact(_)));
    assert_eq!(space.cache.usage().unwrap().quarantine.count, 1);
}

#[test]
fn a_large_object_that_was_damaged_is_replaced_by_the_same_made_again() {
    let space = Space::new();
    let bytes = vec![1; 2 << 20];
    let cut = |object: &Path| {
        fs::remove_file(object).unwrap();
        fs::write(object, &bytes[1..]).unwrap();
    };
    for damage in [&cut as &dyn Fn(&Path), &flip_bit] {
        let found = space.ingest(&bytes);
        damage(&space.cache.object_path(&found.digest));
        let again = space.ingest(&bytes);
        assert_eq!(space.cache.check(&found.digest, None).unwrap(), Check::Intact(again.fingerprint));
    }
}

#[test]
fn a_flipped_bit_is_found_and_moved_away() {
    let space = Space::new();
    let found = space.ingest("text");
    let object = space.cache.object_path(&found.digest);
    flip_bit(&object);
    assert_eq!(space.cache.check(&found.digest, Some(&Fingerprint::of(&object).unwrap())).unwrap(), Check::Damaged);
    space.cache.quarantine(&found.digest).unwrap();
    assert_eq!(space.cache.check(&found.digest, None).unwrap(), Check::Missing);
    assert!(space.cache.root().join(format!("quarantine/{}.0", found.digest)).exists());
    space.cache.quarantine(&found.digest).unwrap();
}

#[test]
fn a_damaged_folder_is_found_and_moved_away() {
    let space = Space::new();
    let found = space.cache.ingest(&space.folder("cache/partial/new", &[("a", "1")])).unwrap();
    let object = space.cache.object_path(&found.digest);
    flip_bit(&object.join("a"));
    assert_eq!(space.cache.check(&found.digest, Some(&found.fingerprint)).unwrap(), Check::Damaged);
    space.cache.quarantine(&found.digest).unwrap();
    assert_eq!(space.cache.check(&found.digest, None).unwrap(), Check::Missing);
}

/// Two processes may see the same damage; the slower one must not move away what the faster one has repaired.
#[test]
fn a_good_object_is_not_moved_away() {
    let space = Space::new();
    let found = space.ingest("text");
    space.cache.quarantine(&found.digest).unwrap();
    assert!(matches!(space.cache.check(&found.digest, None).unwrap(), Check::Intact(_)));
}

#[test]
fn a_large_object_is_read_only_when_its_fingerprint_changed() {
    let space = Space::new();
    let found = space.ingest(vec![1; 2 << 20]);
    let object = space.cache.object_path(&found.digest);
    let check = |known| space.cache.check(&found.digest, known).unwrap();
    assert_eq!(check(Some(&found.fingerprint)), Check::Intact(found.fingerprint));
    flip_bit(&object);
    assert_eq!(check(Some(&found.fingerprint)), Check::Damaged);
    let now = Fingerprint::of(&object).unwrap();
    assert_eq!(check(Some(&now)), Check::Intact(now), "known by its fingerprint, it is not read");
}

#[test]
fn a_fingerprint_sees_an_edit_that_keeps_size_and_time() {
    let space = Space::new();
    let folder = space.folder("folder", &[("a", "1"), ("b", "2")]);
    let before = Fingerprint::of(&folder).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let time = fs::metadata(folder.join("a")).unwrap().modified().unwrap();
    fs::write(folder.join("a"), "3").unwrap();
    fs::File::open(folder.join("a")).unwrap().set_modified(time).unwrap();
    let after = Fingerprint::of(&folder).unwrap();
    assert_eq!((before.size, before.mtime_ns), (after.size, after.mtime_ns));
    assert_ne!(before, after);
}

#[test]
fn nothing_is_exported_where_bytes_do_not_match() {
    let space = Space::new();
    let file = space.ingest("text").digest;
    let folder = space.cache.ingest(&space.folder("cache/partial/new", &[("a", "1")])).unwrap().digest;
    flip_bit(&space.cache.object_path(&file));
    flip_bit(&space.cache.object_path(&folder).join("a"));
    for digest in [file, folder] {
        let error = space.cache.export(&digest, &space.path("results/x")).unwrap_err();
        assert!(matches!(error, CacheError::Damaged { digest: found, .. } if found == digest), "{error:?}");
        assert_eq!(fs::read_dir(space.path("results")).unwrap().count(), 0);
    }
}

#[test]
fn a_missing_object_and_a_bad_target_are_told_apart() {
    let space = Space::new();
    let error = space.cache.export(&Digest::of(b"nothing"), &space.path("x")).unwrap_err();
    assert!(matches!(error, CacheError::Missing { .. }), "{error:?}");
    let found = space.ingest("text");
    let target = space.cache.object_path(&found.digest).join("below a file");
    let error = space.cache.export(&found.digest, &target).unwrap_err();
    assert!(matches!(error, CacheError::Target { .. }), "{error:?}");
}

#[test]
fn many_may_store_the_same_at_once() {
    let space = &Space::new();
    let digests: Vec<Digest> = std::thread::scope(|scope| {
        let store = |n: usize| {
            let folder = space.folder(&format!("cache/partial/{n}"), &[("a/b", "1"), ("c", "2")]);
            space.cache.ingest(&folder).unwrap().digest
        };
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || store(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    assert!(matches!(space.cache.check(&digests[0], None).unwrap(), Check::Intact(_)));
    assert_eq!(space.cache.usage().unwrap().partials.count, 0);
}

#[test]
fn storing_syncs_without_complaint() {
    let space = Space::new();
    let folder = space.folder("cache/partial/new", &[("a", "1")]);
    fs::write(folder.join("large"), vec![0; 2 << 20]).unwrap();
    space.cache.ingest(&folder).unwrap();
    space.cache.sync().unwrap();
}

#[test]
fn places_are_named_by_key_and_digest() {
    let space = Space::new();
    let (key, digest) = (key("a"), Digest::of(b"a"));
    let relative = |path: std::path::PathBuf| path.strip_prefix(space.cache.root()).unwrap().to_owned();
    let (hex, short) = (key.to_string(), &key.to_string()[..2]);
    assert_eq!(relative(space.cache.partial(&key)), Path::new(&format!("partial/{hex}")));
    assert_eq!(relative(space.cache.log_path(&key)), Path::new(&format!("logs/{short}/{hex}")));
    assert_eq!(relative(space.cache.object_path(&digest)), Path::new(&format!("objects/{short}/{digest}")));
    space.cache.make_log_folder(&key).unwrap();
    fs::write(space.cache.log_path(&key), "").unwrap();
    assert_eq!(fs::metadata(space.cache.log_path(&key)).unwrap().size(), 0);
}
