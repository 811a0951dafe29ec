//! How the threads of a program that computes wait for one another.

/// The variable under which libgomp's threads spin a little at a barrier before they sleep; `None` where the user has said
/// how they wait.
///
/// By itself they spin for long: where other work shares the cores, two that do are slower than one. Those that sleep at once
/// are slow where barriers are close: a token written takes twice as long.
#[must_use]
pub fn patience() -> Option<(&'static str, &'static str)> {
    let said = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"].iter().any(|name| std::env::var_os(name).is_some());
    (!said).then_some(("GOMP_SPINCOUNT", "1000"))
}
