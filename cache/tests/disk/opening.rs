use crate::space::Space;
use std::fs;
use std::path::Path;
use xlt_cache::{Cache, CacheError, Ledger};

#[test]
fn a_cache_keeps_its_name() {
    let space = Space::new();
    let again = Cache::open(space.cache.root()).unwrap();
    assert_eq!(again.id(), space.cache.id());
    assert_ne!(Space::new().cache.id(), space.cache.id());
    assert_eq!(fs::read_to_string(again.root().join("format")).unwrap(), format!("xlt-cache 1\nid {}\n", again.id()));
}

#[test]
fn many_processes_may_make_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Cache::open(folder.path()).unwrap().id().to_owned();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_newer_format_is_refused() {
    let space = Space::new();
    fs::write(space.cache.root().join("format"), "xlt-cache 2\nsomething else\n").unwrap();
    let error = Cache::open(space.cache.root()).unwrap_err();
    assert!(matches!(error, CacheError::Newer { found: 2, known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("it has format 2, this xlt knows format 1; use a newer xlt"), "{error}");
}

#[test]
fn an_older_format_is_refused_whatever_else_the_file_says() {
    let space = Space::new();
    for text in ["xlt-cache 0\n", "xlt-cache 0\nid a\n"] {
        fs::write(space.cache.root().join("format"), text).unwrap();
        let error = Cache::open(space.cache.root()).unwrap_err();
        assert!(matches!(error, CacheError::Older { found: 0, known: 1, .. }), "{error:?}");
        let words = "it has format 0, which this xlt no longer reads (it knows format 1); use the xlt that made it";
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_format_file_of_something_else_is_refused() {
    let space = Space::new();
    for text in ["", "hello\n", "xlt-cache one\nid a\n", "xlt-cache 1\n"] {
        fs::write(space.cache.root().join("format"), text).unwrap();
        let error = Cache::open(space.cache.root()).unwrap_err();
        assert!(matches!(error, CacheError::NotACache { .. }), "{text:?}: {error:?}");
    }
}

#[test]
fn a_place_where_no_folder_can_be_is_refused_with_a_remedy() {
    let space = Space::new();
    let file = space.folder("", &[("file", "")]).join("file");
    check_refused(&file);
    check_refused(&file.join("cache"));
    fs::remove_dir_all(space.cache.root().join("locks")).unwrap();
    fs::write(space.cache.root().join("locks"), "").unwrap();
    check_refused(space.cache.root());
}

fn check_refused(path: &Path) {
    let text = Cache::open(path).unwrap_err().to_string();
    assert!(text.contains(path.to_str().unwrap()) && text.contains("$XLT_CACHE"), "{text}");
}

#[test]
fn both_may_be_shared_by_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Cache>();
    is_shared::<Ledger>();
}
