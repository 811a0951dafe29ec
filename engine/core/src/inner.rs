//! Paths that others write, such as a hub's list of files: whether what is called so lies inside a folder, whatever the folder.

/// Bytes of the longest name that file systems take.
const LONGEST_NAME: usize = 255;
/// Bytes of the longest path.
const LONGEST_PATH: usize = 1024;

/// What keeps a path with `/` between its parts from being one of a file inside a folder, as in "it ...". Nothing else can be
/// meant by one that is left: no part is empty, `.` or `..`.
#[must_use]
pub fn fault(path: &str) -> Option<&'static str> {
    let mut parts = path.split('/');
    if path.is_empty() {
        Some("is empty")
    } else if path.starts_with('/') {
        Some("is absolute")
    } else if path.contains('\0') {
        Some("has a NUL in it")
    } else if path.len() > LONGEST_PATH || parts.clone().any(|part| part.len() > LONGEST_NAME) {
        Some("is longer than file systems allow")
    } else if parts.any(|part| part.bytes().all(|byte| byte == b'.')) {
        Some("leaves its folder, or has an empty part")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_in_its_folder_is_an_inner_path() {
        let long = "x".repeat(256);
        let far = ["xy"; 400].join("/");
        for path in ["a", "a/b.gguf", ".hidden", "a..b/..c", "ä/א"] {
            assert_eq!(fault(path), None, "{path}");
        }
        for path in ["..", ".", "a/..", "a/../b", "./a", "a//b", "a/", "...", "a/./b"] {
            assert_eq!(fault(path), Some("leaves its folder, or has an empty part"), "{path}");
        }
        assert_eq!(fault(""), Some("is empty"));
        assert_eq!(fault("/etc/passwd"), Some("is absolute"));
        assert_eq!(fault("a\0"), Some("has a NUL in it"));
        for path in [long.as_str(), far.as_str()] {
            assert_eq!(fault(path), Some("is longer than file systems allow"));
        }
    }
}
