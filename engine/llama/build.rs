//! Where llama.cpp's libraries and backends were built: for the program, which looks there when it is not installed. And the
//! shim, compiled against the sources that they were built from.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=shim/forward.cpp");
    let (Ok(root), Ok(backends)) = (env::var("DEP_LLAMA_ROOT"), env::var("DEP_LLAMA_BACKENDS_DIR")) else {
        println!("cargo::error=llama-cpp-sys-2 does not say where it built llama.cpp's libraries and backends");
        return;
    };
    let root = Path::new(&root);
    let Some(libraries) = ["lib", "lib64"].map(|name| root.join(name)).into_iter().find(|path| path.is_dir()) else {
        println!("cargo::error=there is no `lib` in {}, where llama-cpp-sys-2 built llama.cpp", root.display());
        return;
    };
    let Some(sources) = sources(root) else {
        println!("cargo::error={} does not say where llama.cpp's sources are", root.join(CMAKE_CACHE).display());
        return;
    };
    println!("cargo::metadata=libraries={}", libraries.display());
    println!("cargo::metadata=backends={backends}");
    println!("cargo::rustc-env=XLT_BUILT_BACKENDS={backends}");
    shim(&sources);
}

const CMAKE_CACHE: &str = "build/CMakeCache.txt";

/// Where llama.cpp's sources are: llama-cpp-sys-2 does not say, but CMake noted it.
fn sources(root: &Path) -> Option<PathBuf> {
    let cache = fs::read_to_string(root.join(CMAKE_CACHE)).ok()?;
    cache.lines().find_map(|line| line.strip_prefix("CMAKE_HOME_DIRECTORY:INTERNAL=")).map(PathBuf::from)
}

fn shim(sources: &Path) {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").file("shim/forward.cpp").warnings(false);
    for headers in ["include", "src", "ggml/include", "ggml/src"] {
        build.include(sources.join(headers));
    }
    for shared in ["LLAMA_SHARED", "GGML_SHARED", "GGML_BACKEND_SHARED"] {
        build.define(shared, None);
    }
    build.compile("xlt_llama_shim");
}
