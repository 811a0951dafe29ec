use crate::space::{Space, key};
use std::sync::atomic::{AtomicU32, Ordering};
use xlt_cache::Cache;

#[test]
fn a_key_is_locked_by_one_handle_at_a_time() {
    let space = Space::new();
    let other = Cache::open(space.cache.root()).unwrap();
    let lock = space.cache.try_lock(&key("a")).unwrap();
    assert!(lock.is_some());
    assert!(other.try_lock(&key("a")).unwrap().is_none());
    assert!(other.try_lock(&key("b")).unwrap().is_some());
    drop(lock);
    assert!(other.try_lock(&key("a")).unwrap().is_some());
}

#[test]
fn of_many_only_one_gets_a_lock() {
    let space = Space::new();
    let winners = AtomicU32::new(0);
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                let lock = space.cache.try_lock(&key("a")).unwrap();
                winners.fetch_add(u32::from(lock.is_some()), Ordering::Relaxed);
                barrier.wait();
            });
        }
    });
    assert_eq!(winners.into_inner(), 1);
}
