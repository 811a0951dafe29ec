//! Headless Chromium, as a user's browser would open the page: from a file, without a network.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser of this machine.
pub(crate) struct Chromium {
    program: PathBuf,
    profile: tempfile::TempDir,
}

impl Chromium {
    /// `None`, said loudly, where there is none.
    pub(crate) fn find() -> Option<Self> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let mut found = std::env::split_paths(&paths).flat_map(|folder| NAMES.map(|name| folder.join(name)));
        let Some(program) = found.find(|path| path.is_file()) else {
            say(
                "SKIPPED: there is no Chromium on this machine, so nobody has looked at the report in a browser; install the package `chromium`",
            );
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder for its profile");
        Some(Self { program, profile })
    }

    /// The page as it is once its script has run.
    pub(crate) fn dom(&self, url: &str) -> String {
        String::from_utf8_lossy(&self.run(url, &["--dump-dom"])).into_owned()
    }

    /// A picture of the page's beginning, as PNG, in the dark or the light.
    pub(crate) fn picture(&self, url: &str, dark: bool) -> Vec<u8> {
        let file = self.profile.path().join("picture.png");
        let mut options = vec![format!("--screenshot={}", file.display())];
        if dark {
            options.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        self.run(url, &options.iter().map(String::as_str).collect::<Vec<_>>());
        std::fs::read(&file).expect("a picture")
    }

    fn run(&self, url: &str, options: &[&str]) -> Vec<u8> {
        let mut command = Command::new(&self.program);
        // No sandbox: containers seldom allow one, and the page is ours.
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1200,1600",
        ]);
        command.arg("--virtual-time-budget=10000").arg(format!("--user-data-dir={}", self.profile.path().display()));
        let output = command.args(options).arg(url).stderr(Stdio::null()).output().expect("it starts");
        assert!(output.status.success(), "it ended with {}", output.status);
        output.stdout
    }
}

/// The address of a file.
pub(crate) fn address(path: &Path, hash: &str) -> String {
    format!("file://{}{hash}", path.display())
}

/// Standard error, past the test harness, which keeps what a test that passes prints to itself.
pub(crate) fn say(words: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "\n{words}\n");
}
