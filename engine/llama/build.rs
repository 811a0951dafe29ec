//! Where llama.cpp's libraries and backends were built: for the program, which looks there when it is not installed.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let (Ok(root), Ok(backends)) = (env::var("DEP_LLAMA_ROOT"), env::var("DEP_LLAMA_BACKENDS_DIR")) else {
        println!("cargo::error=llama-cpp-sys-2 does not say where it built llama.cpp's libraries and backends");
        return;
    };
    let libraries = ["lib", "lib64"].map(|name| Path::new(&root).join(name)).into_iter().find(|path| path.is_dir());
    let Some(libraries) = libraries else {
        println!("cargo::error=there is no `lib` in {root}, where llama-cpp-sys-2 built llama.cpp");
        return;
    };
    println!("cargo::metadata=libraries={}", libraries.display());
    println!("cargo::metadata=backends={backends}");
    println!("cargo::rustc-env=XLT_BUILT_BACKENDS={backends}");
}
