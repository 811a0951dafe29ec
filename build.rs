//! Where the program finds llama.cpp's shared libraries: beside it when installed, else where they were built.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Without the feature `llama` there are none.
    let Ok(built) = env::var("DEP_XLT_LLAMA_LIBRARIES") else { return };
    let beside = if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") { "@executable_path" } else { "$ORIGIN" };
    println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{beside}/../lib/xlt");
    println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{built}");
}
