#!/bin/sh
# Starts a Slurm of one node, runs the tests that need one, and stops it again: test-slurm.sh
set -u

dir=$(mktemp -d)
trap 'scripts/slurm.sh down "$dir"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
scripts/slurm.sh up "$dir" || exit 1
XLT_SLURM="$dir" ${CARGO:-cargo} test --release --locked --workspace --test slurm -- --include-ignored --nocapture --test-threads 1 "$@"
