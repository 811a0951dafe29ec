#!/bin/sh
# Fuzzes every target of fuzz/ for XLT_FUZZ_SECONDS (60) each, from the corpus that is kept, and ends at the first input that breaks
# something; cargo-fuzz then says where it lies and how to run it again. New inputs go to fuzz/target/found, not to the corpus.
set -eu
cd "$(dirname "$0")/.."

cargo +nightly --version >/dev/null 2>&1 || {
    echo "fuzzing needs a nightly Rust beside the stable one: rustup toolchain install nightly" >&2
    exit 1
}
cargo +nightly fuzz --version >/dev/null 2>&1 || {
    echo "fuzzing needs cargo-fuzz: cargo install cargo-fuzz --locked" >&2
    exit 1
}

# Without a sanitizer: nothing here is unsafe, and inputs are tried many times faster.
fuzz() {
    cargo +nightly fuzz "$@"
}
fuzz build --sanitizer none
for target in $(fuzz list); do
    found="fuzz/target/found/$target"
    mkdir -p "$found"
    log="fuzz/target/$target.log"
    fuzz run --sanitizer none "$target" "$found" "fuzz/corpus/$target" -- -max_total_time="${XLT_FUZZ_SECONDS:-60}" \
        -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, none breaks it"
done
